"""CSV (RFC 4180) as a stream of records, each with its first physical line or what is wrong.

Bytes that are not UTF-8 come through as lone surrogates (PEP 383), so that one bad cell names its
own line and the others are read. A record the CSV rules cannot close is given up after its first
physical line: an open quotation mark does not swallow the lines below it.
"""

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

MAX_LINE = 1 << 20
"""Bytes of one physical line; what follows in it is not kept."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its first physical line (from 1), its cells, `fault` where it is unreadable."""

    line: int
    cells: list[str]
    fault: str | None = None


class _Lines:
    """Physical lines as text, counted, with a way to give some back."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._given_back: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        text = self._given_back.popleft() if self._given_back else self._read()
        self.number += 1
        self.taken.append(text)
        return text

    def _read(self) -> str:
        raw = self._stream.readline(MAX_LINE)
        if not raw:
            raise StopIteration
        while len(raw) == MAX_LINE and not raw.endswith(b"\n"):
            rest = self._stream.readline(MAX_LINE)
            if len(rest) < MAX_LINE or rest.endswith(b"\n"):
                break
        return raw.decode("utf-8", "surrogateescape")

    def give_back_all_but_first(self) -> None:
        """The record that began with the first line taken is given up; the rest is read again."""
        later = self.taken[1:]
        self._given_back.extendleft(reversed(later))
        self.number -= len(later)


def records(stream: BinaryIO) -> Iterator[Record]:
    """The records of a CSV file, blank lines left out; a byte-order mark is dropped."""
    if stream.read(3) != b"\xef\xbb\xbf":
        stream.seek(0)
    lines = _Lines(stream)
    reader = csv.reader(lines, strict=True)
    while True:
        first = lines.number + 1
        lines.taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            lines.give_back_all_but_first()
            yield Record(first, [], _fault(error))
            continue
        if any(cells):
            yield Record(first, cells)


def _fault(error: csv.Error) -> str:
    return "cell_too_long" if "field larger" in str(error) else "bad_quoting"


def open_file(path: Path) -> BinaryIO:
    """The file, buffered, as bytes."""
    return path.open("rb", buffering=1 << 18)
