"""`hocba transfer rule` at the ministry, `hocba transfer ruling` at the two sides."""

from datetime import date
from pathlib import Path
from uuid import UUID

import click

from ledger.event import Who
from services.case_table import print_files
from services.commands.transfer import act_on, any_ledger, courier_of, transfer
from services.commands.transfer_files import FILE, write_file
from services.files import require_writable
from services.output import print_csv, print_json
from services.workplace import Workplace
from transfer import arbitration
from transfer.office import Office

COLUMNS = ("case", "from", "to", "custodian", "number", "file")


@transfer.command()
@click.argument("case", type=click.UUID)
@click.option("--from", "origin", required=True, metavar="LEDGER", help="Who released.")
@click.option("--to", "receiver", required=True, metavar="LEDGER", help="To whom.")
@click.option("--custodian", required=True, metavar="LEDGER", help="Who has custody from now on.")
@click.option("--number", required=True, metavar="TEXT", help="Number of the paper.")
@click.option("--ground", required=True, metavar="CODE", help="receiver_dead, receiver_denies …")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def rule(
    workplace: Workplace,
    case: UUID,
    origin: str,
    receiver: str,
    custodian: str,
    number: str,
    ground: str,
    out: Path,
) -> int:
    """The ministry rules who has custody where a side is dead or denies (Phán quyết)."""
    arbiter = workplace.ledgers.arbiter(workplace.ledgers.profile(workplace.ledger))
    require_writable(out)
    with courier_of(workplace) as (office, who, exchange):
        data = arbitration.rule(
            office,
            arbiter,
            case_id=case,
            origin=any_ledger(office, origin),
            receiver=any_ledger(office, receiver),
            custodian=any_ledger(office, custodian),
            number=number,
            ground=ground,
            today=date.today(),
            who=who,
        )
        write_file(out, data)
        exchange()
    answer = {
        "case": str(case),
        "from": origin,
        "to": receiver,
        "custodian": custodian,
        "number": number,
        "file": str(out),
    }
    if workplace.format == "json":
        print_json(answer)
    elif workplace.format == "csv":
        print_csv(COLUMNS, [list(answer.values())])
    else:
        print_files(COLUMNS, [list(answer.values())], workplace.lang)
    return 0


@transfer.command()
@click.argument("file", type=FILE)
@click.pass_obj
def ruling(workplace: Workplace, file: Path) -> int:
    """Obey a ruling of the ministry that was handed over as a file."""
    data = file.read_bytes()

    def act(office: Office, who: Who) -> UUID:
        return arbitration.take_ruling(office, data, today=date.today(), who=who)

    return act_on(workplace, act)
