"""Checks against the population database and what is done where one fails: pure decisions."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from uuid import UUID

from ledger import log
from ledger.event import Event, Note
from ledger.events.pupil import IdentityChecked, IdentityFollowedUp
from ledger.events.staff import (
    IdentityOutcome,
    IdentityStatus,
    Remedy,
    StaffIdentityChecked,
    StaffIdentityFollowedUp,
)
from ledger.identifiers import opened
from ledger.reader import Reader

VIETNAM = timezone(timedelta(hours=7))
"""Vietnamese time; it has no summer time."""

Checked = IdentityChecked | StaffIdentityChecked
FollowedUp = IdentityFollowedUp | StaffIdentityFollowedUp
TOPICS = [
    IdentityChecked.TOPIC,
    StaffIdentityChecked.TOPIC,
    IdentityFollowedUp.TOPIC,
    StaffIdentityFollowedUp.TOPIC,
]


@dataclass(frozen=True, kw_only=True, slots=True)
class FollowUpTold:
    """What was found out about a failed check and what is done by when (users, U12)."""

    cause: str
    remedy: str | None
    due_on: date | None
    responsible: str | None
    outcome: IdentityOutcome
    note: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """The database's answer of an instant (None: not known when), and the case made of it."""

    status: IdentityStatus
    checked_at: datetime | None
    note: str | None
    follow_up: FollowUpTold | None


@dataclass(frozen=True, slots=True)
class Past:
    """What is on record of one person: the last answer of each instant (status, note) and the
    case as it stands. An erased text is None."""

    answers: tuple[tuple[datetime | None, tuple[IdentityStatus, str | None]], ...] = ()
    follow_up: FollowUpTold | None = None

    def answer(self, at: datetime | None) -> tuple[IdentityStatus, str | None] | None:
        """The last answer of an instant, None where there is none."""
        return next((told for when, told in reversed(self.answers) if when == at), None)

    def after(self, check: Check) -> "Past":
        """The same once `check` is recorded."""
        answers = (*self.answers, (check.checked_at, (check.status, check.note)))
        return replace(self, answers=answers, follow_up=check.follow_up or self.follow_up)


def vietnamese_day(instant: datetime) -> date:
    """The day of an instant in Vietnam."""
    return instant.astimezone(VIETNAM).date()


def decide_check(past: Past, check: Check, *, staff: bool, since: date) -> list[Event]:
    """The entries for a check: the answer where its instant has no such answer yet, the case
    where anything in it differs. A check without an instant counts from `since` on."""
    on = vietnamese_day(check.checked_at) if check.checked_at else since
    told: list[Event] = []
    if _is_news(past.answer(check.checked_at), check):
        answered = StaffIdentityChecked if staff else IdentityChecked
        told.append(
            answered(
                effective_on=on,
                status=check.status,
                checked_at=check.checked_at,
                statutory=Note(text=check.note) if check.note else None,
            )
        )
    case = check.follow_up
    if case is not None and case != past.follow_up:
        followed = StaffIdentityFollowedUp if staff else IdentityFollowedUp
        words = Remedy(remedy=case.remedy, note=case.note) if case.remedy or case.note else None
        told.append(
            followed(
                effective_on=on,
                cause=case.cause,
                due_on=case.due_on,
                responsible=case.responsible,
                outcome=case.outcome,
                statutory=words,
            )
        )
    return told


def _is_news(answered: tuple[IdentityStatus, str | None] | None, check: Check) -> bool:
    """Whether the answer differs; a check without a note leaves the one on record."""
    if answered is None or answered[0] != check.status:
        return True
    return check.note is not None and check.note != answered[1]


def pasts(reader: Reader, streams: Collection[UUID]) -> dict[UUID, Past]:
    """What is on record under these streams of pupils and staff, opened; each has one."""
    found = {stream: Past() for stream in streams}
    if not found:
        return found
    entries = log.of_streams(reader.connection, list(found), size=reader.size, topics=TOPICS)
    for entry, clear in zip(entries, opened(reader, entries), strict=True):
        past, event, words = found[entry.stream.id], entry.event, clear or {}
        if isinstance(event, Checked):
            told = (event.status, words.get("text"))
            past = replace(past, answers=(*past.answers, (event.checked_at, told)))
        elif isinstance(event, FollowedUp):
            case = FollowUpTold(
                cause=event.cause,
                remedy=words.get("remedy"),
                due_on=event.due_on,
                responsible=event.responsible,
                outcome=event.outcome,
                note=words.get("note"),
            )
            past = replace(past, follow_up=case)
        found[entry.stream.id] = past
    return found
