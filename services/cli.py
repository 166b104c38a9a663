"""The command line `hocba`: global options, the list of commands, exit codes.

Exit codes: 0 done; 2 wrong usage; 3 input refused; 4 partly accepted; 5 not found; 6 not allowed;
7 conflict; 10 verification failed; 11 a needed server cannot be reached; 1 anything else.
"""

import importlib
import os
import sys
from pathlib import Path
from typing import Any

import click
import psycopg
from psycopg.conninfo import conninfo_to_dict

from ledger.database import Unreachable
from ledger.errors import (
    Conflict,
    DamagedEntry,
    LedgerError,
    LogAltered,
    NotAllowed,
    NotFound,
    Refused,
)
from projections.errors import ProjectionError
from services import memory, refusals
from services.embedded import Home, default_home
from services.errors import ServiceError
from services.nats.access import NatsAccess
from services.output import messages
from services.workplace import Workplace
from signing.errors import SigningError
from transfer.errors import TransferError

COMMANDS = {
    "audit": "audit:audit",
    "bench": "bench:bench",
    "board": "board:board",
    "checkpoint": "proofs:checkpoint",
    "compare": "compare:compare",
    "demo": "demo:demo",
    "exchange": "exchange:exchange",
    "export": "export:export",
    "health": "health:health",
    "identity": "identity:identity",
    "import": "importing:import_",
    "init": "init:init",
    "marksheet": "marksheet:marksheet",
    "nats": "nats:nats_",
    "prove": "proofs:prove",
    "register": "register:register",
    "rebuild": "rebuild:rebuild",
    "reconcile": "reconcile:reconcile_",
    "recover": "recover:recover",
    "report": "report:report",
    "retract": "retract:retract",
    "roster": "roster:roster",
    "serve": "serve:serve",
    "status": "status:status",
    "stop": "stop:stop",
    "submit": "submit:submit",
    "transcript": "transcript:transcript",
    "transfer": "transfers:transfer",
    "transfer-agent": "transfer_agent:agent",
    "trust": "trust:trust",
    "turn": "turn:turn",
    "units": "units:units",
    "verify": "proofs:verify",
}
"""Command to module and function under `services.commands`, loaded only when it is run."""

FILE = click.Path(dir_okay=False, path_type=Path)
USAGE_CODES = frozenset({"future_instant", "bad_when", "bad_key", "bad_school_year"})


class Commands(click.Group):
    """The group that loads a command's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in alphabetical order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        target = COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, _, function = target.partition(":")
        loaded: click.Command = getattr(
            importlib.import_module(f"services.commands.{module}"), function
        )
        return loaded


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hocba")
@click.option("--account", default="operator", metavar="NAME", help="Who acts.")
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="HOCBA_HOME",
    help="Folder of the embedded servers and keys.",
)
@click.option("--database", envvar="DATABASE_URL", metavar="URL", help="One ledger's database.")
@click.option("--nats", envvar="NATS_URL", metavar="URL", help="A NATS server.")
@click.option(
    "--nats-creds", envvar="HOCBA_NATS_CREDS", type=FILE, help="This ledger's NATS credentials."
)
@click.option("--nats-ca", envvar="HOCBA_NATS_CA", type=FILE, help="Who signs the NATS server.")
@click.option("--nats-cert", envvar="HOCBA_NATS_CERT", type=FILE, help="Our certificate there.")
@click.option("--nats-key", envvar="HOCBA_NATS_KEY", type=FILE, help="The certificate's key.")
@click.option(
    "--nats-monitor",
    envvar="HOCBA_NATS_MONITOR",
    metavar="URL",
    help="The NATS server's monitoring pages, where its settings are looked at.",
)
@click.option(
    "--nats-unsafe",
    envvar="HOCBA_NATS_UNSAFE",
    is_flag=True,
    help="Work with a NATS server whose settings could lose or leak mail.",
)
@click.option("--ledger", envvar="HOCBA_LEDGER", metavar="NAME", help="The ledger's short name.")
@click.option(
    "--trust",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="A further folder of trust bundles.",
)
@click.option("--format", "format_", type=click.Choice(["table", "json", "csv"]), default="table")
@click.option("--lang", type=click.Choice(["vi", "en"]), default="vi")
@click.pass_context
def cli(
    ctx: click.Context,
    account: str,
    home: Path | None,
    database: str | None,
    nats: str | None,
    nats_creds: Path | None,
    nats_ca: Path | None,
    nats_cert: Path | None,
    nats_key: Path | None,
    nats_monitor: str | None,
    nats_unsafe: bool,
    ledger: str | None,
    trust: tuple[Path, ...],
    format_: str,
    lang: str,
) -> None:
    """Hocba: student records that are never overwritten."""
    refusals.language.set(lang)
    if database is not None:
        try:
            conninfo_to_dict(database)
        except psycopg.ProgrammingError:  # its text may hold a password
            raise click.BadParameter("no URL of a database", param_hint="--database") from None
    ctx.obj = Workplace(
        home=Home(home) if home else default_home(),
        account=account,
        database=database,
        nats=nats,
        ledger=ledger,
        format=format_,
        lang=lang,
        trust=trust,
        nats_access=NatsAccess(
            nats_creds, nats_ca, nats_cert, nats_key, monitor=nats_monitor, unsafe=nats_unsafe
        ),
    )


def exit_code(error: Exception) -> int:
    """The exit code for an error that a user can cause."""
    if isinstance(error, ServiceError):
        return error.exit_code
    if isinstance(error, Unreachable):
        return 11
    if isinstance(error, NotFound):
        return 5
    if isinstance(error, NotAllowed):
        return 6
    if isinstance(error, Conflict):
        return 7
    if isinstance(error, (DamagedEntry, LogAltered)):
        return 10
    if isinstance(error, Refused):
        return 2 if error.code in USAGE_CODES else 3
    if isinstance(error, TransferError):
        return error.exit_code
    if isinstance(error, SigningError):
        return 10
    return 1


def main(arguments: list[str] | None = None) -> None:
    """Runs one command; never a traceback for what a user can cause."""
    memory.look_seldom()
    arguments = hoist_globals(sys.argv[1:] if arguments is None else arguments)
    try:
        code: Any = cli.main(args=arguments, prog_name="hocba", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        messages.print("hocba: stopped; what was recorded stays recorded")
        sys.exit(130)
    except (LedgerError, ProjectionError, ServiceError, SigningError, TransferError) as error:
        if os.environ.get("HOCBA_DEBUG"):
            raise
        _explain(error)
        sys.exit(exit_code(error))
    except psycopg.OperationalError as error:
        if os.environ.get("HOCBA_DEBUG"):
            raise
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "no reason given"
        messages.print(
            f"hocba: the database went away ({reason}); what was recorded stays, "
            "run the command again",
            markup=False,
        )
        sys.exit(11)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        if os.environ.get("HOCBA_DEBUG"):
            raise
        where = f" ({error.filename})" if error.filename else ""
        messages.print(f"hocba: {error.strerror or error}{where}", markup=False)
        sys.exit(1)


def _explain(error: Exception) -> None:
    if refusals.language.get() == "vi" and (said := refusals.in_vietnamese(error)):
        messages.print(f"hocba: {said}", style="bold", markup=False)
        messages.print(f"  ({error})", markup=False)
    else:
        messages.print(f"hocba: {error}", style="bold", markup=False)
    suggestion = getattr(error, "suggestion", None)
    if suggestion:
        messages.print(f"  {suggestion}", markup=False)


_VALUED = (
    "--account",
    "--home",
    "--database",
    "--nats",
    "--nats-creds",
    "--nats-ca",
    "--nats-cert",
    "--nats-key",
    "--nats-monitor",
    "--ledger",
    "--trust",
    "--format",
    "--lang",
)


def hoist_globals(arguments: list[str]) -> list[str]:
    """Global options may stand anywhere on the line: they are moved before the command."""
    hoisted: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            rest.extend([argument, *waiting])
        elif argument in _VALUED:
            value = next(waiting, None)
            hoisted.extend([argument] if value is None else [argument, value])
        elif argument == "--nats-unsafe" or argument.startswith(
            tuple(f"{option}=" for option in _VALUED)
        ):
            hoisted.append(argument)
        else:
            rest.append(argument)
    return [*hoisted, *rest]


if __name__ == "__main__":
    main()
