"""The folder that `hocba nats provision` writes, laid out by who is given what.

keys/            operator, system, hub and accounts/NAME seeds, ca.key: stay with the operator
accounts/        signed tokens of the accounts, public
server/          nats.conf, ca.pem, server.pem, server.key: for the server
administrator/   system.creds, hub.creds, client.pem, client.key, ca.pem: for provisioning only
ledgers/NAME/    worker.creds, client.pem, client.key, ca.pem: handed to that ledger

A key is made once and never overwritten. Everything else follows from the keys and is written
anew where it would differ; a ledger's credentials and certificate only where they are renewed.
"""

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from services.embedded.home import replace_file, write_once
from services.errors import ServiceError
from services.nats import certificates, hub, tokens
from services.nats.certificates import Pair
from services.nats.server import Terms, server_config
from services.nats.tokens import Key, Role

AUTHORITY_YEARS: Final = 10
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


@dataclass(frozen=True, slots=True)
class Party:
    """A ledger by its short name. `account` is its public key where it holds the key itself."""

    name: str
    account: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A ledger's place, and when its worker's papers end; None where it has none.

    None: the ledger holds its account's key itself, or its papers were revoked and not renewed.
    """

    name: str
    account: str
    token_until: datetime | None
    certificate_until: datetime | None


class Folder:
    """One operator's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def config(self) -> Path:
        """The server's configuration."""
        return self.path / "server" / "nats.conf"

    @property
    def administrator(self) -> Path:
        """What an administrator connects with."""
        return self.path / "administrator"

    def ledger(self, name: str) -> Path:
        """What a ledger is handed."""
        return self.path / "ledgers" / name

    def names(self) -> list[str]:
        """The ledgers that have a place here, sorted."""
        return sorted(path.stem for path in (self.path / "accounts").glob("*.jwt"))

    def account(self, name: str) -> str:
        """The public key of a ledger's account.

        Raises:
            ServiceError: the ledger has no place here.
        """
        return str(self._account_token(name)["sub"])

    def tokens(self) -> dict[str, str]:
        """Every account's signed token by its public key, as the server is given them."""
        found = [self._text("keys/system.jwt"), self._text("keys/hub.jwt")]
        found += [self._text(f"accounts/{name}.jwt") for name in self.names()]
        return {tokens.read(token)["sub"]: token for token in found}

    def hub_account(self) -> str:
        """The public key of the hub's account."""
        return self._key("hub", Role.ACCOUNT).public

    def make(
        self, parties: Sequence[Party], terms: Terms, *, renew: Sequence[str] = ()
    ) -> list[Standing]:
        """Write everything for these ledgers and those already here; repeatable.

        Raises:
            ServiceError: a name or account cannot be used, or contradicts what is here.
        """
        for folder in ("keys", "keys/accounts", "accounts", "server", "administrator", "ledgers"):
            (self.path / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.chmod(0o700)
        accounts = self._accounts(parties)
        for name in renew:
            if name not in accounts:
                raise ServiceError(f"no ledger {name} has a place in {self.path}")
        self._sign_accounts(accounts, {name: self._revocations(name) for name in accounts})
        self._papers(accounts, terms, renew)
        self._administrator(terms)
        self._configure(terms)
        return self.standings()

    def standings(self) -> list[Standing]:
        """Every ledger here, and until when its papers hold."""
        found = []
        for name in self.names():
            token = certificate = None
            if (self.ledger(name) / "worker.creds").exists():
                read = tokens.read(tokens.token_of(self._text(f"ledgers/{name}/worker.creds")))
                token = datetime.fromtimestamp(read["exp"], UTC)
            if (self.ledger(name) / "client.pem").exists():
                certificate = certificates.expires(self._text(f"ledgers/{name}/client.pem"))
            found.append(Standing(name, self.account(name), token, certificate))
        return found

    def revoke(self, name: str, terms: Terms) -> None:
        """Make the papers of a ledger void: its users' tokens made until now, and its certificate.

        New ones come by renewal only. The server learns of the tokens when the account is handed
        to it, of the certificate when it reads its configuration again.

        Raises:
            ServiceError: the ledger has no place here.
        """
        account = self.account(name)
        until = int(time.time())
        papers = self.ledger(name) / "worker.creds"
        if papers.exists():  # renewed a moment ago, they are dated ahead of the clock
            until = max(until, tokens.read(tokens.token_of(papers.read_text("ascii")))["iat"])
        self._sign_accounts({name: account}, {name: {"*": until}})
        for file in ("worker.creds", "client.pem", "client.key"):
            (self.ledger(name) / file).unlink(missing_ok=True)
        self.configure(terms)

    def _accounts(self, parties: Sequence[Party]) -> dict[str, str]:
        """Name to public key, of those here and those asked for."""
        accounts = {name: self.account(name) for name in self.names()}
        for party in parties:
            if not _NAME.fullmatch(party.name):
                raise ServiceError(f"{party.name!r} cannot be a ledger's short name")
            known = accounts.get(party.name)
            if party.account is not None:
                if not tokens.is_public(party.account, Role.ACCOUNT):
                    raise ServiceError(
                        f"{party.account!r} of ledger {party.name} is no account key: it has 56 "
                        "characters and begins with A; leave it out and one is made"
                    )
                if known is not None and known != party.account:
                    raise ServiceError(
                        f"ledger {party.name} has the account {known} here and {party.account} "
                        "in what was asked for; settle which is right"
                    )
                accounts[party.name] = party.account
            elif known is None:
                accounts[party.name] = self._key(f"accounts/{party.name}", Role.ACCOUNT).public
        if len(set(accounts.values())) != len(accounts):
            raise ServiceError("two ledgers were given one account key")
        return accounts

    def _sign_accounts(
        self, accounts: Mapping[str, str], revoked: Mapping[str, Mapping[str, int]]
    ) -> None:
        operator = self._key("operator", Role.OPERATOR)
        system, center = self._key("system", Role.ACCOUNT), self._key("hub", Role.ACCOUNT)
        self._sign(
            "keys/system.jwt", operator, system.public, "system", hub.system_account_claims()
        )
        everybody = {name: self.account(name) for name in self.names()} | dict(accounts)
        self._sign(
            "keys/hub.jwt", operator, center.public, "hub", hub.hub_claims([*everybody.values()])
        )
        for name, account in accounts.items():
            claims = hub.ledger_claims(
                account,
                hub=center.public,
                activations=self._activations(center, name, account),
                revocations=revoked[name],
            )
            self._sign(f"accounts/{name}.jwt", operator, account, name, claims)

    def _activations(self, center: Key, name: str, account: str) -> dict[str, str]:
        """The hub's tokens that stand in the account already, else new ones; by kind."""
        found = {}
        if name in self.names():
            for one in self._account_token(name)["nats"].get("imports", []):
                if "token" in one and tokens.read(one["token"])["iss"] == center.public:
                    found[one["type"]] = str(one["token"])
        for kind in hub.own_subjects(account):
            if kind not in found:
                claims = hub.activation_claims(account, kind)
                found[kind] = tokens.sign(
                    center, account, kind="activation", name=name, claims=claims
                )
        return found

    def _sign(
        self, file: str, issuer: Key, subject: str, name: str, claims: Mapping[str, Any]
    ) -> None:
        """Sign what says something new. A server takes a token only if it is younger."""
        issued_at = int(time.time())
        if (self.path / file).exists():
            before = tokens.read(self._text(file))
            kept = {k: v for k, v in before["nats"].items() if k not in ("type", "version")}
            if (before["iss"], before["sub"], kept) == (issuer.public, subject, dict(claims)):
                return
            issued_at = max(issued_at, before["iat"] + 1)
        token = tokens.sign(
            issuer, subject, kind="account", name=name, claims=claims, issued_at=issued_at
        )
        replace_file(self.path / file, token)

    def _papers(self, accounts: Mapping[str, str], terms: Terms, renew: Sequence[str]) -> None:
        ca = self._authority()
        for name, account in accounts.items():
            folder = self.ledger(name)
            folder.mkdir(mode=0o700, exist_ok=True)
            replace_file(folder / "ca.pem", ca[0])
            revoked = max(self._revocations(name).values(), default=0)
            if revoked and not (folder / "client.pem").exists() and name not in renew:
                continue
            self._client(folder, ca, name, terms, anew=name in renew)
            if (self.path / f"keys/accounts/{name}.seed").exists():
                self._user(
                    folder / "worker.creds",
                    self._key(f"accounts/{name}", Role.ACCOUNT),
                    hub.worker_claims(account),
                    terms,
                    anew=name in renew,
                    after=revoked,
                )

    def _administrator(self, terms: Terms) -> None:
        ca = self._authority()
        replace_file(self.administrator / "ca.pem", ca[0])
        self._client(self.administrator, ca, "administrator", terms, anew=False)
        for name, claims in (
            ("hub", hub.administrator_claims()),
            ("system", hub.system_claims()),
        ):
            path = self.administrator / f"{name}.creds"
            self._user(path, self._key(name, Role.ACCOUNT), claims, terms, anew=_ended(path))

    def _user(
        self,
        path: Path,
        account: Key,
        claims: Mapping[str, Any],
        terms: Terms,
        *,
        anew: bool,
        after: int = 0,
    ) -> None:
        """A user's credentials; `after` is a second that its token must be younger than."""
        if path.exists() and not anew:
            return
        user = Key.new(Role.USER)
        now = int(time.time())
        token = tokens.sign(
            account,
            user.public,
            kind="user",
            name=path.parent.name,
            claims=claims,
            issued_at=max(now, after + 1),
            expires=now + terms.days * 86_400,
        )
        replace_file(path, tokens.credentials(token, user))

    def _client(self, folder: Path, ca: Pair, name: str, terms: Terms, *, anew: bool) -> None:
        path = folder / "client.pem"
        if path.exists() and not anew:
            return
        certificate, key = certificates.client(ca, name, until=_days(terms.days))
        replace_file(folder / "client.key", key)
        replace_file(path, certificate)

    def _authority(self) -> Pair:
        key, certificate = self.path / "keys" / "ca.key", self.path / "keys" / "ca.pem"
        if not certificate.exists():
            made = certificates.authority("Hocba NATS CA", until=_days(365 * AUTHORITY_YEARS))
            replace_file(key, made[1])
            write_once(certificate, made[0])
        return certificate.read_text("ascii"), key.read_text("ascii")

    def _configure(self, terms: Terms) -> None:
        ca = self._authority()
        folder = self.path / "server"
        replace_file(folder / "ca.pem", ca[0])
        hosts = folder / "server.hosts"
        wanted = "\n".join(terms.hosts)
        path = folder / "server.pem"
        if not hosts.exists() or hosts.read_text("utf-8") != wanted or _ending(path):
            certificate, key = certificates.server(ca, list(terms.hosts), until=_days(terms.days))
            replace_file(folder / "server.key", key)
            replace_file(path, certificate)
            replace_file(hosts, wanted)
        self.configure(terms)

    def configure(self, terms: Terms) -> None:
        """Write the server's configuration alone."""
        folders = [self.administrator, *(self.ledger(name) for name in self.names())]
        papers = [folder / "client.pem" for folder in folders]
        pins = [certificates.pin(p.read_text("ascii")) for p in papers if p.exists()]
        operator = self._key("operator", Role.OPERATOR)
        system = self._key("system", Role.ACCOUNT).public
        token = self.path / "keys" / "operator.jwt"
        if not token.exists():
            claims = {"system_account": system}
            made = tokens.sign(
                operator, operator.public, kind="operator", name="hocba", claims=claims
            )
            replace_file(token, made)
        config = server_config(
            terms,
            operator=token.read_text("ascii"),
            system=system,
            accounts=self.tokens(),
            pins=pins,
        )
        replace_file(self.config, json.dumps(config, indent=2, ensure_ascii=False))

    def _key(self, name: str, role: Role) -> Key:
        path = self.path / "keys" / f"{name}.seed"
        if not path.exists():
            write_once(path, Key.new(role).seed)
        key = Key(path.read_text("ascii").strip())
        if not tokens.is_public(key.public, role):
            raise ServiceError(f"{path} holds no key of an {role.name.lower()}")
        return key

    def _revocations(self, name: str) -> dict[str, int]:
        if name not in self.names():
            return {}
        return dict(self._account_token(name)["nats"].get("revocations", {}))

    def _account_token(self, name: str) -> dict[str, Any]:
        if name not in self.names():
            raise ServiceError(f"no ledger {name} has a place in {self.path}")
        return tokens.read(self._text(f"accounts/{name}.jwt"))

    def _text(self, file: str) -> str:
        return (self.path / file).read_text("ascii")


def _days(days: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def _ended(path: Path) -> bool:
    """Whether an administrator's token ended, so that a new one is needed."""
    if not path.exists():
        return True
    ends: int = tokens.read(tokens.token_of(path.read_text("ascii")))["exp"]
    return ends <= time.time()


def _ending(path: Path) -> bool:
    """Whether a server's certificate is missing or ends within a month."""
    if not path.exists():
        return True
    return certificates.expires(path.read_text("ascii")) < _days(30)
