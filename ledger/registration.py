"""Batches about pupils: who they are, which numbers they bear, where they are enrolled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from ledger import ids, personal_number
from ledger.batch import Batch, Line
from ledger.errors import Refused
from ledger.event import Event, Note, StreamKind
from ledger.events.pupil import (
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
from ledger.events.staff import IdentityStatus
from ledger.ids import uuid7
from ledger.reader import Reader
from ledger.recorder import StreamRef

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


def unknown_pupil() -> Refused:
    """Nobody is on record under the key given."""
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
