"""Batches about a pupil's year: corrections, comments, conduct, absences, closings, decisions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import get_args
from uuid import UUID

from ledger import enrolment, pupil, pupil_year, year_decisions
from ledger.assessment import tt22
from ledger.assessment.marks import parse_mark
from ledger.assessment.regime import Regulation, require_supported
from ledger.batch import Batch, Line
from ledger.errors import Refused
from ledger.event import Event, Note
from ledger.events.pupil_year import CommentWritten, Form, Period, PeriodClosed
from ledger.gradebook import keep_as_proposal, slot_name, subject_of
from ledger.pupil import Pupil
from ledger.pupil_year import PupilYear
from ledger.reader import Reader
from ledger.registration import unknown_pupil, year_ref
from ledger.year_decisions import CorrectMark
from ledger.year_record import YearRecord, assess


@dataclass(frozen=True, kw_only=True, slots=True)
class YearLine:
    """A line about one pupil's school year, to be decided by `decide` on that year's state.

    `decide` gets the state with `school` the one the pupil is at on the day `on`, and the year's
    results where `needs_results`; it returns the entries or raises Refused. `proposable` lines of
    a released pupil become proposals.
    """

    pupil: UUID
    school_year: str
    decide: Callable[[PupilYear, YearRecord | None], list[Event]]
    needs_results: bool = False
    proposable: bool = False
    on: date


def write_years(reader: Reader, batch: Batch, lines: Sequence[Line[YearLine]]) -> None:
    """Corrections, comments, conduct, absences, closings and decisions: one line, one year."""
    pupils = reader.pupils({line.command.pupil for line in lines})
    years = reader.years({(line.command.pupil, line.command.school_year) for line in lines})
    for line in lines:
        command = line.command
        key = (command.pupil, command.school_year)
        try:
            found, year = pupils[command.pupil], years[key]
            if found is None:
                raise unknown_pupil()
            if year is None:
                raise Refused(
                    "not_enrolled",
                    f"the pupil has no enrolment in {command.school_year} here",
                    field="school_year",
                )
            results = None
            if command.needs_results:
                parts = reader.contributions(found, command.school_year)
                here = [
                    replace(part, year=year) if part.ledger == reader.ledger else part
                    for part in parts
                ]
                results = assess(here, on=command.on)
            events = command.decide(_at_school(year, found, command.on), results)
            if found.released is not None:
                if not command.proposable:
                    pupil.require_custody(found)
                keep_as_proposal(reader, batch, line, year, events)
                continue
        except Refused as refused:
            batch.reject(line, refused)
            continue
        for event in events:
            years[key] = year = pupil_year.evolve(year, event, 1)
        batch.accept(line, [(year_ref(reader, *key), events)])


def _at_school(year: PupilYear, whom: Pupil, on: date) -> PupilYear:
    """The year with the school of that day: a pupil may have moved within the year."""
    here = enrolment.on_day(whom.segments, on)
    if here is None or here.school is None or here.school == year.school:
        return year
    return year.model_copy(update={"school": here.school})


def correction(
    *,
    subject: str,
    semester: int,
    slot: str,
    value: str,
    old_value: str | None,
    reason: str,
    effective_on: date | None,
) -> Callable[[PupilYear, YearRecord | None], list[Event]]:
    """Decides a line of corrections."""

    def decide(year: PupilYear, results: YearRecord | None) -> list[Event]:
        del results
        require_supported(Regulation(year.regulation))
        found = subject_of(subject, year.grade, year.programme)
        form: Form = "score" if found.form(year.grade) == "score" else "comment"
        return year_decisions.decide_correction(
            year,
            CorrectMark(
                subject=found.key,
                semester=semester,
                slot=slot_name(slot),
                value=parse_mark(value, form),
                old_value=parse_mark(old_value, form) if old_value else None,
                reason=reason,
                effective_on=effective_on,
            ),
        )

    return decide


def comment(
    *, subject: str | None, time: str, text: str, on: date
) -> Callable[[PupilYear, YearRecord | None], list[Event]]:
    """Decides a line of comments."""

    def decide(year: PupilYear, results: YearRecord | None) -> list[Event]:
        del results
        key = subject_of(subject, year.grade, year.programme).key if subject else None
        return [
            CommentWritten(
                effective_on=on,
                school_code=year.school,
                subject=key,
                time=time,
                statutory=Note(text=text),
            )
        ]

    return decide


def conduct(
    *, period: str, level: str, on: date
) -> Callable[[PupilYear, YearRecord | None], list[Event]]:
    """Decides a line of training results."""

    def decide(year: PupilYear, results: YearRecord | None) -> list[Event]:
        del results
        require_supported(Regulation(year.regulation))
        return year_decisions.decide_conduct(
            year,
            period=period_code(period),
            level=tt22.parse_level(level).value,
            school=year.school,
            on=on,
        )

    return decide


def absences(
    *, period: str, excused: int, unexcused: int, on: date
) -> Callable[[PupilYear, YearRecord | None], list[Event]]:
    """Decides a line of absences."""

    def decide(year: PupilYear, results: YearRecord | None) -> list[Event]:
        del results
        return year_decisions.decide_absences(
            year,
            period=period_code(period),
            excused=excused,
            unexcused=unexcused,
            school=year.school,
            on=on,
        )

    return decide


_CLOSINGS: dict[str, Period] = {"close_semester_1": "HK1", "close_year": "CN"}


def decision(
    *, kind: str, subject: str | None, value: str | None, legal_ground: str | None, on: date
) -> Callable[[PupilYear, YearRecord | None], list[Event]]:
    """Decides a line of decisions: a closing (with the results of that moment) or a head's
    decision."""

    def decide(year: PupilYear, results: YearRecord | None) -> list[Event]:
        if kind in _CLOSINGS:
            assert results is not None
            return _close(year, results, _CLOSINGS[kind], on)
        key = subject_of(subject, year.grade, year.programme).key if subject else None
        decided = _decided_value(kind, value, key, year)
        return year_decisions.decide_decision(
            year, kind=kind, subject=key, value=decided, legal_ground=legal_ground, on=on
        )

    return decide


def _decided_value(kind: str, value: str | None, key: str | None, year: PupilYear) -> str | None:
    """What a decision states, checked: every later reading of the year computes with it.

    Raises:
        Refused: `missing_value`, `value_without_subject`, and as the marks and levels do.
    """
    if kind == "reassess":
        _require(key, "subject")
        _require(value, "value")
    if kind == "summer_training":
        _require(value, "value")
    if not value:
        return None
    if kind in ("reassess", "missing_term"):
        if key is None:
            raise Refused(
                "value_without_subject",
                "a result is decided for one subject; a missing term of all subjects takes none",
                field="value",
                suggestion="name the subject, or leave the value empty",
            )
        subject = subject_of(key, year.grade, year.programme)
        return parse_mark(value, "score" if subject.form(year.grade) == "score" else "comment")
    if kind == "summer_training":
        try:
            return tt22.parse_level(value).value
        except Refused as refused:
            raise Refused(refused.code, refused.message, field="value") from None
    return value


def _require(given: str | None, column: str) -> None:
    if not given:
        raise Refused(
            "missing_value", f"column {column} may not be empty for this decision", field=column
        )


def _close(year: PupilYear, results: YearRecord, period: Period, on: date) -> list[Event]:
    if period in year.closed:
        return []
    if results.strategy is None:
        require_supported(Regulation(year.regulation))
    semesters = {"HK1": 1}
    per_subject: dict[str, str | None] = {}
    missing: list[str] = []
    for subject in results.subjects:
        if period in semesters:
            term = subject.semesters[semesters[period]]
            per_subject[subject.subject] = term.result
            missing.extend(f"{subject.subject}/{slot}" for slot in term.missing)
        else:
            per_subject[subject.subject] = subject.reassessed or subject.year
            missing.extend(f"{subject.subject}/{part}" for part in subject.missing)
    return [
        PeriodClosed(
            effective_on=on,
            period=period,
            regulation=results.regulation,
            strategy=results.strategy or "none",
            results=per_subject,
            missing=tuple(missing),
            study=results.study[period],
            adjusted=period in results.adjusted,
            conduct=results.conduct[period],
        )
    ]


def period_code(text: str) -> Period:
    """HK1, HK2 or CN. Raises Refused(`unknown_period`)."""
    wanted = text.strip().upper()
    for period in get_args(Period):
        if period == wanted:
            found: Period = period
            return found
    raise Refused("unknown_period", "a period is HK1, HK2 or CN", field="period")
