"""School years, and the period of one (term 1, term 2, summer) a day falls in.

A school year is the half-open interval [1 August, 1 August of the next year). The official
status codes distinguish term 1, term 2 and the summer; each province sets its exact dates, so a
dated calendar can be given.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Literal, Self

from ledger.errors import Refused

Period = Literal["HK1", "HK2", "summer"]

_LABEL = re.compile(r"(\d{4})-(\d{4})")
_FIRST_YEARS = range(1945, 2200)


@dataclass(frozen=True, order=True, slots=True)
class SchoolYear:
    """One school year (năm học), named by the calendar year it begins in."""

    first: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `2024-2025`.

        Raises `Refused("bad_school_year")` for another form or two years that do not follow
        each other.
        """
        match = _LABEL.fullmatch(text.strip())
        first = int(match[1]) if match else 0
        if match is None or int(match[2]) != first + 1 or first not in _FIRST_YEARS:
            raise Refused(
                "bad_school_year",
                "a school year is two consecutive years joined by a hyphen",
                field="school_year",
                suggestion="2024-2025",
            )
        return cls(first)

    @classmethod
    def of(cls, day: date) -> Self:
        """Return the school year that contains `day`."""
        return cls(day.year if day.month >= 8 else day.year - 1)

    @property
    def start(self) -> date:
        """First day, 1 August."""
        return date(self.first, 8, 1)

    @property
    def end(self) -> date:
        """First day *after* the year: 1 August of the next."""
        return date(self.first + 1, 8, 1)

    @property
    def late_decisions_until(self) -> date:
        """Last day, inclusive, for re-assessment and summer decisions: 30 September after."""
        return date(self.first + 1, 9, 30)

    @property
    def label(self) -> str:
        """The written form, `2024-2025`."""
        return f"{self.first}-{self.first + 1}"

    @property
    def next(self) -> Self:
        """The following school year."""
        return type(self)(self.first + 1)

    @property
    def previous(self) -> Self:
        """The school year before."""
        return type(self)(self.first - 1)

    def __contains__(self, day: date) -> bool:
        """Whether `day` lies in [start, end)."""
        return self.start <= day < self.end

    def accepts_decision(self, day: date) -> bool:
        """Whether a re-assessment or summer decision of this year may count on `day`."""
        return self.start <= day <= self.late_decisions_until

    def until(self, last: Self) -> Iterator[Self]:
        """Yield this year and the following ones up to `last`, inclusive."""
        for first in range(self.first, last.first + 1):
            yield type(self)(first)

    def __str__(self) -> str:
        """Return the label."""
        return self.label


@dataclass(frozen=True, slots=True, kw_only=True)
class TermCalendar:
    """The two dates that divide one school year in a province (both are first days)."""

    school_year: SchoolYear
    term_2_from: date
    summer_from: date

    def __post_init__(self) -> None:
        """Refuse dates outside the year or in the wrong order."""
        year = self.school_year
        if not year.start < self.term_2_from < self.summer_from < year.end:
            raise Refused(
                "bad_calendar",
                f"term 2 and summer of {year.label} must begin in this order within the year",
                field="term_2_from",
            )

    @classmethod
    def default(cls, school_year: SchoolYear) -> Self:
        """Term 2 from 16 January, summer from 1 June (contract, Rules of reading)."""
        spring = school_year.first + 1
        return cls(
            school_year=school_year,
            term_2_from=date(spring, 1, 16),
            summer_from=date(spring, 6, 1),
        )


@cache
def _default_calendar(school_year: SchoolYear) -> TermCalendar:
    return TermCalendar.default(school_year)


def period(day: date, calendar: TermCalendar | None = None) -> Period:
    """Return the period of its school year `day` falls in, by `calendar` or the default.

    Raises `Refused("calendar_of_other_year")` where the calendar is of another school year.
    """
    year = SchoolYear.of(day)
    calendar = calendar or _default_calendar(year)
    if calendar.school_year != year:
        raise Refused(
            "calendar_of_other_year",
            f"the calendar of {calendar.school_year} says nothing about a day in {year}",
            suggestion=f"give the calendar of {year}",
        )
    if day < calendar.term_2_from:
        return "HK1"
    return "HK2" if day < calendar.summer_from else "summer"
