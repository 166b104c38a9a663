"""A sealed message opens for its receiver under its header only."""

from __future__ import annotations

import pytest

from signing.errors import SealError
from signing.sealing import (
    OVERHEAD,
    PRIVATE_SIZE,
    PUBLIC_SIZE,
    KeyPair,
    key_id,
    open_sealed,
    seal,
)

pytestmark = pytest.mark.unit

PAIR = KeyPair.generate()


def test_a_message_opens_for_its_receiver() -> None:
    sealed = seal(b"message", PAIR.public_bytes(), b"header")
    assert len(sealed) == len(b"message") + OVERHEAD
    assert open_sealed(sealed, PAIR, b"header") == b"message"
    assert open_sealed(sealed, PAIR.private_bytes(), b"header") == b"message"


def test_another_key_another_header_or_another_byte_does_not_open() -> None:
    sealed = seal(b"message", PAIR.public_bytes(), b"header")
    for attempt in (
        (sealed, KeyPair.generate(), b"header"),
        (sealed, PAIR, b"other"),
        (sealed[:-1], PAIR, b"header"),
        (sealed[:100], PAIR, b"header"),
        (b"", PAIR, b"header"),
        (bytes([sealed[0] ^ 1]) + sealed[1:], PAIR, b"header"),
        (sealed[:-1] + bytes([sealed[-1] ^ 1]), PAIR, b"header"),
        (bytes(len(sealed)), PAIR, b"header"),
    ):
        with pytest.raises(SealError) as caught:
            open_sealed(*attempt)
        assert caught.value.code == "cannot_decrypt"


def test_keys_have_their_documented_layout() -> None:
    assert len(PAIR.private_bytes()) == PRIVATE_SIZE
    assert len(PAIR.public_bytes()) == PUBLIC_SIZE
    again = KeyPair.from_private_bytes(PAIR.private_bytes())
    assert again.public_bytes() == PAIR.public_bytes()
    assert PAIR.key_id == key_id(PAIR.public_bytes()) != KeyPair.generate().key_id
    assert len(PAIR.key_id) == 32


def test_a_key_is_not_shown() -> None:
    assert PAIR.private_bytes().hex()[:16] not in repr(PAIR)


@pytest.mark.parametrize("public", [b"", bytes(PUBLIC_SIZE - 1), b"\xff" * PUBLIC_SIZE])
def test_a_public_key_of_the_wrong_form_is_refused(public: bytes) -> None:
    with pytest.raises(SealError) as caught:
        seal(b"message", public, b"header")
    assert caught.value.code == "malformed"


def test_a_private_key_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(SealError):
        KeyPair.from_private_bytes(bytes(95))
