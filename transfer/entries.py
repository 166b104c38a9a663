"""Entries of our log as they travel."""

import base64
from collections.abc import Iterable
from uuid import UUID

from ledger.log import Entry
from ledger.record import Origin, canonical_record
from signing import hashing
from transfer.dossier import CarriedEntry, Record


def own(entries: Iterable[Entry], ledger: UUID) -> list[Entry]:
    """Those of the entries that this ledger wrote, in the order in which it did: what was lost
    and put back after a restore stands where it was first written."""
    written = [entry for entry in entries if entry.stream.ledger == ledger]
    return sorted(written, key=lambda entry: (entry.author_instant, entry.author_position))


def leaf_of(entry: Entry) -> bytes:
    """The leaf of a released root: that of the record which `carried` gives the entry."""
    said = canonical_record(
        ledger=entry.envelope.author,
        stream=entry.stream.id,
        version=entry.version,
        topic=entry.envelope.topic,
        origin=entry.origin or Origin(entry.position, entry.recorded_at),
        entry_hash=entry.entry_hash.hex(),
    )
    return hashing.leaf_hash(said.encode())


def carried(entry: Entry) -> CarriedEntry:
    """An entry as it travels. What our own log gave is not validated as if it came from outside:
    the bytes had their hash, the rest is typed by the database."""
    origin = entry.origin or Origin(entry.position, entry.recorded_at)
    record = Record.model_construct(
        ledger=entry.envelope.author,
        stream=entry.stream.id,
        version=entry.version,
        topic=entry.envelope.topic,
        position=origin.position,
        recorded_at=origin.recorded_at,
        entry_hash=entry.entry_hash.hex(),
    )
    return CarriedEntry.model_construct(record=record, body=base64.b64encode(entry.body).decode())
