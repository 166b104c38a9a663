"""Rows of Markdown tables, and the notice on top of every generated page."""

from collections.abc import Iterable

NOTICE = "<!-- Made by `python -m tests.docs.make`; edit the code, not this page. -->\n"


def row(*cells: object) -> str:
    """One row; None is an empty cell."""
    shown = ("" if cell is None else str(cell).replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(shown)} |"


def table(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> list[str]:
    """The lines of a table, with an empty line after it."""
    heads = list(headings)
    return [row(*heads), "|" + "---|" * len(heads), *(row(*cells) for cells in rows), ""]
