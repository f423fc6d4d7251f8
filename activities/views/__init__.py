"""Pages of the activities room: the records, their form, the board."""
