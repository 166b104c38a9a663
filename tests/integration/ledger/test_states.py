"""Current states survive a change of their models: an older version's are folded anew."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from ledger import states
from ledger.database import Connection
from ledger.errors import DamagedEntry, OtherVersion
from ledger.event import StreamKind
from ledger.folds import STATES, StatesVersion
from ledger.inspection import Inspection, inspect
from ledger.ledger import Ledger
from ledger.notary import Notary
from ledger.plan import Plan
from ledger.reader import Reader
from signing.note import NoteSigner
from tests import school
from tests.integration.ledger.damage import as_owner

REPOSITORY = Path(__file__).resolve().parents[3]
KEK = bytes(range(32))
CONTENT = """
SELECT stream, '', 0, '', body::jsonb FROM ledger.state
UNION ALL SELECT stream, subject, semester, slot, body::jsonb FROM ledger.slot
ORDER BY 1, 2, 3, 4
"""
OLDER = (
    "UPDATE ledger.state_version SET number = 0, shape = 'older'",
    "UPDATE ledger.state SET body = (body::jsonb - 'identifiers' - 'regulation')::text",
    "UPDATE ledger.slot SET body = '{}' WHERE slot = 'TX1'",
    "DELETE FROM ledger.slot WHERE slot = 'TX2'",
    "INSERT INTO ledger.slot SELECT stream, subject, semester, 'TX9', body FROM ledger.slot "
    "WHERE slot = 'TX1'",
    "INSERT INTO ledger.state VALUES (999999, '{}')",
)
"""What the tables could hold if models of another shape and meaning had filled them."""


def content(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute(CONTENT).fetchall()


def make_older(url: str) -> list[tuple[Any, ...]]:
    """Tampers with the tables and returns what then stands in them."""
    with as_owner(url) as owner:
        for statement in OLDER:
            assert owner.execute(statement.encode()).rowcount, statement
        return content(owner)


def look(url: str) -> tuple[StatesVersion, list[tuple[Any, ...]]]:
    """Version and content, by a session that opens no ledger."""
    with psycopg.connect(url) as connection:
        return states.version(connection), content(connection)


def verify(ledger: Ledger) -> Inspection:
    notary = Notary(ledger, NoteSigner.generate("hocba/test"), None)
    with ledger.database.connection() as connection:
        return inspect(notary, connection, lambda done, total: None)


@pytest.fixture
def made(database: str) -> list[tuple[Any, ...]]:
    """The states of a ledger with a class and marks, which is closed again."""
    with school.new_ledger(database, kek=KEK) as ledger:
        pupils = school.class_of(ledger, 30)
        for slot in ("TX1", "TX2"):
            school.sound(school.hand_in(ledger, [school.mark(p, slot=slot) for p in pupils]))
    version, stand = look(database)
    assert version == STATES
    return stand


def test_an_older_versions_states_are_folded_anew_when_the_ledger_is_opened(
    database: str, made: list[tuple[Any, ...]]
) -> None:
    assert make_older(database) != made
    told: list[tuple[int, int]] = []
    with Ledger.open(database, kek=KEK, progress=lambda *step: told.append(step)) as ledger:
        assert look(database) == (STATES, made)
        found = verify(ledger)
        assert (found.failures, found.states_compared) == ([], True)
        assert told[-1] == (found.size, found.size)
        school.sound(
            school.hand_in(
                ledger, [school.mark(p, slot="TX3") for p in school.find(ledger, ["P0"])]
            )
        )
        assert verify(ledger).failures == []


def test_many_pages_give_the_same_states(
    database: str, made: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states, "PAGE", 7)
    monkeypatch.setattr(states, "STREAMS_AT_ONCE", 3)
    make_older(database)
    told: list[int] = []
    Ledger.open(database, kek=KEK, progress=lambda done, total: told.append(done)).close()
    assert look(database) == (STATES, made)
    assert len(told) > 10
    assert told == sorted(told)


def test_of_several_programs_that_open_the_ledger_at_once_one_folds(
    database: str, made: list[tuple[Any, ...]]
) -> None:
    make_older(database)
    ends: list[int] = []

    def tell(done: int, total: int) -> None:
        if done == total:
            ends.append(done)

    def open_and_close(_: int) -> None:
        Ledger.open(database, kek=KEK, progress=tell).close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(open_and_close, range(4)))
    assert len(ends) == 1
    assert look(database) == (STATES, made)


def test_states_of_this_version_are_left_alone(database: str, made: list[tuple[Any, ...]]) -> None:
    del made
    told: list[int] = []
    Ledger.open(database, kek=KEK, progress=lambda done, total: told.append(done)).close()
    assert told == []


def test_the_inspection_calls_older_states_older_and_not_altered(
    database: str, made: list[tuple[Any, ...]]
) -> None:
    del made
    older = make_older(database)
    with Ledger.open(database, kek=KEK, renew=False) as ledger:
        found = verify(ledger)
        assert (found.failures, found.states_compared) == ([], False)
        with pytest.raises(OtherVersion) as refused:
            ledger.who("operator")
        assert refused.value.code == "older_states"
    assert look(database)[1] == older


def test_an_older_program_refuses_a_newer_ledger_and_changes_nothing(
    database: str, made: list[tuple[Any, ...]]
) -> None:
    with as_owner(database) as owner:
        owner.execute("UPDATE ledger.state_version SET number = number + 1, shape = 'newer'")
    for renew in (True, False):
        with pytest.raises(OtherVersion) as refused:
            Ledger.open(database, kek=KEK, renew=renew)
        assert refused.value.code == "newer_states"
    assert look(database) == (StatesVersion(STATES.number + 1, "newer"), made)


def test_a_program_still_running_can_neither_decide_from_newer_states_nor_write_among_them(
    database: str, made: list[tuple[Any, ...]]
) -> None:
    with Ledger.open(database, kek=KEK) as ledger:
        who = school.operator(ledger)

        def decide(reader: Reader) -> Plan:
            plan = Plan()
            stream, events = school.registration(reader, "late")
            plan.add(stream, events)
            with as_owner(database) as owner:  # another program is first, after we have read
                owner.execute("UPDATE ledger.state_version SET number = 99")
            return plan

        with pytest.raises(OtherVersion) as refused:
            ledger.desk.run(decide, who=who)
        assert refused.value.code == "newer_states"
    assert look(database)[1] == made


CUT_OFF = """
import sys, time
from ledger import states
from ledger.ledger import Ledger

def show(done, total):
    print(done, flush=True)
    time.sleep(100)

states.STREAMS_AT_ONCE = 3
Ledger.open(sys.argv[1], kek=bytes(range(32)), progress=show)
"""


def test_a_fold_that_is_killed_in_the_middle_leaves_the_old_states(
    database: str, made: list[tuple[Any, ...]]
) -> None:
    older = make_older(database)
    process = subprocess.Popen(
        [sys.executable, "-c", CUT_OFF, database],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    with process:
        assert process.stdout is not None
        assert int(process.stdout.readline()) > 0
        process.kill()
    assert look(database) == (StatesVersion(0, "older"), older)
    Ledger.open(database, kek=KEK).close()  # waits for the server to notice and to roll back
    assert look(database) == (STATES, made)


def test_an_entry_that_cannot_be_folded_leaves_the_old_states(
    database: str, made: list[tuple[Any, ...]]
) -> None:
    del made
    older = make_older(database)
    with as_owner(database) as owner:
        owner.execute("UPDATE ledger.entry SET body = 'x' WHERE position = 20")
    with pytest.raises(DamagedEntry) as damaged:
        Ledger.open(database, kek=KEK)
    assert damaged.value.position == 20
    assert look(database) == (StatesVersion(0, "older"), older)


def test_a_rebuild_compares_what_stood_with_what_the_log_gives(
    database: str, made: list[tuple[Any, ...]]
) -> None:
    with Ledger.open(database, kek=KEK) as ledger, ledger.database.connection() as connection:
        sound = states.rebuild(connection, lambda done, total: None)
        assert sound.equal
        with as_owner(database) as owner:
            owner.execute("UPDATE ledger.slot SET body = replace(body, '8.0', '9.0')")
        mended = states.rebuild(connection, lambda done, total: None)
        assert (mended.equal, mended.after) == (False, sound.after)
        make_older(database)
        renewed = states.rebuild(connection, lambda done, total: None)
        assert (renewed.before, renewed.equal, renewed.after) == (None, None, sound.after)
    assert look(database) == (STATES, made)


SECOND_SCHEMA = (
    "DROP TABLE ledger.given_up, ledger.inbox_batch, ledger.inbox_chunk",
    "DROP TABLE ledger.peer, ledger.recovery, ledger.ask, ledger.statement",
    "DROP INDEX ledger.hop_release",
    "ALTER TABLE ledger.peer_checkpoint DROP CONSTRAINT peer_checkpoint_pkey,"
    " DROP COLUMN incarnation, ADD PRIMARY KEY (ledger, size)",
    "REVOKE UPDATE (incarnation) ON ledger.head FROM hocba_app",
    "DROP INDEX ledger.inbox_dead",
    "ALTER TABLE ledger.outbox DROP COLUMN reason, DROP COLUMN sequence",
    "DELETE FROM ledger.schema_version WHERE version = 3",
)
FIRST_SCHEMA = (
    *SECOND_SCHEMA,
    "DROP TABLE ledger.state_version",
    "DELETE FROM ledger.schema_version WHERE version = 2",
    "REVOKE DELETE ON ledger.state, ledger.slot FROM hocba_app",
)


@pytest.mark.parametrize("older", [FIRST_SCHEMA, SECOND_SCHEMA], ids=["first", "second"])
def test_a_database_of_an_older_schema_is_brought_up_when_its_owner_opens_it(
    database: str, made: list[tuple[Any, ...]], older: tuple[str, ...]
) -> None:
    make_older(database)
    with as_owner(database) as owner:
        for statement in older:
            owner.execute(statement.encode())
    name = f"clerk_{os.urandom(4).hex()}"
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'pw'").format(sql.Identifier(name)))
        owner.execute(sql.SQL("GRANT hocba_app TO {}").format(sql.Identifier(name)))
    clerk = psycopg.conninfo.make_conninfo(database, user=name, password="pw")
    try:
        with pytest.raises(OtherVersion) as refused:
            Ledger.open(clerk, kek=KEK)
        assert refused.value.code == "older_schema"
        Ledger.open(database, kek=KEK).close()
        assert look(database) == (STATES, made)
        make_older(database)
        Ledger.open(clerk, kek=KEK).close()  # folding anew needs the application's role alone
        assert look(database) == (STATES, made)
    finally:
        with psycopg.connect(database, autocommit=True) as owner:
            owner.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def test_states_of_every_kind_of_stream_are_among_those_folded(
    database: str, made: list[tuple[Any, ...]]
) -> None:
    del made
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT DISTINCT s.kind FROM ledger.stream s JOIN ledger.state t ON t.stream = s.no"
        ).fetchall()
    # The tests' school transfers nobody, and only the ministry keeps a custody register.
    absent = {"case", "staff", "register"}
    assert {kind for (kind,) in rows} == {kind.value for kind in StreamKind} - absent
