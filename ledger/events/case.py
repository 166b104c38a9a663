"""Facts of one transfer's conversation, as one side sees it. The pupil's own facts
(`Released`, `TransferAccepted`) stand in the pupil's stream; here stands who said what when."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from ledger.event import Code, Event, Frozen, Note, Sealed, StreamKind

Decision = Literal["accepted", "rejected"]
Applicant = Literal["parent", "guardian", "pupil", "school"]


class IdentityClaim(Frozen):
    """What the requester says of the pupil, for a person at the origin to compare. Personal."""

    full_name: str
    birth_date: str
    sex: str
    identifiers: tuple[tuple[str, str], ...]


class Application(Frozen):
    """Who applies, with what papers, and in their words why. Personal."""

    applicant_name: str
    documents: tuple[str, ...]
    text: str | None


class ApplicationReceived(Event):
    """A family applies to a school of this ledger (Đơn xin chuyển trường) on `effective_on`.

    `from_ledger` is None where the history is on paper or abroad; `ground` says in a code why
    the pupil moves. `law` is the text in force that day (`ledger.transfer_law`).
    """

    TOPIC: ClassVar[str] = "ledger.ApplicationReceived.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    pupil: UUID
    from_ledger: UUID | None
    school_code: Code
    first_day: date
    applicant: Applicant
    ground: Code
    law: str
    due_on: date | None
    statutory: Application | Sealed


class ApplicationDecided(Event):
    """The head of the school applied to agrees or refuses (Đồng ý / Từ chối tiếp nhận).

    `number` is that of the written decision; a refusal gives its reason as a code, and in words
    in `statutory`.
    """

    TOPIC: ClassVar[str] = "ledger.ApplicationDecided.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    decision: Literal["agreed", "refused"]
    number: Code
    reason: Code | None
    statutory: Note | Sealed | None


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


class IdentityConfirmed(Event):
    """A person compared the two records and said: this is the pupil (Đúng học sinh này).

    `differs` names the fields that were shown as different.
    """

    TOPIC: ClassVar[str] = "ledger.IdentityConfirmed.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    pupil: UUID
    differs: tuple[str, ...]


class TransferHeld(Event):
    """Nothing is released or accepted here until the hold is lifted (Tạm dừng theo văn bản số …).

    `document` is the number of the paper that orders it.
    """

    TOPIC: ClassVar[str] = "ledger.TransferHeld.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    document: Code
    statutory: Note | Sealed | None


class HoldLifted(Event):
    """The hold ended by another paper, `document`."""

    TOPIC: ClassVar[str] = "ledger.HoldLifted.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    document: Code


class ReturnOffered(Event):
    """An accepted transfer is undone by a new one back to where the record came from.

    `returns` is the transfer undone; `their_pupil` the pupil's id there.
    """

    TOPIC: ClassVar[str] = "ledger.ReturnOffered.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    returns: UUID
    pupil: UUID
    to_ledger: UUID
    their_pupil: UUID | None
    reason: Code


class ReturnReceived(Event):
    """A record that this ledger gave away in `returns` comes back unasked, as `pupil`."""

    TOPIC: ClassVar[str] = "ledger.ReturnReceived.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    returns: UUID
    pupil: UUID
    from_ledger: UUID
    their_pupil: UUID


class MoveRequested(Event):
    """A pupil is to move to `school_code` from another school of this ledger, on `effective_on`.

    `from_school` is where the pupil is; `class_code` the class that waits for the pupil, if any.
    """

    TOPIC: ClassVar[str] = "ledger.MoveRequested.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    pupil: UUID
    from_school: Code
    school_code: Code
    class_code: Code | None


class MoveConsented(Event):
    """The school left lets the pupil go to another school of this ledger."""

    TOPIC: ClassVar[str] = "ledger.MoveConsented.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID


class LeftForPaper(Event):
    """A pupil went where no ledger is, to a school on paper or abroad; `statutory` says where.

    `last_day` is the last day at `school_code`. The record stays here.
    """

    TOPIC: ClassVar[str] = "ledger.LeftForPaper.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    pupil: UUID
    school_code: Code
    last_day: date
    abroad: bool
    statutory: Note | Sealed


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


class RecallAsked(Event):
    """The origin asks for the record back (Thu hồi hồ sơ): the receiver answers with the one
    decision it has made, or rejects now."""

    TOPIC: ClassVar[str] = "ledger.RecallAsked.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    reason: Code
    statutory: Note | Sealed | None


class RecallReceived(Event):
    """The origin recalled what it sent (or is about to send) in this transfer."""

    TOPIC: ClassVar[str] = "ledger.RecallReceived.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    from_ledger: UUID
    reason: Code


class CancelReceived(Event):
    """The receiver withdrew what it asked for, before it had anything; custody is where it was.

    It may overtake the request, and opens the case then.
    """

    TOPIC: ClassVar[str] = "ledger.CancelReceived.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    to_ledger: UUID
    reason: Code


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


class MessageReissued(Event):
    """A message of ours could not be read on the other side and goes out anew as `issue`."""

    TOPIC: ClassVar[str] = "ledger.MessageReissued.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    kind: Code
    issue: int
    code: Code


class DossierDisclosed(Event):
    """What was released or received in this transfer is shown to an inspector, unsealed.

    `sha256` (hex) is the digest of the file; `statutory` names the inspector.
    """

    TOPIC: ClassVar[str] = "ledger.DossierDisclosed.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    sha256: str
    statutory: Note | Sealed


class PeerRestored(Event):
    """The other side was restored from a backup and speaks as `incarnation`: what it sent before
    and is not here yet is refused. `issue` is that of a dossier sent again, sealed to its ledger
    key, because it may have lost the key of its request; None where none is.
    """

    TOPIC: ClassVar[str] = "ledger.PeerRestored.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    incarnation: int
    issue: int | None


class CaseRestored(Event):
    """A transfer as the other side knows it, after this ledger lost its own entries about it.

    `bound` is a decision of our own that `told_by` has on record: it is never made otherwise.
    `pupil` is ours where it is known here, None where a person has to say who it is.
    """

    TOPIC: ClassVar[str] = "ledger.CaseRestored.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CASE

    case: UUID
    told_by: UUID
    side: Literal["origin", "receiver"]
    state: Literal["requested", "declined", "released", "received", "accepted", "rejected"]
    bound: Decision | None
    pupil: UUID | None
    their_pupil: UUID | None
    school_code: str | None
    first_day: date | None
    root: str | None
    digest: str | None
    issue: int
    returns: UUID | None
    reason: str | None


EVENTS: tuple[type[Event], ...] = (
    ApplicationReceived,
    ApplicationDecided,
    IdentityConfirmed,
    TransferHeld,
    HoldLifted,
    ReturnOffered,
    ReturnReceived,
    RecallAsked,
    RecallReceived,
    CancelReceived,
    TransferRequested,
    RequestReceived,
    MoveRequested,
    MoveConsented,
    LeftForPaper,
    CaseReleased,
    RequestDeclined,
    DossierReceived,
    ProblemNoted,
    DossierReissued,
    ReceiptReceived,
    CaseDecided,
    DecisionReceived,
    MessageReissued,
    DossierDisclosed,
    PeerRestored,
    CaseRestored,
)
