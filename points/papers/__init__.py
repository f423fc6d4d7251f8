"""Reports of points for the report centre: the publications of a quarter side by side, and the ranking of a year."""
