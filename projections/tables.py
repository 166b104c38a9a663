"""The form of every projection's table, and SQLAlchemy Core as the writer of its SQL.

A row says: this held on the days [effective_from, effective_to) and was known in the prefixes
from `known_from` (the position that made it so) until `known_to` (the position that ended it;
null while it holds). It is *visible in the prefix of size S* if

    known_from < S and (known_to is null or known_to >= S)

that is: the entry that opened it is in the prefix, and none that closed it is. `visible` is the
one place where this is written. (stream, known_from, n) names a row; `n` counts what one entry
opened. Statements are compiled once and run on the ledger's own pool of connections.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa
from psycopg import Cursor
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import make_url
from sqlalchemy.schema import CreateIndex, CreateTable, DropTable

from ledger.database import Connection

SCHEMA = "projection"
KEY = ("stream", "known_from", "n")
_DIALECT = make_url("postgresql+psycopg://").get_dialect()()

CHECKPOINT = sa.Table(
    "checkpoint",
    sa.MetaData(schema=SCHEMA),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("stopped_at", sa.BigInteger),
    sa.Column("reason", sa.Text),
)
"""How far each projection has come: the size of the prefix folded. `generation` counts its
rebuilds, `version` is that of its fold; `stopped_at` is the position of an entry it cannot
fold."""


def table(name: str, *columns: sa.Column[Any]) -> sa.Table:
    """A projection's table: `columns` between the stream and the two positions."""
    return sa.Table(
        name,
        sa.MetaData(schema=SCHEMA),
        sa.Column("stream", sa.Uuid, nullable=False),
        *columns,
        sa.Column("known_from", sa.BigInteger, nullable=False),
        sa.Column("known_to", sa.BigInteger),
        sa.Column("n", sa.Integer, nullable=False),
    )


@cache
def named(form: sa.Table, name: str) -> sa.Table:
    """A table of the same form under another name: one that is being rebuilt."""
    return form if name == form.name else form.to_metadata(sa.MetaData(), name=name)


def visible(rows: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether a row is visible in the prefix of `size` entries (a parameter)."""
    size = sa.bindparam("size", type_=sa.BigInteger)
    return sa.and_(
        rows.c.known_from < size,
        sa.or_(rows.c.known_to.is_(None), rows.c.known_to >= size),
    )


def holds(rows: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether a row holds on the day `on` (a parameter)."""
    on = sa.bindparam("on", type_=sa.Date)
    return sa.and_(
        rows.c.effective_from <= on,
        sa.or_(rows.c.effective_to.is_(None), rows.c.effective_to > on),
    )


def array(name: str, of: Any) -> sa.BindParameter[Any]:
    """A parameter that is an array."""
    return sa.bindparam(name, type_=ARRAY(of))


class Statement:
    """A statement of SQLAlchemy Core, compiled for psycopg."""

    def __init__(self, clause: sa.ClauseElement) -> None:
        """Compiles once; the parameters are given at each run, constants are kept."""
        compiled = clause.compile(dialect=_DIALECT)
        self.text = str(compiled).encode()
        self._constants = dict(compiled.params)

    def run(
        self, connection: Connection, parameters: Mapping[str, Any] | None = None
    ) -> Cursor[tuple[Any, ...]]:
        """Executes with `parameters` by name."""
        return connection.execute(self.text, self.parameters(parameters or {}))

    def parameters(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What is sent with the text: the constants of the clause and those `given`."""
        return {**self._constants, **given}


def create(
    connection: Connection,
    form: sa.Table,
    *,
    name: str,
    generation: int,
    indexes: Iterable[tuple[str, ...]],
) -> None:
    """Makes the table and its indexes; index names carry the generation, so that a table can
    take another's place by renaming alone."""
    made = named(form, name)
    ddl = str(CreateTable(made).compile(dialect=_DIALECT))
    connection.execute(ddl.encode())
    for number, columns in enumerate([KEY, *indexes]):
        index = sa.Index(
            f"{form.name}_g{generation}_{number}",
            *(made.c[column] for column in columns),
            unique=columns == KEY,
            _table=made,
        )
        connection.execute(str(CreateIndex(index).compile(dialect=_DIALECT)).encode())
        made.indexes.discard(index)


def create_checkpoints(connection: Connection) -> None:
    """Makes the table of checkpoints."""
    ddl = str(CreateTable(CHECKPOINT, if_not_exists=True).compile(dialect=_DIALECT))
    connection.execute(ddl.encode())


def drop(connection: Connection, form: sa.Table, *, name: str) -> None:
    """Removes a table where there is one."""
    ddl = DropTable(named(form, name), if_exists=True)
    connection.execute(str(ddl.compile(dialect=_DIALECT)).encode())


def rename(connection: Connection, form: sa.Table, *, before: str, after: str) -> None:
    """Gives a table another name."""
    quote = _DIALECT.identifier_preparer.quote
    text = f"ALTER TABLE {SCHEMA}.{quote(before)} RENAME TO {quote(after)}"
    connection.execute(text.encode())
