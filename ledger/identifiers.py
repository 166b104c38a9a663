"""Identifiers with their days: who bears which number from when until when, and what a list adds.

The look-up table has no days and the states hold nothing personal, so the days are read from the
pupils' own entries and opened. A number found under a pupil in whose entries of this ledger it does
not stand came with a transfer: it counts as borne on every day.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from ledger import log, personal_number
from ledger.envelope import unseal
from ledger.errors import Refused
from ledger.event import Category, Event
from ledger.events.pupil import (
    Identifier,
    IdentifierAssigned,
    IdentifierEnded,
    IdentifierKind,
    IdentifierRestated,
    IdentityConflictFound,
    PupilDetailsChanged,
    PupilProfile,
    PupilRegistered,
)
from ledger.log import Entry
from ledger.plan import Plan
from ledger.pupil import Pupil
from ledger.reader import Reader

SINCE_EVER = date(1900, 1, 1)
"""The day from which a fact counts whose list gives no day (a unit's opening, a person's profile).

Not the day of the import: a roster or transcript on a past date would then have no names. Not
the birth date either: `effective_on` stays readable in the entry, and a birth date is personal.
"""

UNIQUE_KINDS: frozenset[IdentifierKind] = frozenset({"personal_id", "moet", "passport"})
"""Kinds of which no two persons bear one number at a time."""

IdentifierTold = IdentifierAssigned | IdentifierRestated | IdentifierEnded
TOPICS = [IdentifierAssigned.TOPIC, IdentifierRestated.TOPIC, IdentifierEnded.TOPIC]
_PROFILE_TOPICS = [PupilRegistered.TOPIC, PupilDetailsChanged.TOPIC]


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """An identifier to be borne: kind, normalised value, issuer, days."""

    kind: IdentifierKind
    value: str
    issuer: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What it is looked up by."""
        return self.kind, self.value


@dataclass(frozen=True, slots=True)
class Bearing:
    """The days [start, end) on which an identifier is borne; `end` None while it is."""

    kind: IdentifierKind
    value: str
    issuer: str | None
    start: date
    end: date | None

    def touches(self, start: date, end: date | None) -> bool:
        """Whether the days [start, end) overlap or adjoin these."""
        return (end is None or self.start <= end) and (self.end is None or start <= self.end)

    def overlaps(self, start: date, end: date | None) -> bool:
        """Whether the two share a day."""
        return (end is None or self.start < end) and (self.end is None or start < self.end)

    def on(self, day: date) -> bool:
        """Whether the identifier is borne on `day`."""
        return self.start <= day and (self.end is None or day < self.end)


def fold(
    known: Sequence[Bearing], told: IdentifierTold, identifier: Identifier
) -> tuple[Bearing, ...]:
    """What is borne after `told`, whose opened part is `identifier`. Days that touch are one
    time; an end cuts the time it falls into."""
    same = [b for b in known if (b.kind, b.value) == (identifier.kind, identifier.value)]
    others = [b for b in known if b not in same]
    if isinstance(told, IdentifierEnded):
        day = told.effective_on
        same = [replace(b, end=day) if b.start < day and b.touches(day, None) else b for b in same]
        return (*others, *same)
    start, end = told.effective_on, told.valid_to
    joined = [b for b in same if b.touches(start, end)]
    ends = [end, *(b.end for b in joined)]
    whole = Bearing(
        kind=identifier.kind,
        value=identifier.value,
        issuer=identifier.issuer,
        start=min([start, *(b.start for b in joined)]),
        end=None if None in ends else max(day for day in ends if day is not None),
    )
    return (*others, *(b for b in same if b not in joined), whole)


def decide_number(known: Sequence[Bearing], number: Number, *, since: date) -> list[Event]:
    """The entries for an identifier that a list gives, beside what the pupil bears of it; one
    without a first day is borne from `since` on.

    An identifier without days says nothing new where it was borne before; one with days adds the
    days not known yet, and with an earlier end it ends then.

    Raises:
        Refused: `empty_period`, the end is not after the beginning.
    """
    same = sorted((b for b in known if (b.kind, b.value) == number.key), key=lambda b: b.start)
    start, end = number.valid_from, number.valid_to
    if not same:
        return [_told(IdentifierAssigned, number, _days(start or since, end))]
    if start is None and end is None:
        return []
    start = start or same[-1].start
    days = _days(start, end)
    told: list[Event] = []
    around = [b for b in same if b.touches(*days)]
    whole = around[-1] if around else None
    if whole is None or start < whole.start or _later(end, whole.end):
        restated = _told(IdentifierRestated, number, days)
        told.append(restated)
        whole = fold(same, restated, _identifier(number))[-1]
    if end is not None and _later(whole.end, end):
        told.append(
            IdentifierEnded(effective_on=end, kind=number.kind, statutory=_identifier(number))
        )
    return told


def _later(one: date | None, other: date | None) -> bool:
    """Whether the end `one` is after `other`; None is never."""
    return other is not None and (one is None or one > other)


def _days(start: date, end: date | None) -> tuple[date, date | None]:
    if end is not None and end <= start:
        raise Refused(
            "empty_period",
            "the identifier's last day is not after its first",
            field="valid_to",
            suggestion="valid_to is the first day on which it is no longer borne",
        )
    return start, end


def _told(
    model: type[IdentifierAssigned] | type[IdentifierRestated],
    number: Number,
    days: tuple[date, date | None],
) -> IdentifierAssigned | IdentifierRestated:
    return model(
        effective_on=days[0], kind=number.kind, valid_to=days[1], statutory=_identifier(number)
    )


def _identifier(number: Number) -> Identifier:
    return Identifier(kind=number.kind, value=number.value, issuer=number.issuer)


class Register:
    """Who bears the numbers of a batch, as recorded and as decided so far in it."""

    def __init__(self, reader: Reader, plan: Plan, numbers: Iterable[Number]) -> None:
        """Looks up `numbers` and opens what their bearers bear; `plan` takes the look-ups."""
        self._reader = reader
        self._plan = plan
        self._holders = reader.find({number.key for number in numbers})
        persons = {person for found in self._holders.values() for person in found}
        self._states = reader.pupils(persons)
        self._borne = borne_by(reader, persons)

    def assign(
        self, person: UUID, state: Pupil | None, number: Number, *, on: date, field: str
    ) -> tuple[list[Event], list[Refused]]:
        """The entries that give `number` to a pupil, from `on` where it has no day of its own;
        with the conflict where another one bears it too, and the warning (at the column `field`)
        that says so.

        Raises:
            Refused: as `decide_number`.
        """
        found = self._holders.setdefault(number.key, [])
        events = decide_number(self._bearings(person, number), number, since=on)
        self._remember(person, number, events)
        if person not in found:
            token = self._reader.keyring.token(number.kind, number.value)
            self._plan.lookups.append((number.kind, token, person))
            found.append(person)
        warnings: list[Refused] = []
        if number.kind in UNIQUE_KINDS and not all(isinstance(e, IdentifierEnded) for e in events):
            conflict = self._other_bearer(person, state, number)
            if conflict is not None and not _recorded(state, "number_of_another_pupil", conflict):
                events.append(
                    IdentityConflictFound(
                        effective_on=number.valid_from or on,
                        code="number_of_another_pupil",
                        other=conflict,
                    )
                )
                warnings.append(_shared(field))
        return events, warnings

    def _bearings(self, person: UUID, number: Number) -> tuple[Bearing, ...]:
        known = tuple(b for b in self._borne.get(person, ()) if (b.kind, b.value) == number.key)
        if known or person not in self._holders[number.key]:
            return known
        return (Bearing(number.kind, number.value, number.issuer, date.min, None),)

    def _remember(self, person: UUID, number: Number, events: Sequence[Event]) -> None:
        for event in events:
            assert isinstance(event, IdentifierTold)
            known = self._borne.get(person, ())
            self._borne[person] = fold(known, event, _identifier(number))

    def _other_bearer(self, person: UUID, state: Pupil | None, number: Number) -> UUID | None:
        """Another pupil who bears the number on one of the days; a record linked to this one is
        no other pupil. Without a first day of its own, only a number still borne is shared."""
        linked = {link.pupil for link in state.links} if state else set()
        for other in self._holders[number.key]:
            if other == person or other in linked:
                continue
            for bearing in self._bearings(other, number):
                if number.valid_from is None and bearing.end is not None:
                    continue
                if bearing.overlaps(number.valid_from or date.min, number.valid_to):
                    return other
        return None


def _recorded(state: Pupil | None, code: str, other: UUID | None) -> bool:
    return state is not None and (code, other) in state.conflicts


def _shared(field: str) -> Refused:
    return Refused(
        "number_of_another_pupil",
        "another pupil on record bears this number",
        field=field,
        suggestion="both are kept; settle which one is right",
    )


def contradictions(number: str, profile: PupilProfile) -> list[str]:
    """The codes of what a personal number contradicts in a profile; none for a bad number."""
    try:
        found = personal_number.check(number, profile.sex, int(profile.birth_date[:4]))
    except Refused:
        return []
    return [str(code) for code in found]


def contradict(
    state: Pupil | None, number: Number, profile: PupilProfile | None, *, on: date, field: str
) -> tuple[list[Event], list[Refused]]:
    """The conflicts of a personal number with a profile that are not on record, with a warning
    each: numbers are issued from what was known then, so none of them is a refusal."""
    events: list[Event] = []
    warnings: list[Refused] = []
    if number.kind != "personal_id" or profile is None:
        return events, warnings
    for code in contradictions(number.value, profile):
        if not _recorded(state, code, None):
            events.append(IdentityConflictFound(effective_on=on, code=code, other=None))
            warnings.append(Refused(code, "the number contradicts the profile", field=field))
    return events, warnings


def borne_by(reader: Reader, persons: Collection[UUID]) -> dict[UUID, tuple[Bearing, ...]]:
    """What pupils bear by their own entries here, opened; an erased pupil bears nothing."""
    borne: dict[UUID, tuple[Bearing, ...]] = {}
    if not persons:
        return borne
    entries = log.of_streams(reader.connection, list(persons), size=reader.size, topics=TOPICS)
    for entry, clear in zip(entries, opened(reader, entries), strict=True):
        if clear is not None and isinstance(entry.event, IdentifierTold):
            known = borne.get(entry.stream.id, ())
            identifier = Identifier.model_validate(clear)
            borne[entry.stream.id] = fold(known, entry.event, identifier)
    return borne


def profiles_of(reader: Reader, persons: Collection[UUID]) -> dict[UUID, PupilProfile]:
    """The newest profile of each pupil's own record, opened; none of an erased one."""
    newest = newest_profiles(reader, persons)
    clear = opened(reader, list(newest.values()))
    return {
        person: PupilProfile.model_validate(profile)
        for person, profile in zip(newest, clear, strict=True)
        if profile is not None
    }


def newest_profiles(reader: Reader, persons: Collection[UUID]) -> dict[UUID, Entry]:
    """The entry that states the newest profile of each pupil's own record."""
    if not persons:
        return {}
    entries = log.of_streams(
        reader.connection, list(persons), size=reader.size, topics=_PROFILE_TOPICS
    )
    return {entry.stream.id: entry for entry in entries}


def opened(
    reader: Reader, entries: Sequence[Entry], *, part: Category = "statutory"
) -> list[dict[str, Any] | None]:
    """A personal part of entries in clear, for a decision made from them; None where an entry
    has none or its person was erased."""
    sealed = [entry.envelope.personal.get(part) for entry in entries]
    reader.keyring.fetch(reader.connection, (one.key_id for one in sealed if one is not None))
    return [
        None
        if one is None
        else unseal(
            one,
            author=entry.envelope.author,
            stream=entry.stream.id,
            topic=entry.envelope.topic,
            keys=reader.keyring,
        )
        for entry, one in zip(entries, sealed, strict=True)
    ]
