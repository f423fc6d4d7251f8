"""What the records of the rooms below say of branches, for the lines of a score card.

A source is one function `(Asked, Pages) -> Found`: a fixed number of statements for any number of branches. A register
of a later room adds its function to points.stars.facts.SOURCES; the engine and the card stay as they are.
"""
