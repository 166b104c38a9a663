"""The ledgers a world begins with: made once by the true handlers, then copied for every world."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Self
from unittest.mock import patch
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import ids, states
from ledger.ids import uuid7
from ledger.ledger import Ledger
from ledger.notary import Notary
from ledger.vault import Keyring
from signing import certificates
from signing.aead import new_key
from signing.certificates import Credential, Purpose
from signing.note import NoteSigner
from signing.sealing import KeyPair
from signing.trust import EncryptionKey, LedgerTrust, TrustBundle, public_key
from signing.truststore import TrustStore
from tests.school import enrol, hand_in, mark, open_school, register
from tests.simulation.memory.database import MemoryDatabase, Point, immortal
from tests.simulation.memory.tables import Store

FOUNDED = datetime(2024, 8, 1, 7, tzinfo=UTC)
BEGIN = datetime(2025, 3, 3, 7, tzinfo=UTC)
"""When every schedule begins."""
NAMES = ("31", "22", "01")
CHILDREN = ("An", "Binh", "Chi")
HOME = {"An": 0, "Binh": 0, "Chi": 1}
"""At which ledger a child's history begins; elsewhere it sits in class and waits for its papers."""
VALID = timedelta(days=40 * 365)


@contextmanager
def drawn_ids(seed: str | float, now: Callable[[], datetime]) -> Iterator[None]:
    """Ids that follow from a seed and a clock: what is ordered by them is so again."""
    chance = random.Random(seed)
    with (
        patch.object(ids, "_now_ns", lambda: int(now().timestamp() * 1000) * 1_000_000),
        patch.object(ids, "_random_bytes", chance.randbytes),
    ):
        yield


@dataclass(frozen=True)
class Keys:
    """A ledger's secrets, as they lie outside its database."""

    kek: bytes
    checkpoint: NoteSigner
    seal: Credential
    encryption: KeyPair
    arbiter: Credential


@dataclass(frozen=True)
class Founded:
    """A ledger as every world finds it; `records` are its own records of the children."""

    id: UUID
    name: str
    keys: Keys
    trusted: LedgerTrust
    store: Store
    records: dict[str, UUID]
    note: str
    """Its first checkpoint, which is kept beside the database too."""


class MemoryLedger(Ledger):
    """A ledger over a store; otherwise the true one."""

    @classmethod
    def begun(cls, store: Store, *, kek: bytes, point: Point = immortal) -> Self:
        """What `Ledger.open` does when a process starts."""
        database = MemoryDatabase(store, point=point)
        with database.connection() as connection:
            keyring = Keyring(ledger=store.head[True].ledger, kek=kek)
            keyring.open(connection)
            states.bring(connection, lambda done, total: None)
        return cls(database, ledger=store.head[True].ledger, keyring=keyring)


class FixedTrust(TrustStore):
    """One bundle that everybody holds, read from no disk."""

    def __init__(self, ledgers: tuple[LedgerTrust, ...], ministry: UUID | None = None) -> None:
        self._bundle = TrustBundle(
            version=1,
            issued_at=FOUNDED,
            ledgers=ledgers,
            witnesses=(),
            quorum=0,
            revoked=(),
            signers=(public_key(Ed25519PrivateKey.generate()),),
            threshold=1,
            ministry=ministry,
        )

    def latest(self) -> TrustBundle:
        return self._bundle

    def bundles(self) -> tuple[TrustBundle, ...]:
        return (self._bundle,)


@cache
def founded(number: int) -> Founded:
    """The ledger of that number with its school, its class and its records of the children."""
    name = NAMES[number]
    with drawn_ids(name, lambda: FOUNDED):
        id = uuid7()
        keys, trusted = made_keys(id, name)
        store = found(id, name=name, kek=keys.kek)
        with MemoryLedger.begun(store, kek=keys.kek) as ledger:
            records = school(ledger, number)
            with ledger.database.connection() as connection:
                signed = Notary(ledger, keys.checkpoint, None).checkpoint(connection)
    return Founded(id, name, keys, trusted, store, records, signed.note)


def found(id: UUID, *, name: str, kek: bytes) -> Store:
    """A store as `Ledger.create` leaves a database."""
    store = Store(id)
    store.clock = lambda: FOUNDED

    class Founding(MemoryLedger):
        @classmethod
        def open(cls, *args: object, **kwargs: object) -> Self:
            return cls.begun(store, kek=kek)

    with patch("ledger.ledger.create_schema"):
        Founding.create(
            "memory",
            ledger=id,
            kek=kek,
            name=name,
            province_code=name,
            province_name="Hải Phòng",
            operator="operator",
            today=FOUNDED.date(),
        )
    return store


def school(ledger: Ledger, number: int) -> dict[str, UUID]:
    """A class with every child in it, with two marks for each whose history begins here."""
    open_school(ledger)
    records = dict(zip(CHILDREN, register(ledger, CHILDREN), strict=True))
    natives = [records[child] for child in CHILDREN if HOME[child] == number]
    others = [records[child] for child in CHILDREN if HOME[child] != number]
    if natives:
        enrol(ledger, natives)
        hand_in(ledger, [mark(pupil) for pupil in natives])
        hand_in(ledger, [mark(pupil, slot="GK") for pupil in natives])
    enrol(ledger, others, on=date(2025, 3, 3), kind="provisional")
    if others:
        late = [replace(mark(p, slot="TX1", semester=2), effective_on=BEGIN.date()) for p in others]
        hand_in(ledger, late)
    return records


def made_keys(id: UUID, name: str) -> tuple[Keys, LedgerTrust]:
    """Fresh keys of a ledger, and its place in the trust bundle."""
    span = {"not_before": FOUNDED - VALID, "not_after": FOUNDED + VALID}
    authority = certificates.make_authority(f"Test CA {name}", **span)
    seal = certificates.issue_seal(
        authority, common_name=f"Seal {name}", ledger_id=id, purpose=Purpose.SEAL, **span
    )
    arbiter = certificates.issue_seal(
        authority, common_name=f"Arbiter {name}", ledger_id=id, purpose=Purpose.ARBITER, **span
    )
    signer = NoteSigner.generate(f"hocba/ledger/{id}")
    keys = Keys(new_key(), signer, seal, KeyPair.generate(), arbiter)
    trusted = LedgerTrust(
        id=id,
        name=name,
        labels=(),
        checkpoint_key=keys.checkpoint.verifier.vkey,
        seal_root=certificates.dump_pem([authority.certificate]),
        nats_account=id.hex,
        encryption_key=EncryptionKey.of(keys.encryption.public_bytes()),
        incarnation=1,
        first_checkpoint=None,
    )
    return keys, trusted
