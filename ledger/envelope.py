"""The stored bytes of an entry: canonical JSON, facts clear, personal parts sealed.

    {v, author, stream, topic, effective_on, who, salt, facts, personal: [{category, key_id,
     commitment, nonce, ciphertext}]}

`salt` is 16 random bytes, so that equal facts do not show as equal hashes. A personal part's
associated data binds it to author ledger, stream, topic and key id. The entry hash covers the
whole; it says nothing of a place in a log, so every ledger that holds the entry has the same.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache, partial
from typing import Any, Protocol
from unicodedata import is_normalized
from uuid import UUID

from pydantic import ValidationError

from ledger.errors import MalformedBytes, Refused, WrongKey
from ledger.event import CATEGORIES, Category, Event, Sealed, Who
from ledger.registry import event_type
from signing import aead, canonical, hashing
from signing.errors import CanonicalError, SealError

VERSION = 1
MAX_BYTES = 1 << 20
"""No entry is larger: the longest comment is 2,000 letters, a transcript page some kilobytes."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """A person's key for one category: id, 32 bytes, and the commitment that stands in entries."""

    id: UUID
    key: bytes
    commitment: bytes


class ReadingKeys(Protocol):
    """Where keys for reading come from."""

    def key(self, key_id: UUID) -> DataKey | None:
        """The key by id; None where it was destroyed or never held."""


class Keys(ReadingKeys, Protocol):
    """Where keys for reading and writing come from (`ledger.vault`)."""

    def key_for(self, person: UUID, category: Category) -> DataKey:
        """The key of `person`, made on first use."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """An event encoded and hashed, ready for the lock. `person` is whose keys sealed it."""

    stream: UUID
    event: Event
    body: bytes
    entry_hash: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """Stored bytes read back: personal parts still sealed, facts not yet a model."""

    author: UUID
    stream: UUID
    topic: str
    effective_on: date
    who: Who
    facts: dict[str, Any]
    personal: dict[str, Sealed]

    def event(self) -> Event:
        """The event with its personal parts sealed.

        Raises:
            UnknownTopic: the topic is not in the registry.
            ValidationError: the facts are not those of the topic.
        """
        model = event_type(self.topic)
        sealed = {category: self.personal.get(category) for category in _personal_of(model)}
        return model.model_validate({**self.facts, "effective_on": self.effective_on, **sealed})


@cache
def _personal_of(model: type[Event]) -> tuple[Category, ...]:
    return tuple(category for category in CATEGORIES if category in model.model_fields)


def encode(
    event: Event, *, author: UUID, stream: UUID, who: Who, person: UUID | None, keys: Keys
) -> Prepared:
    """The stored bytes of `event` and their hash; seals what is personal under `person`'s keys.

    Raises:
        Refused: `not_normalised`, `too_long`: what could be written, but never be read again.
    """
    facts = event.model_dump(mode="json", exclude={"effective_on"})
    personal = []
    for category in CATEGORIES:
        part = facts.pop(category, None)
        if part is None:
            continue
        if person is None:
            raise ValueError(f"{event.TOPIC} has a personal part but its stream has no person")
        personal.append(_seal(part, category, event.TOPIC, author, stream, keys, person))
    body = _readable(
        {
            "v": VERSION,
            "author": str(author),
            "stream": str(stream),
            "topic": event.TOPIC,
            "effective_on": event.effective_on.isoformat(),
            "who": _who_facts(who),
            "salt": os.urandom(16).hex(),
            "facts": facts,
            "personal": personal,
        }
    )
    return Prepared(stream, event, body, hashing.entry_hash(body))


def _readable(document: dict[str, Any]) -> bytes:
    """Canonical bytes, held to the limits of whoever reads them."""
    body = canonical.dumps(document)
    if len(body) > MAX_BYTES:
        raise Refused("too_long", f"an entry of {len(body)} bytes is larger than {MAX_BYTES}")
    if not body.isascii() and not is_normalized("NFC", body.decode()):
        raise Refused(
            "not_normalised",
            "a text is not in Unicode normalisation form C",
            suggestion="send composed letters (NFC), as every keyboard writes them",
        )
    return body


@lru_cache(maxsize=1024)
def _who_facts(who: Who) -> dict[str, Any]:
    # Dumped once for the thousands of entries that one batch records; never changed.
    return who.model_dump(mode="json")


def _seal(
    part: dict[str, Any],
    category: Category,
    topic: str,
    author: UUID,
    stream: UUID,
    keys: Keys,
    person: UUID,
) -> dict[str, str]:
    key = keys.key_for(person, category)
    nonce, ciphertext = aead.encrypt(
        key.key, _readable(part), _associated(author, stream, topic, key.id)
    )
    return {
        "category": category,
        "key_id": str(key.id),
        "commitment": key.commitment.hex(),
        "nonce": nonce.hex(),
        "ciphertext": ciphertext.hex(),
    }


def _associated(author: UUID, stream: UUID, topic: str, key_id: UUID) -> bytes:
    return f"hocba.personal/1\0{author}\0{stream}\0{topic}\0{key_id}".encode()


_strictly = partial(canonical.loads, max_bytes=MAX_BYTES)


def decode(body: bytes) -> Envelope:
    """Reads stored bytes strictly.

    Raises:
        MalformedBytes: they are not an envelope of a version known here (without a position:
            whoever reads the log adds it).
    """
    return _decoded(body, _strictly)


def reread(body: bytes, entry_hash: bytes) -> Envelope:
    """Reads bytes out of a log. They were read strictly before they were stored, and their hash
    kept (`verify` does it again): where it is the same, so are they.

    Raises:
        MalformedBytes: as `decode` does, and where the hash is another.
    """
    found = _decoded(body, canonical.reread)
    if hashing.entry_hash(body) != entry_hash:
        raise MalformedBytes("its hash is not that of its bytes")
    return found


def facts_of(body: bytes, entry_hash: bytes) -> dict[str, Any]:
    """The facts alone of bytes out of a log, where a class's marks are hashed by the thousand.

    Raises:
        MalformedBytes: as `reread` does.
    """
    if hashing.entry_hash(body) != entry_hash:
        raise MalformedBytes("its hash is not that of its bytes")
    try:
        facts: dict[str, Any] = canonical.reread(body)["facts"]
    except (CanonicalError, KeyError, TypeError) as error:
        raise MalformedBytes(f"not an entry's stored bytes: {type(error).__name__}") from error
    return facts


def _decoded(body: bytes, parse: Callable[[bytes], Any]) -> Envelope:
    try:
        raw = parse(body)
        if raw["v"] != VERSION:
            raise MalformedBytes(f"envelope version {raw['v']!r} is not known here")
        if not (isinstance(raw["facts"], dict) and isinstance(raw["topic"], str)):
            raise TypeError("facts are an object, a topic is text")
        return Envelope(
            author=_uuid(raw["author"]),
            stream=_uuid(raw["stream"]),
            topic=raw["topic"],
            effective_on=date.fromisoformat(raw["effective_on"]),
            who=_who(raw["who"]),
            facts=raw["facts"],
            personal={
                item["category"]: Sealed(
                    key_id=item["key_id"],
                    commitment=item["commitment"],
                    nonce=item["nonce"],
                    ciphertext=item["ciphertext"],
                )
                for item in raw["personal"]
            },
        )
    except (CanonicalError, ValidationError, KeyError, TypeError, ValueError) as error:
        raise MalformedBytes(f"not an entry's stored bytes: {type(error).__name__}") from error


_uuid = lru_cache(maxsize=4096)(UUID)
"""A page of entries names few streams and one author."""


_WHO_FIELDS = len(Who.model_fields)


def _who(raw: dict[str, Any]) -> Who:
    """Few accounts write many entries: each is validated once."""
    provenance = raw["provenance"]
    if len(raw) != _WHO_FIELDS or not isinstance(provenance, dict):
        return Who.model_validate(raw)
    return _who_of(raw["recorded_by"], raw["on_behalf_of"], tuple(provenance.items()))


@lru_cache(maxsize=1024)
def _who_of(recorded_by: Any, on_behalf_of: Any, provenance: tuple[tuple[str, Any], ...]) -> Who:
    known = {"recorded_by": recorded_by, "on_behalf_of": on_behalf_of}
    return Who.model_validate({**known, "provenance": dict(provenance)})


def unseal(
    sealed: Sealed, *, author: UUID, stream: UUID, topic: str, keys: ReadingKeys
) -> dict[str, Any] | None:
    """A personal part in clear; None where its key was destroyed (the person was erased).

    Raises:
        WrongKey: a key is held under this id, but it is not the one committed to.
    """
    key = keys.key(sealed.key_id)
    if key is None:
        return None
    if key.commitment.hex() != sealed.commitment:
        raise WrongKey(str(sealed.key_id), "it is not the key the entry commits to")
    try:
        clear = aead.decrypt(
            key.key,
            bytes.fromhex(sealed.nonce),
            bytes.fromhex(sealed.ciphertext),
            _associated(author, stream, topic, sealed.key_id),
        )
    except SealError as error:
        raise WrongKey(str(sealed.key_id), "the ciphertext does not open") from error
    part: dict[str, Any] = canonical.loads(clear)
    return part
