"""What pages say of points: one member's year with all it is made of, and the years of many members as a table."""
