"""Secret files are their owner's alone and are never overwritten."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from signing.errors import SigningError
from signing.keyfiles import SigningKey, load_key, save_key, write_secret

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("key", [generate_private_key(SECP256R1()), Ed25519PrivateKey.generate()])
def test_a_key_comes_back_from_a_file_only_its_owner_reads(tmp_path: Path, key: SigningKey) -> None:
    path = tmp_path / "seal.key"
    save_key(path, key)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_key(path).public_key() == key.public_key()


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    write_secret(path, b"first")
    with pytest.raises(FileExistsError):
        write_secret(path, b"second")
    assert path.read_bytes() == b"first"


def test_what_is_no_signing_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"not a key")
    with pytest.raises(SigningError, match="secret is not"):
        load_key(path)
    exchange = X25519PrivateKey.generate()
    path.write_bytes(exchange.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(SigningError, match="cannot sign"):
        load_key(path)
