"""Which pupil a key means: by keyed digest, so that no number stands in a query or an index."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from ledger import log
from ledger.database import Connection
from ledger.errors import Conflict, NotFound
from ledger.event import Sealed, StreamKind
from ledger.events.pupil import Identifier, IdentifierAssigned, PupilRegistered
from ledger.folds import evolve
from ledger.identifiers import Bearing, IdentifierTold, fold
from ledger.ledger import Ledger, SealedPart
from ledger.log import Entry
from ledger.pupil import Pupil
from ledger.reader import Reader
from ledger.registration import any_source_key, local_key
from projections.roster import DEFAULT_SOURCE


@dataclass(frozen=True, slots=True)
class Key:
    """A pupil's key: `kind` is local, id or that of a number; `source` only for a local key
    (None: any). `value` is normalised."""

    kind: str
    value: str
    source: str | None = None


def find_person(ledger: Ledger, connection: Connection, key: Key, *, size: int) -> UUID:
    """The pupil of this ledger that `key` means, registered within the prefix of `size` entries.

    A local key without a source is the default source's where that has one; else the only
    source's that has it. A number is its bearer's rather than a former bearer's; records linked
    as one pupil count as one, and the first registered of them is meant.

    Raises:
        NotFound: `unknown_pupil`.
        Conflict: `ambiguous_key`, with the sources (of a local key) or the ids to choose from.
    """
    found = _candidates(ledger, connection, key)
    persons = [person for person in found if is_registered(connection, person, size=size)]
    if len(persons) > 1 and key.kind != "local":
        persons = _bearers_of(ledger, connection, persons, key, size)
    if len(persons) == 1:
        return persons[0]
    if not persons:
        raise NotFound(
            "unknown_pupil",
            "no pupil was known under this key; mend key, source or the moment asked for",
        )
    if key.kind == "local":
        sources = sorted(
            {source for p in persons for source in _sources(ledger, connection, p, key.value, size)}
        )
        listed = ", ".join(sources)
        raise Conflict(
            "ambiguous_key", f"several pupils bear this key; name the source: local:KEY@{listed}"
        )
    listed = ", ".join(f"id:{person}" for person in persons)
    raise Conflict("ambiguous_key", f"several pupils bear this number: {listed}")


def _candidates(ledger: Ledger, connection: Connection, key: Key) -> list[UUID]:
    if key.kind == "id":
        return [UUID(key.value)]
    reader = Reader(connection, ledger.keyring, ledger.id)
    if key.kind != "local":
        wanted = (key.kind, key.value)
        return reader.find([wanted])[wanted]
    named = local_key(key.value, key.source or DEFAULT_SOURCE)
    anywhere = any_source_key(key.value)
    found = reader.find([named] if key.source else [named, anywhere])
    return found[named] or found.get(anywhere, [])


def is_registered(connection: Connection, person: UUID, *, size: int) -> bool:
    """Whether the pupil's own stream begins within the prefix."""
    return bool(log.of_streams(connection, [person], size=size, topics=_REGISTRATION))


_REGISTRATION = [PupilRegistered.TOPIC]


def _bearers_of(
    ledger: Ledger, connection: Connection, persons: list[UUID], key: Key, size: int
) -> list[UUID]:
    """Those of `persons` who still bear a number, or all where nobody does; of records that are
    linked to each other the first registered."""
    own = {person: log.of_streams(connection, [person], size=size) for person in persons}
    ended = {
        person
        for person, entries in own.items()
        if (borne := _days_of(ledger, connection, entries, key))
        and all(bearing.end is not None for bearing in borne)
    }
    persons = [person for person in persons if person not in ended] or persons
    first = min(persons, key=lambda person: own[person][0].position)
    linked = {link.pupil for link in _state(own[first]).links}
    return [person for person in persons if person not in linked]


def _days_of(
    ledger: Ledger, connection: Connection, entries: list[Entry], key: Key
) -> list[Bearing]:
    borne = bearings(ledger, connection, entries)
    return [bearing for bearing in borne if (bearing.kind, bearing.value) == (key.kind, key.value)]


def _state(entries: Iterable[Entry]) -> Pupil:
    state = None
    for entry in entries:
        state = evolve(StreamKind.PUPIL, state, entry.event, entry.version)
    return cast(Pupil, state)


def bearings(
    ledger: Ledger, connection: Connection, entries: Iterable[Entry]
) -> tuple[Bearing, ...]:
    """The identifiers with their days as `entries` (in position order) tell them, opened; those
    of an erased person are left out."""
    told = [entry for entry in entries if isinstance(entry.event, IdentifierTold)]
    opened = ledger.reveal(
        connection,
        [
            SealedPart(
                entry.envelope.personal["statutory"],
                entry.envelope.author,
                entry.stream.id,
                entry.envelope.topic,
            )
            for entry in told
        ],
    )
    borne: tuple[Bearing, ...] = ()
    for entry, clear in zip(told, opened, strict=True):
        if clear is not None and isinstance(entry.event, IdentifierTold):
            borne = fold(borne, entry.event, Identifier.model_validate(clear))
    return borne


def identifiers(ledger: Ledger, connection: Connection, entries: list[Entry]) -> list[Identifier]:
    """The identifiers assigned in `entries`, opened; those of an erased person are left out."""
    parts = []
    for entry in entries:
        event = entry.event
        if isinstance(event, IdentifierAssigned) and isinstance(event.statutory, Sealed):
            author, stream = entry.envelope.author, entry.stream.id
            parts.append(SealedPart(event.statutory, author, stream, event.TOPIC))
    opened = ledger.reveal(connection, parts)
    return [Identifier.model_validate(clear) for clear in opened if clear is not None]


def _sources(
    ledger: Ledger, connection: Connection, person: UUID, value: str, size: int
) -> set[str]:
    entries = log.of_streams(connection, [person], size=size)
    native = [entry for entry in entries if entry.stream.kind is StreamKind.PUPIL]
    return {
        known.issuer or DEFAULT_SOURCE
        for known in identifiers(ledger, connection, native)
        if known.kind == "local" and known.value == value
    }
