"""Connections to one ledger's database, in the least-privileged role."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg_pool import ConnectionPool, PoolTimeout

from ledger.errors import LedgerError, NotFound, OtherVersion
from ledger.queries import schema

ROLE = "hocba_app"
"""May add entries and read them; may change or remove none (see `sql/schema.sql`)."""

_STEPS = {2: "schema_2.sql", 3: "schema_3.sql"}
"""What takes a schema of the version before to each version; `schema.sql` is version 1."""

_SCHEMA_LOCK = "SELECT pg_advisory_xact_lock(7203101)"

Connection = psycopg.Connection[tuple[Any, ...]]


class Unreachable(LedgerError):
    """The database server does not answer."""

    def __init__(self, reason: str) -> None:
        """Say what the server's library said; it names host and database, never a password."""
        super().__init__("unreachable", f"the database cannot be reached: {reason}")


class Database:
    """A small pool of connections to one ledger's database.

    Connections are in autocommit: a transaction is begun where one is meant.
    """

    def __init__(self, url: str, *, size: int = 8) -> None:
        """`url` is a libpq connection string; nothing is opened yet but one connection."""
        self.url = url
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            url,
            min_size=1,
            max_size=size,
            open=False,
            configure=_configure,
            kwargs={"autocommit": True},
        )

    def open(self) -> None:
        """Connects; tables that an older version of the schema lacks are added.

        Raises:
            Unreachable: the server does not answer.
            NotFound: `no_ledger`.
            OtherVersion: `older_schema`, and this user may not add to it.
        """
        try:
            with psycopg.connect(self.url, autocommit=True, connect_timeout=10) as probe:
                row = probe.execute("SELECT to_regclass('ledger.head')").fetchone()
                if row is not None and row[0] is not None:
                    _upgrade(probe)
        except psycopg.OperationalError as error:
            raise Unreachable(str(error).strip().splitlines()[-1]) from error
        if row is None or row[0] is None:
            raise NotFound("no_ledger", "this database holds no ledger; run `hocba init` first")
        self._pool.open(wait=True, timeout=10)

    def close(self) -> None:
        """Closes every connection."""
        self._pool.close()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection of the pool, in autocommit. Raises Unreachable."""
        try:
            with self._pool.connection(timeout=10) as connection:
                try:
                    yield connection
                except psycopg.OperationalError as error:
                    if not connection.closed:
                        raise
                    raise Unreachable("the connection was lost in the middle") from error
        except PoolTimeout as error:
            raise Unreachable("no connection within 10 s") from error


def _configure(connection: Connection) -> None:
    connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(ROLE)))
    connection.execute("SET TIME ZONE 'UTC'")


def _upgrade(connection: Connection) -> None:
    """Takes an older schema to this version, step by step, as the user that the URL names."""
    if not _missing(connection):
        return
    try:
        with connection.transaction():
            connection.execute(_SCHEMA_LOCK)
            for file in _missing(connection):
                connection.execute(schema("ledger", file).encode())
    except psycopg.errors.InsufficientPrivilege as error:
        raise OtherVersion(
            "older_schema",
            "an older version made the tables of this ledger, and this user may not add to them; "
            "open it once as the owner of the database (`hocba status --database URL`)",
        ) from error


def _missing(connection: Connection) -> list[str]:
    """The steps that the schema has not taken yet, in order."""
    row = connection.execute("SELECT max(version) FROM ledger.schema_version").fetchone()
    assert row is not None
    return [file for version, file in _STEPS.items() if version > row[0]]


def create_schema(url: str, ledger: UUID) -> None:
    """Makes an empty database the database of `ledger`: role, tables, triggers, grants and the
    head row. Nothing is done where it is this ledger's already.

    Raises:
        LedgerError: `ledger_exists` where the database holds another ledger; Unreachable.
    """
    try:
        _ensure_role(url)
        with psycopg.connect(url, connect_timeout=10) as connection:
            connection.execute(_SCHEMA_LOCK)
            held = connection.execute("SELECT to_regclass('ledger.head')").fetchone()
            if held is None or held[0] is None:
                connection.execute(schema("ledger", "schema.sql").encode())
                for file in _STEPS.values():
                    connection.execute(schema("ledger", file).encode())
                connection.execute("INSERT INTO ledger.head (ledger_id) VALUES (%s)", (ledger,))
                return
            known = connection.execute("SELECT ledger_id FROM ledger.head").fetchone()
    except psycopg.OperationalError as error:
        raise Unreachable(str(error).strip().splitlines()[-1]) from error
    if known is None or known[0] != ledger:
        raise LedgerError("ledger_exists", "this database holds a ledger already")


def _ensure_role(url: str) -> None:
    """The application's role. It belongs to the whole server, where several ledgers may be made
    at once: whoever loses that race looks again."""
    with psycopg.connect(url, connect_timeout=10, autocommit=True) as connection:
        for _ in range(10):
            try:
                known = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (ROLE,))
                if known.fetchone() is None:
                    role = sql.Identifier(ROLE)
                    connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(role))
                member = "SELECT pg_has_role(current_user, %s, 'SET')"
                row = connection.execute(member, (ROLE,)).fetchone()
                if row is not None and not row[0]:
                    grant = sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(ROLE))
                    connection.execute(grant)
                return
            except (psycopg.errors.UniqueViolation, psycopg.errors.DuplicateObject):
                continue
            except psycopg.errors.InternalError:  # two grants at once
                continue
            except psycopg.errors.InsufficientPrivilege as error:
                raise LedgerError(
                    "role_missing",
                    f"this user may not make the role {ROLE}; a superuser has to run, once: "
                    f"CREATE ROLE {ROLE} NOLOGIN; GRANT {ROLE} TO {connection.info.user};",
                ) from error
