"""Facts about a pupil: identity, identifiers, enrolment, status, release and acceptance."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from ledger.event import Code, Event, Frozen, Note, Sealed, StreamKind
from ledger.events.staff import IdentityOutcome, IdentityStatus, Remedy

EnrolmentKind = Literal[
    "start", "mid_year", "transfer_in", "return", "intake", "class_change", "provisional"
]
StatusKind = Literal[
    "leave", "withdraw", "transfer_out", "abroad", "suspend", "resume", "complete", "deceased"
]
IdentifierKind = Literal[
    "local", "personal_id", "moet", "passport", "visa", "birth_certificate", "temporary"
]


class Place(Frozen):
    """A place as on the paper, with its code where one is known."""

    text: str | None
    code: str | None


class PupilProfile(Frozen):
    """Who a pupil is: what the law requires the record to hold. Personal.

    `birth_date` is YYYY, YYYY-MM or YYYY-MM-DD; `sex` is nam, nu or khac.
    """

    full_name: str
    sort_name: str | None
    birth_date: str
    sex: str
    ethnicity: str | None
    nationality: str | None
    birth_place: Place
    home_town: Place
    residence: Place
    father_name: str | None
    mother_name: str | None
    guardian_name: str | None
    disability: str | None
    policy_category: str | None
    register_number: str | None


class PupilContacts(Frozen):
    """What is kept with the family's consent only. Personal."""

    guardian_phone: str


class Identifier(Frozen):
    """One number or key of a pupil. Personal. `issuer` is the source of a local key."""

    kind: IdentifierKind
    value: str
    issuer: str | None


class PupilRegistered(Event):
    """A pupil's record begins, under the sender's own key."""

    TOPIC: ClassVar[str] = "ledger.PupilRegistered.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL

    pupil_id: UUID
    statutory: PupilProfile | Sealed
    voluntary: PupilContacts | Sealed | None


class PupilDetailsChanged(Event):
    """The profile as it is known from now on (a correction, or a change of residence)."""

    TOPIC: ClassVar[str] = "ledger.PupilDetailsChanged.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL

    statutory: PupilProfile | Sealed
    voluntary: PupilContacts | Sealed | None


class IdentifierAssigned(Event):
    """A pupil bears an identifier from `effective_on` until `valid_to` (exclusive)."""

    TOPIC: ClassVar[str] = "ledger.IdentifierAssigned.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL

    kind: IdentifierKind
    valid_to: date | None
    statutory: Identifier | Sealed


class IdentityChecked(Event):
    """The population database's answer about a pupil."""

    TOPIC: ClassVar[str] = "ledger.IdentityChecked.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL

    status: IdentityStatus
    checked_at: datetime | None
    statutory: Note | Sealed | None


class IdentityConflictFound(Event):
    """Something about this pupil's numbers cannot be: recorded, shown, never a refusal.

    `code` names the trouble (number_of_another_pupil, number_contradicts_sex, …); `other` is
    the other pupil where there is one.
    """

    TOPIC: ClassVar[str] = "ledger.IdentityConflictFound.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL

    code: str
    other: UUID | None


class IdentifierEnded(Event):
    """A pupil bears an identifier no longer from `effective_on` on."""

    TOPIC: ClassVar[str] = "ledger.IdentifierEnded.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL

    kind: IdentifierKind
    statutory: Identifier | Sealed


class IdentifierRestated(Event):
    """A pupil who is on record with an identifier bears it also on the days from `effective_on`
    until `valid_to` (exclusive): a longer time than was known, or once again."""

    TOPIC: ClassVar[str] = "ledger.IdentifierRestated.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL

    kind: IdentifierKind
    valid_to: date | None
    statutory: Identifier | Sealed


class IdentityFollowedUp(Event):
    """What was found out about a failed identity check, and what is done by when.

    Fields as in `StaffIdentityFollowedUp`.
    """

    TOPIC: ClassVar[str] = "ledger.IdentityFollowedUp.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL

    cause: Code
    due_on: date | None
    responsible: Code | None
    outcome: IdentityOutcome
    statutory: Remedy | Sealed | None


class ConfirmedDistinct(Event):
    """This pupil and `other` are two persons, a person confirmed ("hai người khác nhau")."""

    TOPIC: ClassVar[str] = "ledger.ConfirmedDistinct.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL

    other: UUID
    statutory: Note | Sealed


class Measurement(Frozen):
    """Growth and eyes on one day. Decimals are strings; `position` is lying or standing."""

    height_cm: str | None
    weight_kg: str | None
    position: Literal["lying", "standing"] | None
    vision_left: str | None
    vision_right: str | None
    findings: str | None
    notes: str | None


class HealthMeasured(Event):
    """A pupil was measured and examined on `effective_on`. Health is personal."""

    TOPIC: ClassVar[str] = "ledger.HealthMeasured.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL

    statutory: Measurement | Sealed


class PresenceConfirmed(Event):
    """Whether a child still comes, month by month (YYYY-MM); last seen where it does not."""

    TOPIC: ClassVar[str] = "ledger.PresenceConfirmed.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL

    class_code: Code
    month: str
    present: bool
    last_seen_on: date | None


class ChangeRetracted(Event):
    """An enrolment or change of status was a mistake: it never counted.

    `retracts` is the version, in this stream, of the entry taken back.
    """

    TOPIC: ClassVar[str] = "ledger.ChangeRetracted.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL

    retracts: int
    statutory: Note | Sealed


class PupilLinked(Event):
    """This record and `other` (a record of this or another ledger) are one pupil.

    `case` is the transfer that says so; a person who says so gives the reason instead.
    """

    TOPIC: ClassVar[str] = "ledger.PupilLinked.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL

    other: UUID
    other_ledger: UUID
    case: UUID | None
    statutory: Note | Sealed | None


class PupilUnlinked(Event):
    """The link to `other` was wrong."""

    TOPIC: ClassVar[str] = "ledger.PupilUnlinked.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL

    other: UUID
    statutory: Note | Sealed


class PupilEnrolled(Event):
    """A pupil is at `school_code` from `effective_on`; `class_code` is the homeroom, if any.

    `grade` is the pupil's own (a class may mix grades). `case` names the transfer for a
    provisional stay ("Học tạm - chờ hồ sơ").
    """

    TOPIC: ClassVar[str] = "ledger.PupilEnrolled.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL

    kind: EnrolmentKind
    school_code: Code
    class_code: Code | None
    school_year: str
    grade: int
    programme: str
    statutory: Note | Sealed | None


class SectionJoined(Event):
    """A pupil sits in a course section from `effective_on` until `until` (exclusive)."""

    TOPIC: ClassVar[str] = "ledger.SectionJoined.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL

    school_code: Code
    class_code: Code
    school_year: str
    until: date | None


class PupilStatusChanged(Event):
    """A pupil leaves, pauses, resumes or completes on `effective_on`."""

    TOPIC: ClassVar[str] = "ledger.PupilStatusChanged.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL

    kind: StatusKind
    school_code: Code
    reason_code: str | None
    statutory: Note | Sealed | None


class Released(Event):
    """Custody of this pupil's record goes to `to_ledger`: this ledger writes only proposals now.

    `root` (hex) is the RFC 6962 root over the records of this ledger's own pupil and pupil-year
    entries before this one, in position order; `streams` counts them per stream (id, last
    version); `digest` is the released transcript digest folded from them on `effective_on`.
    `last_day` is the pupil's last day here (inclusive); None where there was no enrolment.
    """

    TOPIC: ClassVar[str] = "ledger.Released.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL

    case: UUID
    to_ledger: UUID
    to_school: Code | None
    root: str
    entries: int
    streams: tuple[tuple[UUID, int], ...]
    digest: str
    last_day: date | None


class ReleaseUndone(Event):
    """The receiver rejected: custody is here again, the leaving never counted."""

    TOPIC: ClassVar[str] = "ledger.ReleaseUndone.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL

    case: UUID


class CustodyRuled(Event):
    """The arbiter ruled who has custody of what was released in `case` (Phán quyết).

    At the origin it is written where custody comes back: the release is undone, and the leaving
    never counted. At the receiver where custody goes: the arrival is provisional again, and
    `custodian` has the record.
    """

    TOPIC: ClassVar[str] = "ledger.CustodyRuled.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL

    case: UUID
    custodian: UUID


class TransferAccepted(Event):
    """This ledger has the history and takes custody; what it covers counts from here on.

    `covered` are the releases on the pupil's way, the first one first, each as the streams it
    covers with the last version of each; `root` and `digest` are those of the last release,
    checked; `sender_pupil` is the id under which the sender knows the pupil.
    """

    TOPIC: ClassVar[str] = "ledger.TransferAccepted.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL

    case: UUID
    from_ledger: UUID
    sender_pupil: UUID
    root: str
    digest: str
    covered: tuple[tuple[tuple[UUID, int], ...], ...]


class PapersAccepted(Event):
    """A school of this ledger takes the pupil in without a dossier: the history is on paper, or
    in this ledger already. A provisional stay counts as `transfer_in` from its own first day."""

    TOPIC: ClassVar[str] = "ledger.PapersAccepted.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL

    case: UUID


class SupplementDecided(Event):
    """What became of proposals of `author` (Hồ sơ bổ sung): the accepted ones count from here on.

    Written by the ledger that has custody, and again by the author when the answer reaches it.
    `refused` are (proposal, reason). `number` is the newest supplement looked at; 0: its own.
    """

    TOPIC: ClassVar[str] = "ledger.SupplementDecided.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL

    case: UUID
    author: UUID
    number: int
    accepted: tuple[UUID, ...]
    refused: tuple[tuple[UUID, Code], ...]


EVENTS: tuple[type[Event], ...] = (
    PupilRegistered,
    PupilDetailsChanged,
    IdentifierAssigned,
    IdentityChecked,
    IdentityConflictFound,
    IdentifierEnded,
    IdentifierRestated,
    IdentityFollowedUp,
    ConfirmedDistinct,
    HealthMeasured,
    PresenceConfirmed,
    ChangeRetracted,
    PupilLinked,
    PupilUnlinked,
    PupilEnrolled,
    SectionJoined,
    PupilStatusChanged,
    Released,
    ReleaseUndone,
    CustodyRuled,
    TransferAccepted,
    PapersAccepted,
    SupplementDecided,
)
