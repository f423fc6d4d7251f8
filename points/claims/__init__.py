"""Claims (申报), deductions a member is told of first (扣分告知), vetoes, and results entered from Excel."""
