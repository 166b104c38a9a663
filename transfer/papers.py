"""A school on paper or abroad on the other side: nobody there is told anything.

In: the family brings papers, the head agrees, the results are typed from them; accepting ends the
provisional stay. Out: the pupil leaves with papers, the record stays here and can be gone on with.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from ledger import enrolment
from ledger import pupil as pupils
from ledger.case import Case
from ledger.errors import NotFound, Refused
from ledger.event import Event, Note, Who
from ledger.events.case import CaseDecided, LeftForPaper
from ledger.events.pupil import PapersAccepted
from ledger.ids import uuid7
from ledger.plan import Plan
from ledger.pupil import ChangeStatus, require_custody
from ledger.reader import Reader
from ledger.registration import pupil_ref
from transfer.cases import case_ref, cases_about, require_case
from transfer.errors import CaseRefused
from transfer.holding import require_free
from transfer.office import Office
from transfer.reasons import require_code


def is_from_paper(case: Case) -> bool:
    """Whether the history of an incoming pupil is on paper or abroad."""
    return case.side == "receiver" and case.peer is None


def accept(office: Office, case_id: UUID, *, remark: str | None, today: date, who: Who) -> UUID:
    """Takes a pupil in on the papers seen; a provisional stay counts from its first day on.

    Accepted before: nothing more happens. Returns the pupil.

    Raises:
        CaseRefused: the head has not agreed, or the case is held.
    """
    pupil: UUID | None = None

    def decide(reader: Reader) -> Plan:
        nonlocal pupil
        case = require_case(reader, case_id)
        pupil = case.pupil
        if case.state == "accepted":
            return Plan()
        if not is_from_paper(case) or case.state != "agreed" or pupil is None:
            raise CaseRefused(f"the case is {case.state}; there are no papers agreed to")
        require_free(case)
        found = reader.pupils([pupil])[pupil]
        assert found is not None
        require_custody(found)
        plan = Plan()
        taken = PapersAccepted(effective_on=today, case=case_id)
        plan.add(pupil_ref(reader, pupil), [taken])
        plan.add(
            case_ref(reader, case_id, pupil), [_decided(case, "accepted", today, None, remark)]
        )
        return plan

    office.ledger.desk.run(decide, who=who)
    assert pupil is not None
    return pupil


def reject(office: Office, case_id: UUID, *, reason: str, today: date, who: Who) -> None:
    """The pupil is not taken in after all, although the head had agreed; the papers go back."""
    require_code(reason)

    def decide(reader: Reader) -> Plan:
        case = require_case(reader, case_id)
        if case.state == "rejected":
            return Plan()
        if not is_from_paper(case) or case.state != "agreed":
            raise CaseRefused(f"the case is {case.state}; it cannot be rejected")
        plan = Plan()
        events = [_decided(case, "rejected", today, reason, None)]
        plan.add(case_ref(reader, case_id, case.pupil), events)
        return plan

    office.ledger.desk.run(decide, who=who)


def _decided(
    case: Case, decision: str, today: date, reason: str | None, remark: str | None
) -> Event:
    return CaseDecided.model_validate(
        {
            "effective_on": today,
            "case": case.id,
            "decision": decision,
            "pupil": case.pupil,
            "digest": None,
            "reason": reason,
            "statutory": Note(text=remark) if remark else None,
        }
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Leave:
    """A pupil goes to a school outside every ledger; `place` is said in words and kept sealed."""

    pupil: UUID
    place: str
    last_day: date
    abroad: bool


def leave(office: Office, command: Leave, *, today: date, who: Who) -> UUID:
    """Records the leaving and lists it as a case of its own, which waits for nobody.

    The record stays here: a pupil who comes back is enrolled again (`return`). The same leaving is
    returned again.

    Raises:
        NotFound: `unknown_pupil`.
        Refused: `not_enrolled`, `pupil_released`.
    """
    answer = uuid7()

    def decide(reader: Reader) -> Plan:
        nonlocal answer
        found = reader.pupils([command.pupil])[command.pupil]
        if found is None:
            raise NotFound("unknown_pupil", "no pupil is on record under this key")
        require_custody(found)
        on = enrolment.day_after(command.last_day)
        kind = "abroad" if command.abroad else "transfer_out"
        known = [change for change in found.changes if (change.on, change.kind) == (on, kind)]
        begun = _listed(reader, command.pupil, known[-1].school) if known else None
        if begun is not None:
            answer = begun
            return Plan()
        held = enrolment.on_day(found.segments, command.last_day)
        if held is None or held.school is None:
            raise Refused(
                "not_enrolled",
                "the pupil is at no school of this ledger on that day",
                field="last_day",
            )
        change = ChangeStatus(
            kind="abroad" if command.abroad else "transfer_out",
            school_code=held.school,
            effective_on=on,
            note=command.place,
        )
        gone = LeftForPaper(
            effective_on=today,
            case=answer,
            pupil=command.pupil,
            school_code=held.school,
            last_day=command.last_day,
            abroad=command.abroad,
            statutory=Note(text=command.place),
        )
        plan = Plan()
        plan.add(pupil_ref(reader, command.pupil), pupils.decide_status(found, change))
        plan.add(case_ref(reader, answer, command.pupil), [gone])
        return plan

    office.ledger.desk.run(decide, who=who)
    return answer


def _listed(reader: Reader, pupil: UUID, school: str) -> UUID | None:
    """The case under which a leaving of this pupil from the school stands; the newest."""
    for case in reversed(cases_about(reader.connection, pupil)):
        if (case.pupil, case.state, case.from_school) == (pupil, "left", school):
            return case.id
    return None
