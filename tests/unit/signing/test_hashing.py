"""Hashes carry the prefix of what they hash."""

from __future__ import annotations

from hashlib import sha256

import pytest

from signing import hashing

pytestmark = pytest.mark.unit


def test_known_digests() -> None:
    # RFC 6962 test tree: the empty tree and the leaf of the empty string.
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    leaf = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert hashing.EMPTY_ROOT.hex() == empty
    assert hashing.leaf_hash(b"").hex() == leaf


def test_entry_hash_is_prefixed_by_its_domain_and_version() -> None:
    assert hashing.entry_hash(b"x") == sha256(b"hocba.entry/1\x00x").digest()


def test_one_text_hashes_differently_in_every_role() -> None:
    a, b = b"a" * 32, b"b" * 32
    digests = {
        hashing.entry_hash(a + b),
        hashing.leaf_hash(a + b),
        hashing.node_hash(a, b),
        hashing.node_hash(b, a),
        sha256(a + b).digest(),
    }
    assert len(digests) == 5
