"""`hocba transfer leave`: a pupil goes where no ledger is."""

from datetime import date
from uuid import UUID

import click

from ledger.event import Who
from services.commands.transfer import act_on, pupil_of, transfer
from services.reading import parse_day
from services.workplace import Workplace
from transfer import papers
from transfer.office import Office
from transfer.papers import Leave


@transfer.command()
@click.option("--pupil", required=True, metavar="KEY", help="Our pupil.")
@click.option("--to-place", required=True, metavar="TEXT", help="Where to; kept sealed.")
@click.option("--last-day", required=True, metavar="DATE", help="Last day here.")
@click.option("--abroad", is_flag=True, help="Out of the country.")
@click.pass_obj
def leave(workplace: Workplace, pupil: str, to_place: str, last_day: str, abroad: bool) -> int:
    """Let a pupil go to a school on paper or abroad; the record stays, and the pupil may return."""

    def act(office: Office, who: Who) -> UUID:
        command = Leave(
            pupil=pupil_of(office, pupil),
            place=to_place,
            last_day=parse_day(last_day),
            abroad=abroad,
        )
        return papers.leave(office, command, today=date.today(), who=who)

    return act_on(workplace, act)
