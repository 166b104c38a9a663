"""Thông tư 22/2021/TT-BGDĐT: assessment in lower and upper secondary schools.

Article numbers are the circular's. Scores are exact decimals with one place, comment results
are `"Đ"` (đạt) and `"CĐ"` (chưa đạt); an exempt subject is left out by the caller. A result
whose parts are incomplete has no value and names what is missing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Literal, TypeVar

from ledger.assessment.marks import NOT_PASSED, PASSED, parse_mark, quotient
from ledger.assessment.written import parse_written
from ledger.errors import Refused

__all__ = [
    "Adjustment",
    "Average",
    "CommentResult",
    "Level",
    "Promotion",
    "StudyResult",
    "Title",
    "absent",
    "adjusted_level",
    "comment_semester",
    "comment_year",
    "missing_slots",
    "parse_level",
    "parse_mark",
    "promotion",
    "reassessment_subjects",
    "semester_average",
    "study_level",
    "study_result",
    "title",
    "with_reassessment",
    "year_average",
    "year_conduct",
]

MAX_ABSENCES = 45
"""Sessions in a school year, excused and unexcused together (Điều 12)."""
SUBJECTS_AT_LEVEL = (6, 6, 6)
"""The least numbers of scored subjects at 8.0 (Tốt), 6.5 (Khá) and 5.0 (Đạt): Điều 9 khoản 2."""
EXCELLENT_SUBJECTS = 6
"""How many scored subjects must reach 9.0 for Học sinh Xuất sắc (Điều 15)."""

_EXCELLENT = Decimal("9.0")
_REASSESS_BELOW = Decimal("5.0")
_BEST = Decimal("10.0")

_Result = TypeVar("_Result", Decimal, str)


class Level(StrEnum):
    """Level of study or training: Tốt, Khá, Đạt, Chưa đạt. Compare by `rank`, not as text."""

    GOOD = "T"
    FAIR = "K"
    PASS = "Đ"
    FAIL = "CĐ"

    @property
    def rank(self) -> int:
        """0 for Chưa đạt up to 3 for Tốt."""
        return _RISING.index(self)

    @property
    def raised(self) -> "Level":
        """The adjacent higher level; Tốt stays Tốt."""
        return _RISING[min(self.rank + 1, len(_RISING) - 1)]


_RISING = (Level.FAIL, Level.PASS, Level.FAIR, Level.GOOD)
_LEVEL_NAMES: Mapping[str, Level] = {
    **{level.value: level for level in Level},
    "TỐT": Level.GOOD,
    "KHÁ": Level.FAIR,
    "ĐẠT": Level.PASS,
    "CHƯA ĐẠT": Level.FAIL,
}
# (level, comment subjects that may be CĐ, floor for every scored subject, threshold for the least
# number of them) of Điều 9 khoản 2.
_LEVELS = (
    (Level.GOOD, 0, Decimal("6.5"), Decimal("8.0")),
    (Level.FAIR, 0, Decimal("5.0"), Decimal("6.5")),
    (Level.PASS, 1, Decimal("3.5"), Decimal("5.0")),
)


class Adjustment(StrEnum):
    """Readings of the one-level adjustment (Điều 9 khoản 3), recorded in the closing entry."""

    REMOVAL_ANY_SUBJECT = "removal_any_subject"
    """Leave one subject out, a comment-only one too: "môn học" covers both (our reading)."""
    REMOVAL_SCORED_ONLY = "removal_scored_only"
    """Leave one scored subject out; comment subjects always stay."""
    SUBSTITUTION = "substitution"
    """Think one subject, of either form, replaced by the best result."""


class Title(StrEnum):
    """Title at the year's end (Điều 15): Học sinh Xuất sắc, Học sinh Giỏi."""

    EXCELLENT = "excellent"
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Average:
    """ĐTBmhk or ĐTBmcn; `value` is None exactly where `missing` names a slot or semester."""

    value: Decimal | None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CommentResult:
    """Đ or CĐ; `value` is None exactly where `missing` names a slot or semester."""

    value: str | None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyResult:
    """Level of study of a semester or year.

    `level` is after adjustment, `threshold_level` before it; both are None where `missing`
    names subjects without a result.
    """

    level: Level | None
    threshold_level: Level | None
    adjusted: bool
    strategy: Adjustment
    missing: tuple[str, ...]


PromotionOutcome = Literal["promoted", "retained", "pending"]


@dataclass(frozen=True, slots=True)
class Promotion:
    """Outcome of Điều 12-14; None where something is missing. `reasons` are stable codes."""

    outcome: PromotionOutcome | None
    reasons: tuple[str, ...] = ()


def parse_level(text: str) -> Level:
    """Read `T`, `K`, `Đ`, `CĐ` or the level's name. Raises `Refused("unknown_level")`."""
    return parse_written(text, _LEVEL_NAMES, "a level is T, K, Đ or CĐ")


def semester_average(
    tx: Sequence[Decimal | None], gk: Decimal | None, ck: Decimal | None, *, required_tx: int
) -> Average:
    """Return ĐTBmhk = (ΣTX + 2·GK + 3·CK) / (nTX + 5), half up (Điều 9 khoản 1 điểm b).

    `tx` holds the regular marks that count, in slot order, None for an empty slot; fewer than
    `required_tx` are named as missing slots.
    """
    missing = missing_slots(tx, gk, ck, required_tx)
    if missing or gk is None or ck is None:
        return Average(None, missing)
    regular = [mark for mark in tx if mark is not None]
    return Average(quotient(sum(regular, 2 * gk + 3 * ck), len(regular) + 5))


def year_average(hk1: Decimal | None, hk2: Decimal | None) -> Average:
    """Return ĐTBmcn = (HK I + 2·HK II) / 3 from the *rounded* semester averages, half up."""
    if hk1 is None or hk2 is None:
        return Average(None, absent(HK1=hk1, HK2=hk2))
    return Average(quotient(hk1 + 2 * hk2, 3))


def comment_semester(
    tx: Sequence[str | None], gk: str | None, ck: str | None, *, required_tx: int
) -> CommentResult:
    """Return Đ where all assessments are Đ, else CĐ (Điều 9 khoản 1 điểm a)."""
    missing = missing_slots(tx, gk, ck, required_tx)
    if missing:
        return CommentResult(None, missing)
    every = {mark for mark in (*tx, gk, ck) if mark is not None}
    return CommentResult(PASSED if every == {PASSED} else NOT_PASSED)


def comment_year(hk2: str | None) -> CommentResult:
    """Return the year's result of a comment subject: that of semester II."""
    return CommentResult(hk2, absent(HK2=hk2))


def missing_slots(
    tx: Sequence[object], gk: object, ck: object, required_tx: int
) -> tuple[str, ...]:
    """Return the slots still empty (None) of `required_tx` regular ones, GK and CK."""
    present = [mark for mark in tx if mark is not None]
    lacking = required_tx - len(present)
    empty = [f"TX{n}" for n, mark in enumerate(tx, 1) if mark is None]
    empty += [f"TX{n}" for n in range(len(tx) + 1, required_tx + 1)]
    return (*empty[: max(lacking, 0)], *absent(GK=gk, CK=ck))


def absent(**parts: object) -> tuple[str, ...]:
    """Return the names of the parts that are None."""
    return tuple(name for name, value in parts.items() if value is None)


def study_level(
    scores: Sequence[Decimal],
    comments: Sequence[str],
    *,
    subjects_at: tuple[int, int, int] = SUBJECTS_AT_LEVEL,
) -> Level:
    """Return the level by the thresholds of Điều 9 khoản 2, without adjustment.

    `subjects_at` are the least numbers of scored subjects at 8.0, 6.5 and 5.0; other regulations
    built alike have their own.
    """
    failed = sum(comment != PASSED for comment in comments)
    for (level, may_fail, floor, threshold), least in zip(_LEVELS, subjects_at, strict=True):
        at_threshold = sum(score >= threshold for score in scores)
        if failed <= may_fail and at_threshold >= least and min(scores, default=floor) >= floor:
            return level
    return Level.FAIL


_Report = tuple[Sequence[Decimal], Sequence[str]]


def _without_one_score(scores: Sequence[Decimal], comments: Sequence[str]) -> Iterator[_Report]:
    for i in range(len(scores)):
        yield [*scores[:i], *scores[i + 1 :]], comments


def _without_one(scores: Sequence[Decimal], comments: Sequence[str]) -> Iterator[_Report]:
    yield from _without_one_score(scores, comments)
    for i in range(len(comments)):
        yield scores, [*comments[:i], *comments[i + 1 :]]


def _with_one_at_best(scores: Sequence[Decimal], comments: Sequence[str]) -> Iterator[_Report]:
    for i in range(len(scores)):
        yield [*scores[:i], _BEST, *scores[i + 1 :]], comments
    for i in range(len(comments)):
        yield scores, [*comments[:i], PASSED, *comments[i + 1 :]]


_ALTERNATIVES: Mapping[
    Adjustment, Callable[[Sequence[Decimal], Sequence[str]], Iterator[_Report]]
] = {
    Adjustment.REMOVAL_ANY_SUBJECT: _without_one,
    Adjustment.REMOVAL_SCORED_ONLY: _without_one_score,
    Adjustment.SUBSTITUTION: _with_one_at_best,
}


def adjusted_level(
    scores: Sequence[Decimal],
    comments: Sequence[str],
    strategy: Adjustment = Adjustment.REMOVAL_ANY_SUBJECT,
    *,
    subjects_at: tuple[int, int, int] = SUBJECTS_AT_LEVEL,
) -> tuple[Level, bool]:
    """Return the level after Điều 9 khoản 3, and whether it was raised.

    The level rises by one step where exactly one subject holds it two or more levels below Tốt
    or Khá. A gain of two levels always ends at one of these.
    """
    base = study_level(scores, comments, subjects_at=subjects_at)
    if base.rank >= Level.FAIR.rank:
        return base, False
    held_by = sum(
        study_level(*report, subjects_at=subjects_at).rank - base.rank >= 2
        for report in _ALTERNATIVES[strategy](scores, comments)
    )
    return (base.raised, True) if held_by == 1 else (base, False)


def study_result(
    scores: Mapping[str, Decimal | None],
    comments: Mapping[str, str | None],
    strategy: Adjustment = Adjustment.REMOVAL_ANY_SUBJECT,
    *,
    subjects_at: tuple[int, int, int] = SUBJECTS_AT_LEVEL,
) -> StudyResult:
    """Return the level of study from the results by subject key; None = no result yet.

    `subjects_at` as in `study_level`. With no scored subject at all, `missing` is `("subjects",)`.
    """
    missing = (*absent(**scores), *absent(**comments)) if scores else ("subjects",)
    base: Level | None = None
    level: Level | None = None
    adjusted = False
    if not missing:
        points = [score for score in scores.values() if score is not None]
        remarks = [remark for remark in comments.values() if remark is not None]
        base = study_level(points, remarks, subjects_at=subjects_at)
        level, adjusted = adjusted_level(points, remarks, strategy, subjects_at=subjects_at)
    return StudyResult(
        level=level, threshold_level=base, adjusted=adjusted, strategy=strategy, missing=missing
    )


def year_conduct(hk1: Level | None, hk2: Level | None) -> Level | None:
    """Return the year's training result (rèn luyện) by Điều 8; None where a semester is missing.

    Semester II decides, with three exceptions: Tốt needs at least Khá before it, Khá at least
    Đạt, and Đạt after Tốt is Khá.
    """
    if hk1 is None or hk2 is None:
        return None
    if hk2 is Level.GOOD:
        return Level.GOOD if hk1.rank >= Level.FAIR.rank else Level.FAIR
    if hk2 is Level.FAIR:
        return Level.FAIR if hk1.rank >= Level.PASS.rank else Level.PASS
    if hk2 is Level.PASS:
        return Level.FAIR if hk1 is Level.GOOD else Level.PASS
    return Level.FAIL


def reassessment_subjects(
    scores: Mapping[str, Decimal | None], comments: Mapping[str, str | None]
) -> tuple[str, ...]:
    """Return the subjects to re-assess (Điều 14): year average below 5.0, or year result CĐ."""
    below = [key for key, score in scores.items() if score is not None and score < _REASSESS_BELOW]
    return (*below, *(key for key, remark in comments.items() if remark == NOT_PASSED))


def with_reassessment(
    year: Mapping[str, _Result | None], reassessed: Mapping[str, _Result]
) -> dict[str, _Result | None]:
    """Return the year results in which a re-assessed one replaces the first (Điều 14).

    Raises `Refused("subject_not_reassessable")` for a subject without a place in `year`.
    """
    foreign = sorted(reassessed.keys() - year.keys())
    if foreign:
        raise Refused(
            "subject_not_reassessable",
            f"{', '.join(foreign)}: not among the subjects of the year in this form",
            field="subject",
        )
    return {**year, **reassessed}


def promotion(
    *,
    conduct: Level | None,
    study: Level | None,
    absences: int | None,
    summer_over: bool = False,
) -> Promotion:
    """Return the outcome for the year (Điều 12-14).

    `conduct` and `study` are the year's levels after any summer training and re-assessment,
    `absences` the sessions missed. Before the summer's end a failed level is pending; more
    than 45 absences end the matter at once, there is no re-assessment against them.
    """
    missing = absent(conduct=conduct, study=study, absences=absences)
    if missing or absences is None:
        return Promotion(None, tuple(f"missing_{name}" for name in missing))
    failed = tuple(
        f"{name}_failed"
        for name, level in (("conduct", conduct), ("study", study))
        if level is Level.FAIL
    )
    if absences > MAX_ABSENCES:
        return Promotion("retained", ("too_many_absences", *failed))
    if failed:
        return Promotion("retained" if summer_over else "pending", failed)
    return Promotion("promoted")


def title(
    *, conduct: Level | None, study: Level | None, scores: Sequence[Decimal | None]
) -> Title | None:
    """Return the title of the year (Điều 15) from the levels and the year averages."""
    if conduct is not Level.GOOD or study is not Level.GOOD:
        return None
    excellent = sum(score is not None and score >= _EXCELLENT for score in scores)
    return Title.EXCELLENT if excellent >= EXCELLENT_SUBJECTS else Title.GOOD
