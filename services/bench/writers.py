"""The contenders of `bench append`: each takes the same prepared events into a table of its own.

`load` fills the table quickly before the runs, `prepare` turns one transaction's events into what
the writer's interface wants (not timed), `append` writes and commits it (timed).
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from ledger.database import Connection
from ledger.event import StreamKind
from ledger.log import head
from ledger.recorder import HeadRowRecorder, Row, StreamRef, insert, name_streams
from services.bench.equal_table import EqualTable, Tuple, columns_of
from services.bench.place import Bench

_NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Prepared:
    """An event encoded beforehand: stream and its number from 1, version, topic, hash, bytes."""

    stream: UUID
    number: int
    version: int
    topic: str
    entry_hash: bytes
    body: bytes


class Writer(Protocol):
    """A contender."""

    def load(self, page: Sequence[Prepared]) -> None:
        """Writes many events, not timed."""

    def settle(self) -> None:
        """Vacuums and analyses the table."""

    def prepare(self, events: Sequence[Prepared]) -> Any:
        """One transaction's events as `append` takes them."""

    def append(self, prepared: Any) -> None:
        """Writes one transaction and commits."""


class HeadRow:
    """Ours, as the desk does it: claim under the head lock, check the grounds, insert, commit."""

    def __init__(self, bench: Bench, streams: Sequence[UUID], stack: ExitStack) -> None:
        """Names the streams; holds one connection until `stack` is closed."""
        self._connection = stack.enter_context(bench.ledger.database.connection())
        self._owner = stack.enter_context(bench.owner())
        refs = [StreamRef(id, StreamKind.LEDGER, bench.ledger.id) for id in streams]
        self._numbers = name_streams(self._connection, refs)
        self._size = head(self._connection).size

    def load(self, page: Sequence[Prepared]) -> None:
        self.append(self.prepare(page))

    def settle(self) -> None:
        self._owner.execute("VACUUM ANALYZE ledger.entry")

    def prepare(self, events: Sequence[Prepared]) -> tuple[list[Row], list[int]]:
        rows = [
            Row(self._numbers[e.stream], e.version, e.topic, e.entry_hash, e.body) for e in events
        ]
        return rows, [row.stream for row in rows]

    def append(self, prepared: tuple[list[Row], list[int]]) -> None:
        rows, depends = prepared
        with self._connection.transaction():
            insert(self._connection, rows, read_at=self._size, depends=depends)
        self._size += len(rows)


def _stored(events: Sequence[Prepared]) -> list[StoredEvent]:
    return [
        StoredEvent(
            originator_id=e.stream, originator_version=e.version, topic=e.topic, state=e.body
        )
        for e in events
    ]


class Seam(HeadRow):
    """Ours through the library's interface: stream numbers looked up, bytes hashed besides."""

    def __init__(self, bench: Bench, streams: Sequence[UUID], stack: ExitStack) -> None:
        """Works in a ledger of its own, so that its table has the same size."""
        super().__init__(bench, streams, stack)
        self._recorder = HeadRowRecorder(bench.ledger.database, ledger=bench.ledger.id)

    def load(self, page: Sequence[Prepared]) -> None:
        super().append(super().prepare(page))

    def prepare(self, events: Sequence[Prepared]) -> Any:
        return _stored(events)

    def append(self, prepared: Any) -> None:
        self._recorder.insert_events(prepared)


class Library:
    """`eventsourcing`'s PostgresApplicationRecorder as it is by default: LOCK TABLE, NOTIFY."""

    SCHEMA = "library"
    _COPY = sql.SQL(
        "COPY {}.stored_events (originator_id, originator_version, topic, state, notification_id)"
        " FROM STDIN (FORMAT BINARY)"
    ).format(sql.Identifier(SCHEMA))
    _SEQUENCE = "SELECT setval('library.stored_events_notification_id_seq', %s)"

    def __init__(self, bench: Bench, stack: ExitStack) -> None:
        """Makes the recorder's table in a schema of its own."""
        self._owner: Connection = stack.enter_context(bench.owner())
        self._owner.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(self.SCHEMA)))
        where = conninfo_to_dict(bench.url)
        datastore = stack.enter_context(
            PostgresDatastore(
                dbname=str(where["dbname"]),
                host=str(where["host"]),
                port=str(where["port"]),
                user=str(where["user"]),
                password=str(where.get("password", "")),
                schema=self.SCHEMA,
            )
        )
        self._recorder = PostgresApplicationRecorder(datastore)
        self._recorder.create_table()
        self._size = 0

    def load(self, page: Sequence[Prepared]) -> None:
        with self._owner.cursor().copy(self._COPY) as copy:
            copy.set_types(("uuid", "int8", "text", "bytea", "int8"))
            for offset, e in enumerate(page, self._size + 1):
                copy.write_row((e.stream, e.version, e.topic, e.body, offset))
        self._size += len(page)
        self._owner.execute(self._SEQUENCE, (self._size,))

    def settle(self) -> None:
        self._owner.execute("VACUUM ANALYZE library.stored_events")

    def prepare(self, events: Sequence[Prepared]) -> list[StoredEvent]:
        return _stored(events)

    def append(self, prepared: list[StoredEvent]) -> None:
        self._recorder.insert_events(prepared)


class BareCopy:
    """One COPY of the same rows into an equal table."""

    def __init__(self, bench: Bench, name: str, stack: ExitStack) -> None:
        """Makes the table."""
        self._table = EqualTable(stack.enter_context(bench.owner()), name)
        self._size = 0

    def load(self, page: Sequence[Prepared]) -> None:
        self._table.copy(self._rows(page))

    def settle(self) -> None:
        self._table.settle()

    def prepare(self, events: Sequence[Prepared]) -> Any:
        return self._rows(events)

    def append(self, prepared: Any) -> None:
        self._table.copy(prepared)

    def _rows(self, events: Sequence[Prepared]) -> list[Tuple]:
        first, self._size = self._size, self._size + len(events)
        return [
            (
                *(first + i, _NOON + timedelta(microseconds=first + i)),
                *(e.number, e.version, e.topic, e.entry_hash, e.body),
            )
            for i, e in enumerate(events)
        ]


class BareInsert(BareCopy):
    """One INSERT … SELECT FROM unnest of the same rows into an equal table."""

    def prepare(self, events: Sequence[Prepared]) -> Any:
        return columns_of(self._rows(events))

    def append(self, prepared: Any) -> None:
        self._table.insert(prepared)
