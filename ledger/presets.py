"""The occasions on which figures are handed in, and the day each is of.

    start_of_year       30 September: "đầu năm" as at 30/9 (a province's guidance of 2024-25)
    end_of_term_1       the last day of term 1 by the province's calendar of that year
    end_of_year         the last day before the summer by that calendar; 31 May by default (the
                        framework of the year ends it before 31/5)
    end_of_year_after   31 August, after re-assessment and summer training: once the decisions of
                        the summer are in, and before the next year's figures of 30 September

The deadlines by which they are handed in are dated data of their own (`DeadlineSet`).
"""

from datetime import date, timedelta
from typing import Literal, get_args

from ledger.errors import Refused
from ledger.school_year import SchoolYear, TermCalendar

Preset = Literal["start_of_year", "end_of_term_1", "end_of_year", "end_of_year_after"]
PRESETS: tuple[Preset, ...] = get_args(Preset)


def preset_day(preset: str, school_year: SchoolYear, calendar: TermCalendar) -> date:
    """The day that the figures of a preset are of. Raises Refused(`unknown_preset`)."""
    before = timedelta(days=1)
    match preset:
        case "start_of_year":
            return date(school_year.first, 9, 30)
        case "end_of_term_1":
            return calendar.term_2_from - before
        case "end_of_year":
            return calendar.summer_from - before
        case "end_of_year_after":
            return date(school_year.first + 1, 8, 31)
    raise Refused(
        "unknown_preset", "no such occasion", field="preset", suggestion=", ".join(PRESETS)
    )
