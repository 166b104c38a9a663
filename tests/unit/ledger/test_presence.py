"""Rules of the monthly confirmation of presence."""

from datetime import date
from typing import Any

import pytest

from ledger import presence, pupil
from ledger.errors import Refused
from ledger.events.pupil import (
    PresenceConfirmed,
    PupilEnrolled,
    PupilRegistered,
    PupilStatusChanged,
)
from ledger.presence import ConfirmPresence, decide_presence
from ledger.pupil import Pupil
from ledger.school_class import SchoolClass
from tests.unit.ledger.events import PUPIL, event

FIRST = date(2024, 9, 16)
CLASS = SchoolClass(
    code="M-HOA",
    school_code="M1",
    school_year="2024-2025",
    grade=16,
    name="Hoa",
    programme="MN",
    gathering="homeroom",
)


def child(*months: ConfirmPresence, grade: int = 16) -> Pupil:
    enrolled = event(
        PupilEnrolled, FIRST, kind="start", school_code="M1", class_code="M-HOA", grade=grade
    )
    state = pupil.evolve(None, event(PupilRegistered, FIRST), 1)
    state = pupil.evolve(state, enrolled, 2)
    for month in months:
        for version, one in enumerate(decide_presence(state, month, CLASS), 3):
            state = pupil.evolve(state, one, version)
    return state


def told(month: str, **changed: Any) -> ConfirmPresence:
    facts: dict[str, Any] = {
        "pupil": PUPIL,
        "class_code": "M-HOA",
        "month": month,
        "present": True,
        "effective_on": date(2025, 1, 2),
        "last_seen_on": None,
        "left_on": None,
    }
    return ConfirmPresence(**facts | changed)


def test_a_child_came_and_nothing_else_is_written() -> None:
    (entry,) = decide_presence(child(), told("2024-10"), CLASS)
    assert isinstance(entry, PresenceConfirmed)
    assert (entry.month, entry.present, entry.last_seen_on) == ("2024-10", True, None)


def test_a_repeated_confirmation_is_not_written_again() -> None:
    state = child(told("2024-10"))
    assert decide_presence(state, told("2024-10"), CLASS) == []
    assert len(decide_presence(state, told("2024-10", present=False), CLASS)) == 1


def test_a_child_that_stopped_coming_leaves_from_that_day_once() -> None:
    gone = told("2024-10", present=False, left_on=date(2024, 10, 15))
    confirmed, left = decide_presence(child(), gone, CLASS)
    assert isinstance(confirmed, PresenceConfirmed)
    assert isinstance(left, PupilStatusChanged)
    assert (left.kind, left.school_code, left.effective_on) == ("leave", "M1", date(2024, 10, 15))
    assert decide_presence(child(gone), gone, CLASS) == []


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (told("2024-13"), "bad_month"),
        (told("10/2024"), "bad_month"),
        (told("2024-08"), "not_in_class"),
        (told("2025-03"), "dates_contradict"),
        (told("2024-10", last_seen_on=date(2024, 11, 1)), "dates_contradict"),
        (
            told("2024-10", last_seen_on=date(2024, 10, 9), left_on=date(2024, 10, 9)),
            "dates_contradict",
        ),
    ],
)
def test_a_line_that_cannot_be_is_refused(command: ConfirmPresence, code: str) -> None:
    with pytest.raises(Refused) as caught:
        decide_presence(child(), command, CLASS)
    assert caught.value.code == code


def test_a_child_nobody_confirmed_is_found_for_each_month_on_the_list() -> None:
    state = child(told("2024-10"))
    months = ("2024-08", "2024-09", "2024-10", "2024-11")
    found = [presence.unconfirmed(state, state.segments, month) for month in months]
    assert found == [(), ("M-HOA",), (), ("M-HOA",)]


def test_school_grades_are_not_confirmed() -> None:
    state = child(grade=6)
    assert presence.unconfirmed(state, state.segments, "2024-10") == ()
    assert presence.last_seen(state, state.segments, date(2024, 10, 20)) is None


def test_the_month_to_be_confirmed_is_the_one_before() -> None:
    assert presence.month_before(date(2025, 1, 1)) == "2024-12"
    assert presence.month_before(date(2024, 3, 31)) == "2024-02"


def test_a_child_not_seen_for_long_is_found_while_still_on_the_list() -> None:
    away = told("2024-11", present=False, last_seen_on=date(2024, 11, 4))
    state = child(told("2024-10"), away)
    segments = state.segments
    assert presence.last_seen(state, segments, date(2024, 11, 30)) == date(2024, 11, 4)
    assert presence.long_unseen(state, segments, date(2024, 12, 3)) is None
    assert presence.long_unseen(state, segments, date(2024, 12, 4)) == date(2024, 11, 4)
    assert presence.long_unseen(child(told("2024-10")), segments, date(2024, 12, 4)) is None


def test_a_child_never_seen_counts_from_its_first_day_in_the_class() -> None:
    state = child(told("2024-09", present=False))
    assert presence.last_seen(state, state.segments, date(2024, 11, 1)) == FIRST
    assert presence.long_unseen(state, state.segments, date(2024, 11, 1)) == FIRST
