"""`hocba bench`: benchmarks with their baselines measured in the same run."""

import sys
from typing import Any

import click

from services.bench import suite
from services.output import messages, print_json


@click.command()
@click.argument("names", nargs=-1, required=True, type=click.Choice(suite.NAMES), metavar="NAME…")
@click.option("--full", is_flag=True, help="The sizes of the targets; takes many minutes.")
def bench(names: tuple[str, ...], full: bool) -> int:
    """Measure append, sheet, roster, transfer or verification beside baselines, as JSON.

    Works in a temporary home of its own, which is removed afterwards.
    """
    answers: list[dict[str, Any]] = [suite.run(name, full=full, say=_say) for name in names]
    print_json(answers[0] if len(answers) == 1 else answers)
    return 0


def _say(line: str) -> None:
    if sys.stderr.isatty():
        messages.print(line, markup=False)
