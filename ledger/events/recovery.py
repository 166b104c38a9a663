"""Facts about the log itself: it was restored from a backup, and goes on as a new incarnation."""

from typing import ClassVar

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


EVENTS: tuple[type[Event], ...] = (RecoveryBegun, RecoveryEnded)
