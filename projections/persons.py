"""Which pupil a key means: by keyed digest, so that no number stands in a query or an index."""

from dataclasses import dataclass
from uuid import UUID

from ledger import log
from ledger.database import Connection
from ledger.errors import Conflict, NotFound
from ledger.event import Sealed, StreamKind
from ledger.events.pupil import Identifier, IdentifierAssigned, PupilRegistered
from ledger.ledger import Ledger, SealedPart
from ledger.log import Entry
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
    source's that has it.

    Raises:
        NotFound: `unknown_pupil`.
        Conflict: `ambiguous_key`, with the sources (of a local key) or the ids to choose from.
    """
    persons = [p for p in _candidates(ledger, connection, key) if _known(connection, p, size)]
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


def _known(connection: Connection, person: UUID, size: int) -> bool:
    """Whether the pupil's own stream begins within the prefix."""
    return bool(log.of_streams(connection, [person], size=size, topics=_REGISTRATION))


_REGISTRATION = [PupilRegistered.TOPIC]


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
