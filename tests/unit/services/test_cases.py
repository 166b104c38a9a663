"""Whatever state a transfer is in, it says what it waits for, who must act and by when."""

from datetime import date
from typing import get_args
from uuid import UUID

import pytest

from ledger.case import Case, CaseState, Side
from services.case_table import print_cases
from services.cases import ACTORS, OURS, WAITING, due_on, waiting_for
from services.words import ACTORS as ACTOR_WORDS
from services.words import STATES
from services.words import WAITING as WAITING_WORDS

CASE, PEER = UUID(int=7), UUID(int=22)
AFTER, BEFORE = date(2026, 9, 7), date(2025, 9, 8)
"""Mondays under TT 15/2026 and before it."""
REACHABLE = {
    "receiver": {
        *("applied", "agreed", "refused", "requested", "declined"),
        *("received", "problem", "accepted", "rejected", "follow_up"),
    },
    "origin": {
        *("requested", "declined", "released", "problem", "recalling"),
        *("accepted", "rejected", "left"),
    },
    "inside": {"requested", "declined", "released", "accepted", "rejected"},
}
OVER = {"accepted", "rejected", "declined", "refused", "left", "follow_up"}


def case(side: Side, state: CaseState, **known: object) -> Case:
    return Case.begun(CASE, side, known.pop("peer", PEER), state=state, **known)  # type: ignore[arg-type]


def test_every_side_and_state_that_can_be_has_its_line_and_no_other() -> None:
    assert {(side, state) for side, states in REACHABLE.items() for state in states} == set(WAITING)
    assert {state for _, state in WAITING} == set(get_args(CaseState))
    assert {side for side, _ in WAITING} == set(get_args(Side))


def test_a_case_waits_for_nothing_exactly_when_it_is_over() -> None:
    assert {state for (_, state), waiting in WAITING.items() if waiting is None} == OVER
    assert not {state for (_, state), waiting in WAITING.items() if waiting} & OVER


def test_everything_waited_for_names_who_acts_and_has_words() -> None:
    waits = {waiting for waiting in WAITING.values() if waiting} | {
        *("delivery", "papers", "lift_hold", "identify", "offer", "supplement"),
        *("supplement_answer",),
        *("register_conflict", "ruling_conflict"),
    }
    assert waits == set(ACTORS) == set(WAITING_WORDS)
    assert set(ACTORS.values()) <= set(ACTOR_WORDS)
    assert set(get_args(CaseState)) <= set(STATES)


def test_somebody_of_one_side_or_the_other_can_always_act() -> None:
    for (side, _), waiting in WAITING.items():
        if waiting is not None:
            other = "receiver" if side == "origin" else "origin"
            assert waiting in OURS[side] | OURS[other]


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (case("origin", "released"), "delivery"),
        (case("origin", "released", receipt=True), "accept"),
        (case("receiver", "agreed"), "request"),
        (case("receiver", "agreed", peer=None), "papers"),
        (case("receiver", "received", held="CV 12"), "lift_hold"),
        (case("receiver", "accepted", held="CV 12"), None),
        (case("receiver", "requested", bound="accepted"), "delivery"),
        (case("receiver", "received", bound="accepted"), "identify"),
        (case("receiver", "received", bound="accepted", pupil=CASE), "accept"),
    ],
)
def test_what_a_case_waits_for_may_hang_on_more_than_its_state(
    made: Case, expected: str | None
) -> None:
    assert waiting_for(made) == expected


def test_by_when_is_the_laws_of_the_day_and_stops_while_the_case_is_held() -> None:
    assert due_on(case("origin", "requested"), AFTER) == date(2026, 9, 10)
    assert due_on(case("receiver", "received"), AFTER) == date(2026, 9, 14)
    assert due_on(case("receiver", "applied", due_on=AFTER), BEFORE) == AFTER
    assert due_on(case("origin", "requested"), BEFORE) is None
    assert due_on(case("origin", "requested", held="CV 12"), AFTER) is None


@pytest.mark.parametrize(("root", "shown"), [(None, "Đã rút đề nghị"), ("00", "Trả lại hồ sơ")])
def test_a_request_that_was_withdrawn_is_no_record_sent_back(
    root: str | None, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = {"state": "rejected", "root": root, "failure": None}
    print_cases([answer], {}, ["state"], "vi")
    assert shown in capsys.readouterr().out
