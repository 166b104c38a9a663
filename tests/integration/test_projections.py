"""The engine on a real database: rebuild, poison, two sessions, old answers that never change."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from psycopg.errors import InsufficientPrivilege

from ledger import log
from ledger.batch import Line
from ledger.errors import NotFound
from ledger.event import StreamKind
from ledger.ids import uuid7
from ledger.ledger import Ledger
from ledger.movement import Movement, StatusLine, move_pupils
from ledger.pupil import ChangeStatus
from ledger.recorder import Row, StreamRef, insert, name_streams
from ledger.year_commands import correction
from ledger.year_lines import YearLine, write_years
from projections import engine as engine_module
from projections.errors import ProjectionStopped
from projections.moment import When
from projections.persons import Key
from projections.views import Views, engine_of
from signing.hashing import entry_hash
from tests import school
from tests.integration.ledger.damage import as_owner

ON = date(2024, 12, 1)


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with school.new_ledger(database) as opened:
        yield opened


def head(ledger: Ledger) -> int:
    with ledger.database.connection() as connection:
        return log.head(connection).size


def answers(ledger: Ledger, known_at: When) -> str:
    """Every dated answer, as bytes would be written."""
    views = Views(ledger)
    told = [
        views.roster(school.CLASS, on=ON, known_at=known_at),
        views.transcript(Key("local", "P0"), on=ON, known_at=known_at),
        views.audit(Key("local", "P0"), until=known_at),
    ]
    return json.dumps(told, ensure_ascii=False)


def leave(ledger: Ledger, pupil: str, on: date) -> None:
    change = ChangeStatus(kind="leave", school_code=school.SCHOOL, effective_on=on)
    leaver = school.find(ledger, [pupil])[0]
    lines: list[Line[Movement]] = [Line(1, StatusLine(pupil=leaver, change=change))]
    school.sound(ledger.carry_out(move_pupils, lines, who=school.operator(ledger)))


def correct(ledger: Ledger, pupil: str) -> None:
    decide = correction(
        subject="TOAN",
        semester=1,
        slot="TX1",
        value="9",
        old_value=None,
        reason="nhầm",
        effective_on=None,
    )
    line = YearLine(
        pupil=school.find(ledger, [pupil])[0],
        school_year=school.YEAR,
        decide=decide,
        on=school.TEST_DAY,
    )
    school.sound(ledger.carry_out(write_years, [Line(1, line)], who=school.operator(ledger)))


def append_poison(ledger: Ledger, *, topic: str, body: bytes) -> int:
    """An entry that no version of ours would write; its position."""
    stream = StreamRef(uuid7(), StreamKind.PUPIL, ledger.id)
    with ledger.database.connection() as connection, connection.transaction():
        number = name_streams(connection, [stream])[stream.id]
        rows = [Row(number, 1, topic, entry_hash(body), body)]
        return insert(connection, rows, read_at=0, depends=[]).position


def test_an_old_answer_stays_the_same_after_later_entries_corrections_and_a_rebuild(
    ledger: Ledger,
) -> None:
    pupils = school.class_of(ledger, 3)
    school.hand_in(ledger, [school.mark(pupil) for pupil in pupils])
    position = head(ledger) - 1
    with ledger.database.connection() as connection:
        instant = log.recorded_at(connection, position)
    before = answers(ledger, position)
    assert answers(ledger, instant) == before
    leave(ledger, "P1", date(2024, 11, 1))
    correct(ledger, "P0")
    assert answers(ledger, position) == before
    assert answers(ledger, None) != before
    assert all(engine_of(ledger).rebuild(name).equal for name in engine_of(ledger).names)
    assert answers(ledger, position) == before
    assert answers(ledger, instant) == before


def test_a_rebuild_shows_a_table_that_is_not_what_the_log_gives(
    ledger: Ledger, database: str
) -> None:
    school.class_of(ledger, 3)
    engine = engine_of(ledger)
    engine.catch_up()
    with as_owner(database) as connection:
        connection.execute("UPDATE projection.roster SET entered_on = entered_on + 1")
    made = engine.rebuild("roster")
    assert not made.equal
    assert engine.digest("roster") == made.after
    assert engine.rebuild("roster").equal


def test_a_rebuild_that_keeps_leaves_the_standing_table(ledger: Ledger, database: str) -> None:
    school.class_of(ledger, 1)
    engine = engine_of(ledger)
    engine.catch_up()
    with as_owner(database) as connection:
        connection.execute("UPDATE projection.roster SET grade = 8")
    made = engine.rebuild("roster", keep=True)
    assert not made.equal
    assert engine.digest("roster") == made.before


def test_two_processes_rebuild_what_one_does(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    school.class_of(ledger, 5)
    engine = engine_of(ledger)
    engine.catch_up()
    monkeypatch.setattr(engine_module, "PARALLEL_FROM", 1)
    assert all(engine.rebuild(name).equal for name in engine.names)


def test_pages_of_any_length_give_the_same_rows(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    school.class_of(ledger, 5)
    leave(ledger, "P1", date(2024, 11, 1))
    monkeypatch.setattr(log.pages, "__kwdefaults__", {"topics": None, "limit": 2})
    monkeypatch.setattr(log, "PAGE", 2)
    engine = engine_of(ledger)
    engine.catch_up()
    assert all(engine.rebuild(name).equal for name in engine.names)


@pytest.mark.parametrize(
    ("topic", "body", "reason"),
    [
        ("ledger.Nothing.v1", b"{}", "'ledger.Nothing.v1' is not known"),
        ("ledger.PupilEnrolled.v1", b"{}", "not an entry's stored bytes"),
    ],
)
def test_a_poison_entry_stops_the_projection_at_its_position(
    ledger: Ledger, topic: str, body: bytes, reason: str
) -> None:
    school.class_of(ledger, 2)
    position = append_poison(ledger, topic=topic, body=body)
    school.register(ledger, ["P9"])
    before = Views(ledger).roster(school.CLASS, on=ON, known_at=position - 1)
    assert before["count"] == 2
    engine = engine_of(ledger)
    with pytest.raises(ProjectionStopped, match=reason) as stopped:
        Views(ledger).roster(school.CLASS, on=ON)
    assert stopped.value.position == position
    with pytest.raises(ProjectionStopped):
        engine.catch_up(["roster"])
    with ledger.database.connection() as connection:
        known = engine.checkpoints(connection)["roster"]
    assert (known.size, known.stopped_at) == (position, position)
    assert known.reason is not None
    with pytest.raises(ProjectionStopped):
        engine.rebuild("roster")
    again = Views(ledger).roster(school.CLASS, on=ON, known_at=position - 1)
    assert again == before


def test_many_sessions_catching_up_at_once_write_every_row_once(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log.pages, "__kwdefaults__", {"topics": None, "limit": 3})
    monkeypatch.setattr(log, "PAGE", 3)
    school.class_of(ledger, 12)
    start = threading.Barrier(4)

    def session() -> int:
        start.wait()
        return engine_of(ledger).catch_up()["roster"]

    with ThreadPoolExecutor(4) as pool:
        sizes = [pool.submit(session) for _ in range(4)]
        assert {size.result() for size in sizes} == {head(ledger)}
    assert all(engine_of(ledger).rebuild(name).equal for name in engine_of(ledger).names)
    assert Views(ledger).roster(school.CLASS, on=ON)["count"] == 12


def test_follow_catches_up_until_it_is_stopped(ledger: Ledger) -> None:
    engine, stop = engine_of(ledger), threading.Event()
    follower = threading.Thread(target=engine.follow, args=(stop,), kwargs={"interval": 0.01})
    follower.start()
    try:
        school.class_of(ledger, 2)
        while True:
            with ledger.database.connection() as connection:
                if engine.checkpoints(connection)["roster"].size == head(ledger):
                    break
            stop.wait(0.01)
    finally:
        stop.set()
        follower.join()


def test_a_projection_of_another_version_begins_again(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    school.class_of(ledger, 2)
    engine_of(ledger).catch_up()
    monkeypatch.setattr("projections.roster.Roster.version", 99)
    engine = engine_of(ledger)
    with ledger.database.connection() as connection:
        known = engine.checkpoints(connection)["roster"]
    assert (known.version, known.size, known.generation) == (99, 0, 2)
    assert Views(ledger).roster(school.CLASS, on=ON)["count"] == 2


def test_no_projection_holds_a_clear_name_or_key(ledger: Ledger, database: str) -> None:
    school.open_school(ledger)
    school.register(ledger, ["KHOA-QUA-LA"])
    engine_of(ledger).catch_up()
    with as_owner(database) as connection:
        for name in engine_of(ledger).names:
            rows = connection.execute(f"SELECT t::text FROM projection.{name} t".encode())
            told = "".join(row[0] for row in rows)
            assert "KHOA-QUA-LA" not in told
            assert "Nguyễn" not in told


def test_the_application_role_keeps_the_log_out_of_a_projections_reach(ledger: Ledger) -> None:
    with (
        ledger.database.connection() as connection,
        pytest.raises(InsufficientPrivilege),
    ):
        connection.execute("DELETE FROM ledger.entry")


def test_an_unknown_projection_is_not_found(ledger: Ledger) -> None:
    with pytest.raises(NotFound) as error:
        engine_of(ledger).rebuild("nothing")
    assert error.value.code == "unknown_projection"
