"""The benchmarks by name, each with its usual and its full size."""

from typing import Any

from services.bench import append, roster, sheet, transfer, verification
from services.bench.measure import Progress

NAMES = ("append", "sheet", "roster", "transfer", "verification")


def run(name: str, *, full: bool, say: Progress) -> dict[str, Any]:
    """Runs the benchmark of that name (one of `NAMES`); its JSON."""
    match name:
        case "append":
            return append.measure(append.FULL if full else append.USUAL, say=say)
        case "sheet":
            return sheet.measure(sheet.FULL if full else sheet.USUAL, say=say)
        case "roster":
            return roster.measure(roster.FULL if full else roster.USUAL, say=say)
        case "transfer":
            return transfer.measure(transfer.FULL if full else transfer.USUAL, say=say)
        case "verification":
            return verification.measure(verification.FULL if full else verification.USUAL, say=say)
        case _:
            raise ValueError(f"there is no benchmark {name}")
