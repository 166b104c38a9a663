"""`hocba recover`: a ledger whose database was restored from a backup asks what others know."""

from pathlib import Path
from typing import Any

import click

from ledger.desk import Standing
from ledger.errors import Refused
from ledger.event import Who
from services.cases import short_name
from services.commands.transfer import ledger_named
from services.offices import open_office, route_of
from services.output import messages, print_csv, print_json, print_table
from services.workplace import Workplace
from transfer import courier, recovery, recovery_state
from transfer.errors import CourierUnavailable
from transfer.office import Office
from transfer.recovery_state import Progress

DONE, WAITING = 0, 4
COLUMNS = ("what", "which", "detail")


@click.command()
@click.option("--without", metavar="LEDGER", help="Go on without this ledger, which is dead.")
@click.option(
    "--ruling",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The arbiter's certificate that it is.",
)
@click.option(
    "--adopt",
    is_flag=True,
    help="The newest checkpoint is lost, and the database was certainly not restored.",
)
@click.pass_obj
def recover(workplace: Workplace, without: str | None, ruling: Path | None, adopt: bool) -> int:
    """Bring a ledger back whose database was restored (Khôi phục sau sao lưu).

    Every other ledger is asked what it knows; lost entries are put back. Until all have answered
    nothing else is written; run it again to see who is awaited. Exit code 4 while it waits.
    """
    if (without is None) != (ruling is None):
        raise Refused("no_certificate", "--without LEDGER and --ruling FILE belong together")
    with open_office(workplace) as (_, office, servers):
        who = office.ledger.who(workplace.account)
        if adopt:
            recovery.adopt(office)
        if _standing(office).state != "open":
            recovery.begin(office, who=who)
            if without is not None and ruling is not None:
                dead = ledger_named(office, without)
                recovery.leave_out(office, dead, ruling.read_bytes(), who=who)
            try:
                courier.exchange(office, route_of(workplace, servers, office), who=who)
            except CourierUnavailable as error:
                messages.print(f"hocba: {error}", markup=False)
            recovery.advance(office, who=who)
        return _show(workplace, office, who)


def _standing(office: Office) -> Standing:
    fence = office.ledger.desk.fence
    assert fence is not None
    with office.ledger.database.connection() as connection:
        return fence.standing(connection)


def _show(workplace: Workplace, office: Office, who: Who) -> int:
    del who
    found = recovery_state.newest(office)
    answer = recovery_answer(office, found)
    if workplace.format == "json":
        print_json(answer)
    else:
        rows = _rows(answer)
        if workplace.format == "csv":
            print_csv(COLUMNS, rows)
        else:
            print_table(None, COLUMNS, rows)
    return DONE if found is None or found.ended else WAITING


def recovery_answer(office: Office, found: Progress | None) -> dict[str, Any]:
    """Where the newest recovery stands, with short names."""
    if found is None:
        return {"incarnation": 1, "ended": True, "waiting_for": [], "outstanding": []} | {
            "blocked": [],
            "listed": [],
            "without": [],
        }
    return {
        "incarnation": found.incarnation,
        "ended": found.ended,
        "waiting_for": [short_name(office.trust, ledger) for ledger in found.waiting_for],
        "outstanding": [str(case) for case in found.outstanding],
        "blocked": [{"code": code, "about": about} for code, about in found.blocked],
        "listed": [{"code": code, "about": about} for code, about in found.listed],
        "without": [
            {"ledger": short_name(office.trust, one.ledger), "number": one.ruling}
            for one in found.asked
            if one.ruling is not None
        ],
    }


def _rows(answer: dict[str, Any]) -> list[list[Any]]:
    state = "ended" if answer["ended"] else "under way"
    rows: list[list[Any]] = [["incarnation", answer["incarnation"], state]]
    rows += [["waiting for", name, ""] for name in answer["waiting_for"]]
    rows += [["dossier awaited", case, ""] for case in answer["outstanding"]]
    rows += [["to be settled", one["about"], one["code"]] for one in answer["blocked"]]
    rows += [["to be looked at", one["about"], one["code"]] for one in answer["listed"]]
    rows += [["left out", one["ledger"], one["number"]] for one in answer["without"]]
    return rows
