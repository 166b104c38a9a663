"""Files that a command writes: there whole or not there, readable by their owner alone."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.errors import Refused


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A draft beside `path` to be written; it takes the place of `path` when the context ends
    well, and is removed otherwise: a full disk leaves what was there before.

    Raises:
        OSError: it cannot be written there.
    """
    draft = path.with_name(f".{secrets.token_hex(8)}.part")
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield draft
        _to_disk(draft)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def require_writable(path: Path) -> None:
    """Refuses a place where no file can be written, before anything is recorded for it.

    Raises:
        Refused: `cannot_write`.
    """
    draft = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        draft.unlink()
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> Refused:
    """The refusal of a file that the system would not let us write."""
    return Refused("cannot_write", f"{path} cannot be written: {error.strerror}", field="--out")


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
