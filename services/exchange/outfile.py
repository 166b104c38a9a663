"""Files of records: written beside their place, moved there whole, never over another."""

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class Outfile:
    """Records of one table as JSON lines, UTF-8, readable by their owner alone.

    Until `finish` there is only a temporary file; leaving the context without it removes that.
    """

    def __init__(self, folder: Path, stem: str) -> None:
        """`stem` is the file's name without its ending."""
        self._folder = folder
        self._stem = stem
        self._temporary = folder / f".{stem}.{os.getpid()}.tmp"
        self._stream = os.fdopen(
            os.open(self._temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
            "w",
            encoding="utf-8",
            newline="\n",
        )
        self._finished = False

    def write(self, record: dict[str, Any]) -> None:
        """Adds a record."""
        self._stream.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")

    def finish(self) -> Path:
        """Moves the whole file to its place and returns it.

        The same file of an earlier, cut-off run is kept; beside another content the name gets a
        number.
        """
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        self._finished = True
        number = 1
        while True:
            place = self._folder / f"{self._stem}{f'-{number}' if number > 1 else ''}.jsonl"
            if self._settle(place):
                return place
            number += 1

    def _settle(self, place: Path) -> bool:
        """Moves the file to `place` unless another content is there."""
        if place.exists():
            if place.read_bytes() != self._temporary.read_bytes():
                return False
            self._temporary.unlink()
        else:
            os.replace(self._temporary, place)
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._finished:
            self._temporary.unlink(missing_ok=True)
            self._stream.close()


def without(place: Path, ids: set[str]) -> bool:
    """Takes the records with these `idbanghi` out of a finished file; whether any are left (a
    file without records is removed)."""
    lines = place.read_text("utf-8").splitlines(keepends=True)
    kept = [line for line in lines if json.loads(line)["idbanghi"] not in ids]
    if not kept:
        place.unlink()
    elif len(kept) < len(lines):
        temporary = place.with_name(f".{place.name}.{os.getpid()}.tmp")
        temporary.touch(0o600)
        temporary.write_text("".join(kept), "utf-8")
        temporary.replace(place)
    return bool(kept)
