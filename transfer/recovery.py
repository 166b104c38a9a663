"""Coming back from a restore (Khôi phục): asking everybody, putting back, being let out.

    begin      a new incarnation; every ledger of the trust bundle is asked what it knows
               (what comes is taken in by `parts`: lost entries are put back)
    advance    whole answers are worked in, dossiers asked for again, what was accepted before is
               accepted by rule; at the end the fence is lifted

Each step is one transaction and can be done again. What one ledger tells is compared with our own
log alone; `restoration` decides what to make of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ledger import log
from ledger.case import Case
from ledger.database import Connection
from ledger.errors import Conflict
from ledger.event import StreamKind, Who
from ledger.events.pupil import ReleaseUndone
from ledger.events.recovery import RecoveryBegun, RecoveryEnded
from ledger.ids import uuid7
from ledger.plan import Plan
from ledger.queries import queries
from ledger.reader import Reader
from ledger.registration import pupil_ref
from transfer import acceptance, clock, inbox
from transfer.acceptances import is_ours
from transfer.cases import (
    Write,
    all_cases,
    answered,
    case_ref,
    decide_once,
    message,
    person_of,
)
from transfer.certificate import verify_certificate
from transfer.errors import CaseRefused, CheckFailed
from transfer.office import Office
from transfer.parts import findings_json
from transfer.putting_back import released_cases
from transfer.restoration import BLOCKING, Finding, Restoration, restore_case
from transfer.statement import WANTS_IN_ASK, StatedCase

_SQL = queries("transfer", "recovery.sql")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a recovery to one ledger, and where it stands."""

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
    `outstanding` transfers whose dossier is awaited, `blocked` what only people can settle."""

    incarnation: int
    ended: bool
    waiting_for: tuple[UUID, ...]
    outstanding: tuple[UUID, ...]
    blocked: tuple[tuple[str, str], ...]
    listed: tuple[tuple[str, str], ...]
    asked: tuple[Asked, ...]


def others(office: Office) -> list[UUID]:
    """Every other ledger of the trust bundles, in their order; the ministry is no side of any
    transfer, and is not asked."""
    ministry = office.trust.ministry()
    left_out = {office.ledger.id} | ({ministry.id} if ministry is not None else set())
    known = [led.id for bundle in office.trust.bundles() for led in bundle.ledgers]
    return [ledger for ledger in dict.fromkeys(known) if ledger not in left_out]


def begin(office: Office, *, who: Who) -> int:
    """Begins a new incarnation of a ledger that was restored, and asks everybody; returns its
    number. A recovery that is under way goes on: who has not answered is asked again.

    Raises:
        Conflict: `not_fenced`, nothing is to be recovered.
    """
    kept = office.notary.witnessed()
    spoken = kept.incarnation(office.notary.origin) if kept is not None else 0
    incarnation = 0

    def decide(reader: Reader) -> Plan:
        nonlocal incarnation
        under_way = recovering(reader.connection)
        if under_way is not None and under_way[0] == reader.incarnation >= spoken:
            incarnation = reader.incarnation
            return Plan()
        incarnation = max(reader.incarnation, spoken) + 1
        newest = log.recorded_at(reader.connection, reader.size - 1)
        since = min(newest, under_way[1]) if under_way is not None else newest
        begun = RecoveryBegun(
            effective_on=clock.today(),
            incarnation=incarnation,
            signed_size=kept.size if kept is not None else 0,
            signed_root=kept.root.hex() if kept is not None else None,
        )
        plan = Plan()
        plan.add(reader.ref(reader.ledger, StreamKind.LEDGER), [begun])
        plan.extra.append(_begin(incarnation, since, begun.signed_size))
        _ask(plan, others(office), incarnation, since, wants=())
        return plan

    _require_fenced(office)
    done = office.ledger.desk.run(decide, who=who, recovery=True)
    with office.ledger.database.connection() as connection:
        office.notary.checkpoint(connection)
    if done.appended == 0:
        _ask_again(office, who)
    return incarnation


def _require_fenced(office: Office) -> None:
    fence = office.ledger.desk.fence
    with office.ledger.database.connection() as connection:
        if fence is None or fence.standing(connection).state == "open":
            raise Conflict("not_fenced", "nothing is missing here: there is nothing to recover")


def _begin(incarnation: int, since: datetime, signed_size: int) -> Write:
    def write(connection: Connection, first: int) -> None:
        del first
        connection.execute(_SQL["raise_incarnation"], {"incarnation": incarnation})
        connection.execute(_SQL["end_abandoned"])
        connection.execute(
            _SQL["begin_recovery"],
            {"incarnation": incarnation, "since": since, "signed_size": signed_size},
        )
        connection.execute(_SQL["renew_outbox"])

    return write


def _ask(
    plan: Plan,
    ledgers: Iterable[UUID],
    incarnation: int | None,
    since: datetime | None,
    *,
    wants: Sequence[UUID],
) -> None:
    for ledger in ledgers:
        ask = uuid7()
        content: dict[str, Any] = {"asks": True, "wants": [str(case) for case in wants]}
        if since is not None:
            content["since"] = since.isoformat()
        plan.outgoing.append(message(ask, ledger, "reconcile", content=content))
        asked = {"ask": ask, "ledger": ledger, "incarnation": incarnation, "since": since}
        plan.extra.append(_named("put_ask", {**asked, "wants": list(wants)}))


def _named(name: str, parameters: dict[str, Any]) -> Write:
    def write(connection: Connection, first: int) -> None:
        del first
        connection.execute(_SQL[name], parameters)

    return write


def recovering(connection: Connection) -> tuple[int, datetime] | None:
    """The recovery under way: its incarnation, and the instant after which entries were lost."""
    row: tuple[int, datetime] | None = connection.execute(_SQL["recovering"]).fetchone()
    return row


def ask_for_report(office: Office, ledgers: Sequence[UUID], *, who: Who) -> None:
    """Asks ledgers for their newest statement, for the reconciliation report; one that has not
    answered yet is not asked another time."""

    def decide(reader: Reader) -> Plan:
        asked = {row[0] for row in reader.connection.execute(_SQL["open_report_asks"]).fetchall()}
        plan = Plan()
        _ask(plan, [led for led in ledgers if led not in asked], None, None, wants=())
        return plan

    office.ledger.desk.run(decide, who=who)


def ask_daily(office: Office, *, who: Who) -> None:
    """Asks for the report every ledger that was not asked within a day; an agent calls it as often
    as it likes. A ledger that is fenced asks nobody."""
    with office.ledger.database.connection() as connection:
        fence = office.ledger.desk.fence
        if fence is not None and fence.standing(connection).state != "open":
            return
        lately = {row[0] for row in connection.execute(_SQL["asked_lately"]).fetchall()}
    due = [ledger for ledger in others(office) if ledger not in lately]
    if due:
        ask_for_report(office, due, who=who)


def advance(office: Office, *, who: Who) -> Progress | None:
    """Does everything that can be done now; where a recovery is under way, how far it is.

    Call it after mail was taken in. It does nothing, at the price of two questions to the
    database, where nothing was asked.
    """
    with office.ledger.database.connection() as connection:
        whole = connection.execute(_SQL["whole"]).fetchall()
        under_way = recovering(connection)
    for ask, ledger, incarnation, _ in whole:
        _work_in(office, ask, ledger, incarnation, who)
    if under_way is None:
        return None
    incarnation, _ = under_way
    with office.ledger.database.connection() as connection:
        bound = [case for case in all_cases(connection) if case.bound == "accepted"]
    for case in bound:
        if case.state == "received" and case.pupil is not None:
            _accept_by_rule(office, case, who)
    _ask_for_dossiers(office, [case for case in bound if _awaits_dossier(case)], who)
    found = progress(office, incarnation)
    if found.waiting_for or found.outstanding or found.blocked:
        return found
    _end(office, found, who)
    return progress(office, incarnation)


def _awaits_dossier(case: Case) -> bool:
    return case.bound == "accepted" and case.state in ("requested", "problem")


def _work_in(office: Office, ask: UUID, teller: UUID, incarnation: int | None, who: Who) -> None:
    """A whole answer: what it tells of each transfer is compared with our log."""

    def decide(reader: Reader) -> Plan:
        rows = reader.connection.execute(_SQL["statements"], {"ask": ask}).fetchall()
        told = [StatedCase.model_validate(row[0]) for row in rows]
        plan = Plan()
        findings = [] if incarnation is None else _compare(office, reader, plan, teller, told)
        plan.extra.append(answered(ask, ["reconcile"]))
        done = {"ask": ask, "findings": findings_json(findings)}
        plan.extra.append(_named("put_answered", done))
        for name in ("drop_older_statements", "drop_older_asks"):
            plan.extra.append(_named(name, {"ask": ask, "ledger": teller}))
        return plan

    office.ledger.desk.run(decide, who=who, recovery=True)


def _compare(
    office: Office, reader: Reader, plan: Plan, teller: UUID, told: Sequence[StatedCase]
) -> list[Finding]:
    ours = {t.their_pupil for t in told if t.their_pupil is not None}
    connection = reader.connection
    rows = connection.execute(
        _SQL["owned_persons"], {"ids": list(ours), "ledger": reader.ledger}
    ).fetchall()
    pupils = {row[0] for row in rows}
    releases = released_cases(connection, pupils)
    findings = []
    wants: list[UUID] = []
    for theirs in told:
        case = reader.case(theirs.case)
        restored = restore_case(
            case,
            theirs,
            teller=teller,
            pupils=pupils,
            releases=releases,
            proven=is_ours(office, theirs, teller),
            today=clock.today(),
        )
        if restored.finding is not None:
            findings.append(restored.finding)
        if restored.wants:
            wants.append(theirs.case)
        if restored.event is not None:
            _restore(reader, plan, case, restored)
    under_way = recovering(connection)
    if under_way is not None:
        asked = _wanted(connection, under_way[0])
        _ask_in_pages(plan, teller, under_way, [case for case in wants if case not in asked])
    return findings


def _ask_in_pages(
    plan: Plan, ledger: UUID, under_way: tuple[int, datetime], wants: Sequence[UUID]
) -> None:
    for start in range(0, len(wants), WANTS_IN_ASK):
        _ask(plan, [ledger], *under_way, wants=wants[start : start + WANTS_IN_ASK])


def _restore(reader: Reader, plan: Plan, case: Case | None, restored: Restoration) -> None:
    event = restored.event
    assert event is not None
    person = person_of(case) if case is not None else event.pupil or event.their_pupil
    plan.add(case_ref(reader, event.case, person), [event])
    if restored.undo_release and event.pupil is not None:
        pupil = reader.pupils([event.pupil])[event.pupil]
        if pupil is not None and pupil.released is not None and pupil.released[0] == event.case:
            undone = ReleaseUndone(effective_on=clock.today(), case=event.case)
            plan.add(pupil_ref(reader, event.pupil), [undone])
    if restored.decision is not None:
        known = reader.connection.execute(_DECISION, {"case": event.case}).fetchone()
        if known is None:
            plan.extra.append(decide_once(event.case, restored.decision, uuid7()))
    if event.state in ("accepted", "rejected", "declined"):
        plan.extra.append(answered(event.case, ["request", "dossier", "recall", "problem"]))


_DECISION = queries("transfer", "transfer.sql")["decision"]


def _accept_by_rule(office: Office, case: Case, who: Who) -> None:
    """What this ledger accepted before it was restored it accepts again: the other side has
    closed the transfer. Where the dossier fails now, the case stays open."""
    try:
        report = inbox.reopen(office, case.id)
        acceptance.accept(
            office,
            case.id,
            report,
            pupil=case.pupil,
            remark=None,
            today=clock.today(),
            who=who,
            recovery=True,
        )
    except (CaseRefused, CheckFailed):
        return


def _ask_for_dossiers(
    office: Office, cases: Sequence[Case], who: Who, *, again: bool = False
) -> None:
    """Asks for each dossier that is missing: once, and when a person says `again`."""

    def decide(reader: Reader) -> Plan:
        under_way = recovering(reader.connection)
        plan = Plan()
        if under_way is None:
            return plan
        wanted = {} if again else _wanted(reader.connection, under_way[0])
        missing: dict[UUID, list[UUID]] = {}
        for case in cases:
            if case.id not in wanted:
                missing.setdefault(case.other, []).append(case.id)
        for ledger, found in missing.items():
            _ask_in_pages(plan, ledger, under_way, found)
        return plan

    if cases:
        office.ledger.desk.run(decide, who=who, recovery=True)


def _wanted(connection: Connection, incarnation: int) -> set[UUID]:
    rows = connection.execute(_SQL["asks_of"], {"incarnation": incarnation}).fetchall()
    return {case for row in rows for case in row[2]}


def _ask_again(office: Office, who: Who) -> None:
    with office.ledger.database.connection() as connection:
        connection.execute(_SQL["ask_again"])
        missing = [case for case in all_cases(connection) if _awaits_dossier(case)]
    _ask_for_dossiers(office, missing, who, again=True)


def leave_out(office: Office, ledger: UUID, certificate: bytes, *, who: Who) -> None:
    """Goes on without a ledger that the arbiter certified dead (Chứng nhận không thể đối chiếu).

    Raises:
        CheckFailed: the certificate does not hold, or is of another ledger or recovery.
        Conflict: `not_recovering`.
    """
    dead = verify_certificate(certificate, office.trust)

    def decide(reader: Reader) -> Plan:
        under_way = recovering(reader.connection)
        if under_way is None:
            raise Conflict("not_recovering", "no recovery is under way; run `hocba recover`")
        said = (dead.dead, dead.restored, dead.incarnation)
        if said != (ledger, reader.ledger, under_way[0]):
            raise CheckFailed(
                7, "wrong_addressee", "the certificate is of another ledger or another recovery"
            )
        rows = reader.connection.execute(_SQL["asks_of"], {"incarnation": under_way[0]}).fetchall()
        if any(row[1] == ledger and row[6] is not None for row in rows):
            return Plan()
        ruled = {"ask": uuid7(), "ledger": ledger, "incarnation": under_way[0]}
        return Plan(extra=[_named("put_ruling", {**ruled, "ruling": dead.number})])

    office.ledger.desk.run(decide, who=who, recovery=True)


def progress(office: Office, incarnation: int) -> Progress:
    """Where a recovery stands."""
    with office.ledger.database.connection() as connection:
        rows = connection.execute(_SQL["asks_of"], {"incarnation": incarnation}).fetchall()
        bound = [case for case in all_cases(connection) if case.bound == "accepted"]
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
    findings = {f for one in asked if one.ledger not in ruled for f in one.findings}
    return Progress(
        incarnation=incarnation,
        ended=under_way is None or under_way[0] != incarnation,
        waiting_for=tuple(sorted(missing | open_)),
        outstanding=tuple(case.id for case in bound if _is_outstanding(case, ruled)),
        blocked=tuple(sorted(f for f in findings if f[0] in BLOCKING)),
        listed=tuple(sorted(f for f in findings if f[0] not in BLOCKING)),
        asked=asked,
    )


def _is_outstanding(case: Case, ruled: set[UUID]) -> bool:
    """What was accepted before must be here again; a person may still have to say who it is."""
    if case.other in ruled:
        return False
    return _awaits_dossier(case) or (case.state == "received" and case.pupil is not None)


def _end(office: Office, found: Progress, who: Who) -> None:
    """Everybody has told: the fence is lifted, by an entry."""
    ruled = tuple((str(one.ledger), one.ruling) for one in found.asked if one.ruling is not None)

    def decide(reader: Reader) -> Plan:
        under_way = recovering(reader.connection)
        if under_way is None or under_way[0] != found.incarnation:
            return Plan()
        connection = reader.connection
        row = connection.execute(_SQL["begun_at_position"], {"ledger": reader.ledger}).fetchone()
        start = {"ledger": reader.ledger, "start": row[0] if row else 0}
        count = connection.execute(_SQL["restored_entries"], start).fetchone()
        ended = RecoveryEnded(
            effective_on=clock.today(),
            incarnation=found.incarnation,
            restored=count[0] if count else 0,
            ruled=ruled,
        )
        plan = Plan()
        plan.add(reader.ref(reader.ledger, StreamKind.LEDGER), [ended])
        plan.extra.append(_named("end_recovery", {"incarnation": found.incarnation}))
        return plan

    office.ledger.desk.run(decide, who=who, recovery=True)
    with office.ledger.database.connection() as connection:
        office.notary.checkpoint(connection)


def adopt(office: Office) -> None:
    """Takes the log as it stands for the one that was told, where the guard was lost and a person
    is certain that the database was not restored.

    Raises:
        Conflict: `not_adoptable`, a guard is here; `forked` and the like.
    """
    if office.notary.witnessed() is not None:
        raise Conflict("not_adoptable", "the newest checkpoint is here; there is nothing to adopt")
    with office.ledger.database.connection() as connection:
        office.notary.checkpoint(connection)


def newest(office: Office) -> Progress | None:
    """Where the newest recovery stands, ended or not; None where there never was one."""
    with office.ledger.database.connection() as connection:
        row = connection.execute(_SQL["newest_recovery"]).fetchone()
    return None if row is None or row[0] is None else progress(office, row[0])
