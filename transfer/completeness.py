"""Checks 8 and 9: everything released is there, in order, and unaltered."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError

from ledger.errors import MalformedBytes, UnknownTopic
from ledger.events.pupil import CustodyRuled, Released, ReleaseUndone, TransferAccepted
from signing import hashing, merkle
from transfer.dossier import (
    CarriedEntry,
    Dossier,
    Hop,
    Inspector,
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
    for hop in dossier.hops:
        about = carried.get(hop.release.record.stream)
        if about is not None:
            _check_custody(hop.release, about.entries)


_GIVES_BACK = frozenset({ReleaseUndone.TOPIC, TransferAccepted.TOPIC, CustodyRuled.TOPIC})


def _check_custody(release: CarriedEntry, entries: Iterable[CarriedEntry]) -> None:
    """Who has released a record and not had it back has nothing to release: the pupil's own
    stream tells it (that its bytes are of the topic its record names is seen later, in 11)."""
    away = False
    for entry in entries:
        if entry.record.version >= release.record.version:
            break
        if entry.record.topic == Released.TOPIC:
            away = True
        elif entry.record.topic in _GIVES_BACK:
            away = False
    if away:
        where = f"stream {release.record.stream}"
        raise CheckFailed(8, "broken_custody_chain", f"{where} was released before, and not back")


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
    for release, following in zip(released, dossier.hops[1:], strict=False):
        if release.to_ledger != following.ledger:
            raise CheckFailed(8, "broken_custody_chain", "a hop was released to another ledger")
    last = released[-1]
    if isinstance(dossier.aud, Inspector):
        # Shown by the ledger that released it, or by the one it was released to.
        if dossier.iss not in (dossier.last_hop.ledger, last.to_ledger):
            raise CheckFailed(8, "broken_custody_chain", "shown by a ledger that never had it")
    elif last.to_ledger != dossier.aud.ledger:
        raise CheckFailed(8, "broken_custody_chain", "a hop was released to another ledger")
    elif dossier.last_hop.ledger != dossier.iss:
        raise CheckFailed(8, "broken_custody_chain", "sent by another ledger than released it")
    if last.case != dossier.transfer_id:
        raise CheckFailed(8, "broken_custody_chain", "the last release is not this transfer's")


def check_unaltered(dossier: Dossier) -> None:
    """Step 9: bytes give the hashes of the records, and the records give the released roots."""
    for entry in [*dossier.carried, *(hop.release for hop in dossier.hops)]:
        if hashing.entry_hash(entry.stored).hex() != entry.record.entry_hash:
            raise _altered(entry)
    for stream in (*dossier.streams, *dossier.supplements):
        place = (stream.id, stream.ledger)
        for entry in stream.entries:
            if (entry.record.stream, entry.record.ledger) != place:
                raise _altered(entry)
    for hop in dossier.hops:
        last = dict(release_of(hop).streams)
        own: list[CarriedEntry] = []
        for stream in dossier.streams:
            if stream.ledger == hop.ledger:
                # Step 8: the versions are 1, 2, 3 ...
                own.extend(stream.entries[: max(0, last.get(stream.id, 0))])
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
    return merkle.root_of([entry.record.leaf for entry in entries])
