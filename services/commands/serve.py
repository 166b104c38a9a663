"""`hocba serve`: what has to run all the time, in one process."""

from pathlib import Path

import click

from services.agents import metrics_options, run_agents
from services.workplace import Workplace


@click.command()
@metrics_options
@click.pass_obj
def serve(workplace: Workplace, metrics_file: Path | None, metrics: tuple[str, int] | None) -> int:
    """Run the transfer agents of every ledger of this home.

    The HTTP API and the web console are not part of it yet. It ends at SIGINT or SIGTERM, once the
    messages in hand are finished; a second signal ends it at once.
    """
    names: list[str | None] = [*workplace.ledgers.names()]
    return run_agents(workplace, names, metrics_file=metrics_file, listen=metrics)
