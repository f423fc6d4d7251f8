"""Where entries come from: one module for each kind of record; each registers itself (points.ledger.registry)."""
