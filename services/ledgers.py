"""The ledgers of a home: made by `init`, opened by everything else.

home/ledgers/31.json      id, name, province, database
home/keys/31/             kek, checkpoint.key, seal.pem (+ chain), encryption.key: owner only
home/keys/BGD/arbiter.*   the ministry's, which signs rulings
home/keys/trust-root.key  signs this home's trust bundle (test use: the ministry's in earnest)
home/trust/               the bundle that the home's ledgers share
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.codes import province_name
from ledger.errors import NotFound
from ledger.fence import Fence
from ledger.ids import uuid7
from ledger.ledger import Ledger
from ledger.notary import Notary
from services.embedded import Servers
from services.embedded.home import Home, replace_file
from services.errors import LedgerExists, ServiceError
from services.progress import showing_if_told
from signing import certificates
from signing.aead import new_key
from signing.certificates import Credential, Purpose
from signing.jws import FileSigner
from signing.keyfiles import load_key, save_key, write_secret
from signing.note import NoteSigner
from signing.sealing import KeyPair
from signing.trust import EncryptionKey, Label, LedgerTrust, TrustBundle, public_key
from signing.truststore import TrustStore

SEAL_YEARS = 5
MINISTRY = ("VN", "Bộ Giáo dục và Đào tạo")
"""Code and name that stand where a province's stand for a province."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Profile:
    """A ledger as the home knows it. `database` is a name on the embedded server or a URL."""

    id: UUID
    name: str
    province_code: str
    province_name: str
    database: str


@dataclass(frozen=True, slots=True)
class LedgerKeys:
    """A ledger's own keys: what wraps data keys, signs checkpoints and seals, opens mail."""

    kek: bytes
    checkpoint: NoteSigner
    seal: Credential
    encryption: KeyPair


class Ledgers:
    """The ledgers of one home."""

    def __init__(self, home: Home, *trust: Path) -> None:
        """`trust` are further folders of trust bundles, for look-up only."""
        self.home = home
        self._others = trust

    @property
    def _folder(self) -> Path:
        return self.home.path / "ledgers"

    @property
    def trust(self) -> TrustStore:
        """The bundle that the home's ledgers share."""
        return TrustStore(self.home.path / "trust", *self._others)

    def names(self) -> list[str]:
        """The short names of the ledgers that are ready, sorted."""
        found = sorted(path.stem for path in self._folder.glob("*.json"))
        return [name for name in found if self._stored(name)[1]]

    def profile(self, name: str | None) -> Profile:
        """The ledger of that name; without a name the only one.

        Raises:
            NotFound: `no_ledger`, with what there is.
        """
        names = self.names()
        if name is None and len(names) == 1:
            name = names[0]
        if name is None or name not in names:
            known = ", ".join(names) or "none; run `hocba init --province CODE`"
            asked = "name one with --ledger" if name is None else f"there is no ledger {name}"
            raise NotFound("no_ledger", f"{asked}; this home has: {known}")
        return self._stored(name)[0]

    def _stored(self, name: str) -> tuple[Profile, bool]:
        """A ledger's description, and whether its making came to an end."""
        path = self._folder / f"{name}.json"
        try:
            raw = json.loads(path.read_text("utf-8"))
            profile = Profile(
                UUID(raw["id"]), name, raw["province_code"], raw["province_name"], raw["database"]
            )
            return profile, raw["ready"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ServiceError(
                f"{path.name} among the home's ledgers is damaged; restore it from its backup"
            ) from error

    def _store(self, profile: Profile, *, ready: bool) -> None:
        described = {
            "id": str(profile.id),
            "name": profile.name,
            "province_code": profile.province_code,
            "province_name": profile.province_name,
            "database": profile.database,
            "ready": ready,
        }
        self._folder.mkdir(exist_ok=True)
        text = json.dumps(described, ensure_ascii=False)
        replace_file(self._folder / f"{profile.name}.json", text)

    def keys(self, profile: Profile) -> LedgerKeys:
        """The ledger's keys, read from the home."""
        folder = self.home.keys / profile.name
        chain = certificates.load_pem((folder / "seal.pem").read_text("ascii"))
        return LedgerKeys(
            kek=(folder / "kek").read_bytes(),
            checkpoint=self._note_signer(profile),
            seal=Credential(_seal_key(folder / "seal.key"), tuple(chain)),
            encryption=KeyPair.from_private_bytes((folder / "encryption.key").read_bytes()),
        )

    def arbiter(self, profile: Profile) -> FileSigner:
        """The key that signs the ministry's rulings. Raises NotFound(`no_arbiter`)."""
        folder = self.home.keys / profile.name
        if not (folder / "arbiter.key").exists():
            raise NotFound(
                "no_arbiter",
                f"{profile.name} has no arbiter's key here; `hocba init --role ministry` makes one",
            )
        chain = certificates.load_pem((folder / "arbiter.pem").read_text("ascii"))
        return FileSigner(_seal_key(folder / "arbiter.key"), tuple(chain))

    def name_ministry(self, name: str) -> LedgerTrust:
        """Names a ledger of another home's bundle (or this one's) as the ministry in this home's.

        Raises:
            TrustError: no bundle knows it, or another ledger is named already.
        """
        found = self.trust.by_name(name)
        with self.home.locked():
            self.trust.name_ministry(found, [self._root_key()], issued_at=_now())
        return found

    def create(
        self,
        servers: Servers,
        *,
        province: str | None,
        name: str | None,
        database: str | None,
        operator: str,
        today: date,
        nats_account: str | None = None,
    ) -> Profile:
        """Makes a ledger: keys, test CA and seal, database and schema, its place in the bundle.
        Without a province it is the ministry: it has an arbiter's key too, and the bundle names it.

        Raises:
            LedgerExists: the name is taken, or the bundle names another ministry.
            ServiceError: the province code means nothing on `today`.
        """
        ministry = province is None
        label = MINISTRY[1] if province is None else province_name(province, today)
        province = province or MINISTRY[0]
        if label is None:
            raise ServiceError(f"no province has the code {province} on {today}")
        self._trust_root()
        if ministry:
            self._require_no_ministry(name or province)
        profile = self._begin(name or province, province, label, database)
        keys = self.keys(profile)
        if database is None:
            servers.postgres_server.start()
            servers.postgres_server.create_database(profile.database)
        Ledger.create(
            self.url(servers, profile),
            ledger=profile.id,
            kek=keys.kek,
            name=profile.name,
            province_code=province,
            province_name=label,
            operator=operator,
            today=today,
        ).close()
        account = nats_account or profile.id.hex
        self._publish(profile, keys, today, account, ministry=ministry)
        self._store(profile, ready=True)
        return profile

    def adopt_accounts(self, accounts: Mapping[str, str]) -> list[str]:
        """Give ledgers, by name, their accounts on a shared NATS, in a new version of the bundle.

        Returns the names whose account is another now. The home must have made the bundle.

        Raises:
            ServiceError: another home or authority made the bundle.
        """
        with self.home.locked():
            bundle = self.trust.latest()
            changed = [
                ledger.name
                for ledger in bundle.ledgers
                if accounts.get(ledger.name, ledger.nats_account) != ledger.nats_account
            ]
            if not changed:
                return []
            path = self.home.keys / "trust-root.key"
            if not path.exists():
                raise ServiceError(
                    "this home did not make its trust bundle: its authority publishes the accounts"
                )
            root = Ed25519PrivateKey.from_private_bytes(path.read_bytes())
            issued_at = datetime.now(UTC).replace(microsecond=0)
            self.trust.publish(bundle.with_accounts(accounts, issued_at=issued_at), [root])
        return changed

    def _require_no_ministry(self, name: str) -> None:
        named = self.trust.ministry()
        if named is not None and named.name != name:
            raise LedgerExists(f"the trust bundle names a ministry already: {named.name}")

    def _begin(self, name: str, province: str, label: str, database: str | None) -> Profile:
        """A new ledger's name, id and keys; those of a making that was cut off are used again."""
        with self.home.locked():
            if (self._folder / f"{name}.json").exists():
                begun, ready = self._stored(name)
                if ready:
                    raise LedgerExists(f"this home has a ledger {name} already")
                if database is None or begun.database == database:
                    return begun
            ledger = uuid7()
            profile = Profile(ledger, name, province, label, database or f"ledger_{ledger.hex}")
            self._make_keys(profile, arbiter=(province, label) == MINISTRY)
            self._store(profile, ready=False)
        return profile

    def url(self, servers: Servers, profile: Profile) -> str:
        """How to reach the ledger's database."""
        if "://" in profile.database or "=" in profile.database:
            return profile.database
        return servers.postgres.url(profile.database)

    @contextmanager
    def open(
        self,
        servers: Servers,
        name: str | None,
        *,
        database: str | None = None,
        renew: bool = True,
    ) -> Iterator[tuple[Profile, Ledger]]:
        """Opens a ledger for a command; current states that an older version made are folded
        anew first, unless `renew` is false."""
        profile = self.profile(name)
        kek = (self.home.keys / profile.name / "kek").read_bytes()
        url = database or self.url(servers, profile)
        with showing_if_told("folding the current states anew") as progress:
            ledger = Ledger.open(url, kek=kek, renew=renew, progress=progress)
        with ledger:
            ledger.desk.fence = self.fence(profile, ledger)
            yield profile, ledger

    def notary(self, profile: Profile, ledger: Ledger) -> Notary:
        """The notary of an opened ledger; the newest checkpoint is kept in the home too: it is
        the ledger's guard, wherever the database is."""
        return Notary(ledger, self._note_signer(profile), self._guard(profile))

    def fence(self, profile: Profile, ledger: Ledger) -> Fence:
        """What keeps a ledger from writing whose database was restored from a backup."""
        return Fence(self.notary(profile, ledger), self.home.path / "places" / profile.name)

    def _note_signer(self, profile: Profile) -> NoteSigner:
        seed = (self.home.keys / profile.name / "checkpoint.key").read_bytes()
        return NoteSigner(origin(profile.id), seed)

    def _guard(self, profile: Profile) -> Path:
        return self.home.path / "checkpoints" / profile.name

    def _make_keys(self, profile: Profile, *, arbiter: bool) -> None:
        folder = self.home.keys / profile.name
        if folder.exists():  # an init that was cut off: keys never used
            for left in folder.iterdir():
                left.unlink()
        folder.mkdir(mode=0o700, exist_ok=True)
        now = _now()
        until = now + SEAL_YEARS * 365 * DAY
        authority = certificates.make_authority(
            f"Hocba test CA {profile.name}", not_before=now - DAY, not_after=until
        )
        seal = certificates.issue_seal(
            authority,
            common_name=f"Hocba test seal {profile.name}",
            ledger_id=profile.id,
            purpose=Purpose.SEAL,
            not_before=now - DAY,
            not_after=until,
        )
        encryption = KeyPair.generate()
        kek, seed = new_key(), os.urandom(32)
        write_secret(folder / "kek", kek)
        write_secret(folder / "checkpoint.key", seed)
        save_key(folder / "seal.key", seal.key)
        write_secret(folder / "encryption.key", encryption.private_bytes())
        (folder / "seal.pem").write_text(certificates.dump_pem(seal.chain), "ascii")
        (folder / "authority.pem").write_text(
            certificates.dump_pem([authority.certificate]), "ascii"
        )
        if arbiter:
            judge = certificates.issue_seal(
                authority,
                common_name=f"Hocba test arbiter {profile.name}",
                ledger_id=profile.id,
                purpose=Purpose.ARBITER,
                not_before=now - DAY,
                not_after=until,
            )
            save_key(folder / "arbiter.key", judge.key)
            (folder / "arbiter.pem").write_text(certificates.dump_pem(judge.chain), "ascii")

    def _trust_root(self) -> Ed25519PrivateKey:
        """The key that signs this home's bundle; made with the first ledger."""
        path = self.home.keys / "trust-root.key"
        with self.home.locked():
            if not path.exists():
                raw = Ed25519PrivateKey.generate().private_bytes(
                    serialization.Encoding.Raw,
                    serialization.PrivateFormat.Raw,
                    serialization.NoEncryption(),
                )
                write_secret(path, raw)
            key = Ed25519PrivateKey.from_private_bytes(path.read_bytes())
            if not (self.home.path / "trust").exists():
                bundle = TrustBundle(
                    version=1,
                    issued_at=datetime.now(UTC).replace(microsecond=0),
                    ledgers=(),
                    witnesses=(),
                    quorum=0,
                    revoked=(),
                    signers=(public_key(key),),
                    threshold=1,
                )
                TrustStore.create(self.home.path / "trust", bundle, [key])
        return key

    def _root_key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(
            (self.home.keys / "trust-root.key").read_bytes()
        )

    def _publish(
        self,
        profile: Profile,
        keys: LedgerKeys,
        today: date,
        nats_account: str,
        *,
        ministry: bool,
    ) -> None:
        authority = (self.home.keys / profile.name / "authority.pem").read_text("ascii")
        trusted = LedgerTrust(
            id=profile.id,
            name=profile.name,
            labels=(Label(name=profile.province_name, code=profile.province_code, start=today),),
            checkpoint_key=keys.checkpoint.verifier.vkey,
            seal_root=authority,
            nats_account=nats_account,
            encryption_key=EncryptionKey.of(keys.encryption.public_bytes()),
            incarnation=1,
            first_checkpoint=None,
        )
        with self.home.locked():
            if any(known.id == profile.id for known in self.trust.latest().ledgers):
                return
            root = self._root_key()
            self.trust.add_ledger(trusted, [root], issued_at=_now(), ministry=ministry)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _seal_key(path: Path) -> EllipticCurvePrivateKey:
    key = load_key(path)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise ServiceError(f"{path} holds no P-256 key; restore it from its backup")
    return key


def origin(ledger: UUID) -> str:
    """The name under which a ledger signs its checkpoints (C2SP origin line)."""
    return f"hocba/ledger/{ledger}"
