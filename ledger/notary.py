"""The notary: signed checkpoints of the log's Merkle tree, and proofs (RFC 6962, C2SP).

The roots of full 256-leaf subtrees are kept as tiles when a checkpoint is made, so that extending
a tree or proving from it reads some hundred leaves at most (`ledger.log_tree`). The newest note is
kept a second time outside PostgreSQL: a log that does not extend it was restored from a backup, or
rewritten.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg.pq import TransactionStatus

from ledger import log
from ledger.database import Connection
from ledger.errors import Conflict, LogAltered, NotFound
from ledger.ledger import Ledger
from ledger.log_tree import PAGE, LogTree, leaves, tiles
from ledger.queries import queries
from ledger.tiling import TILE_WIDTH, Tile, Tiling
from signing import hashing, merkle
from signing.errors import NoteError
from signing.note import (
    Checkpoint,
    NoteSigner,
    NoteVerifier,
    origin_line,
    sign_note,
    verify_note,
)

_SQL = queries("ledger", "notary.sql")


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A prefix of the log named by its size and root, and the signed note that says so."""

    size: int
    root: bytes
    note: str


class Notary:
    """Makes checkpoints of one ledger's log, and proofs under them.

    Every method takes a connection of the ledger's database; only `checkpoint` writes.
    """

    def __init__(self, ledger: Ledger, signer: NoteSigner, witness_file: Path | None) -> None:
        """`signer` is the ledger's checkpoint key, named by the log's origin line;
        `witness_file` keeps the newest note outside the database."""
        self.ledger = ledger
        self._signer = signer
        self._witness_file = witness_file
        # Subtrees below the newest checkpoint, under its root: they are what they are for ever.
        self._hashed: tuple[bytes, dict[tuple[int, int], bytes]] | None = None

    @property
    def origin(self) -> str:
        """The log's name: the origin line of its first incarnation's checkpoints."""
        return self._signer.name

    @property
    def verifier(self) -> NoteVerifier:
        """The public key of the checkpoints."""
        return self._signer.verifier

    @property
    def witness_file(self) -> Path | None:
        """Where the newest note is kept outside the database; None where it is not."""
        return self._witness_file

    def checkpoint(self, connection: Connection) -> SignedCheckpoint:
        """Signs the log as it stands, extending the last checkpoint; the same size gives the
        same checkpoint again. Call it outside a transaction: it makes its own, and writes the
        witness file only once that is committed.

        Raises:
            Conflict: `forked`, the log does not extend the checkpoint in the witness file.
            LogAltered: the tree below the last checkpoint no longer has that checkpoint's root.
        """
        if connection.info.transaction_status is not TransactionStatus.IDLE:
            raise ValueError("a checkpoint is made outside a transaction")
        with _alone(connection):
            self.check_witness(connection)
            with connection.transaction():
                made = self._extend(connection)
            self._keep(made)
        return made

    def latest(self, connection: Connection) -> SignedCheckpoint | None:
        """The newest checkpoint made so far; None where there is none yet."""
        row = connection.execute(_SQL["latest"]).fetchone()
        return SignedCheckpoint(*row) if row else None

    def covering(self, connection: Connection, position: int) -> SignedCheckpoint | None:
        """The first checkpoint ever made that covers the entry at `position`; None: none yet."""
        row = connection.execute(_SQL["covering"], {"size": position + 1}).fetchone()
        return SignedCheckpoint(*row) if row else None

    def stored(self, connection: Connection) -> Iterator[SignedCheckpoint]:
        """Every checkpoint in the database, the smallest first."""
        after = -1
        while True:
            parameters = {"size": after, "limit": 1000}
            rows = connection.execute(_SQL["checkpoints_after"], parameters).fetchall()
            yield from (SignedCheckpoint(*row) for row in rows)
            if len(rows) < 1000:
                return
            after = rows[-1][0]

    def root_at(self, connection: Connection, size: int) -> bytes:
        """The root of the prefix of `size` entries. Raises NotFound beyond the end."""
        tree = self._tree(connection, size)
        return tree.subtree(0, size) if size else hashing.EMPTY_ROOT

    def leaf(self, connection: Connection, position: int) -> bytes:
        """The leaf hash of the entry at `position`. Raises NotFound beyond the end."""
        return leaves(connection, position, position + 1)[0]

    def inclusion_proof(self, connection: Connection, position: int, size: int) -> list[bytes]:
        """The audit path of an entry in the prefix of `size` entries, nearest hash first.

        Raises:
            NotFound: the log has fewer entries.
            MerkleError: the position is not in the prefix.
        """
        return merkle.inclusion_proof(position, size, self._tree(connection, size).subtree)

    def consistency_proof(self, connection: Connection, size1: int, size2: int) -> list[bytes]:
        """Proof that the prefix of `size1` entries is the beginning of that of `size2`.

        Raises:
            NotFound: the log has fewer entries.
            MerkleError: the sizes are not 0 < size1 <= size2.
        """
        return merkle.consistency_proof(size1, size2, self._tree(connection, size2).subtree)

    def read(self, note: str) -> Checkpoint:
        """A checkpoint of this log from its note.

        Raises:
            NoteError: it is malformed, not signed by this ledger, or speaks of another log.
        """
        text, _ = verify_note(note, [self.verifier])
        checkpoint = Checkpoint.parse(text)
        checkpoint.incarnation(self.origin)
        return checkpoint

    def witnessed(self) -> Checkpoint | None:
        """The checkpoint kept outside the database; None where none is kept.

        Raises:
            Conflict: `witness_unreadable`, the file is not a checkpoint of this ledger.
        """
        if self._witness_file is None or not self._witness_file.exists():
            return None
        try:
            return self.read(self._witness_file.read_text("utf-8"))
        except (NoteError, UnicodeDecodeError) as error:
            raise Conflict(
                "witness_unreadable",
                f"{self._witness_file.name} is not a checkpoint of this ledger ({error}); "
                "restore it from its backup before anything is signed",
            ) from error

    def check_witness(self, connection: Connection) -> None:
        """Checks that the log extends the checkpoint kept outside the database. A log of a later
        incarnation does: it was recovered, and what was kept is of the one that was lost.

        Raises:
            Conflict: `forked` where it does not; `witness_unreadable`.
        """
        kept = self.witnessed()
        if kept is None:
            return
        head = log.head(connection)
        incarnation = kept.incarnation(self.origin)
        if head.incarnation > incarnation:
            return
        if head.incarnation < incarnation:
            raise Conflict(
                "forked",
                f"the database is of incarnation {head.incarnation}, but {incarnation} has spoken: "
                "it is older than the ledger's last recovery",
            )
        if head.size < kept.size:
            raise Conflict(
                "forked",
                f"the log has {head.size} entries, but {kept.size} were signed: the database is "
                "older than its last checkpoint",
            )
        if self._root_signed(connection, kept.size) != kept.root:
            raise Conflict(
                "forked",
                f"the first {kept.size} entries are not those that were signed: the log was "
                "restored and written on, or rewritten; `hocba verify` names what differs",
            )

    def _root_signed(self, connection: Connection, size: int) -> bytes:
        """The root of a size that was signed: as the database's own checkpoint says where it has
        one of that size (`hocba verify` compares those with the entries), else from the tree."""
        row = connection.execute(_SQL["covering"], {"size": size}).fetchone()
        if row is not None and row[0] == size:
            root: bytes = row[1]
            return root
        return self.root_at(connection, size)

    def _tree(self, connection: Connection, size: int) -> LogTree:
        latest = self.latest(connection)
        if latest is None or size > latest.size:
            end = log.head(connection).size
            if size > end:
                raise NotFound("position_not_found", f"the log has {end} entries, not yet {size}")
            return LogTree(connection, size, latest.size if latest else 0, {})
        if self._hashed is None or self._hashed[0] != latest.root:
            self._hashed = (latest.root, {})
        return LogTree(connection, size, latest.size, self._hashed[1])

    def _extend(self, connection: Connection) -> SignedCheckpoint:
        last = self.latest(connection)
        head = log.head(connection)
        size = head.size
        if last is not None and last.size >= size:
            return last
        tiling = _restored(connection, last)
        tiles: list[Tile] = []
        while tiling.size < size:
            end = min(size, tiling.size - tiling.size % PAGE + PAGE)
            tiles.extend(tiling.extend(leaves(connection, tiling.size, end)))
        root = tiling.root()
        text = Checkpoint(origin_line(self.origin, head.incarnation), size, root).text()
        made = SignedCheckpoint(size, root, sign_note(text, [self._signer]))
        if tiles:
            connection.execute(
                _SQL["put_tiles"],
                {
                    "levels": [tile.level for tile in tiles],
                    "indexes": [tile.index for tile in tiles],
                    "hashes": [tile.hash for tile in tiles],
                },
            )
        connection.execute(_SQL["put_checkpoint"], {"size": size, "root": root, "note": made.note})
        return made

    def _keep(self, made: SignedCheckpoint) -> None:
        if self._witness_file is None:
            return
        kept = self.witnessed()
        if kept is None or self._place(kept) < self._place(self.read(made.note)):
            replace_file(self._witness_file, made.note)

    def _place(self, checkpoint: Checkpoint) -> tuple[int, int]:
        """By which a checkpoint is newer than another: its incarnation, then its size."""
        return checkpoint.incarnation(self.origin), checkpoint.size


def _restored(connection: Connection, last: SignedCheckpoint | None) -> Tiling:
    """The tiling of the last checkpoint, checked to have its root."""
    if last is None or last.size == 0:
        return Tiling()
    edges = []
    level, count = 0, last.size
    while count:
        first = count - count % TILE_WIDTH
        found = (
            tiles(connection, level, first, count) if level else leaves(connection, first, count)
        )
        edges.append(found)
        level, count = level + 1, count // TILE_WIDTH
    tiling = Tiling(last.size, edges)
    if tiling.root() != last.root:
        raise LogAltered(
            f"the entries below the checkpoint of size {last.size} no longer give its root; "
            "`hocba verify` names what differs"
        )
    return tiling


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Holds the notary's lock, until after the commit and the write of the witness file: of two
    sessions none can put an older note over a newer one."""
    connection.execute(_SQL["lock"])
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute(_SQL["unlock"])


def replace_file(path: Path, text: str) -> None:
    """Replaces a file so that a crash leaves the old text or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with draft.open("x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
