"""Disclosed records and single signatures damaged at random: never anything but a code.

Sealed ones, and payloads of other shapes, are damaged in tests/integration/transfer/test_fuzz.py.
"""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.record import instant_text
from signing import canonical, compression, jws
from signing.errors import SignatureError
from tests.dossiers import simple, trust_of
from tests.integration.transfer.test_fuzz import damaged
from tests.provinces import NOW, Province
from tests.unit.transfer.test_worst_cases import ORIGIN as SENDER
from tests.unit.transfer.test_worst_cases import RECEIVER, raw
from transfer import disclosure
from transfer.checks import Report
from transfer.verifier import verify

pytestmark = pytest.mark.unit

ORIGIN = Province("31", id=SENDER.id)
for name in ("authority", "seal", "checkpoint", "encryption"):
    setattr(ORIGIN, name, getattr(SENDER, name))
AUD = {"inspector": "Lê Thị Hoa", "disclosed_at": instant_text(NOW)}
PAYLOAD = {**simple(ORIGIN, RECEIVER, signer=ORIGIN.teacher), "aud": AUD}
TRUST = trust_of(ORIGIN, RECEIVER)
TRUE = disclosure.write(PAYLOAD, ORIGIN.seal)
seeds = st.integers(min_value=0, max_value=2**32)
fuzzing = settings(max_examples=60, print_blob=True)


def checked(data: bytes) -> Report:
    return verify(data, trust=TRUST, now=NOW)


@fuzzing
@given(seed=seeds)
def test_a_damaged_file_is_refused_or_is_the_true_one(seed: int) -> None:
    hurt = damaged(TRUE, seed)
    assert hurt == TRUE or not checked(hurt).ok


@fuzzing
@given(seed=seeds)
def test_damaged_plain_text_is_refused(seed: int) -> None:
    plain = jws.sign(canonical.dumps(PAYLOAD), [ORIGIN.seal])
    hurt = damaged(plain, seed)
    data = raw(compression.compress(hurt), canonical.dumps(PAYLOAD))
    assert hurt == plain or not checked(data).ok


@fuzzing
@given(seed=seeds)
def test_a_damaged_signature_of_a_sheet_is_a_bad_sheet_or_the_true_one(seed: int) -> None:
    """Truly signed as a whole: the sender itself has put a damaged signature into it."""
    chance = random.Random(seed)
    sheets = [dict(sheet) for sheet in PAYLOAD["sheets"]]
    chosen = chance.choice(sheets)
    true = chosen["signature"]
    chosen["signature"] = damaged(true.encode(), seed).decode("ascii", "replace")
    failure = checked(disclosure.write({**PAYLOAD, "sheets": sheets}, ORIGIN.seal)).failure
    if chosen["signature"] != true:
        assert failure is not None
        assert (failure.step, failure.code) in {(11, "bad_sheet"), (5, "bad_json")}


@fuzzing
@given(seed=seeds, text=st.text(max_size=200))
def test_a_detached_signature_is_read_or_refused(seed: int, text: str) -> None:
    true: Any = PAYLOAD["sheets"][0]["signature"]
    for said in (text, damaged(true.encode(), seed).decode("ascii", "replace")):
        with pytest.raises(SignatureError) as refused:
            jws.parse_detached(said, kind="hocba-sheet/1").verify(b"no statement")
        assert refused.value.code in {"malformed", "bad_signature"}
