"""Rules of `ledger.identity` and `ledger.identity_check`: checks, cases, links."""

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from ledger.errors import Refused
from ledger.events.pupil import (
    ConfirmedDistinct,
    IdentityChecked,
    IdentityFollowedUp,
    PupilLinked,
    PupilRegistered,
    PupilUnlinked,
)
from ledger.events.staff import Remedy, StaffIdentityChecked, StaffIdentityFollowedUp
from ledger.identity import LinkKind, LinkLine, decide_link
from ledger.identity_causes import CAUSES
from ledger.identity_check import Check, FollowUpTold, Past, decide_check, vietnamese_day
from ledger.pupil import Link, Pupil, evolve
from tests.unit.ledger.events import LEDGER, OTHER_LEDGER, PUPIL, event, other

TODAY = date(2026, 11, 22)
SINCE = date(1900, 1, 1)
EVENING = datetime(2023, 6, 22, 18, 30, tzinfo=UTC)
CASE = FollowUpTold(
    cause="name_differs",
    remedy="đối chiếu giấy khai sinh",
    due_on=date(2023, 9, 30),
    responsible="GV1",
    outcome="open",
    note=None,
)


FAILED = Check(status="mismatched", checked_at=EVENING, note=None, follow_up=CASE)


def check(**changed: Any) -> Check:
    return replace(FAILED, **changed)


def decided(past: Past, one: Check, *, staff: bool = False) -> list[type]:
    return [type(found) for found in decide_check(past, one, staff=staff, since=SINCE)]


def test_a_check_counts_on_its_day_in_vietnam() -> None:
    assert vietnamese_day(EVENING) == date(2023, 6, 23)
    for found in decide_check(Past(), check(), staff=False, since=SINCE):
        assert found.effective_on == date(2023, 6, 23)


def test_a_check_and_its_case_are_two_entries_for_pupils_and_for_staff() -> None:
    assert decided(Past(), check()) == [IdentityChecked, IdentityFollowedUp]
    assert decided(Past(), check(), staff=True) == [StaffIdentityChecked, StaffIdentityFollowedUp]
    (_, case) = decide_check(Past(), check(), staff=False, since=SINCE)
    assert isinstance(case, IdentityFollowedUp)
    assert (case.cause, case.due_on, case.responsible, case.outcome) == (
        "name_differs",
        date(2023, 9, 30),
        "GV1",
        "open",
    )
    assert case.statutory == Remedy(remedy="đối chiếu giấy khai sinh", note=None)


def test_what_is_on_record_is_not_recorded_again_and_what_differs_is() -> None:
    past = Past().after(check())
    assert decided(past, check()) == []
    assert decided(past, check(status="missing")) == [IdentityChecked]
    later = check(checked_at=datetime(2023, 7, 1, tzinfo=UTC))
    assert decided(past, later) == [IdentityChecked]
    closed = FollowUpTold(
        cause=CASE.cause,
        remedy=CASE.remedy,
        due_on=CASE.due_on,
        responsible=CASE.responsible,
        outcome="mended",
        note=None,
    )
    assert decided(past, check(follow_up=closed)) == [IdentityFollowedUp]
    assert decided(past, check(follow_up=None)) == []
    assert decided(past, check(note="công an xã xác nhận", follow_up=None)) == [IdentityChecked]


def test_an_older_check_or_case_told_later_does_not_replace_the_newer() -> None:
    state = evolve(None, event(PupilRegistered, SINCE), 1)
    newer = check(status="matched", follow_up=None)
    older = check(checked_at=datetime(2022, 6, 1, tzinfo=UTC))
    for one in (check(), newer, older):
        for found in decide_check(Past(), one, staff=False, since=SINCE):
            state = evolve(state, found, 2)
    assert state.identity == "matched"
    assert state.follow_up is not None
    assert state.follow_up.on == date(2023, 6, 23)


def test_every_cause_has_words_in_both_languages() -> None:
    assert len(CAUSES) == 10
    assert all(vietnamese and english for vietnamese, english in CAUSES.values())


ONE, TWO = Pupil(id=other(1)), Pupil(id=other(2))


def line(kind: LinkKind, *, on: date | None = None) -> LinkLine:
    return LinkLine(kind=kind, pupil=ONE.id, other=TWO.id, reason="cùng một em", effective_on=on)


def decide(kind: LinkKind, one: Pupil = ONE, two: Pupil = TWO) -> dict[UUID, list[type]]:
    both = decide_link(one, two, line(kind), ledger=LEDGER, today=TODAY)
    return {person: [type(found) for found in events] for person, events in both}


def refusal(kind: LinkKind, one: Pupil, two: Pupil = TWO) -> str:
    with pytest.raises(Refused) as refused:
        decide(kind, one, two)
    return refused.value.code


def linked(ledger: UUID = LEDGER) -> Pupil:
    return Pupil(id=ONE.id, links=(Link(pupil=TWO.id, ledger=ledger),))


def test_a_link_stands_in_both_records_and_names_the_other() -> None:
    assert decide("link") == {ONE.id: [PupilLinked], TWO.id: [PupilLinked]}
    both = decide_link(ONE, TWO, line("link"), ledger=LEDGER, today=TODAY)
    for (person, (told,)), (next_person, _) in pairwise([*both, both[0]]):
        assert isinstance(told, PupilLinked)
        assert (told.other, told.other_ledger, told.case) == (next_person, LEDGER, None)
        assert told.effective_on == TODAY
        assert person != next_person


def test_a_day_given_is_the_day_it_counts_from() -> None:
    day = date(2025, 1, 1)
    both = decide_link(ONE, TWO, line("link", on=day), ledger=LEDGER, today=TODAY)
    assert {told.effective_on for _, events in both for told in events} == {day}


def test_unlinking_and_telling_apart_stand_in_both_records() -> None:
    assert decide("unlink", linked()) == {ONE.id: [PupilUnlinked], TWO.id: [PupilUnlinked]}
    assert decide("distinct") == {ONE.id: [ConfirmedDistinct], TWO.id: [ConfirmedDistinct]}


def test_what_holds_already_says_nothing_new() -> None:
    assert decide("link", linked()) == {}
    assert decide("distinct", Pupil(id=ONE.id, distinct=(TWO.id,))) == {}


def test_links_that_contradict_what_is_on_record_are_refused() -> None:
    assert refusal("link", ONE, ONE) == "same_pupil"
    assert refusal("link", Pupil(id=ONE.id, distinct=(TWO.id,))) == "confirmed_distinct"
    assert refusal("distinct", linked()) == "still_linked"
    assert refusal("unlink", ONE) == "not_linked"
    assert refusal("unlink", linked(OTHER_LEDGER)) == "linked_by_transfer"


def test_after_link_and_unlink_the_state_is_as_before() -> None:
    state = evolve(None, event(PupilRegistered, SINCE, pupil_id=PUPIL), 1)
    after = state
    for kind in ("link", "unlink"):
        both = dict(
            decide_link(
                after,
                TWO,
                LinkLine(kind=kind, pupil=PUPIL, other=TWO.id, reason="nhầm", effective_on=None),
                ledger=LEDGER,
                today=TODAY,
            )
        )
        for told in both[PUPIL]:
            after = evolve(after, told, 2)
    assert after == state
