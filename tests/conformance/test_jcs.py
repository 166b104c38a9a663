"""RFC 8785's published vectors, as far as our subset reaches, and what of them it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from signing import canonical
from signing.errors import CanonicalError

pytestmark = pytest.mark.conformance

VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "jcs" / "testdata"
WITH_FRACTIONS = {"values", "structures"}
NAMES = ["arrays", "french", "structures", "unicode", "values", "weird"]


@pytest.fixture(scope="module")
def vectors() -> Path:
    if not VECTORS.is_dir():
        pytest.skip("the JCS vectors are not beside the repository (../shared/vectors/jcs)")
    return VECTORS


def test_no_vector_is_left_out(vectors: Path) -> None:
    assert sorted(path.stem for path in (vectors / "input").iterdir()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_output_is_that_of_the_vector(vectors: Path, name: str) -> None:
    value = json.loads((vectors / "input" / f"{name}.json").read_bytes())
    expected = bytes.fromhex((vectors / "outhex" / f"{name}.txt").read_text())
    if has_float(value):
        with pytest.raises(CanonicalError) as caught:
            canonical.dumps(value)
        assert caught.value.code == "number"
    else:
        assert canonical.dumps(value) == expected


def test_fractions_stand_only_where_expected(vectors: Path) -> None:
    found = {
        path.stem
        for path in (vectors / "input").iterdir()
        if has_float(json.loads(path.read_bytes()))
    }
    assert found == WITH_FRACTIONS


@pytest.mark.parametrize("name", NAMES)
def test_the_strict_parser_reads_output_of_the_subset(vectors: Path, name: str) -> None:
    data = bytes.fromhex((vectors / "outhex" / f"{name}.txt").read_text())
    refusal = {"values": "number", "unicode": "not_nfc", "weird": "not_nfc"}.get(name)
    if refusal is None:
        assert canonical.dumps(canonical.loads(data)) == data
    else:
        with pytest.raises(CanonicalError) as caught:
            canonical.loads(data)
        assert caught.value.code == refusal


def has_float(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(has_float, value.values()))
    if isinstance(value, list):
        return any(map(has_float, value))
    return isinstance(value, float)
