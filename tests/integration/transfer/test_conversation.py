"""One pupil goes from one province to another in the middle of term 2, over real NATS."""

from datetime import date
from uuid import UUID

import pytest

from ledger.errors import Refused
from tests.integration.transfer.conftest import Provinces
from tests.integration.transfer.story import (
    FIRST_DAY,
    SECOND_TERM_LATER,
    TODAY,
    ask,
    at_origin,
    at_receiver,
    begin,
    carry_through,
    case_of,
    cases,
    cells,
    count,
    enter,
    hand_in,
    let_go,
    pupil_state,
    rows,
    take_in,
    transcript,
)
from tests.school import enrol, find, register
from transfer import conversation
from transfer.errors import CaseRefused


def test_the_history_arrives_whole_and_joins_what_was_written_meanwhile(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = carry_through(provinces)
    assert [(c.id, c.state, c.receipt) for c in cases(origin)] == [(case, "accepted", True)]
    assert [change.kind for change in pupil_state(receiver, arrival).changes] == ["transfer_in"]
    assert pupil_state(origin, leaver).released == (case, receiver.office.ledger.id)
    enter(receiver, arrival, "7B2", SECOND_TERM_LATER)
    year = transcript(receiver, arrival, date(2025, 5, 31)).years[0]
    maths = next(s for s in year["subjects"] if s["subject"] == "TOAN")
    assert maths["semesters"]["2"]["marks"] == {
        "TX": ["9.0", "8.0", "7.0", "10.0"],
        "GK": "8.0",
        "CK": "9.0",
    }
    assert len({by["ledger"] for by in maths["semesters"]["2"]["by"]}) == 2


def test_after_the_release_a_mark_at_the_origin_is_a_proposal_and_counts_nowhere(
    provinces: Provinces,
) -> None:
    leaver, _, _ = carry_through(provinces)
    before = transcript(provinces.origin, leaver, TODAY).digest
    late = cells(leaver, "7A1", [("NGUVAN", 2, "TX2", "9", date(2025, 2, 20))])
    assert [v.fate for v in hand_in(provinces.origin, late)] == ["proposed"]
    assert transcript(provinces.origin, leaver, TODAY).digest == before


def test_a_request_that_lies_open_is_returned_again_and_asked_once(provinces: Provinces) -> None:
    _, arrival, case = begin(provinces)
    assert ask(provinces.receiver, arrival, provinces.origin) == case
    assert count(provinces.receiver, "TransferRequested") == 1


def test_a_declined_request_reaches_the_receiver_and_moves_no_custody(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, _, case = begin(provinces)
    receiver.exchange()
    origin.exchange()
    conversation.decline(origin.office, case, reason="not_our_pupil", today=TODAY, who=origin.who)
    with pytest.raises(CaseRefused, match="declined"):
        let_go(origin, case, leaver)
    origin.exchange()
    receiver.exchange()
    assert case_of(receiver, case).state == "declined"
    assert case_of(receiver, case).failure == (0, "not_our_pupil")
    assert pupil_state(origin, leaver).released is None
    assert rows(receiver, "SELECT 1 FROM ledger.outbox WHERE state <> 'answered'") == []


def test_a_request_is_declined_for_one_of_four_reasons_only(provinces: Provinces) -> None:
    _, _, case = begin(provinces)
    provinces.receiver.exchange()
    provinces.origin.exchange()
    with pytest.raises(Refused, match="four reasons"):
        conversation.decline(
            provinces.origin.office,
            case,
            reason="no_room",
            today=TODAY,
            who=provinces.origin.who,
        )


def test_a_rejection_gives_custody_back_and_undoes_the_leaving(provinces: Provinces) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = begin(provinces)
    stayed = pupil_state(origin, leaver).changes
    receiver.exchange()
    origin.exchange()
    let_go(origin, case, leaver)
    origin.exchange()
    receiver.exchange()
    conversation.reject(
        receiver.office, case, reason="not_the_child", today=TODAY, who=receiver.who
    )
    with pytest.raises(CaseRefused):
        take_in(receiver, case, arrival)
    receiver.exchange()
    origin.exchange()
    state = pupil_state(origin, leaver)
    assert (state.released, state.changes) == (None, stayed)
    assert case_of(origin, case).state == "rejected"
    enter(origin, leaver, "7A1", [("NGUVAN", 2, "TX2", "9", date(2025, 2, 20))])
    assert pupil_state(receiver, arrival).accepted == ()


def test_a_rejection_before_anything_was_released_closes_the_case_at_the_origin(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, _, case = begin(provinces)
    receiver.exchange()
    origin.exchange()
    conversation.reject(receiver.office, case, reason="withdrawn", today=TODAY, who=receiver.who)
    receiver.exchange()
    origin.exchange()
    assert case_of(origin, case).state == "rejected"
    with pytest.raises(CaseRefused, match="rejected"):
        let_go(origin, case, leaver)
    assert pupil_state(origin, leaver).released is None


def test_a_second_request_after_a_rejection_carries_the_pupil_through(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = begin(provinces)
    receiver.exchange()
    origin.exchange()
    let_go(origin, case, leaver)
    origin.exchange()
    receiver.exchange()
    conversation.reject(receiver.office, case, reason="unreadable", today=TODAY, who=receiver.who)
    second = ask(receiver, arrival, origin)
    assert second != case
    receiver.exchange()
    origin.exchange()
    let_go(origin, second, leaver)
    origin.exchange()
    receiver.exchange()
    take_in(receiver, second, arrival)
    receiver.exchange()
    origin.exchange()
    assert [c.state for c in cases(origin)] == ["rejected", "accepted"]
    assert transcript(receiver, arrival, TODAY).years[0]["school_year"] == "2024-2025"


def test_two_pupils_travel_at_once_and_neither_case_touches_the_other(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver = at_origin(origin)
    other = _classmate(provinces)
    arrival = at_receiver(receiver)
    second_arrival = _second_arrival(provinces)
    first, second = ask(receiver, arrival, origin), ask(receiver, second_arrival, origin)
    receiver.exchange()
    origin.exchange()
    let_go(origin, first, leaver)
    let_go(origin, second, other)
    origin.exchange()
    receiver.exchange()
    take_in(receiver, first, arrival)
    conversation.reject(receiver.office, second, reason="mistake", today=TODAY, who=receiver.who)
    receiver.exchange()
    origin.exchange()
    assert (case_of(origin, first).state, case_of(origin, second).state) == (
        "accepted",
        "rejected",
    )
    assert pupil_state(origin, leaver).released is not None
    assert pupil_state(origin, other).released is None


def _classmate(provinces: Provinces) -> UUID:
    return find(provinces.origin.office.ledger, ["P1"])[0]


def _second_arrival(provinces: Provinces) -> UUID:
    ledger = provinces.receiver.office.ledger
    (pupil,) = register(ledger, ["N2"])
    enrol(ledger, [pupil], class_code="7B2", on=FIRST_DAY, kind="provisional")
    return pupil
