"""`hocba transfer verify` and `disclose`: a record checked by anybody, and shown to somebody."""

from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import click

from ledger.errors import NotFound, Refused
from services.commands.transfer import transfer
from services.files import cannot_write, require_writable, whole_file
from services.offices import open_office
from services.output import messages, print_csv, print_json
from services.verification import print_verification, verification_answer
from services.words import OUTCOMES, word
from services.workplace import Workplace
from signing.errors import SealError
from signing.sealing import KeyPair
from signing.truststore import ROOT_FILE, TrustStore
from transfer import verifier
from transfer.disclosing import disclose as disclose_record
from transfer.errors import CheckFailed

NOT_OURS = 3
_MOST = verifier.MAX_FRAME + 1


@transfer.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def verify(workplace: Workplace, file: Path, key: Path | None) -> int:
    """Check a record offline, sealed or disclosed: needs no database and no server."""
    trust = _trust(workplace)
    with file.open("rb") as opened:
        data = opened.read(_MOST)
    report = verifier.verify(data, trust=trust, key=_key(workplace, key))
    if workplace.format == "json":
        print_json(verification_answer(trust, report))
    elif workplace.format == "csv":
        print_csv(
            ("n", "name", "ok", "reason"), [[s.n, s.name, s.ok, s.reason] for s in report.steps]
        )
    else:
        print_verification(trust, report, workplace.lang)
    if report.ok:
        return 0
    return CheckFailed.exit_code if verifier.is_ours(data) else NOT_OURS


def _trust(workplace: Workplace) -> TrustStore:
    own = workplace.home.path / "trust"
    for named in workplace.trust:
        if not (named / ROOT_FILE).is_file():
            raise NotFound("no_trust", f"{named} is no folder of a trust bundle: no {ROOT_FILE}")
    folders = [folder for folder in (own, *workplace.trust) if folder.exists()]
    if not folders:
        raise NotFound("no_trust", "no trust bundle is here; name its folder with --trust")
    return TrustStore(folders[0], *folders[1:])


def _key(workplace: Workplace, named: Path | None) -> verifier.FindKey | None:
    """The key named, else the one of this home that the file is sealed to."""
    if named is not None:
        return _one(named)

    def find(key_id: str) -> KeyPair | None:
        for candidate in sorted(workplace.home.keys.glob("*/encryption.key")):
            pair = KeyPair.from_private_bytes(candidate.read_bytes())
            if pair.key_id == key_id:
                return pair
        return None

    return find


def _one(path: Path) -> verifier.FindKey:
    try:
        pair = KeyPair.from_private_bytes(path.read_bytes())
    except SealError as error:
        raise Refused("bad_key_file", f"{path.name} is no private key", field="--key") from error
    return lambda key_id: pair if pair.key_id == key_id else None


@transfer.command()
@click.option("--case", "case", required=True, type=click.UUID, metavar="ID")
@click.option("--to", "inspector", required=True, metavar="NAME", help="Who will read it.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def disclose(workplace: Workplace, case: UUID, inspector: str, out: Path) -> int:
    """Write a record that went or came, signed and unsealed, for a named inspector (logged)."""
    name = inspector.strip()
    if not 0 < len(name) <= 200 or not name.isprintable():
        raise Refused("bad_inspector", "an inspector has a name of one line", field="--to")
    require_writable(out)
    with open_office(workplace) as (_, office, _):
        who = office.ledger.who(workplace.account)
        data = disclose_record(
            office, case, to=name, now=datetime.now(UTC), today=date.today(), who=who
        )
    _write(out, data)
    if workplace.format == "json":
        print_json({"case": str(case), "to": name, "file": str(out), "size": len(data)})
    else:
        messages.print(f"hocba: {word(OUTCOMES, 'disclosed', workplace.lang)} {out}", markup=False)
    return 0


def _write(path: Path, data: bytes) -> None:
    try:
        with whole_file(path) as draft:
            draft.write_bytes(data)
    except OSError as error:
        raise cannot_write(path, error) from error
