"""Long workbooks: a cover that says what was asked and of which position, then lines as they come.

Rows are written through to disk, so the length of a listing is no matter of memory; what does not
fit on one sheet goes on on the next. Text is always written as text.
"""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from services.files import whole_file
from services.sheets.writing import A4, FONT, SIZE, Value, sheet_name

MAX_ROWS = 1_000_000
"""Rows of a sheet before the next one begins; a sheet takes 1,048,576."""


class ProtocolBook:
    """A workbook being written. Use it as a context: the file is there, whole, at its end."""

    def __init__(self, path: Path) -> None:
        """An existing file is replaced only by a whole new one."""
        self._whole = whole_file(path)
        self._book = xlsxwriter.Workbook(
            str(self._whole.__enter__()), {"constant_memory": True, "strings_to_formulas": False}
        )
        plain = {"font_name": FONT, "font_size": SIZE, "valign": "top"}
        boxed = {**plain, "border": 1, "text_wrap": True}
        self._looks = {
            "title": self._book.add_format({**plain, "bold": True, "font_size": SIZE + 2}),
            "heading": self._book.add_format({**boxed, "bold": True, "bg_color": "#DDEBF7"}),
            "plain": self._book.add_format(boxed),
        }
        # The cover comes first and is filled in last: how many lines there are is known then.
        self._cover = self._book.add_worksheet("0")
        self._listings = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Puts the file in its place; after an error nothing is left of it.

        Raises:
            OSError: it cannot be written.
        """
        try:
            self._book.close()
        except FileCreateError as failed:
            self._whole.__exit__(FileCreateError, failed, failed.__traceback__)
            reason = failed.args[0]
            raise (reason if isinstance(reason, OSError) else OSError(str(reason))) from failed
        self._whole.__exit__(kind, error, trace)

    def cover(self, name: str, title: str, facts: Sequence[tuple[str, Value]]) -> None:
        """Fills in the first sheet: a title, then names and values."""
        self._cover.name = sheet_name(name)
        self._cover.set_column(0, 0, 30)
        self._cover.set_column(1, 1, 72)
        self._cover.set_paper(A4)
        self._cover.write_string(0, 0, title, self._looks["title"])
        for line, (fact, value) in enumerate(facts, 2):
            self._write(self._cover, line, (fact, value))

    def listing(self, name: str, headings: Sequence[str], widths: Sequence[int]) -> "Listing":
        """A further listing, on as many sheets as it needs."""
        self._listings += 1
        return Listing(self, name, headings, widths)

    def _sheet(self, name: str, headings: Sequence[str], widths: Sequence[int]) -> Any:
        sheet = self._book.add_worksheet(sheet_name(name))
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        sheet.set_paper(A4)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.freeze_panes(1, 0)
        sheet.set_footer("&C&P/&N")
        for column, heading in enumerate(headings):
            sheet.write_string(0, column, heading, self._looks["heading"])
        return sheet

    def _write(self, sheet: Any, line: int, row: Sequence[Value]) -> None:
        look = self._looks["plain"]
        for column, value in enumerate(row):
            if value is None:
                sheet.write_blank(line, column, None, look)
            elif isinstance(value, int | float):
                sheet.write_number(line, column, value, look)
            else:
                sheet.write_string(line, column, str(value), look)


class Listing:
    """Rows under one header, in the order in which they come."""

    def __init__(
        self, book: ProtocolBook, name: str, headings: Sequence[str], widths: Sequence[int]
    ) -> None:
        """`ProtocolBook.listing` makes one."""
        self._book, self._name = book, name
        self._headings, self._widths = headings, widths
        self._sheets = 0
        self._line = MAX_ROWS
        self.add_sheet()

    def add_sheet(self) -> None:
        """Goes on on a new sheet."""
        self._sheets += 1
        suffix = f" {self._sheets}" if self._sheets > 1 else ""
        self._sheet = self._book._sheet(f"{self._name}{suffix}", self._headings, self._widths)
        self._line = 0

    def add(self, row: Sequence[Value]) -> None:
        """One more row."""
        if self._line == MAX_ROWS:
            self.add_sheet()
        self._line += 1
        self._book._write(self._sheet, self._line, row)
