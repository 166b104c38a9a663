"""An entry's record: what of it the tree covers beside its bytes, and the leaf made of it.

Pure, without a database: a verifier needs no more of a log than this.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from signing import canonical, hashing


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a verbatim copy stands in its author's log."""

    position: int
    recorded_at: datetime


def record(
    *, ledger: UUID, stream: UUID, version: int, topic: str, origin: Origin, entry_hash: bytes
) -> dict[str, Any]:
    """What of an entry the tree covers beside its bytes: {origin ledger, stream, version, topic,
    origin position, origin recorded_at, entry_hash}."""
    return {
        "ledger": str(ledger),
        "stream": str(stream),
        "version": version,
        "topic": topic,
        "position": origin.position,
        "recorded_at": instant_text(origin.recorded_at),
        "entry_hash": entry_hash.hex(),
    }


def leaf(recorded_at: datetime, entry_record: dict[str, Any]) -> bytes:
    """The Merkle leaf of an entry in this log: SHA-256(0x00 canonical{recorded_at, record})."""
    return hashing.leaf_hash(
        canonical.dumps({"recorded_at": instant_text(recorded_at), "record": entry_record})
    )


def instant_text(instant: datetime) -> str:
    """An instant in UTC with microseconds: 2025-01-15T03:00:00.000000Z."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
