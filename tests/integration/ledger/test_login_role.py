"""A session whose login role is a member of `hocba_app` and nothing else can do the daily work,
and the tables that reports are read from are the application's alone."""

import os
from collections.abc import Iterator
from datetime import date
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from ledger.database import ROLE
from ledger.ledger import Ledger
from projections.persons import Key
from projections.reports.frame import Question
from projections.reports.registry import REPORTS
from projections.views import Views
from tests import school

KEK = os.urandom(32)
ON = date(2025, 1, 20)


@pytest.fixture
def login(database: str) -> Iterator[str]:
    """The URL of a ledger with a class in it, for a role that owns nothing."""
    with school.new_ledger(database, kek=KEK) as made:
        school.class_of(made, 2)
    name = f"clerk_{uuid4().hex[:8]}"
    role = sql.Identifier(name)
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'pw'").format(role))
        owner.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(ROLE), role))
    try:
        yield psycopg.conninfo.make_conninfo(database, user=name, password="pw")
    finally:
        with psycopg.connect(database, autocommit=True) as owner:
            owner.execute(sql.SQL("DROP ROLE {}").format(role))


def test_every_report_and_view_is_read_without_further_rights(login: str) -> None:
    with Ledger.open(login, kek=KEK) as ledger:
        views = Views(ledger)
        for name in REPORTS:
            asked = Question(on=ON, unit=None, by=(), listing=True, school_year=None, preset=None)
            assert views.report(name, asked)["exceptions"] == [] or name == "results"
        assert views.roster(school.CLASS, on=ON)["count"] == 2
        pupil = Key("id", str(school.find(ledger, ["P0"])[0]))
        for read in (views.transcript, views.identity, views.health):
            assert read(pupil, on=ON)["pupil_id"] == pupil.value
        assert views.audit(pupil)["entries"]
        assert views.units(on=ON)
        for name in views.engine.names:
            assert views.engine.rebuild(name).equal


def test_the_login_role_can_neither_change_the_log_nor_take_the_schema(login: str) -> None:
    with psycopg.connect(login, autocommit=True) as clerk:
        for statement in (
            "UPDATE ledger.entry SET topic = topic",
            "DROP SCHEMA projection CASCADE",
            "ALTER TABLE ledger.entry DISABLE TRIGGER ALL",
            "SET ROLE postgres",
        ):
            with pytest.raises(InsufficientPrivilege):
                clerk.execute(statement.encode())


def test_the_tables_of_the_projections_are_the_applications_own(database: str) -> None:
    with school.new_ledger(database, kek=KEK) as made:
        school.class_of(made, 2)
        Views(made).roster(school.CLASS, on=ON)
    with psycopg.connect(database) as owner:
        rows = owner.execute(
            "SELECT c.relname, pg_get_userbyid(c.relowner), c.relacl::text FROM pg_class c "
            "JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = 'projection' AND c.relkind IN ('r', 'p', 'v', 'm')"
        ).fetchall()
    assert rows
    assert {(user, acl) for _, user, acl in rows} == {(ROLE, None)}
