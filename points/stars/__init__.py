"""Star ratings: the score card of a branch, its yearly cycle, and the stars of members."""
