"""A Merkle tree cut into tiles of 256 leaves (C2SP tlog-tiles): adding leaves, closing tiles."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from signing import merkle
from signing.merkle import CompactRange

TILE_HEIGHT = 8
"""Levels of the tree that one tile spans."""
TILE_WIDTH = 1 << TILE_HEIGHT


@dataclass(frozen=True, slots=True)
class Tile:
    """The root of the full subtree of leaves [index * 256**level, (index + 1) * 256**level)."""

    level: int
    index: int
    hash: bytes


class Tiling:
    """The open right edge of a tree cut into tiles: per level, the subtrees not yet in a tile."""

    def __init__(self, size: int = 0, edges: Sequence[Sequence[bytes]] = ()) -> None:
        """`edges[l]` are the roots of the level-l subtrees right of the last full tile."""
        self.size = size
        self._edges = [CompactRange() for _ in edges] or [CompactRange()]
        for edge, hashes in zip(self._edges, edges, strict=False):
            edge.extend(hashes)

    def extend(self, leaves: Sequence[bytes]) -> list[Tile]:
        """Adds leaf hashes; returns the tiles that became full."""
        made: list[Tile] = []
        start = 0
        while start < len(leaves):
            edge = self._edges[0]
            part = leaves[start : start + TILE_WIDTH - edge.size]
            edge.extend(part)
            start += len(part)
            self.size += len(part)
            made.extend(self._close(0))
        return made

    def root(self) -> bytes:
        """The root of all leaves so far."""
        return merkle.fold_right([node for edge in reversed(self._edges) for node in edge.nodes])

    def _close(self, level: int) -> Iterator[Tile]:
        while self._edges[level].size == TILE_WIDTH:
            root = self._edges[level].root()
            self._edges[level] = CompactRange()
            level += 1
            yield Tile(level, (self.size >> TILE_HEIGHT * level) - 1, root)
            if level == len(self._edges):
                self._edges.append(CompactRange())
            self._edges[level].append(root)
