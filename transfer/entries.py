"""Entries of our log as they travel."""

import base64
from collections.abc import Iterable
from uuid import UUID

from ledger.log import Entry
from transfer.dossier import CarriedEntry, Record


def own(entries: Iterable[Entry], ledger: UUID) -> list[Entry]:
    """Those of the entries that this ledger wrote."""
    return [entry for entry in entries if entry.origin is None and entry.stream.ledger == ledger]


def carried(entry: Entry) -> CarriedEntry:
    """An entry as it travels."""
    return CarriedEntry(
        record=Record.model_validate(entry.record), body=base64.b64encode(entry.body).decode()
    )
