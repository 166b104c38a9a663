"""Encryption of personal data: AES-256-GCM, a commitment to the key, and key wrapping.

AES-GCM alone does not commit to its key (two keys can open one ciphertext), so the commitment
stands in the authenticated envelope and is compared before a ciphertext is opened.
"""

from __future__ import annotations

import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from signing.errors import SealError

KEY_SIZE: Final = 32
NONCE_SIZE: Final = 12
TAG_SIZE: Final = 16
WRAPPED_SIZE: Final = NONCE_SIZE + KEY_SIZE + TAG_SIZE
_WRAP_CONTEXT: Final = b"hocba.key/1\x00"


def new_key() -> bytes:
    """Return a fresh random 32-byte key."""
    return secrets.token_bytes(KEY_SIZE)


def commitment(key: bytes, key_id: bytes) -> bytes:
    """Return 32 bytes that only this key has: HKDF-SHA256(key, info = "commit" + key_id).

    RFC 5869 with an empty salt. Raises :class:`SealError` for a key that is not 32 bytes.
    """
    _check_key(key)
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"commit" + key_id).derive(key)


def encrypt(key: bytes, plaintext: bytes, aad: bytes) -> tuple[bytes, bytes]:
    """Return (12-byte random nonce, ciphertext with its 16-byte tag).

    ``aad`` is authenticated and not stored. One key may encrypt up to 2**32 texts (NIST SP 800-38D
    section 8.3); a person's key encrypts some hundreds.
    """
    _check_key(key)
    nonce = secrets.token_bytes(NONCE_SIZE)
    return nonce, AESGCM(key).encrypt(nonce, plaintext, aad)


def decrypt(key: bytes, nonce: bytes, ciphertext: bytes, aad: bytes) -> bytes:
    """Return the plaintext; raise :class:`SealError` if key, nonce, bytes or aad differ."""
    _check_key(key)
    if len(nonce) != NONCE_SIZE:
        raise SealError(f"the nonce is {len(nonce)} bytes long, not {NONCE_SIZE}")
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, aad)
    except InvalidTag:
        raise SealError(
            "the ciphertext does not open: another key, altered bytes or another place"
        ) from None


def wrap(kek: bytes, key: bytes, key_id: bytes) -> bytes:
    """Encrypt ``key`` under the key-encryption key: nonce + ciphertext + tag, 60 bytes."""
    _check_key(key)
    nonce, ciphertext = encrypt(kek, key, _WRAP_CONTEXT + key_id)
    return nonce + ciphertext


def unwrap(kek: bytes, wrapped: bytes, key_id: bytes) -> bytes:
    """Undo :func:`wrap`; raise :class:`SealError` if the key id or the wrapping key differ."""
    if len(wrapped) != WRAPPED_SIZE:
        raise SealError(f"a wrapped key is {WRAPPED_SIZE} bytes long, this one {len(wrapped)}")
    return decrypt(kek, wrapped[:NONCE_SIZE], wrapped[NONCE_SIZE:], _WRAP_CONTEXT + key_id)


def _check_key(key: bytes) -> None:
    if len(key) != KEY_SIZE:
        raise SealError(f"a key is {KEY_SIZE} bytes long, this one {len(key)}")
