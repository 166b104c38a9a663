"""`hocba transfer-agent`: the mail of ledgers, carried until it is stopped."""

from pathlib import Path

import click

from services.agents import metrics_options, run_agents
from services.offices import open_office, route_of
from services.output import print_json
from services.workplace import Workplace
from transfer import courier


@click.command("transfer-agent")
@click.option("--once", is_flag=True, help="One round, then end.")
@click.option("--all", "everyone", is_flag=True, help="Every ledger of this home.")
@metrics_options
@click.pass_obj
def agent(
    workplace: Workplace,
    once: bool,
    everyone: bool,
    metrics_file: Path | None,
    metrics: tuple[str, int] | None,
) -> int:
    """Carry messages until it is stopped (SIGINT or SIGTERM; a second one ends it at once).

    The message in hand is finished first.
    """
    names: list[str | None] = [*workplace.ledgers.names()] if everyone else [workplace.ledger]
    if not once:
        return run_agents(workplace, names, metrics_file=metrics_file, listen=metrics)
    told = []
    for name in names:
        with open_office(workplace, name) as (profile, office, servers):
            who = office.ledger.who(workplace.account)
            taken = courier.exchange(office, route_of(workplace, servers, office), who=who)
            told += [{"ledger": profile.name, "kind": t.kind, "outcome": t.outcome} for t in taken]
    print_json(told)
    return 0
