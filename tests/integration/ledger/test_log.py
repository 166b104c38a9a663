"""The log is the clock: positions without gaps, instants that rise, prefixes that never change."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from ledger import log
from ledger.database import Connection
from ledger.errors import DamagedEntry, NotFound, Refused
from ledger.ledger import Ledger
from ledger.plan import Plan
from ledger.reader import Reader
from tests import school
from tests.integration.ledger.damage import as_owner

MICROSECOND = timedelta(microseconds=1)


def instants(connection: Connection) -> list[datetime]:
    size = log.head(connection).size
    return [
        entry.recorded_at for page in log.pages(connection, start=0, end=size) for entry in page
    ]


def append_and_fail(ledger: Ledger, pupil_key: str) -> None:
    """An append that is rolled back after its entries were inserted."""

    class Failure(Exception):
        pass

    def fail(connection: Connection, first_position: int) -> None:
        raise Failure

    def decide(reader: Reader) -> Plan:
        plan = Plan(extra=[fail])
        plan.add(*school.registration(reader, pupil_key))
        return plan

    with pytest.raises(Failure):
        ledger.desk.run(decide, who=school.operator(ledger))


def test_a_rollback_gives_its_positions_back(ledger: Ledger) -> None:
    with ledger.database.connection() as connection:
        size = log.head(connection).size
        append_and_fail(ledger, "P1")
        assert log.head(connection).size == size
        school.register(ledger, ["P1"])
        positions = [
            entry.position for page in log.pages(connection, start=0, end=99) for entry in page
        ]
    assert positions == list(range(len(positions)))
    assert len(positions) > size


def test_recorded_at_rises_strictly_within_one_batch_too(ledger: Ledger) -> None:
    school.class_of(ledger, 30)
    with ledger.database.connection() as connection:
        recorded = instants(connection)
    assert len(recorded) > 90
    assert all(a < b for a, b in pairwise(recorded))


def test_recorded_at_rises_when_the_clock_steps_back(ledger: Ledger, database: str) -> None:
    ahead = datetime.now(UTC) + timedelta(hours=1)
    with as_owner(database) as owner:  # the last append happened while the clock was wrong
        owner.execute("UPDATE ledger.head SET recorded_at = %s", [ahead])
    school.register(ledger, ["P1", "P2"])
    with ledger.database.connection() as connection:
        recorded = instants(connection)
        assert log.head(connection).recorded_at == recorded[-1]
    assert [instant > ahead for instant in recorded].count(True) == 4
    assert all(a < b for a, b in pairwise(recorded))
    assert recorded[-4:] == [ahead + n * MICROSECOND for n in range(1, 5)]


def test_an_instant_names_the_prefix_recorded_at_or_before_it(ledger: Ledger) -> None:
    school.register(ledger, ["P1", "P2", "P3"])
    with ledger.database.connection() as connection:
        for position, instant in enumerate(instants(connection)):
            assert log.size_at(connection, instant) == position + 1
            assert log.recorded_at(connection, position) == instant
            if position:
                assert log.size_at(connection, instant - MICROSECOND) <= position


def test_an_instant_asked_about_is_a_floor_for_later_entries(ledger: Ledger) -> None:
    with ledger.database.connection() as connection:
        row = connection.execute("SELECT clock_timestamp()").fetchone()
        assert row is not None
        asked = row[0]
        before = log.size_at(connection, asked)
        assert log.head(connection).recorded_at == asked
        school.register(ledger, ["P1"])
        assert log.recorded_at(connection, before) > asked
        assert log.size_at(connection, asked) == before


def test_a_floor_ahead_of_the_clock_still_holds(ledger: Ledger, database: str) -> None:
    floor = datetime.now(UTC) + timedelta(minutes=5)
    with as_owner(database) as owner:
        owner.execute("UPDATE ledger.head SET recorded_at = %s", [floor])
    with ledger.database.connection() as connection:
        size = log.head(connection).size
        school.register(ledger, ["P1"])
        assert log.recorded_at(connection, size) > floor


def test_a_question_about_the_past_moves_no_floor(ledger: Ledger) -> None:
    with ledger.database.connection() as connection:
        head = log.head(connection)
        log.size_at(connection, head.recorded_at - MICROSECOND)
        assert log.head(connection) == head


def test_a_future_instant_is_refused(ledger: Ledger) -> None:
    with ledger.database.connection() as connection, pytest.raises(Refused) as caught:
        log.size_at(connection, datetime.now(UTC) + timedelta(hours=1))
    assert caught.value.code == "future_instant"


def test_an_instant_before_the_first_entry_is_not_found(ledger: Ledger) -> None:
    with ledger.database.connection() as connection, pytest.raises(NotFound) as caught:
        log.size_at(connection, datetime(2020, 1, 1, tzinfo=UTC))
    assert caught.value.code == "before_first_entry"


def test_a_position_beyond_the_end_is_not_found(ledger: Ledger) -> None:
    with ledger.database.connection() as connection:
        size = log.head(connection).size
        with pytest.raises(NotFound) as caught:
            log.recorded_at(connection, size)
    assert caught.value.code == "position_not_found"


@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_pages_give_every_entry_once_and_in_order(ledger: Ledger, limit: int) -> None:
    school.class_of(ledger, 5)
    with ledger.database.connection() as connection:
        size = log.head(connection).size
        pages = list(log.pages(connection, start=2, end=size - 1, limit=limit))
    assert [e.position for page in pages for e in page] == list(range(2, size - 1))
    assert all(len(page) <= limit for page in pages)


def test_pages_of_some_topics_leave_the_others_out(ledger: Ledger) -> None:
    school.class_of(ledger, 5)
    topic = "ledger.PupilEnrolled.v1"
    with ledger.database.connection() as connection:
        size = log.head(connection).size
        pages = log.pages(connection, start=0, end=size, topics=[topic], limit=2)
        topics = [entry.envelope.topic for page in pages for entry in page]
    assert topics == [topic] * 5


DAMAGE = {
    "a flipped byte": "UPDATE ledger.entry SET body = set_byte(body, 40, get_byte(body, 40) # 1) "
    "WHERE position = 6",
    "another hash": "UPDATE ledger.entry SET entry_hash = sha256('x') WHERE position = 6",
    "another topic": "UPDATE ledger.entry SET topic = 'ledger.UnitClosed.v1' WHERE position = 6",
    "an unknown topic": "UPDATE ledger.entry SET topic = 'ledger.Nothing.v1', "
    "body = convert_to(replace(convert_from(body, 'UTF8'), topic, 'ledger.Nothing.v1'), 'UTF8') "
    "WHERE position = 6",
    "a fact that is missing": "UPDATE ledger.entry SET body = convert_to(replace("
    "convert_from(body, 'UTF8'), '\"kind\":\"local\",', ''), 'UTF8') WHERE position = 6",
    "bytes of another entry": "UPDATE ledger.entry SET body = (SELECT body FROM ledger.entry "
    "WHERE position = 4) WHERE position = 6",
}


@pytest.mark.parametrize("statement", DAMAGE.values(), ids=DAMAGE.keys())
def test_reading_stops_at_a_damaged_entry_and_names_it(
    ledger: Ledger, database: str, statement: str
) -> None:
    school.register(ledger, ["P1", "P2", "P3"])
    with as_owner(database) as owner:
        owner.execute(statement.encode())
        if "entry_hash" not in statement and "flipped" not in statement:
            owner.execute(
                "UPDATE ledger.entry SET entry_hash = sha256('hocba.entry/1'::bytea || "
                "'\\x00'::bytea || body)"
            )
    with ledger.database.connection() as connection:
        size = log.head(connection).size
        pages = log.pages(connection, start=0, end=size, limit=3)
        assert [entry.position for entry in next(pages)] == [0, 1, 2]
        assert [entry.position for entry in next(pages)] == [3, 4, 5]
        with pytest.raises(DamagedEntry) as caught:
            next(pages)
        assert next(pages, None) is None
    assert caught.value.position == 6
