"""What an import would take each file, sheet and column for; nothing is appended."""

from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from services.importing.csv_reader import open_file, records
from services.importing.workbook import SHOWN_ROWS, SheetRead, column_letters


@dataclass(slots=True)
class Preview:
    """The sheets as read, those left out, and what is wrong already."""

    sheets: list[SheetRead] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """The preview as one JSON document."""
        return {
            "sheets": [sheet.document() for sheet in self.sheets],
            "ignored": self.ignored,
            "rejected": self.rejected,
            "warnings": self.warnings,
        }


def csv_read(path: Path, lines: int) -> SheetRead:
    """A CSV file of the contract, whose columns are what they are called."""
    kind = path.stem.lower()
    with open_file(path) as stream:
        rows = records(stream)
        header = next(rows).cells
        columns = [
            {
                "column": column_letters(index),
                "heading": heading,
                "taken_for": f"{kind}.{heading}",
                "needed": True,
            }
            for index, heading in enumerate(header)
        ]
        shown = [
            {"line": record.line, "values": dict(zip(header, record.cells, strict=False))}
            for record in islice(rows, SHOWN_ROWS)
        ]
    return SheetRead(path.name, kind, 1, columns, shown, {kind: lines})
