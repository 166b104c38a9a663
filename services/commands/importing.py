"""`hocba import`: files into the ledger."""

import gc
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import FrameType

import click
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from services.importing import Importer
from services.importing.answer import FIELDS, Answer
from services.importing.run import Report
from services.output import messages, print_table
from services.workplace import Workplace

GC_THRESHOLD = 200_000
"""A line leaves dozens of small objects that die with its chunk and hold no cycles: there is little
to be found by looking for cycles among them at the usual pace."""

SHOWN = 50
"""How many lines of each list a table shows; JSON and CSV hold all of them."""


@click.command(name="import")
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    metavar="DIR_OR_FILE...",
    type=click.Path(exists=True, path_type=Path),
)
@click.option(
    "--source", default="default", metavar="NAME", help="Whose pupil keys the files hold."
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Decide everything, append nothing (others wait with writing meanwhile).",
)
@click.pass_obj
def import_(workplace: Workplace, paths: tuple[Path, ...], source: str, dry_run: bool) -> int:
    """Import CSV files of the contract, or a OneRoster 1.1 CSV set.

    What is sound is taken in, the rest is listed by file and line. Importing the same file again
    changes nothing.
    """
    gc.set_threshold(GC_THRESHOLD)
    with (
        workplace.open() as (profile, ledger),
        stop_at_interrupt() as stop,
        progress() as report,
        Importer(
            ledger,
            name=profile.name,
            account=workplace.account,
            source=source,
            report=report,
            stop=lambda: bool(stop),
        ) as importer,
    ):
        answer = importer.run(paths, dry_run=dry_run)
        show(answer, workplace.format)
        return answer.exit_code


@contextmanager
def stop_at_interrupt() -> Iterator[list[int]]:
    """A list that is no longer empty once Ctrl-C was pressed; a second Ctrl-C stops at once."""
    pressed: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if pressed:
            signal.default_int_handler(number, frame)
        pressed.append(number)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def progress() -> Iterator[Report]:
    """A bar on standard error, on a terminal only."""
    if not messages.is_terminal:
        yield lambda what, done, total: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, TimeRemainingColumn(), console=messages, transient=True) as bar:
        task = bar.add_task("", total=None)

        def report(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        yield report


def show(answer: Answer, format_: str) -> None:
    """Prints the answer; a word about an interrupted import goes to standard error."""
    if format_ == "json":
        answer.write_json(sys.stdout)
    elif format_ == "csv":
        answer.write_csv(sys.stdout)
    else:
        _show_table(answer)
    if answer.stopped:
        messages.print(
            "hocba: stopped; what was appended stays. Give the same command again to go on: "
            "lines already recorded are left alone.",
            markup=False,
        )


def _show_table(answer: Answer) -> None:
    columns = [column for column in FIELDS if column != "message"]
    for title, problems in (("rejected", answer.rejected()), ("warnings", answer.warnings())):
        rows = [
            [problem.document()[column] for column in columns]
            for problem in islice(problems, SHOWN)
        ]
        if rows:
            print_table(title, columns, rows)
        more = sum(1 for _ in problems)
        if more:
            print(f"… and {more} more in {title}: see them with --format json or csv")
    print_table(
        f"ledger {answer.ledger}" + (" (dry run: nothing appended)" if answer.dry_run else ""),
        ["appended", "accepted", "unchanged", "rejected", "first", "last"],
        [
            [
                answer.appended,
                answer.accepted,
                answer.unchanged,
                answer.refused,
                answer.first_position,
                answer.last_position,
            ]
        ],
    )
