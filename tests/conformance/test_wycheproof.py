"""Project Wycheproof's vectors for the primitives this project uses: AES-256-GCM and Ed25519."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from signing import aead
from signing.errors import SealError
from signing.note import NoteVerifier

pytestmark = pytest.mark.conformance

VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "wycheproof"


def cases(file: str) -> list[Any]:
    """One parameter per vector; a single skipped one where the file is absent."""
    path = VECTORS / file
    if not path.is_file():
        reason = "the Wycheproof vectors are not beside the repository (../shared/vectors)"
        return [pytest.param({}, {}, marks=pytest.mark.skip(reason=reason))]
    groups = json.loads(path.read_bytes())["testGroups"]
    return [
        pytest.param(group, test, id=str(test["tcId"]))
        for group in groups
        for test in group["tests"]
    ]


def raw(test: dict[str, Any], name: str) -> bytes:
    return bytes.fromhex(test[name])


@pytest.mark.parametrize(("group", "test"), cases("aes_gcm_test.json"))
def test_aes_gcm(group: dict[str, Any], test: dict[str, Any]) -> None:
    key, nonce, aad = raw(test, "key"), raw(test, "iv"), raw(test, "aad")
    ciphertext = raw(test, "ct") + raw(test, "tag")
    ours = group["keySize"] == 256 and group["ivSize"] == 96
    if ours and test["result"] == "valid":
        assert aead.decrypt(key, nonce, ciphertext, aad) == raw(test, "msg")
    else:
        # Invalid, or a key or nonce length we never use and therefore refuse.
        with pytest.raises(SealError):
            aead.decrypt(key, nonce, ciphertext, aad)


@pytest.mark.parametrize(("group", "test"), cases("ed25519_test.json"))
def test_ed25519(group: dict[str, Any], test: dict[str, Any]) -> None:
    verifier = NoteVerifier("vector", bytes.fromhex(group["publicKey"]["pk"]))
    assert verifier.verify(raw(test, "msg"), raw(test, "sig")) is (test["result"] == "valid")
