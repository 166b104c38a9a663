"""What a restored ledger makes of what another one tells it of one transfer."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from ledger import case as cases
from ledger.case import Case, CaseRuling
from transfer.restoration import BLOCKING, restore_case
from transfer.statement import StatedCase

pytestmark = pytest.mark.unit

CASE, PEER, OTHER, OURS, THEIRS = (UUID(int=n) for n in range(1, 6))
TODAY = date(2026, 9, 1)
RULED = CaseRuling(custodian=PEER, number="12/QD", sha256="01" * 32)
OPEN = ("requested", "released", "received", "problem", "recalling")


def stated(side: str, state: str, **more: Any) -> StatedCase:
    fields: dict[str, Any] = {
        "case": CASE,
        "side": side,
        "state": state,
        "pupil": THEIRS,
        "their_pupil": OURS,
        "school_code": "S1",
        "first_day": TODAY,
        "root": "01" * 32,
        "digest": "d",
        "issue": 1,
        "returns": None,
        "reason": None,
        "steps": (),
        "proof": None,
        "ruling": None,
    }
    return StatedCase.model_validate(fields | more)


def ours(side: Any, state: Any, **more: Any) -> Case:
    return Case.begun(CASE, side, PEER, state=state, pupil=OURS, **more)


def outcome(
    known: Case | None,
    told: StatedCase,
    *,
    released: bool = False,
    here: bool = True,
    proven: bool = True,
) -> Any:
    return restore_case(
        known,
        told,
        teller=PEER,
        pupils={OURS} if here else set(),
        releases={CASE} if released else set(),
        proven=proven,
        today=TODAY,
    )


def after(known: Case | None, told: StatedCase, **more: Any) -> Case:
    """The case as the restoration leaves it."""
    event = outcome(known, told, **more).event
    assert event is not None
    return cases.evolve(known, event, 1)


@pytest.mark.parametrize("state", [None, "agreed", "requested", "problem", "received"])
def test_an_acceptance_that_was_lost_binds_and_is_never_a_rejection(state: str | None) -> None:
    known = ours("receiver", state) if state else None
    found = after(known, stated("origin", "accepted"))
    assert found.bound == "accepted"
    assert found.state == ("received" if state == "received" else "requested")
    assert found.pupil == OURS
    assert outcome(known, stated("origin", "accepted")).decision is None


def test_a_pupil_that_is_not_on_record_is_asked_for_and_not_invented() -> None:
    told = outcome(None, stated("origin", "accepted"), here=False)
    assert (told.event.pupil, told.finding.code) == (None, "needs_person")
    assert "needs_person" not in BLOCKING


def test_an_acceptance_without_our_own_seal_is_for_a_person_to_repeat() -> None:
    told = outcome(None, stated("origin", "accepted"), proven=False)
    assert (told.event.bound, told.event.pupil) == ("accepted", None)
    assert told.finding.code == "needs_person"


@pytest.mark.parametrize("state", [None, "requested", "received"])
def test_a_rejection_that_was_lost_is_a_tombstone_again(state: str | None) -> None:
    told = outcome(ours("receiver", state) if state else None, stated("origin", "rejected"))
    assert (told.event.state, told.decision) == ("rejected", "rejected")


@pytest.mark.parametrize("theirs", ["released", "problem", "recalling"])
def test_a_dossier_that_may_be_lost_is_asked_for_again_and_decides_nothing(theirs: str) -> None:
    lost = outcome(None, stated("origin", theirs))
    assert (lost.event.state, lost.event.bound, lost.wants) == ("requested", None, True)
    waiting = outcome(ours("receiver", "requested"), stated("origin", theirs))
    assert (waiting.event, waiting.wants) == (None, True)
    assert not outcome(ours("receiver", "received"), stated("origin", theirs)).wants


@pytest.mark.parametrize("theirs", ["received", "accepted"])
@pytest.mark.parametrize("state", [None, "requested"])
def test_a_release_that_nothing_here_proves_keeps_the_fence_up(
    theirs: str, state: str | None
) -> None:
    known = ours("origin", state) if state else None
    told = outcome(known, stated("receiver", theirs))
    assert told.event is None
    assert told.finding.code in BLOCKING


@pytest.mark.parametrize(("theirs", "then"), [("received", "released"), ("accepted", "accepted")])
def test_a_release_that_is_proven_comes_back(theirs: str, then: str) -> None:
    assert after(None, stated("receiver", theirs), released=True).state == then


@pytest.mark.parametrize("state", ["released", "problem", "recalling"])
def test_what_the_receiver_decided_ends_the_case_at_the_origin(state: str) -> None:
    known = ours("origin", state)
    assert after(known, stated("receiver", "accepted"), released=True).state == "accepted"
    rejected = outcome(known, stated("receiver", "rejected"), released=True)
    assert (rejected.event.state, rejected.undo_release) == ("rejected", True)
    assert outcome(known, stated("receiver", "received"), released=True).event is None


@pytest.mark.parametrize("side", ["origin", "receiver"])
@pytest.mark.parametrize(("mine", "theirs"), [("accepted", "rejected"), ("rejected", "accepted")])
def test_two_decisions_about_one_transfer_are_nobody_s_to_choose_between(
    side: str, mine: str, theirs: str
) -> None:
    other = "origin" if side == "receiver" else "receiver"
    told = outcome(ours(side, mine), stated(other, theirs), released=True)
    assert (told.event, told.finding.code) == (None, "decisions_differ")


@pytest.mark.parametrize("side", ["origin", "receiver"])
@pytest.mark.parametrize("theirs", OPEN)
@pytest.mark.parametrize("mine", ["accepted", "rejected", "declined"])
def test_what_the_other_side_does_not_know_yet_changes_nothing_here(
    side: str, theirs: str, mine: str
) -> None:
    other = "origin" if side == "receiver" else "receiver"
    told = outcome(ours(side, mine), stated(other, theirs), released=True)
    assert (told.event, told.finding) == (None, None)


def test_decisions_that_a_ruling_made_different_are_settled_once_the_ruling_is_here() -> None:
    gave_up = stated("receiver", "accepted", ruling="12/QD")
    rejected = ours("origin", "rejected")
    assert outcome(rejected, gave_up, released=True).finding.code == "decisions_differ"
    known = rejected.model_copy(update={"ruling": RULED})
    told = outcome(known, gave_up, released=True)
    assert (told.event, told.finding) == (None, None)


def test_a_receivers_rejection_that_was_lost_is_stronger_than_a_ruling_for_it() -> None:
    closed = ours("origin", "accepted", ruling=RULED, failure=(0, "ruling"))
    told = outcome(closed, stated("receiver", "rejected"), released=True)
    assert (told.event.state, told.undo_release) == ("rejected", True)
    assert outcome(closed, stated("receiver", "received"), released=True).event is None


def test_what_a_ruling_gave_us_is_not_bound_by_the_origins_closing_and_may_be_asked_for() -> None:
    waiting = outcome(ours("receiver", "requested", ruling=RULED), stated("origin", "released"))
    assert (waiting.event, waiting.wants) == (None, True)
    closed = outcome(ours("receiver", "received", ruling=RULED), stated("origin", "accepted"))
    assert (closed.event, closed.wants) == (None, False)


def test_a_case_with_another_ledger_or_on_the_same_side_is_a_contradiction() -> None:
    stranger = ours("receiver", "requested").model_copy(update={"peer": OTHER})
    assert outcome(stranger, stated("origin", "accepted")).finding.code in BLOCKING
    same_side = ours("origin", "released")
    assert outcome(same_side, stated("origin", "released")).finding.code in BLOCKING


def test_a_restoration_done_twice_is_done_once() -> None:
    for told, released in (
        (stated("origin", "accepted"), False),
        (stated("origin", "rejected"), False),
        (stated("receiver", "received"), True),
        (stated("receiver", "accepted"), True),
        (stated("receiver", "rejected"), True),
    ):
        once = after(None, told, released=released)
        again = outcome(once, told, released=released)
        assert (again.event, again.finding) == (None, None), told.state
