"""What proves the single parts of a dossier, made from our own log: inclusion, closings, names.

What other ledgers' entries were proven by is kept when a record is accepted, and travels on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from ledger.database import Connection
from ledger.events.pupil_year import PeriodClosed
from ledger.log import Entry
from ledger.queries import queries
from ledger.record import instant_text
from signing import jws
from transfer import clock
from transfer.dossier import (
    CLOSING,
    NAMING,
    CarriedEntry,
    ClosingProof,
    Consistency,
    Inclusion,
    Naming,
    References,
    SheetPath,
    TimedSignature,
    closing_statement,
    naming_statement,
)
from transfer.entries import carried, own
from transfer.office import Office

_SQL = queries("transfer", "transfer.sql")


def naming(office: Office, references: References, release: CarriedEntry) -> Naming:
    """Our references under our seal, for one release."""
    now = clock.now()
    said = naming_statement(references, release, instant_text(now))
    value = jws.sign_detached(said, office.seal, kind=NAMING)
    return Naming(references=references, signature=TimedSignature(signed_at=now, value=value))


def consistency(
    office: Office, connection: Connection, size: int, position: int, receiver: UUID | None
) -> Consistency | None:
    """Ties the release's checkpoint to the last one this receiver was shown, else to the first
    that the trust bundle names; None where there is no such."""
    known = None
    if receiver is not None:
        row = connection.execute(
            _SQL["shown_before"], {"receiver": receiver, "position": position}
        ).fetchone()
        if row is not None and row[0] is not None:
            shown = office.notary.covering(connection, row[0])
            known = shown.size if shown is not None else None
    if known is None:
        first = office.trust.by_id(office.ledger.id).first_checkpoint
        known = office.notary.read(first).size if first is not None else None
    if known is None or known == size:
        return None
    proof = office.notary.consistency_proof(connection, min(known, size), max(known, size))
    return Consistency(size=known, proof=tuple(part.hex() for part in proof))


def inclusion_of(office: Office, connection: Connection, entry: Entry) -> tuple[Inclusion, int]:
    """The proof under the first checkpoint that covers the entry (one is made where none does),
    and that checkpoint's size."""
    checkpoint = office.notary.covering(connection, entry.position)
    if checkpoint is None:
        checkpoint = office.notary.checkpoint(connection)
    proof = office.notary.inclusion_proof(connection, entry.position, checkpoint.size)
    found = Inclusion(
        checkpoint=checkpoint.note,
        index=entry.position,
        proof=tuple(part.hex() for part in proof),
        recorded_at=entry.recorded_at if entry.origin is not None else None,
    )
    return found, checkpoint.size


def closings_of(
    office: Office, connection: Connection, entries: Sequence[Entry]
) -> list[ClosingProof]:
    """Each of our closings under the first checkpoint that covered it, and our seal."""
    return [
        ClosingProof(
            stream=entry.stream.id,
            version=entry.version,
            inclusion=inclusion_of(office, connection, entry)[0],
            signature=_closing_signature(office, entry),
        )
        for entry in own(entries, office.ledger.id)
        if isinstance(entry.event, PeriodClosed)
    ]


def _closing_signature(office: Office, closing: Entry) -> TimedSignature:
    """The school's seal under a closing, so that it can be shown without the rest."""
    now = clock.now()
    said = closing_statement(carried(closing), instant_text(now))
    return TimedSignature(signed_at=now, value=jws.sign_detached(said, office.seal, kind=CLOSING))


@dataclass(frozen=True, slots=True)
class Told:
    """What earlier dossiers proved of other ledgers' entries, to travel on."""

    sheets: list[SheetPath]
    closings: list[ClosingProof]


def told_evidence(connection: Connection, entries: Iterable[Entry], ours: UUID) -> Told:
    """What was proven to us of the foreign ones among `entries`."""
    foreign = [entry for entry in entries if entry.envelope.author != ours]
    rows = connection.execute(
        _SQL["evidence"],
        {
            "ledgers": list({entry.envelope.author for entry in foreign}),
            "codes": [evidence_code(entry.stream.id, entry.version) for entry in foreign],
        },
    ).fetchall()
    return Told(
        [SheetPath.model_validate(body) for kind, body in rows if kind == "sheet"],
        [ClosingProof.model_validate(body) for kind, body in rows if kind == "closing"],
    )


def evidence_code(stream: UUID | str, version: int) -> str:
    """Under which code the proofs of a foreign entry are kept."""
    return f"{stream}/{version}"
