"""The register's token: the same for every custodian, and nothing without the key."""

import hashlib
import hmac
from uuid import UUID

import pytest

from transfer.register import token

pytestmark = pytest.mark.unit

KEY = bytes(range(32))
FIRST = UUID("01920000-0000-7000-8000-000000000001")


def test_a_token_is_what_the_decision_says() -> None:
    """RFC 5869 with an empty salt, one block: written out, so that others can build it."""
    extracted = hmac.digest(bytes(32), KEY, hashlib.sha256)
    derived = hmac.digest(extracted, b"hocba.register/1\x01", hashlib.sha256)
    assert token(KEY, FIRST) == hmac.digest(derived, FIRST.bytes, hashlib.sha256).hex()


def test_another_key_or_another_pupil_has_another_token() -> None:
    tokens = {token(KEY, FIRST), token(bytes(32), FIRST), token(KEY, UUID(int=1))}
    assert len(tokens) == 3
