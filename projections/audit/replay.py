"""One pupil's entries, or those of other streams, read in position order as lines of the audit."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ledger import log
from ledger.database import Connection
from ledger.event import Frozen
from ledger.events.pupil import SupplementDecided
from ledger.events.pupil_year import MarkEntered
from ledger.events.staff import AccountOpened
from ledger.folds import evolve
from ledger.ledger import Ledger, SealedPart
from ledger.log import Entry, instant_text
from ledger.pupil import Pupil
from ledger.pupil_year import PupilYear
from projections.audit.change import Change, Clear, Memory
from projections.audit.changes import change_of
from projections.audit.flags import LATE_AFTER, Closed, days_late, flags_of, recorded_day
from projections.audit.results import ResultChange, Years, answers, changes_between
from projections.names import Names
from projections.pupil_log import PupilLog, sealed_part


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """How an audit is read: entries at positions from `after` on, with these names and accounts
    (of each member of staff); `flags` (none: every entry) are those asked for."""

    after: int
    names: Names
    accounts: Mapping[str, frozenset[str]]
    late_after: int = LATE_AFTER
    flags: frozenset[str] = frozenset()

    def asks_for(self, flags: Sequence[str]) -> bool:
        """Whether an entry with these flags is to be shown."""
        return not self.flags or not self.flags.isdisjoint(flags)


def read_accounts(connection: Connection, *, size: int) -> dict[str, frozenset[str]]:
    """The accounts of each member of staff, as opened in the prefix of `size` entries."""
    found: dict[str, frozenset[str]] = {}
    for page in log.pages(connection, start=0, end=size, topics=[AccountOpened.TOPIC]):
        for entry in page:
            event = entry.event
            if isinstance(event, AccountOpened) and event.staff_code and entry.origin is None:
                known = found.get(event.staff_code, frozenset())
                found[event.staff_code] = known | {event.name}
    return found


@dataclass(slots=True)
class _Trail:
    """One stream while it is read."""

    state: Any
    memory: Memory


class _Replay:
    """The streams of one read, folded side by side."""

    def __init__(self, here: UUID, person: UUID | None, reading: Reading) -> None:
        self._person = person
        self._reading = reading
        self._trails: dict[UUID, _Trail] = {}
        self._years = Years(here)
        self._closed = Closed()

    def step(self, entry: Entry, clear: Clear, *, shown: bool) -> dict[str, Any] | None:
        """Takes one entry in; its line where it is `shown` and has a flag asked for."""
        stream, event = entry.stream, entry.event
        trail = self._trails.setdefault(stream.id, _Trail(None, Memory()))
        before = trail.state
        after = trail.state = evolve(stream.kind, before, event, entry.version)
        change = change_of(event, before, after, trail.memory, clear)
        year = stream.school_year or ""
        closed = self._closed.touched(year, event)
        self._closed.note(year, event)
        results = self._results(entry, before, after, closed=closed, wanted=shown)
        if not shown:
            return None
        flags = flags_of(
            entry,
            after_closing=closed,
            results=results,
            accounts=self._reading.accounts,
            late_after=self._reading.late_after,
        )
        if not self._reading.asks_for(flags):
            return None
        return self._line(entry, change, clear, flags, results)

    def _results(
        self,
        entry: Entry,
        before: Frozen | None,
        after: Frozen,
        *,
        closed: bool,
        wanted: bool,
    ) -> tuple[ResultChange, ...]:
        """The results of the year that the entry changed."""
        if isinstance(after, Pupil):
            return self._of_pupil(entry, after, wanted=wanted)
        if not isinstance(after, PupilYear):
            return ()
        year, on = after.school_year, recorded_day(entry)
        looked_at = wanted and (closed or self._could_change_one(entry, before))
        earlier = self._years.record(year, on=on) if looked_at else None
        self._years.add(entry.stream.id, entry.envelope.author, after)
        self._years.tell(entry.stream.id, entry.event, entry.version)
        if not looked_at or earlier is None:
            return ()
        return changes_between(earlier, self._years.record(year, on=on))

    def _of_pupil(self, entry: Entry, after: Pupil, *, wanted: bool) -> tuple[ResultChange, ...]:
        """What a decision about proposals changed; other entries of a pupil change no result."""
        event, on = entry.event, recorded_day(entry)
        accepted = event.accepted if isinstance(event, SupplementDecided) and wanted else ()
        years = self._years.years_of(accepted) if accepted else []
        earlier = {year: self._years.record(year, on=on) for year in years}
        if entry.stream.id == self._person:
            self._years.know(after)
        else:
            self._years.know_other(after)
        return tuple(
            change
            for year in years
            for change in changes_between(earlier[year], self._years.record(year, on=on))
        )

    def _could_change_one(self, entry: Entry, before: Frozen | None) -> bool:
        """Whether the entry may change a result, or is late: a year's many marks, each the first
        in its slot and handed in in time, fill gaps, and need not be assessed one by one. (Where
        several wrote of a year, or no number of marks is asked for, any mark may change one.)"""
        event = entry.event
        if not isinstance(event, MarkEntered) or not isinstance(before, PupilYear):
            return True
        late = (days_late(entry) or 0) > self._reading.late_after
        parts = self._years.contributions(before.school_year)
        asked_for = event.slot in event.required and not before.paper and len(parts) == 1
        filled = (event.subject, event.semester, event.slot) in before.slots
        return late or filled or not asked_for

    def _line(
        self,
        entry: Entry,
        change: Change,
        clear: Clear,
        flags: Sequence[str],
        results: Sequence[ResultChange],
    ) -> dict[str, Any]:
        who, names = entry.envelope.who, self._reading.names
        reason = clear.get("text") if clear and not change.text_is_content else None
        line = {
            "position": entry.position,
            "recorded_at": instant_text(entry.recorded_at),
            "effective_on": entry.event.effective_on.isoformat(),
            "stream": str(entry.stream.id),
            "stream_kind": str(entry.stream.kind),
            "school_year": entry.stream.school_year,
            "version": entry.version,
            "type": entry.envelope.topic.split(".")[1],
            "ledger": names.ledger(entry.envelope.author),
            "origin_position": entry.origin.position if entry.origin else None,
            "recorded_by": who.recorded_by,
            "on_behalf_of": who.on_behalf_of,
            "provenance": who.provenance.model_dump(mode="json"),
            "reason": reason,
            "subject": change.subject,
            **change.place,
            "before": change.before,
            "after": change.after,
            "flags": list(flags),
            "days_late": days_late(entry),
            "result_changed": answers(results),
        }
        if entry.origin is not None:
            line["origin_recorded_at"] = instant_text(entry.origin.recorded_at)
        return line


def read_pupil(
    ledger: Ledger,
    connection: Connection,
    known: PupilLog,
    reading: Reading,
    *,
    counts: Callable[[Entry], bool] = lambda entry: True,
) -> Iterator[dict[str, Any]]:
    """The lines about one pupil, in position order; only entries that `counts`.

    Raises:
        WrongKey: a key held is not the one an entry commits to.
    """
    replay = _Replay(ledger.id, known.person, reading)
    opened = _open(ledger, connection, known.entries)
    for entry in known.entries:
        shown = entry.position >= reading.after and counts(entry)
        line = replay.step(entry, opened.get(entry.position), shown=shown)
        if line is not None:
            yield line


def read_streams(
    ledger: Ledger,
    connection: Connection,
    streams: Sequence[UUID],
    reading: Reading,
    *,
    size: int,
    counts: Callable[[Entry], bool] = lambda entry: True,
) -> Iterator[dict[str, Any]]:
    """The lines of streams that are about no pupil (units, classes, staff), in position order.
    What is personal in them stays sealed."""
    replay = _Replay(ledger.id, None, reading)
    for entry in log.of_streams(connection, streams, size=size):
        shown = entry.position >= reading.after and counts(entry)
        line = replay.step(entry, None, shown=shown)
        if line is not None:
            yield line


def _open(ledger: Ledger, connection: Connection, entries: Sequence[Entry]) -> dict[int, Clear]:
    """The statutory parts in clear, by position."""
    positions: list[int] = []
    parts: list[SealedPart] = []
    for entry in entries:
        part = sealed_part(entry)
        if part is not None:
            positions.append(entry.position)
            parts.append(part)
    return dict(zip(positions, ledger.reveal(connection, parts), strict=True))
