"""Checks 11 and 12: every entry is understood, and folded gives the digest released."""

import base64
from collections.abc import Collection, Sequence
from uuid import UUID

from pydantic import ValidationError

from ledger.envelope import DataKey
from ledger.errors import LedgerError, MalformedBytes, UnknownTopic
from ledger.event import StreamKind
from ledger.events.pupil import PupilRegistered
from ledger.events.pupil_year import PaperYearOpened, PupilYearOpened
from ledger.ids import year_stream
from projections.transcript import FoldEntry, released_digest
from signing import aead
from transfer.completeness import release_of
from transfer.dossier import (
    CarriedEntry,
    CarriedKey,
    CarriedStream,
    Dossier,
    ReadEntry,
)
from transfer.errors import CheckFailed

_FIRST_ONLY = (PupilRegistered, PaperYearOpened)


def check_understood(dossier: Dossier) -> tuple[list[ReadEntry], dict[UUID, UUID]]:
    """Step 11: every entry decodes, and its keys are those it commits to. Returns the entries,
    and whom each stream is about."""
    carried = {key.key_id: key for key in dossier.keys}
    if len(carried) != len(dossier.keys):
        raise CheckFailed(11, "wrong_key", "a key comes twice")
    keys = {key.key_id: data_key(key) for key in dossier.keys}
    streams = [
        [_read(stream, entry) for entry in stream.entries]
        for stream in (*dossier.streams, *dossier.supplements)
    ]
    persons = _check_streams(dossier, streams)
    entries = [read for stream in streams for read in stream]
    for read in entries:
        if read.envelope.personal:
            _check_keys(read, carried, keys, persons[read.stream])
    _check_no_other_keys(entries, keys)
    return entries, persons


def _read(stream: CarriedStream, entry: CarriedEntry) -> ReadEntry:
    """An entry decoded. Its record names this stream (step 9), and so must its bytes; all entries
    of a stream get its very ids, for comparing two UUIDs costs more than a hash."""
    record = entry.record
    try:
        envelope, event = entry.decoded
    except UnknownTopic as error:
        raise CheckFailed(11, "unknown_topic", error.topic) from error
    except MalformedBytes as error:
        raise CheckFailed(11, "unknown_topic", error.message) from error
    except ValidationError as error:
        where = f"version {record.version} of stream {record.stream}"
        raise CheckFailed(11, "unknown_code", f"{record.topic}, {where}") from error
    said = (envelope.author, envelope.stream, envelope.topic)
    if said != (stream.ledger, stream.id, record.topic):
        raise CheckFailed(11, "unknown_topic", "an entry's bytes are of another stream or topic")
    return ReadEntry(stream.ledger, stream.id, record.version, entry, envelope, event)


def _check_streams(dossier: Dossier, streams: Sequence[Sequence[ReadEntry]]) -> dict[UUID, UUID]:
    """Each stream begins as a pupil's or a pupil-year's does, and goes on as one: a fold can rely
    on it. Returns whom each is about."""
    persons: dict[UUID, UUID] = {}
    for entries in streams:
        for read in entries:
            if read.version == 1:
                persons[read.stream] = _whose(read)
        for first in entries[:1]:
            _check_going_on(entries, persons[first.stream])
    if persons.get(dossier.pupil) != dossier.pupil:
        raise CheckFailed(11, "unknown_topic", "no entry of the pupil's own stream is there")
    return persons


def _check_going_on(entries: Sequence[ReadEntry], person: UUID) -> None:
    kind = StreamKind.PUPIL if entries[0].stream == person else StreamKind.PUPIL_YEAR
    for read in entries:
        if read.version == 1:
            continue
        event = read.event
        if event.STREAM is not kind or isinstance(event, _FIRST_ONLY):
            raise _misplaced(read)
        # A year on paper gets its frame from the enrolment, one begun anew a second one.
        if isinstance(event, PupilYearOpened) and _whose(read) != person:
            raise _misplaced(read)


def _whose(first: ReadEntry) -> UUID:
    event = first.event
    if isinstance(event, PupilRegistered):
        expected = event.pupil_id
    elif isinstance(event, PupilYearOpened | PaperYearOpened):
        expected = year_stream(first.ledger, event.pupil_id, event.school_year)
    else:
        raise _misplaced(first)
    if expected != first.stream:
        raise _misplaced(first)
    return event.pupil_id


def _misplaced(read: ReadEntry) -> CheckFailed:
    where = f"version {read.version} of stream {read.stream}"
    return CheckFailed(11, "unknown_topic", f"{read.envelope.topic} has no place there ({where})")


def _check_no_other_keys(entries: Sequence[ReadEntry], keys: Collection[UUID]) -> None:
    """A key that no entry commits to would be one that we might write with, and others know."""
    used = {sealed.key_id for read in entries for sealed in read.envelope.personal.values()}
    for key_id in set(keys) - used:
        raise CheckFailed(11, "wrong_key", f"no entry is sealed under key {key_id}")


def _check_keys(
    read: ReadEntry, carried: dict[UUID, CarriedKey], keys: dict[UUID, DataKey], person: UUID
) -> None:
    for category, sealed in read.envelope.personal.items():
        key = carried.get(sealed.key_id)
        if key is None:
            continue
        if (key.person, key.ledger, key.category) != (person, read.ledger, category):
            raise CheckFailed(11, "wrong_key", f"key {sealed.key_id} is of somebody else")
        if keys[sealed.key_id].commitment.hex() != sealed.commitment:
            raise CheckFailed(11, "wrong_key", f"key {sealed.key_id} is not the one committed to")


def data_key(carried: CarriedKey) -> DataKey:
    """A carried key with its commitment."""
    key = base64.b64decode(carried.key)
    if len(key) != 32:
        raise CheckFailed(11, "wrong_key", f"key {carried.key_id} is not a key")
    return DataKey(carried.key_id, key, aead.commitment(key, carried.key_id.bytes))


def check_digest(dossier: Dossier, entries: Sequence[ReadEntry]) -> None:
    """Step 12: folded here, the entries give the digest the sender states and released."""
    try:
        folded = released_digest(
            [FoldEntry(e.ledger, e.stream, e.version, e.event) for e in entries],
            pupil=dossier.pupil,
            on=dossier.digest.on,
        )
    except (ArithmeticError, LookupError, TypeError, ValueError, LedgerError) as error:
        # Well-formed and signed, and yet of a year, grade or day that no rule knows.
        what = type(error).__name__
        raise CheckFailed(12, "digest_differs", f"the entries cannot be folded ({what})") from error
    released = release_of(dossier.last_hop).digest
    if not folded == dossier.digest.value == released:
        raise CheckFailed(12, "digest_differs", f"folded here {folded}, released {released}")
