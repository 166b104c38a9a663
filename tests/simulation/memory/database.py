"""`ledger.database.Database` over a `Store`: connections, transactions, and where a process dies.

A statement that no function carries out is an error. Inside one transaction no second connection
may be used: in PostgreSQL it would see something else, or wait for ever.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from psycopg.pq import TransactionStatus

from ledger.database import Connection, Database
from tests.simulation.memory import ledger_queries, recovery_queries, transfer_queries
from tests.simulation.memory.statements import STATEMENTS
from tests.simulation.memory.tables import Row, Store

__all__ = ["Killed", "MemoryConnection", "MemoryDatabase", "Result"]
LOADED = (ledger_queries, recovery_queries, transfer_queries)
"""Importing them has registered what they carry out."""

Point = Callable[[str, str], None]
"""Called at every point where a process can die ("before " or "after ", and the name of a query or
"commit"); raises Killed to let it."""


def immortal(when: str, name: str) -> None:
    """The point of a process that never dies."""
    del when, name


class Killed(BaseException):
    """The process ended here."""


class Result:
    """What a statement gave."""

    def __init__(self, answer: list[Row] | int) -> None:
        self._rows = answer if isinstance(answer, list) else []
        self.rowcount = answer if isinstance(answer, int) else len(answer)
        self._next = 0

    def fetchone(self) -> Row | None:
        """The next row; None after the last one."""
        if self._next >= len(self._rows):
            return None
        self._next += 1
        return self._rows[self._next - 1]

    def __iter__(self) -> Iterator[Row]:
        """The rows that were not fetched yet."""
        return iter(self.fetchall())

    def fetchall(self) -> list[Row]:
        """The rows that were not fetched yet."""
        rest, self._next = self._rows[self._next :], len(self._rows)
        return rest


class MemoryConnection:
    """A connection in autocommit, as far as this project uses one."""

    def __init__(self, database: "MemoryDatabase") -> None:
        self._database = database
        self._depth = 0

    @property
    def info(self) -> "MemoryConnection":
        """Where `transaction_status` stands."""
        return self

    @property
    def transaction_status(self) -> TransactionStatus:
        """Idle, or in a transaction."""
        return TransactionStatus.INTRANS if self._depth else TransactionStatus.IDLE

    @property
    def closed(self) -> bool:
        """Whether the process has died."""
        return self._database.dead

    def execute(
        self, statement: str, parameters: Mapping[str, Any] | None = None, *, binary: bool = False
    ) -> Result:
        """Carries a named query out, all or nothing."""
        del binary
        try:
            name, function = STATEMENTS[statement]
        except KeyError:
            raise NotImplementedError(f"the memory database cannot: {statement}") from None
        database = self._database
        database.pass_point("before ", name)
        assert database.holder in (None, self), "a second connection inside a transaction"
        store = database.store
        if database.holder is None:
            store.now = store.clock()
        mark = len(store.journal)
        try:
            answer = function(store, parameters or {})
        except BaseException:
            store.journal.undo(mark)
            raise
        if not self._depth:
            store.journal.clear()
        database.pass_point("after ", name)
        return Result(answer)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction, or a savepoint in one; what raises is rolled back."""
        store = self._database.begin(self)
        mark = len(store.journal)
        self._depth += 1
        try:
            yield
            if self._depth == 1:
                self._database.pass_point("before ", "commit")
        except BaseException as error:
            store.journal.undo(mark)
            self._end(store)
            if isinstance(error, psycopg.Rollback):
                return
            raise
        self._end(store)
        if not self._depth:
            self._database.pass_point("after ", "commit")

    def _end(self, store: Store) -> None:
        self._depth -= 1
        if not self._depth:
            store.journal.clear()
            self._database.holder = None


class MemoryDatabase(Database):
    """One process's way to a store. When the process dies, so does this, and the store stays."""

    def __init__(self, store: Store, *, point: Point = immortal) -> None:
        self.url = "memory"
        self.store = store
        self.dead = False
        self.holder: MemoryConnection | None = None
        self._point = point

    def open(self) -> None:
        """Nothing is to be opened."""

    def close(self) -> None:
        """Nothing is to be closed."""

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection in autocommit."""
        yield cast(Connection, MemoryConnection(self))

    def begin(self, connection: MemoryConnection) -> Store:
        """The store for a transaction of `connection`, whose `now()` is set."""
        if self.holder is None:
            self.holder = connection
            self.store.now = self.store.clock()
        assert self.holder is connection, "a second connection inside a transaction"
        return self.store

    def pass_point(self, when: str, name: str) -> None:
        """Raises Killed where the process dies here, or is dead already."""
        if self.dead:
            raise Killed(when + name)
        try:
            self._point(when, name)
        except Killed:
            self.dead = True
            raise
