"""Batches about results: sheets of marks, corrections, comments, conduct, absences, closings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import get_args
from uuid import UUID

from ledger import enrolment, pupil, pupil_year, structure
from ledger.assessment import tt22
from ledger.assessment.marks import parse_mark
from ledger.assessment.regime import Regulation, require_supported
from ledger.batch import Batch, C, Line
from ledger.codes import Programme
from ledger.desk import Draft, Reader
from ledger.errors import Refused
from ledger.event import Event, Note, StreamKind
from ledger.events.pupil_year import CommentWritten, Component, Form, Period, PeriodClosed
from ledger.events.school_class import GradeSheetSubmitted
from ledger.ids import class_stream
from ledger.pupil import Pupil
from ledger.pupil_year import CorrectMark, EnterMark, PupilYear, SlotKey
from ledger.registration import year_ref
from ledger.school_class import SchoolClass
from ledger.school_year import SchoolYear
from ledger.sheet import new_salt, sheet_root
from ledger.subjects import (
    Subject,
    allowed_slots,
    find_subject,
    required_slots,
    subjects_named,
)
from ledger.year_record import YearRecord, assess


@dataclass(frozen=True, kw_only=True, slots=True)
class MarkLine:
    """One cell of a grade sheet, as somebody wrote it. `sheet` empty: one sheet per column."""

    pupil: UUID
    class_code: str
    subject: str
    semester: int
    slot: str
    value: str
    effective_on: date
    sheet: str | None
    components: tuple[Component, ...] = ()


def enter_marks(reader: Reader, batch: Batch, lines: Sequence[Line[MarkLine]]) -> None:
    """Takes the sound marks of one or more whole sheets and closes each with its root.

    A sheet's marks stand directly before its `GradeSheetSubmitted` in the log, so that the path
    of one mark is found by position. A mark for a released pupil becomes a proposal and is
    listed (`pupil_released`).
    """
    classes = reader.classes({line.command.class_code for line in lines})
    pupils = reader.pupils({line.command.pupil for line in lines})
    years = reader.years(
        {
            (line.command.pupil, found.school_year)
            for line in lines
            if (found := classes[line.command.class_code]) is not None
        },
        columns=_columns(lines),
    )
    sheets: dict[tuple[str, str, int, str, date, str], list[tuple[UUID, str, str]]] = {}
    drafts: dict[tuple[str, str, int, str, date, str], list[Draft]] = {}
    for line in lines:
        command = line.command
        try:
            school_class = structure.require_class(classes, command.class_code)
            whom = pupils[command.pupil]
            year = years[command.pupil, school_class.school_year]
            mark = _cell(command, school_class, whom, year)
            _require_teacher(school_class, mark, line.on_behalf_of)
            assert whom is not None
            assert year is not None
            if whom.released is not None:
                _propose_mark(reader, batch, line, year, mark)
                continue
            events = pupil_year.decide_mark(year, mark)
        except Refused as refused:
            batch.reject(line, refused)
            continue
        for event in events:
            years[command.pupil, year.school_year] = pupil_year.evolve(year, event, 1)
            key = (command.class_code, mark.subject, mark.semester, mark.slot, mark.effective_on)
            sheets.setdefault((*key, mark.sheet), []).append((whom.id, mark.value, mark.salt))
            ref = year_ref(reader, whom.id, year.school_year)
            drafts.setdefault((*key, mark.sheet), []).append(batch.draft(line, ref, event))
        batch.accept(line, [], fate="accepted" if events else "unchanged")
    for (code, subject, semester, slot, on, name), marks in sheets.items():
        submitted = GradeSheetSubmitted(
            effective_on=on,
            sheet=name,
            subject=subject,
            semester=semester,
            slot=slot,
            count=len(marks),
            root=sheet_root(code, subject, semester, slot, on, marks).hex(),
            signature=None,
        )
        ref = reader.ref(class_stream(reader.ledger, code), StreamKind.CLASS)
        batch.plan.drafts.extend(drafts[code, subject, semester, slot, on, name])
        batch.plan.add(ref, [submitted])


def _columns(lines: Sequence[Line[MarkLine]]) -> set[SlotKey]:
    """The columns that the lines may write, whatever a pupil's own grade calls the subject."""
    named = {(c.subject, c.semester, c.slot) for c in (line.command for line in lines)}
    return {
        (subject.key, semester, slot_name(slot))
        for text, semester, slot in named
        for subject in subjects_named(text)
    }


@cache
def _subject(text: str, grade: int, programme: str) -> Subject:
    return find_subject(text, grade, Programme(programme))


@cache
def _slots(key: str, grade: int, programme: str, regulation: str) -> tuple[str, ...]:
    subject = _subject(key, grade, programme)
    return required_slots(subject, grade, Programme(programme), Regulation(regulation))


def _cell(
    command: MarkLine, school_class: SchoolClass, found: Pupil | None, year: PupilYear | None
) -> EnterMark:
    """A cell's command, once pupil, class, subject, slot and value are seen to be right."""
    if found is None:
        raise unknown_pupil()
    span = SchoolYear.parse(school_class.school_year)
    if command.effective_on not in span:
        raise Refused(
            "date_outside_school_year",
            f"the day lies outside school year {span.label} of class {school_class.code}",
            field="effective_on",
            suggestion=f"{span.start} … {span.end}",
        )
    if year is None or not found.in_class(school_class.code, command.effective_on):
        raise Refused(
            "not_in_class",
            f"the pupil is not in class {school_class.code} on {command.effective_on}",
            field="pupil_key",
            suggestion="mend class or day, or enrol the pupil first",
        )
    regulation = Regulation(year.regulation)
    require_supported(regulation)
    subject = _subject(command.subject, year.grade, year.programme)
    slot = slot_name(command.slot)
    if slot not in allowed_slots(regulation):
        raise Refused(
            "unknown_slot",
            f"{regulation} has no such slot",
            field="slot",
            suggestion=", ".join(allowed_slots(regulation)) or "no marks are given in this grade",
        )
    if command.semester not in (1, 2):
        raise Refused("unknown_semester", "a term is 1 or 2", field="semester")
    form: Form = "score" if subject.form(year.grade) == "score" else "comment"
    sheet = command.sheet or (
        f"{school_class.code}/{subject.key}/{command.semester}/{slot}/{command.effective_on}"
    )
    return EnterMark(
        school_code=school_class.school_code,
        class_code=school_class.code,
        subject=subject.key,
        form=form,
        semester=command.semester,
        slot=slot,
        value=parse_mark(command.value, form),
        required=_slots(subject.key, year.grade, year.programme, year.regulation),
        components=command.components,
        sheet=sheet,
        salt=new_salt(),
        effective_on=command.effective_on,
    )


def _require_teacher(school_class: SchoolClass, mark: EnterMark, teacher: str | None) -> None:
    """Where the class says who teaches the subject, only they answer for its marks."""
    if teacher is None:
        return
    assigned = school_class.teachers(mark.subject, mark.effective_on)
    if assigned and teacher not in assigned:
        raise Refused(
            "teacher_not_assigned",
            f"{mark.subject} in class {school_class.code} is assigned to somebody else that day",
            field="on_behalf_of",
            suggestion="name the assigned teacher, or change the assignment",
        )


def _propose_mark(
    reader: Reader, batch: Batch, line: Line[MarkLine], year: PupilYear, mark: EnterMark
) -> None:
    open_year = year.model_copy(update={"closings": ()})
    _propose(reader, batch, line, year, pupil_year.decide_mark(open_year, mark))


def _propose(
    reader: Reader, batch: Batch, line: Line[C], year: PupilYear, events: Sequence[Event]
) -> None:
    """Keeps what a line decided as a proposal to whoever has custody, and lists the line."""
    refused = Refused(
        "pupil_released",
        "the pupil's record was released: the line is kept as a proposal to the new school",
        field="pupil_key",
        suggestion="nothing to do here; the new school decides about it",
    )
    proposals = [pupil_year.propose(event) for event in events]
    batch.accept(
        line,
        [(year_ref(reader, year.pupil, year.school_year), proposals)],
        fate="proposed" if proposals else "unchanged",
        refused=refused if proposals else None,
    )


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
                _propose(reader, batch, line, year, events)
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


def unknown_pupil() -> Refused:
    """Nobody is on record under the key given."""
    return Refused(
        "unknown_pupil",
        "no pupil is on record under this key",
        field="pupil_key",
        suggestion="import the pupil first, or mend key or source",
    )


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
        found = _subject(subject, year.grade, year.programme)
        form: Form = "score" if found.form(year.grade) == "score" else "comment"
        return pupil_year.decide_correction(
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
        key = _subject(subject, year.grade, year.programme).key if subject else None
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
        return pupil_year.decide_conduct(
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
        return pupil_year.decide_absences(
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
        key = _subject(subject, year.grade, year.programme).key if subject else None
        decided = _decided_value(kind, value, key, year)
        return pupil_year.decide_decision(
            year, kind=kind, subject=key, value=decided, legal_ground=legal_ground, on=on
        )

    return decide


def _decided_value(kind: str, value: str | None, key: str | None, year: PupilYear) -> str | None:
    if not value:
        return None
    if kind in ("reassess", "missing_term") and key is not None:
        subject = _subject(key, year.grade, year.programme)
        return parse_mark(value, "score" if subject.form(year.grade) == "score" else "comment")
    if kind == "summer_training":
        return tt22.parse_level(value).value
    return value


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


def slot_name(text: str) -> str:
    """A slot as the rules name it, however somebody wrote it."""
    return text.strip().upper()


def period_code(text: str) -> Period:
    """HK1, HK2 or CN. Raises Refused(`unknown_period`)."""
    wanted = text.strip().upper()
    for period in get_args(Period):
        if period == wanted:
            found: Period = period
            return found
    raise Refused("unknown_period", "a period is HK1, HK2 or CN", field="period")
