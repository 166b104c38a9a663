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
from services.case_records import compare as compare_records
from services.case_screen import print_checklist, print_comparison
from services.commands.transfer import pupil_of, transfer
from services.leavings import leaving_checklist
from services.offices import open_office
from services.output import messages, print_json
from services.reading import parse_day
from services.workplace import Workplace
from transfer.errors import CaseRefused
from transfer.office import Office


@transfer.command()
@click.argument("case", type=click.UUID)
@click.option("--pupil", metavar="KEY", help="Our own record to lay beside the other one.")
@click.pass_obj
def compare(workplace: Workplace, case: UUID, pupil: str | None) -> int:
    """Lay the two records of a transfer side by side (Đúng học sinh này?)."""
    with open_office(workplace) as (_, office, _):
        whom = pupil_of(office, pupil) if pupil else None
        answer = compare_records(office, case, whom)
    if workplace.format == "json":
        print_json(answer)
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
    else:
        print_checklist(answer, workplace.lang)
    return 0


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
    with open_office(workplace) as (_, office, _):
        answer = arrival_report(office, case, on=parse_day(on) if on else date.today())
    show_report(workplace, answer)
    if xlsx is not None:
        write_arrival(answer, xlsx, workplace.lang)
        messages.print(f"hocba: {xlsx}", markup=False)
    return 0


def show_report(workplace: Workplace, answer: dict[str, Any]) -> None:
    """Prints an import report as JSON or as tables."""
    if workplace.format == "json":
        print_json(answer)
    else:
        print_arrival(answer, workplace.lang)
