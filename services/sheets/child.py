"""Reads one workbook and writes its rows as lines of JSON: `python -m services.sheets.child`.

Arguments: the file, and the name of a sheet to be read before the others. The reader is native
code that keeps a whole sheet; it is given a bounded address space and a process of its own, so
that whatever a file does to it ends in a refusal.

Lines: `{"sheet": name, "hidden": bool}`, then for each row `[number, [cell, …]]`, at the end
`{"end": true}`; where the file cannot be read `{"error": kind}`. A cell is null, a text, a number,
true or false, or `{"date": ISO}`; row numbers count from 1.
"""

import json
import sys
from datetime import date, datetime, time, timedelta
from typing import Any, TextIO

import python_calamine as calamine

MEMORY = 1200 * 1000 * 1000
SECONDS = 600


def limit_oneself() -> None:
    """Bounds memory and processor time, where the system can."""
    try:
        import resource
    except ImportError:  # not on every system: the limits of `limits.py` hold all the same
        return
    for what, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS)):
        try:
            resource.setrlimit(what, (most, most))
        except (ValueError, OSError):
            continue
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ValueError, OSError):
        return


def write(path: str, first: str, out: TextIO) -> None:
    """Writes every work sheet."""
    with calamine.CalamineWorkbook.from_path(path) as book:
        sheets = [s for s in book.sheets_metadata if s.typ is calamine.SheetTypeEnum.WorkSheet]
        for found in sorted(sheets, key=lambda s: s.name != first):
            sheet = book.get_sheet_by_name(found.name)
            hidden = found.visible is not calamine.SheetVisibleEnum.Visible
            _line(out, {"sheet": found.name, "hidden": hidden})
            # The reader gives empty rows above the content, but no empty columns before it.
            before: list[Any] = [None] * (sheet.start[1] if sheet.start else 0)
            for number, row in enumerate(sheet.iter_rows(), 1):
                cells = [_cell(value) for value in row]
                if any(cell is not None for cell in cells):
                    _line(out, [number, before + cells])
            del sheet
    _line(out, {"end": True})


def _line(out: TextIO, document: Any) -> None:
    out.write(json.dumps(document, ensure_ascii=True, separators=(",", ":")) + "\n")


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return value or None
    if isinstance(value, datetime):
        whole = value.time() == time.min
        return {"date": (value.date() if whole else value).isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, time | timedelta):
        return str(value)
    return value


def main(arguments: list[str]) -> int:
    """Writes the workbook named; 1 where it cannot be read."""
    limit_oneself()
    try:
        write(arguments[0], arguments[1], sys.stdout)
    except calamine.PasswordError:
        _line(sys.stdout, {"error": "encrypted"})
    except MemoryError:
        _line(sys.stdout, {"error": "memory"})
    except (calamine.CalamineError, OSError, ValueError) as error:
        _line(sys.stdout, {"error": type(error).__name__})
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
