"""Secret files: written once, readable by their owner alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from signing.errors import SigningError

SigningKey: TypeAlias = EllipticCurvePrivateKey | RSAPrivateKey | Ed25519PrivateKey


def write_secret(path: Path, data: bytes) -> None:
    """Create ``path`` with mode 0600 and the bytes given, on disk before this returns.

    Raises :class:`FileExistsError` rather than overwrite a key, and :class:`OSError`.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def save_key(path: Path, key: SigningKey) -> None:
    """Write a private key as unencrypted PKCS #8 PEM with mode 0600; see :func:`write_secret`."""
    write_secret(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def load_key(path: Path) -> SigningKey:
    """Read what :func:`save_key` wrote.

    Raises :class:`SigningError` (``malformed``) where it is no such key, :class:`OSError` where
    the file cannot be read.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise SigningError(
            f"{path.name} is not an unencrypted PEM private key", code="malformed"
        ) from None
    if not isinstance(key, EllipticCurvePrivateKey | RSAPrivateKey | Ed25519PrivateKey):
        raise SigningError(f"{path.name} holds a key that cannot sign here", code="malformed")
    return key
