"""The vault: data keys per (person, writing ledger, category), wrapped by the ledger's own key.

Also the secret under which identifiers are looked up: a number is never stored, only its HMAC.
The key-encryption key stays outside the database, with a backup of its own.
"""

import hashlib
import hmac
from collections.abc import Iterable
from threading import local
from uuid import UUID, uuid4

from ledger.database import Connection
from ledger.envelope import DataKey
from ledger.errors import WrongKey
from ledger.event import Category
from ledger.newest import Newest
from ledger.queries import queries
from signing import aead
from signing.errors import SealError

_SQL = queries("ledger", "vault.sql")
_LOOKUP_SECRET = "lookup"
MOST_KEYS = 4096
"""Keys by id, and persons, that are remembered beside those in hand."""
NONCE = 12


class _InHand(local):
    """What one thread works with: the keys it asked for last, and those it made, which wait for
    its append's transaction. Another thread's rollback must not take a key that entries of ours
    are sealed under, nor its commit be taken for ours."""

    def __init__(self) -> None:
        self.by_id: dict[UUID, DataKey] = {}
        self.by_person: dict[UUID, dict[Category, DataKey]] = {}
        self.pending: dict[tuple[UUID, Category], DataKey] = {}


class Keyring:
    """The data keys in use, unwrapped. Those that a thread asked for with `load` or `fetch` are in
    its hand until it asks for others; of the rest so many stay, those used last."""

    def __init__(self, *, ledger: UUID, kek: bytes) -> None:
        """`kek` is the ledger's key-encryption key, 32 bytes."""
        self._ledger = ledger
        self._kek = kek
        self._by_id: Newest[UUID, DataKey] = Newest(MOST_KEYS)
        self._by_person: Newest[UUID, dict[Category, DataKey]] = Newest(MOST_KEYS)
        self._hand = _InHand()
        self._lookup: bytes = b""

    def open(self, connection: Connection) -> None:
        """Reads the look-up secret, made on first use. Raises WrongKey for another ledger's key."""
        label = _LOOKUP_SECRET.encode()
        row = connection.execute(_SQL["secret"], {"name": _LOOKUP_SECRET}).fetchone()
        if row is None:
            wrapped = aead.wrap(self._kek, aead.new_key(), label)
            connection.execute(_SQL["put_secret"], {"name": _LOOKUP_SECRET, "wrapped": wrapped})
            row = connection.execute(_SQL["secret"], {"name": _LOOKUP_SECRET}).fetchone()
        assert row is not None
        try:
            self._lookup = aead.unwrap(self._kek, row[0], label)
        except SealError as error:
            raise WrongKey("kek", "the key file does not belong to this ledger") from error

    def token(self, kind: str, value: str) -> UUID:
        """The keyed digest under which an identifier (normalised) or an imported line is known."""
        digest = hmac.digest(self._lookup, f"{kind}\0{value}".encode(), hashlib.sha256)
        return UUID(bytes=digest[:16])

    def keep_secret(self, connection: Connection, name: str, secret: bytes) -> None:
        """Keeps a secret of the ledger (a one-time key) wrapped under a name."""
        nonce, ciphertext = aead.encrypt(self._kek, secret, _secret_label(name))
        wrapped = nonce + ciphertext
        connection.execute(_SQL["put_secret"], {"name": name, "wrapped": wrapped})

    def secret(self, connection: Connection, name: str) -> bytes | None:
        """A secret kept before; None where it was destroyed or never kept."""
        row = connection.execute(_SQL["secret"], {"name": name}).fetchone()
        if row is None:
            return None
        nonce, ciphertext = row[0][:NONCE], row[0][NONCE:]
        return aead.decrypt(self._kek, nonce, ciphertext, _secret_label(name))

    def destroy_secret(self, connection: Connection, name: str) -> None:
        """Destroys a secret."""
        connection.execute(_SQL["drop_secret"], {"name": name})

    def keys_about(
        self, connection: Connection, persons: Iterable[UUID]
    ) -> list[tuple[DataKey, UUID, UUID, Category]]:
        """Every key held about `persons`: (key, person, writing ledger, category)."""
        rows = connection.execute(_SQL["keys_about"], {"persons": list(persons)}).fetchall()
        return [(self._unwrap(id, wrapped), p, led, cat) for id, p, led, cat, wrapped in rows]

    def load(self, connection: Connection, persons: Iterable[UUID]) -> None:
        """Takes in hand the keys this ledger writes with for `persons`; at most one query."""
        hand: dict[UUID, dict[Category, DataKey]] = {}
        wanted = []
        for person in persons:
            known = self._by_person.get(person)
            hand[person] = known if known is not None else {}
            if known is None:
                wanted.append(person)
        if wanted:
            rows = connection.execute(
                _SQL["keys_of"], {"persons": wanted, "ledger": self._ledger}
            ).fetchall()
            for key_id, person, category, wrapped in rows:
                hand[person][category] = self._unwrap(key_id, wrapped)
            for person in wanted:
                if hand[person]:
                    self._by_person.put(person, hand[person])
        self._hand.by_person = hand

    def fetch(self, connection: Connection, key_ids: Iterable[UUID]) -> None:
        """Takes in hand keys by id, for reading; those not found are destroyed or were never
        held."""
        hand: dict[UUID, DataKey] = {}
        wanted = []
        for key_id in set(key_ids):
            known = self._by_id.get(key_id)
            if known is None:
                wanted.append(key_id)
            else:
                hand[key_id] = known
        if wanted:
            for key_id, wrapped in connection.execute(_SQL["keys"], {"ids": wanted}).fetchall():
                hand[key_id] = known = self._unwrap(key_id, wrapped)
                self._by_id.put(key_id, known)
        self._hand.by_id = hand

    def key_for(self, person: UUID, category: Category) -> DataKey:
        """The key of `person`, made where there is none yet (call `load` first)."""
        place = (person, category)
        hand = self._hand
        loaded = hand.by_person.get(person) or self._by_person.get(person) or {}
        known = hand.pending.get(place) or loaded.get(category)
        if known is None:
            key_id, key = uuid4(), aead.new_key()
            known = DataKey(key_id, key, aead.commitment(key, key_id.bytes))
            hand.pending[place] = known
        return known

    def key(self, key_id: UUID) -> DataKey | None:
        """The key by id (call `fetch` first), this thread's new ones too; None where it was
        destroyed."""
        known = self._hand.by_id.get(key_id) or self._by_id.get(key_id)
        if known is None:
            known = next((k for k in self._hand.pending.values() if k.id == key_id), None)
        return known

    def store_pending(self, connection: Connection) -> None:
        """Writes this thread's new keys, inside the append's transaction.

        Raises psycopg's UniqueViolation where another session made a key for the same person
        at the same moment: whoever appends decides again.
        """
        pending = self._hand.pending
        if pending:
            self.adopt(
                connection,
                [
                    (key, person, self._ledger, category)
                    for (person, category), key in pending.items()
                ],
            )

    def adopt(
        self, connection: Connection, keys: Iterable[tuple[DataKey, UUID, UUID, Category]]
    ) -> None:
        """Stores keys of (person, writing ledger, category): our new ones, or a dossier's."""
        rows = list(keys)
        connection.execute(
            _SQL["put_keys"],
            {
                "ids": [key.id for key, *_ in rows],
                "persons": [person for _, person, _, _ in rows],
                "ledgers": [ledger for _, _, ledger, _ in rows],
                "categories": [category for *_, category in rows],
                "wrapped": [aead.wrap(self._kek, key.key, key.id.bytes) for key, *_ in rows],
            },
        )

    def settle(self, *, committed: bool) -> None:
        """After the transaction: this thread's new keys are known from now on, or never were.
        Where they were not stored another session may have made them: they are looked for again.
        """
        hand = self._hand
        for (person, category), key in hand.pending.items():
            if committed:
                known = self._by_person.get(person) or {}
                self._by_person.put(person, {**known, category: key})
                self._by_id.put(key.id, key)
            else:
                self._by_person.drop(person)
        if hand.pending:
            hand.by_person = {}
        hand.pending.clear()

    def _unwrap(self, key_id: UUID, wrapped: bytes) -> DataKey:
        try:
            key = aead.unwrap(self._kek, wrapped, key_id.bytes)
        except SealError as error:
            raise WrongKey(str(key_id), "it does not open under this ledger's key") from error
        return DataKey(key_id, key, aead.commitment(key, key_id.bytes))


def _secret_label(name: str) -> bytes:
    return f"hocba.secret/1\0{name}".encode()
