"""What a secondary year is computed with: one rulebook for each regulation, one shape for all.

Levels pass through here as their codes, averages as their written text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from ledger.assessment import continuing, tt22, tt58
from ledger.assessment.marks import as_score
from ledger.assessment.reading import Reading
from ledger.assessment.regime import Regulation
from ledger.assessment.tt22 import Promotion


@dataclass(frozen=True, slots=True)
class TermMarks:
    """The marks of one subject in one term, as text; `wanted` regular ones are asked for."""

    regular: Sequence[str]
    periodic: Sequence[str]
    midterm: str | None
    final: str | None
    wanted: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """A result as text, or None with what is missing for it."""

    value: str | None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Levels:
    """A level of study by its code; `overall` is the average over all subjects (TT 58)."""

    level: str | None
    adjusted: bool
    missing: tuple[str, ...]
    overall: str | None = None


class Rulebook(Protocol):
    """The rules of one regulation for secondary schools."""

    def score_term(self, marks: TermMarks) -> Outcome:
        """The term's average of a scored subject."""
        ...

    def comment_term(self, marks: TermMarks) -> Outcome:
        """The term's Đ or CĐ of a comment-only subject."""
        ...

    def study(
        self, scores: Mapping[str, str | None], remarks: Mapping[str, str | None], reading: Reading
    ) -> Levels:
        """The level of study of a term or year."""
        ...

    def conduct(self, text: str) -> str:
        """The code of a training result or conduct. Raises Refused(`unknown_level`)."""
        ...

    def year_conduct(self, first: str | None, second: str | None) -> str | None:
        """The year's from the terms', where the regulation computes it."""
        ...

    def promotion(
        self, conduct: str | None, study: str | None, absences: int | None, *, summer_over: bool
    ) -> Promotion:
        """What becomes of the pupil."""
        ...

    def title(
        self, conduct: str | None, study: str | None, scores: Sequence[str | None]
    ) -> str | None:
        """The title of the year."""
        ...


def rulebook_of(regulation: Regulation) -> Rulebook | None:
    """The rulebook of a secondary regulation; None for others."""
    return _RULEBOOKS.get(regulation)


def year_outcome(form: str, first: str | None, second: str | None) -> Outcome:
    """The subject's year from its terms: twice the second, or its Đ or CĐ. All regulations
    agree in this (TT 22 Điều 9, TT 58 Điều 11)."""
    if form == "comment":
        remark = tt22.comment_year(second)
        return Outcome(remark.value, remark.missing)
    average = tt22.year_average(_number(first), _number(second))
    return Outcome(_text(average.value), average.missing)


class _Circular22:
    """TT 22/2021, and TT 43/2021 for continuing education, which is built alike."""

    def __init__(self, *, continuing_education: bool) -> None:
        self._continuing = continuing_education

    def score_term(self, marks: TermMarks) -> Outcome:
        average = tt22.semester_average(
            [_number(mark) for mark in marks.regular],
            _number(marks.midterm),
            _number(marks.final),
            required_tx=marks.wanted,
        )
        return Outcome(_text(average.value), average.missing)

    def comment_term(self, marks: TermMarks) -> Outcome:
        remark = tt22.comment_semester(
            marks.regular, marks.midterm, marks.final, required_tx=marks.wanted
        )
        return Outcome(remark.value, remark.missing)

    def study(
        self, scores: Mapping[str, str | None], remarks: Mapping[str, str | None], reading: Reading
    ) -> Levels:
        numbers = {subject: _number(score) for subject, score in scores.items()}
        if self._continuing:
            found = continuing.study_result(
                numbers, remarks, reading.adjustment, subjects_at=reading.subjects_at
            )
        else:
            found = tt22.study_result(numbers, remarks, reading.adjustment)
        return Levels(found.level.value if found.level else None, found.adjusted, found.missing)

    def conduct(self, text: str) -> str:
        return tt22.parse_level(text).value

    def year_conduct(self, first: str | None, second: str | None) -> str | None:
        level = tt22.year_conduct(_level(first), _level(second))
        return level.value if level else None

    def promotion(
        self, conduct: str | None, study: str | None, absences: int | None, *, summer_over: bool
    ) -> Promotion:
        return tt22.promotion(
            conduct=_level(conduct),
            study=_level(study),
            absences=absences,
            summer_over=summer_over,
        )

    def title(
        self, conduct: str | None, study: str | None, scores: Sequence[str | None]
    ) -> str | None:
        title = tt22.title(
            conduct=_level(conduct), study=_level(study), scores=[_number(s) for s in scores]
        )
        return title.value if title else None


class _Circular58:
    """TT 58/2011, and as TT 26/2020 amended it (`amended`)."""

    def __init__(self, *, amended: bool) -> None:
        self._amended = amended

    def score_term(self, marks: TermMarks) -> Outcome:
        if self._amended:
            return _CIRCULAR_22.score_term(marks)
        average = tt58.semester_average(
            [as_score(mark) for mark in marks.regular],
            [as_score(mark) for mark in marks.periodic],
            _number(marks.final),
        )
        return Outcome(_text(average.value), average.missing)

    def comment_term(self, marks: TermMarks) -> Outcome:
        if self._amended:
            remark = tt58.comment_semester_amended(
                marks.regular, marks.midterm, marks.final, required_tx=marks.wanted
            )
        else:
            remark = tt58.comment_semester([*marks.regular, *marks.periodic], marks.final)
        return Outcome(remark.value, remark.missing)

    def study(
        self, scores: Mapping[str, str | None], remarks: Mapping[str, str | None], reading: Reading
    ) -> Levels:
        del reading
        found = tt58.study_result(
            {subject: _number(score) for subject, score in scores.items()},
            remarks,
            amended=self._amended,
        )
        level = found.level.value if found.level else None
        return Levels(level, found.adjusted, found.missing, _text(found.overall))

    def conduct(self, text: str) -> str:
        return tt58.parse_conduct(text).value

    def year_conduct(self, first: str | None, second: str | None) -> str | None:
        """A judgment (Điều 3), not a formula: it has to be stated."""
        del first, second
        return None

    def promotion(
        self, conduct: str | None, study: str | None, absences: int | None, *, summer_over: bool
    ) -> Promotion:
        return tt58.promotion(
            tt58.Conduct(conduct) if conduct else None,
            tt58.Study(study) if study else None,
            absences,
            summer_over=summer_over,
        )

    def title(
        self, conduct: str | None, study: str | None, scores: Sequence[str | None]
    ) -> str | None:
        del scores
        title = tt58.title(
            tt58.Conduct(conduct) if conduct else None, tt58.Study(study) if study else None
        )
        return title.value if title else None


def _number(mark: str | None) -> Decimal | None:
    return as_score(mark) if mark is not None else None


def _text(value: Decimal | None) -> str | None:
    return str(value) if value is not None else None


def _level(code: str | None) -> tt22.Level | None:
    return tt22.Level(code) if code else None


_CIRCULAR_22 = _Circular22(continuing_education=False)
_RULEBOOKS: Mapping[Regulation, Rulebook] = {
    Regulation.TT22_2021: _CIRCULAR_22,
    Regulation.TT43_2021: _Circular22(continuing_education=True),
    Regulation.TT58_2011: _Circular58(amended=False),
    Regulation.TT26_2020: _Circular58(amended=True),
}
