"""`hocba nats`: a NATS server for ledgers that do not share a home; provisioned, checked."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from ledger.errors import NotFound, Refused
from services.embedded.home import replace_file
from services.embedded.nats_streams import MAX_BYTES
from services.errors import ServiceError, UnsafeServer
from services.nats import streams
from services.nats.folder import Folder, Party
from services.nats.safety import Difference
from services.nats.server import Terms
from services.nats.tokens import Role, is_public
from services.offices import given_route
from services.output import messages, print_csv, print_json, print_table
from services.workplace import Workplace
from signing.errors import TrustError

SOON = timedelta(days=30)
COLUMNS = ("ledger", "account", "credentials_until", "certificate_until", "folder")
DIFFERENCES = ("where", "setting", "found", "wanted")
OUT = click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The operator's folder; its keys are made once and kept.",
)


@click.group("nats")
def nats_() -> None:
    """A NATS server that ledgers share without trusting each other."""


@nats_.command()
@OUT
@click.option(
    "--ledgers",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="One ledger a line, NAME or NAME,ACCOUNT (default: those of the trust bundle).",
)
@click.option("--host", "hosts", multiple=True, metavar="NAME", help="A name of the server.")
@click.option("--listen", metavar="HOST:PORT", help="Where clients come (127.0.0.1:4222).")
@click.option("--monitor", metavar="HOST:PORT", help="Monitoring pages (127.0.0.1:8222).")
@click.option("--server-folder", metavar="PATH", help="Where OUT/server lies on the server.")
@click.option("--store", metavar="PATH", help="The server's folder for mail and accounts.")
@click.option("--days", type=click.IntRange(1, 825), help="How long papers hold (365).")
@click.option("--renew", multiple=True, metavar="LEDGER", help="New papers for a ledger.")
@click.option("--apply", "applies", is_flag=True, help="Bring it about on the running server.")
@click.option("--url", metavar="URL", help="The running server, for --apply.")
@click.option("--replicas", type=click.IntRange(1, 5), default=1, help="Copies in a cluster.")
@click.option(
    "--max-bytes", type=click.IntRange(1024**2), default=MAX_BYTES, help="Size of a stream."
)
@click.pass_obj
def provision(
    workplace: Workplace,
    out: Path,
    file: Path | None,
    renew: tuple[str, ...],
    applies: bool,
    url: str | None,
    replicas: int,
    max_bytes: int,
    hosts: tuple[str, ...],
    listen: str | None,
    monitor: str | None,
    server_folder: str | None,
    store: str | None,
    days: int | None,
) -> int:
    """Write keys, accounts, papers and configuration for a server; with --apply its streams too."""
    url = url or workplace.nats
    if applies and url is None:
        raise click.UsageError("--apply needs the running server: name it with --url")
    folder = Folder(out)
    parties = _listed(file) if file is not None else _trusted(workplace)
    terms = {
        "hosts": hosts,
        "listen": listen,
        "monitor": monitor,
        "server_folder": server_folder,
        "store": store,
        "days": days,
    }
    folder.make(parties, _terms(out, terms), renew=renew)
    applied = None
    if applies:
        assert url is not None
        applied = streams.apply(folder, url, replicas=replicas, max_bytes=max_bytes)
    return _answer(workplace, folder, applied)


@nats_.command()
@OUT
@click.argument("ledger")
@click.option("--url", metavar="URL", help="The running server, which is told at once.")
@click.pass_obj
def revoke(workplace: Workplace, out: Path, ledger: str, url: str | None) -> int:
    """Make a ledger's credentials and certificate void (lost, stolen, or it left)."""
    folder = Folder(out)
    folder.account(ledger)  # refuses a ledger or folder that is not there, before one is made
    folder.revoke(ledger, _terms(out, {}))
    url = url or workplace.nats
    if url is not None:
        streams.hand_over(folder, url)
    told = "The server was told" if url is not None else "Tell the server (provision --apply)"
    messages.print(
        f"The papers of {ledger} are void. {told}; give it the new nats.conf and let it read it "
        "again (SIGHUP), which refuses the certificate too. New papers: hocba nats provision "
        f"--out {out} --renew {ledger}",
        markup=False,
    )
    return 0


@nats_.command()
@click.pass_obj
def adopt(workplace: Workplace) -> int:
    """Write the account of --nats-creds into this home's trust bundle as the ledger's."""
    account = workplace.nats_access.account()
    if account is None:
        raise click.UsageError("name the ledger's credentials with --nats-creds")
    profile = workplace.ledgers.profile(workplace.ledger)
    changed = workplace.ledgers.adopt_accounts({profile.name: account})
    if workplace.format == "json":
        print_json({"ledger": profile.name, "account": account, "changed": bool(changed)})
    else:
        messages.print(
            f"Ledger {profile.name} has the account {account}. Give the others the new trust "
            "bundle: mail goes by the account that stands there.",
            markup=False,
        )
    return 0


@nats_.command()
@click.pass_obj
def check(workplace: Workplace) -> int:
    """Compare the server given by --nats with what provisioning makes, as this ledger sees it."""
    if workplace.nats is None:
        raise click.UsageError("name the server with --nats or NATS_URL")
    profile = workplace.ledgers.profile(workplace.ledger)
    account = workplace.ledgers.trust.by_id(profile.id).nats_account
    route, differences = given_route(workplace, workplace.nats, account)
    answer = {
        "account": account,
        "mailboxes": len(route.boxes),
        "differences": [asdict(difference) for difference in differences],
        "not_checked": [] if workplace.nats_access.monitor else ["sync_interval"],
    }
    if workplace.format == "json":
        print_json(answer)
    else:
        _print(workplace, DIFFERENCES, [list(asdict(one).values()) for one in differences])
        if not workplace.nats_access.monitor:
            messages.print(
                "sync_interval was not looked at: name the monitoring pages with --nats-monitor",
                markup=False,
            )
    return UnsafeServer.exit_code if differences else 0


def _trusted(workplace: Workplace) -> list[Party]:
    """The ledgers of the trust bundles; an account that is no key is left to be made."""
    try:
        bundles = workplace.ledgers.trust.bundles()
    except TrustError as error:
        raise NotFound(
            "no_trust", "no trust bundle is here; name a list of ledgers with --ledgers"
        ) from error
    accounts: dict[str, str] = {}
    for bundle in bundles:
        for ledger in bundle.ledgers:
            if accounts.setdefault(ledger.name, ledger.nats_account) != ledger.nats_account:
                raise ServiceError(
                    f"two trust bundles give ledger {ledger.name} different NATS accounts"
                )
    return [
        Party(name, account if is_public(account, Role.ACCOUNT) else None)
        for name, account in accounts.items()
    ]


def _listed(file: Path) -> list[Party]:
    """The ledgers of a list, one a line; `#` begins a comment."""
    parties = []
    for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        name, comma, account = (part.strip() for part in text.partition(","))
        if comma and not is_public(account, Role.ACCOUNT):
            raise Refused(
                "bad_account",
                f"{file.name} line {number}: {account!r} is no account key of NATS",
                field="account",
                suggestion="Leave it out and one is made, or write the 56 characters of the key.",
            )
        parties.append(Party(name, account if comma else None))
    if not parties:
        raise Refused(
            "empty_list",
            f"{file.name} names no ledger",
            field="--ledgers",
            suggestion="Write one ledger a line, or leave the option out for those of the bundle.",
        )
    if len({party.name for party in parties}) != len(parties):
        raise Refused("duplicate_ledger", f"{file.name} names a ledger twice", field="ledger")
    return parties


def _terms(out: Path, given: dict[str, Any]) -> Terms:
    """What was said, else what was said last time, else the defaults; remembered in OUT."""
    path = out / "terms.json"
    kept = json.loads(path.read_text("utf-8")) if path.exists() else {}
    folder = (out / "server").absolute()
    values: dict[str, Any] = {
        "hosts": ["localhost", "127.0.0.1"],
        "listen": "127.0.0.1:4222",
        "monitor": "127.0.0.1:8222",
        "server_folder": str(folder),
        "store": str(folder / "data"),
        "days": 365,
    }
    values |= kept | {name: value for name, value in given.items() if value not in (None, ())}
    values["hosts"] = list(values["hosts"])
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    if values != kept:
        replace_file(path, json.dumps(values, ensure_ascii=False, indent=1))
    return Terms(**{**values, "hosts": tuple(values["hosts"])})


def _answer(workplace: Workplace, folder: Folder, applied: streams.Applied | None) -> int:
    standings = folder.standings()
    rows = [
        {
            "ledger": one.name,
            "account": one.account,
            "credentials_until": one.token_until.isoformat() if one.token_until else None,
            "certificate_until": (
                one.certificate_until.isoformat() if one.certificate_until else None
            ),
            "folder": str(folder.ledger(one.name)),
        }
        for one in standings
    ]
    differences = list(applied.differences) if applied else []
    if workplace.format == "json":
        print_json(
            {
                "config": str(folder.config),
                "hub": folder.hub_account(),
                "ledgers": rows,
                "applied": None
                if applied is None
                else {
                    "accounts": applied.accounts,
                    "streams": applied.streams,
                    "consumers": applied.consumers,
                    "differences": [asdict(one) for one in differences],
                },
            }
        )
    else:
        _print(workplace, COLUMNS, [list(row.values()) for row in rows])
        _explain(folder, applied)
    soon = datetime.now(UTC) + SOON
    for one in standings:
        ends = [end for end in (one.token_until, one.certificate_until) if end is not None]
        if ends and min(ends) < soon:
            messages.print(f"Papers of {one.name} end soon: --renew {one.name}", markup=False)
    return _refused(differences)


def _print(workplace: Workplace, columns: tuple[str, ...], rows: list[list[Any]]) -> None:
    if workplace.format == "csv":
        print_csv(columns, rows)
    else:
        print_table(None, columns, rows)


def _explain(folder: Folder, applied: streams.Applied | None) -> None:
    lines = [
        f"{folder.path}/keys stays with the operator, offline; lost, every account has to be new.",
        f"{folder.path}/server goes to the server: nats-server -c {folder.config}",
        f"{folder.administrator} is for provisioning only.",
        "Each ledger is handed its folder and names the files in HOCBA_NATS_CREDS, HOCBA_NATS_CA, "
        "HOCBA_NATS_CERT and HOCBA_NATS_KEY; `hocba init`, or `hocba nats adopt` for a ledger that "
        "exists, takes its account from them into the trust bundle.",
    ]
    if applied is None:
        port = _terms(folder.path, {}).listen.rpartition(":")[2]
        url = f"tls://HOST:{port}"
        lines.append(f"Then: hocba nats provision --apply --url {url} (streams, durables)")
    else:
        lines.append(
            f"On the server: {applied.accounts} accounts, {applied.streams} streams, "
            f"{applied.consumers} consumers."
        )
    for line in lines:
        messages.print(line, markup=False)


def _refused(differences: list[Difference]) -> int:
    for difference in differences:
        messages.print(f"hocba: unsafe: {difference}", markup=False)
    return UnsafeServer.exit_code if differences else 0
