"""`hocba init`: a new ledger."""

from datetime import date

import click

from ledger.log import head
from services.output import messages, print_json
from services.workplace import Workplace


@click.command()
@click.option("--province", required=True, metavar="CODE", help="Province code of the day.")
@click.option("--name", metavar="NAME", help="Short name (default: the province code).")
@click.option(
    "--nats-account",
    metavar="NAME",
    help="The ledger's account on the NATS servers (default: its credentials', else its id).",
)
@click.pass_obj
def init(workplace: Workplace, province: str, name: str | None, nats_account: str | None) -> int:
    """Make a ledger: schema, keys, test CA, seal and trust bundle."""
    with workplace.servers() as servers:
        profile = workplace.ledgers.create(
            servers,
            province=province,
            name=name,
            database=workplace.database,
            operator=workplace.account,
            nats_account=nats_account or workplace.nats_access.account(),
            today=date.today(),
        )
        with (
            workplace.ledgers.open(servers, profile.name, database=workplace.database) as (_, made),
            made.database.connection() as connection,
        ):
            position = head(connection).size - 1
    answer = {
        "ledger": profile.name,
        "id": str(profile.id),
        "province": {"code": profile.province_code, "name": profile.province_name},
        "position": position,
    }
    if workplace.format == "json":
        print_json(answer)
    else:
        messages.print(
            f"Ledger {profile.name} ({profile.province_name}) is ready. "
            f"Next: hocba import FOLDER --ledger {profile.name}",
            markup=False,
        )
    return 0
