"""Facts of one transfer's conversation, as one side sees it. The pupil's own facts
(`Released`, `TransferAccepted`) stand in the pupil's stream; here stands who said what when."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from ledger.event import Code, Event, Frozen, Note, Sealed, StreamKind

Decision = Literal["accepted", "rejected"]


class IdentityClaim(Frozen):
    """What the requester says of the pupil, for a person at the origin to compare. Personal."""

    full_name: str
    birth_date: str
    sex: str
    identifiers: tuple[tuple[str, str], ...]


class TransferRequested(Event):
    """This ledger asked `from_ledger` for a pupil's history. `effective_on` is the first day.

    `encryption_key` (base64) is the one-time HPKE public key the answer is sealed to.
    """

    TOPIC: ClassVar[str] = "ledger.TransferRequested.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    from_ledger: UUID
    pupil: UUID
    school_code: Code
    encryption_key: str
    statutory: IdentityClaim | Sealed


class RequestReceived(Event):
    """`to_ledger` asks this ledger for a pupil's history; no pupil of ours is confirmed yet."""

    TOPIC: ClassVar[str] = "ledger.RequestReceived.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    to_ledger: UUID
    their_pupil: UUID
    school_code: Code
    encryption_key: str
    statutory: IdentityClaim | Sealed


class CaseReleased(Event):
    """A person confirmed which pupil it is and released; see `Released` in the pupil's stream."""

    TOPIC: ClassVar[str] = "ledger.CaseReleased.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    pupil: UUID
    to_ledger: UUID
    last_day: date | None
    root: str
    digest: str


class RequestDeclined(Event):
    """The origin will not release, for one of the four reasons it may have."""

    TOPIC: ClassVar[str] = "ledger.RequestDeclined.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    reason: Literal["not_our_pupil", "already_released", "identity_unconfirmed", "under_hold"]
    moved_to: UUID | None


class DossierReceived(Event):
    """A dossier came and passed every check; its content waits for a person's acceptance.

    `payload_sha256` (hex) is the digest of the signed payload: sameness is judged by it.
    """

    TOPIC: ClassVar[str] = "ledger.DossierReceived.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    from_ledger: UUID
    their_pupil: UUID
    message: str
    payload_sha256: str
    root: str
    digest: str
    entries: int


class ProblemNoted(Event):
    """A message failed at a numbered step: it moves nothing and wants a re-issue."""

    TOPIC: ClassVar[str] = "ledger.ProblemNoted.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    message: str
    step: int
    code: str
    direction: Literal["sent", "received"]


class DossierReissued(Event):
    """The origin sends the same release again, sealed anew."""

    TOPIC: ClassVar[str] = "ledger.DossierReissued.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    issue: int


class ReceiptReceived(Event):
    """The receiver holds the dossier (Giấy biên nhận)."""

    TOPIC: ClassVar[str] = "ledger.ReceiptReceived.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    payload_sha256: str


class CaseDecided(Event):
    """The receiver's one decision about a transfer, written here by the receiver itself."""

    TOPIC: ClassVar[str] = "ledger.CaseDecided.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    decision: Decision
    pupil: UUID | None
    digest: str | None
    reason: str | None
    statutory: Note | Sealed | None


class DecisionReceived(Event):
    """The receiver's signed decision reached the origin: the case is closed here."""

    TOPIC: ClassVar[str] = "ledger.DecisionReceived.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    decision: Decision
    digest: str | None
    reason: str | None


EVENTS: tuple[type[Event], ...] = (
    TransferRequested,
    RequestReceived,
    CaseReleased,
    RequestDeclined,
    DossierReceived,
    ProblemNoted,
    DossierReissued,
    ReceiptReceived,
    CaseDecided,
    DecisionReceived,
)
