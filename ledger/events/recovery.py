"""Facts about logs themselves: ours or another ledger's was restored from a backup, and goes on as
a new incarnation."""

from typing import ClassVar
from uuid import UUID

from ledger.event import Event, StreamKind


class RecoveryBegun(Event):
    """The log was restored; from here on it speaks as `incarnation`.

    `signed_size` entries had been signed by the lost incarnation (of which `signed_root`, hex, is
    the root). What stands before this entry is what the backup held.
    """

    TOPIC: ClassVar[str] = "ledger.RecoveryBegun.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.LEDGER

    incarnation: int
    signed_size: int
    signed_root: str | None


class RecoveryEnded(Event):
    """Every other ledger has told what it knew, or was certified dead; writing is free again.

    `restored` own entries came back; `ruled` names the ledgers left out, with the number of the
    paper that certifies each.
    """

    TOPIC: ClassVar[str] = "ledger.RecoveryEnded.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.LEDGER

    incarnation: int
    restored: int
    ruled: tuple[tuple[str, str], ...]


class PeerIncarnationHeard(Event):
    """Another ledger was restored and speaks as `incarnation`: what an older one sent is refused.

    An entry, so that a backup made before it does not pass for the whole log once this ledger has
    answered: forgetting it would let a release through that its author has lost.
    """

    TOPIC: ClassVar[str] = "ledger.PeerIncarnationHeard.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.LEDGER

    peer: UUID
    incarnation: int


EVENTS: tuple[type[Event], ...] = (RecoveryBegun, RecoveryEnded, PeerIncarnationHeard)
