"""Bare tables equal to the log: the same columns, the same indexes, no trigger, no foreign key."""

from collections.abc import Sequence
from typing import Any

from psycopg import sql

from ledger.database import Connection

SCHEMA = "bare"

Tuple = tuple[Any, ...]
"""(position, recorded_at, stream, version, topic, entry_hash, body): what is copied in."""

_TYPES = ("int8", "timestamptz", "int8", "int8", "text", "bytea", "bytea")
_COLUMNS = ("position", "recorded_at", "stream", "version", "topic", "entry_hash", "body")


class EqualTable:
    """One such table, written by the superuser in autocommit: a statement is a transaction."""

    def __init__(self, connection: Connection, name: str) -> None:
        """Makes the table, empty."""
        self._connection = connection
        table = sql.Identifier(SCHEMA, name)
        columns = sql.SQL(", ").join(map(sql.Identifier, _COLUMNS))
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(SCHEMA)))
        connection.execute(
            sql.SQL("CREATE TABLE {} (LIKE ledger.entry INCLUDING ALL)").format(table)
        )
        self._copy = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(table, columns)
        self._insert = sql.SQL(
            "INSERT INTO {} ({}) SELECT * FROM unnest(%s::bigint[], %s::timestamptz[],"
            " %s::bigint[], %s::bigint[], %s::text[], %b::bytea[], %b::bytea[])"
        ).format(table, columns)
        self._fill = sql.SQL("INSERT INTO {} SELECT * FROM ledger.entry").format(table)
        self._count = sql.SQL("SELECT count(*) FROM {}").format(table)
        self._analyze = sql.SQL("VACUUM ANALYZE {}").format(table)

    def fill_from_log(self) -> None:
        """Takes every entry of the ledger's log over."""
        self._connection.execute(self._fill)

    def size(self) -> int:
        """How many rows it holds."""
        row = self._connection.execute(self._count).fetchone()
        assert row is not None
        count: int = row[0]
        return count

    def settle(self) -> None:
        """Vacuums and analyses, so that nothing of it falls into a run."""
        self._connection.execute(self._analyze)

    def insert(self, columns: Sequence[Sequence[Any]]) -> None:
        """One set-based INSERT and commit; `columns` are the lists of the seven columns."""
        self._connection.execute(self._insert, columns)

    def copy(self, rows: Sequence[Tuple]) -> None:
        """One binary COPY and commit."""
        with self._connection.cursor().copy(self._copy) as copy:
            copy.set_types(_TYPES)
            for row in rows:
                copy.write_row(row)


def columns_of(rows: Sequence[Tuple]) -> list[list[Any]]:
    """Rows turned into the lists of their columns."""
    return [list(column) for column in zip(*rows, strict=True)]
