"""The header of a sheet somebody else made: where it is, how deep, what stands above a column.

Templates move their columns and their header row from version to version, break lines within a
heading and mix composed and decomposed letters, so that only names can be relied on.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.spelling import spelling_key
from ledger.text import clean
from services.sheets import cells as cell_text
from services.sheets.reading import Row

SEARCHED = 40
"""Rows from the top in which a header is looked for."""

MAX_DEPTH = 3


def heading_key(text: str) -> str:
    """The key by which two spellings of a heading are the same: case, blanks, line breaks,
    stars, brackets, composed or decomposed letters and the place of a tone do not count."""
    return spelling_key(unicodedata.normalize("NFC", text))


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above a column: the texts from top to bottom, as cleaned."""

    index: int
    parts: tuple[str, ...]

    @property
    def text(self) -> str:
        """The heading as an answer shows it."""
        return " / ".join(self.parts)

    @property
    def key(self) -> str:
        """The lowest text's key."""
        return heading_key(self.parts[-1]) if self.parts else ""

    @property
    def whole(self) -> str:
        """The key of all texts together."""
        return heading_key("".join(self.parts))

    @property
    def above(self) -> str:
        """The keys above the lowest text."""
        return heading_key("".join(self.parts[:-1]))


@dataclass(frozen=True, slots=True)
class Header:
    """A header block: its first row, the first row below it, a heading for each column."""

    row: int
    below: int
    headings: tuple[Heading, ...]


def find_header(rows: Sequence[Row], must: frozenset[str], at_least: int) -> Header | None:
    """The first row that holds at least `at_least` of the keys `must`, with the rows that belong
    to it: those below it in which the leftmost of these columns is empty, up to `MAX_DEPTH`."""
    for place, row in enumerate(rows):
        keys = [heading_key(cell_text.text(cell)) for cell in row.cells]
        named = [index for index, key in enumerate(keys) if key in must]
        if len({keys[index] for index in named}) >= at_least:
            return _block(rows, place, named)
    return None


def _block(rows: Sequence[Row], place: int, named: Sequence[int]) -> Header:
    block = [rows[place]]
    for row in rows[place + 1 : place + MAX_DEPTH]:
        consecutive = row.number == block[-1].number + 1
        if not consecutive or any(cell_text.text(row.cell(index)).strip() for index in named):
            break
        block.append(row)
    width = max(len(row.cells) for row in block)
    headings = [_heading(block, index) for index in range(width)]
    below = block[-1].number + 1
    return Header(block[0].number, _below_numbers(rows, below), tuple(headings))


def _heading(block: Sequence[Row], index: int) -> Heading:
    """The texts above a column. An empty upper cell stands under the next text to its left: that
    is how merged cells are stored; the lowest row is taken as it is."""
    parts: list[str] = []
    for depth, row in enumerate(block):
        text = clean(cell_text.text(row.cell(index)))
        deeper = any(clean(cell_text.text(lower.cell(index))) for lower in block[depth + 1 :])
        if not text and deeper:
            text = _to_the_left(row, index)
        if text and text not in parts:
            parts.append(text)
    return Heading(index, tuple(parts))


def _to_the_left(row: Row, index: int) -> str:
    for column in range(index - 1, -1, -1):
        text = clean(cell_text.text(row.cell(column)))
        if text:
            return text
    return ""


def _below_numbers(rows: Sequence[Row], below: int) -> int:
    """Some templates number their columns in a row of its own under the header."""
    for row in rows:
        if row.number == below:
            texts = [cell_text.text(cell).strip(" ()") for cell in row.cells]
            numbers = [text for text in texts if text]
            if len(numbers) > 3 and all(text.isdigit() for text in numbers):
                counted = [int(text) for text in numbers]
                if counted == list(range(counted[0], counted[0] + len(counted))):
                    return below + 1
    return below
