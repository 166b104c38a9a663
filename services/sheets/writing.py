"""Workbooks out: tables in one font, on A4, with widths, a print area and a repeated header.

Text is always written as text: a name that begins with `=` is no formula.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

import xlsxwriter

from services.files import whole_file

FONT = "Times New Roman"
SIZE = 12
A4 = 9
MAX_NAME = 31
_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\", "-"))

Value = str | int | float | date | None


@dataclass(frozen=True, slots=True)
class Choice:
    """What a cell to be filled in takes: numbers of a range, or one of some words."""

    low: int = 0
    high: int = 10
    whole: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell with a looks of its own. `open` cells can be filled in on a protected sheet."""

    value: Value = None
    look: Literal["plain", "held", "foreign", "open", "day"] = "plain"
    choice: Choice | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One sheet: lines of title, rows above the header, the header, the rows.

    `widths` are in characters; a width of 0 hides the column. A table with `protected` lets only
    `open` and `day` cells be changed.
    """

    name: str
    title: Sequence[str]
    headings: Sequence[str]
    rows: Sequence[Sequence[Value | Cell]]
    widths: Sequence[int]
    above: Sequence[Sequence[Value | Cell]] = ()
    landscape: bool = False
    protected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """A sheet that is not shown: plain rows for the program that reads the workbook back."""

    name: str
    rows: Sequence[Sequence[str | int]] = field(default_factory=tuple)


def write_workbook(path: Path, sheets: Sequence[Table | Hidden]) -> None:
    """Writes a workbook; an existing file is replaced only by a whole new one.

    Raises:
        OSError: the file cannot be written.
    """
    memory = io.BytesIO()
    book = xlsxwriter.Workbook(memory, {"in_memory": True, "strings_to_formulas": False})
    looks = _looks(book)
    for sheet in sheets:
        if isinstance(sheet, Hidden):
            _write_hidden(book.add_worksheet(sheet.name), sheet)
        else:
            _write_table(book.add_worksheet(sheet_name(sheet.name)), sheet, looks)
    book.close()
    with whole_file(path) as draft:
        draft.write_bytes(memory.getvalue())


def sheet_name(text: str) -> str:
    """A name that a spreadsheet takes for a sheet: 31 characters, none of []:*?/\\."""
    return text.translate(_FORBIDDEN).strip("'")[:MAX_NAME] or "1"


def _looks(book: Any) -> dict[str, Any]:
    plain = {"font_name": FONT, "font_size": SIZE, "valign": "vcenter"}
    boxed = {**plain, "border": 1}
    grey = {**boxed, "bg_color": "#E7E6E6", "font_color": "#595959"}
    day = {"num_format": "dd/mm/yyyy", "align": "center"}
    return {
        "title": book.add_format({**plain, "bold": True, "font_size": SIZE + 2}),
        "line": book.add_format(plain),
        "heading": book.add_format(
            {**boxed, "bold": True, "text_wrap": True, "align": "center", "bg_color": "#DDEBF7"}
        ),
        "plain": book.add_format({**boxed, "text_wrap": True}),
        "plain day": book.add_format({**boxed, **day}),
        "held": book.add_format({**grey, "align": "center"}),
        "foreign": book.add_format({**grey, "italic": True, "text_wrap": True}),
        "open": book.add_format({**boxed, "locked": False, "align": "center"}),
        "day": book.add_format({**boxed, **day, "locked": False}),
    }


def _write_hidden(sheet: Any, hidden: Hidden) -> None:
    sheet.very_hidden()
    for number, row in enumerate(hidden.rows):
        for column, value in enumerate(row):
            sheet.write_string(number, column, str(value))


def _write_table(sheet: Any, table: Table, looks: dict[str, Any]) -> None:
    for line, text in enumerate(table.title):
        sheet.write_string(line, 1 if table.widths[0] == 0 else 0, text, _title_look(looks, line))
    line = len(table.title)
    for row in table.above:
        _write_row(sheet, line, row, looks)
        line += 1
    for column, heading in enumerate(table.headings):
        sheet.write_string(line, column, heading, looks["heading"])
    header = line
    for line, row in enumerate(table.rows, header + 1):
        _write_row(sheet, line, row, looks)
    for column, width in enumerate(table.widths):
        sheet.set_column(column, column, width or None, None, {"hidden": width == 0})
    _page(sheet, table, header, header + len(table.rows))


def _title_look(looks: dict[str, Any], line: int) -> Any:
    return looks["title" if line == 0 else "line"]


def _page(sheet: Any, table: Table, header: int, last: int) -> None:
    sheet.set_paper(A4)
    sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(header - len(table.above), header)
    sheet.print_area(0, 0, last, len(table.headings) - 1)
    sheet.freeze_panes(header + 1, 0)
    sheet.set_footer("&C&P/&N")
    if table.landscape:
        sheet.set_landscape()
    if table.protected:
        sheet.protect("", {"format_columns": True, "format_rows": True})


def _write_row(sheet: Any, line: int, row: Sequence[Value | Cell], looks: dict[str, Any]) -> None:
    for column, given in enumerate(row):
        cell = given if isinstance(given, Cell) else Cell(given)
        value, look = cell.value, looks[cell.look]
        if isinstance(value, date):
            shown = looks["plain day"] if cell.look == "plain" else looks["day"]
            sheet.write_datetime(line, column, value, shown)
        elif isinstance(value, str):
            sheet.write_string(line, column, value, look)
        elif value is None:
            sheet.write_blank(line, column, None, look)
        else:
            sheet.write_number(line, column, value, look)
        if cell.choice is not None:
            sheet.data_validation(line, column, line, column, _validation(cell.choice))
        elif cell.look == "day":
            sheet.data_validation(line, column, line, column, _DAY)
        if cell.note:
            sheet.write_comment(line, column, cell.note)


_DAY = {
    "validate": "date",
    "criteria": ">",
    "value": date(1990, 1, 1),
    "error_title": "Ngày",
    "error_message": "Nhập ngày theo dạng dd/mm/yyyy.",
}


def _validation(choice: Choice) -> dict[str, Any]:
    if choice.words:
        return {
            "validate": "list",
            "source": list(choice.words),
            "error_title": "Mức",
            "error_message": "Chọn một trong: " + ", ".join(choice.words),
        }
    return {
        "validate": "integer" if choice.whole else "decimal",
        "criteria": "between",
        "minimum": choice.low,
        "maximum": choice.high,
        "error_title": "Điểm",
        "error_message": f"Nhập điểm từ {choice.low} đến {choice.high}; ô trống là chưa có điểm.",
    }
