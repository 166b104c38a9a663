"""`verify`: what was signed or recorded and is not so any more is named, all of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ledger import log
from ledger.inspection import Inspection, inspect
from ledger.ledger import Ledger
from ledger.notary import Notary
from signing.note import Checkpoint, NoteSigner, sign_note
from tests import school
from tests.integration.ledger.damage import as_owner


@dataclass(frozen=True)
class World:
    """A class with marks, signed twice."""

    ledger: Ledger
    notary: Notary
    url: str
    size: int

    def inspect(self) -> Inspection:
        with self.ledger.database.connection() as connection:
            return inspect(self.notary, connection, lambda done, total: None)

    def damage(self, statement: str) -> None:
        with as_owner(self.url) as owner:
            changed = owner.execute(statement.encode()).rowcount
            assert changed, "the damage found nothing to damage"

    def number(self, query: str) -> int:
        with as_owner(self.url) as owner:
            row = owner.execute(query.encode()).fetchone()
        assert row is not None
        return int(row[0])


@pytest.fixture
def world(ledger: Ledger, database: str) -> World:
    notary = Notary(ledger, NoteSigner.generate("hocba/test"), None)
    pupils = school.class_of(ledger, 100)
    school.sound(school.hand_in(ledger, [school.mark(pupil) for pupil in pupils]))
    with ledger.database.connection() as connection:
        notary.checkpoint(connection)
        school.sound(school.hand_in(ledger, [school.mark(p, slot="TX2") for p in pupils]))
        size = notary.checkpoint(connection).size
    return World(ledger, notary, database, size)


def kinds(found: Inspection) -> set[tuple[str, int | None]]:
    return {(failure.kind, failure.position) for failure in found.failures}


def test_a_sound_ledger_has_no_failure(world: World) -> None:
    found = world.inspect()
    assert found.failures == []
    assert (found.size, found.entries_checked, found.checkpoints) == (world.size, world.size, 2)
    with world.ledger.database.connection() as connection:
        latest = world.notary.latest(connection)
    assert latest is not None
    assert found.root == latest.root


def test_progress_counts_every_entry_twice(world: World) -> None:
    seen: list[tuple[int, int]] = []
    with world.ledger.database.connection() as connection:
        inspect(world.notary, connection, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (2 * world.size, 2 * world.size)
    assert seen == sorted(seen)


def test_the_session_can_write_again_after_an_inspection(world: World) -> None:
    with world.ledger.database.connection() as connection:
        inspect(world.notary, connection, lambda done, total: None)
        assert world.notary.checkpoint(connection).size == world.size
        connection.execute("INSERT INTO ledger.line VALUES (gen_random_uuid())")


def test_a_flipped_byte_is_named_with_its_position_and_everything_above_it(world: World) -> None:
    world.damage(
        "UPDATE ledger.entry SET body = set_byte(body, 20, get_byte(body, 20) # 1) "
        "WHERE position = 60"
    )
    found = world.inspect()
    assert ("entry_hash", 60) in kinds(found)
    assert ("damaged_entry", 60) in kinds(found)
    assert ("tile", 0) in kinds(found)
    assert ("checkpoint", world.size - 1) in kinds(found)
    assert sum(failure.kind == "checkpoint" for failure in found.failures) == 2


def test_a_changed_mark_with_a_mended_hash_column_is_still_found(world: World) -> None:
    position = world.number(
        "SELECT max(position) FROM ledger.entry WHERE topic = 'ledger.MarkEntered.v1'"
    )
    world.damage(
        "UPDATE ledger.entry SET body = convert_to(replace(convert_from(body, 'UTF8'), "
        f"'\"8.0\"', '\"9.0\"'), 'UTF8') WHERE position = {position}"
    )
    world.damage(
        "UPDATE ledger.entry SET entry_hash = sha256('hocba.entry/1'::bytea || '\\x00'::bytea "
        f"|| body) WHERE position = {position}"
    )
    found = kinds(world.inspect())
    assert ("checkpoint", world.size - 1) in found
    assert any(kind == "slot" for kind, _ in found)
    assert not any(kind == "entry_hash" for kind, _ in found)


DAMAGE: list[tuple[str, str, Callable[[World], tuple[str, int | None]]]] = [
    (
        "an unknown topic",
        "UPDATE ledger.entry SET topic = 'ledger.Nothing.v1', body = convert_to(replace("
        "convert_from(body, 'UTF8'), topic, 'ledger.Nothing.v1'), 'UTF8') WHERE position = 30",
        lambda world: ("unknown_topic", 30),
    ),
    (
        "a topic that is not that of the bytes",
        "UPDATE ledger.entry SET topic = 'ledger.UnitClosed.v1' WHERE position = 30",
        lambda world: ("damaged_entry", 30),
    ),
    (
        "an entry in another stream",
        "UPDATE ledger.entry SET stream = 1, version = 77 WHERE position = 30",
        lambda world: ("damaged_entry", 30),
    ),
    (
        "a gap in the versions",
        "UPDATE ledger.entry SET version = version + 5 WHERE (stream, version) = "
        "(SELECT stream, max(version) FROM ledger.entry GROUP BY stream ORDER BY stream "
        "DESC LIMIT 1)",
        lambda world: (
            "version",
            world.number(
                "SELECT max(position) FROM ledger.entry e WHERE "
                "stream = (SELECT max(stream) FROM ledger.entry)"
            ),
        ),
    ),
    (
        "a lost entry",
        "DELETE FROM ledger.entry WHERE position = 40",
        lambda world: ("position", 41),
    ),
    (
        "an instant that steps back",
        "UPDATE ledger.entry SET recorded_at = recorded_at - interval '1 day' WHERE position = 50",
        lambda world: ("recorded_at", 50),
    ),
    (
        "a wrong hash column",
        "UPDATE ledger.entry SET entry_hash = sha256('x') WHERE position = 9",
        lambda world: ("entry_hash", 9),
    ),
    (
        "an entry passed off as a copy",
        "UPDATE ledger.entry SET origin_position = 1, origin_recorded_at = now() "
        "WHERE position = 9",
        lambda world: ("damaged_entry", 9),
    ),
    (
        "a head row that counts too few",
        "UPDATE ledger.head SET size = size - 1",
        lambda world: ("head", None),
    ),
    (
        "a head row before the newest entry",
        "UPDATE ledger.head SET recorded_at = recorded_at - interval '1 day'",
        lambda world: ("head", None),
    ),
    (
        "a head row of another ledger",
        "UPDATE ledger.head SET ledger_id = gen_random_uuid()",
        lambda world: ("head", None),
    ),
    (
        "a tile that is another",
        "UPDATE ledger.tile SET hash = sha256('x') WHERE index = 1",
        lambda world: ("tile", 256),
    ),
    (
        "a tile that is gone",
        "DELETE FROM ledger.tile WHERE index = 1",
        lambda world: ("tile", 256),
    ),
    (
        "a tile nobody made",
        "INSERT INTO ledger.tile VALUES (1, 1000, sha256('x'))",
        lambda world: ("tile", 256_000),
    ),
    (
        "a checkpoint's root that is another",
        "UPDATE ledger.checkpoint SET root = sha256('x') WHERE size = "
        "(SELECT max(size) FROM ledger.checkpoint)",
        lambda world: ("checkpoint", world.size - 1),
    ),
    (
        "a checkpoint's note that is not signed by the ledger",
        "UPDATE ledger.checkpoint SET note = replace(note, 'hocba/test', 'hocba/other')",
        lambda world: ("checkpoint", world.size - 1),
    ),
    (
        "a checkpoint beyond the end",
        "INSERT INTO ledger.checkpoint SELECT 100000, root, note FROM ledger.checkpoint LIMIT 1",
        lambda world: ("checkpoint", 99_999),
    ),
]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [pytest.param(statement, expected, id=name) for name, statement, expected in DAMAGE],
)
def test_damage_to_the_log_is_named(
    world: World, statement: str, expected: Callable[[World], tuple[str, int | None]]
) -> None:
    world.damage(statement)
    assert expected(world) in kinds(world.inspect())


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE ledger.slot SET body = replace(body, '8.0', '9.0') WHERE slot = 'TX1'", "slot"),
        ("UPDATE ledger.slot SET body = '{}' WHERE slot = 'TX1'", "slot"),
        ("DELETE FROM ledger.slot WHERE slot = 'TX2'", "slot"),
        ("UPDATE ledger.slot SET slot = 'TX3' WHERE slot = 'TX2'", "slot"),
        ("UPDATE ledger.state SET body = replace(body, '7A1', '7A2')", "state"),
        ("DELETE FROM ledger.state", "state"),
        ("UPDATE ledger.state SET body = 'null'", "state"),
    ],
)
def test_a_table_of_the_rules_that_is_not_the_fold_is_named(
    world: World, statement: str, kind: str
) -> None:
    world.damage(statement)
    found = world.inspect()
    assert {failure.kind for failure in found.failures} == {kind}
    if kind == "slot":
        assert len(found.failures) >= 100


def test_a_state_without_an_entry_is_named(world: World) -> None:
    world.damage(
        "WITH s AS (INSERT INTO ledger.stream (id, ledger, kind) VALUES (gen_random_uuid(), "
        "gen_random_uuid(), 'unit') RETURNING no) INSERT INTO ledger.state SELECT no, '{}' FROM s"
    )
    assert {failure.kind for failure in world.inspect().failures} == {"state"}


def test_a_stream_with_a_damaged_entry_is_not_called_wrong_a_second_time(world: World) -> None:
    world.damage(
        "UPDATE ledger.entry SET body = 'x' WHERE position = "
        "(SELECT max(position) FROM ledger.entry WHERE topic = 'ledger.PupilEnrolled.v1')"
    )
    assert {f.kind for f in world.inspect().failures} == {
        "entry_hash",
        "damaged_entry",
        "tile",
        "checkpoint",
    }


def test_failures_stand_in_the_order_of_the_log(world: World) -> None:
    world.damage("UPDATE ledger.entry SET entry_hash = sha256('x') WHERE position IN (9, 3)")
    world.damage("UPDATE ledger.head SET size = size - 1")
    positions = [failure.position for failure in world.inspect().failures]
    assert positions == [3, 9, None]


def test_entries_written_during_an_inspection_are_no_failure(world: World) -> None:
    def write_meanwhile(done: int, total: int) -> None:
        if not written:
            written.append(True)
            school.register(world.ledger, ["late"])

    written: list[bool] = []
    with world.ledger.database.connection() as connection:
        found = inspect(world.notary, connection, write_meanwhile)
        assert log.head(connection).size > found.size
    assert found.failures == []
    assert found.size == world.size


def test_a_log_that_does_not_extend_the_copy_outside_is_named(world: World, tmp_path: Path) -> None:
    signer = NoteSigner.generate("hocba/test")
    text = Checkpoint("hocba/test", world.size, bytes(32)).text()
    (tmp_path / "checkpoint").write_text(sign_note(text, [signer]))
    notary = Notary(world.ledger, signer, tmp_path / "checkpoint")
    with world.ledger.database.connection() as connection:
        found = inspect(notary, connection, lambda done, total: None)
    assert ("witness", None) in kinds(found)


def test_checkpoints_lost_from_the_database_are_named_and_can_be_made_again(
    world: World, tmp_path: Path
) -> None:
    signer = NoteSigner.generate("hocba/test")
    notary = Notary(world.ledger, signer, tmp_path / "checkpoint")
    with world.ledger.database.connection() as connection:
        notary.checkpoint(connection)
        (tmp_path / "checkpoint").write_text(sign_note(_text(notary, world.size), [signer]))
        world.damage("DELETE FROM ledger.checkpoint")
        found = inspect(notary, connection, lambda done, total: None)
        assert kinds(found) == {("checkpoint", world.size - 1)}
        assert notary.checkpoint(connection).size == world.size
        assert inspect(notary, connection, lambda done, total: None).failures == []


def _text(notary: Notary, size: int) -> str:
    with notary.ledger.database.connection() as connection:
        return Checkpoint(notary.origin, size, notary.root_at(connection, size)).text()


def test_identifiers_that_lead_to_another_child_are_named(world: World) -> None:
    two = "(SELECT ctid FROM ledger.lookup WHERE kind = 'local' ORDER BY token LIMIT 2)"
    world.damage(
        "UPDATE ledger.lookup a SET person = b.person FROM ledger.lookup b"
        f" WHERE a.ctid IN {two} AND b.ctid IN {two} AND a.ctid <> b.ctid"
    )
    failures = world.inspect().failures
    assert [failure.kind for failure in failures] == ["lookup", "lookup"]
    for failure in failures:
        where = f"SELECT count(*) FROM ledger.entry WHERE position = {failure.position}"
        assert world.number(f"{where} AND topic = 'ledger.IdentifierAssigned.v1'") == 1


def test_a_look_up_that_no_entry_leads_to_is_named(world: World) -> None:
    world.damage(
        "INSERT INTO ledger.lookup SELECT 'personal_id', gen_random_uuid(), person"
        " FROM ledger.lookup LIMIT 1"
    )
    (failure,) = world.inspect().failures
    assert (failure.kind, failure.position) == ("lookup", None)
