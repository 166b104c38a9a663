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

import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from uuid import UUID

from ledger import log
from ledger.database import Connection, Database
from ledger.errors import NotFound
from projections import checkpoints, folding, tables
from projections.checkpoints import Checkpoint
from projections.errors import ProjectionStopped
from projections.folding import table_digest
from projections.projection import Projection

WORKERS = 2
PARALLEL_FROM = 20_000
"""From this many streams on a rebuild pays for a second process."""
_SCHEMA_LOCK = 7203103
_REBUILD_LOCK = 7203104


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
        self._reached: dict[str, int] = {}

    @property
    def names(self) -> list[str]:
        """The names of the projections."""
        return list(self._projections)

    def checkpoints(self, connection: Connection) -> dict[str, Checkpoint]:
        """How far each projection has come; makes the tables that are not there yet."""
        if not self._ensured:
            self._ensure(connection)
        return checkpoints.read(connection)

    def require(self, connection: Connection, size: int, *names: str) -> None:
        """Sees to it that the projections named hold the prefix of `size` entries.

        Raises:
            ProjectionStopped: an entry within that prefix cannot be folded.
        """
        if all(self._reached.get(name, 0) >= size for name in names):
            return  # checkpoints only rise: a past prefix is there once it was there
        known = self.checkpoints(connection)
        for name in names:
            if known[name].size < size:
                self._bring(connection, self._projections[name], size)
            self._reached[name] = max(known[name].size, size)

    def catch_up(
        self, names: Iterable[str] | None = None, *, at_least: int | None = None
    ) -> dict[str, int]:
        """Brings projections (default: all) to the prefix of `at_least` entries, by default the
        whole log; returns how far each is now.

        Raises:
            ProjectionStopped: an entry cannot be folded.
            NotFound: `unknown_projection`.
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
            NotFound: `unknown_projection`.
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
                standing = checkpoints.lock(connection, projection.name)
                folding.fold_range(connection, projection, self._ledger, fresh, size, standing)
                before = table_digest(connection, projection, projection.name)
                after = table_digest(connection, projection, fresh)
                if not keep:
                    tables.drop(connection, projection.form, name=projection.name)
                    tables.rename(connection, projection.form, before=fresh, after=projection.name)
                    checkpoints.renew(connection, projection.name, generation)
        finally:
            tables.drop(connection, projection.form, name=fresh)
        return Rebuilt(projection.name, standing, before, after)

    def _build(self, connection: Connection, projection: Projection, name: str, size: int) -> None:
        """Folds every stream into the table `name`, in two processes where there are many."""
        folding.require_topics(connection, projection, 0, size)
        if folding.count_streams(connection, projection) < PARALLEL_FROM:
            folding.build_part(connection, projection, self._ledger, name, size, part=0, parts=1)
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
                checkpoints.stop(connection, projection.name, stopped.position, stopped.reason)
                raise

    def _advance(
        self, connection: Connection, projection: Projection, known: Checkpoint, size: int
    ) -> None:
        """One page from the checkpoint towards `size`, in one transaction; nothing where
        another session has been there first."""
        name = projection.name
        page, end = folding.page_of(connection, projection, known.size, size)
        changes = folding.changes_of(connection, projection, self._ledger, name, page, known.size)
        with connection.transaction():
            if checkpoints.advance(connection, known, end):
                folding.write(connection, projection, name, changes)

    def _named(self, name: str) -> Projection:
        try:
            return self._projections[name]
        except KeyError:
            known = ", ".join(self._projections)
            raise NotFound(
                "unknown_projection", f"there is no projection {name}; there are {known}"
            ) from None

    def _ensure(self, connection: Connection) -> None:
        """Makes what is missing; a projection of another version begins again."""
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_SCHEMA_LOCK,))
            row = connection.execute("SELECT to_regclass('projection.checkpoint')").fetchone()
            if row is None or row[0] is None:
                tables.create_checkpoints(connection)
            known = checkpoints.read(connection)
            for projection in self._projections.values():
                here = known.get(projection.name)
                if here is None or here.version != projection.version:
                    generation = here.generation + 1 if here else 1
                    self._begin(connection, projection, generation)
        self._ensured = True

    def _begin(self, connection: Connection, projection: Projection, generation: int) -> None:
        tables.drop(connection, projection.form, name=projection.name)
        tables.create(
            connection,
            projection.form,
            name=projection.name,
            generation=generation,
            indexes=projection.indexes,
        )
        checkpoints.begin(
            connection, projection.name, version=projection.version, generation=generation
        )


def _build_elsewhere(
    url: str, projection: Projection, ledger: UUID, name: str, size: int, part: int, parts: int
) -> None:
    """`build_part` in a process of its own."""
    database = Database(url, size=1)
    database.open()
    try:
        with database.connection() as connection:
            folding.build_part(connection, projection, ledger, name, size, part=part, parts=parts)
    finally:
        database.close()
