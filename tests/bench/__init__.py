"""`./dev bench`: measurements as ratios taken in one run, printed beside their goals and never asserted by a clock."""
