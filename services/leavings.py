"""The checklist before a record is handed over, gathered from the log of the school left."""

from datetime import date
from typing import Any
from uuid import UUID

from ledger import enrolment
from ledger.errors import NotFound
from ledger.pupil import Pupil
from ledger.reader import Reader
from ledger.school_class import SchoolClass
from ledger.school_year import SchoolYear
from ledger.year_record import assess
from projections.arrival.checklist import checklist, year_of
from projections.history import FoldEntry, History, fold_history
from transfer.build import record_of
from transfer.office import Office

NOTHING: dict[str, Any] = {
    "school_year": None,
    "class_code": None,
    "marks": [],
    "unclosed": [],
    "conduct": [],
}


def leaving_checklist(office: Office, pupil: UUID, *, on: date) -> dict[str, Any]:
    """What is open on a pupil's record on `on`: missing marks by subject and teacher, periods not
    closed, proposals not decided. `ready` where nothing is.

    Raises:
        NotFound: `unknown_pupil`.
    """
    with office.ledger.database.connection() as connection:
        reader = Reader(connection, office.ledger.keyring, office.ledger.id)
        own = reader.pupils([pupil])[pupil]
        if own is None:
            raise NotFound("unknown_pupil", "no pupil is on record under this key")
        entries = [FoldEntry.of(e) for e in record_of(connection, own, size=reader.size)]
        history = fold_history(entries, pupil=pupil, on=on)
        found = _of_year(reader, history, own, on)
    proposals = sorted(
        {str(p) for parts in history.years.values() for part in parts for p in part.year.proposals}
    )
    ready = not (found["marks"] or found["unclosed"] or found["conduct"] or proposals)
    return {
        "pupil": str(pupil),
        "on": on.isoformat(),
        "ready": ready,
        **found,
        "proposals": proposals,
    }


def _of_year(reader: Reader, history: History, own: Pupil, on: date) -> dict[str, Any]:
    label = year_of(history.years, on)
    if label is None:
        return NOTHING
    parts = history.years[label]
    year = SchoolYear.parse(label)
    return checklist(
        parts,
        assess(parts, on=on),
        school_class=_last_class(reader, own, label),
        calendar=reader.settings().calendar(year),
        on=on,
    )


def _last_class(reader: Reader, own: Pupil, label: str) -> SchoolClass | None:
    """The class in which the pupil sat last in that year."""
    stays = [
        change
        for change in own.changes
        if change.school_year == label and change.class_code and change.kind in enrolment.ENTRIES
    ]
    last = max(stays, key=lambda change: (change.on, change.seq), default=None)
    return reader.classes([last.class_code])[last.class_code] if last and last.class_code else None
