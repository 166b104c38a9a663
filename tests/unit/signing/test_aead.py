"""Personal data opens only with its key, its key id and its place."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from signing import aead
from signing.errors import SealError

pytestmark = pytest.mark.unit


def test_a_text_opens_in_its_place_only() -> None:
    key = aead.new_key()
    nonce, ciphertext = aead.encrypt(key, b"text", b"place")
    assert aead.decrypt(key, nonce, ciphertext, b"place") == b"text"
    altered = bytes([ciphertext[0] ^ 1]) + ciphertext[1:]
    for attempt in (
        (aead.new_key(), nonce, ciphertext, b"place"),
        (key, bytes(12), ciphertext, b"place"),
        (key, nonce, altered, b"place"),
        (key, nonce, b"", b"place"),
        (key, nonce, ciphertext, b"elsewhere"),
    ):
        with pytest.raises(SealError):
            aead.decrypt(*attempt)


def test_one_text_encrypts_differently_each_time() -> None:
    key = aead.new_key()
    assert aead.encrypt(key, b"text", b"") != aead.encrypt(key, b"text", b"")


def test_a_commitment_names_one_key_and_one_key_id() -> None:
    key = aead.new_key()
    assert aead.commitment(key, b"id") == aead.commitment(key, b"id")
    assert aead.commitment(key, b"id") != aead.commitment(key, b"other")
    assert aead.commitment(key, b"id") != aead.commitment(aead.new_key(), b"id")


def test_the_commitment_is_hkdf_of_rfc_5869() -> None:
    key = bytes(range(32))
    extracted = hmac.new(bytes(32), key, hashlib.sha256).digest()
    expected = hmac.new(extracted, b"commitid\x01", hashlib.sha256).digest()
    assert aead.commitment(key, b"id") == expected


def test_a_wrapped_key_opens_under_its_id_only() -> None:
    kek, key = aead.new_key(), aead.new_key()
    wrapped = aead.wrap(kek, key, b"id")
    assert len(wrapped) == aead.WRAPPED_SIZE
    assert aead.unwrap(kek, wrapped, b"id") == key
    for attempt in (
        (kek, wrapped, b"other"),
        (aead.new_key(), wrapped, b"id"),
        (kek, wrapped[:-1], b"id"),
        (kek, bytes(60), b"id"),
    ):
        with pytest.raises(SealError):
            aead.unwrap(*attempt)


def test_keys_and_nonces_of_another_length_are_refused() -> None:
    with pytest.raises(SealError):
        aead.encrypt(bytes(16), b"", b"")
    with pytest.raises(SealError):
        aead.commitment(b"", b"id")
    with pytest.raises(SealError):
        aead.wrap(aead.new_key(), bytes(31), b"id")
    with pytest.raises(SealError):
        aead.decrypt(aead.new_key(), bytes(13), bytes(16), b"")
