"""What the database itself refuses, whoever asks: the log is only ever added to."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from ledger.database import ROLE, Connection
from ledger.ledger import Ledger
from tests import school

PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")

ADD = {"SELECT", "INSERT"}
CHANGE = {"SELECT", "INSERT", "UPDATE"}
REPLACE = CHANGE | {"DELETE"}  # a newer version folds the current states anew
ALLOWED: dict[str, set[str]] = {
    "ledger.ask": REPLACE,  # older questions go when a newer one is answered
    "ledger.checkpoint": ADD,
    "ledger.command": ADD,
    "ledger.decision": ADD,
    "ledger.entry": ADD,
    "ledger.given_up": ADD,
    "ledger.head": {"SELECT"},  # and three of its columns, see below
    "ledger.hop": ADD,
    "ledger.inbox": CHANGE,
    "ledger.inbox_batch": REPLACE,  # chunks go once they are together, or too old
    "ledger.inbox_chunk": ADD | {"DELETE"},
    "ledger.line": ADD,
    "ledger.lookup": ADD | {"DELETE"},  # an erasure takes a person's numbers out
    "ledger.outbox": CHANGE,
    "ledger.peer": CHANGE,
    "ledger.peer_checkpoint": ADD,
    "ledger.recovery": CHANGE,
    "ledger.reference": ADD,
    "ledger.schema_version": {"SELECT"},
    "ledger.slot": REPLACE,
    "ledger.state": REPLACE,
    "ledger.state_version": {"SELECT", "UPDATE"},
    "ledger.statement": ADD | {"DELETE"},
    "ledger.stream": ADD,
    "ledger.tile": ADD,
    "vault.data_key": ADD | {"DELETE"},  # an erasure destroys keys
    "vault.secret": ADD | {"DELETE"},
}
"""Every table of the schemas `ledger` and `vault`, and all that the application may do to it."""

CHANGES = [
    "UPDATE ledger.entry SET topic = topic",
    "UPDATE ledger.entry SET recorded_at = now() WHERE position = 0",
    "DELETE FROM ledger.entry WHERE position = 1",
    "TRUNCATE ledger.entry",
    "TRUNCATE ledger.entry CASCADE",
    "TRUNCATE ledger.stream CASCADE",
]


@pytest.fixture
def application(ledger: Ledger) -> Iterator[Connection]:
    """A session in the application's role on a ledger with entries in every table of the log."""
    school.class_of(ledger, 1)
    with ledger.database.connection() as connection:
        assert connection.execute("SELECT current_user").fetchone() == (ROLE,)
        yield connection


@pytest.mark.parametrize("statement", CHANGES)
def test_the_application_cannot_change_the_log(application: Connection, statement: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        application.execute(statement.encode())


@pytest.mark.parametrize("statement", CHANGES)
def test_the_owner_cannot_change_the_log_either(
    ledger: Ledger, database: str, statement: str
) -> None:
    del ledger
    with psycopg.connect(database, autocommit=True) as owner:
        assert owner.execute("SELECT current_user").fetchone() != (ROLE,)
        with pytest.raises(InsufficientPrivilege, match="never changed or removed"):
            owner.execute(statement.encode())


def test_every_table_grants_the_application_exactly_what_it_needs(
    application: Connection,
) -> None:
    rows = application.execute(
        "SELECT n.nspname || '.' || c.relname, p.privilege "
        "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "CROSS JOIN unnest(%s::text[]) AS p (privilege) "
        "WHERE n.nspname IN ('ledger', 'vault') AND c.relkind IN ('r', 'p', 'v', 'm') "
        "AND has_table_privilege(%s, c.oid, p.privilege)",
        [list(PRIVILEGES), ROLE],
    ).fetchall()
    granted: dict[str, set[str]] = {}
    for table, privilege in rows:
        granted.setdefault(table, set()).add(privilege)
    assert granted == ALLOWED


def test_of_the_head_row_only_size_and_instant_may_be_changed(application: Connection) -> None:
    rows = application.execute(
        "SELECT n.nspname || '.' || c.relname, a.attname FROM pg_attribute a "
        "JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname IN ('ledger', 'vault') AND c.relkind = 'r' AND a.attnum > 0 "
        "AND has_column_privilege(%s, c.oid, a.attnum, 'UPDATE') "
        "AND NOT has_table_privilege(%s, c.oid, 'UPDATE')",
        [ROLE, ROLE],
    ).fetchall()
    changed = ("size", "recorded_at", "incarnation")
    assert set(rows) == {("ledger.head", column) for column in changed}


@pytest.mark.parametrize("table", sorted(ALLOWED))
def test_the_application_can_neither_drop_nor_alter_nor_empty_a_table(
    application: Connection, table: str
) -> None:
    name = sql.Identifier(*table.split("."))
    for statement in ("DROP TABLE {}", "ALTER TABLE {} DISABLE TRIGGER ALL", "TRUNCATE {}"):
        with pytest.raises(InsufficientPrivilege):
            application.execute(sql.SQL(statement).format(name))


def test_the_application_cannot_switch_triggers_off_or_take_more_rights(
    application: Connection,
) -> None:
    row = application.execute(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolcanlogin "
        "FROM pg_roles WHERE rolname = %s",
        [ROLE],
    ).fetchone()
    assert row == (False,) * 5
    for statement in (
        "SET session_replication_role = replica",
        "CREATE TABLE ledger.mine ()",
        "CREATE TABLE vault.mine ()",
        "DROP TRIGGER entry_append_only ON ledger.entry",
        "CREATE OR REPLACE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql "
        "AS 'BEGIN RETURN NEW; END'",
    ):
        with pytest.raises(InsufficientPrivilege):
            application.execute(statement.encode())


def test_two_entries_cannot_share_a_position_or_a_version(application: Connection) -> None:
    copy = (
        "INSERT INTO ledger.entry SELECT {}, recorded_at, stream, {}, topic, entry_hash, body "
        "FROM ledger.entry WHERE position = 0"
    )
    for position, version in (("position", "version + 9"), ("position + 9999", "version")):
        with pytest.raises(psycopg.errors.UniqueViolation):
            application.execute(copy.format(position, version).encode())
