"""Where a recovery stands: whom it waits for, what is outstanding, what people have to settle."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledger.case import Case
from ledger.queries import queries
from transfer.asking import others, recovering
from transfer.cases import all_cases
from transfer.office import Office
from transfer.restoration import BLOCKING

_SQL = queries("transfer", "recovery.sql")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a recovery to one ledger, and where it stands; the findings of an answer stand
    until the next one."""

    ask: UUID
    ledger: UUID
    parts: int
    last: int | None
    findings: tuple[tuple[str, str], ...]
    ruling: str | None
    asked_at: datetime
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a recovery stands. `waiting_for` are ledgers that have not told everything,
    `outstanding` transfers whose dossier or supplement is awaited, `blocked` what only people can
    settle."""

    incarnation: int
    ended: bool
    waiting_for: tuple[UUID, ...]
    outstanding: tuple[UUID, ...]
    blocked: tuple[tuple[str, str], ...]
    listed: tuple[tuple[str, str], ...]
    asked: tuple[Asked, ...]


def progress(office: Office, incarnation: int) -> Progress:
    """Where a recovery stands."""
    with office.ledger.database.connection() as connection:
        rows = connection.execute(_SQL["asks_of"], {"incarnation": incarnation}).fetchall()
        cases = all_cases(connection)
        under_way = recovering(connection)
    asked = tuple(
        Asked(
            ask=row[0],
            ledger=row[1],
            parts=len(row[3]),
            last=row[4],
            findings=tuple((code, about) for code, about in row[5]),
            ruling=row[6],
            asked_at=row[7],
            answered_at=row[8],
        )
        for row in rows
    )
    ruled = {one.ledger for one in asked if one.ruling is not None}
    told = {one.ledger for one in asked if one.answered_at is not None}
    open_ = {one.ledger for one in asked if one.answered_at is None} - ruled
    missing = {ledger for ledger in others(office) if ledger not in told}
    findings = {
        finding
        for one in asked
        if one.answered_at is not None and one.ledger not in ruled
        for finding in one.findings
    }
    return Progress(
        incarnation=incarnation,
        ended=under_way is None or under_way[0] != incarnation,
        waiting_for=tuple(sorted(missing | open_)),
        outstanding=tuple(case.id for case in cases if _is_outstanding(case, ruled)),
        blocked=tuple(sorted(f for f in findings if f[0] in BLOCKING)),
        listed=tuple(sorted(f for f in findings if f[0] not in BLOCKING)),
        asked=asked,
    )


def _is_outstanding(case: Case, ruled: set[UUID]) -> bool:
    """What was accepted before must be here again, and what was decided about proposals; a person
    may still have to say who it is."""
    needs_person = case.state == "received" and case.pupil is None
    if not needs_person and not ruled.issuperset(case.owing):
        return True
    if case.bound != "accepted" or case.other in ruled:
        return False
    return awaits_dossier(case) or (case.state == "received" and case.pupil is not None)


def newest(office: Office) -> Progress | None:
    """Where the newest recovery stands, ended or not; None where there never was one."""
    with office.ledger.database.connection() as connection:
        row = connection.execute(_SQL["newest_recovery"]).fetchone()
    return None if row is None or row[0] is None else progress(office, row[0])


def awaits_dossier(case: Case) -> bool:
    """Whether we accepted it before, and its dossier is not here again."""
    return case.bound == "accepted" and case.state in ("requested", "problem")
