"""What another ledger told, laid beside our own log: each transfer is put back as it is known."""

from collections.abc import Sequence
from uuid import UUID

from ledger.case import Case
from ledger.events.case import CaseRestored
from ledger.events.ministry import RegisterEvent
from ledger.events.pupil import ReleaseUndone
from ledger.ids import uuid7
from ledger.plan import Plan
from ledger.queries import queries
from ledger.reader import Reader
from ledger.registration import pupil_ref
from transfer import clock, register
from transfer.acceptances import is_ours
from transfer.asking import ask_in_pages, recovering, wanted
from transfer.cases import answered, case_ref, decide_once, person_of
from transfer.office import Office
from transfer.putting_back import released_cases
from transfer.restoration import Finding, Restoration, restore_case
from transfer.statement import StatedCase

_SQL = queries("transfer", "recovery.sql")
_DECISION = queries("transfer", "transfer.sql")["decision"]
_OVER = ("accepted", "rejected", "declined")


def compare(
    office: Office, reader: Reader, plan: Plan, teller: UUID, told: Sequence[StatedCase]
) -> list[Finding]:
    """Adds to `plan` what is put back of the transfers that `teller` told, and what is asked for
    again; returns what people have to look at."""
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
            proven=_is_open(case) and is_ours(office, theirs, teller),
            today=clock.today(),
        )
        if restored.finding is not None:
            findings.append(restored.finding)
        if restored.wants:
            wants.append(theirs.case)
        if restored.event is not None:
            _restore(office, reader, plan, case, restored)
    under_way = recovering(connection)
    if under_way is not None:
        asked = wanted(connection, under_way[0])
        ask_in_pages(plan, teller, under_way, [case for case in wants if case not in asked])
    return findings


def _is_open(case: Case | None) -> bool:
    return case is None or case.state not in _OVER


def _restore(
    office: Office, reader: Reader, plan: Plan, case: Case | None, restored: Restoration
) -> None:
    event = restored.event
    assert event is not None
    person = person_of(case) if case is not None else event.pupil or event.their_pupil
    plan.add(case_ref(reader, event.case, person), [event])
    if restored.undo_release and event.pupil is not None:
        pupil = reader.pupils([event.pupil])[event.pupil]
        if pupil is not None and pupil.released is not None and pupil.released[0] == event.case:
            undone = ReleaseUndone(effective_on=clock.today(), case=event.case)
            plan.add(pupil_ref(reader, event.pupil), [undone])
            _tell_register(office, reader, plan, event, "returned")
    if event.side == "origin" and event.state in ("released", "accepted"):
        _tell_register(office, reader, plan, event, "released")
    if restored.decision is not None:
        known = reader.connection.execute(_DECISION, {"case": event.case}).fetchone()
        if known is None:
            plan.extra.append(decide_once(event.case, restored.decision, uuid7()))
    if event.state in _OVER:
        plan.extra.append(answered(event.case, ["request", "dossier", "recall", "problem"]))


def _tell_register(
    office: Office, reader: Reader, plan: Plan, event: CaseRestored, told: RegisterEvent
) -> None:
    """The custody register may not have been told: it writes down once what it is told twice."""
    if event.pupil is not None:
        today = clock.today()
        register.tell(office, reader, plan, event.case, person=event.pupil, told=told, today=today)
