"""Merkle trees and proofs of RFC 6962 section 2.1 (algorithms of RFC 9162 section 2.1).

Leaves are positions ``0 .. size - 1``; every hash is 32 bytes. Proofs are made from a callable
``subtree(start, end)`` that returns the Merkle tree hash of the leaves ``[start, end)``, so that a
store can answer from tiles what would be long to recompute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from hmac import compare_digest
from typing import TypeAlias, TypeVar

from signing.errors import MerkleError
from signing.hashing import DIGEST_SIZE, EMPTY_ROOT, node_hash

Subtree: TypeAlias = Callable[[int, int], bytes]
T = TypeVar("T")


class CompactRange:
    """The roots of the perfect subtrees that cover ``[0, size)``, left to right.

    ``size`` and ``nodes`` are all that need be stored to go on appending later. Raises
    :class:`MerkleError` when restored from nodes that do not fit the size.
    """

    __slots__ = ("_nodes", "_size")

    def __init__(self, size: int = 0, nodes: Sequence[bytes] = ()) -> None:
        if size < 0 or len(nodes) != size.bit_count():
            raise MerkleError(
                f"a compact range of size {size} cannot have {len(nodes)} nodes; "
                "rebuild it from the leaves"
            )
        if any(len(node) != DIGEST_SIZE for node in nodes):
            raise MerkleError("a compact range holds a node that is not 32 bytes; rebuild it")
        self._size = size
        self._nodes = list(nodes)

    @property
    def size(self) -> int:
        """Number of leaves covered."""
        return self._size

    @property
    def nodes(self) -> list[bytes]:
        """A copy of the covering roots, the largest subtree first."""
        return list(self._nodes)

    def append(self, leaf_hash: bytes) -> None:
        """Add one leaf hash at position ``size``."""
        self.extend((leaf_hash,))

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """Add leaf hashes in order, one inner hash per leaf on average."""
        size, nodes, pop, push = self._size, self._nodes, self._nodes.pop, self._nodes.append
        try:
            for leaf in leaf_hashes:
                if len(leaf) != DIGEST_SIZE:
                    raise MerkleError(f"leaf hash {size} is {len(leaf)} bytes long, not 32")
                node, carry = leaf, size
                # Every trailing one bit of the size is a subtree as large as the one just made.
                while carry & 1:
                    node = sha256(b"\x01" + pop() + node).digest()
                    carry >>= 1
                push(node)
                size += 1
        finally:
            self._size, self._nodes = size, nodes

    def root(self) -> bytes:
        """Return the Merkle tree hash of the leaves so far."""
        return fold_right(self._nodes)

    def copy(self) -> CompactRange:
        """Return an independent range that can be appended to on trial."""
        return CompactRange(self._size, self._nodes)


def fold_right(nodes: Sequence[bytes]) -> bytes:
    """Root of covering subtrees given left to right; the empty root where there are none."""
    if not nodes:
        return EMPTY_ROOT
    root = nodes[-1]
    for node in reversed(nodes[:-1]):
        root = node_hash(node, root)
    return root


def root_of(leaf_hashes: Sequence[bytes]) -> bytes:
    """Return the Merkle tree hash of the leaf hashes in order."""
    return levels_of(leaf_hashes)[-1][0] if leaf_hashes else EMPTY_ROOT


def levels_of(leaf_hashes: Sequence[bytes]) -> list[list[bytes]]:
    """Return the hashes of a tree of at least one leaf level by level: the leaves, ..., the root.

    A node without a right neighbour stands again one level up, which gives the tree of RFC 6962
    (a property test holds both together) and costs a fifth of cutting it into perfect subtrees.
    Raises :class:`MerkleError` for a leaf hash that is not 32 bytes long.
    """
    level = list(leaf_hashes)
    if set(map(len, level)) != {DIGEST_SIZE}:
        raise MerkleError("a leaf hash is not 32 bytes long, or there is none")
    levels = [level]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        above = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
        if len(level) & 1:
            above.append(level[-1])
        levels.append(level := above)
    return levels


def path_in(levels: Sequence[Sequence[T]], index: int) -> list[T]:
    """Return the audit path of leaf ``index`` in the levels of :func:`levels_of`, nearest first,
    as :func:`inclusion_proof` makes it from subtrees. Raises :class:`MerkleError` outside."""
    if not 0 <= index < len(levels[0]):
        raise MerkleError(f"leaf {index} is not in a tree of {len(levels[0])} leaves")
    path = []
    for level in levels[:-1]:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        index >>= 1
    return path


def perfect_subtrees(start: int, end: int) -> list[tuple[int, int]]:
    """Split ``[start, end)`` into perfect aligned subtrees, left to right.

    ``start`` must be a multiple of the largest power of two that fits the range, as it is for every
    ``subtree(start, end)`` a proof asks for; then :func:`fold_right` of their roots is its hash.
    Raises :class:`MerkleError` otherwise.
    """
    if not 0 <= start <= end:
        raise MerkleError(f"[{start}, {end}) is not a range of leaves")
    parts: list[tuple[int, int]] = []
    while start < end:
        width = 1 << ((end - start).bit_length() - 1)
        if start % width:
            raise MerkleError(f"[{start}, {end}) is not a subtree of any tree")
        parts.append((start, start + width))
        start += width
    return parts


def subtree_of(leaf_hashes: Sequence[bytes]) -> Subtree:
    """Answer ``subtree(start, end)`` from leaf hashes held in memory."""

    def subtree(start: int, end: int) -> bytes:
        if not 0 <= start < end <= len(leaf_hashes):
            raise MerkleError(f"[{start}, {end}) is not within {len(leaf_hashes)} leaves")
        return root_of(leaf_hashes[start:end])

    return subtree


def _split(width: int) -> int:
    """Largest power of two smaller than ``width`` (RFC 6962 section 2.1: ``k < n <= 2k``)."""
    return 1 << ((width - 1).bit_length() - 1)


def inclusion_proof(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """Audit path of leaf ``index`` in the tree of ``size`` leaves (RFC 9162 section 2.1.3.1).

    The hash nearest to the leaf comes first. Raises :class:`MerkleError` for an index outside.
    """
    if not 0 <= index < size:
        raise MerkleError(f"leaf {index} is not in a tree of {size} leaves")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(subtree(middle, end))
            end = middle
        else:
            path.append(subtree(start, middle))
            start = middle
    path.reverse()
    return path


def consistency_proof(size1: int, size2: int, subtree: Subtree) -> list[bytes]:
    """Proof that the tree of ``size1`` is a prefix of that of ``size2`` (RFC 9162 2.1.4.1).

    Empty where the sizes are equal. Raises :class:`MerkleError` unless
    ``0 < size1 <= size2``: the empty tree is a prefix of every tree and proves nothing.
    """
    if not 0 < size1 <= size2:
        raise MerkleError(f"there is no consistency proof from size {size1} to size {size2}")
    path: list[bytes] = []
    start, end = 0, size2
    while end != size1:
        middle = start + _split(end - start)
        if size1 <= middle:
            path.append(subtree(middle, end))
            end = middle
        else:
            path.append(subtree(start, middle))
            start = middle
    if start:
        # The old tree ends inside: its last subtree is not the old root and must be told.
        path.append(subtree(start, end))
    path.reverse()
    return path


def verify_inclusion(
    *, index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that ``leaf_hash`` stands at ``index`` of the tree with this size and root.

    RFC 9162 section 2.1.3.2. Returns None or raises :class:`MerkleError` with the code
    ``not_in_log``.
    """
    if not 0 <= index < size:
        raise _not_in_log(f"leaf {index} is not in a tree of {size} leaves")
    _check_digests([leaf_hash, *proof, root], "not_in_log")
    first, last, current = index, size - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            raise _not_in_log(f"the inclusion proof of leaf {index} is too long")
        if first & 1 or first == last:
            current = sha256(b"\x01" + sibling + current).digest()
            while not first & 1 and first:
                first >>= 1
                last >>= 1
        else:
            current = sha256(b"\x01" + current + sibling).digest()
        first >>= 1
        last >>= 1
    if last:
        raise _not_in_log(f"the inclusion proof of leaf {index} is too short")
    if not compare_digest(current, root):
        raise _not_in_log(f"leaf {index} does not lead to the root of the tree of size {size}")


def verify_consistency(
    *, size1: int, size2: int, proof: Sequence[bytes], root1: bytes, root2: bytes
) -> None:
    """Check that the tree (size1, root1) is a prefix of the tree (size2, root2).

    RFC 9162 section 2.1.4.2. Returns None or raises :class:`MerkleError` with the code
    ``rollback``.
    """
    if size1 == size2:
        if proof or not compare_digest(root1, root2):
            raise _not_prefix(f"two trees of the same size {size1} differ")
        return
    if not 0 < size1 < size2:
        raise _not_prefix(f"nothing can be proved from size {size1} to size {size2}")
    _check_digests([*proof, root1, root2], "rollback")
    # A perfect old tree is itself the first component and is left out of the proof.
    path = [root1, *proof] if size1 & (size1 - 1) == 0 else list(proof)
    if not path or not proof:
        raise _not_prefix("the consistency proof is empty")
    first, last = size1 - 1, size2 - 1
    while first & 1:
        first >>= 1
        last >>= 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise _not_prefix("the consistency proof is too long")
        if first & 1 or first == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not first & 1 and first:
                first >>= 1
                last >>= 1
        else:
            new = node_hash(new, sibling)
        first >>= 1
        last >>= 1
    if last:
        raise _not_prefix("the consistency proof is too short")
    if not compare_digest(old, root1) or not compare_digest(new, root2):
        raise _not_prefix(f"the tree of size {size1} is no prefix of the tree of size {size2}")


def _check_digests(values: Iterable[bytes], code: str) -> None:
    if set(map(len, values)) != {DIGEST_SIZE}:
        raise MerkleError("a hash of the proof is not 32 bytes long", code=code)


def _not_in_log(message: str) -> MerkleError:
    return MerkleError(message, code="not_in_log")


def _not_prefix(message: str) -> MerkleError:
    return MerkleError(message, code="rollback")
