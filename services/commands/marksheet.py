"""`hocba marksheet`: a sheet to be filled in and given back to `hocba import`."""

from datetime import date
from pathlib import Path

import click

from projections.views import Views
from services.mark_sheets import gather, tables
from services.output import print_json, print_table
from services.reading import parse_day
from services.sheets.writing import write_workbook
from services.workplace import Workplace


@click.command()
@click.option("--class", "class_", required=True, metavar="CODE", help="Code or school/year/name.")
@click.option("--subject", required=True, metavar="SUBJECT", help="Key or name.")
@click.option("--semester", default="0", type=click.Choice(["0", "1", "2"]), help="The term.")
@click.option(
    "--slot", "slots", multiple=True, metavar="SLOT", help="TX1, GK … or all (default: required)."
)
@click.option("--on", metavar="DATE", help="Who is in the class on that day (default: today).")
@click.option(
    "--xlsx",
    "path",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The workbook to write.",
)
@click.pass_obj
def marksheet(
    workplace: Workplace,
    class_: str,
    subject: str,
    semester: str,
    slots: tuple[str, ...],
    on: str | None,
    path: Path,
) -> int:
    """Write a mark sheet of a class: what is on record is locked, empty cells are to be filled in.

    `hocba import FILE` takes the filled-in cells, and those alone.
    """
    day = parse_day(on) if on else date.today()
    with workplace.open() as (_, ledger):
        sheet = gather(
            ledger,
            Views(ledger),
            class_=class_,
            subject=subject,
            semester=int(semester),
            slots=slots,
            on=day,
        )
    write_workbook(path, tables(sheet))
    held = sum(len(line.held) for line in sheet.lines)
    answer = {
        "file": path.name,
        "class_code": sheet.class_code,
        "subject": sheet.subject.key,
        "semester": sheet.semester,
        "slots": list(sheet.slots),
        "on": day.isoformat(),
        "position": sheet.position,
        "pupils": len(sheet.lines),
        "held": held,
    }
    if workplace.format == "json":
        print_json(answer)
    else:
        print_table(None, list(answer), [[_shown(value) for value in answer.values()]])
    return 0


def _shown(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list) else value
