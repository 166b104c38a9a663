"""Staging one CSV file of the contract: its header, its cells, the identity of each line."""

import hashlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from ledger import legacy_text, text
from ledger.vault import Keyring
from services.importing.csv_reader import Record, open_file, records
from services.importing.kinds import KINDS, FileKind
from services.importing.line_keys import Cells
from services.importing.problems import Problem
from services.importing.staging import SEPARATOR, SourceFile, Staging

clean = lru_cache(maxsize=1 << 15)(text.clean)
_LOST_IN_ENCODING = frozenset({"tcvn3", "vni", "mojibake"})

_FAULTS = {
    "bad_quoting": (
        "a quotation mark is opened or closed in the wrong place",
        "double it or drop it",
    ),
    "cell_too_long": ("a cell is too long, or a quotation mark is never closed", None),
}


class FileRefused(Exception):
    """A file cannot be read at all; the others are."""

    def __init__(self, problem: Problem) -> None:
        """Carries the entry of the answer."""
        super().__init__(problem.reason)
        self.problem = problem


class BadCell(Exception):
    """One cell makes its line unreadable."""

    def __init__(
        self,
        reason: str,
        message: str,
        column: str,
        value: str | None,
        suggestion: str | None = None,
    ) -> None:
        """Carries what the answer says."""
        super().__init__(reason)
        self.reason = reason
        self.message = message
        self.column = column
        self.value = value
        self.suggestion = suggestion


def line_digest(keyring: Keyring, source: str, kind: FileKind, cells: Cells) -> UUID:
    """The keyed identity of a line: source, kind and all values given. An absent optional column
    is the same as an empty one; the order of columns does not count."""
    values = SEPARATOR.join([cells[column] for column in kind.columns])
    return keyring.token("line", f"{source}{SEPARATOR}{kind.name}{SEPARATOR}{values}")


def sha256_of(path: Path) -> str:
    """The file's digest, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def stage_file(
    staging: Staging,
    path: Path,
    *,
    keyring: Keyring,
    source: str,
    tick: Callable[[int], None],
) -> None:
    """Reads one file of the contract into the staging area.

    Raises:
        FileRefused: nothing of the file can be read.
    """
    kind = KINDS[path.stem.lower()]
    file = staging.add_file(path.name, sha256_of(path))
    with open_file(path) as stream:
        rows = records(stream)
        header = check_header(next(rows, None), kind, file.name)
        absent = {column: "" for column in kind.columns if column not in header}
        for number, record in enumerate(rows):
            if number % 1000 == 0:
                tick(stream.tell())
            try:
                cells = {**absent, **read_cells(record, header, kind)}
            except BadCell as bad:
                staging.add_problem(_problem(bad, file, record.line))
                continue
            digest = line_digest(keyring, source, kind, cells)
            staging.add_line(kind, file, record.line, cells, digest, counted=True)


def _problem(bad: BadCell, file: SourceFile, line: int) -> Problem:
    return Problem(
        file=file.name,
        line=line,
        column=bad.column or None,
        value=bad.value,
        reason=bad.reason,
        message=bad.message,
        suggestion=bad.suggestion,
    )


def refuse_file(
    name: str,
    reason: str,
    message: str,
    *,
    column: str | None = None,
    suggestion: str | None = None,
) -> FileRefused:
    """A refusal of a whole file, placed at its header where a column is at fault."""
    return FileRefused(
        Problem(
            file=name,
            line=1 if column else None,
            column=column,
            value=None,
            reason=reason,
            message=message,
            suggestion=suggestion,
        )
    )


def header_cells(record: Record | None, name: str) -> tuple[str, ...]:
    """The cleaned column names of a header.

    Raises:
        FileRefused: `empty_file`, `wrong_delimiter`, `not_utf8`, `duplicate_column`.
    """
    if record is None:
        raise refuse_file(name, "empty_file", "the file is empty: not even a header row")
    cells = [clean(cell) if _is_unicode(cell) else cell for cell in record.cells]
    if record.fault or not all(map(_is_unicode, cells)):
        raise refuse_file(
            name,
            "not_utf8",
            "the header is not UTF-8 text",
            suggestion="save the file as CSV UTF-8",
        )
    if len(cells) == 1 and (";" in cells[0] or "\t" in record.cells[0]):
        raise refuse_file(
            name,
            "wrong_delimiter",
            "columns are separated by something else than a comma",
            suggestion="save the file as CSV with commas",
        )
    seen: set[str] = set()
    for column in cells:
        if column in seen:
            raise refuse_file(
                name, "duplicate_column", f"column {column[:80]!r} stands twice", column=column[:80]
            )
        seen.add(column)
    return tuple(cells)


def check_header(record: Record | None, kind: FileKind, name: str) -> tuple[str, ...]:
    """The columns of a file of the contract.

    Raises:
        FileRefused: as `header_cells`; `unknown_column`, `missing_column`.
    """
    header = header_cells(record, name)
    for column in header:
        if column not in kind.columns:
            raise refuse_file(
                name,
                "unknown_column",
                f"{kind.name}.csv has no column {column[:80]!r}",
                column=column[:80],
                suggestion="the columns are " + ", ".join(kind.columns),
            )
    for column in kind.columns:
        if column in kind.required and column not in header:
            raise refuse_file(name, "missing_column", f"column {column} is required", column=column)
    return header


def read_cells(record: Record, header: Sequence[str], kind: FileKind) -> dict[str, str]:
    """The cleaned cells of a record by column. Empty cells beyond the header are nothing lost.

    Raises:
        BadCell: the record or one of its cells cannot be read, is too long, in an old encoding,
            or empty where a value is required.
    """
    if record.fault:
        message, suggestion = _FAULTS[record.fault]
        raise BadCell(record.fault, message, "", None, suggestion)
    width = len(header)
    if len(record.cells) < width or any(record.cells[width:]):
        raise BadCell(
            "column_count",
            f"the line has {len(record.cells)} cells, the header {width} columns",
            "",
            None,
            "put cells that hold a comma in quotation marks",
        )
    cells: dict[str, str] = {}
    for column, raw in zip(header, record.cells, strict=False):
        cell = clean(raw) if raw.isascii() else _unicode_cell(raw, column, kind)
        if not cell:
            if column in kind.required and column not in kind.may_be_empty:
                raise BadCell("missing_value", f"column {column} may not be empty", column, "")
        elif "\0" in cell:
            shown = cell.replace("\0", "\ufffd")[:80]
            raise BadCell("nul_byte", "the cell holds a zero byte", column, shown)
        elif len(cell) > kind.limit(column):
            raise BadCell(
                "cell_too_long",
                f"column {column} holds at most {kind.limit(column)} characters",
                column,
                f"{cell[:80]}…",
            )
        cells[column] = cell
    return cells


def _unicode_cell(raw: str, column: str, kind: FileKind) -> str:
    if not _is_unicode(raw):
        raise _not_utf8(raw, column)
    if kind.is_name(column):
        suspicion = legacy_text.detect(raw)
        if suspicion is not None and suspicion.kind in _LOST_IN_ENCODING:
            raise _legacy(raw, column, suspicion.reading)
        if suspicion is not None and "\ufffd" in raw:
            raise BadCell("legacy_encoding", "letters were lost on the way", column, raw[:80])
    return clean(raw)


def _not_utf8(raw: str, column: str) -> BadCell:
    shown = raw.encode("utf-8", "surrogateescape").decode("latin-1")
    suspicion = legacy_text.detect(shown)
    if suspicion is not None and suspicion.kind in ("tcvn3", "vni") and suspicion.reading:
        return _legacy(shown, column, suspicion.reading)
    return BadCell(
        "not_utf8",
        "the cell is not UTF-8 text",
        column,
        shown[:80],
        "save the file as CSV UTF-8",
    )


def _legacy(shown: str, column: str, reading: str | None) -> BadCell:
    return BadCell(
        "legacy_encoding",
        "the text is in an old encoding (TCVN3, VNI) or was broken on its way",
        column,
        shown[:80],
        reading,
    )


def _is_unicode(cell: str) -> bool:
    """Whether no byte had to be carried as a lone surrogate."""
    if cell.isascii():
        return True
    try:
        cell.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
