"""`hocba rebuild`: projections made anew from the log, digests compared."""

from typing import Any

import click

from services.output import print_csv, print_json, print_table
from services.reading import open_views
from services.workplace import Workplace

NOT_EQUAL = 10
_COLUMNS = ("name", "size", "before", "after", "equal")


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.pass_obj
def rebuild(workplace: Workplace, names: tuple[str, ...]) -> int:
    """Make projections (default: all) anew from the log; exit 10 where a digest differs."""
    rows: list[dict[str, Any]] = []
    with open_views(workplace) as views:
        for name in names or views.engine.names:
            made = views.engine.rebuild(name)
            rows.append(
                {
                    "name": made.name,
                    "size": made.size,
                    "before": made.before,
                    "after": made.after,
                    "digest": made.after,
                    "equal": made.equal,
                }
            )
    cells = [[row[column] for column in _COLUMNS] for row in rows]
    if workplace.format == "json":
        print_json({"projections": rows})
    elif workplace.format == "csv":
        print_csv(_COLUMNS, cells)
    else:
        print_table(None, _COLUMNS, cells)
    return 0 if all(row["equal"] for row in rows) else NOT_EQUAL
