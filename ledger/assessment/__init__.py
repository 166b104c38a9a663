"""Rules of assessment: pure functions, one module per regulation.

The regulation is chosen by school year, grade and programme (`regime`), never by today's date.
Marks are exact decimals with one place; what is missing is named, never a number.
"""
