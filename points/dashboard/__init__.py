"""The committee's page: one function per panel, each a fixed number of statements over roll-ups."""
