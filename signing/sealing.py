"""Sealing a message to one receiver: HPKE base mode (RFC 9180), post-quantum hybrid.

Suite: ML-KEM-768 + X25519, HKDF-SHA256, AES-256-GCM. Layouts, all raw bytes:

* public key, 1216 bytes: ML-KEM-768 encapsulation key (1184), then X25519 public key (32)
* private key, 96 bytes: ML-KEM-768 seed (64), then X25519 private key (32)
* sealed message: encapsulated key (1120), then ciphertext and its 16-byte tag
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from signing.errors import SealError

SUITE_NAME: Final = "MLKEM768-X25519/HKDF-SHA256/AES-256-GCM"
PUBLIC_SIZE: Final = 1216
PRIVATE_SIZE: Final = 96
OVERHEAD: Final = 1120 + 16
"""Bytes a sealed message is longer than its plaintext."""

_KEM_PUBLIC: Final = 1184
_KEM_SEED: Final = 64
_KEY_ID_CONTEXT: Final = b"hocba.kem/1\x00"
_SUITE: Final = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@dataclass(frozen=True, slots=True, repr=False)
class KeyPair:
    """A receiver's key pair; make it with :meth:`generate` or :meth:`from_private_bytes`."""

    kem: MLKEM768PrivateKey
    curve: X25519PrivateKey

    @classmethod
    def generate(cls) -> KeyPair:
        """Return a fresh key pair."""
        return cls(MLKEM768PrivateKey.generate(), X25519PrivateKey.generate())

    @classmethod
    def from_private_bytes(cls, data: bytes) -> KeyPair:
        """Load the 96-byte layout; raise :class:`SealError` for any other length."""
        if len(data) != PRIVATE_SIZE:
            raise SealError(
                f"a private sealing key is {PRIVATE_SIZE} bytes long, this one {len(data)}",
                code="malformed",
            )
        return cls(
            MLKEM768PrivateKey.from_seed_bytes(data[:_KEM_SEED]),
            X25519PrivateKey.from_private_bytes(data[_KEM_SEED:]),
        )

    def private_bytes(self) -> bytes:
        """Return the 96-byte layout. Secret: store it 0600 or wrapped."""
        return self.kem.private_bytes_raw() + self.curve.private_bytes_raw()

    def public_bytes(self) -> bytes:
        """Return the 1216-byte layout that goes to senders."""
        return self.kem.public_key().public_bytes_raw() + self.curve.public_key().public_bytes_raw()

    @property
    def key_id(self) -> str:
        """Name of the public half, see :func:`key_id`."""
        return key_id(self.public_bytes())


def key_id(public: bytes) -> str:
    """Return 32 hexadecimal digits that name a public key in a message header."""
    return sha256(_KEY_ID_CONTEXT + public).hexdigest()[:32]


def seal(plaintext: bytes, public: bytes, info: bytes) -> bytes:
    """Encrypt to the holder of ``public`` (1216 bytes), bound to ``info``.

    Randomised: two seals of one text differ. Raises :class:`SealError` (``malformed``) for a
    public key of the wrong form.
    """
    return _SUITE.encrypt(plaintext, _load_public(public), info)


def open_sealed(ciphertext: bytes, private: KeyPair | bytes, info: bytes) -> bytes:
    """Undo :func:`seal`; raise :class:`SealError` if key, info or any byte differ."""
    pair = KeyPair.from_private_bytes(private) if isinstance(private, bytes) else private
    if len(ciphertext) < OVERHEAD:
        raise SealError("the sealed message is too short; ask for it again")
    try:
        return _SUITE.decrypt(ciphertext, MLKEM768X25519PrivateKey(pair.kem, pair.curve), info)
    except (InvalidTag, ValueError):
        raise SealError(
            f"the sealed message does not open under key {pair.key_id}: it was sealed to another "
            "key, or its header or body was altered"
        ) from None


def _load_public(public: bytes) -> MLKEM768X25519PublicKey:
    if len(public) != PUBLIC_SIZE:
        raise SealError(
            f"a public sealing key is {PUBLIC_SIZE} bytes long, this one {len(public)}",
            code="malformed",
        )
    try:
        kem = MLKEM768PublicKey.from_public_bytes(public[:_KEM_PUBLIC])
        curve = X25519PublicKey.from_public_bytes(public[_KEM_PUBLIC:])
    except ValueError:
        raise SealError("the public sealing key is not valid", code="malformed") from None
    return MLKEM768X25519PublicKey(kem, curve)
