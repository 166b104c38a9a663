"""Compact ranges and proofs against the recursive definition of RFC 6962 section 2.1."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing.errors import MerkleError
from signing.hashing import EMPTY_ROOT, leaf_hash, node_hash
from signing.merkle import (
    CompactRange,
    consistency_proof,
    fold_right,
    inclusion_proof,
    levels_of,
    path_in,
    perfect_subtrees,
    root_of,
    subtree_of,
    verify_consistency,
    verify_inclusion,
)

pytestmark = pytest.mark.unit

LEAVES = [leaf_hash(n.to_bytes(2, "big")) for n in range(70)]


def definition(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, written as it stands there."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(definition(leaves[:k]), definition(leaves[k:]))


def test_root_equals_the_definition_at_every_size() -> None:
    growing = CompactRange()
    for size in range(len(LEAVES) + 1):
        assert growing.root() == root_of(LEAVES[:size]) == definition(LEAVES[:size])
        if size < len(LEAVES):
            growing.append(LEAVES[size])


@pytest.mark.parametrize("size", range(1, len(LEAVES) + 1))
def test_paths_from_levels_are_those_made_from_subtrees(size: int) -> None:
    levels, subtree = levels_of(LEAVES[:size]), subtree_of(LEAVES[:size])
    paths = [path_in(levels, index) for index in range(size)]
    assert paths == [inclusion_proof(index, size, subtree) for index in range(size)]
    with pytest.raises(MerkleError):
        path_in(levels, size)


@pytest.mark.parametrize("leaves", [[], [b"short"], [LEAVES[0], LEAVES[1] + b"0"]])
def test_levels_are_made_of_leaf_hashes_alone(leaves: list[bytes]) -> None:
    with pytest.raises(MerkleError):
        levels_of(leaves)


@settings(print_blob=True)
@given(st.integers(0, 70), st.integers(0, 70))
def test_a_stored_range_goes_on_where_it_stopped(first: int, second: int) -> None:
    cut, size = sorted((first, second))
    covered = CompactRange()
    covered.extend(LEAVES[:cut])
    restored = CompactRange(covered.size, covered.nodes)
    restored.extend(LEAVES[cut:size])
    assert (restored.size, restored.root()) == (size, definition(LEAVES[:size]))
    assert covered.root() == definition(LEAVES[:cut])


def test_a_copy_is_independent() -> None:
    covered = CompactRange()
    covered.extend(LEAVES[:3])
    trial = covered.copy()
    trial.append(LEAVES[3])
    assert (covered.size, covered.root()) == (3, definition(LEAVES[:3]))


@pytest.mark.parametrize(("size", "nodes"), [(3, [b"a" * 32]), (1, [b"a"]), (-1, [b"a" * 32])])
def test_nodes_that_do_not_fit_the_size_are_refused(size: int, nodes: list[bytes]) -> None:
    with pytest.raises(MerkleError):
        CompactRange(size, nodes)


def test_a_wrong_leaf_leaves_the_range_usable() -> None:
    covered = CompactRange()
    with pytest.raises(MerkleError):
        covered.extend([LEAVES[0], LEAVES[1], b"short"])
    assert (covered.size, covered.root()) == (2, definition(LEAVES[:2]))


def test_every_inclusion_proof_verifies_and_fits_no_other_place() -> None:
    for size in range(1, 20):
        root = definition(LEAVES[:size])
        for index in range(size):
            proof = inclusion_proof(index, size, subtree_of(LEAVES))
            verify_inclusion(
                index=index, size=size, leaf_hash=LEAVES[index], proof=proof, root=root
            )
            with pytest.raises(MerkleError):
                verify_inclusion(
                    index=index, size=size, leaf_hash=LEAVES[index + 1], proof=proof, root=root
                )
            if size > 1:
                with pytest.raises(MerkleError):
                    verify_inclusion(
                        index=(index + 1) % size,
                        size=size,
                        leaf_hash=LEAVES[index],
                        proof=proof,
                        root=root,
                    )


def test_every_consistency_proof_verifies_and_no_altered_history_does() -> None:
    for size2 in range(1, 20):
        root2 = definition(LEAVES[:size2])
        for size1 in range(1, size2 + 1):
            proof = consistency_proof(size1, size2, subtree_of(LEAVES))
            verify_consistency(
                size1=size1,
                size2=size2,
                proof=proof,
                root1=definition(LEAVES[:size1]),
                root2=root2,
            )
            rewritten = definition([LEAVES[60], *LEAVES[1:size1]])
            with pytest.raises(MerkleError) as caught:
                verify_consistency(
                    size1=size1, size2=size2, proof=proof, root1=rewritten, root2=root2
                )
            assert caught.value.code == "rollback"


@settings(print_blob=True)
@given(st.data())
def test_a_flipped_bit_in_a_proof_is_seen(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 70))
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, subtree_of(LEAVES))
    place = data.draw(st.integers(0, len(proof) - 1))
    bit = data.draw(st.integers(0, 255))
    raw = int.from_bytes(proof[place], "big") ^ (1 << bit)
    proof[place] = raw.to_bytes(32, "big")
    with pytest.raises(MerkleError):
        verify_inclusion(
            index=index,
            size=size,
            leaf_hash=LEAVES[index],
            proof=proof,
            root=definition(LEAVES[:size]),
        )


def test_proofs_ask_only_for_ranges_that_split_into_perfect_subtrees() -> None:
    def from_tiles(start: int, end: int) -> bytes:
        parts = perfect_subtrees(start, end)
        assert all(
            width & (width - 1) == 0 and a % width == 0 for a, b in parts for width in [b - a]
        )
        return fold_right([definition(LEAVES[a:b]) for a, b in parts])

    for size in range(1, 40):
        for other in range(size):
            assert inclusion_proof(other, size, from_tiles) == inclusion_proof(
                other, size, subtree_of(LEAVES)
            )
            assert consistency_proof(other + 1, size, from_tiles) == consistency_proof(
                other + 1, size, subtree_of(LEAVES)
            )


def test_requests_outside_the_tree_are_refused() -> None:
    subtree = subtree_of(LEAVES[:4])
    with pytest.raises(MerkleError):
        inclusion_proof(4, 4, subtree)
    with pytest.raises(MerkleError):
        inclusion_proof(-1, 4, subtree)
    with pytest.raises(MerkleError):
        consistency_proof(0, 4, subtree)
    with pytest.raises(MerkleError):
        consistency_proof(3, 2, subtree)
    with pytest.raises(MerkleError):
        subtree(0, 5)
    with pytest.raises(MerkleError):
        perfect_subtrees(1, 4)
    with pytest.raises(MerkleError):
        perfect_subtrees(3, 2)


def test_a_hash_of_another_length_is_no_part_of_a_proof() -> None:
    with pytest.raises(MerkleError) as caught:
        verify_inclusion(
            index=0, size=2, leaf_hash=LEAVES[0], proof=[b"x"], root=definition(LEAVES[:2])
        )
    assert caught.value.code == "not_in_log"
