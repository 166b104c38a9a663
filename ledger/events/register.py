"""Facts of the ministry: what its custody register was told, and its arbiter's rulings.

Nothing here names a pupil: `token` (64 hexadecimal digits) is keyed with a key that the ministry
does not hold, and is dead once that key is destroyed.
"""

from typing import ClassVar
from uuid import UUID

from ledger.event import Code, Event, StreamKind
from ledger.events.ministry import RegisterEvent


class CustodyTold(Event):
    """A ledger told the register what happened to custody in `transfer`; in the token's stream.

    `told_by` is one of the two ledgers, and `root` (hex) that of the release.
    """

    TOPIC: ClassVar[str] = "ledger.CustodyTold.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.REGISTER

    token: str
    transfer: UUID
    from_ledger: UUID
    to_ledger: UUID
    root: str | None
    told: RegisterEvent
    told_by: UUID


class RulingCounted(Event):
    """A ruling about `transfer` stands in the register too; in the token's stream."""

    TOPIC: ClassVar[str] = "ledger.RulingCounted.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.REGISTER

    token: str
    transfer: UUID
    custodian: UUID


class TransferNamed(Event):
    """The register was first told of `transfer` under `token`; in the transfer's stream."""

    TOPIC: ClassVar[str] = "ledger.TransferNamed.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.REGISTER

    transfer: UUID
    token: str


class RulingIssued(Event):
    """The arbiter ruled that `custodian` has custody; in the transfer's stream.

    `number` is that of the paper, `ground` why in a code, `sha256` (hex) of what was signed.
    """

    TOPIC: ClassVar[str] = "ledger.RulingIssued.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.REGISTER

    transfer: UUID
    origin: UUID
    receiver: UUID
    custodian: UUID
    number: Code
    ground: Code
    sha256: str


EVENTS: tuple[type[Event], ...] = (CustodyTold, RulingCounted, TransferNamed, RulingIssued)
