"""`hocba export csdl`: what changed since a position, for the ministry's database."""

from datetime import date
from pathlib import Path

import click

from projections.moment import resolve
from services.commands.importing import progress
from services.csdl.changes import changes_since, tables
from services.output import print_json, print_table
from services.reading import parse_day, parse_when
from services.sheets.writing import write_workbook
from services.workplace import Workplace


@click.group()
def export() -> None:
    """Write files for other systems."""


@export.command()
@click.option(
    "--since", required=True, metavar="WHEN", help="@POSITION or an instant: changes after it."
)
@click.option("--on", metavar="DATE", help="The day that states are derived for (default: today).")
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="The folder to write into.",
)
@click.pass_obj
def csdl(workplace: Workplace, since: str, on: str | None, out: Path) -> int:
    """Write what changed as a workbook in the columns of the ministry's list of pupils.

    Pupils that are new, changed or have left, one row each, with the official state and its day;
    results that changed; a cover with positions. The next time, give --since the position that
    the cover names.
    """
    day, when = parse_day(on) if on else date.today(), parse_when(since)
    with (
        workplace.open() as (profile, ledger),
        ledger.database.connection() as connection,
        progress() as report,
    ):
        start, moment = resolve(connection, when), resolve(connection, None)
        found = changes_since(ledger, connection, since=start, moment=moment, on=day, report=report)
        name = profile.name
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"csdl-{name}-{start.position + 1}-{moment.position}.xlsx"
    write_workbook(path, tables(found, ledger_name=name))
    answer = {
        "file": path.name,
        "since": start.position,
        "on": day.isoformat(),
        "known_at": moment.known_at,
        "new": found.count("new"),
        "changed": found.count("changed"),
        "left": found.count("left"),
        "results": len(found.results),
    }
    if workplace.format == "json":
        print_json(answer)
    else:
        shown = {**answer, "known_at": f"@{moment.position}"}
        print_table(None, list(shown), [list(shown.values())])
    return 0
