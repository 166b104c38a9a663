"""Reports come out though an entry cannot be read: its stream is set aside, nothing else (L4).

A projection that meets such an entry stops and skips nothing, because a class list with a hole
would look whole. A report may go on: it says which records it left out. For the time of one read
the stopped projection's rows are copied into a table of the same form, which is then brought on
entry by entry without the streams that cannot be read, and thrown away with the transaction.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from ledger.database import Connection
from ledger.log import Entry
from projections import folding, tables
from projections.engine import Engine
from projections.errors import ProjectionStopped
from projections.projection import Changes, Projection
from projections.tables import Statement, array

_STREAM = sa.table(
    "stream", *(sa.column(name) for name in ("no", "id", "kind", "person")), schema="ledger"
)
_ENTRY = sa.table("entry", sa.column("position"), sa.column("stream"), schema="ledger")
_STREAM_AT = Statement(
    sa.select(_STREAM.c.id, _STREAM.c.person)
    .select_from(_ENTRY.join(_STREAM, _STREAM.c.no == _ENTRY.c.stream))
    .where(_ENTRY.c.position == sa.bindparam("position", type_=sa.BigInteger))
)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A stream that is left out: whose it is (None: nobody's), and its first bad entry."""

    stream: UUID
    person: UUID | None
    position: int
    reason: str


@dataclass(frozen=True, slots=True)
class Sound:
    """Where the rows of the prefix stand: a table for each projection, streams left out."""

    forms: Mapping[str, sa.Table]
    unreadable: Mapping[UUID, Unreadable]

    @property
    def left_out(self) -> list[UUID]:
        """The streams that count nowhere in this read."""
        return list(self.unreadable)


@contextmanager
def sound_rows(
    engine: Engine,
    connection: Connection,
    projections: Sequence[Projection],
    *,
    ledger: UUID,
    size: int,
) -> Iterator[Sound]:
    """The rows of `projections` in the prefix of `size` entries, in one transaction that writes
    nothing; streams that cannot be read are named instead of stopping the read."""
    stopped = []
    for projection in projections:
        try:
            engine.require(connection, size, projection.name)
        except ProjectionStopped:
            stopped.append(projection)
    reached = engine.checkpoints(connection)
    with connection.transaction(force_rollback=True):
        forms = {projection.name: projection.form for projection in projections}
        unreadable: dict[UUID, Unreadable] = {}
        for projection in stopped:
            aside = _Aside(connection, projection, ledger, unreadable)
            aside.bring(reached[projection.name].size, size)
            forms[projection.name] = aside.form
        yield Sound(forms, unreadable)


class _Aside:
    """A stopped projection's table, copied and brought on."""

    def __init__(
        self,
        connection: Connection,
        projection: Projection,
        ledger: UUID,
        unreadable: dict[UUID, Unreadable],
    ) -> None:
        self._connection = connection
        self._projection = projection
        self._ledger = ledger
        self._unreadable = unreadable
        self._name = f"{projection.name}_aside"
        self.form = tables.named(projection.form, self._name)

    def bring(self, start: int, size: int) -> None:
        """From the prefix of `start` entries, where the projection stands, to that of `size`."""
        tables.create(
            self._connection,
            self._projection.form,
            name=self._name,
            generation=0,
            indexes=self._projection.indexes,
        )
        standing = self._projection.form
        copied = [column.name for column in standing.columns]
        Statement(self.form.insert().from_select(copied, sa.select(standing))).run(self._connection)
        while start < size:
            start = self._step(start, size)
        gone = sa.delete(self.form).where(self.form.c.stream == sa.any_(array("gone", sa.Uuid)))
        Statement(gone).run(self._connection, {"gone": list(self._unreadable)})

    def _step(self, start: int, size: int) -> int:
        """The next entries that can be read, or one that cannot; how far that leads."""
        try:
            page, end = folding.page_of(self._connection, self._projection, start, size)
        except ProjectionStopped as stopped:
            if stopped.position > start:
                return self._step(start, stopped.position)
            self._leave_out(stopped)
            return start + 1
        while True:
            readable = [entry for entry in page if entry.stream.id not in self._unreadable]
            try:
                changes = self._changes(readable, start)
            except ProjectionStopped as stopped:
                self._leave_out(stopped)
                continue
            folding.write(self._connection, self._projection, self._name, changes)
            return end

    def _changes(self, page: Sequence[Entry], start: int) -> Changes:
        return folding.changes_of(
            self._connection, self._projection, self._ledger, self._name, page, start
        )

    def _leave_out(self, stopped: ProjectionStopped) -> None:
        row = _STREAM_AT.run(self._connection, {"position": stopped.position}).fetchone()
        assert row is not None
        stream, person = row
        self._unreadable[stream] = Unreadable(stream, person, stopped.position, stopped.reason)
