"""Staff and accounts: state and `evolve`. What is personal stays sealed in the entries."""

from datetime import date

from ledger.event import Event, Frozen
from ledger.events.pupil import IdentityFollowedUp
from ledger.events.staff import (
    AccountOpened,
    IdentityOutcome,
    RoleGranted,
    StaffChanged,
    StaffIdentityChecked,
    StaffIdentityFollowedUp,
    StaffRegistered,
)


class FollowUp(Frozen):
    """Where a failed identity check stands; what is personal about it stays sealed."""

    cause: str
    due_on: date | None
    responsible: str | None
    outcome: IdentityOutcome
    on: date


class Staff(Frozen):
    """What the rules need to know of a member of staff."""

    code: str
    unit: str | None
    level: str | None
    role: str | None
    identity: str = "unchecked"
    identity_on: date | None = None
    follow_up: FollowUp | None = None


class Account(Frozen):
    """Who may act: an account and the roles it holds (role, unit or None for all)."""

    name: str
    staff: str | None
    roles: tuple[tuple[str, str | None], ...] = ()


def evolve(staff: Staff | None, event: Event, version: int) -> Staff:
    """The member of staff after `event`."""
    del version
    match event:
        case StaffRegistered():
            return Staff(code=event.code, unit=event.unit_code, level=event.level, role=event.role)
        case _ if staff is None:
            raise ValueError(f"{event.TOPIC} before the member of staff was registered")
        case StaffChanged():
            return staff.model_copy(
                update={"unit": event.unit_code, "level": event.level, "role": event.role}
            )
        case StaffIdentityChecked():
            if staff.identity_on is not None and staff.identity_on > event.effective_on:
                return staff
            return staff.model_copy(
                update={"identity": event.status, "identity_on": event.effective_on}
            )
        case StaffIdentityFollowedUp():
            if staff.follow_up is not None and staff.follow_up.on > event.effective_on:
                return staff
            return staff.model_copy(update={"follow_up": followed_up(event)})
        case _:
            return staff


def followed_up(event: StaffIdentityFollowedUp | IdentityFollowedUp) -> FollowUp:
    """The case as it stands after `event`."""
    return FollowUp(
        cause=event.cause,
        due_on=event.due_on,
        responsible=event.responsible,
        outcome=event.outcome,
        on=event.effective_on,
    )


def evolve_account(account: Account | None, event: Event, version: int) -> Account:
    """The account after `event`."""
    del version
    match event:
        case AccountOpened():
            return Account(name=event.name, staff=event.staff_code)
        case _ if account is None:
            raise ValueError(f"{event.TOPIC} before the account was opened")
        case RoleGranted():
            return account.model_copy(
                update={"roles": (*account.roles, (event.role, event.unit_code))}
            )
        case _:
            return account
