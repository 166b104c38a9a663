"""Where transfers stand: one case, all of them, those that wait for somebody here."""

from typing import Any
from uuid import UUID

import click

from services.case_records import pupil_keys, suggestions
from services.case_screen import print_candidates
from services.case_table import print_cases
from services.cases import OURS, case_answer, case_answers
from services.commands.transfer import COLUMNS, courier_of, show_case, transfer
from services.output import print_csv, print_json
from services.workplace import Workplace
from transfer.office import Office


@transfer.command()
@click.argument("case", type=click.UUID)
@click.pass_obj
def status(workplace: Workplace, case: UUID) -> int:
    """How far a transfer is, and who must act next."""
    with courier_of(workplace) as (office, _, _):
        return show_case(workplace, office, case_answer(office, case))


@transfer.command("list")
@click.pass_obj
def list_(workplace: Workplace) -> int:
    """Every transfer of this ledger."""
    with courier_of(workplace) as (office, _, _):
        return _list(workplace, office, case_answers(office))


@transfer.command("inbox")
@click.pass_obj
def inbox_(workplace: Workplace) -> int:
    """The transfers that wait for somebody here, with who may be meant."""
    with courier_of(workplace) as (office, _, _):
        answers = [a for a in case_answers(office) if a["waiting_for"] in OURS[a["side"]]]
        found = suggestions(office)
        for answer in answers:
            if answer["case"] in found:
                answer["candidates"] = found[answer["case"]]
        code = _list(workplace, office, answers)
        if workplace.format == "table":
            for case, candidates in found.items():
                if candidates:
                    print(case)
                    print_candidates(candidates, workplace.lang)
        return code


def _list(workplace: Workplace, office: Office, answers: list[dict[str, Any]]) -> int:
    if workplace.format == "json":
        print_json({"cases": answers})
    elif workplace.format == "csv":
        print_csv(COLUMNS, [[answer[column] for column in COLUMNS] for answer in answers])
    else:
        print_cases(answers, pupil_keys(office, answers), COLUMNS, workplace.lang)
    return 0
