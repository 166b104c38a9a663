"""The accepted proposals that a dossier carries beside what its hops cover.

Whoever accepts a proposal keeps the proof that it is in its author's log; the proofs travel with
the record, so that a third ledger need not believe the second about the first.
"""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from ledger.database import Connection
from ledger.event import StreamKind
from ledger.events.pupil_year import Proposed
from ledger.log import Entry
from ledger.proposal import Decisions
from ledger.queries import queries
from transfer.dossier import (
    Dossier,
    Inclusion,
    ProposalProof,
    SupplementStream,
)
from transfer.entries import carried
from transfer.errors import CaseRefused

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
