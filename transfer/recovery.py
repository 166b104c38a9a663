"""Coming back from a restore (Khôi phục): asking everybody, putting back, being let out.

    begin      a new incarnation; every ledger of the trust bundle is asked what it knows
               (what comes is taken in by `parts`: lost entries are put back)
    advance    whole answers are worked in, dossiers asked for again, what was accepted before is
               accepted by rule; at the end the fence is lifted

Each step is one transaction and can be done again. What one ledger tells is compared with our own
log alone; `restoration` decides what to make of it.
"""

from collections.abc import Sequence
from datetime import datetime
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
from transfer import acceptance, clock, inbox, supplement_restoration
from transfer.asking import ask, ask_in_pages, named, others, recovering, wanted
from transfer.cases import Write, all_cases, answered
from transfer.certificate import verify_certificate
from transfer.comparing import compare
from transfer.errors import CaseRefused, CheckFailed
from transfer.office import Office
from transfer.parts import findings_json
from transfer.recovery_state import Progress, awaits_dossier, progress
from transfer.restoration import BLOCKING
from transfer.statement import StatedCase

_SQL = queries("transfer", "recovery.sql")


def begin(office: Office, *, who: Who) -> int:
    """Begins a new incarnation of a ledger that was restored, and asks everybody; returns its
    number. A recovery that is under way goes on: who has not answered is asked again. Restored
    once more to a backup made during one, the ledger begins another.

    Raises:
        Conflict: `not_fenced`, nothing is to be recovered.
    """
    kept = office.notary.witnessed()
    spoken = kept.incarnation(office.notary.origin) if kept is not None else 0
    incarnation = 0

    def decide(reader: Reader) -> Plan:
        nonlocal incarnation
        under_way = recovering(reader.connection)
        if (
            under_way is not None
            and under_way[0] == reader.incarnation >= spoken
            and not _lost_again(office, reader)
        ):
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
        ask(plan, others(office), incarnation, since)
        return plan

    _require_fenced(office)
    done = office.ledger.desk.run(decide, who=who, recovery=True)
    with office.ledger.database.connection() as connection:
        office.notary.checkpoint(connection)
    if done.appended == 0:
        _ask_again(office, incarnation, who)
    return incarnation


def _lost_again(office: Office, reader: Reader) -> bool:
    try:
        office.notary.check_witness(reader.connection)
    except Conflict as conflict:
        if conflict.code != "forked":
            raise
        return True
    return False


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


def advance(office: Office, *, who: Who) -> Progress | None:
    """Does everything that can be done now; where a recovery is under way, how far it is.

    Call it after mail was taken in. It does nothing, at the price of two questions to the
    database, where nothing was asked.
    """
    with office.ledger.database.connection() as connection:
        whole = connection.execute(_SQL["whole"]).fetchall()
        under_way = recovering(connection)
    for question, ledger, incarnation, _ in whole:
        _work_in(office, question, ledger, incarnation, who)
    if under_way is None:
        return None
    incarnation, _ = under_way
    with office.ledger.database.connection() as connection:
        bound = [case for case in all_cases(connection) if case.bound == "accepted"]
    for case in bound:
        if case.state == "received":
            _accept_by_rule(office, case, who)
    _ask_for_dossiers(office, [case for case in bound if awaits_dossier(case)], who)
    found = progress(office, incarnation)
    if found.waiting_for or found.outstanding or found.blocked:
        return found
    if supplement_restoration.restore(office, who=who):
        return progress(office, incarnation)
    _undo_rejected(office, who)
    _end(office, found, who)
    return progress(office, incarnation)


def _work_in(
    office: Office, question: UUID, teller: UUID, incarnation: int | None, who: Who
) -> None:
    """A whole answer: what it tells of each transfer is compared with our log."""

    def decide(reader: Reader) -> Plan:
        rows = reader.connection.execute(_SQL["statements"], {"ask": question}).fetchall()
        told = [StatedCase.model_validate(row[0]) for row in rows]
        plan = Plan()
        findings = [] if incarnation is None else compare(office, reader, plan, teller, told)
        plan.extra.append(answered(question, ["reconcile"]))
        done = {"ask": question, "findings": findings_json(findings)}
        plan.extra.append(named("put_answered", done))
        for name in ("drop_older_statements", "drop_older_findings", "drop_older_asks"):
            plan.extra.append(named(name, {"ask": question, "ledger": teller}))
        return plan

    office.ledger.desk.run(decide, who=who, recovery=True)


def _accept_by_rule(office: Office, case: Case, who: Who) -> None:
    """What this ledger accepted before it was restored it accepts again: the other side has
    closed the transfer. Where the dossier fails now, or nothing tells which pupil it is, the case
    stays open."""
    pupil = case.pupil or _accepted_into(office, case.id)
    if pupil is None:
        return
    try:
        report = inbox.reopen(office, case.id)
        acceptance.accept(
            office,
            case.id,
            report,
            pupil=pupil,
            remark=None,
            today=clock.today(),
            who=who,
            recovery=True,
        )
    except (CaseRefused, CheckFailed):
        return


def _accepted_into(office: Office, case: UUID) -> UUID | None:
    """The record whose own stream says that it took the transfer in: that entry came back."""
    with office.ledger.database.connection() as connection:
        named = {"ledger": office.ledger.id, "case": str(case)}
        row = connection.execute(_SQL["accepted_into"], named).fetchone()
    return row[0] if row is not None else None


def _ask_for_dossiers(
    office: Office, cases: Sequence[Case], who: Who, *, again: bool = False
) -> None:
    """Asks for each dossier that is missing: once, and when a person says `again`."""

    def decide(reader: Reader) -> Plan:
        under_way = recovering(reader.connection)
        plan = Plan()
        if under_way is None:
            return plan
        known = set() if again else wanted(reader.connection, under_way[0])
        missing: dict[UUID, list[UUID]] = {}
        for case in cases:
            if case.id not in known:
                missing.setdefault(case.other, []).append(case.id)
        for ledger, found in missing.items():
            ask_in_pages(plan, ledger, under_way, found)
        return plan

    if cases:
        office.ledger.desk.run(decide, who=who, recovery=True)


def _ask_again(office: Office, incarnation: int, who: Who) -> None:
    """Who has not answered is reminded; who told what people had to settle is asked anew, and so
    is for every dossier that is still missing."""
    with office.ledger.database.connection() as connection:
        connection.execute(_SQL["ask_again"])
        missing = [case for case in all_cases(connection) if awaits_dossier(case)]
    _ask_for_dossiers(office, missing, who, again=True)
    supplement_restoration.ask_again(office, who=who)
    settled = [
        one.ledger
        for one in progress(office, incarnation).asked
        if one.answered_at is not None and any(code in BLOCKING for code, _ in one.findings)
    ]

    def decide(reader: Reader) -> Plan:
        under_way = recovering(reader.connection)
        plan = Plan()
        if under_way is not None:
            ask(plan, dict.fromkeys(settled), *under_way)
        return plan

    if settled:
        office.ledger.desk.run(decide, who=who, recovery=True)


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
        return Plan(extra=[named("put_ruling", {**ruled, "ruling": dead.number})])

    office.ledger.desk.run(decide, who=who, recovery=True)


def _undo_rejected(office: Office, who: Who) -> None:
    """A release that came back after its transfer was known to have ended in a rejection, by a
    ruling that was quicker, is undone once more."""

    def decide(reader: Reader) -> Plan:
        named = {"ledger": reader.ledger}
        rows = reader.connection.execute(_SQL["released_pupils"], named).fetchall()
        plan = Plan()
        for pupil, case_id in rows:
            case = reader.case(case_id)
            if case is not None and (case.side, case.state) == ("origin", "rejected"):
                reader.pupils([pupil])
                undone = ReleaseUndone(effective_on=clock.today(), case=case_id)
                plan.add(pupil_ref(reader, pupil), [undone])
        return plan

    office.ledger.desk.run(decide, who=who, recovery=True)


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
        plan.extra.append(named("end_recovery", {"incarnation": found.incarnation}))
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
