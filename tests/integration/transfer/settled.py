"""What must be true once a transfer is over, whatever happened on the way."""

from uuid import UUID

from ledger.ledger import Ledger, SealedPart
from ledger.reader import Reader
from tests.integration.transfer.conftest import Side
from tests.integration.transfer.story import TODAY, case_of, pupil_state, record, rows, transcript


def require_settled(
    origin: Side, receiver: Side, case: UUID, *, leaver: UUID, arrival: UUID
) -> None:
    """Closed on both sides, taken in once, copies equal to their originals, nothing waiting."""
    assert (case_of(origin, case).state, case_of(receiver, case).state) == ("accepted",) * 2
    assert pupil_state(origin, leaver).released == (case, receiver.office.ledger.id)
    assert pupil_state(receiver, arrival).accepted == (case,)
    originals = {(e.stream.id, e.version): (e.body, e.record) for e in record(origin, leaver)}
    copies = [e for e in record(receiver, arrival) if e.origin is not None]
    assert len(copies) == len({(e.stream.id, e.version) for e in copies})
    for entry in copies:
        assert originals[entry.stream.id, entry.version] == (entry.body, entry.record)
    last = {e.stream.id for e in copies}
    assert last == {e.stream.id for e in record(origin, leaver)}, "whole streams came"
    assert case_of(receiver, case).digest == case_of(origin, case).digest
    assert transcript(receiver, arrival, TODAY).years


def require_quiet(side: Side) -> None:
    """Nothing waits to be sealed, sent or answered."""
    assert rows(side, "SELECT kind, state FROM ledger.outbox WHERE state <> 'answered'") == []


def require_readable(side: Side, pupil: UUID, url: str) -> None:
    """Who opens the ledger anew can read the profiles of the copies: the keys are stored."""
    kek = side.ledgers.keys(side.profile).kek
    entries = record(side, pupil)
    with Ledger.open(url, kek=kek) as fresh, fresh.database.connection() as connection:
        assert Reader(connection, fresh.keyring, fresh.id).size
        parts = [
            SealedPart(
                e.envelope.personal["statutory"], e.envelope.author, e.stream.id, e.envelope.topic
            )
            for e in entries
            if e.origin is not None and "statutory" in e.envelope.personal
        ]
        assert parts
        assert None not in fresh.reveal(connection, parts)
