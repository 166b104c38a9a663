"""What a pupil's history will be once a dossier is accepted, without accepting it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from ledger.event import Event
from ledger.ids import uuid7
from ledger.reader import Reader
from projections.history import FoldEntry
from transfer.acceptance import joined, new_record
from transfer.build import record_of
from transfer.checks import Report
from transfer.dossier import read_entry


@dataclass(frozen=True, slots=True)
class Preview:
    """The entries that will be held of `pupil`, our own record of the child (minted here where
    there is none), the acceptance among them."""

    pupil: UUID
    entries: list[FoldEntry]


def as_accepted(
    reader: Reader, case: UUID, report: Report, *, pupil: UUID | None, today: date
) -> Preview:
    """The history as `acceptance.accept` would leave it: ours, the copies, links and acceptance.

    Raises:
        CaseRefused: there is no record of ours, and the dossier tells no name for a new one.
    """
    dossier = report.dossier
    assert dossier is not None
    ours = pupil or uuid7()
    own = reader.pupils([ours])[ours]
    held = record_of(reader.connection, own, size=reader.size) if own is not None else []
    entries = {(e.stream.id, e.version): FoldEntry.of(e) for e in held}
    for came in [*report.entries, *(read_entry(hop.release) for hop in dossier.hops)]:
        entry = FoldEntry(came.ledger, came.stream, came.version, came.event)
        entries.setdefault((came.stream, came.version), entry)
    first = new_record(dossier, report.entries, ours, today) if own is None else []
    written = [*first, *joined(own, dossier, ours, case, today)]
    last = max((version for stream, version in entries if stream == ours), default=0)
    return Preview(ours, [*entries.values(), *_appended(reader.ledger, ours, last, written)])


def _appended(
    ledger: UUID, stream: UUID, last: int, events: Iterable[Event]
) -> Iterable[FoldEntry]:
    for version, event in enumerate(events, last + 1):
        yield FoldEntry(ledger, stream, version, event)
