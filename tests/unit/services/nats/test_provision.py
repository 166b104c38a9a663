"""The operator's folder: keys once, papers when renewed, walls in every account."""

import json
import stat
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nkeys
import pytest
from click.testing import CliRunner, Result

from services.cli import cli, hoist_globals
from services.errors import ServiceError
from services.nats import certificates, hub, tokens
from services.nats.folder import Folder, Party
from services.nats.server import Terms
from services.nats.tokens import Key, Role
from transfer.courier import Route
from transfer.errors import CourierUnavailable
from transfer.login import encrypted, login

SECRETS = {".seed", ".creds", ".key"}


def _terms(folder: Path, *, days: int = 90) -> Terms:
    return Terms(
        hosts=("nats.example",),
        listen="127.0.0.1:4222",
        monitor="127.0.0.1:8222",
        server_folder=str(folder / "server"),
        store="/data",
        days=days,
    )


def _make(path: Path, *names: str, renew: Sequence[str] = ()) -> Folder:
    folder = Folder(path)
    folder.make([Party(name, None) for name in names], _terms(path), renew=renew)
    return folder


def _files(folder: Folder) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder.path)): path.read_bytes()
        for path in folder.path.rglob("*")
        if path.is_file()
    }


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    folder = _make(tmp_path / "o", "31", "22")
    before = _files(folder)
    _make(tmp_path / "o", "31", "22")
    assert _files(folder) == before


def test_a_newcomer_changes_the_hub_and_nobody_elses_papers(tmp_path: Path) -> None:
    folder = _make(tmp_path / "o", "31", "22")
    before = _files(folder)
    _make(tmp_path / "o", "15")
    after = _files(folder)
    changed = {name for name, data in before.items() if after[name] != data}
    assert changed == {"keys/hub.jwt", "server/nats.conf"}
    assert folder.names() == ["15", "22", "31"]


def test_everything_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    folder = _make(tmp_path / "o", "31")
    paths = [folder.path, *folder.path.rglob("*")]
    assert {path.suffix for path in paths} >= SECRETS
    assert [path for path in paths if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def test_what_a_ledger_is_handed_holds_no_other_key(tmp_path: Path) -> None:
    folder = _make(tmp_path / "o", "31", "22")
    assert sorted(path.name for path in folder.ledger("31").iterdir()) == [
        "ca.pem",
        "client.key",
        "client.pem",
        "worker.creds",
    ]
    seeds = [path.read_text("ascii") for path in (folder.path / "keys").rglob("*.seed")]
    handed = b"".join(path.read_bytes() for path in folder.path.glob("ledgers/*/*")).decode()
    handed += folder.config.read_text("utf-8")
    assert len(seeds) == 5
    assert [seed for seed in seeds if seed in handed] == []


def test_a_token_is_signed_by_its_issuer_and_names_it(tmp_path: Path) -> None:
    folder = _make(tmp_path / "o", "31")
    token = tokens.token_of((folder.ledger("31") / "worker.creds").read_text("ascii"))
    head, body, signature = token.split(".")
    account = Key((folder.path / "keys/accounts/31.seed").read_text("ascii"))
    assert tokens.read(token)["iss"] == account.public == folder.account("31")
    pair = nkeys.from_seed(bytearray(account.seed, "ascii"))
    assert pair.verify(f"{head}.{body}".encode(), tokens._unbase64(signature))
    with pytest.raises(nkeys.ErrInvalidSignature):
        pair.verify(f"{head}.{body}x".encode(), tokens._unbase64(signature))


@pytest.mark.parametrize("role", list(Role))
def test_a_public_key_is_known_by_its_form_and_checksum(role: Role) -> None:
    public = Key.new(role).public
    assert tokens.is_public(public, role)
    assert not any(tokens.is_public(public, other) for other in Role if other is not role)
    swapped = public[:30] + ("A" if public[30] != "A" else "B") + public[31:]
    for wrong in (swapped, public[:-1], public.lower(), "", "31", public + "A"):
        assert not tokens.is_public(wrong, role), wrong


def test_every_export_is_for_one_account_and_none_lies_in_another() -> None:
    exports = hub.hub_claims(["A1", "A2"])["exports"]
    for export in exports:
        subject = export["subject"].split(".")
        position = export.get("account_token_position")
        assert export.get("token_req") or subject[position - 1] == "*", export
    subjects = [(export["type"], export["subject"].split(".")) for export in exports]
    for kind, one in subjects:
        for other_kind, other in subjects:
            if one is not other and kind == other_kind:
                assert not _within(one, other), (one, other)


def test_what_a_ledger_imports_names_itself_where_the_hub_looks() -> None:
    exports = hub.hub_claims(["A1"])["exports"]
    tokens_of = {"service": "s", "stream": "t"}
    claims = hub.ledger_claims("A1", hub="H", activations=tokens_of, revocations={})
    for one in claims["imports"]:
        subject = one["subject"].split(".")
        (export,) = [e for e in exports if _within(subject, e["subject"].split("."))]
        position = export.get("account_token_position")
        assert one["token"] if position is None else subject[position - 1] == "A1"


def test_no_ledger_has_a_stream_a_leaf_node_or_a_bearer_token_of_its_own() -> None:
    tokens_of = {"service": "s", "stream": "t"}
    limits = hub.ledger_claims("A1", hub="H", activations=tokens_of, revocations={})["limits"]
    assert (limits["disk_storage"], limits["mem_storage"], limits["leaf"]) == (0, 0, 0)
    assert limits["disallow_bearer"] is True
    for claims in (hub.worker_claims("A1"), hub.administrator_claims(), hub.system_claims()):
        assert claims["allowed_connection_types"] == ["STANDARD"]
        assert claims["pub"]["allow"]
        assert ">" not in claims["pub"]["allow"]


def test_the_configuration_is_the_safe_one(tmp_path: Path) -> None:
    config = json.loads(_make(tmp_path / "o", "31").config.read_text("utf-8"))
    assert config["jetstream"]["sync_interval"] == "always"
    assert config["tls"]["verify"] is True
    assert config["tls"]["min_version"] == "1.3"
    assert config["tls"]["handshake_first"] is True
    assert len(config["tls"]["pinned_certs"]) == 2
    assert config["http"].startswith("127.0.0.1:")
    off = {"no_auth_user", "mqtt", "websocket", "leafnodes", "accounts", "authorization"}
    assert off & set(config) == set()


def test_revoked_papers_come_again_only_by_renewal(tmp_path: Path) -> None:
    folder = _make(tmp_path / "o", "31", "22")
    pins = _pins(folder)
    folder.revoke("31", _terms(folder.path))
    assert len(_pins(folder)) == len(pins) - 1
    _make(tmp_path / "o", "31", "22")
    (standing,) = [one for one in folder.standings() if one.name == "31"]
    assert (standing.token_until, standing.certificate_until) == (None, None)
    _make(tmp_path / "o", renew=["31"])
    token = tokens.read(tokens.token_of((folder.ledger("31") / "worker.creds").read_text()))
    account = tokens.read((folder.path / "accounts/31.jwt").read_text())
    assert token["iat"] > account["nats"]["revocations"]["*"]
    assert len(_pins(folder)) == len(pins)
    assert _pins(folder) != pins


def test_revoking_again_within_a_second_reaches_the_renewed_papers(tmp_path: Path) -> None:
    """A server keeps the younger of two accounts, and counts in seconds."""
    folder = _make(tmp_path / "o", "31")
    ages = [tokens.read((folder.path / "accounts/31.jwt").read_text())["iat"]]
    for _ in range(3):
        papers = tokens.read(tokens.token_of((folder.ledger("31") / "worker.creds").read_text()))
        folder.revoke("31", _terms(folder.path))
        account = tokens.read((folder.path / "accounts/31.jwt").read_text())
        ages.append(account["iat"])
        assert account["nats"]["revocations"]["*"] >= papers["iat"]
        _make(tmp_path / "o", renew=["31"])
    assert ages == sorted(set(ages))


def test_a_ledger_may_hold_its_accounts_key_itself(tmp_path: Path) -> None:
    own = Key.new(Role.ACCOUNT).public
    folder = Folder(tmp_path / "o")
    (standing,) = folder.make([Party("31", own)], _terms(folder.path))
    assert (standing.account, standing.token_until) == (own, None)
    assert not (folder.path / "keys/accounts/31.seed").exists()
    with pytest.raises(ServiceError, match="settle which is right"):
        folder.make([Party("31", Key.new(Role.ACCOUNT).public)], _terms(folder.path))
    with pytest.raises(ServiceError, match="one account key"):
        folder.make([Party("22", own)], _terms(folder.path))


@pytest.mark.parametrize("name", ["", "..", "a/b", "../x", ".hidden", "a b", "đ", "x" * 64])
def test_a_name_that_cannot_be_a_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ServiceError, match="short name"):
        _make(tmp_path / "o", name)
    assert list((tmp_path / "o" / "accounts").iterdir()) == []


def test_a_certificate_ends_no_later_than_its_authority() -> None:
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    ca = certificates.authority("CA", until=until)
    certificate, _ = certificates.client(ca, "31", until=until + timedelta(days=9))
    assert certificates.expires(certificate) == until


def _route(tmp_path: Path, url: str, **files: Path) -> Route:
    return Route(url=url, user="u", password="p", account="A", boxes=(), **files)


def test_login_tells_a_password_or_a_token_and_starts_with_tls(tmp_path: Path) -> None:
    folder = _make(tmp_path / "o", "31")
    at = folder.ledger("31")
    plain = _route(tmp_path, "nats://127.0.0.1:4222")
    assert login(plain) == {"user": "u", "password": "p"}
    assert not encrypted(plain)
    route = _route(
        tmp_path,
        "nats://127.0.0.1:4222",
        credentials=at / "worker.creds",
        tls_ca=at / "ca.pem",
        tls_cert=at / "client.pem",
        tls_key=at / "client.key",
    )
    options = login(route)
    assert options["user_credentials"] == at / "worker.creds"
    assert options["tls_handshake_first"] is True
    assert "password" not in options
    assert login(_route(tmp_path, "tls://nats.example"))["tls_handshake_first"] is True


def test_login_names_a_file_that_cannot_be_used(tmp_path: Path) -> None:
    missing = tmp_path / "none"
    for files in ({"credentials": missing}, {"tls_ca": missing}, {"tls_cert": missing}):
        with pytest.raises(CourierUnavailable, match="none"):
            login(_route(tmp_path, "nats://x", **files))
    damaged = tmp_path / "damaged.pem"
    damaged.write_text("no certificate")
    with pytest.raises(CourierUnavailable, match=r"damaged\.pem"):
        login(_route(tmp_path, "nats://x", tls_ca=damaged))


def _run(tmp_path: Path, *arguments: str) -> Result:
    given = ["--home", str(tmp_path / "home"), "--format", "json", "nats", *arguments]
    return CliRunner().invoke(cli, given, standalone_mode=False)


def test_provision_remembers_what_was_said(tmp_path: Path) -> None:
    ledgers = tmp_path / "ledgers"
    ledgers.write_text("# name\n31\n22 # Quảng Ninh\n\n", "utf-8")
    out = str(tmp_path / "o")
    said = ["--host", "nats.example", "--store", "/data", "--server-folder", "/etc/nats"]
    done = _run(tmp_path, "provision", "--out", out, "--ledgers", str(ledgers), *said)
    assert done.exit_code == 0, done.exception
    answer = json.loads(done.stdout)
    assert [one["ledger"] for one in answer["ledgers"]] == ["22", "31"]
    before = (tmp_path / "o/server/nats.conf").read_bytes()
    again = _run(tmp_path, "provision", "--out", out, "--ledgers", str(ledgers))
    assert json.loads(again.stdout) == answer
    assert (tmp_path / "o/server/nats.conf").read_bytes() == before
    assert json.loads(before)["jetstream"]["store_dir"] == "/data"
    assert json.loads(before)["tls"]["cert_file"] == "/etc/nats/server.pem"


def test_revoke_makes_papers_void_and_names_what_is_left_to_do(tmp_path: Path) -> None:
    folder = _make(tmp_path / "o", "31", "22")
    done = _run(tmp_path, "revoke", "31", "--out", str(folder.path))
    assert done.return_value == 0
    assert "SIGHUP" in done.stderr
    assert "--renew 31" in done.stderr
    assert not (folder.ledger("31") / "worker.creds").exists()
    assert (folder.ledger("22") / "worker.creds").exists()
    with pytest.raises(ServiceError, match="no ledger 99"):
        folder.revoke("99", _terms(folder.path))


@pytest.mark.parametrize(
    ("text", "reason"),
    [("31,ABC\n", "bad_account"), ("31\n31\n", "duplicate_ledger")],
)
def test_a_list_that_cannot_be_used_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    ledgers = tmp_path / "ledgers"
    ledgers.write_text(text, "utf-8")
    done = _run(tmp_path, "provision", "--out", str(tmp_path / "o"), "--ledgers", str(ledgers))
    error: Any = done.exception
    assert error.code == reason
    assert not (tmp_path / "o" / "keys").exists()


def test_provision_without_a_bundle_or_a_list_says_so(tmp_path: Path) -> None:
    done = _run(tmp_path, "provision", "--out", str(tmp_path / "o"))
    assert "no trust bundle" in str(done.exception)


def _pins(folder: Folder) -> list[str]:
    pins: list[str] = json.loads(folder.config.read_text("utf-8"))["tls"]["pinned_certs"]
    return pins


def _within(one: Sequence[str], other: Sequence[str]) -> bool:
    for number, token in enumerate(other):
        if token == ">":
            return len(one) > number
        if number >= len(one) or token not in ("*", one[number]):
            return False
    return len(one) == len(other)


def test_how_nats_is_reached_may_stand_anywhere_on_the_line() -> None:
    line = ["transfer", "list", "--nats-unsafe", "--nats-creds", "a.creds", "--nats-ca=ca.pem"]
    assert hoist_globals(line) == [
        "--nats-unsafe",
        "--nats-creds",
        "a.creds",
        "--nats-ca=ca.pem",
        "transfer",
        "list",
    ]
