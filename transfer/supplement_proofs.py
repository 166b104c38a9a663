"""The accepted proposals that a dossier carries beside what its hops cover: kept, carried, checked.

Whoever accepts a proposal keeps the proof that it is in its author's log; the proofs travel with
the record, so that a third ledger need not believe the second about the first.
"""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from pydantic import ValidationError

from ledger.database import Connection
from ledger.errors import MalformedBytes, UnknownTopic
from ledger.event import StreamKind
from ledger.events.pupil import SupplementDecided
from ledger.events.pupil_year import Proposed
from ledger.log import Entry
from ledger.proposal import Decisions
from ledger.queries import queries
from signing.truststore import TrustStore
from transfer.completeness import release_of
from transfer.dossier import (
    CarriedEntry,
    Dossier,
    Inclusion,
    ProposalProof,
    ReadEntry,
    SupplementStream,
    read_entry,
)
from transfer.entries import carried
from transfer.errors import CaseRefused, CheckFailed
from transfer.held import Held
from transfer.in_log import check_inclusion

_SQL = queries("transfer", "transfer.sql")
Proof = tuple[UUID, UUID, int, Inclusion]
"""(author, stream, version, that it is in the author's log)."""


def keep_proofs(connection: Connection, proofs: Iterable[Proof], *, known_from: int) -> None:
    """Keeps what proved accepted proposals of other ledgers; what is known stays."""
    told = list(proofs)
    if told:
        connection.execute(
            _SQL["put_proposal_proofs"],
            {
                "known_from": known_from,
                "ledgers": [author for author, *_ in told],
                "codes": [_code(stream, version) for _, stream, version, _ in told],
                "bodies": [inclusion.model_dump_json() for *_, inclusion in told],
            },
        )


def _code(stream: UUID, version: int) -> str:
    return f"{stream}/{version}"


def proofs_of(dossier: Dossier, ours: UUID) -> list[Proof]:
    """The proofs of other ledgers' proposals that a dossier carries."""
    return [
        (stream.ledger, stream.id, proof.version, proof.inclusion)
        for stream in dossier.supplements
        for proof in stream.proofs
        if stream.ledger != ours
    ]


def supplements_of(
    connection: Connection,
    entries: Sequence[Entry],
    covered: Mapping[UUID, int],
    decisions: Decisions,
    *,
    ours: UUID,
) -> tuple[SupplementStream, ...]:
    """What of `entries` a dossier carries after the last versions that its hops cover: of other
    ledgers' pupil-years, up to the last proposal accepted.

    Raises:
        CaseRefused: the proof of an accepted proposal is not here.
    """
    following: dict[UUID, list[Entry]] = {}
    for entry in entries:
        theirs = entry.stream.kind is StreamKind.PUPIL_YEAR and entry.envelope.author != ours
        if theirs and entry.version > covered.get(entry.stream.id, 0):
            following.setdefault(entry.stream.id, []).append(entry)
    accepted = {
        stream: [entry for entry in found if _is_accepted(entry, decisions)]
        for stream, found in following.items()
    }
    codes = [_code(e.stream.id, e.version) for found in accepted.values() for e in found]
    rows = connection.execute(_SQL["proposal_proofs"], {"codes": codes}).fetchall()
    proofs = {code: Inclusion.model_validate(body) for code, body in rows}
    if len(proofs) != len(codes):
        raise CaseRefused("the proof of an accepted proposal is not here")
    return tuple(
        SupplementStream(
            id=stream,
            ledger=found[0].envelope.author,
            entries=tuple(
                carried(entry)
                for entry in sorted(following[stream], key=lambda entry: entry.version)
                if entry.version <= max(one.version for one in found)
            ),
            proofs=tuple(
                ProposalProof(version=e.version, inclusion=proofs[_code(stream, e.version)])
                for e in sorted(found, key=lambda entry: entry.version)
            ),
        )
        for stream, found in accepted.items()
        if found
    )


def _is_accepted(entry: Entry, decisions: Decisions) -> bool:
    if not isinstance(entry.event, Proposed):
        return False
    decided = decisions.get((entry.envelope.author, entry.event.proposal))
    return decided is not None and decided.accepted


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


def check_supplements_in_log(dossier: Dossier, trust: TrustStore, held: Held | None) -> None:
    """Step 10: every accepted proposal is in its author's log. Raises CheckFailed(10)."""
    for stream in dossier.supplements:
        entries = {entry.record.version: entry for entry in stream.entries}
        for proof in stream.proofs:
            check_inclusion(entries[proof.version], proof.inclusion, trust, held)
