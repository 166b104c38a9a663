"""`hocba stop`: stop the embedded servers of this home."""

import click

from services.embedded import stop_all
from services.output import messages
from services.workplace import Workplace


@click.command()
@click.option("--force", is_flag=True, help="Also while another command runs.")
@click.pass_obj
def stop(workplace: Workplace, force: bool) -> int:
    """Stop the embedded servers of this home at once."""
    stop_all(workplace.home, force=force)
    messages.print("The servers of this home are stopped.", markup=False)
    return 0
