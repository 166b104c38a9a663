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
from services.importing.plan import Given
from services.importing.preview import Preview
from services.importing.run import Report
from services.output import messages, print_csv, print_json, print_table
from services.reading import parse_day
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
@click.option(
    "--preview", is_flag=True, help="Show what every column is taken for; append nothing."
)
@click.option("--class", "class_code", default="", metavar="CODE", help="The class of a template.")
@click.option("--school", "school_code", default="", metavar="CODE", help="Its school.")
@click.option("--school-year", default="", metavar="YEAR", help="Its school year, 2024-2025.")
@click.option("--subject", default="", metavar="SUBJECT", help="The subject of a marks template.")
@click.option("--semester", default="", type=click.Choice(["", "1", "2"]), help="Its term.")
@click.option(
    "--time",
    default="",
    type=click.Choice(["", "GK1", "CK1", "GK2", "CN"]),
    help="The time of a primary results sheet.",
)
@click.option("--on", default="", metavar="DATE", help="The day, where the file says none.")
@click.pass_obj
def import_(
    workplace: Workplace,
    /,
    paths: tuple[Path, ...],
    source: str,
    dry_run: bool,
    preview: bool,
    **options: str,
) -> int:
    """Import files of the contract (CSV, .xlsx, .xls), the ministry's templates, a filled-in mark
    sheet, or a OneRoster 1.1 CSV set.

    What is sound is taken in, the rest is listed by file and line. Importing the same file again
    changes nothing. What a template does not say itself is given by an option.
    """
    if options["on"]:
        parse_day(options["on"])
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
            given=Given(**options),
            report=report,
            stop=lambda: bool(stop),
        ) as importer,
    ):
        if preview:
            return show_preview(importer.preview(paths), workplace.format)
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


def show_preview(preview: Preview, format_: str) -> int:
    """Prints a preview; 3 where no sheet was recognised."""
    if format_ == "json":
        print_json(preview.document())
    elif format_ == "csv":
        print_csv(
            ("file", "column", "heading", "taken_for"),
            [
                (sheet.file, column["column"], column["heading"], column["taken_for"])
                for sheet in preview.sheets
                for column in sheet.columns
            ],
        )
    else:
        _show_preview_table(preview)
    return 0 if preview.sheets else 3


def _show_preview_table(preview: Preview) -> None:
    for sheet in preview.sheets:
        lines = ", ".join(f"{name}: {count}" for name, count in sheet.lines.items()) or "none"
        title = f"{sheet.file} · {sheet.taken_for} · header in row {sheet.header_row} · {lines}"
        columns = ["column", "heading", "taken for", *(str(row["line"]) for row in sheet.rows)]
        rows = [
            [
                column["column"],
                column["heading"],
                column["taken_for"] or ("not read" if column["needed"] else None),
                *(row["values"].get(column["heading"]) for row in sheet.rows),
            ]
            for column in sheet.columns
        ]
        print_table(title, columns, rows)
    if preview.ignored:
        print("sheets not read: " + ", ".join(preview.ignored))
    for title, problems in (("rejected", preview.rejected), ("warnings", preview.warnings)):
        if problems:
            shown = [[problem[name] for name in FIELDS] for problem in problems[:SHOWN]]
            print_table(title, FIELDS, shown)


def _show_table(answer: Answer) -> None:
    for title, problems in (("rejected", answer.rejected()), ("warnings", answer.warnings())):
        rows = [
            [problem.document()[column] for column in FIELDS] for problem in islice(problems, SHOWN)
        ]
        if rows:
            print_table(title, FIELDS, rows)
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
