"""Cells as text: what a spreadsheet made of numbers and dates is undone."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sheets.cells import day, strict_day, text
from services.sheets.reading import Cell, Day


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (None, ""),
        (8.0, "8"),
        (8.5, "8.5"),
        (7.300000000000001, "7.3"),
        (31212000001.0, "31212000001"),
        (12, "12"),
        (True, "TRUE"),
        ("  =1+1 ", "  =1+1 "),
        (Day("2024-10-07"), "2024-10-07"),
    ],
)
def test_a_cell_reads_as_it_was_meant(cell: Cell, expected: str) -> None:
    assert text(cell) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("05/03/2012", "2012-03-05"),
        ("5-3-2012", "2012-03-05"),
        ("05/03/2012 00:00:00", "2012-03-05"),
        ("03/2012", "2012-03"),
        ("2012", "2012"),
        (2012.0, "2012"),
        (44096.0, "2020-09-22"),
        ("44096", "2020-09-22"),
        (Day("2012-03-05T07:30:00"), "2012-03-05"),
        ("không rõ", "không rõ"),
        ("2012-03-05", "2012-03-05"),
        ("", ""),
    ],
)
def test_a_date_reads_from_every_form_seen(cell: Cell, expected: str) -> None:
    assert day(cell) == expected


def test_text_of_a_file_whose_dates_are_iso_is_not_guessed_at() -> None:
    assert strict_day("05/03/2012") == "05/03/2012"
    assert strict_day(44096.0) == "2020-09-22"


@given(st.dates(date(1955, 1, 1), date(2118, 12, 31)))
def test_a_serial_number_is_the_day_the_spreadsheet_meant(meant: date) -> None:
    assert day(float((meant - date(1899, 12, 30)) / timedelta(days=1))) == meant.isoformat()
    assert day(f"{meant.day}/{meant.month}/{meant.year}") == meant.isoformat()
