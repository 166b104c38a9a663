"""`hocba transfer apply`, `agree`, `refuse`: a family's application and the head's decision."""

from datetime import date
from typing import Literal, get_args
from uuid import UUID

import click

from ledger.event import Who
from ledger.events.case import Applicant
from services.commands.transfer import act_on, ledger_named, pupil_of, transfer
from services.reading import parse_day
from services.workplace import Workplace
from transfer import application
from transfer.application import Apply
from transfer.office import Office


@transfer.command()
@click.option("--pupil", required=True, metavar="KEY", help="Our own record of the child.")
@click.option("--from", "origin", metavar="LEDGER", help="Who has the history; without it paper.")
@click.option("--school", required=True, metavar="CODE", help="The school applied to.")
@click.option("--first-day", required=True, metavar="DATE", help="First day at that school.")
@click.option("--applicant", type=click.Choice(get_args(Applicant)), default="parent")
@click.option("--name", required=True, metavar="TEXT", help="Who applies; kept sealed.")
@click.option("--ground", default="moved_house", metavar="CODE", help="Why, as a code.")
@click.option("--document", "documents", multiple=True, metavar="TEXT", help="A paper handed in.")
@click.option("--words", metavar="TEXT", help="Why, in words; kept sealed.")
@click.option("--on", metavar="DATE", help="Day of the application (default: today).")
@click.pass_obj
def apply(
    workplace: Workplace,
    pupil: str,
    origin: str | None,
    school: str,
    first_day: str,
    applicant: Applicant,
    name: str,
    ground: str,
    documents: tuple[str, ...],
    words: str | None,
    on: str | None,
) -> int:
    """Record a family's application (Đơn xin chuyển trường); the head's term begins."""
    applied_on = parse_day(on) if on else date.today()
    if applied_on > date.today():
        raise click.BadParameter(
            "the day of an application is not in the future", param_hint="--on"
        )

    def act(office: Office, who: Who) -> UUID:
        command = Apply(
            pupil=pupil_of(office, pupil),
            from_ledger=ledger_named(office, origin, inside=True) if origin else None,
            school_code=school,
            first_day=parse_day(first_day),
            applied_on=applied_on,
            applicant=applicant,
            ground=ground,
            applicant_name=name,
            documents=documents,
            text=words,
        )
        return application.apply(office, command, who=who)

    return act_on(workplace, act)


@transfer.command()
@click.argument("case", type=click.UUID)
@click.option("--number", required=True, metavar="TEXT", help="Number of the written decision.")
@click.pass_obj
def agree(workplace: Workplace, case: UUID, number: str) -> int:
    """The head agrees to take the pupil in (Đồng ý tiếp nhận)."""
    return _decide(workplace, case, "agreed", number, None, None)


@transfer.command()
@click.argument("case", type=click.UUID)
@click.option("--number", required=True, metavar="TEXT", help="Number of the written decision.")
@click.option("--reason", required=True, metavar="CODE")
@click.option("--words", metavar="TEXT", help="The reason in words; kept sealed.")
@click.pass_obj
def refuse(workplace: Workplace, case: UUID, number: str, reason: str, words: str | None) -> int:
    """The head refuses (Từ chối tiếp nhận); textbooks are no ground."""
    return _decide(workplace, case, "refused", number, reason, words)


def _decide(
    workplace: Workplace,
    case: UUID,
    decision: Literal["agreed", "refused"],
    number: str,
    reason: str | None,
    words: str | None,
) -> int:
    def act(office: Office, who: Who) -> UUID:
        application.decide_application(
            office,
            case,
            decision=decision,
            number=number,
            reason=reason,
            words=words,
            on=date.today(),
            who=who,
        )
        return case

    return act_on(workplace, act)
