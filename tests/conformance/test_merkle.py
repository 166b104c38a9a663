"""RFC 6962 proofs against the vectors of the transparency-dev project."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from signing.errors import MerkleError
from signing.merkle import verify_consistency, verify_inclusion

pytestmark = pytest.mark.conformance

VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "rfc6962-merkle" / "testdata"


def cases(kind: str) -> list[Any]:
    """One parameter per file; a single skipped one where the folder is absent."""
    files = sorted((VECTORS / kind).rglob("*.json"))
    if not files:
        reason = "the Merkle vectors are not beside the repository (../shared/vectors)"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason))]
    return [pytest.param(path, id=str(path.relative_to(VECTORS / kind))) for path in files]


def unpack(vector: dict[str, Any], name: str) -> bytes:
    return base64.b64decode(vector[name] or "")


def proof_of(vector: dict[str, Any]) -> list[bytes]:
    return [base64.b64decode(item) for item in vector["proof"] or []]


@pytest.mark.parametrize("path", cases("inclusion"))
def test_inclusion(path: Path) -> None:
    vector = json.loads(path.read_bytes())

    def verify() -> None:
        verify_inclusion(
            index=vector["leafIdx"],
            size=vector["treeSize"],
            leaf_hash=unpack(vector, "leafHash"),
            proof=proof_of(vector),
            root=unpack(vector, "root"),
        )

    if vector["wantErr"]:
        with pytest.raises(MerkleError):
            verify()
    else:
        verify()


@pytest.mark.parametrize("path", cases("consistency"))
def test_consistency(path: Path) -> None:
    vector = json.loads(path.read_bytes())

    def verify() -> None:
        verify_consistency(
            size1=vector["size1"],
            size2=vector["size2"],
            proof=proof_of(vector),
            root1=unpack(vector, "root1"),
            root2=unpack(vector, "root2"),
        )

    if vector["wantErr"]:
        with pytest.raises(MerkleError):
            verify()
    else:
        verify()
