"""迎检材料: what stands behind every line of a branch's score card, as one zip to hand to an inspection."""
