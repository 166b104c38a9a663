"""Batches about pupils: who they are, which numbers they bear, where they are enrolled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import get_args
from uuid import UUID

from ledger import ids, personal_number, pupil, pupil_year
from ledger.assessment.regime import regulation_for
from ledger.batch import Batch, Line
from ledger.codes import Programme
from ledger.desk import Reader
from ledger.errors import Refused
from ledger.event import Event, Note, StreamKind
from ledger.events.pupil import (
    EnrolmentKind,
    Identifier,
    IdentifierAssigned,
    IdentifierKind,
    IdentityChecked,
    IdentityConflictFound,
    PupilContacts,
    PupilDetailsChanged,
    PupilProfile,
    PupilRegistered,
)
from ledger.events.pupil_year import PupilYearOpened
from ledger.events.staff import IdentityStatus
from ledger.ids import uuid7
from ledger.pupil import ChangeStatus, Enrol, Pupil
from ledger.pupil_year import PupilYear
from ledger.recorder import StreamRef
from ledger.school_class import SchoolClass
from ledger.school_year import SchoolYear
from ledger.structure import require_class

UNIQUE_KINDS: frozenset[IdentifierKind] = frozenset({"personal_id", "moet", "passport"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """An identifier to be borne: kind, normalised value, issuer, days."""

    kind: IdentifierKind
    value: str
    issuer: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordPupil:
    """A pupil as a list names them. `key` and `source` are the sender's own local key."""

    key: str
    source: str
    profile: PupilProfile
    contacts: PupilContacts | None
    numbers: tuple[Number, ...]
    identity: IdentityStatus | None
    identity_checked_at: datetime | None
    identity_reason: str | None
    effective_on: date

    @property
    def local(self) -> tuple[str, str]:
        """What the local key is looked up by."""
        return local_key(self.key, self.source)


def local_key(key: str, source: str) -> tuple[str, str]:
    """(kind, value) under which a sender's key is looked up; unique per (ledger, source)."""
    return "local", f"{source}\0{key}"


def any_source_key(key: str) -> tuple[str, str]:
    """(kind, value) under which every pupil with this local key is found, whatever the source."""
    return "local_any", key


def record_pupils(reader: Reader, batch: Batch, lines: Sequence[Line[RecordPupil]]) -> None:
    """Registers pupils, or records what is new about them.

    A personal number that contradicts sex or birth year, or that another pupil bears, is a
    warning and a recorded conflict, never a refusal.
    """
    wanted = {line.command.local for line in lines}
    wanted |= {(n.kind, n.value) for line in lines for n in line.command.numbers}
    holders = reader.find(wanted)
    known = {key: found[0] for key, found in holders.items() if key[0] == "local" and found}
    states = reader.pupils(known.values())
    for line in lines:
        command = line.command
        person = known.get(command.local)
        if person is None:
            person = uuid7()
            known[command.local] = person
            ref = reader.begin(pupil_ref(reader, person))
            events: list[Event] = _registration(person, command)
            batch.plan.lookups.append(("local", reader.keyring.token(*command.local), person))
            anywhere = any_source_key(command.key)
            batch.plan.lookups.append((anywhere[0], reader.keyring.token(*anywhere), person))
        else:
            ref = pupil_ref(reader, person)
            state = states.get(person)
            if state is not None and state.released is not None:
                batch.reject(line, _released())
                continue
            events = [_details(command)]
        more, warnings = _numbers(reader, batch, person, command, holders)
        batch.accept(line, [(ref, [*events, *more, *_identity(command)])], warnings=warnings)


def pupil_ref(reader: Reader, person: UUID) -> StreamRef:
    """The pupil's own stream in this ledger."""
    return StreamRef(person, StreamKind.PUPIL, reader.ledger, person)


def year_ref(reader: Reader, person: UUID, school_year: str) -> StreamRef:
    """The pupil's stream of that school year in this ledger."""
    return reader.ref(
        ids.year_stream(reader.ledger, person, school_year),
        StreamKind.PUPIL_YEAR,
        person=person,
        school_year=school_year,
    )


def _registration(person: UUID, command: RecordPupil) -> list[Event]:
    local = Identifier(kind="local", value=command.key, issuer=command.source)
    return [
        PupilRegistered(
            effective_on=command.effective_on,
            pupil_id=person,
            statutory=command.profile,
            voluntary=command.contacts,
        ),
        IdentifierAssigned(
            effective_on=command.effective_on, kind="local", valid_to=None, statutory=local
        ),
    ]


def _details(command: RecordPupil) -> Event:
    return PupilDetailsChanged(
        effective_on=command.effective_on, statutory=command.profile, voluntary=command.contacts
    )


def _numbers(
    reader: Reader,
    batch: Batch,
    person: UUID,
    command: RecordPupil,
    holders: dict[tuple[str, str], list[UUID]],
) -> tuple[list[Event], list[Refused]]:
    events: list[Event] = []
    warnings: list[Refused] = []
    for number in command.numbers:
        found = holders[number.kind, number.value]
        if person in found:
            continue
        events.append(_assigned(number, command.effective_on))
        batch.plan.lookups.append(
            (number.kind, reader.keyring.token(number.kind, number.value), person)
        )
        if number.kind in UNIQUE_KINDS and found:
            events.append(
                IdentityConflictFound(
                    effective_on=command.effective_on,
                    code="number_of_another_pupil",
                    other=found[0],
                )
            )
            warnings.append(
                Refused(
                    "number_of_another_pupil",
                    "another pupil on record bears this number",
                    field="personal_id" if number.kind == "personal_id" else number.kind,
                    suggestion="both are kept; settle which one is right",
                )
            )
        found.append(person)
        if number.kind == "personal_id":
            for code in _contradictions(number.value, command.profile):
                events.append(
                    IdentityConflictFound(effective_on=command.effective_on, code=code, other=None)
                )
                warnings.append(
                    Refused(code, "the number contradicts the profile", field="personal_id")
                )
    return events, warnings


def _contradictions(number: str, profile: PupilProfile) -> list[str]:
    year = int(profile.birth_date[:4])
    return [str(code) for code in personal_number.check(number, profile.sex, year)]


def _assigned(number: Number, on: date) -> Event:
    return IdentifierAssigned(
        effective_on=number.valid_from or on,
        kind=number.kind,
        valid_to=number.valid_to,
        statutory=Identifier(kind=number.kind, value=number.value, issuer=number.issuer),
    )


def _identity(command: RecordPupil) -> list[Event]:
    if command.identity is None:
        return []
    return [
        IdentityChecked(
            effective_on=(
                command.identity_checked_at.date()
                if command.identity_checked_at
                else command.effective_on
            ),
            status=command.identity,
            checked_at=command.identity_checked_at,
            statutory=Note(text=command.identity_reason) if command.identity_reason else None,
        )
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class AssignNumber:
    """One more identifier of a pupil."""

    pupil: UUID
    number: Number
    effective_on: date


def assign_numbers(reader: Reader, batch: Batch, lines: Sequence[Line[AssignNumber]]) -> None:
    """Records identifiers; a number another pupil bears is a recorded conflict."""
    states = reader.pupils(line.command.pupil for line in lines)
    holders = reader.find((line.command.number.kind, line.command.number.value) for line in lines)
    for line in lines:
        number, person = line.command.number, line.command.pupil
        state = states[person]
        if state is not None and state.released is not None:
            batch.reject(line, _released())
            continue
        found = holders[number.kind, number.value]
        events: list[Event] = []
        warnings: list[Refused] = []
        if person not in found:
            events.append(_assigned(number, line.command.effective_on))
            token = reader.keyring.token(number.kind, number.value)
            batch.plan.lookups.append((number.kind, token, person))
            if number.kind in UNIQUE_KINDS and found:
                events.append(
                    IdentityConflictFound(
                        effective_on=line.command.effective_on,
                        code="number_of_another_pupil",
                        other=found[0],
                    )
                )
                warnings.append(
                    Refused(
                        "number_of_another_pupil",
                        "another pupil on record bears this number",
                        field="value",
                    )
                )
            found.append(person)
        batch.accept(line, [(pupil_ref(reader, person), events)], warnings=warnings)


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
                raise _unknown_pupil()
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


def _unknown_pupil() -> Refused:
    return Refused(
        "unknown_pupil",
        "no pupil is on record under this key",
        field="pupil_key",
        suggestion="import the pupil first, or mend key or source",
    )


def _released() -> Refused:
    return Refused(
        "pupil_released",
        "the pupil's record was released to another ledger",
        field="pupil_key",
        suggestion="the new school records this",
    )
