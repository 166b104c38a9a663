"""Cells as text: numbers as they were meant, dates as ISO, however the spreadsheet keeps them."""

import re
from datetime import date, timedelta

from services.sheets.reading import Cell, Day

_EPOCH = date(1899, 12, 30)
_SERIALS = range(20_000, 80_000)
"""Days since `_EPOCH` that are taken for dates: from 1954 to 2119."""

_DAY_FIRST = re.compile(r"(\d{1,2})\s*[/.-]\s*(\d{1,2})\s*[/.-]\s*(\d{4})(?:\s+0{1,2}:00(?::00)?)?")
_MONTH_FIRST = re.compile(r"(\d{1,2})\s*[/.-]\s*(\d{4})")
_DIGITS = re.compile(r"\d{5}(?:\.0)?")


def text(cell: Cell) -> str:
    """The cell's content: 8.0 is `8`, 7.300000000000001 is `7.3`, a date ISO, empty ``."""
    if cell is None:
        return ""
    if isinstance(cell, Day):
        return cell.iso
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float) and not cell.is_integer():
        return f"{cell:.15g}" if abs(cell) < 1e15 else repr(cell)
    return str(int(cell))


def day(cell: Cell) -> str:
    """A date as ISO from a date cell, a serial number, or text as people here write it
    (dd/mm/yyyy, mm/yyyy, yyyy). What is none of these is given as it stands."""
    if isinstance(cell, Day):
        return cell.iso[:10]
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return _serial(int(cell)) or text(cell)
    written = text(cell).strip()
    if match := _DAY_FIRST.fullmatch(written):
        return f"{match[3]}-{int(match[2]):02d}-{int(match[1]):02d}"
    if match := _MONTH_FIRST.fullmatch(written):
        return f"{match[2]}-{int(match[1]):02d}"
    if _DIGITS.fullmatch(written):
        return _serial(int(written[:5])) or written
    return written


def _serial(number: int) -> str | None:
    return (_EPOCH + timedelta(days=number)).isoformat() if number in _SERIALS else None


def strict_day(cell: Cell) -> str:
    """As `day` for dates and serial numbers; text is given as it stands (files whose dates are
    ISO say so themselves)."""
    return text(cell) if isinstance(cell, str) else day(cell)
