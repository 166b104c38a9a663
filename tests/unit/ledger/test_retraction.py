"""Rules of taking a change back: what stands on it, and what is refused."""

from datetime import date

import pytest

from ledger import pupil, pupil_year
from ledger.errors import Refused
from ledger.event import Event
from ledger.events.pupil import (
    ChangeRetracted,
    PupilEnrolled,
    PupilRegistered,
    PupilStatusChanged,
    Released,
    SectionJoined,
)
from ledger.events.pupil_year import MarkEntered, PupilYearOpened
from ledger.pupil import Pupil
from ledger.pupil_year import PupilYear
from ledger.retraction import Retract, change_of, decide_retraction, dependants
from tests.unit.ledger.events import PUPIL, event

START = date(2024, 9, 5)
REGISTERED = event(PupilRegistered, START)
ENROLLED = event(PupilEnrolled, START, kind="start")
MOVED = event(PupilEnrolled, date(2024, 11, 1), kind="class_change", class_code="7A2")
LEFT = event(PupilStatusChanged, date(2025, 1, 10), kind="leave")
BACK = event(PupilEnrolled, date(2025, 2, 3), kind="return")
SUSPENDED = event(PupilStatusChanged, date(2024, 12, 1), kind="suspend")
RESUMED = event(PupilStatusChanged, date(2024, 12, 20), kind="resume")
ENROLLED_AT, SECOND, THIRD = 2, 3, 4


def folded(*events: Event) -> Pupil:
    state = None
    for version, one in enumerate((REGISTERED, *events), 1):
        state = pupil.evolve(state, one, version)
    assert state is not None
    return state


def marked(on: date) -> PupilYear:
    opened = event(PupilYearOpened, date(2024, 8, 1), school_year="2024-2025")
    year = pupil_year.evolve(None, opened, 1)
    return pupil_year.evolve(year, event(MarkEntered, on, subject="TOAN", slot="TX1"), 2)


def retract(version: int, reason: str = "keyed for the wrong pupil") -> Retract:
    return Retract(pupil=PUPIL, version=version, reason=reason)


def standing(state: Pupil, version: int, *years: PupilYear) -> list[str]:
    change = change_of(state, version)
    assert change is not None
    return dependants(state, change, years)


def test_a_retraction_counts_from_the_day_of_what_it_takes_back() -> None:
    (entry,) = decide_retraction(folded(ENROLLED, MOVED), retract(SECOND), ())
    assert isinstance(entry, ChangeRetracted)
    assert (entry.effective_on, entry.retracts) == (date(2024, 11, 1), SECOND)


@pytest.mark.parametrize(
    ("events", "version", "needed"),
    [
        ((ENROLLED, LEFT), ENROLLED_AT, ["leave on 2025-01-10"]),
        ((ENROLLED, MOVED), ENROLLED_AT, ["class_change on 2024-11-01"]),
        ((ENROLLED, LEFT, BACK), SECOND, ["return on 2025-02-03"]),
        ((ENROLLED, SUSPENDED, RESUMED), SECOND, ["resume on 2024-12-20"]),
        ((ENROLLED, MOVED, LEFT), SECOND, []),
        ((ENROLLED, LEFT, BACK), THIRD, []),
        ((ENROLLED, SUSPENDED, RESUMED), THIRD, []),
    ],
)
def test_later_changes_stand_on_what_made_them_possible(
    events: tuple[Event, ...], version: int, needed: list[str]
) -> None:
    assert standing(folded(*events), version) == needed


def test_a_leaving_at_another_school_stands_on_the_entry_there() -> None:
    second = event(PupilEnrolled, date(2024, 11, 1), kind="transfer_in", school_code="S2")
    left = event(PupilStatusChanged, date(2025, 1, 10), kind="leave", school_code="S2")
    assert standing(folded(ENROLLED, second, left), SECOND) == ["leave on 2025-01-10"]


def test_a_mark_stands_on_the_class_of_its_day_alone() -> None:
    state = folded(ENROLLED, MOVED)
    assert standing(state, SECOND, marked(date(2024, 11, 5))) == ["TX1 of TOAN, term 1"]
    assert standing(state, SECOND, marked(date(2024, 10, 7))) == []


def test_a_course_section_stands_on_the_stay_at_its_school() -> None:
    joined = event(SectionJoined, date(2024, 10, 1), class_code="TIN-1", school_code="S1")
    assert standing(folded(ENROLLED, joined), ENROLLED_AT) == ["course section TIN-1"]


def refusal(state: Pupil, command: Retract, *years: PupilYear) -> Refused:
    with pytest.raises(Refused) as caught:
        decide_retraction(state, command, years)
    return caught.value


def test_a_refusal_names_what_stands_in_the_way() -> None:
    refused = refusal(folded(ENROLLED, LEFT), retract(ENROLLED_AT), marked(date(2024, 10, 7)))
    assert refused.code == "still_needed"
    assert "leave on 2025-01-10" in refused.message
    assert "TX1 of TOAN" in refused.message


def test_nothing_is_taken_back_twice_without_reason_or_without_custody() -> None:
    state = folded(ENROLLED, MOVED)
    (entry,) = decide_retraction(state, retract(SECOND), ())
    again = pupil.evolve(state, entry, THIRD)
    assert refusal(again, retract(SECOND)).code == "already_retracted"
    assert refusal(state, retract(SECOND, reason=" ")).code == "reason_missing"
    gone = event(Released, date(2025, 1, 10), last_day=date(2025, 1, 10))
    assert refusal(folded(ENROLLED, MOVED, gone), retract(SECOND)).code == "pupil_released"
