"""An entry's record: what of it the tree covers beside its bytes, and the leaf made of it.

Pure, without a database: a verifier needs no more of a log than this.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from signing import canonical, hashing


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a verbatim copy stands in its author's log; of an own entry that was lost and put back
    after a restore, where it first stood."""

    position: int
    recorded_at: datetime


def record(
    *, ledger: UUID, stream: UUID, version: int, topic: str, origin: Origin, entry_hash: bytes
) -> dict[str, str | int]:
    """What of an entry the tree covers beside its bytes: {origin ledger, stream, version, topic,
    origin position, origin recorded_at, entry_hash}."""
    return {
        "ledger": _text(ledger),
        "stream": _text(stream),
        "version": version,
        "topic": topic,
        "position": origin.position,
        "recorded_at": instant_text(origin.recorded_at),
        "entry_hash": entry_hash.hex(),
    }


def canonical_record(
    *, ledger: UUID, stream: UUID, version: int, topic: str, origin: Origin, entry_hash: str
) -> str:
    """The canonical JSON of `record`, several times faster (a property test holds them together);
    `entry_hash` in hexadecimal."""
    return (
        f'{{"entry_hash":"{entry_hash}","ledger":"{_text(ledger)}","position":{origin.position},'
        f'"recorded_at":"{instant_text(origin.recorded_at)}","stream":"{_text(stream)}",'
        f'"topic":{_quoted(topic)},"version":{version}}}'
    )


@lru_cache(maxsize=1024)
def _quoted(topic: str) -> str:
    return canonical.dumps(topic).decode()


_text = lru_cache(maxsize=4096)(str)
"""A page of entries names few streams and one ledger."""


def own_leaf(recorded_at: datetime, canonical_of_record: str) -> bytes:
    """The same leaf as `leaf` gives, of what `canonical_record` gives."""
    instant = instant_text(recorded_at)
    return hashing.leaf_hash(
        f'{{"record":{canonical_of_record},"recorded_at":"{instant}"}}'.encode()
    )


def leaf(recorded_at: datetime, entry_record: dict[str, Any]) -> bytes:
    """The Merkle leaf of an entry in this log: SHA-256(0x00 canonical{recorded_at, record})."""
    return hashing.leaf_hash(
        canonical.dumps({"recorded_at": instant_text(recorded_at), "record": entry_record})
    )


def instant_text(instant: datetime) -> str:
    """An instant in UTC with microseconds: 2025-01-15T03:00:00.000000Z."""
    # Years of four digits, as the database and the transfer have them; strftime is far slower.
    text = instant.isoformat(timespec="microseconds")
    if not text.endswith("+00:00"):
        text = instant.astimezone(UTC).isoformat(timespec="microseconds")
    return text[:-6] + "Z"
