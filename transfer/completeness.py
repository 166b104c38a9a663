"""Checks 8 and 9: everything released is there, in order, and unaltered."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError

from ledger.errors import MalformedBytes, UnknownTopic
from ledger.events.pupil import Released
from signing import canonical, hashing, merkle
from transfer.dossier import (
    CarriedEntry,
    Dossier,
    Hop,
    read_entry,
)
from transfer.errors import CheckFailed


def check_complete(dossier: Dossier) -> None:
    """Step 8: per hop, every stream whole, versions contiguous, each hop released to the next."""
    released = [release_of(hop) for hop in dossier.hops]
    _check_chain(dossier, released)
    covered: dict[UUID, int] = {}
    for hop, release in zip(dossier.hops, released, strict=True):
        if hop.entries != release.entries or hop.root != release.root:
            raise CheckFailed(8, "truncated", "the hop does not say what its release says")
        if sum(last for _, last in release.streams) != release.entries:
            raise CheckFailed(8, "truncated", "the release's counts do not add up")
        for released_stream, version in release.streams:
            covered[released_stream] = max(version, covered.get(released_stream, 0))
    carried = {stream.id: stream for stream in dossier.streams}
    if len(carried) != len(dossier.streams):
        raise CheckFailed(8, "extra_entry", "a stream comes twice")
    for stream in dossier.streams:
        last = covered.get(stream.id)
        if last is None:
            raise CheckFailed(8, "extra_entry", f"stream {stream.id} was not released")
        versions = [entry.record.version for entry in stream.entries]
        if sorted(versions) != versions:
            raise CheckFailed(8, "reordered", f"stream {stream.id} is out of order")
        if len(versions) > last or versions[-1:] > [last]:
            raise CheckFailed(8, "extra_entry", f"stream {stream.id} holds more than released")
        if versions != list(range(1, len(versions) + 1)):
            raise CheckFailed(8, "missing_entry", f"stream {stream.id} has a gap")
        if len(versions) < last:
            raise CheckFailed(8, "truncated", f"stream {stream.id} ends before the release")
    absent = covered.keys() - carried.keys()
    if absent:
        raise CheckFailed(8, "missing_entry", f"stream {min(absent)} is not there")


def release_of(hop: Hop) -> Released:
    """The release of a hop. Raises CheckFailed(8, `broken_custody_chain`)."""
    try:
        read = read_entry(hop.release)
    except (MalformedBytes, UnknownTopic, ValidationError) as error:
        raise CheckFailed(8, "broken_custody_chain", "a release cannot be read") from error
    if not isinstance(read.event, Released) or read.envelope.author != hop.ledger:
        raise CheckFailed(8, "broken_custody_chain", "a hop without a release of its ledger")
    return read.event


def _check_chain(dossier: Dossier, released: Sequence[Released]) -> None:
    following = [hop.ledger for hop in dossier.hops[1:]] + [dossier.aud.ledger]
    for release, receiver in zip(released, following, strict=True):
        if release.to_ledger != receiver:
            raise CheckFailed(8, "broken_custody_chain", "a hop was released to another ledger")
    if dossier.last_hop.ledger != dossier.iss or released[-1].case != dossier.transfer_id:
        raise CheckFailed(8, "broken_custody_chain", "the last release is not this transfer's")


def check_unaltered(dossier: Dossier) -> None:
    """Step 9: bytes give the hashes of the records, and the records give the released roots."""
    entries = [entry for stream in dossier.streams for entry in stream.entries]
    for entry in [*entries, *(hop.release for hop in dossier.hops)]:
        if hashing.entry_hash(entry.stored).hex() != entry.record.entry_hash:
            raise _altered(entry)
    for stream in dossier.streams:
        for entry in stream.entries:
            if (entry.record.stream, entry.record.ledger) != (stream.id, stream.ledger):
                raise _altered(entry)
    for hop in dossier.hops:
        release = release_of(hop)
        last = dict(release.streams)
        own = [e for e in entries if e.record.version <= last.get(e.record.stream, 0)]
        own = [e for e in own if e.record.ledger == hop.ledger]
        own.sort(key=author_order)
        if records_root(own).hex() != hop.root:
            raise CheckFailed(9, "wrong_root", f"the entries of hop {hop.ledger} give another root")


def author_order(entry: CarriedEntry) -> tuple[datetime, int]:
    """The order in which an author wrote. Its instants rise for ever; its positions do within one
    incarnation of its log, and there both give the same order."""
    return entry.record.recorded_at, entry.record.position


def _altered(entry: CarriedEntry) -> CheckFailed:
    where = f"stream {entry.record.stream}, version {entry.record.version}"
    return CheckFailed(9, "altered_entry", where)


def records_root(entries: Sequence[CarriedEntry]) -> bytes:
    """The RFC 6962 root over SHA-256(0x00 canonical(record)) of entries in the order in which
    their author wrote them (`author_order`)."""
    return merkle.root_of(
        [hashing.leaf_hash(canonical.dumps(entry.record.canonical)) for entry in entries]
    )
