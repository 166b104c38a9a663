"""Domain-separated SHA-256: entries, and leaves and nodes of an RFC 6962 tree.

Every digest is 32 raw bytes. The prefix says what was hashed, so that bytes of one kind can never
be presented as another.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

DIGEST_SIZE: Final = 32
ENTRY_PREFIX: Final = b"hocba.entry/1\x00"
LEAF_PREFIX: Final = b"\x00"
NODE_PREFIX: Final = b"\x01"

EMPTY_ROOT: Final = sha256(b"").digest()
"""Root of the tree without leaves (RFC 6962 section 2.1)."""


def entry_hash(stored: bytes) -> bytes:
    """Hash of one entry's stored bytes: the same in every ledger that holds the entry."""
    return sha256(ENTRY_PREFIX + stored).digest()


def leaf_hash(canonical_leaf: bytes) -> bytes:
    """Hash of one leaf's canonical bytes (RFC 6962 section 2.1)."""
    return sha256(LEAF_PREFIX + canonical_leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node from its two children, each 32 bytes (RFC 6962 section 2.1)."""
    return sha256(NODE_PREFIX + left + right).digest()
