"""Assessment in primary schools: Thông tư 27/2020, and before it TT 30/2014 and TT 22/2016.

Subjects and activities have a level at each of four times (middle and end of either term), T, H
or C; qualities (phẩm chất) and competences (năng lực) have T, Đ or C; some subjects have periodic
tests with a whole mark (KTĐK). Nothing is averaged. Article numbers are those of TT 27/2020, whose
classes of the year (Điều 9), completion (Điều 11) and awards (Điều 13) are confirmed. Which tests
exist, and everything of the two older circulars, is **from memory**.
"""

import difflib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from ledger.assessment.marks import EXEMPT
from ledger.assessment.regime import Regulation
from ledger.assessment.written import parse_written
from ledger.errors import Refused
from ledger.spelling import spelling_key

QUALITIES_2020: Mapping[str, str] = MappingProxyType(
    {
        "YEUNUOC": "Yêu nước",
        "NHANAI": "Nhân ái",
        "CHAMCHI": "Chăm chỉ",
        "TRUNGTHUC": "Trung thực",
        "TRACHNHIEM": "Trách nhiệm",
    }
)
COMPETENCES_2020: Mapping[str, str] = MappingProxyType(
    {
        "TUCHU": "Tự chủ và tự học",
        "GIAOTIEP": "Giao tiếp và hợp tác",
        "GIAIQUYET": "Giải quyết vấn đề và sáng tạo",
        "NGONNGU": "Ngôn ngữ",
        "TINHTOAN": "Tính toán",
        "KHOAHOC": "Khoa học",
        "CONGNGHE": "Công nghệ",
        "TINHOC": "Tin học",
        "THAMMI": "Thẩm mĩ",
        "THECHAT": "Thể chất",
    }
)
"""Three general competences, then seven specific ones."""
QUALITIES_2016: Mapping[str, str] = MappingProxyType(
    {
        "CHAMHOC": "Chăm học, chăm làm",
        "TUTIN": "Tự tin, trách nhiệm",
        "KILUAT": "Trung thực, kỉ luật",
        "DOANKET": "Đoàn kết, yêu thương",
    }
)
COMPETENCES_2016: Mapping[str, str] = MappingProxyType(
    {
        "TUPHUCVU": "Tự phục vụ, tự quản",
        "HOPTAC": "Hợp tác",
        "TUHOC": "Tự học và giải quyết vấn đề",
    }
)
"""Of TT 22/2016; taken for TT 30/2014 too."""

REGULATIONS: Final = frozenset({Regulation.TT27_2020, Regulation.TT22_2016, Regulation.TT30_2014})
"""The regulations of primary schools."""

SubjectLevel = Literal["T", "H", "C"]
"""Hoàn thành tốt, Hoàn thành, Chưa hoàn thành."""
QualityLevel = Literal["T", "Đ", "C"]
"""Tốt, Đạt, Cần cố gắng (TT 30/2014: Chưa đạt)."""


class Result(StrEnum):
    """Class of the year: hoàn thành xuất sắc, hoàn thành tốt, hoàn thành, chưa hoàn thành.

    The older circulars know only the last two.
    """

    EXCELLENT = "HTXS"
    GOOD = "HTT"
    DONE = "HT"
    NOT_DONE = "CHT"


class YearResult(NamedTuple):
    """`result` is None exactly where `missing` names subjects, tests or items without a value."""

    result: Result | None
    missing: tuple[str, ...] = ()


_ITEMS_2020 = (*QUALITIES_2020, *COMPETENCES_2020)
_ITEMS_2016 = (*QUALITIES_2016, *COMPETENCES_2016)
_FROM_GRADE_3 = frozenset({"CONGNGHE", "TINHOC"})

_SUBJECT_LEVELS: Mapping[str, SubjectLevel] = {
    **{"T": "T", "HTT": "T", "HOÀN THÀNH TỐT": "T"},
    **{"H": "H", "HT": "H", "HOÀN THÀNH": "H"},
    **{"C": "C", "CHT": "C", "CHƯA HOÀN THÀNH": "C"},
}
_SUBJECT_LEVELS_2014 = {name: level for name, level in _SUBJECT_LEVELS.items() if level != "T"}
_QUALITY_LEVELS: Mapping[str, QualityLevel] = {
    **{"T": "T", "TỐT": "T", "Đ": "Đ", "ĐẠT": "Đ"},
    **{"C": "C", "CCG": "C", "CẦN CỐ GẮNG": "C"},
}
_QUALITY_LEVELS_2014: Mapping[str, QualityLevel] = {
    **{"Đ": "Đ", "ĐẠT": "Đ", "C": "C", "CĐ": "C", "CHƯA ĐẠT": "C"},
}

_ALL, _FROM_3, _FROM_4 = range(1, 6), range(3, 6), range(4, 6)
_TESTED_2020: Mapping[str, range] = {
    **dict.fromkeys(("TIENGVIET", "TOAN"), _ALL),
    **dict.fromkeys(("NGOAINGU1", "TINHOC", "CONGNGHE", "TINHOCCONGNGHE"), _FROM_3),
    **dict.fromkeys(("KHOAHOC", "LSDL"), _FROM_4),
}
# Foreign language and informatics, chosen by some, and the ethnic minority's own language.
_TESTED_BEFORE: Mapping[str, range] = {
    **dict.fromkeys(("TIENGVIET", "TOAN", "TIENGDTTS"), _ALL),
    **dict.fromkeys(("NGOAINGU1", "TINHOC"), _FROM_3),
    **dict.fromkeys(("KHOAHOC", "LSDL"), _FROM_4),
}
_TESTED_MID_TERM = frozenset({"TIENGVIET", "TOAN"})

_EXCELLENT_TEST, _GOOD_TEST, _DONE_TEST = 9, 7, 5


def items(regulation: Regulation, grade: int) -> tuple[str, ...]:
    """Return the codes of the qualities and competences assessed in a grade 1-5, in print order.

    Empty for a regulation that is none of primary schools. Công nghệ and tin học are assessed
    from grade 3 (from memory).
    """
    if regulation is Regulation.TT27_2020:
        return tuple(code for code in _ITEMS_2020 if grade >= 3 or code not in _FROM_GRADE_3)
    return _ITEMS_2016 if regulation in REGULATIONS else ()


def find_item(text: str, regulation: Regulation) -> str:
    """Return the code of a quality or competence given by code or name in any spelling.

    Raises `Refused("unknown_quality")` with the nearest name, or
    `Refused("regulation_without_qualities")`.
    """
    spellings = _item_spellings(regulation)
    wanted = _item_key(text)
    if wanted in spellings:
        return spellings[wanted]
    close = difflib.get_close_matches(wanted, spellings, n=1)
    nearest = spellings[close[0]] if close else None
    raise Refused(
        "unknown_quality",
        f"{regulation} has no quality or competence of this code or name",
        field="item",
        suggestion=f"{nearest} ({_names(regulation)[nearest]})" if nearest else None,
    )


def parse_subject_level(text: str, regulation: Regulation) -> SubjectLevel:
    """Read `T`, `H`, `C` or the level's name; TT 30/2014 knows no T.

    Raises `Refused` with `unknown_level` or `regulation_without_qualities`.
    """
    _require_primary(regulation)
    if regulation is Regulation.TT30_2014:
        return parse_written(text, _SUBJECT_LEVELS_2014, "a subject's level is H or C")
    return parse_written(text, _SUBJECT_LEVELS, "a subject's level is T, H or C")


def parse_quality_level(text: str, regulation: Regulation) -> QualityLevel:
    """Read `T`, `Đ`, `C` or the level's name; TT 30/2014 knows only Đạt and Chưa đạt (C).

    Raises `Refused` with `unknown_level` or `regulation_without_qualities`.
    """
    _require_primary(regulation)
    if regulation is Regulation.TT30_2014:
        return parse_written(text, _QUALITY_LEVELS_2014, "a quality's level is Đ or C")
    return parse_written(text, _QUALITY_LEVELS, "a quality's level is T, Đ or C")


def has_test(subject_key: str, time: str, grade: int, regulation: Regulation) -> bool:
    """Whether the subject has a periodic test at that time (GK1, CK1, GK2, CN) in grade 1-5.

    At the end of either term Tiếng Việt and Toán; foreign language, informatics and technology
    from grade 3; science, history and geography in 4-5. In 4-5 also Tiếng Việt and Toán in the
    middle of a term, except under TT 30/2014.
    """
    if regulation not in REGULATIONS:
        return False
    tested = _TESTED_2020 if regulation is Regulation.TT27_2020 else _TESTED_BEFORE
    if time in ("CK1", "CN"):
        return grade in tested.get(subject_key, ())
    mid_term = time in ("GK1", "GK2") and regulation is not Regulation.TT30_2014
    return mid_term and subject_key in _TESTED_MID_TERM and grade in _FROM_4


def year_result(
    subjects: Mapping[str, str | None],
    qualities: Mapping[str, str | None],
    tests: Mapping[str, int | None],
    *,
    regulation: Regulation,
) -> YearResult:
    """Return the class of the year (Điều 9 khoản 2) from levels and tests at the year's end.

    `subjects` are levels T/H/C by subject, `qualities` T/Đ/C by item, `tests` the marks of the
    subjects that have a year-end test; None = not there yet, named in `missing` (a test as
    `TOAN/KT_CN`), and `M` = exempt, left out. Without any subject, `missing` is `("subjects",)`.

    Raises `Refused("regulation_without_qualities")`.
    """
    _require_primary(regulation)
    missing = (
        *(key for key, level in subjects.items() if level is None),
        *(f"{key}/KT_CN" for key, mark in tests.items() if mark is None),
        *(item for item, level in qualities.items() if level is None),
    )
    if missing or not subjects:
        return YearResult(None, missing or ("subjects",))
    levels = {level for level in subjects.values() if level != EXEMPT}
    traits = {level for level in qualities.values() if level != EXEMPT}
    lowest = min((mark for mark in tests.values() if mark is not None), default=10)
    if not (levels <= {"T", "H"} and traits <= {"T", "Đ"} and lowest >= _DONE_TEST):
        return YearResult(Result.NOT_DONE)
    if regulation is Regulation.TT27_2020 and levels <= {"T"} and traits <= {"T"}:
        if lowest >= _EXCELLENT_TEST:
            return YearResult(Result.EXCELLENT)
        if lowest >= _GOOD_TEST:
            return YearResult(Result.GOOD)
    return YearResult(Result.DONE)


_RESULT_NAMES: Mapping[str, Result] = {
    **{result.value: result for result in Result},
    "HOÀN THÀNH XUẤT SẮC": Result.EXCELLENT,
    "HOÀN THÀNH TỐT": Result.GOOD,
    "HOÀN THÀNH": Result.DONE,
    "CHƯA HOÀN THÀNH": Result.NOT_DONE,
}


def parse_result(text: str) -> Result:
    """Read a year's result by code or name. Raises `Refused("unknown_level")`."""
    return parse_written(text, _RESULT_NAMES, "a result is HTXS, HTT, HT or CHT")


def completion(result: Result) -> Literal["promoted"] | None:
    """Return whether the pupil completes the grade (Điều 11).

    Chưa hoàn thành gives None: the teacher helps, the pupil is assessed again, and if need be
    the school decides case by case.
    """
    return None if result is Result.NOT_DONE else "promoted"


def title(
    result: Result, *, outstanding: bool
) -> Literal["excellent_pupil", "outstanding_pupil"] | None:
    """Return the award of the year (Điều 13): Học sinh Xuất sắc, Học sinh Tiêu biểu.

    `outstanding`: the class has endorsed an outstanding achievement in a subject or progress in
    a quality or competence, which Học sinh Tiêu biểu needs beside Hoàn thành tốt.
    """
    if result is Result.EXCELLENT:
        return "excellent_pupil"
    return "outstanding_pupil" if result is Result.GOOD and outstanding else None


def _require_primary(regulation: Regulation) -> None:
    if regulation not in REGULATIONS:
        raise Refused(
            "regulation_without_qualities",
            f"{regulation} has no levels of primary school, qualities or competences",
            field="school_year",
        )


def _names(regulation: Regulation) -> Mapping[str, str]:
    _require_primary(regulation)
    if regulation is Regulation.TT27_2020:
        return {**QUALITIES_2020, **COMPETENCES_2020}
    return {**QUALITIES_2016, **COMPETENCES_2016}


@cache
def _item_spellings(regulation: Regulation) -> Mapping[str, str]:
    names = _names(regulation)
    return {_item_key(text): code for code, name in names.items() for text in (code, name)}


_AND = spelling_key("và")
_HEADINGS = (spelling_key("năng lực"), spelling_key("phẩm chất"))


def _item_key(text: str) -> str:
    """As `spelling_key`, without `và` ("tự chủ, tự học") and a heading ("Năng lực ngôn ngữ")."""
    words = text.replace("&", " ").split()
    key = spelling_key(" ".join(word for word in words if spelling_key(word) != _AND))
    for heading in _HEADINGS:
        key = key.removeprefix(heading)
    return key
