"""What a workbook may be before anything in it is believed.

Every entry of the archive is unpacked once, in small pieces that are thrown away, and what really
comes out is counted: the sizes an archive states of itself prove nothing. On the way the outermost
cell of each sheet is found, because a reader keeps the whole rectangle up to it: two cells in
opposite corners make half a terabyte of nothing. In an .ods file it is told by repetitions.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from services.sheets.errors import too_large, unreadable
from services.sheets.repeats import RepeatScan

MAX_UNPACKED = 200 * 1000 * 1000
"""Bytes of all parts of a workbook, unpacked (contract, What bad input gets)."""

MAX_PARTS = 2000
MAX_CELLS = 10_000_000
"""Cells of the rectangle that holds a sheet's content."""

MAX_LEGACY = 64 * 1000 * 1000
"""Bytes of an .xls file, which is not packed."""

_ZIP = b"PK"
_COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_PIECE = 1 << 18
_LOCAL_HEADER = 30
_CELL = re.compile(rb"""<(?:\w{1,20}:)?c\b[^>]{0,200}?\br=["']\$?([A-Za-z]{1,3})\$?(\d{1,7})["']""")
_ERROR = re.compile(rb"""<(?:\w{1,20}:)?c\b[^>]{0,200}?\bt=["']e["']""")
_OVERLAP = 256


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the look into the file found: `error_cells` hold #N/A, #REF! and the like."""

    error_cells: int = 0


def inspect(path: Path) -> Inspection:
    """Looks into a workbook without keeping anything of it.

    Raises:
        WorkbookRefused: `workbook_too_large`, `workbook_unreadable`.
    """
    with path.open("rb") as stream:
        start = stream.read(8)
        if start.startswith(_ZIP):
            return _inspect_archive(stream)
        if start == _COMPOUND:
            _inspect_compound(stream, path.stat().st_size)
            return Inspection()
    if not start:
        raise unreadable("the file is empty")
    hint = "the file is a web page with a workbook's name" if b"<" in start else "it is no workbook"
    raise unreadable(f"the file cannot be read: {hint}")


def _inspect_compound(stream: BinaryIO, size: int) -> None:
    if size > MAX_LEGACY:
        raise too_large(f"an .xls file of more than {MAX_LEGACY // 1_000_000} MB is not read")
    stream.seek(0)
    if _ENCRYPTED in stream.read():
        raise unreadable("the workbook is encrypted", "save it without a password")


def _inspect_archive(stream: BinaryIO) -> Inspection:
    try:  # zipfile raises NotImplementedError for an archive of a later version than it reads
        with zipfile.ZipFile(stream) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise unreadable("the workbook is broken: its list of parts cannot be read") from error
    if len(parts) > MAX_PARTS:
        raise too_large(f"the workbook has more than {MAX_PARTS} parts")
    if sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise _unpacks_to_too_much()
    left, errors = MAX_UNPACKED, 0
    for part in parts:
        if part.flag_bits & 1:
            raise unreadable("the workbook is encrypted", "save it without a password")
        sheet = _Scan() if "worksheets/" in part.filename.lower() else None
        table = RepeatScan(MAX_CELLS) if part.filename.lower() == "content.xml" else None
        for piece in _unpacked(stream, part):
            left -= len(piece)
            if left < 0:
                raise _unpacks_to_too_much()
            if sheet is not None:
                sheet.feed(piece)
            if table is not None:
                table.feed(piece)
        if table is not None:
            table.feed(b"", last=True)
        errors += sheet.errors if sheet else 0
    return Inspection(errors)


def _unpacks_to_too_much() -> Exception:
    return too_large(f"the workbook unpacks to more than {MAX_UNPACKED // 1_000_000} MB")


class _Scan:
    """The rectangle of one sheet, from its bytes in pieces."""

    def __init__(self) -> None:
        self._rows = self._columns = 0
        self._tail = b""
        self.errors = 0

    def feed(self, piece: bytes) -> None:
        text = self._tail + piece
        # What begins in the last bytes is looked at again with the next piece.
        cut = max(0, len(text) - _OVERLAP)
        end = text.rfind(b"<", cut)
        end = len(text) if end < 0 else end
        text, self._tail = text[:end], text[end:][-_OVERLAP:]
        for match in _CELL.finditer(text):
            self._rows = max(self._rows, int(match[2]))
            self._columns = max(self._columns, _column_number(match[1]))
        if self._rows * self._columns > MAX_CELLS:
            raise too_large(
                f"a sheet reaches to row {self._rows} and column {self._columns}: more than "
                f"{MAX_CELLS:,} cells"
            )
        self.errors += sum(1 for _ in _ERROR.finditer(text))


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _unpacked(stream: BinaryIO, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """What really comes out of a part, in pieces."""
    if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise unreadable("the workbook is packed in a way that is not read")
    stream.seek(part.header_offset)
    header = stream.read(_LOCAL_HEADER)
    if len(header) < _LOCAL_HEADER or not header.startswith(b"PK\3\4"):
        raise unreadable("the workbook is broken: a part does not begin where it should")
    skipped = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    stream.seek(skipped, 1)
    packed = part.compress_size
    inflater = zlib.decompressobj(-15) if part.compress_type == zipfile.ZIP_DEFLATED else None
    while packed > 0 and (piece := stream.read(min(_PIECE, packed))):
        packed -= len(piece)
        if inflater is None:
            yield piece
            continue
        try:
            while piece and not inflater.eof:
                yield inflater.decompress(piece, _PIECE)
                piece = inflater.unconsumed_tail
        except zlib.error as error:
            raise unreadable("the workbook is broken: a part cannot be unpacked") from error
