"""What a decision wants done: events for streams, and what goes with them, all or nothing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from ledger.database import Connection
from ledger.event import Event, Who
from ledger.recorder import StreamRef


@dataclass(frozen=True, slots=True)
class Copied:
    """A verbatim entry of another ledger: its bytes, hash, version and place in its own log."""

    version: int
    body: bytes
    entry_hash: bytes
    position: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """An event to be appended to a stream; `copied` where it is another ledger's, verbatim."""

    stream: StreamRef
    event: Event
    copied: Copied | None = None
    who: Who | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to be sealed and sent once the draft at `after` is on record."""

    message: UUID
    case: UUID
    receiver: UUID
    kind: str
    issue: int
    content: dict[str, Any]
    after: int = 0


@dataclass(slots=True)
class Plan:
    """What a decision wants done, all or nothing."""

    drafts: list[Draft] = field(default_factory=list)
    lines: list[UUID] = field(default_factory=list)
    lookups: list[tuple[str, UUID, UUID]] = field(default_factory=list)
    outgoing: list[Outgoing] = field(default_factory=list)
    extra: list[Callable[[Connection, int], None]] = field(default_factory=list)
    """Further writes inside the transaction; called with the first position."""

    def add(self, stream: StreamRef, events: Iterable[Event]) -> None:
        """Adds drafts of `events` to `stream`."""
        self.drafts.extend(Draft(stream, event) for event in events)


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a command: the positions it was given (None where nothing was new)."""

    first_position: int | None
    last_position: int | None
    recorded_at: datetime | None
    appended: int


NOTHING = Done(None, None, None, 0)
