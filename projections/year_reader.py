"""One school year of many pupils: folded page by page, the entries of a page in memory at a time.

A pupil whose record is this ledger's own from the beginning is folded from the one stream of the
year. Where releases, acceptances or links are on record, the whole history is laid together
(`history`), as for a transcript, so both give the same results.

What cannot be read or computed concerns its pupil alone: the page is read again pupil by pupil.
"""

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import islice
from uuid import UUID

import sqlalchemy as sa

from ledger import ids, log, pupil_year
from ledger.contribution import Contribution
from ledger.database import Connection
from ledger.errors import DamagedEntry, LedgerError
from ledger.events.pupil import PupilLinked, Released, SupplementDecided, TransferAccepted
from ledger.events.pupil_year import PeriodClosed, Proposed
from ledger.log import Entry
from ledger.proposal import unfold
from ledger.year_record import YearRecord, assess
from projections.history import FoldEntry, fold_history
from projections.pupil_log import read_pupil_log
from projections.tables import Statement, array

PAGE = 50
"""Pupils whose entries are held in memory together: some 5,000 entries."""

_MOVED = (
    *(PupilLinked.TOPIC, Released.TOPIC, TransferAccepted.TOPIC),
    SupplementDecided.TOPIC,
)
"""What makes a pupil's year more than the one stream of it."""
_STREAM = sa.table(
    "stream", *(sa.column(name) for name in ("no", "id", "ledger", "kind")), schema="ledger"
)
_ENTRY = sa.table(
    "entry", *(sa.column(name) for name in ("position", "stream", "topic")), schema="ledger"
)


@cache
def _moved() -> Statement:
    return Statement(
        sa.select(_STREAM.c.id)
        .select_from(_STREAM.join(_ENTRY, _ENTRY.c.stream == _STREAM.c.no))
        .where(
            _STREAM.c.id == sa.any_(array("pupils", sa.Uuid)),
            _ENTRY.c.topic == sa.any_(array("topics", sa.Text)),
            _ENTRY.c.position < sa.bindparam("size", type_=sa.BigInteger),
        )
    )


@contextmanager
def _collector_paused() -> Iterator[None]:
    """A page makes a hundred thousand objects and no cycles: looking for cycles among them took
    two fifths of the time. The page bounds what could wait to be collected."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a pupil's year has no results: a stable code, the entry at fault where it is one."""

    code: str
    detail: str
    position: int | None


@dataclass(frozen=True, slots=True)
class YearRead:
    """A pupil's year: what was written of it and its results; both empty where nobody wrote.

    `closings` are those in force by period, as recorded, with their day.
    """

    pupil: UUID
    parts: Sequence[Contribution]
    record: YearRecord | None
    closings: Mapping[str, PeriodClosed]
    trouble: Trouble | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class YearReader:
    """Reads one school year as known in the prefix of `size` entries, as it stands on `on`."""

    connection: Connection
    ledger: UUID
    school_year: str
    on: date
    size: int

    def read(self, pupils: Iterable[UUID]) -> Iterator[YearRead]:
        """The year of each pupil, in the order given."""
        waiting = iter(pupils)
        while page := list(islice(waiting, PAGE)):
            with _collector_paused():
                read = self._page_or_alone(page)
            yield from read

    def _page_or_alone(self, pupils: Sequence[UUID]) -> list[YearRead]:
        try:
            return self._page(pupils)
        except DamagedEntry:
            return [self._alone(pupil) for pupil in pupils]

    def _alone(self, pupil: UUID) -> YearRead:
        try:
            return self._page([pupil])[0]
        except DamagedEntry as damaged:
            trouble = Trouble("entry_unreadable", damaged.reason, damaged.position)
            return YearRead(pupil, (), None, {}, trouble)

    def _page(self, pupils: Sequence[UUID]) -> list[YearRead]:
        asked = {"pupils": list(pupils), "topics": list(_MOVED), "size": self.size}
        moved = {row[0] for row in _moved().run(self.connection, asked).fetchall()}
        streams = {
            ids.year_stream(self.ledger, pupil, self.school_year): pupil
            for pupil in pupils
            if pupil not in moved
        }
        written: dict[UUID, list[Entry]] = {}
        for entry in log.of_streams(self.connection, list(streams), size=self.size):
            written.setdefault(streams[entry.stream.id], []).append(entry)
        return [
            self._of_history(pupil) if pupil in moved else self._own(pupil, written.get(pupil, ()))
            for pupil in pupils
        ]

    def _own(self, pupil: UUID, entries: Sequence[Entry]) -> YearRead:
        """A year that this ledger alone wrote."""
        counted = [(e.event, e.version) for e in entries if e.event.effective_on <= self.on]
        try:
            year = pupil_year.fold(counted)
        except ValueError as error:
            return _unsound(pupil, (), error)
        if year is None:
            return YearRead(pupil, (), None, {})
        closed = {v: event for event, v in counted if isinstance(event, PeriodClosed)}
        parts = [Contribution(self.ledger, year, (), 0)]
        closings = {str(one.period): closed[one.version] for one in year.closings}
        return self._assessed(pupil, parts, closings)

    def _of_history(self, pupil: UUID) -> YearRead:
        """A year of a pupil who came, went or has linked records."""
        known = read_pupil_log(self.connection, pupil, size=self.size)
        entries = [FoldEntry.of(entry) for entry in known.entries]
        try:
            history = fold_history(entries, pupil=pupil, on=self.on)
        except ValueError as error:
            return _unsound(pupil, (), error)
        parts = history.years.get(self.school_year, [])
        if not parts:
            return YearRead(pupil, (), None, {})
        closed = {
            (entry.stream, entry.version): event
            for entry in entries
            if (event := _closing(entry)) is not None
        }
        newest: dict[str, tuple[int, int, PeriodClosed]] = {}
        for part in parts:
            stream = ids.year_stream(part.ledger, part.year.pupil, self.school_year)
            for one in part.year.closings:
                found = (part.hop(one.version), one.version, closed[stream, one.version])
                standing = newest.get(one.period, found)
                newest[one.period] = max(standing, found, key=lambda closing: closing[:2])
        return self._assessed(pupil, parts, {p: found[2] for p, found in newest.items()})

    def _assessed(
        self, pupil: UUID, parts: Sequence[Contribution], closings: Mapping[str, PeriodClosed]
    ) -> YearRead:
        try:
            record = assess(parts, on=self.on)
        # What rules raise of facts that no rule let in: values, levels, slots nobody can mean.
        except (LedgerError, ValueError, ArithmeticError, LookupError) as error:
            return _unsound(pupil, parts, error)
        return YearRead(pupil, parts, record, closings)


def _closing(entry: FoldEntry) -> PeriodClosed | None:
    """The closing that an entry states, or proposes."""
    event = entry.event
    if isinstance(event, Proposed) and event.topic == PeriodClosed.TOPIC:
        try:
            event = unfold(event)
        except ValueError:  # nobody accepted it
            return None
    return event if isinstance(event, PeriodClosed) else None


def _unsound(pupil: UUID, parts: Sequence[Contribution], error: Exception) -> YearRead:
    """The results cannot be computed; the detail names the rule, never a value."""
    detail = error.code if isinstance(error, LedgerError) else type(error).__name__
    return YearRead(pupil, parts, None, {}, Trouble("year_not_computable", detail, None))
