"""Holding a case by a document ("Tạm dừng theo văn bản số …"): a dispute, a court, the police.

A hold stops what this side would do next, releasing and accepting. It moves nothing, and the
other side's messages are taken in as ever.
"""

from collections.abc import Callable
from datetime import date
from uuid import UUID

from ledger.case import Case
from ledger.event import Event, Note, Who
from ledger.events.case import HoldLifted, TransferHeld
from ledger.plan import Plan
from ledger.reader import Reader
from transfer.cases import case_ref, person_of, require_case
from transfer.errors import CaseRefused
from transfer.office import Office

OVER = ("accepted", "rejected", "declined", "refused")


def hold(
    office: Office, case_id: UUID, *, document: str, words: str | None, on: date, who: Who
) -> None:
    """Stops a case here until it is lifted. Raises CaseRefused where the case is over, or held by
    another document already."""

    def events(case: Case) -> list[Event]:
        if case.held == document:
            return []
        if case.state in OVER:
            raise CaseRefused(f"the case is {case.state}; there is nothing to hold")
        require_free(case)
        note = Note(text=words) if words else None
        return [TransferHeld(effective_on=on, case=case.id, document=document, statutory=note)]

    _append(office, case_id, events, who)


def lift(office: Office, case_id: UUID, *, document: str, on: date, who: Who) -> None:
    """Ends a hold by another paper; nothing where there is none."""

    def events(case: Case) -> list[Event]:
        if case.held is None:
            return []
        return [HoldLifted(effective_on=on, case=case.id, document=document)]

    _append(office, case_id, events, who)


def require_free(case: Case) -> None:
    """Raises CaseRefused where the case is held here."""
    if case.held is not None:
        raise CaseRefused(
            f"the case is held by document {case.held}; lift the hold by another document first"
        )


def _append(office: Office, case_id: UUID, events: Callable[[Case], list[Event]], who: Who) -> None:
    def decide(reader: Reader) -> Plan:
        case = require_case(reader, case_id)
        plan = Plan()
        plan.add(case_ref(reader, case_id, person_of(case)), events(case))
        return plan

    office.ledger.desk.run(decide, who=who)
