"""Batches about where pupils are: enrolments, class changes, leavings, course sections."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import get_args
from uuid import UUID

from ledger import enrolment, pupil, pupil_year, stay_warnings
from ledger.assessment.regime import regulation_for
from ledger.batch import Batch, Line
from ledger.codes import Programme
from ledger.errors import Refused
from ledger.event import Event
from ledger.events.pupil import EnrolmentKind
from ledger.events.pupil_year import PupilYearOpened
from ledger.pupil import ChangeStatus, Enrol, Pupil
from ledger.pupil_year import PupilYear
from ledger.reader import Reader
from ledger.recorder import StreamRef
from ledger.registration import pupil_ref, unknown_pupil, year_ref
from ledger.school_class import SchoolClass
from ledger.school_year import SchoolYear
from ledger.stay_warnings import Earlier
from ledger.structure import require_class
from ledger.succession import Units, same_school, with_successors


@dataclass(frozen=True, kw_only=True, slots=True)
class EnrolInClass:
    """A line of enrolments: the class gives school, year, grade and programme."""

    pupil: UUID
    class_code: str
    kind: str
    effective_on: date
    grade: int | None
    note: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class EnrolAtSchool:
    """An enrolment without a homeroom class."""

    pupil: UUID
    school_code: str
    school_year: str
    grade: int
    programme: str
    kind: str
    effective_on: date


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusLine:
    """A line of statuses."""

    pupil: UUID
    change: ChangeStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class SectionLine:
    """A stay in a course section until a day (exclusive)."""

    pupil: UUID
    class_code: str
    start: date
    until: date | None


Movement = EnrolInClass | EnrolAtSchool | StatusLine | SectionLine


@dataclass(frozen=True, slots=True)
class Moved:
    """What a line decided: entries of the pupil, the year's frame, what is odd about it."""

    events: list[Event]
    opening: PupilYearOpened | None = None
    warnings: Sequence[Refused] = ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the lines of a batch are decided from beside the pupils."""

    classes: dict[str, SchoolClass | None]
    years: dict[tuple[UUID, str], PupilYear | None]
    units: Units


def move_pupils(reader: Reader, batch: Batch, lines: Sequence[Line[Movement]]) -> None:
    """Enrols, moves and dismisses pupils; the caller gives each pupil's lines in the order of
    their days, so that a leaving finds the entry before it.

    What is odd but possible is accepted with a warning (`ledger.stay_warnings`).
    """
    commands = [line.command for line in lines]
    states = reader.pupils(command.pupil for command in commands)
    around = _surroundings(reader, commands, states)
    for line in lines:
        command = line.command
        try:
            state = states[command.pupil]
            if state is None:
                raise unknown_pupil()
            moved = _movement(reader, state, command, around)
        except Refused as refused:
            batch.reject(line, refused)
            continue
        for offset, event in enumerate(moved.events, 1):
            states[command.pupil] = pupil.evolve(
                states[command.pupil], event, len(state.changes) + offset + 1_000_000
            )
        writes: list[tuple[StreamRef, Sequence[Event]]] = [
            (pupil_ref(reader, command.pupil), moved.events)
        ]
        if moved.opening is not None:
            key = (command.pupil, moved.opening.school_year)
            writes.append((year_ref(reader, *key), [moved.opening]))
            around.years[key] = pupil_year.evolve(around.years[key], moved.opening, 1)
        batch.accept(line, writes, warnings=moved.warnings)


def _surroundings(
    reader: Reader, commands: Sequence[Movement], states: dict[UUID, Pupil | None]
) -> Surroundings:
    codes = {c.class_code for c in commands if isinstance(c, (EnrolInClass, SectionLine))}
    for command in commands:
        state = states[command.pupil]
        if isinstance(command, EnrolInClass) and command.kind == "class_change" and state:
            codes |= {change.class_code for change in state.changes if change.class_code}
    classes = reader.classes(codes)
    years = reader.years(
        {(c.pupil, y) for c in commands if (y := _year_of(c, classes)) is not None}, columns=()
    )
    schools = {known.school_code for known in classes.values() if known is not None}
    schools |= {change.school for state in states.values() if state for change in state.changes}
    schools |= {c.change.school_code for c in commands if isinstance(c, StatusLine)}
    schools |= {c.school_code for c in commands if isinstance(c, EnrolAtSchool)}
    return Surroundings(classes, years, with_successors(reader.units, schools - {""}))


def _movement(reader: Reader, state: Pupil, command: Movement, around: Surroundings) -> Moved:
    match command:
        case StatusLine():
            change = _at_school_held(state, command.change, around.units)
            events = pupil.decide_status(state, change)
            return Moved(events, warnings=stay_warnings.of_status(change) if events else ())
        case SectionLine():
            section = require_class(around.classes, command.class_code)
            return Moved(pupil.decide_section(state, section, command.start, command.until))
        case EnrolInClass():
            enrol = _enrolment_in(state, command, around)
        case EnrolAtSchool():
            enrol = Enrol(
                kind=_kind(command.kind),
                school_code=command.school_code,
                school_class=None,
                school_year=command.school_year,
                grade=command.grade,
                programme=command.programme,
                effective_on=command.effective_on,
            )
    events = pupil.decide_enrolment(state, enrol, around.units)
    if not events:
        return Moved(events)
    earlier = _earlier(reader, state, enrol) if enrol.kind == "intake" else Earlier()
    return Moved(
        events,
        opening=opening_of(state, around.years.get((state.id, enrol.school_year)), enrol),
        warnings=stay_warnings.of_enrolment(state, enrol, around.units, earlier),
    )


def _enrolment_in(state: Pupil, command: EnrolInClass, around: Surroundings) -> Enrol:
    """The enrolment that a line about a class means.

    Raises:
        Refused: `unknown_class`, `class_closed`, `unknown_kind`.
    """
    school_class = require_class(around.classes, command.class_code)
    closed = school_class.closed_on
    if closed is not None and command.effective_on >= closed:
        raise Refused(
            "class_closed",
            f"class {school_class.code} closed on {closed}",
            field="class_code",
            suggestion=" or ".join(school_class.successors) or "name the class that goes on",
        )
    return Enrol(
        kind=_kind(command.kind),
        school_code=school_class.school_code,
        school_class=school_class,
        school_year=school_class.school_year,
        grade=command.grade or _own_grade(state, command, around) or school_class.grade,
        programme=school_class.programme,
        effective_on=command.effective_on,
        note=command.note,
    )


def _own_grade(state: Pupil, command: EnrolInClass, around: Surroundings) -> int | None:
    """The grade that a pupil of a mixed class (lớp ghép) takes along into another class."""
    if command.kind != "class_change":
        return None
    here = enrolment.on_day(state.segments, command.effective_on)
    held = around.classes.get(here.class_code) if here and here.class_code else None
    return here.grade if here and held and held.grade != here.grade else None


def _at_school_held(state: Pupil, change: ChangeStatus, units: Units) -> ChangeStatus:
    """The change under the code of the stay it is about, where the line names the school by a
    code it had before or has since."""
    here = enrolment.on_day(state.segments, change.effective_on)
    codes = [here.school] if here is not None and here.school is not None else []
    codes += [known.school for known in reversed(state.changes)]
    for code in codes:
        if same_school(units, code, change.school_code, change.effective_on):
            return replace(change, school_code=code)
    return change


def _earlier(reader: Reader, state: Pupil, enrol: Enrol) -> Earlier:
    """What came before an intake, in this record and in those linked to it: nothing is typed
    again (letter L6)."""
    linked = reader.pupils(link.pupil for link in state.links).values()
    records = [state, *(known for known in linked if known is not None)]
    year = SchoolYear.parse(enrol.school_year).previous.label
    parts = reader.contributions(state, year)
    return Earlier(
        changes=tuple(change for record in records for change in record.changes),
        grade=parts[-1].year.grade if parts else None,
    )


def opening_of(state: Pupil, year: PupilYear | None, enrol: Enrol) -> PupilYearOpened | None:
    """The year's frame, fixed by the first enrolment in it; None where it stands.

    A year that was opened by a paper transcript, or whose enrolments were all retracted, gets
    its frame from this enrolment. `year` is the pupil's year on record; its slots do not matter.
    """
    opening = _opening(state.id, enrol)
    if year is None:
        return opening
    enrolled = any(
        change.school_year == enrol.school_year and change.kind in enrolment.ENTRIES
        for change in state.changes
    )
    frame = ("grade", "programme", "regulation", "class_code")
    same = all(getattr(year, field) == getattr(opening, field) for field in frame)
    return None if enrolled or (same and year.school == opening.school_code) else opening


def _opening(person: UUID, enrol: Enrol) -> PupilYearOpened:
    regulation = regulation_for(
        SchoolYear.parse(enrol.school_year), enrol.grade, Programme(enrol.programme)
    )
    return PupilYearOpened(
        effective_on=SchoolYear.parse(enrol.school_year).start,
        pupil_id=person,
        school_year=enrol.school_year,
        grade=enrol.grade,
        programme=enrol.programme,
        regulation=regulation.value,
        school_code=enrol.school_code,
        class_code=enrol.school_class.code if enrol.school_class else None,
    )


def _year_of(command: Movement, classes: dict[str, SchoolClass | None]) -> str | None:
    if isinstance(command, EnrolAtSchool):
        return command.school_year
    if isinstance(command, EnrolInClass):
        found = classes[command.class_code]
        return found.school_year if found else None
    return None


_KINDS: tuple[EnrolmentKind, ...] = get_args(EnrolmentKind)


def _kind(text: str) -> EnrolmentKind:
    for kind in _KINDS:
        if kind == text:
            return kind
    raise Refused(
        "unknown_kind", "no such kind of enrolment", field="kind", suggestion=", ".join(_KINDS)
    )
