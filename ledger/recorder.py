"""The recorder: the library's seam, one head row, gapless positions.

Whoever holds the head row's lock appends next, so positions are the order of commit and a
rollback leaves no gap. The library counts notifications from 1: its id is our position + 1.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event as ThreadEvent
from threading import Thread
from typing import Any
from uuid import UUID

import psycopg
from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    ListenNotifySubscription,
    Notification,
    StoredEvent,
)

from ledger import arrays
from ledger.database import Connection, Database
from ledger.errors import Stale
from ledger.event import StreamKind
from ledger.queries import queries
from signing.hashing import entry_hash

_SQL = queries("ledger", "log.sql")
COPY_FROM_ROWS = 500
"""From this batch size on COPY is quicker than one set-based INSERT."""

_COPY_TYPES = ("int8", "timestamptz", "int8", "int8", "text", "bytea", "bytea")


@dataclass(frozen=True, slots=True)
class StreamRef:
    """A stream by name: whose it is, what it is about."""

    id: UUID
    kind: StreamKind
    ledger: UUID
    person: UUID | None = None
    school_year: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One entry ready to be inserted: stream number, version, topic, hash and stored bytes.

    `origin` is (position, recorded_at) in the author's log for a verbatim copy.
    """

    stream: int
    version: int
    topic: str
    entry_hash: bytes
    body: bytes
    origin: tuple[int, datetime] | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """What an append was given: its first position and instant."""

    position: int
    recorded_at: datetime


def name_streams(connection: Connection, refs: Sequence[StreamRef]) -> dict[UUID, int]:
    """The numbers of streams, given on first mention (outside the head lock: a number that is
    never used harms nobody)."""
    if not refs:
        return {}
    ids = [ref.id for ref in refs]
    known: dict[UUID, int] = dict(
        connection.execute(_SQL["stream_numbers"], {"ids": ids}).fetchall()
    )
    fresh = [ref for ref in refs if ref.id not in known]
    if fresh:
        connection.execute(
            _SQL["name_streams"],
            {
                "ids": [ref.id for ref in fresh],
                "ledgers": [ref.ledger for ref in fresh],
                "kinds": [ref.kind.value for ref in fresh],
                "persons": [ref.person for ref in fresh],
                "years": [ref.school_year for ref in fresh],
            },
        )
        fresh_ids = [ref.id for ref in fresh]
        known |= dict(connection.execute(_SQL["stream_numbers"], {"ids": fresh_ids}).fetchall())
    return known


def insert(
    connection: Connection, rows: Sequence[Row], *, read_at: int, depends: Sequence[int]
) -> Claimed:
    """Appends `rows` inside the caller's transaction.

    `depends` are the numbers of all streams the decision was made from, read when the log had
    `read_at` entries.

    Raises:
        Stale: one of them has grown since; the caller rolls back and decides again.
    """
    ground = {"n": len(rows), "read_at": read_at, "depends": list(depends)}
    copied = len(rows) >= COPY_FROM_ROWS and not any(row.origin for row in rows)
    if copied:
        claim = connection.execute(_SQL["claim"], ground).fetchone()
    else:
        claim = connection.execute(_SQL["append_entries"], ground | _columns(rows)).fetchone()
    assert claim is not None
    position, recorded_at, stale = claim
    if stale:
        raise Stale
    if copied:
        _copy(connection, rows, position, recorded_at)
    return Claimed(position, recorded_at)


def _columns(rows: Sequence[Row]) -> dict[str, str]:
    return {
        "streams": arrays.numbers([row.stream for row in rows]),
        "versions": arrays.numbers([row.version for row in rows]),
        "topics": arrays.texts([row.topic for row in rows]),
        "hashes": arrays.byte_strings([row.entry_hash for row in rows]),
        "bodies": arrays.byte_strings([row.body for row in rows]),
        "origin_positions": arrays.numbers(row.origin[0] if row.origin else None for row in rows),
        "origin_times": arrays.instants(row.origin[1] if row.origin else None for row in rows),
    }


def _copy(
    connection: Connection, rows: Sequence[Row], position: int, recorded_at: datetime
) -> None:
    microsecond = timedelta(microseconds=1)
    with connection.cursor().copy(_SQL["copy_entries"]) as copy:
        copy.set_types(_COPY_TYPES)
        for offset, row in enumerate(rows):
            copy.write_row(
                (
                    position + offset,
                    recorded_at + offset * microsecond,
                    row.stream,
                    row.version,
                    row.topic,
                    row.entry_hash,
                    row.body,
                )
            )


class HeadRowRecorder(ApplicationRecorder):
    """`eventsourcing`'s application recorder over the ledger's log."""

    def __init__(self, database: Database, *, ledger: UUID) -> None:
        """Streams first named through the library belong to `ledger`."""
        self._database = database
        self._ledger = ledger

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Appends events at the versions they name; their ids, from 1.

        Raises:
            IntegrityError: a version is taken.
        """
        del kwargs
        if not stored_events:
            return None
        with self._database.connection() as connection, _library_errors():
            ids = dict.fromkeys(_uuid(event.originator_id) for event in stored_events)
            refs = [StreamRef(id, StreamKind.LEDGER, self._ledger) for id in ids]
            numbers = name_streams(connection, refs)
            rows = [
                Row(
                    numbers[_uuid(event.originator_id)],
                    event.originator_version,
                    event.topic,
                    entry_hash(event.state),
                    event.state,
                )
                for event in stored_events
            ]
            with connection.transaction():
                claimed = insert(connection, rows, read_at=0, depends=())
        first = claimed.position + 1
        return list(range(first, first + len(rows)))

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """A stream's events in the order of their versions."""
        direction = "descending" if desc else "ascending"
        with self._database.connection() as connection, _library_errors():
            rows = connection.execute(
                _SQL[f"stream_{direction}"],
                {"id": _uuid(originator_id), "gt": gt, "lte": lte, "limit": limit},
            ).fetchall()
        return [
            StoredEvent(
                originator_id=originator_id, originator_version=version, topic=topic, state=body
            )
            for version, topic, body in rows
        ]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Entries in the order of the log; ids are positions + 1."""
        first = 0 if start is None else start - 1 + (0 if inclusive_of_start else 1)
        with self._database.connection() as connection, _library_errors():
            rows = connection.execute(
                _SQL["notifications"],
                {
                    "start": first,
                    "end": stop,
                    "topics": list(topics) or None,
                    "limit": limit,
                },
            ).fetchall()
        return [
            Notification(
                id=position + 1,
                originator_id=stream,
                originator_version=version,
                topic=topic,
                state=body,
            )
            for position, stream, version, topic, body in rows
        ]

    def max_notification_id(self) -> int | None:
        """The number of entries; None where there is none."""
        with self._database.connection() as connection, _library_errors():
            row = connection.execute(_SQL["head"]).fetchone()
        assert row is not None
        return row[2] or None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> "PollingSubscription":
        """Entries from `gt` on, for ever; a timer is the promise, nothing needs to notify."""
        return PollingSubscription(self, gt, topics)


class PollingSubscription(ListenNotifySubscription[HeadRowRecorder]):
    """The library's subscription, woken by a timer.

    NOTIFY takes a lock on the whole database at commit; a look at the head row takes none.
    """

    INTERVAL = 0.05

    def __init__(
        self, recorder: HeadRowRecorder, gt: int | None = None, topics: Sequence[str] = ()
    ) -> None:
        """Begins to look for entries after `gt`."""
        super().__init__(recorder, gt, topics)
        self._over = ThreadEvent()
        self._timer = Thread(target=self._tick, daemon=True)
        self._timer.start()

    def _tick(self) -> None:
        while not self._over.wait(self.INTERVAL):
            self._has_been_notified.set()

    def stop(self) -> None:
        """Ends the iteration and the timer."""
        self._over.set()
        super().stop()

    def __exit__(self, *args: object, **kwargs: Any) -> None:
        """Stops, and waits for the timer's thread."""
        super().__exit__(*args, **kwargs)
        self._timer.join()


def _uuid(value: UUID | str) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


@contextmanager
def _library_errors() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.IntegrityError as error:
        raise IntegrityError(str(error)) from error
