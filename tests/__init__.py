"""Tests, by what they need: ``unit`` nothing, ``integration`` servers."""
