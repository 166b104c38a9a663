"""The notary: checkpoints, tiles, proofs and the copy outside the database."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from ledger import log, log_tree
from ledger.errors import Conflict, LogAltered, NotFound
from ledger.event import StreamKind
from ledger.ledger import Ledger
from ledger.notary import Notary
from ledger.recorder import Row, StreamRef, insert, name_streams
from signing import merkle
from signing.hashing import entry_hash
from signing.note import NoteSigner
from tests.integration.ledger.damage import as_owner


@pytest.fixture
def own_notary(ledger: Ledger, tmp_path: Path) -> Notary:
    signer = NoteSigner.generate(f"hocba/ledger/{ledger.id}")
    return Notary(ledger, signer, tmp_path / "checkpoint")


def grow(ledger: Ledger, entries: int) -> None:
    """Appends entries of opaque bytes: the tree does not read them."""
    with ledger.database.connection() as connection:
        ref = StreamRef(uuid4(), StreamKind.LEDGER, ledger.id)
        number = name_streams(connection, [ref])[ref.id]
        rows = []
        for version in range(1, entries + 1):
            body = os.urandom(24)
            rows.append(Row(number, version, "test", entry_hash(body), body))
        with connection.transaction():
            insert(connection, rows, read_at=0, depends=())


def size_of(ledger: Ledger) -> int:
    with ledger.database.connection() as connection:
        return log.head(connection).size


def grow_to(ledger: Ledger, size: int) -> None:
    grow(ledger, size - size_of(ledger))


def test_a_checkpoint_has_the_root_of_all_leaves_and_is_signed(
    ledger: Ledger, own_notary: Notary
) -> None:
    grow_to(ledger, 10)
    with ledger.database.connection() as connection:
        made = own_notary.checkpoint(connection)
        assert made.root == merkle.root_of(log_tree.leaves(connection, 0, 10))
        assert own_notary.latest(connection) == made
    read = own_notary.read(made.note)
    assert (read.origin, read.size, read.root) == (f"hocba/ledger/{ledger.id}", 10, made.root)


def test_the_same_size_gives_the_same_checkpoint(ledger: Ledger, own_notary: Notary) -> None:
    with ledger.database.connection() as connection:
        assert own_notary.checkpoint(connection) == own_notary.checkpoint(connection)
        assert len(list(own_notary.stored(connection))) == 1


@pytest.mark.parametrize("sizes", [(255, 256, 257), (3, 600, 5000), (256, 512, 70_000, 70_001)])
def test_extending_by_tiles_gives_the_root_of_the_leaves(
    ledger: Ledger, own_notary: Notary, sizes: tuple[int, ...]
) -> None:
    with ledger.database.connection() as connection:
        for size in sizes:
            grow_to(ledger, size)
            made = own_notary.checkpoint(connection)
            assert made.size == size
        hashes = [
            leaf
            for start in range(0, size, 4096)
            for leaf in log_tree.leaves(connection, start, min(size, start + 4096))
        ]
        for checkpoint in own_notary.stored(connection):
            assert checkpoint.root == merkle.root_of(hashes[: checkpoint.size])
        levels = [(tile.level, tile.index) for tile in log_tree.all_tiles(connection)]
    expected = [(1, index) for index in range(size // 256)]
    assert levels == expected + [(2, index) for index in range(size // 65536)]


def test_proofs_lead_to_the_root_of_any_size(ledger: Ledger, own_notary: Notary) -> None:
    with ledger.database.connection() as connection:
        grow_to(ledger, 700)
        own_notary.checkpoint(connection)
        grow_to(ledger, 1100)  # the end is not in tiles
        for size in (1, 255, 256, 700, 701, 1024, 1100):
            root = own_notary.root_at(connection, size)
            for position in {0, size // 2, size - 1}:
                merkle.verify_inclusion(
                    index=position,
                    size=size,
                    leaf_hash=own_notary.leaf(connection, position),
                    proof=own_notary.inclusion_proof(connection, position, size),
                    root=root,
                )
            merkle.verify_consistency(
                size1=size,
                size2=1100,
                proof=own_notary.consistency_proof(connection, size, 1100),
                root1=root,
                root2=own_notary.root_at(connection, 1100),
            )


def test_a_proof_beyond_the_end_is_not_found(ledger: Ledger, own_notary: Notary) -> None:
    with ledger.database.connection() as connection:
        size = log.head(connection).size
        with pytest.raises(NotFound):
            own_notary.inclusion_proof(connection, 0, size + 1)
        with pytest.raises(NotFound):
            own_notary.root_at(connection, size + 1)


def test_the_covering_checkpoint_is_the_first_that_holds_the_entry(
    ledger: Ledger, own_notary: Notary
) -> None:
    with ledger.database.connection() as connection:
        grow_to(ledger, 5)
        first = own_notary.checkpoint(connection)
        grow_to(ledger, 9)
        second = own_notary.checkpoint(connection)
        assert own_notary.covering(connection, 4) == first
        assert own_notary.covering(connection, 5) == second
        assert own_notary.covering(connection, 9) is None


def test_two_sessions_make_one_checkpoint_of_one_size(
    ledger: Ledger, own_notary: Notary, tmp_path: Path
) -> None:
    grow_to(ledger, 3000)

    def make(_: int) -> tuple[int, bytes]:
        with ledger.database.connection() as connection:
            made = own_notary.checkpoint(connection)
        return made.size, made.root

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(make, range(8)))) == 1
    with ledger.database.connection() as connection:
        (only,) = own_notary.stored(connection)
    assert (tmp_path / "checkpoint").read_text() == only.note


def test_the_copy_outside_the_database_is_the_newest_note(
    ledger: Ledger, own_notary: Notary, tmp_path: Path
) -> None:
    with ledger.database.connection() as connection:
        own_notary.checkpoint(connection)
        grow(ledger, 5)
        made = own_notary.checkpoint(connection)
    assert (tmp_path / "checkpoint").read_text() == made.note
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


def test_a_log_shorter_than_the_copy_outside_is_forked(
    ledger: Ledger, own_notary: Notary, database: str
) -> None:
    grow_to(ledger, 20)
    with ledger.database.connection() as connection:
        own_notary.checkpoint(connection)
        with as_owner(database) as owner:  # what a restore of an older backup leaves
            owner.execute("DELETE FROM ledger.entry WHERE position >= 15")
            owner.execute("UPDATE ledger.head SET size = 15")
            owner.execute("DELETE FROM ledger.checkpoint")
        with pytest.raises(Conflict) as caught:
            own_notary.checkpoint(connection)
    assert caught.value.code == "forked"


def test_a_log_restored_and_written_on_is_forked(
    ledger: Ledger, own_notary: Notary, database: str
) -> None:
    grow_to(ledger, 20)
    with ledger.database.connection() as connection:
        own_notary.checkpoint(connection)
        with as_owner(database) as owner:
            owner.execute("DELETE FROM ledger.entry WHERE position >= 15")
            owner.execute("UPDATE ledger.head SET size = 15")
            owner.execute("DELETE FROM ledger.checkpoint")
        grow_to(ledger, 40)
        with pytest.raises(Conflict) as caught:
            own_notary.checkpoint(connection)
        assert caught.value.code == "forked"
        assert own_notary.latest(connection) is None


def test_a_copy_outside_that_is_no_checkpoint_stops_signing(
    ledger: Ledger, own_notary: Notary, tmp_path: Path
) -> None:
    (tmp_path / "checkpoint").write_text("something else\n")
    with ledger.database.connection() as connection, pytest.raises(Conflict) as caught:
        own_notary.checkpoint(connection)
    assert caught.value.code == "witness_unreadable"


def test_a_tree_that_lost_its_root_is_not_extended(ledger: Ledger, database: str) -> None:
    own = Notary(ledger, NoteSigner.generate("o"), None)
    grow_to(ledger, 300)
    with ledger.database.connection() as connection:
        own.checkpoint(connection)
        with as_owner(database) as owner:
            owner.execute("UPDATE ledger.entry SET body = body || 'x' WHERE position = 280")
        grow(ledger, 1)
        with pytest.raises(LogAltered):
            own.checkpoint(connection)


def test_a_checkpoint_is_not_made_inside_a_transaction(ledger: Ledger, own_notary: Notary) -> None:
    with (
        ledger.database.connection() as connection,
        connection.transaction(),
        pytest.raises(ValueError, match="outside a transaction"),
    ):
        own_notary.checkpoint(connection)


def test_the_lock_is_given_back_after_a_failure(
    ledger: Ledger, own_notary: Notary, tmp_path: Path, database: str
) -> None:
    (tmp_path / "checkpoint").write_text("something else\n")
    with ledger.database.connection() as connection, pytest.raises(Conflict):
        own_notary.checkpoint(connection)
    with psycopg.connect(database) as other:
        taken = other.execute("SELECT pg_try_advisory_lock(7203102)").fetchone()
    assert taken == (True,)
