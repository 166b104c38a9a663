"""A workbook as a stream of sheets and rows; the parser runs in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from services.sheets.errors import WorkbookRefused, too_large, unreadable
from services.sheets.limits import Inspection, inspect

OWN_SHEET = "_hocba"
"""The hidden sheet of a workbook that this program wrote; it is read before the others."""


@dataclass(frozen=True, slots=True)
class Day:
    """A cell that the spreadsheet says is a date: ISO, with a time where it has one."""

    iso: str


Cell = str | int | float | bool | Day | None


@dataclass(frozen=True, slots=True)
class Row:
    """A row that holds something: its number (from 1) and its cells from column A."""

    number: int
    cells: tuple[Cell, ...]

    def cell(self, column: int) -> Cell:
        """The cell in that column (from 0); None beyond the last."""
        return self.cells[column] if 0 <= column < len(self.cells) else None


@dataclass(slots=True)
class Sheet:
    """A sheet: its rows can be gone through once, before the next sheet is asked for."""

    name: str
    hidden: bool
    rows: Iterator[Row]


@dataclass(slots=True)
class Workbook:
    """An open workbook."""

    inspection: Inspection
    _lines: Iterator[Any]
    _next: dict[str, Any] | None = field(default=None)

    def sheets(self) -> Iterator[Sheet]:
        """The work sheets, `OWN_SHEET` first, then in the order of the workbook.

        Raises (also while rows are read):
            WorkbookRefused: the workbook cannot be read to its end.
        """
        self._next = self._take()
        while "sheet" in self._next:
            sheet = Sheet(self._next["sheet"], self._next["hidden"], self._rows())
            yield sheet
            for _ in sheet.rows:  # what the caller left
                pass

    def _rows(self) -> Iterator[Row]:
        for line in self._lines:
            if isinstance(line, dict):
                self._next = _checked(line)
                return
            yield Row(line[0], tuple(map(_cell, line[1])))
        raise _broken_off()

    def _take(self) -> dict[str, Any]:
        for line in self._lines:
            return _checked(line)
        raise _broken_off()


def _cell(value: Any) -> Cell:
    if isinstance(value, dict):
        return Day(value["date"])
    cell: Cell = value
    return cell


def _checked(line: dict[str, Any]) -> dict[str, Any]:
    kind = line.get("error")
    if kind == "encrypted":
        raise unreadable("the workbook is encrypted", "save it without a password")
    if kind == "memory":
        raise too_large("the workbook needs more memory than an import may take")
    if kind is not None:
        raise unreadable("the workbook is broken")
    return line


def _broken_off() -> WorkbookRefused:
    return unreadable("the workbook is broken: reading it came to no end")


@contextmanager
def open_workbook(path: Path) -> Iterator[Workbook]:
    """Opens an .xlsx, .xls or .ods file after a look at its limits.

    Formulas give the values stored with them; nothing is computed and no link is followed.

    Raises:
        WorkbookRefused: `workbook_too_large`, `workbook_unreadable`.
    """
    found = inspect(path)
    command = [sys.executable, "-m", "services.sheets.child", str(path.resolve()), OWN_SHEET]
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert child.stdout is not None
    try:
        yield Workbook(found, _documents(child.stdout))
    finally:
        child.kill()
        child.stdout.close()
        child.wait()


def _documents(stream: IO[bytes]) -> Iterator[Any]:
    for line in stream:
        try:
            yield json.loads(line)
        except ValueError:  # the child died within a line
            return
