"""Facts about supplements: what came after a release, sent on and decided about, in the stream of
its transfer's case."""

from typing import ClassVar, Literal
from uuid import UUID

from ledger.event import Code, Event, StreamKind

SupplementOutcome = Literal["decided", "moved_to", "failed"]


class SupplementSent(Event):
    """What this ledger proposed since it gave the record up goes to who has it now (Hồ sơ bổ sung).

    `number` rises within the case; `proposals` are all that are open, in the order written. `via`
    is the transfer by which `to_ledger` took the pupil in where it is no party of this one.
    """

    TOPIC: ClassVar[str] = "ledger.SupplementSent.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    number: int
    to_ledger: UUID
    via: UUID | None
    proposals: tuple[UUID, ...]


class SupplementReceived(Event):
    """A supplement came and passed its checks; a person decides about its proposals.

    `pupil` is ours, `their_pupil` the author's own; `payload_sha256` (hex) as for a dossier.
    """

    TOPIC: ClassVar[str] = "ledger.SupplementReceived.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    number: int
    author: UUID
    pupil: UUID
    their_pupil: UUID
    message: str
    payload_sha256: str
    proposals: tuple[UUID, ...]


class SupplementAnswered(Event):
    """The answer to a supplement, told or heard: decided, gone on to who has the pupil, or failed.

    `code` is that of the failed check. What was decided stands in the pupil's stream.
    """

    TOPIC: ClassVar[str] = "ledger.SupplementAnswered.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    number: int
    outcome: SupplementOutcome
    code: Code | None


class MovedOn(Event):
    """The other side says that it passed the pupil on to `to_ledger`, by the transfer `via`."""

    TOPIC: ClassVar[str] = "ledger.MovedOn.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    to_ledger: UUID
    via: UUID


class SupplementAwaited(Event):
    """After a restore: this ledger had decided about proposals of `author`, and lost it. They come
    again, with what it said under its own seal, and are decided as they were."""

    TOPIC: ClassVar[str] = "ledger.SupplementAwaited.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    author: UUID
    proposals: tuple[UUID, ...]


class AwaitedSupplementCame(Event):
    """Awaited proposals are here again, with what this ledger said of them, as far as their author
    can show it; a person decides about the others."""

    TOPIC: ClassVar[str] = "ledger.AwaitedSupplementCame.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    author: UUID
    proposals: tuple[UUID, ...]


EVENTS: tuple[type[Event], ...] = (
    SupplementSent,
    SupplementReceived,
    SupplementAnswered,
    MovedOn,
    SupplementAwaited,
    AwaitedSupplementCame,
)
