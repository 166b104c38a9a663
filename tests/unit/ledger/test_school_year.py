"""Rules of `ledger.school_year`: half-open years, terms, late decisions."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import Refused
from ledger.school_year import SchoolYear, TermCalendar, period

YEAR = SchoolYear.parse("2024-2025")


def test_a_year_runs_from_1_august_to_the_next_exclusive() -> None:
    assert (YEAR.start, YEAR.end) == (date(2024, 8, 1), date(2025, 8, 1))
    assert date(2024, 8, 1) in YEAR
    assert date(2025, 7, 31) in YEAR
    assert date(2025, 8, 1) not in YEAR
    assert date(2024, 7, 31) not in YEAR


@pytest.mark.parametrize("text", ["2024", "2024-2026", "2025-2024", "24-25", "2024/2025", ""])
def test_another_form_of_a_year_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        SchoolYear.parse(text)
    assert refusal.value.code == "bad_school_year"
    assert refusal.value.suggestion == "2024-2025"


@settings(print_blob=True, max_examples=60)
@given(st.dates(min_value=date(1950, 1, 1), max_value=date(2150, 1, 1)))
def test_every_day_lies_in_its_own_year_and_no_neighbour(day: date) -> None:
    year = SchoolYear.of(day)
    assert day in year
    assert day not in year.next
    assert day not in year.previous
    assert SchoolYear.parse(year.label) == year


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2024, 8, 1), "HK1"),
        (date(2025, 1, 15), "HK1"),
        (date(2025, 1, 16), "HK2"),
        (date(2025, 5, 31), "HK2"),
        (date(2025, 6, 1), "summer"),
        (date(2025, 7, 31), "summer"),
    ],
)
def test_term_2_begins_on_16_january_and_summer_on_1_june(day: date, expected: str) -> None:
    assert period(day) == expected


def test_a_province_may_set_its_own_dates() -> None:
    calendar = TermCalendar(
        school_year=YEAR, term_2_from=date(2025, 1, 20), summer_from=date(2025, 5, 26)
    )
    assert period(date(2025, 1, 19), calendar) == "HK1"
    assert period(date(2025, 5, 26), calendar) == "summer"


def test_a_calendar_of_another_year_is_refused() -> None:
    with pytest.raises(Refused) as refusal:
        period(date(2025, 8, 1), TermCalendar.default(YEAR))
    assert refusal.value.code == "calendar_of_other_year"


def test_a_calendar_in_the_wrong_order_is_refused() -> None:
    with pytest.raises(Refused) as refusal:
        TermCalendar(school_year=YEAR, term_2_from=date(2025, 6, 1), summer_from=date(2025, 1, 16))
    assert refusal.value.code == "bad_calendar"


def test_summer_decisions_count_until_30_september_after() -> None:
    assert YEAR.accepts_decision(date(2025, 9, 30))
    assert not YEAR.accepts_decision(date(2025, 10, 1))
    assert not YEAR.accepts_decision(date(2024, 7, 31))


def test_years_follow_each_other_up_to_the_last_one_named() -> None:
    labels = [year.label for year in YEAR.until(SchoolYear(2026))]
    assert labels == ["2024-2025", "2025-2026", "2026-2027"]
