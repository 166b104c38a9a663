"""The class that follows a class: its grade, its name, its code."""

import re
from collections.abc import Sequence
from typing import Final

from ledger.codes import PRESCHOOL_GROUPS, stage_of
from ledger.school_class import SchoolClass
from ledger.school_year import SchoolYear
from ledger.stay_warnings import grade_after, teaches

MAX_CODE: Final = 80
_LEADING_NUMBER = re.compile(r"(\D*)(\d+)")


def last_grade(grade: int, levels: Sequence[str], programme: str) -> bool:
    """Whether a school of these levels has no grade after this one (5, 9, 12, group 18; in a
    school of several levels the last of them). Of a school whose levels are not on record, or
    contradict the grade, the level of the grade itself decides."""
    following = grade_after(grade)
    if following is None:
        return True
    if not levels or not teaches(levels, grade, programme):
        return stage_of(following) is not stage_of(grade)
    return not teaches(levels, following, programme)


def raised(name: str, grade: int, following: int) -> str:
    """The name of the next grade's class: 6A1 becomes 7A1, and a name that does not begin with
    the grade stays (the names of preschool groups, say)."""
    match = _LEADING_NUMBER.match(name)
    if match is None or int(match[2]) != grade or grade in PRESCHOOL_GROUPS:
        return name
    return f"{match[1]}{following}{name[match.end() :]}"


def next_codes(old: SchoolClass, name: str, year: SchoolYear, school: str) -> list[str]:
    """Codes for a class of the new year, the first choice first.

    Where the old code holds the year and the old name, both are replaced (S1-2024-6A1 becomes
    S1-2025-7A1); else, and should that code be another class's, it is SCHOOL-YEAR-NAME.
    """
    plain = f"{school}-{year.label}-{'-'.join(name.split())}"[:MAX_CODE]
    before, found, after = old.code.rpartition(old.name)
    for this, that in zip(_spellings(year.previous), _spellings(year), strict=True):
        if not found or this not in before + after:
            continue
        if this in before:
            before = before.replace(this, that, 1)
        else:
            after = after.replace(this, that, 1)
        return [f"{before}{name}{after}"[:MAX_CODE], plain]
    return [plain]


def _spellings(year: SchoolYear) -> tuple[str, ...]:
    """How a school year may stand in a code: 2024-2025, 24-25, 2024."""
    return year.label, f"{year.first % 100:02d}-{(year.first + 1) % 100:02d}", str(year.first)
