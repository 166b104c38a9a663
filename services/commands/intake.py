"""`hocba transfer intake`: a whole class list at once."""

from datetime import date
from pathlib import Path
from typing import Any

import click

from services.commands.transfer import courier_of, transfer
from services.intake import Intake
from services.output import messages, print_csv, print_json, print_table
from services.progress import showing
from services.reading import parse_day
from services.words import CASE_COLUMNS, STATES, WAITING, word
from services.workplace import Workplace

COLUMNS = ("line", "pupil_key", "from", "case", "state", "waiting_for", "failure")


@transfer.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--school", required=True, metavar="CODE", help="Our school.")
@click.option("--first-day", required=True, metavar="DATE", help="First day at our school.")
@click.option("--accept", "take", is_flag=True, help="Take in every record that has come.")
@click.pass_obj
def intake(workplace: Workplace, file: Path, school: str, first_day: str, take: bool) -> int:
    """Ask for all pupils of a new class list; given again, tell how far each one is.

    FILE has the columns pupil_key and from_ledger, and may have their_key and personal_id.
    """
    with courier_of(workplace) as (office, who, exchange):
        found = Intake(office, file, school=school, first_day=parse_day(first_day))
        with showing("intake") as progress:
            found.request_all(who=who, progress=progress)
        exchange()
        if take:
            with showing("accept") as progress:
                found.accept_all(today=date.today(), who=who, progress=progress)
            exchange()
        answer = found.answer()
    _show(workplace, answer)
    if not answer["rejected"]:
        return 0
    return 4 if any(line["case"] for line in answer["lines"]) else 3


def _show(workplace: Workplace, answer: dict[str, Any]) -> None:
    if workplace.format == "json":
        print_json(answer)
        return
    if workplace.format == "csv":
        print_csv(COLUMNS, [[line[name] for name in COLUMNS] for line in answer["lines"]])
        for problem in answer["rejected"]:
            messages.print(_problem(problem), markup=False)
        return
    lang = workplace.lang
    rows = [
        [
            line["line"],
            line["pupil_key"],
            line["from"],
            line["case"],
            word(STATES, line["state"], lang) if line["state"] else None,
            word(WAITING, line["waiting_for"], lang) if line["waiting_for"] else None,
            line["failure"],
        ]
        for line in answer["lines"]
    ]
    counted = [
        f"{word(STATES, state, lang)}: {count}"
        for state, count in answer["counts"].items()
        if count
    ]
    headings = [word(CASE_COLUMNS, column, lang) for column in COLUMNS]
    print_table(" · ".join(counted) or None, headings, rows)
    for problem in answer["rejected"]:
        print(_problem(problem))


def _problem(problem: dict[str, Any]) -> str:
    return f"{problem['file']}:{problem['line']}: {problem['reason']}: {problem['message']}"
