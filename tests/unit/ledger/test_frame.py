"""Rules of units, classes, staff, accounts and transfer cases: their folds and decisions."""

from datetime import date
from typing import Any

import pytest

from ledger import case, school_class, staff, unit
from ledger.errors import Refused
from ledger.event import Event, StreamKind
from ledger.events.case import (
    ApplicationReceived,
    CancelReceived,
    CaseDecided,
    CaseReleased,
    CaseRestored,
    DecisionReceived,
    DossierReceived,
    DossierReissued,
    LeftForPaper,
    MoveRequested,
    ProblemNoted,
    RecallReceived,
    ReceiptReceived,
    RequestDeclined,
    RequestReceived,
    ReturnOffered,
    ReturnReceived,
    TransferRequested,
)
from ledger.events.ministry import RulingReceived
from ledger.events.register import EVENTS as REGISTER_EVENTS
from ledger.events.school_class import ClassOpened, GradeSheetSubmitted, TeacherAssigned
from ledger.events.staff import (
    AccountOpened,
    RoleGranted,
    StaffChanged,
    StaffIdentityChecked,
    StaffRegistered,
)
from ledger.events.supplement import SupplementAwaited, SupplementReceived
from ledger.events.unit import LedgerOpened, UnitChanged, UnitClosed, UnitOpened
from ledger.folds import FOLDS, evolve
from ledger.registry import EVENTS
from ledger.school_class import AssignTeacher, OpenClass, SchoolClass
from ledger.unit import RecordUnit, Unit
from tests.golden import make
from tests.unit.ledger.events import CASE, OTHER_LEDGER, PUPIL, event

DAY = date(2024, 9, 5)
TODAY = date(2025, 1, 15)


def fold(kind: StreamKind, *events: Event) -> Any:
    state = None
    for version, one in enumerate(events, 1):
        state = evolve(kind, state, one, version)
    return state


FIRST = {
    LedgerOpened,
    UnitOpened,
    ClassOpened,
    StaffRegistered,
    AccountOpened,
    ApplicationReceived,
    TransferRequested,
    RequestReceived,
    ReturnOffered,
    ReturnReceived,
    RecallReceived,
    CancelReceived,
    CaseRestored,
    MoveRequested,
    LeftForPaper,
    CaseReleased,
    DossierReceived,
    RulingReceived,
    SupplementAwaited,
    SupplementReceived,
    *REGISTER_EVENTS,
}
PUPIL_STREAMS = (StreamKind.PUPIL, StreamKind.PUPIL_YEAR)


@pytest.mark.parametrize(
    "topic",
    [t for t, model in EVENTS.items() if model.STREAM not in PUPIL_STREAMS and model not in FIRST],
)
def test_nothing_comes_before_the_opening_of_its_stream(topic: str) -> None:
    one = make.examples()[topic]
    with pytest.raises(ValueError, match="before"):
        evolve(one.STREAM, None, one, 1)


def test_every_kind_of_stream_has_one_fold() -> None:
    assert FOLDS.keys() == set(StreamKind)


def record(**changed: Any) -> RecordUnit:
    values: dict[str, Any] = {
        "code": "S1",
        "kind": "school",
        "name": "THCS Lê Lợi",
        "parent_code": "31",
        "levels": ("THCS", "THPT"),
        "opened_on": DAY,
        "closed_on": None,
        "merged_into": None,
    }
    return RecordUnit(**values | changed)


def known_unit(*more: Event) -> Unit:
    found: Unit = fold(StreamKind.UNIT, event(UnitOpened, DAY), *more)
    return found


def test_a_unit_is_opened_on_its_own_day_and_known_afterwards() -> None:
    (opened,) = unit.decide_unit(None, record(), today=TODAY)
    assert opened == event(UnitOpened, DAY)
    assert unit.decide_unit(known_unit(), record(), today=TODAY) == []


@pytest.mark.parametrize("news", [{"name": "THCS B"}, {"parent_code": "22"}, {"levels": ("THCS",)}])
def test_what_is_new_about_a_unit_counts_from_today(news: dict[str, Any]) -> None:
    (change,) = unit.decide_unit(known_unit(), record(**news), today=TODAY)
    assert isinstance(change, UnitChanged)
    assert change.effective_on == TODAY
    assert unit.decide_unit(known_unit(change), record(**news), today=TODAY) == []


def test_a_unit_closes_with_its_successor_once() -> None:
    command = record(closed_on=TODAY, merged_into="S2")
    (closed,) = unit.decide_unit(known_unit(), command, today=TODAY)
    assert isinstance(closed, UnitClosed)
    after = known_unit(closed)
    assert (after.closed_on, after.successor) == (TODAY, "S2")
    assert unit.decide_unit(after, command, today=TODAY) == []


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (record(kind="commune"), "unit_kind_differs"),
        (record(closed_on=date(2024, 9, 4)), "empty_period"),
    ],
)
def test_a_unit_that_cannot_be_is_refused(command: RecordUnit, code: str) -> None:
    with pytest.raises(Refused) as caught:
        unit.decide_unit(known_unit(), command, today=TODAY)
    assert caught.value.code == code


def open_class(**changed: Any) -> OpenClass:
    values: dict[str, Any] = {
        "code": "7A1",
        "school_code": "S1",
        "school_year": "2024-2025",
        "grade": 7,
        "name": "7A1",
        "programme": "GDPT2018",
    }
    return OpenClass(**values | changed)


def known_class(*more: Event) -> SchoolClass:
    found: SchoolClass = fold(StreamKind.CLASS, event(ClassOpened, DAY), *more)
    return found


def test_a_class_begins_with_its_school_year() -> None:
    (opened,) = school_class.decide_class(None, open_class())
    assert opened.effective_on == date(2024, 8, 1)
    assert school_class.decide_class(known_class(), open_class()) == []


@pytest.mark.parametrize("news", [{"name": "7A2"}, {"grade": 8}, {"programme": "GDPT2006"}])
def test_a_class_may_be_renamed_or_corrected(news: dict[str, Any]) -> None:
    (change,) = school_class.decide_class(known_class(), open_class(**news))
    assert school_class.decide_class(known_class(change), open_class(**news)) == []


@pytest.mark.parametrize(
    "moved", [{"school_code": "S2"}, {"school_year": "2025-2026"}, {"gathering": "section"}]
)
def test_a_class_never_moves(moved: dict[str, Any]) -> None:
    with pytest.raises(Refused) as caught:
        school_class.decide_class(known_class(), open_class(**moved))
    assert caught.value.code == "class_moved"


def assign(start: date = DAY, end: date | None = None) -> AssignTeacher:
    return AssignTeacher(subject="TOAN", staff_code="GV1", effective_from=start, effective_to=end)


def test_a_teacher_teaches_from_the_first_day_until_the_last_exclusive() -> None:
    (assigned,) = school_class.decide_assignment(known_class(), assign(end=TODAY))
    found = known_class(assigned)
    assert found.teachers("TOAN", DAY) == {"GV1"}
    assert found.teachers("TOAN", date(2025, 1, 14)) == {"GV1"}
    assert found.teachers("TOAN", TODAY) == set()
    assert found.teachers("NGUVAN", DAY) == set()
    assert school_class.decide_assignment(found, assign(end=TODAY)) == []


def test_a_new_end_replaces_the_assignment_of_that_day() -> None:
    opened = event(TeacherAssigned, DAY, until=None)
    (ended,) = school_class.decide_assignment(known_class(opened), assign(end=TODAY))
    assert len(known_class(opened, ended).assignments) == 1


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (assign(date(2024, 7, 31)), "date_outside_school_year"),
        (assign(DAY, DAY), "empty_period"),
    ],
)
def test_an_assignment_that_cannot_be_is_refused(command: AssignTeacher, code: str) -> None:
    with pytest.raises(Refused) as caught:
        school_class.decide_assignment(known_class(), command)
    assert caught.value.code == code


def test_a_sheet_leaves_the_class_as_it_was() -> None:
    assert known_class(event(GradeSheetSubmitted, DAY)) == known_class()


def test_staff_are_known_by_code_unit_and_identity_without_a_name() -> None:
    found: staff.Staff = fold(
        StreamKind.STAFF,
        event(StaffRegistered, DAY),
        event(StaffChanged, TODAY, unit_code="S2"),
        event(StaffIdentityChecked, TODAY, status="matched"),
    )
    assert (found.code, found.unit, found.identity) == ("GV1", "S2", "matched")
    assert "Bình" not in found.model_dump_json()


def test_an_account_holds_the_roles_it_was_granted() -> None:
    found: staff.Account = fold(
        StreamKind.ACCOUNT,
        event(AccountOpened, DAY),
        event(RoleGranted, DAY),
        event(RoleGranted, DAY, role="head", unit_code="S1"),
    )
    assert found.roles == (("operator", None), ("head", "S1"))


REQUESTED = event(TransferRequested, DAY)
ASKED = event(RequestReceived, DAY)
GIVEN = event(CaseReleased, DAY)
ACCEPTED = event(CaseDecided, DAY, decision="accepted")
PROBLEM = event(ProblemNoted, DAY)
REISSUED = event(DossierReissued, DAY)
DOSSIER = event(DossierReceived, DAY)


@pytest.mark.parametrize(
    ("events", "side", "state"),
    [
        ([REQUESTED], "receiver", "requested"),
        ([REQUESTED, DOSSIER], "receiver", "received"),
        ([DOSSIER], "receiver", "received"),
        (
            [REQUESTED, DOSSIER, ACCEPTED],
            "receiver",
            "accepted",
        ),
        ([REQUESTED, PROBLEM], "receiver", "problem"),
        ([REQUESTED, PROBLEM, DOSSIER], "receiver", "received"),
        ([REQUESTED, event(RequestDeclined, DAY)], "receiver", "declined"),
        ([ASKED], "origin", "requested"),
        ([ASKED, GIVEN], "origin", "released"),
        ([GIVEN], "origin", "released"),
        ([ASKED, GIVEN, event(ReceiptReceived, DAY)], "origin", "released"),
        ([ASKED, GIVEN, PROBLEM], "origin", "problem"),
        (
            [ASKED, GIVEN, PROBLEM, REISSUED],
            "origin",
            "released",
        ),
        ([ASKED, GIVEN, event(DecisionReceived, DAY)], "origin", "accepted"),
    ],
)
def test_a_case_goes_from_state_to_state(events: list[Event], side: str, state: str) -> None:
    found: case.Case = fold(StreamKind.CASE, *events)
    assert (found.id, found.side, found.state) == (CASE, side, state)
    assert found.peer == OTHER_LEDGER


def test_a_case_knows_the_pupil_on_either_side_once_that_is_known() -> None:
    asked: case.Case = fold(StreamKind.CASE, ASKED)
    assert (asked.pupil, asked.their_pupil) == (None, make.OTHER_PUPIL)
    given: case.Case = fold(StreamKind.CASE, ASKED, GIVEN)
    assert (given.pupil, given.issue) == (PUPIL, 1)


def test_a_decision_without_a_pupil_keeps_the_one_known() -> None:
    found: case.Case = fold(StreamKind.CASE, REQUESTED, DOSSIER, event(CaseDecided, DAY))
    assert found.pupil == PUPIL
    assert found.state == "rejected"


@pytest.mark.parametrize("topic", [t for t, model in EVENTS.items() if model in FIRST])
def test_a_state_reads_back_as_it_was_kept(topic: str) -> None:
    one = make.examples()[topic]
    state = evolve(one.STREAM, None, one, 1)
    assert state is not None
    assert type(state).model_validate_json(state.model_dump_json()) == state
