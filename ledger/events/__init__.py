"""The events, one module per subject. `ledger.registry` is the closed list of them."""
