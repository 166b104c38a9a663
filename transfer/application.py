"""Before anything is asked of another ledger: a family applies, the head of the school decides.

Who decides and by when is the law's of the day of the application (`ledger.transfer_law`).
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from ledger.case import Case
from ledger.errors import Conflict, NotFound, Refused
from ledger.event import Note, Who
from ledger.events.case import (
    Applicant,
    Application,
    ApplicationDecided,
    ApplicationReceived,
)
from ledger.ids import uuid7
from ledger.plan import Plan
from ledger.reader import Reader
from ledger.transfer_law import law_on, require_ground
from transfer.cases import case_ref, cases_about, person_of, require_case
from transfer.errors import CaseRefused
from transfer.office import Office
from transfer.reasons import require_code

OPEN = ("applied", "agreed", "requested", "received", "problem")
"""The states of a receiver's case that is not over."""
MOST_DAYS = 366
"""Between the day of an application and the first day it is for."""
MOVING = ("requested", "released")
"""The states of a move inside the ledger that is not over."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Apply:
    """What a family hands in. `from_ledger` None: the history is on paper or abroad."""

    pupil: UUID
    from_ledger: UUID | None
    school_code: str
    first_day: date
    applied_on: date
    applicant: Applicant
    ground: str
    applicant_name: str
    documents: tuple[str, ...] = ()
    text: str | None = None


def apply(office: Office, command: Apply, *, who: Who) -> UUID:
    """Records an application (Đề nghị tiếp nhận); the same one is returned again.

    Raises:
        NotFound: `unknown_pupil`.
        Refused: `unknown_school`, `unknown_reason`, `day_out_of_range`.
        Conflict: `applied_before`, for another school or first day: that case is still open.
    """
    require_code(command.ground, "moved_house", "family", "health")
    require_near(command.first_day, command.applied_on)
    answer = uuid7()

    def decide(reader: Reader) -> Plan:
        nonlocal answer
        require_pupil_and_school(reader, command.pupil, command.school_code)
        open_case = open_case_of(reader, command.pupil, command.from_ledger)
        if open_case is not None:
            answer = open_case
            _require_same(require_case(reader, open_case), command)
            return Plan()
        law = law_on(command.applied_on)
        received = ApplicationReceived(
            effective_on=command.applied_on,
            case=answer,
            pupil=command.pupil,
            from_ledger=command.from_ledger,
            school_code=command.school_code,
            first_day=command.first_day,
            applicant=command.applicant,
            ground=command.ground,
            law=law.code,
            due_on=law.decision_due(
                command.applied_on, between_provinces=command.from_ledger != reader.ledger
            ),
            statutory=Application(
                applicant_name=command.applicant_name,
                documents=command.documents,
                text=command.text,
            ),
        )
        plan = Plan()
        plan.add(case_ref(reader, answer, command.pupil), [received])
        return plan

    office.ledger.desk.run(decide, who=who)
    return answer


def require_near(first_day: date, today: date) -> None:
    """A first day lies within a year of the day on which it is asked for.

    Raises:
        Refused: `day_out_of_range`.
    """
    if abs((first_day - today).days) > MOST_DAYS:
        raise Refused(
            "day_out_of_range",
            f"the first day {first_day} is more than a year away from {today}",
            field="--first-day",
            suggestion="look at the year; days are written YYYY-MM-DD",
        )


def _require_same(case: Case, command: Apply) -> None:
    known = (case.school_code, case.first_day)
    if case.state == "applied" and known != (command.school_code, command.first_day):
        raise Conflict(
            "applied_before",
            f"the pupil has an open case {case.id}, for {known[0]} from {known[1]}; go on with it, "
            "or end it first (refuse, cancel)",
        )


def decide_application(
    office: Office,
    case_id: UUID,
    *,
    decision: Literal["agreed", "refused"],
    number: str,
    reason: str | None,
    words: str | None,
    on: date,
    who: Who,
) -> None:
    """The head's decision (Đồng ý / Từ chối tiếp nhận) with the number it bears.

    Raises:
        Refused: `reason_missing`, `no_ground`, `unknown_reason`.
        CaseRefused: there is no application to decide.
    """
    if decision == "refused":
        if not reason:
            raise Refused("reason_missing", "a refusal states its reason", field="reason")
        require_ground(require_code(reason, "no_place", "documents_missing"))

    def decide(reader: Reader) -> Plan:
        case = require_case(reader, case_id)
        if case.state == decision:
            return Plan()
        if case.state != "applied":
            raise CaseRefused(f"the case is {case.state}; there is no application to decide")
        decided = ApplicationDecided(
            effective_on=on,
            case=case_id,
            decision=decision,
            number=number,
            reason=reason,
            statutory=Note(text=words) if words else None,
        )
        plan = Plan()
        plan.add(case_ref(reader, case_id, person_of(case)), [decided])
        return plan

    office.ledger.desk.run(decide, who=who)


def require_pupil_and_school(reader: Reader, pupil: UUID, school_code: str) -> None:
    """Raises NotFound(`unknown_pupil`) or Refused(`unknown_school`)."""
    if reader.pupils([pupil])[pupil] is None:
        raise NotFound("unknown_pupil", "no pupil is on record under this key")
    if reader.units([school_code])[school_code] is None:
        raise Refused("unknown_school", f"no school {school_code} is on record", field="school")


def open_case_of(reader: Reader, pupil: UUID, from_ledger: UUID | None) -> UUID | None:
    """The open case in which this pupil's history is awaited from that ledger; from this one, the
    move that is not over."""
    inside = from_ledger == reader.ledger
    for case in cases_about(reader.connection, pupil):
        awaited = (case.side, case.pupil, case.peer) == ("receiver", pupil, from_ledger)
        moving = inside and (case.side, case.pupil) == ("inside", pupil)
        if (awaited and case.state in OPEN) or (moving and case.state in MOVING):
            return case.id
    return None
