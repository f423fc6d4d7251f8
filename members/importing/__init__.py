"""Rosters into the database: `matching` names to branches, `compare` a file with what is known, `writing` it and taking
it back, `batches` the uploads and their states. Reading the file itself is `members.roster`."""
