"""Zstandard frames (RFC 8878) that cannot grow beyond a stated limit.

Decompress only what has been authenticated first: these limits bound memory, they do not make
a stranger's bytes safe to look at.
"""

from __future__ import annotations

from typing import Final

import zstandard

from signing.errors import DecompressionError

LEVEL: Final = 3
MAX_WINDOW: Final = 8 * 1024 * 1024
"""Every decoder should support windows up to 8 MiB (RFC 8878 section 3.1.1.1.2)."""


def compress(data: bytes) -> bytes:
    """Return one frame that declares its content size and carries a checksum."""
    compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True, write_content_size=True)
    return compressor.compress(data)


def decompress(data: bytes, *, limit: int) -> bytes:
    """Return the content of one frame of at most ``limit`` bytes.

    Raises :class:`DecompressionError` where the frame is damaged, does not declare its size,
    declares or yields more than the limit, wants a window above 8 MiB or a dictionary, or is
    followed by more content.
    """
    size = _declared_size(data, limit)
    if size == 0 and data != compress(b""):
        # The library answers a frame that declares nothing without looking at the rest.
        raise DecompressionError("an empty frame is followed by more; ask for it again")
    decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)
    try:
        # The library ignores max_output_size for a frame that declares its size, and writes into
        # a buffer of exactly that size: the check above is what bounds it.
        return decompressor.decompress(data, allow_extra_data=False)
    except zstandard.ZstdError:
        raise DecompressionError(
            "the compressed data is damaged, cut short or followed by more; ask for it again"
        ) from None


def _declared_size(data: bytes, limit: int) -> int:
    try:
        frame = zstandard.get_frame_parameters(data)
    except zstandard.ZstdError:
        raise DecompressionError("the data does not begin with a zstd frame") from None
    if frame.content_size == zstandard.CONTENTSIZE_UNKNOWN:
        raise DecompressionError("the frame does not declare its content size")
    if frame.content_size > limit:
        raise DecompressionError(
            f"the frame declares {frame.content_size} bytes, the limit is {limit}"
        )
    if frame.window_size > MAX_WINDOW:
        raise DecompressionError(
            f"the frame wants a window of {frame.window_size} bytes, the limit is {MAX_WINDOW}"
        )
    if frame.dict_id:
        raise DecompressionError("the frame needs a dictionary; none is ever used")
    return int(frame.content_size)
