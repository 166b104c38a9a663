"""Random histories and faults, with the seed printed."""
