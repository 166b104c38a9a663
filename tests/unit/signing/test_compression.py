"""A frame opens to its declared size within the limit, or not at all."""

from __future__ import annotations

import tracemalloc

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from signing.compression import MAX_WINDOW, compress, decompress
from signing.errors import DecompressionError

pytestmark = pytest.mark.unit


@settings(print_blob=True)
@given(st.binary(max_size=5000))
def test_what_was_compressed_comes_back(data: bytes) -> None:
    assert decompress(compress(data), limit=len(data)) == data


def test_a_text_longer_than_the_window_comes_back() -> None:
    data = bytes(range(256)) * 80_000
    assert decompress(compress(data), limit=len(data)) == data


def test_more_than_the_limit_is_refused() -> None:
    with pytest.raises(DecompressionError, match="limit is 999"):
        decompress(compress(bytes(1000)), limit=999)


def test_a_frame_that_does_not_declare_its_size_is_refused() -> None:
    bomb = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(1_000_000))
    with pytest.raises(DecompressionError, match="does not declare"):
        decompress(bomb, limit=2_000_000)


def test_a_frame_that_lies_about_its_size_is_refused() -> None:
    frame = bytearray(compress(bytes(1000)))
    header = zstandard.frame_header_size(bytes(frame))
    # The two-byte content size field holds size - 256 (RFC 8878 section 3.1.1.1.4).
    assert int.from_bytes(frame[header - 2 : header], "little") == 1000 - 256
    frame[header - 2 : header] = (10).to_bytes(2, "little")
    with pytest.raises(DecompressionError):
        decompress(bytes(frame), limit=2000)


def test_a_window_beyond_the_bound_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=27)
    data = bytes(MAX_WINDOW * 2)
    frame = zstandard.ZstdCompressor(compression_params=parameters).compress(data)
    with pytest.raises(DecompressionError, match="window"):
        decompress(frame, limit=len(data))


@pytest.mark.parametrize("tail", [b"x", b"\x00" * 8, compress(b"more")])
@pytest.mark.parametrize("first", [b"", b"first"])
def test_nothing_may_follow_the_frame(first: bytes, tail: bytes) -> None:
    with pytest.raises(DecompressionError):
        decompress(compress(first) + tail, limit=1000)


def test_a_frame_that_grows_beyond_its_declared_size_takes_no_more_memory() -> None:
    """A small frame that unfolds to 64 MB but declares 1,000 bytes must cost next to nothing."""
    bomb = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(64_000_000))
    blocks = bomb[zstandard.frame_header_size(bomb) :]
    # Descriptor: two-byte content size, no checksum; then a window of 2 MB (RFC 8878 3.1.1.1).
    lying = b"\x28\xb5\x2f\xfd" + b"\x40" + b"\x58" + (1000 - 256).to_bytes(2, "little") + blocks
    assert zstandard.get_frame_parameters(lying).content_size == 1000
    tracemalloc.start()
    try:
        with pytest.raises(DecompressionError):
            decompress(lying, limit=2000)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("data", [b"", b"(\xb5/\xfd", b"not a frame at all"])
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(DecompressionError):
        decompress(data, limit=1000)


def test_every_truncation_and_every_damaged_byte_is_refused() -> None:
    frame = compress(b"the checksum covers the content" * 3)
    for end in range(len(frame)):
        with pytest.raises(DecompressionError):
            decompress(frame[:end], limit=1000)
    damaged = bytearray(frame)
    damaged[-6] ^= 1
    with pytest.raises(DecompressionError):
        decompress(bytes(damaged), limit=1000)
