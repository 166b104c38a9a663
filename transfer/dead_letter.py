"""What could not be read, and what was given up: kept within limits, so that a person can look.

Anybody with an account can send what nobody can read. Of each sender so many are kept, and of each
so many bytes; what comes beyond is counted and thrown away.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final, Literal
from uuid import UUID

from ledger.database import Connection
from ledger.queries import queries
from transfer.errors import CheckFailed
from transfer.office import Office

_SQL = queries("transfer", "transfer.sql")
MOST_DEAD: Final = 100
"""Dead messages kept of one sender: with `MOST_BYTES` at most 90 MB."""
MOST_BYTES: Final = 900 * 1024
MOST_LISTED: Final = 1000
NOBODY: Final = UUID(int=0)
"""Stands where an unreadable message names no sender or case."""

Reason = Literal["max_deliveries", "terminated"]


def keep(office: Office, data: bytes, *, sender: UUID | None, failure: CheckFailed) -> None:
    """Keeps what no check could get past the first steps of, under its digest."""
    digest = sha256(data).digest()
    with office.ledger.database.connection() as connection:
        connection.execute(
            _SQL["put_seen"],
            {
                "sender": sender or NOBODY,
                "message": UUID(bytes=digest[:16]),
                "case": NOBODY,
                "kind": "unknown",
                "sha": digest,
                "frame": data[:MOST_BYTES],
                "state": "dead",
                "detail": f"{failure.step} {failure.code}",
                "most": MOST_DEAD,
            },
        )


def note_given_up(
    office: Office,
    *,
    stream: str,
    consumer: str,
    sequence: int,
    kind: Reason,
    deliveries: int,
    reason: str | None,
) -> None:
    """Notes that a delivery was given up (`max_deliveries`) or ended (`terminated`), once."""
    noted = {
        "stream": stream,
        "consumer": consumer,
        "sequence": sequence,
        "kind": kind,
        "deliveries": deliveries,
        "reason": reason,
    }
    with office.ledger.database.connection() as connection:
        connection.execute(_SQL["put_given_up"], noted)


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A delivery that came to nothing, with our message where it was one of ours.

    `consumer` names whose it was; our own message goes out again until it is answered.
    """

    stream: str
    consumer: str
    sequence: int
    kind: Reason
    deliveries: int
    reason: str | None
    noted_at: datetime
    message: UUID | None
    case: UUID | None
    message_kind: str | None


def given_up(connection: Connection, *, account: str) -> list[GivenUp]:
    """What was given up, the newest first, at most `MOST_LISTED`; `account` is our own."""
    named = {"own": f"HB_{account}", "limit": MOST_LISTED}
    return [GivenUp(*row) for row in connection.execute(_SQL["given_up"], named).fetchall()]


@dataclass(frozen=True, slots=True)
class Failed:
    """A message of ours that cannot be sealed or sent, and why."""

    message: UUID
    case: UUID
    kind: str
    reason: str | None


def failed(connection: Connection) -> list[Failed]:
    """Our messages that failed for ever, the oldest first."""
    return [Failed(*row) for row in connection.execute(_SQL["failed"]).fetchall()]
