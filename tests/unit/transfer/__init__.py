"""Pure parts of the transfer."""
