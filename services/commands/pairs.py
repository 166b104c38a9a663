"""`hocba transfer reconcile`: our books of transfers against those of other ledgers."""

from datetime import date
from typing import Any
from uuid import UUID

import click

from ledger.log import instant_text
from services.cases import short_name
from services.commands.transfer import ledger_named, transfer
from services.offices import open_office, route_of
from services.output import messages, print_csv, print_json, print_table
from services.reading import parse_day
from services.workplace import Workplace
from transfer import asking, courier
from transfer.errors import CourierUnavailable
from transfer.office import Office
from transfer.pair_report import STEPS, Counts, Direction, PairReport, pair_report
from transfer.reconciling import newest_statement, own_statement

EQUAL, DIFFERENT = 0, 4
COLUMNS = ("with", "direction", "books", *STEPS, "outstanding")
DIFFERENCES = ("with", "case", "kind", "ours", "theirs")


@transfer.command("reconcile")
@click.option("--with", "other", metavar="LEDGER", help="One ledger (default: every other one).")
@click.option("--on", metavar="DATE", help="What happened on this day (default: on any).")
@click.option("--ask", is_flag=True, help="Ask for their newest books first.")
@click.pass_obj
def reconcile(workplace: Workplace, other: str | None, on: str | None, ask: bool) -> int:
    """Compare our books of transfers with the other side's (Đối soát): exit code 4 where they
    differ.

    Counted are first times as each side recorded them. Their books are those of their newest
    answer, whose time is shown; with --ask they are asked for now, and come when their agent runs.
    """
    day = parse_day(on) if on else None
    with open_office(workplace) as (_, office, servers):
        ledgers = [ledger_named(office, other)] if other else asking.others(office)
        if ask:
            who = office.ledger.who(workplace.account)
            asking.ask_for_report(office, ledgers, who=who)
            try:
                courier.exchange(office, route_of(workplace, servers, office), who=who)
            except CourierUnavailable as error:
                messages.print(f"hocba: {error}", markup=False)
        answer = pairs_answer(office, ledgers, on=day)
    if workplace.format == "json":
        print_json(answer)
    else:
        _print(answer, csv=workplace.format == "csv")
    return DIFFERENT if any(pair["equal"] is False for pair in answer["pairs"]) else EQUAL


def pairs_answer(office: Office, ledgers: list[UUID], *, on: date | None) -> dict[str, Any]:
    """The report of every pair, with short names."""
    pairs = []
    with office.ledger.database.connection() as connection:
        for ledger in ledgers:
            told = newest_statement(connection, ledger)
            ours = own_statement(connection, ledger)
            report = pair_report(ours, told[1] if told else None, on=on)
            stated_at = instant_text(told[0]) if told else None
            pairs.append(_pair(short_name(office.trust, ledger), stated_at, report))
    return {
        "ledger": short_name(office.trust, office.ledger.id),
        "on": on.isoformat() if on else None,
        "pairs": pairs,
    }


def _pair(name: str, stated_at: str | None, report: PairReport) -> dict[str, Any]:
    return {
        "with": name,
        "stated_at": stated_at,
        "equal": report.equal,
        "ours": _books(report.ours),
        "theirs": _books(report.theirs) if report.theirs is not None else None,
        "differences": [
            {"case": str(one.case), "kind": one.kind, "ours": one.ours, "theirs": one.theirs}
            for one in report.differences
        ],
    }


def _books(books: dict[Direction, Counts]) -> dict[str, dict[str, int]]:
    return {
        way: dict(counts.steps.items()) | {"outstanding": counts.outstanding}
        for way, counts in books.items()
    }


def _print(answer: dict[str, Any], *, csv: bool) -> None:
    rows: list[list[Any]] = []
    differences: list[list[Any]] = []
    for pair in answer["pairs"]:
        for way in ("out", "in"):
            for books in ("ours", "theirs"):
                counts = pair[books][way] if pair[books] is not None else {}
                shown = [counts.get(name) for name in (*STEPS, "outstanding")]
                rows.append([pair["with"], way, books, *shown])
        for one in pair["differences"]:
            cells = [one["case"], one["kind"], one["ours"], one["theirs"]]
            differences.append([pair["with"], *cells])
    if csv:
        print_csv(COLUMNS, rows)
        if differences:
            print_csv(DIFFERENCES, differences)
        return
    print_table(answer["on"], COLUMNS, rows)
    if differences:
        print_table(None, DIFFERENCES, differences)
