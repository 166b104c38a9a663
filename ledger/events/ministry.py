"""What the ministry has to do with one transfer, as a party of the transfer notes it in its case:
the arbiter's ruling, and the custody register."""

from typing import ClassVar, Literal
from uuid import UUID

from ledger.event import Code, Event, StreamKind

RegisterEvent = Literal["released", "returned", "accepted", "rejected"]
"""What the custody register is told: by the origin the first two, by the receiver the others."""


class RulingReceived(Event):
    """The arbiter's signed ruling: `custodian`, one of the two ledgers, has custody.

    It may come before anything else of the transfer, and opens the case then. `sha256` (hex) is
    of what the arbiter signed.
    """

    TOPIC: ClassVar[str] = "ledger.RulingReceived.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    side: Literal["origin", "receiver"]
    other_ledger: UUID
    custodian: UUID
    number: Code
    sha256: str


class RulingDisputed(Event):
    """A second, different ruling about one transfer came: it moves nothing, a person must ask."""

    TOPIC: ClassVar[str] = "ledger.RulingDisputed.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    custodian: UUID
    number: Code
    sha256: str


class RegisterAsked(Event):
    """The custody register at the ministry is told what happened to custody here."""

    TOPIC: ClassVar[str] = "ledger.RegisterAsked.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    told: RegisterEvent


class RegisterAnswered(Event):
    """The custody register's answer; a conflict names another transfer and another ledger."""

    TOPIC: ClassVar[str] = "ledger.RegisterAnswered.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    answer: Literal["recorded", "conflict"]
    other_transfer: UUID | None
    other_ledger: UUID | None


EVENTS: tuple[type[Event], ...] = (
    RulingReceived,
    RulingDisputed,
    RegisterAsked,
    RegisterAnswered,
)
