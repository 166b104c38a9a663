"""Reading the log: entries by position or stream, and positions by instant.

A prefix of the log is named by its size: `@P` is the prefix of P + 1 entries.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from ledger import envelope
from ledger.database import Connection
from ledger.envelope import Envelope
from ledger.errors import DamagedEntry, MalformedBytes, NotFound, Refused, UnknownTopic
from ledger.event import Event, StreamKind
from ledger.queries import queries
from ledger.record import Origin, instant_text, leaf, record
from ledger.recorder import StreamRef

__all__ = [
    "PAGE",
    "Entry",
    "Head",
    "Origin",
    "head",
    "instant_text",
    "leaf",
    "of_streams",
    "pages",
    "record",
    "recorded_at",
    "size_at",
]

_SQL = queries("ledger", "log.sql")
PAGE = 5000
_NO_END = 2**63 - 1
_KINDS = {kind.value: kind for kind in StreamKind}


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the log: how many entries, and the newest instant (or the floor set)."""

    ledger: UUID
    incarnation: int
    size: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as read: its place, its bytes, and the event with personal parts sealed."""

    position: int
    recorded_at: datetime
    stream: StreamRef
    version: int
    entry_hash: bytes
    body: bytes
    origin: Origin | None
    envelope: Envelope
    event: Event

    @property
    def author_position(self) -> int:
        """The position in the log of the ledger that wrote it."""
        return self.origin.position if self.origin else self.position

    @property
    def author_instant(self) -> datetime:
        """When the ledger that wrote it recorded it."""
        return self.origin.recorded_at if self.origin else self.recorded_at

    @property
    def record(self) -> dict[str, Any]:
        """The location-free record: equal in every ledger that holds the entry."""
        origin = self.origin or Origin(self.position, self.recorded_at)
        return record(
            ledger=self.envelope.author,
            stream=self.stream.id,
            version=self.version,
            topic=self.envelope.topic,
            origin=origin,
            entry_hash=self.entry_hash,
        )


def head(connection: Connection) -> Head:
    """The end of the log now."""
    row = connection.execute(_SQL["head"]).fetchone()
    assert row is not None
    return Head(*row)


def recorded_at(connection: Connection, position: int) -> datetime:
    """When the entry at `position` was recorded. Raises NotFound beyond the end."""
    row = connection.execute(_SQL["recorded_at"], {"position": position}).fetchone()
    if row is None:
        raise NotFound("position_not_found", f"the log has no entry @{position} yet")
    instant: datetime = row[0]
    return instant


def size_at(connection: Connection, instant: datetime) -> int:
    """The size of the prefix known at `instant`.

    An instant later than the newest entry first takes the head lock and is kept as a floor for
    later entries, so that the answer stays true for ever.

    Raises:
        Refused: `future_instant`.
        NotFound: `before_first_entry`.
    """
    now = connection.execute("SELECT clock_timestamp()").fetchone()
    assert now is not None
    if instant > now[0]:
        raise Refused(
            "future_instant", "nothing is known yet at an instant in the future", field="known_at"
        )
    if instant >= head(connection).recorded_at:
        with connection.transaction():
            connection.execute(_SQL["lock_head"])
            connection.execute(_SQL["raise_floor"], {"instant": instant})
    row = connection.execute(_SQL["at_instant"], {"instant": instant}).fetchone()
    assert row is not None
    size: int = row[0]
    if size == 0:
        raise NotFound("before_first_entry", "the ledger had no entry at that instant")
    return size


def pages(
    connection: Connection,
    *,
    start: int,
    end: int,
    topics: Sequence[str] | None = None,
    limit: int = PAGE,
) -> Iterator[list[Entry]]:
    """Entries at positions [start, end) in order, in pages; only `topics` where they are given.

    Raises:
        DamagedEntry: at the first entry that cannot be read; nothing is skipped.
    """
    while start < end:
        rows = connection.execute(
            _SQL["page"],
            {
                "start": start,
                "end": end,
                "topics": list(topics) if topics is not None else None,
                "limit": limit,
            },
            binary=True,
        ).fetchall()
        if rows:
            yield [_entry(row) for row in rows]
        if len(rows) < limit:
            return
        start = rows[-1][0] + 1


def of_streams(
    connection: Connection,
    streams: Sequence[UUID],
    *,
    size: int | None,
    topics: Sequence[str] | None = None,
) -> list[Entry]:
    """Every entry of `streams` within the prefix of `size` entries (None: the whole log), in
    position order; only `topics` where they are given.

    Raises:
        DamagedEntry: at the first entry that cannot be read.
    """
    rows = connection.execute(
        _SQL["stream_entries"],
        {
            "ids": list(streams),
            "end": _NO_END if size is None else size,
            "topics": list(topics) if topics is not None else None,
        },
        binary=True,
    ).fetchall()
    return [_entry(row) for row in rows]


def _entry(row: tuple[Any, ...]) -> Entry:
    (position, instant, stream, ledger, kind, person, year, version, topic) = row[:9]
    entry_hash, body, origin_position, origin_instant = row[9:]
    try:
        parsed = envelope.reread(body, entry_hash)
        if (parsed.topic, parsed.stream, parsed.author) != (topic, stream, ledger):
            raise MalformedBytes("its bytes belong to another topic, stream or ledger")
        event = parsed.event()
    except (MalformedBytes, UnknownTopic) as error:
        raise DamagedEntry(position, error.message) from error
    except ValidationError as error:
        raise DamagedEntry(position, f"its facts are not those of {topic}") from error
    return Entry(
        position=position,
        recorded_at=instant,
        stream=StreamRef(stream, _KINDS[kind], ledger, person, year),
        version=version,
        entry_hash=entry_hash,
        body=body,
        origin=None if origin_position is None else Origin(origin_position, origin_instant),
        envelope=parsed,
        event=event,
    )
