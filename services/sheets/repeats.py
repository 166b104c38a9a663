"""The rectangle of an .ods table, before a reader unrolls it.

An .ods file writes equal cells and rows once with a number of repetitions: `number-rows-repeated`
and `number-columns-repeated` of a few bytes stand for as many cells as they like (OpenDocument 1.3,
19.675 and 19.677). What is empty to the right of and below the content counts for nothing: every
spreadsheet program fills its sheets up that way.
"""

from xml.parsers import expat

from services.sheets.errors import WorkbookRefused, too_large, unreadable

MAX_REPEATED = 1 << 21
"""Repetitions one attribute may state: twice the rows of the largest sheet."""

_CELLS = frozenset({"table:table-cell", "table:covered-table-cell"})


class RepeatScan:
    """Follows the tables of `content.xml` in pieces; `most` is how many cells a table may have."""

    def __init__(self, most: int) -> None:
        """Nothing is read yet."""
        self._most = most
        self._row = self._column = self._reach = self._repeat = 0
        self._used_rows = self._used_columns = 0
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.EntityDeclHandler = self._entity

    def feed(self, piece: bytes, *, last: bool = False) -> None:
        """The next piece.

        Raises:
            WorkbookRefused: `workbook_too_large`, `workbook_unreadable`.
        """
        try:
            self._parser.Parse(piece, last)
        except expat.ExpatError as error:
            raise _broken() from error

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "table:table":
            self._row = self._used_rows = self._used_columns = 0
        elif name == "table:table-row":
            self._repeat = _number(attributes.get("table:number-rows-repeated"))
            self._column = self._reach = 0
        elif name in _CELLS:
            self._column += _number(attributes.get("table:number-columns-repeated"))
            if any(key.startswith("office:") for key in attributes):
                self._reach = self._column
        elif name.startswith("text:"):
            self._reach = self._column

    def _end(self, name: str) -> None:
        if name != "table:table-row":
            return
        self._row += self._repeat
        if not self._reach:
            return
        self._used_rows = self._row
        self._used_columns = max(self._used_columns, self._reach)
        if self._used_rows * self._used_columns > self._most:
            raise too_large(
                f"a sheet reaches to row {self._used_rows} and column {self._used_columns}: more "
                f"than {self._most:,} cells"
            )

    def _entity(self, *declared: object) -> None:
        del declared
        raise _broken()


def _number(text: str | None) -> int:
    if text is None:
        return 1
    if not (text.isascii() and text.isdigit() and len(text) < 8 and 1 <= int(text) <= MAX_REPEATED):
        raise _broken()
    return int(text)


def _broken() -> WorkbookRefused:
    return unreadable("the workbook is broken: its content is not that of an .ods file")
