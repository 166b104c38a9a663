"""Naive results of a school year, in exact fractions, from the domain reference alone (1.1-1.3).

Marks come as what counts on the day, by subject and term; a result that lacks a part is None.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

Scores = Mapping[str, Fraction | None]
Remarks = Mapping[str, str | None]

TT22 = ("CĐ", "Đ", "K", "T")
"""Levels of TT 22/2021, rising."""
TT58 = ("Kém", "Y", "Tb", "K", "G")
"""Levels of TT 58/2011, rising."""
CONDUCT_22 = {
    "T": {"T": "T", "K": "K", "Đ": "K", "CĐ": "CĐ"},
    "K": {"T": "T", "K": "K", "Đ": "Đ", "CĐ": "CĐ"},
    "Đ": {"T": "K", "K": "K", "Đ": "Đ", "CĐ": "CĐ"},
    "CĐ": {"T": "K", "K": "Đ", "Đ": "Đ", "CĐ": "CĐ"},
}
"""The table of Điều 8: first term, then second."""


@dataclass(frozen=True)
class Term:
    """The marks of a subject in a term that count: regular, of a lesson (TT 58), middle, end."""

    regular: tuple[str, ...]
    lessons: tuple[str, ...]
    middle: str | None
    end: str | None


def tenth(value: Fraction) -> Fraction:
    """Half up to one decimal."""
    return Fraction(floor(value * 10 + Fraction(1, 2)), 10)


def text(value: Fraction | str | None) -> str | None:
    """As an answer writes it."""
    if isinstance(value, Fraction):
        return f"{int(value * 10) // 10}.{int(value * 10) % 10}"
    return value


def term_average(term: Term, wanted: int, *, old: bool) -> Fraction | None:
    """A scored subject's term; `old` is TT 58 before TT 26/2020."""
    if term.end is None:
        return None
    regular = [Fraction(mark) for mark in term.regular]
    lessons = [Fraction(mark) for mark in term.lessons]
    end = 3 * Fraction(term.end)
    if old:
        if not regular or not lessons:
            return None
        weight = len(regular) + 2 * len(lessons) + 3
        return tenth((sum(regular) + 2 * sum(lessons) + end) / weight)
    if len(regular) < wanted or term.middle is None:
        return None
    return tenth((sum(regular) + 2 * Fraction(term.middle) + end) / (len(regular) + 5))


def term_remark(term: Term, wanted: int, regulation: str) -> str | None:
    """A commented subject's term: all Đ, by the older circulars two thirds and the last."""
    tests = [*term.regular, *term.lessons, *([term.middle] if term.middle else [])]
    if term.end is None or not tests:
        return None
    if regulation != "TT58_2011" and (len(term.regular) < wanted or term.middle is None):
        return None
    passed = sum(mark == "Đ" for mark in (*tests, term.end))
    if regulation == "TT22_2021":
        return "Đ" if passed == len(tests) + 1 else "CĐ"
    enough = Fraction(passed, len(tests) + 1) >= Fraction(2, 3)
    return "Đ" if enough and term.end == "Đ" else "CĐ"


def year_average(first: Fraction | None, second: Fraction | None) -> Fraction | None:
    """Twice the second term, of the rounded terms."""
    return None if first is None or second is None else tenth((first + 2 * second) / 3)


def study_22(scores: Scores, remarks: Remarks) -> tuple[str | None, bool]:
    """The level of Điều 9, and whether khoản 3 raised it (any one subject left out)."""
    if not scores or None in (*scores.values(), *remarks.values()):
        return None, False
    marks = {key: score for key, score in scores.items() if score is not None}
    base = _threshold_22(list(marks.values()), list(remarks.values()))
    gains = 0
    for left in marks:
        others = [mark for key, mark in marks.items() if key != left]
        gains += _threshold_22(others, list(remarks.values())) - base >= 2
    for left in remarks:
        others_said = [said for key, said in remarks.items() if key != left]
        gains += _threshold_22(list(marks.values()), others_said) - base >= 2
    return TT22[base + (gains == 1)], gains == 1


def _threshold_22(marks: Sequence[Fraction], remarks: Sequence[str | None]) -> int:
    failed = sum(remark == "CĐ" for remark in remarks)
    for level, may_fail, least, many in ((3, 0, 65, 80), (2, 0, 50, 65), (1, 1, 35, 50)):
        enough = sum(mark * 10 >= many for mark in marks) >= 6
        if failed <= may_fail and enough and all(mark * 10 >= least for mark in marks):
            return level
    return 0


def study_58(
    scores: Scores, remarks: Remarks, core: Sequence[str]
) -> tuple[str | None, bool, Fraction | None]:
    """Học lực of Điều 13 with khoản 6, whether it was softened, and the overall average."""
    if not scores or None in (*scores.values(), *remarks.values()):
        return None, False, None
    marks = {key: score for key, score in scores.items() if score is not None}
    if not any(key in marks for key in core):
        return None, False, None
    overall = tenth(sum(marks.values(), Fraction(0)) / len(marks))
    base = _threshold_58(overall, marks, remarks, core, None)
    for one in (*marks, *(key for key, said in remarks.items() if said == "CĐ")):
        fall = (_threshold_58(overall, marks, remarks, core, one), base)
        softened = {(4, 2): 3, (4, 1): 2, (3, 1): 2, (3, 0): 1}.get(fall)
        if softened is not None:
            return TT58[softened], True, overall
    return TT58[base], False, overall


def _threshold_58(
    overall: Fraction,
    marks: Mapping[str, Fraction],
    remarks: Remarks,
    core: Sequence[str],
    one: str | None,
) -> int:
    """The level by the thresholds; subject `one` pulls nothing down."""
    left = {key: mark for key, mark in marks.items() if key != one}
    passed = all(said == "Đ" for key, said in remarks.items() if key != one)
    for level, threshold, least in ((4, 80, 65), (3, 65, 50), (2, 50, 35)):
        lead = any(left[key] * 10 >= threshold for key in core if key in left)
        sound = all(mark * 10 >= least for mark in left.values())
        if overall * 10 >= threshold and lead and sound and passed:
            return level
    return 1 if overall * 10 >= 35 and all(mark >= 2 for mark in left.values()) else 0


def primary_class(
    levels: Sequence[str | None], tests: Sequence[int | None], traits: Sequence[str | None]
) -> str | None:
    """The class of a primary year (TT 27/2020 Điều 9)."""
    if not levels or None in (*levels, *traits) or None in tests:
        return None
    lowest = min((test for test in tests if test is not None), default=10)
    best = {*levels} == {"T"} and {*traits} == {"T"}
    if best and lowest >= 9:
        return "HTXS"
    if best and lowest >= 7:
        return "HTT"
    return "CHT" if "C" in (*levels, *traits) or lowest < 5 else "HT"


def outcome(
    conduct: str | None, study: str | None, absences: int | None, *, old: bool, summer_over: bool
) -> str | None:
    """promoted, retained or pending (TT 22 Điều 12-14, TT 58 Điều 15)."""
    if conduct is None or study is None or absences is None:
        return None
    weak_conduct = conduct in ("CĐ", "Y")
    weak_study = study in ("CĐ", "Y", "Kém")
    if absences > 45:
        return "retained"
    if not weak_conduct and not weak_study:
        return "promoted"
    hopeless = old and (study == "Kém" or (weak_conduct and weak_study))
    return "retained" if hopeless or summer_over else "pending"


def title(
    conduct: str | None, study: str | None, scores: Sequence[Fraction | None], *, old: bool
) -> str | None:
    """The title of the year (TT 22 Điều 15, TT 58 Điều 18)."""
    if conduct is None or study is None:
        return None
    if old:
        if (conduct, study) == ("T", "G"):
            return "excellent_pupil"
        return "advanced_pupil" if conduct in ("T", "K") and study in ("G", "K") else None
    if (conduct, study) != ("T", "T"):
        return None
    return "excellent" if sum(s is not None and s >= 9 for s in scores) >= 6 else "good"
