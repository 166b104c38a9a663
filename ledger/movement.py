"""Batches about where pupils are: enrolments, class changes, leavings, course sections."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import get_args
from uuid import UUID

from ledger import pupil, pupil_year
from ledger.assessment.regime import regulation_for
from ledger.batch import Batch, Line
from ledger.codes import Programme
from ledger.errors import Refused
from ledger.event import Event
from ledger.events.pupil import (
    EnrolmentKind,
)
from ledger.events.pupil_year import PupilYearOpened
from ledger.pupil import ChangeStatus, Enrol, Pupil
from ledger.pupil_year import PupilYear
from ledger.reader import Reader
from ledger.recorder import StreamRef
from ledger.registration import pupil_ref, unknown_pupil, year_ref
from ledger.school_class import SchoolClass
from ledger.school_year import SchoolYear
from ledger.structure import require_class


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


def move_pupils(reader: Reader, batch: Batch, lines: Sequence[Line[Movement]]) -> None:
    """Enrols, moves and dismisses pupils; the caller gives each pupil's lines in the order of
    their days, so that a leaving finds the entry before it."""
    commands = [line.command for line in lines]
    states = reader.pupils(command.pupil for command in commands)
    classes = reader.classes(
        {c.class_code for c in commands if isinstance(c, (EnrolInClass, SectionLine))}
    )
    years = reader.years(
        {(c.pupil, y) for c in commands if (y := _year_of(c, classes)) is not None}, columns=()
    )
    for line in lines:
        command = line.command
        try:
            state = states[command.pupil]
            if state is None:
                raise unknown_pupil()
            events, opening = _movement(state, command, classes, years)
        except Refused as refused:
            batch.reject(line, refused)
            continue
        for offset, event in enumerate(events, 1):
            states[command.pupil] = pupil.evolve(
                states[command.pupil], event, len(state.changes) + offset + 1_000_000
            )
        writes: list[tuple[StreamRef, Sequence[Event]]] = [
            (pupil_ref(reader, command.pupil), events)
        ]
        if opening is not None:
            ref = year_ref(reader, command.pupil, opening.school_year)
            writes.append((ref, [opening]))
            years[command.pupil, opening.school_year] = pupil_year.evolve(None, opening, 1)
        batch.accept(line, writes)


def _movement(
    state: Pupil,
    command: Movement,
    classes: dict[str, SchoolClass | None],
    years: dict[tuple[UUID, str], PupilYear | None],
) -> tuple[list[Event], PupilYearOpened | None]:
    match command:
        case StatusLine():
            return pupil.decide_status(state, command.change), None
        case SectionLine():
            section = require_class(classes, command.class_code)
            return pupil.decide_section(state, section, command.start, command.until), None
        case EnrolInClass():
            school_class = require_class(classes, command.class_code)
            enrol = Enrol(
                kind=_kind(command.kind),
                school_code=school_class.school_code,
                school_class=school_class,
                school_year=school_class.school_year,
                grade=command.grade or school_class.grade,
                programme=school_class.programme,
                effective_on=command.effective_on,
                note=command.note,
            )
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
    events = pupil.decide_enrolment(state, enrol)
    if years.get((state.id, enrol.school_year)) is not None:
        return events, None
    return events, _opening(state.id, enrol)


def _opening(person: UUID, enrol: Enrol) -> PupilYearOpened:
    """The year's frame, fixed by the first enrolment in it."""
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
