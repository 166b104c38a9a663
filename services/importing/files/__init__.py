"""From the cells of a line to the ledger's command, one module per subject."""
