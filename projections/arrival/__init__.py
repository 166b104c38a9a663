"""What a pupil who changes school brings along and lacks: for the schools on both sides.

Pure functions of a history and of a `Place`: no database, no clock, no words.
"""
