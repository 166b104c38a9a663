"""The engine: brings projections up to the log, page by page, and makes them again from it.

    catch_up   read a page by position, fold it in memory, write rows and checkpoint in one
               transaction; the checkpoint is compared and set, so of two sessions at the same
               page one writes and the other reads on
    follow     the same on a timer: the timer is the promise, a notification only a hint
    rebuild    fold every stream from its first entry into a fresh table by COPY, while the old
               one answers; then compare digests and swap names in one transaction

All three run `projection.unfold`. The states a page begins from are folded from the streams' own
entries before it: no state is kept that could differ from the log. An entry that cannot be read
or folded stops the projection there, with position and reason; nothing is skipped, and what lies
before it still answers.
"""

import hashlib
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from uuid import UUID

import sqlalchemy as sa

from ledger import log
from ledger.database import Connection, Database
from ledger.errors import DamagedEntry
from ledger.log import Entry
from ledger.registry import EVENTS
from projections import tables
from projections.errors import ProjectionError, ProjectionStopped
from projections.projection import Changes, Projection, Row, unfold
from projections.tables import CHECKPOINT, Statement, array

STREAMS_AT_ONCE = 2000
"""How many streams a rebuild folds in memory together."""
WORKERS = 2
PARALLEL_FROM = 20_000
"""From this many streams on a rebuild pays for a second process."""
_SCHEMA_LOCK = 7203103
_REBUILD_LOCK = 7203104

_ENTRY = sa.table("entry", sa.column("position"), sa.column("topic"), schema="ledger")
_STREAM = sa.table(
    "stream",
    *(sa.column(name) for name in ("no", "id", "ledger", "kind")),
    schema="ledger",
)

_CHECKPOINTS = Statement(
    sa.select(
        CHECKPOINT.c.name,
        CHECKPOINT.c.version,
        CHECKPOINT.c.generation,
        CHECKPOINT.c.size,
        CHECKPOINT.c.stopped_at,
        CHECKPOINT.c.reason,
    )
)
_LOCK = Statement(
    sa.select(CHECKPOINT.c.size, CHECKPOINT.c.generation)
    .where(CHECKPOINT.c.name == sa.bindparam("name_", type_=sa.Text))
    .with_for_update()
)
_ADVANCE = Statement(
    sa.update(CHECKPOINT)
    .where(
        CHECKPOINT.c.name == sa.bindparam("name_", type_=sa.Text),
        CHECKPOINT.c.size == sa.bindparam("before", type_=sa.BigInteger),
        CHECKPOINT.c.generation == sa.bindparam("generation_", type_=sa.Integer),
    )
    .values(size=sa.bindparam("after", type_=sa.BigInteger), stopped_at=None, reason=None)
)
_STOP = Statement(
    sa.update(CHECKPOINT)
    .where(CHECKPOINT.c.name == sa.bindparam("name_", type_=sa.Text))
    .values(
        stopped_at=sa.bindparam("position", type_=sa.BigInteger),
        reason=sa.bindparam("why", type_=sa.Text),
    )
)
_PUT = Statement(sa.insert(CHECKPOINT))
_FORGET = Statement(
    sa.delete(CHECKPOINT).where(CHECKPOINT.c.name == sa.bindparam("name_", type_=sa.Text))
)
_RENEW = Statement(
    sa.update(CHECKPOINT)
    .where(CHECKPOINT.c.name == sa.bindparam("name_", type_=sa.Text))
    .values(generation=sa.bindparam("generation_", type_=sa.Integer), stopped_at=None, reason=None)
)
_UNKNOWN_TOPIC = Statement(
    sa.select(_ENTRY.c.position, _ENTRY.c.topic)
    .where(
        _ENTRY.c.position >= sa.bindparam("start", type_=sa.BigInteger),
        _ENTRY.c.position < sa.bindparam("end", type_=sa.BigInteger),
        _ENTRY.c.topic != sa.all_(array("topics", sa.Text)),
    )
    .order_by(_ENTRY.c.position)
    .limit(1)
)
_STREAMS = Statement(
    sa.select(_STREAM.c.no, _STREAM.c.id)
    .where(
        _STREAM.c.ledger == sa.bindparam("ledger", type_=sa.Uuid),
        _STREAM.c.kind == sa.any_(array("kinds", sa.Text)),
        _STREAM.c.no > sa.bindparam("after", type_=sa.BigInteger),
        _STREAM.c.no % sa.bindparam("parts", type_=sa.BigInteger)
        == sa.bindparam("part", type_=sa.BigInteger),
    )
    .order_by(_STREAM.c.no)
    .limit(STREAMS_AT_ONCE)
)
_COUNT_STREAMS = Statement(
    sa.select(sa.func.count())
    .select_from(_STREAM)
    .where(_STREAM.c.kind == sa.any_(array("kinds", sa.Text)))
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a projection has come. `stopped_at` and `reason` are None unless it is stopped."""

    name: str
    version: int
    generation: int
    size: int
    stopped_at: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild found: the digests of the table that stood and of the one made anew, both
    at the prefix of `size` entries."""

    name: str
    size: int
    before: str
    after: str

    @property
    def equal(self) -> bool:
        """Whether the standing table was what the log gives."""
        return self.before == self.after


class Engine:
    """The projections of one ledger."""

    def __init__(
        self, database: Database, *, ledger: UUID, projections: Sequence[Projection]
    ) -> None:
        """`projections` are kept in the tables of `database`, which holds ledger `ledger`."""
        self._database = database
        self._ledger = ledger
        self._projections = {projection.name: projection for projection in projections}
        self._ensured = False

    @property
    def names(self) -> list[str]:
        """The names of the projections."""
        return list(self._projections)

    def checkpoints(self, connection: Connection) -> dict[str, Checkpoint]:
        """How far each projection has come; makes the tables that are not there yet."""
        if not self._ensured:
            self._ensure(connection)
        rows = _CHECKPOINTS.run(connection).fetchall()
        return {row[0]: Checkpoint(*row) for row in rows}

    def require(self, connection: Connection, size: int, *names: str) -> None:
        """Sees to it that the projections named hold the prefix of `size` entries.

        Raises:
            ProjectionStopped: an entry within that prefix cannot be folded.
        """
        known = self.checkpoints(connection)
        for name in names:
            if known[name].size < size:
                self._bring(connection, self._projections[name], size)

    def catch_up(
        self, names: Iterable[str] | None = None, *, at_least: int | None = None
    ) -> dict[str, int]:
        """Brings projections (default: all) to the prefix of `at_least` entries, by default the
        whole log; returns how far each is now.

        Raises:
            ProjectionStopped: an entry cannot be folded.
            ProjectionError: there is no projection of that name.
        """
        wanted = [self._named(name) for name in names or self.names]
        with self._database.connection() as connection:
            size = log.head(connection).size if at_least is None else at_least
            self.require(connection, size, *(projection.name for projection in wanted))
            known = self.checkpoints(connection)
            return {projection.name: known[projection.name].size for projection in wanted}

    def follow(self, stop: threading.Event, *, interval: float = 1.0) -> None:
        """Catches up every `interval` seconds until `stop` is set.

        A stopped projection stays where it is (`checkpoints` tells position and reason) while
        the others go on; it is tried again each time, because a newer version may read on.
        """
        while not stop.is_set():
            for name in self.names:
                try:
                    self.catch_up([name])
                except ProjectionStopped:
                    continue
            stop.wait(interval)

    def digest(self, name: str) -> str:
        """`sha256:` over the projection's rows as they stand."""
        projection = self._named(name)
        with self._database.connection() as connection:
            self.checkpoints(connection)
            return table_digest(connection, projection, projection.name)

    def rebuild(self, name: str, *, keep: bool = False) -> Rebuilt:
        """Makes the projection anew from the log and takes the fresh table in the old one's
        place, whose digest is compared; `keep` compares only and leaves the old one.

        Raises:
            ProjectionStopped: an entry cannot be folded; the old table stays.
            ProjectionError: there is no projection of that name.
        """
        projection = self._named(name)
        with self._database.connection() as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", (_REBUILD_LOCK,))
            try:
                return self._rebuild(connection, projection, keep)
            finally:
                connection.execute("SELECT pg_advisory_unlock(%s)", (_REBUILD_LOCK,))

    def _rebuild(self, connection: Connection, projection: Projection, keep: bool) -> Rebuilt:
        size = log.head(connection).size
        self.require(connection, size, projection.name)
        generation = self.checkpoints(connection)[projection.name].generation + 1
        fresh = f"{projection.name}_fresh"
        tables.drop(connection, projection.form, name=fresh)
        tables.create(
            connection,
            projection.form,
            name=fresh,
            generation=generation,
            indexes=projection.indexes,
        )
        try:
            self._build(connection, projection, fresh, size)
            with connection.transaction():
                row = _LOCK.run(connection, {"name_": projection.name}).fetchone()
                assert row is not None
                _fold_range(connection, projection, self._ledger, fresh, size, row[0])
                before = table_digest(connection, projection, projection.name)
                after = table_digest(connection, projection, fresh)
                if not keep:
                    tables.drop(connection, projection.form, name=projection.name)
                    tables.rename(connection, projection.form, before=fresh, after=projection.name)
                    _RENEW.run(connection, {"name_": projection.name, "generation_": generation})
        finally:
            tables.drop(connection, projection.form, name=fresh)
        return Rebuilt(projection.name, row[0], before, after)

    def _build(self, connection: Connection, projection: Projection, name: str, size: int) -> None:
        """Folds every stream into the table `name`, in two processes where there are many."""
        _require_topics(connection, projection, 0, size)
        kinds = {"kinds": [str(kind) for kind in projection.kinds]}
        row = _COUNT_STREAMS.run(connection, kinds).fetchone()
        assert row is not None
        if row[0] < PARALLEL_FROM:
            build_part(connection, projection, self._ledger, name, size, part=0, parts=1)
            return
        with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
            parts = [
                pool.submit(
                    _build_elsewhere,
                    self._database.url,
                    projection,
                    self._ledger,
                    name,
                    size,
                    part,
                    WORKERS,
                )
                for part in range(WORKERS)
            ]
            for part in parts:
                part.result()

    def _bring(self, connection: Connection, projection: Projection, size: int) -> None:
        """Folds page after page until the checkpoint is at least `size`."""
        limit = size
        while True:
            known = self.checkpoints(connection)[projection.name]
            if known.size >= size:
                return
            try:
                self._advance(connection, projection, known, limit)
                limit = size
            except ProjectionStopped as stopped:
                if stopped.position > known.size:
                    limit = stopped.position
                    continue
                why = {"position": stopped.position, "why": stopped.reason}
                _STOP.run(connection, {"name_": projection.name, **why})
                raise

    def _advance(
        self, connection: Connection, projection: Projection, known: Checkpoint, size: int
    ) -> None:
        """One page from the checkpoint towards `size`, in one transaction; nothing where
        another session has been there first."""
        page, end = _page(connection, projection, known.size, size)
        changes = _changes(connection, projection, self._ledger, projection.name, page, known.size)
        step = {
            "name_": projection.name,
            "before": known.size,
            "after": end,
            "generation_": known.generation,
        }
        with connection.transaction():
            if _ADVANCE.run(connection, step).rowcount == 1:
                _write(connection, projection, projection.name, changes)

    def _named(self, name: str) -> Projection:
        try:
            return self._projections[name]
        except KeyError:
            known = ", ".join(self._projections)
            raise ProjectionError(f"there is no projection {name}; there are {known}") from None

    def _ensure(self, connection: Connection) -> None:
        """Makes what is missing; a projection of another version begins again."""
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_SCHEMA_LOCK,))
            row = connection.execute("SELECT to_regclass('projection.checkpoint')").fetchone()
            if row is None or row[0] is None:
                tables.create_checkpoints(connection)
            known = {row[0]: Checkpoint(*row) for row in _CHECKPOINTS.run(connection).fetchall()}
            for projection in self._projections.values():
                here = known.get(projection.name)
                if here is None or here.version != projection.version:
                    generation = here.generation + 1 if here else 1
                    self._begin(connection, projection, generation)
        self._ensured = True

    def _begin(self, connection: Connection, projection: Projection, generation: int) -> None:
        tables.drop(connection, projection.form, name=projection.name)
        _FORGET.run(connection, {"name_": projection.name})
        tables.create(
            connection,
            projection.form,
            name=projection.name,
            generation=generation,
            indexes=projection.indexes,
        )
        begun = {
            "name": projection.name,
            "version": projection.version,
            "generation": generation,
            "size": 0,
            "stopped_at": None,
            "reason": None,
        }
        _PUT.run(connection, begun)


def build_part(
    connection: Connection,
    projection: Projection,
    ledger: UUID,
    name: str,
    size: int,
    *,
    part: int,
    parts: int,
) -> None:
    """Folds the streams whose number leaves `part` when divided by `parts` into table `name`.

    Raises:
        ProjectionStopped: at an entry that cannot be read or folded.
    """
    after = -1
    while True:
        rows = _STREAMS.run(
            connection,
            {
                "ledger": ledger,
                "kinds": [str(kind) for kind in projection.kinds],
                "after": after,
                "parts": parts,
                "part": part,
            },
        ).fetchall()
        if not rows:
            return
        after = rows[-1][0]
        try:
            entries = log.of_streams(
                connection, [row[1] for row in rows], size=size, topics=projection.topics
            )
        except DamagedEntry as damaged:
            raise ProjectionStopped(projection.name, damaged.position, damaged.reason) from damaged
        changes = Changes()
        for written in _by_stream(entries).values():
            unfold(projection, None, {}, written, changes)
        _write(connection, projection, name, changes)


def _build_elsewhere(
    url: str, projection: Projection, ledger: UUID, name: str, size: int, part: int, parts: int
) -> None:
    """`build_part` in a process of its own."""
    database = Database(url, size=1)
    database.open()
    try:
        with database.connection() as connection:
            build_part(connection, projection, ledger, name, size, part=part, parts=parts)
    finally:
        database.close()


def _fold_range(
    connection: Connection, projection: Projection, ledger: UUID, name: str, start: int, end: int
) -> None:
    """Folds the entries [start, end) into table `name`."""
    while start < end:
        page, following = _page(connection, projection, start, end)
        _write(
            connection,
            projection,
            name,
            _changes(connection, projection, ledger, name, page, start),
        )
        start = following


def _page(
    connection: Connection, projection: Projection, start: int, end: int
) -> tuple[list[Entry], int]:
    """The next entries from `start` on that the projection reads, and the size they lead to."""
    try:
        page = next(log.pages(connection, start=start, end=end, topics=projection.topics), [])
    except DamagedEntry as damaged:
        raise ProjectionStopped(projection.name, damaged.position, damaged.reason) from damaged
    if len(page) == log.PAGE:
        end = page[-1].position + 1
    _require_topics(connection, projection, start, end)
    return page, end


def _require_topics(connection: Connection, projection: Projection, start: int, end: int) -> None:
    """An entry of an unknown topic might be one this projection should read: it stops there."""
    unknown = _UNKNOWN_TOPIC.run(
        connection, {"start": start, "end": end, "topics": list(EVENTS)}
    ).fetchone()
    if unknown is not None:
        position, topic = unknown
        raise ProjectionStopped(
            projection.name, position, f"topic {topic!r} is not known to this version"
        )


def _changes(
    connection: Connection,
    projection: Projection,
    ledger: UUID,
    name: str,
    page: Sequence[Entry],
    start: int,
) -> Changes:
    """What a page changes in table `name`, which holds the prefix of `start` entries."""
    streams = _by_stream(entry for entry in page if entry.stream.ledger == ledger)
    grown = [stream for stream, written in streams.items() if written[0].version > 1]
    before: dict[UUID, list[Entry]] = {}
    standing: dict[UUID, dict[Row, tuple[int, int]]] = {}
    if grown:
        try:
            before = _by_stream(
                log.of_streams(connection, grown, size=start, topics=projection.topics)
            )
        except DamagedEntry as damaged:
            raise ProjectionStopped(projection.name, damaged.position, damaged.reason) from damaged
        standing = _standing(connection, projection, name, grown)
    changes = Changes()
    for stream, written in streams.items():
        state = None
        for entry in before.get(stream, []):
            state = projection.fold(state, entry)
        unfold(projection, state, standing.get(stream, {}), written, changes)
    return changes


def _by_stream(entries: Iterable[Entry]) -> dict[UUID, list[Entry]]:
    streams: dict[UUID, list[Entry]] = {}
    for entry in entries:
        streams.setdefault(entry.stream.id, []).append(entry)
    return streams


def _standing(
    connection: Connection, projection: Projection, name: str, streams: list[UUID]
) -> dict[UUID, dict[Row, tuple[int, int]]]:
    """The rows of `streams` that nothing has closed yet."""
    form = tables.named(projection.form, name)
    clause = sa.select(form).where(
        form.c.stream == sa.any_(array("streams", sa.Uuid)), form.c.known_to.is_(None)
    )
    found: dict[UUID, dict[Row, tuple[int, int]]] = {}
    for stream, *row, known_from, _, n in Statement(clause).run(connection, {"streams": streams}):
        found.setdefault(stream, {})[tuple(row)] = (known_from, n)
    return found


def _write(connection: Connection, projection: Projection, name: str, changes: Changes) -> None:
    """Writes what was opened by COPY, and closes older rows in one statement."""
    target = f'{tables.SCHEMA}."{name}"'
    if changes.closed:
        streams, positions, numbers, ends = zip(*changes.closed, strict=True)
        connection.execute(
            f"UPDATE {target} t SET known_to = c.known_to "
            "FROM unnest(%s::uuid[], %s::bigint[], %s::integer[], %s::bigint[]) "
            "AS c (stream, known_from, n, known_to) WHERE t.stream = c.stream "
            "AND t.known_from = c.known_from AND t.n = c.n".encode(),
            (list(streams), list(positions), list(numbers), list(ends)),
        )
    if changes.opened:
        copy = f"COPY {target} FROM STDIN".encode()
        with connection.cursor() as cursor, cursor.copy(copy) as rows:
            for (stream, known_from, n), (row, known_to) in changes.opened.items():
                rows.write_row((stream, *row, known_from, known_to, n))


def table_digest(connection: Connection, projection: Projection, name: str) -> str:
    """`sha256:` over the table's rows in the order of (stream, known_from, n), as PostgreSQL's
    COPY writes them after a line naming version and columns. No surrogate id is in it."""
    form = tables.named(projection.form, name)
    columns = ", ".join(f'"{column.name}"' for column in form.columns)
    order = ", ".join(tables.KEY)
    found = hashlib.sha256(f"{projection.name}/{projection.version}\t{columns}\n".encode())
    query = f'COPY (SELECT {columns} FROM {tables.SCHEMA}."{name}" ORDER BY {order}) TO STDOUT'
    with connection.cursor() as cursor, cursor.copy(query.encode()) as copy:
        for block in copy:
            found.update(block)
    return f"sha256:{found.hexdigest()}"
