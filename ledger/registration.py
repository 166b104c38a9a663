"""Batches about pupils: who they are, which numbers they bear, where they are enrolled."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from ledger import ids, places
from ledger.batch import Batch, Line
from ledger.errors import Refused
from ledger.event import Event, StreamKind
from ledger.events.pupil import (
    Identifier,
    IdentifierAssigned,
    Place,
    PupilContacts,
    PupilDetailsChanged,
    PupilProfile,
    PupilRegistered,
)
from ledger.events.staff import IdentityStatus
from ledger.identifiers import Number as Number
from ledger.identifiers import Register, contradict, profiles_of
from ledger.identity_check import Check, Past, decide_check, pasts
from ledger.ids import uuid7
from ledger.profile_merge import Details, details_of, merge
from ledger.pupil import Pupil
from ledger.reader import Reader
from ledger.recorder import StreamRef
from ledger.text import proposed_casing


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordPupil:
    """A pupil as a list names them. `key` and `source` are the sender's own local key. Of one
    already on record a list that `keeps` changes only what it says: a field it leaves empty keeps
    its value."""

    key: str
    source: str
    profile: PupilProfile
    contacts: PupilContacts | None
    numbers: tuple[Number, ...]
    identity: IdentityStatus | None
    identity_checked_at: datetime | None
    identity_reason: str | None
    effective_on: date
    keeps: bool = False

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
    warning and a recorded conflict, never a refusal. So are a name whose casing is lost and a
    place code of two meanings: they are kept as given.
    """
    holders = reader.find({line.command.local for line in lines})
    known = {key: found[0] for key, found in holders.items() if found}
    states = reader.pupils(known.values())
    register = Register(reader, batch.plan, (n for line in lines for n in line.command.numbers))
    checked = [
        known[key]
        for key in (ln.command.local for ln in lines if ln.command.identity)
        if key in known
    ]
    past = pasts(reader, checked)
    kept = {ln.command.local for ln in lines if ln.command.keeps}
    details = details_of(reader, {known[key] for key in kept if key in known})
    for line in lines:
        command = line.command
        person = known.get(command.local)
        state = states.get(person) if person is not None else None
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
            if state is not None and state.released is not None:
                batch.reject(line, released())
                continue
            command, events = _restated(command, details.get(person))
            if command.keeps:
                details[person] = Details(command.profile, command.contacts)
        try:
            more, warnings = _numbers(register, person, state, command)
        except Refused as refused:
            batch.reject(line, refused)
            continue
        events += [*more, *_identity(past.setdefault(person, Past()), command)]
        warnings += [*_casing(command.profile), *_places(command.profile)]
        batch.accept(line, [(ref, events)], warnings=warnings)


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


def _restated(command: RecordPupil, present: Details | None) -> tuple[RecordPupil, list[Event]]:
    """The command with what it keeps filled in, and the entry that states the profile anew; none
    where it keeps everything as it is."""
    if command.keeps and present is not None:
        whole = merge(present, Details(command.profile, command.contacts))
        assert whole.profile is not None  # the command's own, at least
        command = replace(command, profile=whole.profile, contacts=whole.contacts)
        if whole == present:
            return command, []
    restated = PupilDetailsChanged(
        effective_on=command.effective_on, statutory=command.profile, voluntary=command.contacts
    )
    return command, [restated]


def _numbers(
    register: Register, person: UUID, state: Pupil | None, command: RecordPupil
) -> tuple[list[Event], list[Refused]]:
    events: list[Event] = []
    warnings: list[Refused] = []
    on = command.effective_on
    for number in command.numbers:
        for found, warned in (
            register.assign(person, state, number, on=on, field=number.kind),
            contradict(state, number, command.profile, on=on, field=number.kind),
        ):
            events += found
            warnings += warned
    return events, warnings


def _identity(past: Past, command: RecordPupil) -> list[Event]:
    if command.identity is None:
        return []
    check = Check(
        status=command.identity,
        checked_at=command.identity_checked_at,
        note=command.identity_reason,
        follow_up=None,
    )
    return decide_check(past, check, staff=False, since=command.effective_on)


_NAMES = ("full_name", "father_name", "mother_name", "guardian_name")
_PLACES = ("birth_place", "home_town", "residence")


def _casing(profile: PupilProfile) -> list[Refused]:
    """Warnings of names all in capitals or small letters. The proposal repeats the name, as the
    answer to an import repeats every cell at fault: it goes to the sender and into no log."""
    return [
        Refused(
            "name_casing",
            "the name is all in capitals or all in small letters; it is kept as given",
            field=field,
            suggestion=proposed,
        )
        for field in _NAMES
        if (proposed := proposed_casing(getattr(profile, field) or "")) is not None
    ]


def _places(profile: PupilProfile) -> list[Refused]:
    """Warnings of province codes that were reused on 1 July 2025 and stand beside no province's
    name (domain reference, 4.5)."""
    warnings = []
    for field in _PLACES:
        place: Place = getattr(profile, field)
        if place.code is not None and places.is_ambiguous(place):
            old, new = places.readings(place.code) or ("", "")
            warnings.append(
                Refused(
                    "ambiguous_code",
                    "the province code means another one since 2025-07-01; it is kept as given",
                    field=f"{field}_code",
                    suggestion=f"name the province in the text: {old} (before) or {new} (since)",
                )
            )
    return warnings


@dataclass(frozen=True, kw_only=True, slots=True)
class AssignNumber:
    """One more identifier of a pupil."""

    pupil: UUID
    number: Number
    effective_on: date


def assign_numbers(reader: Reader, batch: Batch, lines: Sequence[Line[AssignNumber]]) -> None:
    """Records identifiers and their days; a number that another pupil bears on one of those days,
    or that contradicts the profile, is a warning and a recorded conflict."""
    states = reader.pupils(line.command.pupil for line in lines)
    register = Register(reader, batch.plan, (line.command.number for line in lines))
    personal = {ln.command.pupil for ln in lines if ln.command.number.kind == "personal_id"}
    profiles = profiles_of(reader, personal)
    for line in lines:
        number, person, on = line.command.number, line.command.pupil, line.command.effective_on
        state = states[person]
        if state is not None and state.released is not None:
            batch.reject(line, released())
            continue
        try:
            events, warnings = register.assign(person, state, number, on=on, field="value")
        except Refused as refused:
            batch.reject(line, refused)
            continue
        profile = profiles.get(person)
        more, further = contradict(state, number, profile, on=on, field="value")
        writes = [(pupil_ref(reader, person), [*events, *more])]
        batch.accept(line, writes, warnings=[*warnings, *further])


def unknown_pupil() -> Refused:
    """Nobody is on record under the key given."""
    return Refused(
        "unknown_pupil",
        "no pupil is on record under this key",
        field="pupil_key",
        suggestion="import the pupil first, or mend key or source",
    )


def released() -> Refused:
    """Another ledger manages the pupil's record now."""
    return Refused(
        "pupil_released",
        "the pupil's record was released to another ledger",
        field="pupil_key",
        suggestion="the new school records this",
    )
