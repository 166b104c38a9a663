"""Lessons a year by subject and grade: dated data, one table for each curriculum.

**From memory**, not found in a source: a number that is wrong is put right here. A subject that
a curriculum has without a number here is refused by name (`periods_unknown`), never guessed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ledger.codes import Programme

Lessons = Mapping[int, int]
"""Lessons a year by grade; a grade without the subject is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodTable:
    """The lessons of one curriculum, in school years `first_year` to `last_year` (the years in
    which they began; None: still in force)."""

    programme: Programme
    first_year: int
    last_year: int | None
    source: str
    lessons: Mapping[str, Lessons]


def _grades(first: int, numbers: tuple[int, ...]) -> Lessons:
    return MappingProxyType({grade: n for grade, n in enumerate(numbers, first) if n})


def _lessons(
    *,
    th: tuple[int, ...] = (),
    thcs: tuple[int, ...] = (),
    thpt: tuple[int, ...] = (),
) -> Lessons:
    """Lessons in grades 1-5, 6-9 and 10-12."""
    return MappingProxyType({**_grades(1, th), **_grades(6, thcs), **_grades(10, thpt)})


GENERAL_2018 = PeriodTable(
    programme=Programme.GDPT2018,
    first_year=2020,
    last_year=None,
    source="TT 32/2018/TT-BGDĐT, history in grades 10-12 by TT 13/2022; from memory",
    lessons=MappingProxyType(
        {
            "TIENGVIET": _lessons(th=(420, 350, 245, 245, 245)),
            "TOAN": _lessons(
                th=(105, 175, 175, 175, 175), thcs=(140, 140, 140, 140), thpt=(105, 105, 105)
            ),
            "NGUVAN": _lessons(thcs=(140, 140, 140, 140), thpt=(105, 105, 105)),
            "NGOAINGU1": _lessons(
                th=(70, 70, 140, 140, 140), thcs=(105, 105, 105, 105), thpt=(105, 105, 105)
            ),
            "NGOAINGU2": _lessons(thcs=(105, 105, 105, 105), thpt=(105, 105, 105)),
            "LICHSU": _lessons(thpt=(52, 52, 52)),
            "DIALI": _lessons(thpt=(70, 70, 70)),
            "LSDL": _lessons(th=(0, 0, 0, 70, 70), thcs=(105, 105, 105, 105)),
            "KHTN": _lessons(thcs=(140, 140, 140, 140)),
            "VATLI": _lessons(thpt=(70, 70, 70)),
            "HOAHOC": _lessons(thpt=(70, 70, 70)),
            "SINHHOC": _lessons(thpt=(70, 70, 70)),
            "TINHOC": _lessons(th=(0, 0, 35, 35, 35), thcs=(35, 35, 35, 35), thpt=(70, 70, 70)),
            "CONGNGHE": _lessons(th=(0, 0, 35, 35, 35), thcs=(35, 35, 52, 52), thpt=(70, 70, 70)),
            "TINHOCCONGNGHE": _lessons(th=(0, 0, 70, 70, 70)),
            "GDCD": _lessons(thcs=(35, 35, 35, 35)),
            "GDKTPL": _lessons(thpt=(70, 70, 70)),
            "GDQPAN": _lessons(thpt=(35, 35, 35)),
            "GDTC": _lessons(th=(70, 70, 70, 70, 70), thcs=(70, 70, 70, 70), thpt=(70, 70, 70)),
            "NGHETHUAT": _lessons(th=(70, 70, 70, 70, 70), thcs=(70, 70, 70, 70)),
            "AMNHAC": _lessons(th=(35, 35, 35, 35, 35), thpt=(70, 70, 70)),
            "MITHUAT": _lessons(th=(35, 35, 35, 35, 35), thpt=(70, 70, 70)),
            "HDTNHN": _lessons(thcs=(105, 105, 105, 105), thpt=(105, 105, 105)),
            "GDDP": _lessons(thcs=(35, 35, 35, 35), thpt=(35, 35, 35)),
            "TIENGDTTS": _lessons(
                th=(70, 70, 70, 70, 70), thcs=(105, 105, 105, 105), thpt=(105, 105, 105)
            ),
            "DAODUC": _lessons(th=(35, 35, 35, 35, 35)),
            "TNXH": _lessons(th=(70, 70, 70)),
            "KHOAHOC": _lessons(th=(0, 0, 0, 70, 70)),
            "HDTN": _lessons(th=(105, 105, 105, 105, 105)),
        }
    ),
)
GENERAL_2006 = PeriodTable(
    programme=Programme.GDPT2006,
    first_year=2006,
    last_year=2023,
    source="QĐ 16/2006/QĐ-BGDĐT, upper secondary by its basic stream; from memory",
    lessons=MappingProxyType(
        {
            "NGUVAN": _lessons(thcs=(140, 140, 140, 175), thpt=(105, 122, 105)),
            "TOAN": _lessons(thcs=(140, 140, 140, 140), thpt=(105, 122, 122)),
            "NGOAINGU1": _lessons(thcs=(105, 105, 105, 70), thpt=(105, 105, 105)),
            "GDCD": _lessons(thcs=(35, 35, 35, 35), thpt=(35, 35, 35)),
            "VATLI": _lessons(thcs=(35, 35, 35, 70), thpt=(70, 70, 70)),
            "HOAHOC": _lessons(thcs=(0, 0, 70, 70), thpt=(70, 70, 70)),
            "SINHHOC": _lessons(thcs=(70, 70, 70, 70), thpt=(35, 52, 52)),
            "LICHSU": _lessons(thcs=(35, 70, 52, 52), thpt=(52, 35, 52)),
            "DIALI": _lessons(thcs=(35, 70, 52, 52), thpt=(52, 35, 52)),
            "CONGNGHE": _lessons(thcs=(70, 52, 52, 35), thpt=(52, 52, 35)),
            "GDTC": _lessons(thcs=(70, 70, 70, 70), thpt=(70, 70, 70)),
            "AMNHAC": _lessons(thcs=(35, 35, 35, 18)),
            "MITHUAT": _lessons(thcs=(35, 35, 35, 18)),
            "TINHOC": _lessons(thcs=(70, 70, 70, 70), thpt=(70, 52, 52)),
            "GDQPAN": _lessons(thpt=(35, 35, 35)),
        }
    ),
)

PERIOD_TABLES: Mapping[Programme, PeriodTable] = MappingProxyType(
    {
        Programme.GDPT2018: GENERAL_2018,
        Programme.GDPT2006: GENERAL_2006,
        # Continuing education follows the new general curriculum as far as it goes.
        Programme.GDTX: GENERAL_2018,
    }
)
"""Curricula without lessons counted (preschool) are left out."""


def lessons_of(subject_key: str, programme: Programme) -> Lessons:
    """Return the lessons a year of a subject by grade; empty where none are recorded."""
    table = PERIOD_TABLES.get(programme)
    return table.lessons.get(subject_key, {}) if table else {}
