"""What a command prints: one JSON document, a table or CSV on standard output; nothing else there.

Messages and progress go to standard error, progress only on a terminal.
"""

import csv
import io
import json
import re
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

_POSITIONS = r"[0-9]+( [A-Za-z]+)?(, @[0-9]+( [A-Za-z]+)?)*$"
_FORMULA = re.compile(rf"[=\t\r]|[+-](?![0-9]+([.,][0-9]+)?$)|@(?!{_POSITIONS})")
"""What a spreadsheet takes for a formula; a signed number is none, nor are positions of entries
such as `@41 MarkCorrected`."""

messages = Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(document: Any) -> None:
    """Prints one JSON document, UTF-8, keys in the order given."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=1) + "\n")


def print_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Prints rows as CSV with a header."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(map(csv_row, rows))
    sys.stdout.write(buffer.getvalue())


def csv_row(row: Sequence[Any]) -> list[Any]:
    """Cells as CSV may hold them. A text that a spreadsheet would take for a formula gets an
    apostrophe before it (`=cmd|…` typed as a name must not run when the list is opened); JSON
    holds every text as it is."""
    return [f"'{c}" if isinstance(c, str) and _FORMULA.match(c) else c for c in row]


def print_table(title: str | None, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Prints rows as a table for people; None shows as a dash.

    On a terminal it fits the window; into a pipe or a file it is as wide as its content.
    """
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*("–" if cell is None else str(cell) for cell in row))
    console = Console()
    if not console.is_terminal:
        boundless = console.options.update(max_width=10_000)
        console = Console(width=max(80, console.measure(table, options=boundless).maximum))
    console.print(table)
