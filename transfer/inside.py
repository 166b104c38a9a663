"""A change of school inside one ledger: the same conversation without a message.

The school left consents, the school applied to accepts; then the stay passes from one to the other
in one transaction. The record is one all along: nothing is copied, and custody does not move.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from ledger import enrolment, stays
from ledger import pupil as pupils
from ledger.case import Case
from ledger.enrolment import Segment
from ledger.errors import NotFound, Refused
from ledger.event import Event, Who
from ledger.events.case import (
    CaseDecided,
    MoveConsented,
    MoveRequested,
    RequestDeclined,
)
from ledger.events.pupil import PapersAccepted, PupilStatusChanged
from ledger.ids import uuid7
from ledger.movement import opening_of
from ledger.plan import Plan
from ledger.pupil import Enrol, Pupil, require_custody
from ledger.reader import Reader
from ledger.registration import pupil_ref, year_ref
from ledger.school_class import SchoolClass
from ledger.school_year import SchoolYear
from ledger.succession import Units, current, same_school, with_successors
from transfer.application import MOVING, open_case_of, require_pupil_and_school
from transfer.cases import case_ref, require_case
from transfer.errors import CaseRefused
from transfer.holding import require_free
from transfer.office import Office
from transfer.reasons import require_code, require_decline


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """A pupil is to go to `school_code`, from `first_day` on, into `class_code` where one waits."""

    pupil: UUID
    school_code: str
    first_day: date
    class_code: str | None = None


def request(office: Office, move: Move, *, who: Who, case_id: UUID | None = None) -> UUID:
    """Asks the school that has the pupil to let it go; a request that lies open is returned again.

    Raises:
        NotFound: `unknown_pupil`, `unknown_case`.
        Refused: `unknown_school`, `unknown_class`, `same_school`, `not_enrolled`,
            `pupil_released`.
        CaseRefused: the application was not agreed to, or is of another pupil.
    """
    answer = case_id or uuid7()

    def decide(reader: Reader) -> Plan:
        nonlocal answer
        require_pupil_and_school(reader, move.pupil, move.school_code)
        begun = case_id or open_case_of(reader, move.pupil, reader.ledger)
        if begun is not None:
            answer = begun
            known = require_case(reader, begun)
            if known.side == "inside" and known.state in MOVING:
                return Plan()
            _require_agreed(reader, known, move.pupil)
        found = _pupil(reader, move.pupil)
        require_custody(found)
        _class_of(reader, move.class_code)
        asked = MoveRequested(
            effective_on=move.first_day,
            case=answer,
            pupil=move.pupil,
            from_school=_school_left(reader, found, move),
            school_code=move.school_code,
            class_code=move.class_code,
        )
        plan = Plan()
        plan.add(case_ref(reader, answer, move.pupil), [asked])
        return plan

    office.ledger.desk.run(decide, who=who)
    return answer


def consent(office: Office, case_id: UUID, *, today: date, who: Who) -> None:
    """The school left lets the pupil go. Raises CaseRefused where nobody asks."""

    def events(case: Case) -> list[Event]:
        if case.state == "released":
            return []
        _require(case, "requested")
        require_free(case)
        return [MoveConsented(effective_on=today, case=case.id)]

    _append(office, case_id, events, who)


def decline(office: Office, case_id: UUID, *, reason: str, today: date, who: Who) -> None:
    """The school left does not let the pupil go, for one of the four reasons there are."""
    require_decline(reason)

    def events(case: Case) -> list[Event]:
        if case.state == "declined":
            return []
        _require(case, "requested")
        facts = {"effective_on": today, "case": case.id, "reason": reason, "moved_to": None}
        return [RequestDeclined.model_validate(facts)]

    _append(office, case_id, events, who)


def reject(office: Office, case_id: UUID, *, reason: str, today: date, who: Who) -> None:
    """The school applied to does not take the pupil: the stay at the other one never ended."""
    require_code(reason)

    def events(case: Case) -> list[Event]:
        if case.state == "rejected":
            return []
        _require(case, *MOVING)
        return [_decided(case, "rejected", today, reason)]

    _append(office, case_id, events, who)


def accept(
    office: Office, case_id: UUID, *, today: date, who: Who, class_code: str | None = None
) -> UUID:
    """The school applied to takes the pupil in: leaving there and transfer in here at once.

    They count from the first day of the provisional stay where the child sits in class already,
    else from the first day asked for. Returns the pupil.

    Raises:
        CaseRefused: the school left has not consented, or the case is held.
        Refused: `unknown_class`, and as `pupil.decide_enrolment`.
    """
    pupil_id: UUID | None = None

    def decide(reader: Reader) -> Plan:
        nonlocal pupil_id
        case = require_case(reader, case_id)
        pupil_id = case.pupil
        if case.state == "accepted":
            return Plan()
        _require(case, "released")
        require_free(case)
        assert case.pupil is not None
        plan = Plan()
        _pass_on(reader, plan, case, _class_of(reader, class_code or case.class_code))
        decided = _decided(case, "accepted", today, None)
        plan.add(case_ref(reader, case.id, case.pupil), [decided])
        return plan

    office.ledger.desk.run(decide, who=who)
    assert pupil_id is not None
    return pupil_id


def _pass_on(reader: Reader, plan: Plan, case: Case, into: SchoolClass | None) -> None:
    """The pupil's entries: the leaving, the provisional stay turned, the enrolment."""
    assert case.pupil is not None
    assert case.first_day is not None
    assert case.school_code is not None
    before = _pupil(reader, case.pupil)
    require_custody(before)
    units = _units(reader, before, case)
    waiting = [
        change
        for change in before.changes
        if change.kind == "provisional"
        and same_school(units, change.school, case.school_code, change.on)
    ]
    day = waiting[-1].on if waiting else case.first_day
    firm = enrolment.timeline(tuple(stays.counted(before.changes)))
    held = enrolment.on_day(firm, day)
    school = current(units, case.school_code, day)
    left = held.school if held is not None else None
    here = left is not None and same_school(units, left, school, day)
    events: list[Event] = []
    if left is not None and not here:
        events.append(_leaving(day, left))
    if waiting:
        events.append(PapersAccepted(effective_on=day, case=case.id))
    if not here and (left is not None or not waiting or into is not None):
        # After the leaving, which on one day would otherwise have the last word.
        school_class = into or _class_of(reader, waiting[-1].class_code if waiting else None)
        enrol = _enrolment(school, school_class, held or _last(firm), day)
        events.extend(pupils.decide_enrolment(before, enrol, units))
        year = reader.years([(before.id, enrol.school_year)], columns=())
        opening = opening_of(before, year[before.id, enrol.school_year], enrol)
        if opening is not None:
            plan.add(year_ref(reader, before.id, enrol.school_year), [opening])
    plan.add(pupil_ref(reader, before.id), events)


def _leaving(day: date, school: str) -> PupilStatusChanged:
    return PupilStatusChanged(
        effective_on=day,
        kind="transfer_out",
        school_code=school,
        reason_code=None,
        statutory=None,
    )


def _enrolment(
    school: str, school_class: SchoolClass | None, held: Segment | None, day: date
) -> Enrol:
    """The transfer in: grade and programme are those of the class, without one the pupil's own."""
    if school_class is None and held is None:
        raise Refused(
            "not_enrolled", "the pupil is at no school; name the class", field="class_code"
        )
    at: SchoolClass | Segment | None = school_class or held
    assert at is not None
    return Enrol(
        kind="transfer_in",
        school_code=school_class.school_code if school_class else school,
        school_class=school_class,
        school_year=school_class.school_year if school_class else SchoolYear.of(day).label,
        grade=at.grade,
        programme=at.programme,
        effective_on=day,
    )


def _last(segments: tuple[Segment, ...]) -> Segment | None:
    return segments[-1] if segments else None


def _school_left(reader: Reader, found: Pupil, move: Move) -> str:
    """Where the pupil is on the eve of the move."""
    units = _units(reader, found, None, move.school_code)
    firm = enrolment.timeline(tuple(stays.counted(found.changes)))
    held = enrolment.on_day(firm, move.first_day) or _last(firm)
    if held is None or held.school is None:
        raise Refused(
            "not_enrolled",
            "the pupil is at no school of this ledger; nobody is there to let it go",
            field="pupil_key",
            suggestion="enrolments.csv, kind return or start",
        )
    if same_school(units, held.school, move.school_code, move.first_day):
        raise Refused(
            "same_school",
            f"the pupil is at school {move.school_code} already",
            field="school",
            suggestion="enrolments.csv, kind class_change",
        )
    return held.school


def _units(reader: Reader, found: Pupil, case: Case | None, *codes: str) -> Units:
    named = {change.school for change in found.changes if change.school} | set(codes)
    if case is not None and case.school_code is not None:
        named.add(case.school_code)
    return with_successors(reader.units, named)


def _pupil(reader: Reader, pupil: UUID) -> Pupil:
    found = reader.pupils([pupil])[pupil]
    if found is None:
        raise NotFound("unknown_pupil", "no pupil is on record under this key")
    return found


def _class_of(reader: Reader, code: str | None) -> SchoolClass | None:
    if code is None:
        return None
    found = reader.classes([code])[code]
    if found is None:
        raise Refused("unknown_class", f"no class {code} is on record", field="class_code")
    return found


def _require_agreed(reader: Reader, case: Case, pupil: UUID) -> None:
    require_free(case)
    if case.state != "agreed":
        raise CaseRefused(f"the case is {case.state}; the head has not agreed to it")
    if (case.pupil, case.peer) != (pupil, reader.ledger):
        raise CaseRefused("the application is of another pupil, or names another ledger")


def _require(case: Case, *states: str) -> None:
    if case.side != "inside" or case.state not in states:
        raise CaseRefused(f"the case is {case.state}")


def _decided(case: Case, decision: str, today: date, reason: str | None) -> CaseDecided:
    return CaseDecided.model_validate(
        {
            "effective_on": today,
            "case": case.id,
            "decision": decision,
            "pupil": case.pupil,
            "digest": None,
            "reason": reason,
            "statutory": None,
        }
    )


def _append(office: Office, case_id: UUID, events: Callable[[Case], list[Event]], who: Who) -> None:
    def decide(reader: Reader) -> Plan:
        case = require_case(reader, case_id)
        plan = Plan()
        plan.add(case_ref(reader, case_id, case.pupil), events(case))
        return plan

    office.ledger.desk.run(decide, who=who)
