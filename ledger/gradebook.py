"""Batches about results: sheets of marks, corrections, comments, conduct, absences, closings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from uuid import UUID

from ledger import pupil_year, sheet, structure, year_decisions
from ledger.assessment.marks import combined, parse_mark, read_components
from ledger.assessment.regime import Regulation, require_supported
from ledger.batch import Batch, C, Line
from ledger.codes import Programme
from ledger.errors import Refused
from ledger.event import Event, StreamKind
from ledger.events.pupil_year import Component, Form
from ledger.events.school_class import GradeSheetSubmitted
from ledger.ids import class_stream
from ledger.plan import Draft
from ledger.pupil import Pupil
from ledger.pupil_year import PupilYear, SlotKey
from ledger.reader import Reader
from ledger.registration import unknown_pupil, year_ref
from ledger.school_class import SchoolClass
from ledger.school_year import SchoolYear
from ledger.settings import Settings
from ledger.sheet import SignSheet, new_salt, sheet_root
from ledger.subjects import (
    Subject,
    allowed_slots,
    find_subject,
    required_slots,
    subjects_named,
)
from ledger.year_decisions import EnterMark
from ledger.year_record import PRIMARY

_TERM_SLACK = timedelta(days=14)
"""How long before the term by the calendar a mark of it is not remarkable."""


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


def enter_marks(
    reader: Reader,
    batch: Batch,
    lines: Sequence[Line[MarkLine]],
    *,
    sign: SignSheet | None = None,
) -> None:
    """Takes the sound marks of one or more whole sheets and closes each with its root.

    A sheet's marks stand directly before its `GradeSheetSubmitted` in the log, so that the path
    of one mark is found by position. A mark for a released pupil becomes a proposal and is
    listed (`pupil_released`). `sign` is asked once for each sheet, before the log is locked
    (None: the sheets stay unsigned).
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
    settings = reader.settings()
    offered: dict[tuple[UUID, str], PupilYear] = {}
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
                whose = (whom.id, year.school_year)
                held = offered.get(whose) or offered_year(reader, whom, year)
                events = year_decisions.decide_mark(without_closings(held), mark)
                keep_as_proposal(reader, batch, line, year, events)
                offered[whose] = pupil_year.evolve(held, events[0], 1) if events else held
                continue
            events = year_decisions.decide_mark(year, mark)
        except Refused as refused:
            batch.reject(line, refused)
            continue
        for event in events:
            years[command.pupil, year.school_year] = pupil_year.evolve(year, event, 1)
            key = (command.class_code, mark.subject, mark.semester, mark.slot, mark.effective_on)
            sheets.setdefault((*key, mark.sheet), []).append((whom.id, mark.value, mark.salt))
            ref = year_ref(reader, whom.id, year.school_year)
            drafts.setdefault((*key, mark.sheet), []).append(batch.draft(line, ref, event))
        doubts = _doubts(command, mark, school_class, settings) if events else []
        batch.accept(line, [], fate="accepted" if events else "unchanged", warnings=doubts)
    for (code, subject, semester, slot, on, name), marks in sheets.items():
        column = (code, subject, semester, slot, on)
        root = sheet_root(*column, marks).hex()
        said = sheet.statement(*column, ledger=reader.ledger, count=len(marks), root=root)
        submitted = GradeSheetSubmitted(
            effective_on=on,
            sheet=name,
            subject=subject,
            semester=semester,
            slot=slot,
            count=len(marks),
            root=root,
            signature=sign(said) if sign else None,
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
def subject_of(text: str, grade: int, programme: str) -> Subject:
    """The subject a sheet names, looked up once. Raises Refused as `find_subject` does."""
    return find_subject(text, grade, Programme(programme))


@cache
def _slots(key: str, grade: int, programme: str, regulation: str) -> tuple[str, ...]:
    subject = subject_of(key, grade, programme)
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
    subject = subject_of(command.subject, year.grade, year.programme)
    slot = require_slot(regulation, command.slot)
    semester = term_of(regulation, command.semester)
    form = form_of(subject, slot, year)
    components = read_components(command.components, form)
    sheet = command.sheet or (
        f"{school_class.code}/{subject.key}/{semester}/{slot}/{command.effective_on}"
    )
    return EnterMark(
        school_code=school_class.school_code,
        class_code=school_class.code,
        subject=subject.key,
        form=form,
        semester=semester,
        slot=slot,
        value=_value(command, components, form),
        required=_slots(subject.key, year.grade, year.programme, year.regulation),
        components=components,
        sheet=sheet,
        salt=new_salt(),
        effective_on=command.effective_on,
    )


def form_of(subject: Subject, slot: str, year: PupilYear) -> Form:
    """How a slot of the subject is filled in that year: score, comment, level or test."""
    form = subject.form(year.grade)
    if form == "level" and slot.startswith("KT_"):
        return "test"
    return form


def require_slot(regulation: Regulation, text: str) -> str:
    """The slot a text names. Raises Refused(`unknown_slot`) where the regulation has none such."""
    slot, allowed = slot_name(text), allowed_slots(regulation)
    if slot not in allowed:
        raise Refused(
            "unknown_slot",
            f"{regulation} has no such slot",
            field="slot",
            suggestion=", ".join(allowed) or "no marks are given in this grade",
        )
    return slot


def term_of(regulation: Regulation, semester: int) -> int:
    """The term a mark stands in: 1 or 2, and 0 in primary schools, whose slots name the time.

    Raises:
        Refused: `unknown_semester`.
    """
    if regulation in PRIMARY:
        if semester:
            raise Refused(
                "unknown_semester",
                f"{regulation} has no terms: the slot names the time",
                field="semester",
                suggestion="leave the term empty",
            )
    elif semester not in (1, 2):
        raise Refused("unknown_semester", "a term is 1 or 2", field="semester")
    return semester


def _value(command: MarkLine, components: Sequence[Component], form: Form) -> str:
    """The mark as given, or as its components give it where no mark is given."""
    if command.value:
        return parse_mark(command.value, form)
    derived = combined(components, form) if components else None
    if derived is None:
        raise Refused("missing_value", "column value may not be empty", field="value")
    return derived


def _doubts(
    command: MarkLine, mark: EnterMark, school_class: SchoolClass, settings: Settings
) -> list[Refused]:
    """What is odd about a sound mark: it is taken in, and shown."""
    doubts = []
    calendar = settings.calendar(SchoolYear.parse(school_class.school_year))
    if mark.semester == 2 and mark.effective_on < calendar.term_2_from - _TERM_SLACK:
        doubts.append(
            Refused(
                "mark_outside_term",
                f"a mark of term 2, which begins on {calendar.term_2_from}",
                field="effective_on",
                suggestion="mend the day or the term",
            )
        )
    if command.value and mark.components:
        derived = combined(mark.components, mark.form)
        if derived not in (mark.value, None):
            doubts.append(
                Refused(
                    "components_differ",
                    "the parts give another mark than the one stated, which is kept",
                    field="components",
                    suggestion=derived,
                )
            )
    return doubts


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


def offered_year(reader: Reader, released: Pupil, year: PupilYear) -> PupilYear:
    """The year of a released pupil with what was proposed before: further proposals are decided
    from it."""
    if not year.proposals:
        return year
    return reader.offered_year(released, year.school_year) or year


def without_closings(year: PupilYear) -> PupilYear:
    """The year with no period closed."""
    return year.model_copy(update={"closings": ()})


def keep_as_proposal(
    reader: Reader, batch: Batch, line: Line[C], year: PupilYear, events: Sequence[Event]
) -> None:
    """Keeps what a line decided as a proposal to whoever has custody, and lists the line. It goes
    there when a person sends it: a class's late tests make one supplement, not thirty."""
    pupil = reader.pupils([year.pupil])[year.pupil]
    case = pupil.released[0] if pupil is not None and pupil.released is not None else "CASE"
    refused = Refused(
        "pupil_released",
        "the pupil's record was released: the line is kept as a proposal to the new school",
        field="pupil_key",
        suggestion=f"send it: hocba transfer supplement {case}; the new school decides about it",
    )
    proposals = [year_decisions.propose(event) for event in events]
    batch.accept(
        line,
        [(year_ref(reader, year.pupil, year.school_year), proposals)],
        fate="proposed" if proposals else "unchanged",
        refused=refused if proposals else None,
    )


def slot_name(text: str) -> str:
    """A slot as the rules name it, however somebody wrote it."""
    return text.strip().upper()
