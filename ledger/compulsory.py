"""The subjects that every pupil of a grade has marks in, by programme.

**From memory** (TT 32/2018, TT 13/2022, QĐ 16/2006, TT 12/2022), not found in a source: a list that
is wrong is put right here. Electives, a second foreign language and languages of ethnic minorities
are left out, and so is what the table of subjects does not teach in a grade.
"""

from collections.abc import Collection, Mapping
from functools import cache
from types import MappingProxyType

from ledger.codes import Programme, Stage, stage_of
from ledger.subjects import SUBJECTS

Requirement = tuple[str, ...]
"""Subjects any one of which will do; the first is the one to name."""


def _each(*keys: str) -> tuple[Requirement, ...]:
    return tuple((key,) for key in keys)


_PRIMARY = (
    *_each("TIENGVIET", "TOAN", "DAODUC", "TNXH", "LSDL", "KHOAHOC", "GDTC"),
    ("AMNHAC", "NGHETHUAT"),
    ("MITHUAT", "NGHETHUAT"),
)
_OLD_LOWER = _each(
    *("NGUVAN", "TOAN", "NGOAINGU1", "GDCD", "VATLI", "HOAHOC", "SINHHOC", "LICHSU", "DIALI"),
    *("CONGNGHE", "GDTC", "AMNHAC", "MITHUAT"),
)
_COMPULSORY: Mapping[tuple[Programme, Stage], tuple[Requirement, ...]] = MappingProxyType(
    {
        (Programme.GDPT2018, Stage.PRIMARY): (
            *_PRIMARY,
            *_each("NGOAINGU1", "HDTN"),
            ("TINHOC", "TINHOCCONGNGHE"),
            ("CONGNGHE", "TINHOCCONGNGHE"),
        ),
        (Programme.GDPT2018, Stage.LOWER_SECONDARY): _each(
            *("NGUVAN", "TOAN", "NGOAINGU1", "GDCD", "LSDL", "KHTN", "CONGNGHE", "TINHOC"),
            *("GDTC", "NGHETHUAT", "HDTNHN", "GDDP"),
        ),
        (Programme.GDPT2018, Stage.UPPER_SECONDARY): _each(
            *("NGUVAN", "TOAN", "NGOAINGU1", "LICHSU", "GDQPAN", "GDTC", "HDTNHN", "GDDP"),
        ),
        (Programme.GDPT2006, Stage.PRIMARY): _PRIMARY,
        (Programme.GDPT2006, Stage.LOWER_SECONDARY): _OLD_LOWER,
        (Programme.GDPT2006, Stage.UPPER_SECONDARY): (
            *(wanted for wanted in _OLD_LOWER if wanted[0] not in ("AMNHAC", "MITHUAT")),
            *_each("TINHOC", "GDQPAN"),
        ),
        (Programme.GDTX, Stage.LOWER_SECONDARY): _each("NGUVAN", "TOAN", "GDCD", "LSDL", "KHTN"),
        (Programme.GDTX, Stage.UPPER_SECONDARY): _each("NGUVAN", "TOAN", "LICHSU"),
    }
)
_OPTIONAL = frozenset({(1, "NGOAINGU1"), (2, "NGOAINGU1")})
"""A foreign language is compulsory from grade 3 (TT 32/2018)."""


@cache
def compulsory(grade: int, programme: Programme) -> tuple[Requirement, ...]:
    """What every pupil of the grade is taught; nothing before grade 1."""
    return tuple(
        wanted
        for wanted in _COMPULSORY.get((programme, stage_of(grade)), ())
        if (grade, wanted[0]) not in _OPTIONAL
        and any(SUBJECTS[key].taught_in(grade, programme) for key in wanted)
    )


def lacking(subjects: Collection[str], grade: int, programme: Programme) -> tuple[str, ...]:
    """The compulsory subjects that are not among `subjects`."""
    return tuple(
        wanted[0]
        for wanted in compulsory(grade, programme)
        if not any(key in subjects for key in wanted)
    )
