"""The pages of points: sums and their reasons, the rule book, and the periods."""
