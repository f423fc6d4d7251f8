"""The ledger: entries, the sums over them, and the proof that all follow from their sources."""
