"""The accepted proposals that a dossier carries: steps 8 and 10 for them. Their bytes and keys are
checked with all other entries, and the digest is folded with them."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import ValidationError

from ledger.errors import MalformedBytes, UnknownTopic
from ledger.events.pupil import SupplementDecided
from ledger.events.pupil_year import Proposed
from signing.truststore import Trust
from transfer.completeness import release_of
from transfer.dossier import CarriedEntry, Dossier, ReadEntry, read_entry
from transfer.errors import CheckFailed
from transfer.in_log import check_inclusion
from transfer.own_records import Held


def check_supplements_complete(dossier: Dossier) -> None:
    """Step 8: each goes on where the hops end, without a gap, to its last proven proposal.

    Raises:
        CheckFailed: 8 `missing_entry`, `extra_entry`, `reordered`.
    """
    covered: dict[UUID, int] = {}
    for hop in dossier.hops:
        for released, version in release_of(hop).streams:
            covered[released] = max(version, covered.get(released, 0))
    if len({stream.id for stream in dossier.supplements}) != len(dossier.supplements):
        raise CheckFailed(8, "extra_entry", "the supplement of a stream comes twice")
    for stream in dossier.supplements:
        versions = [entry.record.version for entry in stream.entries]
        proven = [proof.version for proof in stream.proofs]
        check_versions(stream.id, versions, after=covered.get(stream.id, 0))
        if not proven or proven[-1:] != versions[-1:]:
            raise CheckFailed(8, "extra_entry", f"stream {stream.id} goes on without a proposal")
        if sorted(set(proven)) != proven or not set(proven) <= set(versions):
            raise CheckFailed(8, "missing_entry", f"stream {stream.id} lacks a proven proposal")
    _check_all_there(dossier)


def check_versions(stream: UUID, versions: Sequence[int], *, after: int) -> None:
    """The versions go on after `after` in order and without a gap. Raises CheckFailed(8)."""
    if sorted(versions) != list(versions):
        raise CheckFailed(8, "reordered", f"stream {stream} is out of order")
    if list(versions) != list(range(after + 1, after + len(versions) + 1)):
        raise CheckFailed(8, "missing_entry", f"stream {stream} has a gap after version {after}")


def _check_all_there(dossier: Dossier) -> None:
    """Every proposal that a released record says was accepted is there, and each of those that no
    hop covers is proven."""
    read = [one for one in map(_about_proposals, dossier.carried) if one is not None]
    accepted = {
        (entry.event.author, proposal)
        for entry in read
        if isinstance(entry.event, SupplementDecided)
        for proposal in entry.event.accepted
    }
    # Of two under one id the first counts (`ledger.proposal`).
    places = {
        (entry.ledger, entry.event.proposal): (entry.stream, entry.version)
        for entry in reversed(read)
        if isinstance(entry.event, Proposed)
    }
    missing = accepted - places.keys()
    if missing:
        raise CheckFailed(8, "missing_entry", f"the proposal {min(missing)[1]} is not there")
    covered = {(s.id, entry.record.version) for s in dossier.streams for entry in s.entries}
    proven = {(s.id, proof.version) for s in dossier.supplements for proof in s.proofs}
    for proposal in accepted:
        if places[proposal] not in covered | proven:
            where = f"the proof of proposal {proposal[1]} is not there"
            raise CheckFailed(8, "missing_entry", where)


def _about_proposals(entry: CarriedEntry) -> ReadEntry | None:
    """A proposal or a decision about some, decoded. What cannot be read fails later, with its own
    code."""
    if entry.record.topic not in (Proposed.TOPIC, SupplementDecided.TOPIC):
        return None
    try:
        return read_entry(entry)
    except (MalformedBytes, UnknownTopic, ValidationError):
        return None


def check_supplements_in_log(dossier: Dossier, trust: Trust, held: Held | None) -> None:
    """Step 10: every accepted proposal is in its author's log. Raises CheckFailed(10)."""
    for stream in dossier.supplements:
        entries = {entry.record.version: entry for entry in stream.entries}
        for proof in stream.proofs:
            check_inclusion(entries[proof.version], proof.inclusion, trust, held)
