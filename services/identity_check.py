"""The person's look before a record is given or taken: "Đúng học sinh này?"."""

import sys
from datetime import date
from uuid import UUID

import click

from services import case_records
from services.case_screen import print_checklist, print_comparison, question
from services.leavings import leaving_checklist
from services.workplace import Workplace
from transfer.office import Office


def confirm_identity(workplace: Workplace, office: Office, case: UUID, pupil: UUID) -> None:
    """Shows the two records to a person at a terminal, with what is open before a release, and
    asks; without a terminal, giving the command is the confirmation. Raises click.Abort on no."""
    if not _at_a_terminal(workplace):
        return
    answer = case_records.compare(office, case, pupil)
    print_comparison({**answer, "candidates": []}, workplace.lang)
    if answer["side"] == "origin":
        print_checklist(leaving_checklist(office, pupil, on=date.today()), workplace.lang)
    click.confirm(question(answer, workplace.lang), abort=True, err=True)


def _at_a_terminal(workplace: Workplace) -> bool:
    """Whether a person reads tables there; a program that asks for JSON is asked nothing."""
    return workplace.format == "table" and sys.stdin.isatty()
