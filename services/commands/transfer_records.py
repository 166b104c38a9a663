"""`hocba transfer compare`, `checklist`, `report`: what the schools on both sides look at."""

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from services.arrival_book import write_arrival
from services.arrival_screen import print_arrival
from services.arrivals import arrival_report
from services.case_acts import case_of
from services.case_records import FIELDS
from services.case_records import compare as compare_records
from services.case_screen import print_checklist, print_comparison
from services.commands.transfer import courier_of, pupil_of, transfer
from services.leavings import leaving_checklist
from services.offices import open_office
from services.output import messages, print_csv, print_json
from services.reading import parse_day
from services.workplace import Workplace
from transfer.errors import CaseRefused
from transfer.office import Office

COMPARED = ("field", "theirs", "ours", "differs")
OPEN = ("subject", "semester", "slots", "staff")
MISSING = ("what", "school_year", "semester", "subject", "slot")
ACTS = ("who", "act", "by", "overdue")


@transfer.command()
@click.argument("case", type=click.UUID)
@click.option("--pupil", metavar="KEY", help="Our own record to lay beside the other one.")
@click.pass_obj
def compare(workplace: Workplace, case: UUID, pupil: str | None) -> int:
    """Lay the two records of a transfer side by side (Đúng học sinh này?)."""
    with courier_of(workplace) as (office, _, _):
        whom = pupil_of(office, pupil) if pupil else None
        answer = compare_records(office, case, whom)
    if workplace.format == "json":
        print_json(answer)
    elif workplace.format == "csv":
        print_csv(COMPARED, _compared(answer))
    else:
        print_comparison(answer, workplace.lang)
    return 0


@transfer.command()
@click.option("--pupil", metavar="KEY", help="Our pupil.")
@click.option("--case", type=click.UUID, help="The transfer of the pupil.")
@click.option("--on", metavar="DATE", help="The day (default: today).")
@click.pass_obj
def checklist(workplace: Workplace, pupil: str | None, case: UUID | None, on: str | None) -> int:
    """List what is open on a record before it is handed over; it blocks nothing."""
    if (pupil is None) == (case is None):
        raise click.UsageError("give either --pupil KEY or --case CASE")
    with open_office(workplace) as (_, office, _):
        whom = pupil_of(office, pupil) if pupil else _pupil_of_case(office, case)
        answer = leaving_checklist(office, whom, on=parse_day(on) if on else date.today())
    if workplace.format == "json":
        print_json(answer)
    elif workplace.format == "csv":
        rows = [
            [",".join(c) if isinstance(c, list) else c for c in _cells(one, OPEN)]
            for one in answer["marks"]
        ]
        print_csv(OPEN, rows)
    else:
        print_checklist(answer, workplace.lang)
    return 0


def _compared(answer: dict[str, Any]) -> list[list[Any]]:
    theirs, ours = answer["theirs"] or {}, answer["ours"] or {}
    return [
        [name, _one(theirs.get(name)), _one(ours.get(name)), name in answer["differs"]]
        for name in FIELDS
    ]


def _one(value: Any) -> Any:
    """Numbers as `kind:value`, the way commands take them."""
    return " ".join(":".join(pair) for pair in value) if isinstance(value, list) else value


def _cells(line: dict[str, Any], names: tuple[str, ...]) -> list[Any]:
    return [line[name] for name in names]


def _pupil_of_case(office: Office, case: UUID | None) -> UUID:
    assert case is not None
    pupil = case_of(office, case).pupil
    if pupil is None:
        raise CaseRefused("nobody has said yet which pupil of ours it is; give --pupil KEY")
    return pupil


@transfer.command()
@click.argument("case", type=click.UUID)
@click.option("--on", metavar="DATE", help="The day (default: today).")
@click.option("--xlsx", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@click.pass_obj
def report(workplace: Workplace, case: UUID, on: str | None, xlsx: Path | None) -> int:
    """Tell the receiving school what came, what differs, what is missing and who acts by when."""
    with courier_of(workplace) as (office, _, _):
        answer = arrival_report(office, case, on=parse_day(on) if on else date.today())
    show_report(workplace, answer)
    if xlsx is not None:
        write_arrival(answer, xlsx, workplace.lang)
        messages.print(f"hocba: {xlsx}", markup=False)
    return 0


def show_report(workplace: Workplace, answer: dict[str, Any]) -> None:
    """Prints an import report as JSON or as tables; as CSV what is missing, a line for each way to
    mend it."""
    if workplace.format == "json":
        print_json(answer)
    elif workplace.format == "csv":
        rows = [
            [*_cells(gap, MISSING), *_cells(act, ACTS)]
            for gap in answer["missing"]
            for act in gap["acts"]
        ]
        print_csv(MISSING + ACTS, rows)
    else:
        print_arrival(answer, workplace.lang)
