"""Facts about staff, and about the accounts through which people act."""

from datetime import date, datetime
from typing import ClassVar, Literal

from ledger.event import Code, Event, Frozen, Note, Sealed, StreamKind

IdentityStatus = Literal["unchecked", "matched", "mismatched", "missing"]


class StaffProfile(Frozen):
    """Who a member of staff is. Personal."""

    full_name: str
    birth_date: str | None
    sex: str | None
    personal_id: str | None


class StaffRegistered(Event):
    """A member of staff belongs to `unit_code` from `effective_on`."""

    TOPIC: ClassVar[str] = "ledger.StaffRegistered.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.STAFF

    code: Code
    unit_code: Code | None
    level: str | None
    role: str | None
    statutory: StaffProfile | Sealed


class StaffChanged(Event):
    """The same facts, others from `effective_on`."""

    TOPIC: ClassVar[str] = "ledger.StaffChanged.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.STAFF

    unit_code: Code | None
    level: str | None
    role: str | None
    statutory: StaffProfile | Sealed


class StaffIdentityChecked(Event):
    """The population database's answer about a member of staff."""

    TOPIC: ClassVar[str] = "ledger.StaffIdentityChecked.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.STAFF

    status: IdentityStatus
    checked_at: datetime | None
    statutory: Note | Sealed | None


class Remedy(Frozen):
    """What is done about an identity case: the remedy (biện pháp), and what came of it."""

    remedy: str | None
    note: str | None


IdentityOutcome = Literal["open", "mended", "confirmed", "given_up"]
"""Where an identity case stands; confirmed: the data was right, the other database is mended."""


class StaffIdentityFollowedUp(Event):
    """What was found out about a failed identity check, and what is done by when.

    `cause` is a code of the list of causes, `responsible` a staff code; `due_on` the day by
    which it is to be settled (thời gian dự kiến hoàn thành).
    """

    TOPIC: ClassVar[str] = "ledger.StaffIdentityFollowedUp.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.STAFF

    cause: Code
    due_on: date | None
    responsible: Code | None
    outcome: IdentityOutcome
    statutory: Remedy | Sealed | None


class AccountOpened(Event):
    """An account may be used from `effective_on`."""

    TOPIC: ClassVar[str] = "ledger.AccountOpened.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.ACCOUNT

    name: Code
    staff_code: Code | None


class RoleGranted(Event):
    """An account holds `role` over `unit_code` (None: the whole ledger) from `effective_on`."""

    TOPIC: ClassVar[str] = "ledger.RoleGranted.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.ACCOUNT

    role: str
    unit_code: Code | None


EVENTS: tuple[type[Event], ...] = (
    StaffRegistered,
    StaffChanged,
    StaffIdentityChecked,
    StaffIdentityFollowedUp,
    AccountOpened,
    RoleGranted,
)
