"""Spreadsheets in and out: limits, reading in a process apart, writing.

What a sheet *means* does not live here: see `services.importing.templates` and the commands.
"""
