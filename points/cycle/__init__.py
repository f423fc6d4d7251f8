"""The year of points: months close, quarters are published and objected to, then locked."""
