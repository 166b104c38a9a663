"""Thông tư 58/2011/TT-BGDĐT, and as Thông tư 26/2020 amended it from 11 October 2020.

Article numbers are the circular's. Study is học lực, conduct hạnh kiểm. The levels of study
(Điều 13) and promotion (Điều 15) are confirmed; the averages, the comment subjects and the
titles are **from memory**. Values have the form of `tt22`: exact decimals with one place, `"Đ"`
and `"CĐ"`, what is missing is named; an exempt subject is left out by the caller.

The average of the year of a subject, (HK I + 2·HK II) / 3, is `tt22.year_average`; the average
of a semester after the amendment is `tt22.semester_average`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from ledger.assessment.marks import NOT_PASSED, PASSED, quotient
from ledger.assessment.tt22 import (
    MAX_ABSENCES,
    Average,
    CommentResult,
    Promotion,
    absent,
    missing_slots,
)
from ledger.assessment.written import parse_written

STRATEGY: Final = "one_subject_disregarded"
"""The reading of the adjustment (Điều 13 khoản 6), recorded in the closing entry: the average
over all subjects counts every subject as it is; the one subject is thought away from all other
conditions."""

CORE: Final = ("TOAN", "NGUVAN")
CORE_AMENDED: Final = (*CORE, "NGOAINGU1")
"""One of these has to reach a level's threshold; TT 26/2020 added the foreign language."""


class Study(StrEnum):
    """Học lực: Giỏi, Khá, Trung bình, Yếu, Kém. Compare by `rank`, not as text."""

    GOOD = "G"
    FAIR = "K"
    AVERAGE = "Tb"
    WEAK = "Y"
    POOR = "Kém"

    @property
    def rank(self) -> int:
        """0 for Kém up to 4 for Giỏi."""
        return _STUDY_RISING.index(self)


class Conduct(StrEnum):
    """Hạnh kiểm: Tốt, Khá, Trung bình, Yếu. Compare by `rank`, not as text.

    That of the year is a judgment, mainly by semester II (Điều 3): it is stated, not computed.
    """

    GOOD = "T"
    FAIR = "K"
    AVERAGE = "Tb"
    WEAK = "Y"

    @property
    def rank(self) -> int:
        """0 for Yếu up to 3 for Tốt."""
        return _CONDUCT_RISING.index(self)


class Title58(StrEnum):
    """Title at the year's end (Điều 18): Học sinh giỏi, Học sinh tiên tiến."""

    EXCELLENT = "excellent_pupil"
    ADVANCED = "advanced_pupil"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyResult58:
    """Học lực of a semester or year.

    `level` is after adjustment, `threshold_level` before it, `overall` the average over the
    scored subjects (ĐTBhk, ĐTBcn); all are None where `missing` names subjects without a result.
    """

    level: Study | None
    threshold_level: Study | None
    overall: Decimal | None
    adjusted: bool
    missing: tuple[str, ...]


_STUDY_RISING = (Study.POOR, Study.WEAK, Study.AVERAGE, Study.FAIR, Study.GOOD)
_CONDUCT_RISING = (Conduct.WEAK, Conduct.AVERAGE, Conduct.FAIR, Conduct.GOOD)
_STUDY_NAMES: Mapping[str, Study] = {
    **{level.value.upper(): level for level in Study},
    "GIỎI": Study.GOOD,
    "KHÁ": Study.FAIR,
    "TRUNG BÌNH": Study.AVERAGE,
    "YẾU": Study.WEAK,
}
_CONDUCT_NAMES: Mapping[str, Conduct] = {
    **{level.value.upper(): level for level in Conduct},
    "TỐT": Conduct.GOOD,
    "KHÁ": Conduct.FAIR,
    "TRUNG BÌNH": Conduct.AVERAGE,
    "YẾU": Conduct.WEAK,
}

# (level, threshold of the averages, floor for every scored subject) of Điều 13 khoản 1-3.
_UPPER_LEVELS = (
    (Study.GOOD, Decimal("8.0"), Decimal("6.5")),
    (Study.FAIR, Decimal("6.5"), Decimal("5.0")),
    (Study.AVERAGE, Decimal("5.0"), Decimal("3.5")),
)
_WEAK_OVERALL, _WEAK_FLOOR = Decimal("3.5"), Decimal("2.0")

# (level without the one subject, level by the thresholds) -> level after Điều 13 khoản 6.
_ADJUSTED: Mapping[tuple[Study, Study], Study] = {
    (Study.GOOD, Study.AVERAGE): Study.FAIR,
    (Study.GOOD, Study.WEAK): Study.AVERAGE,
    (Study.FAIR, Study.WEAK): Study.AVERAGE,
    (Study.FAIR, Study.POOR): Study.WEAK,
}


def parse_study(text: str) -> Study:
    """Read `G`, `K`, `Tb`, `Y`, `Kém` or the level's name. Raises `Refused("unknown_level")`."""
    return parse_written(text, _STUDY_NAMES, "học lực is G, K, Tb, Y or Kém")


def parse_conduct(text: str) -> Conduct:
    """Read `T`, `K`, `Tb`, `Y` or the level's name. Raises `Refused("unknown_level")`."""
    return parse_written(text, _CONDUCT_NAMES, "hạnh kiểm is T, K, Tb or Y")


def semester_average(tx: Sequence[Decimal], dk: Sequence[Decimal], ck: Decimal | None) -> Average:
    """Return ĐTBmhk = (ΣKTtx + 2·ΣKTđk + 3·KThk) / (nTX + 2·nĐK + 3), half up: before TT 26/2020.

    How many marks were asked for is not recorded here; at least one of each kind is.
    """
    missing = (
        *(() if tx else ("TX1",)),
        *(() if dk else ("DK1",)),
        *absent(CK=ck),
    )
    if missing or ck is None:
        return Average(None, missing)
    return Average(quotient(sum(tx, 3 * ck) + 2 * sum(dk), len(tx) + 2 * len(dk) + 3))


def comment_semester(tests: Sequence[str], final: str | None) -> CommentResult:
    """Return Đ where two thirds of all tests, the final one among them and itself, are Đ.

    `tests` are those before the final one. How many were asked for before TT 26/2020 is not
    recorded here; at least one is needed.
    """
    return _two_thirds(tests, final, (*(() if tests else ("TX1",)), *absent(CK=final)))


def comment_semester_amended(
    tx: Sequence[str | None], gk: str | None, ck: str | None, *, required_tx: int
) -> CommentResult:
    """Return the same after TT 26/2020, which asks for `required_tx` regular tests, GK and CK."""
    tests = [test for test in (*tx, gk) if test is not None]
    return _two_thirds(tests, ck, missing_slots(tx, gk, ck, required_tx))


def _two_thirds(tests: Sequence[str], final: str | None, missing: tuple[str, ...]) -> CommentResult:
    if missing:
        return CommentResult(None, missing)
    passed = sum(test == PASSED for test in (*tests, final))
    enough = 3 * passed >= 2 * (len(tests) + 1)
    return CommentResult(PASSED if enough and final == PASSED else NOT_PASSED)


def comment_year(hk1: str | None, hk2: str | None) -> CommentResult:
    """Return the year's result of a comment subject: that of semester II, whatever `hk1` is."""
    del hk1
    return CommentResult(hk2, absent(HK2=hk2))


def overall_average(averages: Iterable[Decimal]) -> Decimal | None:
    """Return ĐTBhk or ĐTBcn: the mean of the rounded subject averages, half up; None of none."""
    known = list(averages)
    return quotient(sum(known, Decimal(0)), len(known)) if known else None


def study_result(
    scores: Mapping[str, Decimal | None],
    comments: Mapping[str, str | None],
    *,
    amended: bool,
    specialised: str | None = None,
) -> StudyResult58:
    """Return học lực from the results by subject key; None = no result yet.

    `amended`: by TT 26/2020, where the foreign language can stand for Toán and Ngữ văn.
    `specialised` is the specialised subject of a class for gifted pupils (lớp chuyên), which has
    to reach the threshold too. With no scored subject at all `missing` is `("subjects",)`; where
    no result of Toán, Ngữ văn (or the foreign language) exists, it names these.
    """
    core = CORE_AMENDED if amended else CORE
    missing = _missing(scores, comments, core, specialised)
    points = {key: score for key, score in scores.items() if score is not None}
    overall = overall_average(points.values())
    if missing or overall is None:
        return StudyResult58(
            level=None, threshold_level=None, overall=None, adjusted=False, missing=missing
        )
    report = _Report(
        overall=overall,
        scores=points,
        failed=frozenset(key for key, remark in comments.items() if remark != PASSED),
        core=core,
        specialised=specialised,
    )
    base = report.level()
    level = _adjusted(report, base)
    return StudyResult58(
        level=level,
        threshold_level=base,
        overall=overall,
        adjusted=level is not base,
        missing=(),
    )


def promotion(
    conduct: Conduct | None, study: Study | None, absences: int | None, *, summer_over: bool
) -> Promotion:
    """Return the outcome for the year (Điều 15-16).

    `conduct` and `study` are the year's after any summer training and re-tests, `absences` the
    sessions missed. More than 45 absences, study Kém, or study and conduct both Yếu end the
    matter at once; otherwise what is Yếu is pending until the summer is over.
    """
    missing = absent(conduct=conduct, study=study, absences=absences)
    if missing or conduct is None or study is None or absences is None:
        return Promotion(None, tuple(f"missing_{name}" for name in missing))
    failed = (
        *(("conduct_failed",) if conduct is Conduct.WEAK else ()),
        *(("study_failed",) if study.rank < Study.AVERAGE.rank else ()),
    )
    if absences > MAX_ABSENCES:
        return Promotion("retained", ("too_many_absences", *failed))
    if not failed:
        return Promotion("promoted")
    final = summer_over or study is Study.POOR or len(failed) > 1
    return Promotion("retained" if final else "pending", failed)


def title(conduct: Conduct | None, study: Study | None) -> Title58 | None:
    """Return the title of the year (Điều 18): Giỏi with conduct Tốt, or both at least Khá."""
    if conduct is None or study is None:
        return None
    if conduct is Conduct.GOOD and study is Study.GOOD:
        return Title58.EXCELLENT
    if conduct.rank >= Conduct.FAIR.rank and study.rank >= Study.FAIR.rank:
        return Title58.ADVANCED
    return None


def _missing(
    scores: Mapping[str, Decimal | None],
    comments: Mapping[str, str | None],
    core: Sequence[str],
    specialised: str | None,
) -> tuple[str, ...]:
    if not scores:
        return ("subjects",)
    wanted = [] if any(key in scores for key in core) else [*core]
    if specialised is not None and specialised not in scores:
        wanted.append(specialised)
    return (*absent(**scores), *absent(**comments), *dict.fromkeys(wanted))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Report:
    """The results of a semester or year, complete; `failed` are comment subjects not Đ."""

    overall: Decimal
    scores: Mapping[str, Decimal]
    failed: frozenset[str]
    core: tuple[str, ...]
    specialised: str | None

    def level(self, without: str | None = None) -> Study:
        """Học lực by the thresholds of Điều 13 khoản 1-5; the subject `without` is thought away
        from every condition but the average over all."""
        scores = {key: score for key, score in self.scores.items() if key != without}
        all_passed = self.failed <= {without}
        for level, threshold, floor in _UPPER_LEVELS:
            if (
                self.overall >= threshold
                and all_passed
                and any(scores[key] >= threshold for key in self.core if key in scores)
                and scores.get(self.specialised or "", threshold) >= threshold
                and all(score >= floor for score in scores.values())
            ):
                return level
        weak = self.overall >= _WEAK_OVERALL and all(s >= _WEAK_FLOOR for s in scores.values())
        return Study.WEAK if weak else Study.POOR


def _adjusted(report: _Report, base: Study) -> Study:
    """The level after Điều 13 khoản 6: only the four falls listed there are softened.

    Two subjects cannot both be the one: each would stay below a floor, or not Đ, without the
    other.
    """
    for subject in (*report.scores, *report.failed):
        reached = report.level(without=subject)
        if (reached, base) in _ADJUSTED:
            return _ADJUSTED[reached, base]
    return base
