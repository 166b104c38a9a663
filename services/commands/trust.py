"""`hocba trust`: what this home's trust bundle says."""

import click

from services.output import messages, print_json
from services.workplace import Workplace


@click.group()
def trust() -> None:
    """This home's trust bundle."""


@trust.command()
@click.argument("ledger")
@click.pass_obj
def ministry(workplace: Workplace, ledger: str) -> int:
    """Name the ministry: LEDGER of a bundle given by --trust keeps the register and rules."""
    named = workplace.ledgers.name_ministry(ledger)
    if workplace.format == "json":
        print_json({"ministry": named.name, "id": str(named.id)})
    else:
        messages.print(f"{named.name} is the ministry of this home's ledgers.", markup=False)
    return 0
