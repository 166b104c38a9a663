"""Stored bytes as released: every later version must still read them."""
