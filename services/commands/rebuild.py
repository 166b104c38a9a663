"""`hocba rebuild`: projections and current states made anew from the log, digests compared."""

from typing import Any

import click

from ledger.states import Remade
from ledger.states import rebuild as rebuild_states
from projections.engine import Rebuilt
from services.output import print_csv, print_json, print_table
from services.progress import showing
from services.reading import open_views
from services.workplace import Workplace

NOT_EQUAL = 10
STATES = "states"
_COLUMNS = ("name", "size", "before", "after", "equal")


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.pass_obj
def rebuild(workplace: Workplace, names: tuple[str, ...]) -> int:
    """Make projections (default: all) anew from the log; exit 10 where a digest differs.

    The name `states` stands for the current states that commands decide from.
    """
    rows: list[dict[str, Any]] = []
    if STATES in names:
        rows.append(_row(STATES, _states(workplace)))
    projections = tuple(name for name in names if name != STATES)
    if projections or not names:
        with open_views(workplace) as views:
            for name in projections or views.engine.names:
                rows.append(_row(name, views.engine.rebuild(name)))
    cells = [[row[column] for column in _COLUMNS] for row in rows]
    if workplace.format == "json":
        print_json({"projections": rows})
    elif workplace.format == "csv":
        print_csv(_COLUMNS, cells)
    else:
        print_table(None, _COLUMNS, cells)
    return NOT_EQUAL if any(row["equal"] is False for row in rows) else 0


def _states(workplace: Workplace) -> Remade:
    with (
        workplace.open(renew=False) as (_, ledger),
        ledger.database.connection() as connection,
        showing(STATES) as progress,
    ):
        return rebuild_states(connection, progress)


def _row(name: str, made: Rebuilt | Remade) -> dict[str, Any]:
    """`before` and `equal` are None for states of an older version: nothing to compare."""
    return {
        "name": name,
        "size": made.size,
        "before": made.before,
        "after": made.after,
        "digest": made.after,
        "equal": made.equal,
    }
