"""The answer to an import: as one JSON document written in a stream, a table, or CSV."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TextIO

from services.importing.problems import Problem
from services.importing.staging import Staging
from services.output import csv_row

DONE, REFUSED, PARTLY, STOPPED = 0, 3, 4, 130
FIELDS = ("file", "line", "column", "value", "reason", "message", "suggestion")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of an import. `appended` counts entries; `accepted`, `unchanged` and `refused`
    lines (and files); positions are None where nothing was appended.

    The lists are read from the staging area while it is open: they may be long.
    """

    ledger: str
    first_position: int | None
    last_position: int | None
    appended: int
    accepted: int
    unchanged: int
    refused: int
    dry_run: bool
    stopped: bool
    staging: Staging

    @property
    def exit_code(self) -> int:
        """0 done, 3 nothing taken, 4 partly, 130 stopped by hand."""
        if self.stopped:
            return STOPPED
        if not self.refused:
            return DONE
        return PARTLY if self.accepted or self.unchanged else REFUSED

    def rejected(self) -> Iterator[Problem]:
        """Lines and files not taken in, and lines kept as proposals."""
        return self.staging.problems(warnings=False)

    def warnings(self) -> Iterator[Problem]:
        """What was taken in but should be looked at, and what has no home."""
        return self.staging.problems(warnings=True)

    def head(self) -> dict[str, Any]:
        """The answer without its lists."""
        head: dict[str, Any] = {
            "ledger": self.ledger,
            "first_position": self.first_position,
            "last_position": self.last_position,
            "appended": self.appended,
            "accepted": self.accepted,
            "unchanged": self.unchanged,
        }
        if self.dry_run:
            head["dry_run"] = True
        if self.stopped:
            head["stopped"] = True
        return head

    def document(self) -> dict[str, Any]:
        """The whole answer of the contract, in memory."""
        return {
            **self.head(),
            "rejected": [problem.document() for problem in self.rejected()],
            "warnings": [problem.document() for problem in self.warnings()],
        }

    def write_json(self, stream: TextIO) -> None:
        """Writes the same document without holding it."""
        head = json.dumps(self.head(), ensure_ascii=False, indent=1)
        stream.write(head.removesuffix("\n}"))
        for name, problems in (("rejected", self.rejected()), ("warnings", self.warnings())):
            stream.write(f',\n "{name}": [')
            for number, problem in enumerate(problems):
                stream.write(",\n  " if number else "\n  ")
                stream.write(json.dumps(problem.document(), ensure_ascii=False))
            stream.write("]")
        stream.write("\n}\n")

    def write_csv(self, stream: TextIO) -> None:
        """Writes the two lists as CSV, for a spreadsheet."""
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("list", *FIELDS))
        for name, problems in (("rejected", self.rejected()), ("warnings", self.warnings())):
            for problem in problems:
                found = problem.document()
                writer.writerow(csv_row((name, *(found[field] for field in FIELDS))))
