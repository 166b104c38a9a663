"""`hocba init`: a new ledger."""

from datetime import date

import click

from ledger.log import head
from services.output import messages, print_json
from services.workplace import Workplace


@click.command()
@click.option("--province", metavar="CODE", help="Province code of the day.")
@click.option(
    "--role",
    type=click.Choice(["province", "ministry"]),
    default="province",
    help="The ministry keeps the custody register and rules; it has no province.",
)
@click.option("--name", metavar="NAME", help="Short name (default: the province code).")
@click.option(
    "--nats-account",
    metavar="NAME",
    help="The ledger's account on the NATS servers (default: its credentials', else its id).",
)
@click.pass_obj
def init(
    workplace: Workplace,
    province: str | None,
    role: str,
    name: str | None,
    nats_account: str | None,
) -> int:
    """Make a ledger: schema, keys, test CA, seal and trust bundle."""
    if (role == "ministry") == (province is not None):
        raise click.UsageError("a province is named by --province, and the ministry has none")
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
        "role": role,
        "id": str(profile.id),
        "province": {"code": profile.province_code, "name": profile.province_name},
        "position": position,
    }
    if workplace.format == "json":
        print_json(answer)
    else:
        following = "register list" if role == "ministry" else "import FOLDER"
        messages.print(
            f"Ledger {profile.name} ({profile.province_name}) is ready. "
            f"Next: hocba {following} --ledger {profile.name}",
            markup=False,
        )
    return 0
