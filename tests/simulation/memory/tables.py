"""The tables of one ledger as dicts of immutable rows, and the journal that undoes a rollback."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from psycopg.errors import UniqueViolation

from ledger.folds import STATES

K = TypeVar("K")
V = TypeVar("V")
Row = tuple[Any, ...]
_ABSENT: Any = object()


class Journal(list[tuple["Table[Any, Any]", Any, Any]]):
    """What every changed key held before, the newest change last."""

    def undo(self, mark: int) -> None:
        """Takes back every change after the first `mark`."""
        while len(self) > mark:
            table, key, before = self.pop()
            if before is _ABSENT:
                dict.pop(table, key, None)
            else:
                dict.__setitem__(table, key, before)


class Table(dict[K, V]):
    """Rows by primary key. It is changed by `put`, `insert` and `drop` alone."""

    def __init__(self, name: str, journal: Journal) -> None:
        super().__init__()
        self.name = name
        self._journal = journal

    def put(self, key: K, row: V) -> None:
        """Writes a row, new or not."""
        self._journal.append((self, key, self.get(key, _ABSENT)))
        dict.__setitem__(self, key, row)

    def insert(self, key: K, row: V) -> None:
        """Writes a new row. Raises UniqueViolation."""
        if key in self:
            raise UniqueViolation(f"duplicate key value violates unique constraint of {self.name}")
        self.put(key, row)

    def drop(self, key: K) -> None:
        """Deletes a row where there is one."""
        if key in self:
            self._journal.append((self, key, self[key]))
            dict.pop(self, key)


class Head(NamedTuple):
    ledger: UUID
    incarnation: int
    size: int
    recorded_at: datetime


class Stream(NamedTuple):
    no: int
    id: UUID
    ledger: UUID
    kind: str
    person: UUID | None
    school_year: str | None


class Entry(NamedTuple):
    position: int
    recorded_at: datetime
    stream: int
    version: int
    topic: str
    entry_hash: bytes
    body: bytes
    origin_position: int | None
    origin_recorded_at: datetime | None


class Sent(NamedTuple):
    """A row of the outbox."""

    message: UUID
    case_id: UUID
    receiver: UUID
    kind: str
    issue: int
    position: int
    content: dict[str, Any]
    sealed: bytes | None
    state: str
    attempts: int
    next_at: datetime
    reason: str | None
    sequence: int | None


class Came(NamedTuple):
    """A row of the inbox."""

    sender: UUID
    message: UUID
    case_id: UUID
    kind: str
    payload_sha256: bytes
    frame: bytes
    state: str
    detail: str | None
    received_at: datetime


class Recovery(NamedTuple):
    incarnation: int
    since: datetime
    signed_size: int
    ended_at: datetime | None


class Ask(NamedTuple):
    """A question to another ledger."""

    id: UUID
    ledger: UUID
    incarnation: int | None
    since: datetime | None
    wants: tuple[UUID, ...]
    asked_at: datetime
    parts: tuple[int, ...] = ()
    last: int | None = None
    findings: tuple[Any, ...] = ()
    ruling: str | None = None
    answered_at: datetime | None = None


class DataKeyRow(NamedTuple):
    id: UUID
    person: UUID
    ledger: UUID
    category: str
    wrapped: bytes


class Store:
    """One database: what lasts when the process dies. `now` is the running transaction's."""

    def __init__(self, ledger: UUID) -> None:
        self.journal = Journal()
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.now = datetime(1970, 1, 1, tzinfo=UTC)
        self.streams_named = 0

        self.head: Table[bool, Head] = self._table("head")
        self.state_version: Table[bool, tuple[int, str]] = self._table("state_version")
        self.streams: Table[UUID, Stream] = self._table("stream")
        self.numbers: Table[int, Stream] = self._table("stream_no")
        self.kinds: Table[str, tuple[Stream, ...]] = self._table("stream_of_kind")
        self.entries: Table[int, Entry] = self._table("entry")
        self.written: Table[int, tuple[int, ...]] = self._table("entry_of_stream")
        """By a stream's number the positions of its entries, in the order of the versions."""
        self.states: Table[int, str] = self._table("state")
        self.slots: Table[tuple[int, str, int, str], str] = self._table("slot")
        self.commands: Table[str, Row] = self._table("command")
        self.lines: Table[UUID, bool] = self._table("line")
        self.lookups: Table[tuple[str, UUID, UUID], bool] = self._table("lookup")
        self.references: Table[tuple[UUID, str, str, int], Any] = self._table("reference")
        self.checkpoints: Table[int, Row] = self._table("checkpoint")
        self.tiles: Table[tuple[int, int], bytes] = self._table("tile")
        self.secrets: Table[str, bytes] = self._table("secret")
        self.data_keys: Table[UUID, DataKeyRow] = self._table("data_key")
        self.outbox: Table[UUID, Sent] = self._table("outbox")
        self.inbox: Table[tuple[UUID, UUID], Came] = self._table("inbox")
        self.hops: Table[tuple[UUID, int], str] = self._table("hop")
        self.peers: Table[UUID, int] = self._table("peer")
        self.recoveries: Table[int, Recovery] = self._table("recovery")
        self.asks: Table[UUID, Ask] = self._table("ask")
        self.statements: Table[tuple[UUID, UUID], Any] = self._table("statement")
        self.peer_checkpoints: Table[tuple[UUID, int, int], bytes] = self._table("peer_checkpoint")
        self.decisions: Table[UUID, tuple[str, UUID]] = self._table("decision")

        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        self.head.put(True, Head(ledger, 1, 0, epoch))
        self.state_version.put(True, (STATES.number, STATES.shape))
        self.journal.clear()

    def _table(self, name: str) -> Table[Any, Any]:
        return Table(name, self.journal)

    def tables(self) -> dict[str, Table[Any, Any]]:
        """Every table by the attribute that holds it."""
        return {name: value for name, value in vars(self).items() if isinstance(value, Table)}

    def copy(self) -> "Store":
        """A backup: cheap, because rows never change."""
        assert not self.journal, "a backup is made between transactions"
        other = Store(self.head[True].ledger)
        other.clock, other.streams_named = self.clock, self.streams_named
        for name, table in self.tables().items():
            theirs = vars(other)[name]
            theirs.clear()
            theirs.update(table)
        return other

    def restore(self, backup: "Store") -> None:
        """Makes this database what it was when `backup` was made."""
        self.streams_named = backup.streams_named
        for name, table in self.tables().items():
            table.clear()
            table.update(vars(backup)[name])

    def entries_of(self, stream: UUID) -> list[Entry]:
        """A stream's entries in the order of the versions."""
        known = self.streams.get(stream)
        if known is None:
            return []
        return [self.entries[position] for position in self.written.get(known.no, ())]
