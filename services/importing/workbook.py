"""Staging a workbook: each sheet is recognised, its rows become staged lines of the contract."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from ledger.errors import Refused
from ledger.ledger import Ledger
from services.importing.claims import Placed
from services.importing.csv_reader import Record
from services.importing.headings import SEARCHED
from services.importing.kinds import LISTED_PUPILS
from services.importing.ledger_view import LedgerView
from services.importing.mark_sheet import MarkSheet, Origin
from services.importing.plan import Claim, Fault, Given, Made, Plan, Unchanged
from services.importing.problems import Problem
from services.importing.stage import (
    BadCell,
    FileRefused,
    line_digest,
    read_cells,
    refuse_file,
    sha256_of,
)
from services.importing.staging import SourceFile, Staging
from services.importing.templates import KNOWN, recognise
from services.sheets import cells as cell_text
from services.sheets.errors import WorkbookRefused
from services.sheets.reading import OWN_SHEET, Row, Sheet, Workbook, open_workbook

ENDINGS = frozenset({".xlsx", ".xlsm", ".xls", ".ods"})
BLOCK = 500
SHOWN_ROWS = 5


@dataclass(slots=True)
class SheetRead:
    """What became of one sheet: for the preview."""

    file: str
    taken_for: str
    header_row: int
    columns: list[dict[str, Any]]
    rows: list[dict[str, Any]] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    unchanged: int = 0

    def document(self) -> dict[str, Any]:
        """As the preview's JSON holds it."""
        return {
            "file": self.file,
            "taken_for": self.taken_for,
            "header_row": self.header_row,
            "columns": self.columns,
            "rows": self.rows,
            "lines": self.lines,
            "refused": self.refused,
            "unchanged": self.unchanged,
        }


class WorkbookStaging:
    """Stages the sheets of one workbook."""

    def __init__(
        self,
        staging: Staging,
        path: Path,
        *,
        ledger: Ledger,
        source: str,
        given: Given,
        tick: Callable[[int], None],
    ) -> None:
        """`tick` is told how many rows have been read so far."""
        self._staging, self._path = staging, path
        self._ledger, self._source, self._given = ledger, source, given
        self._view = LedgerView(ledger, source)
        self._tick = tick
        self._sha256 = sha256_of(path)
        self._rows = 0
        self.sheets: list[SheetRead] = []
        self.ignored: list[str] = []
        self.unchanged = 0
        self.claims: list[Placed] = []

    def run(self) -> None:
        """Reads every sheet; names what cannot be read.

        Raises:
            FileRefused: nothing of the workbook can be read.
        """
        before = self._staging.rejected
        try:
            with open_workbook(self._path) as book:
                self._warn_of_errors(book)
                self._sheets(book)
        except WorkbookRefused as refused:
            raise refuse_file(
                self._path.name, refused.reason, refused.message, suggestion=refused.suggestion
            ) from refused
        if not self.sheets and self._staging.rejected == before:
            raise refuse_file(
                self._path.name,
                "template_unknown",
                "no sheet of this workbook is one that is known",
                suggestion=f"known are: {KNOWN}",
            )
        if self.sheets and self.ignored:
            self._warn(self._path.name, "sheet_not_read", "not read: " + ", ".join(self.ignored))

    def _sheets(self, book: Workbook) -> None:
        origin: Origin | None = None
        for sheet in book.sheets():
            name = f"{self._path.name}#{sheet.name}"
            try:
                if sheet.name == OWN_SHEET:
                    origin = self._origin(sheet.rows)
                elif sheet.hidden:
                    self.ignored.append(sheet.name)
                else:
                    self._sheet(sheet, name, origin)
            except FileRefused as refused:
                self._staging.add_problem(refused.problem)
            except Refused as refused:
                self._staging.add_problem(
                    refuse_file(
                        name, refused.code, refused.message, suggestion=refused.suggestion
                    ).problem
                )

    def _origin(self, rows: Iterable[Row]) -> Origin:
        origin = Origin.read(rows)
        if origin.ledger != str(self._ledger.id):
            raise Refused(
                "sheet_of_another_ledger",
                "this mark sheet was written by another ledger",
                suggestion="import it there",
            )
        return origin

    def _sheet(self, sheet: Sheet, name: str, origin: Origin | None) -> None:
        head = list(islice(sheet.rows, SEARCHED))
        plan = recognise(
            sheet=sheet.name,
            stem=self._path.stem,
            file=name,
            head=head,
            given=self._given,
            ledger=self._view,
            origin=origin,
        )
        if plan is None:
            self.ignored.append(sheet.name)
            return
        file = self._staging.add_file(name, self._sha256)
        read = SheetRead(name, plan.name, plan.header, _columns(plan))
        self.sheets.append(read)
        has_a_home = {c.index for c in plan.columns if c.heading and c.taken_for is not None}
        homeless: dict[int, None] = {}
        data = _from(plan.first, head, sheet.rows)
        while block := list(islice(data, BLOCK)):
            self._rows += len(block)
            self._tick(self._rows)
            self._block(plan, block, file, read)
            for row in block:
                for index, cell in enumerate(row.cells):
                    if index not in has_a_home and cell_text.text(cell).strip():
                        homeless[index] = None
        if homeless:
            headings = {column.index: column.heading for column in plan.columns}
            names = ", ".join(
                headings.get(index) or f"{column_letters(index)} (no heading)"
                for index in sorted(homeless)
            )
            self._warn(name, "no_home", f"columns not read: {names}")
        if isinstance(plan, MarkSheet):
            self._missing_rows(plan, name)

    def _missing_rows(self, plan: MarkSheet, name: str) -> None:
        gone = plan.not_seen()
        if gone:
            self._warn(
                name,
                "row_missing",
                f"{gone} pupils that the sheet was written for have no row in it any more; what is "
                "on record of them stays",
            )

    def _block(self, plan: Plan, rows: Sequence[Row], file: SourceFile, read: SheetRead) -> None:
        for row in rows[: SHOWN_ROWS - len(read.rows)]:
            values = {c.heading: cell_text.text(row.cell(c.index)) for c in plan.columns}
            read.rows.append({"line": row.number, "values": values})
        for number, result in plan.results(rows):
            if isinstance(result, Unchanged):
                read.unchanged += 1
                self.unchanged += 1
            elif isinstance(result, Claim):
                self.claims.append(Placed(file.name, number, result))
            elif isinstance(result, Fault):
                read.refused += not result.warning
                self._staging.add_problem(_problem_of(file, number, result), warning=result.warning)
            else:
                self._add(result, number, file, read)

    def _add(self, made: Made, number: int, file: SourceFile, read: SheetRead) -> None:
        kind = made.kind
        texts = [made.cells.get(column, "") for column in kind.columns]
        try:
            cells = read_cells(Record(number, texts), kind.columns, kind)
        except BadCell as bad:
            read.refused += 1
            self._staging.add_problem(
                Problem(
                    file=file.name,
                    line=number,
                    column=made.read_from.get(bad.column, bad.column) or None,
                    value=bad.value,
                    reason=bad.reason,
                    message=bad.message,
                    suggestion=bad.suggestion,
                )
            )
            return
        shown = "pupils" if kind is LISTED_PUPILS else kind.name
        read.lines[shown] = read.lines.get(shown, 0) + 1
        file.note(kind.name, cells, made.read_from)
        digest = line_digest(self._ledger.keyring, self._source, kind, cells)
        self._staging.add_line(kind, file, number, cells, digest, counted=True)

    def _warn_of_errors(self, book: Workbook) -> None:
        errors = book.inspection.error_cells
        if errors:
            message = f"{errors} cells hold an error (#N/A, #REF! …) and are read as empty"
            self._warn(self._path.name, "formula_error", message)

    def _warn(self, file: str, reason: str, message: str) -> None:
        self._staging.add_problem(
            Problem(file=file, line=None, column=None, value=None, reason=reason, message=message),
            warning=True,
        )


def _from(first: int, head: Sequence[Row], rows: Iterable[Row]) -> Iterator[Row]:
    yield from (row for row in head if row.number >= first)
    yield from rows


def _columns(plan: Plan) -> list[dict[str, Any]]:
    return [
        {
            "column": column_letters(column.index),
            "heading": column.heading,
            "taken_for": column.taken_for or None,
            "needed": column.taken_for != "",
        }
        for column in plan.columns
        if column.heading
    ]


def column_letters(index: int) -> str:
    """A, B … Z, AA … of a column counted from 0."""
    letters, number = "", index + 1
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(65 + letter) + letters
    return letters


def _problem_of(file: SourceFile, number: int, fault: Fault) -> Problem:
    return Problem(
        file=file.name,
        line=number,
        column=fault.heading,
        value=fault.value,
        reason=fault.reason,
        message=fault.message,
        suggestion=fault.suggestion,
    )
