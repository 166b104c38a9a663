"""The Merkle tree over the log as it is read: leaves from stored bytes, full subtrees from tiles.

A leaf is made of the *stored bytes* of its entry (`record.own_leaf`); a hash column is never
believed. Tiles are the roots of full 256-leaf subtrees that a checkpoint has kept
(`ledger.notary`).
"""

from collections.abc import Iterator
from typing import Any

from ledger import log
from ledger.database import Connection
from ledger.errors import LogAltered, NotFound
from ledger.queries import queries
from ledger.record import canonical_record, own_leaf
from ledger.tiling import TILE_HEIGHT, TILE_WIDTH, Tile
from signing import hashing, merkle
from signing.merkle import CompactRange

_SQL = queries("ledger", "notary.sql")
_LOG = queries("ledger", "log.sql")

PAGE = 16 * TILE_WIDTH
"""Leaves hashed at a time."""
MOST_KNOWN = 1 << 17
"""Hashed subtrees that are remembered: some twenty megabytes."""


class LogTree:
    """The Merkle tree of the log, read from tiles where a checkpoint has made them; `known` are
    subtrees hashed before."""

    def __init__(
        self, connection: Connection, size: int, tiled: int, known: dict[tuple[int, int], bytes]
    ) -> None:
        self._connection = connection
        self._end = max(size, tiled)
        self._tiled = tiled
        self._known = known

    def subtree(self, start: int, end: int) -> bytes:
        """The hash of leaves [start, end), a subtree that a proof asks for."""
        parts = merkle.perfect_subtrees(start, end)
        return merkle.fold_right([self._perfect(*part) for part in parts])

    def _perfect(self, start: int, end: int) -> bytes:
        found = self._known.get((start, end))
        if found is None:
            found = self._known[start, end] = self._hash(start, end)
        return found

    def _hash(self, start: int, end: int) -> bytes:
        width = end - start
        if width < TILE_WIDTH:
            self._hash_tile(start - start % TILE_WIDTH)
            return self._known[start, end]
        if start >= self._tiled:
            covered = CompactRange()
            for first in range(start, end, PAGE):
                covered.extend(leaves(self._connection, first, min(end, first + PAGE)))
            return covered.root()
        if end <= self._tiled:
            level = (width.bit_length() - 1) // TILE_HEIGHT
            shift = level * TILE_HEIGHT
            return merkle.root_of(tiles(self._connection, level, start >> shift, end >> shift))
        middle = start + width // 2
        return hashing.node_hash(self._perfect(start, middle), self._perfect(middle, end))

    def _hash_tile(self, start: int) -> None:
        """Every perfect subtree of the tile's leaves: a proof asks for one of each width, and the
        next proof is often of a neighbour."""
        if len(self._known) > MOST_KNOWN:
            self._known.clear()
        width, level = 1, leaves(self._connection, start, min(self._end, start + TILE_WIDTH))
        while level:
            for number, node in enumerate(level):
                first = start + number * width
                self._known[first, first + width] = node
            pairs = zip(level[::2], level[1::2], strict=False)
            level = [hashing.node_hash(left, right) for left, right in pairs]
            width *= 2


def leaves(connection: Connection, start: int, end: int) -> list[bytes]:
    """The leaf hashes of entries [start, end), from their stored bytes.

    Raises:
        NotFound: an entry of these positions is not in the log.
    """
    rows = connection.execute(
        _LOG["leaf_columns"], {"start": start, "end": end}, binary=True
    ).fetchall()
    if len(rows) != end - start:
        present = {row[0] for row in rows}
        missing = next(position for position in range(start, end) if position not in present)
        raise NotFound("position_not_found", f"the log has no entry @{missing}")
    return [leaf_of(row) for row in rows]


def leaf_of(row: tuple[Any, ...]) -> bytes:
    """The leaf hash of one row of the query `leaf_columns`."""
    position, recorded_at, stream, ledger, version, topic, body, copied, copied_at = row
    origin = log.Origin(position, recorded_at) if copied is None else log.Origin(copied, copied_at)
    record = canonical_record(
        ledger=ledger,
        stream=stream,
        version=version,
        topic=topic,
        origin=origin,
        entry_hash=hashing.entry_hash(body).hex(),
    )
    return own_leaf(recorded_at, record)


def tiles(connection: Connection, level: int, start: int, end: int) -> list[bytes]:
    """The hashes of tiles [start, end) of one level.

    Raises:
        LogAltered: one that a checkpoint must have made is not there.
    """
    rows = connection.execute(
        _SQL["tiles"], {"level": level, "start": start, "end": end}
    ).fetchall()
    if len(rows) != end - start:
        raise LogAltered(
            f"a tile of level {level} between {start} and {end} is missing; "
            "`hocba verify` names what differs"
        )
    return [row[1] for row in rows]


def all_tiles(connection: Connection) -> Iterator[Tile]:
    """Every tile that is stored, by level and index."""
    level, index = 0, -1
    while True:
        parameters = {"level": level, "index": index, "limit": PAGE}
        rows = connection.execute(_SQL["all_tiles"], parameters).fetchall()
        if not rows:
            return
        for level, index, digest in rows:
            yield Tile(level, index, digest)
