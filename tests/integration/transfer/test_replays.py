"""Messages that come twice, late, or in another order: one decision, written once."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.transfer.conftest import Provinces
from tests.integration.transfer.story import (
    TODAY,
    begin,
    case_of,
    count,
    let_go,
    post,
    pupil_state,
    record,
    rows,
    sealed,
    take_in,
)
from transfer import clock, conversation
from transfer.errors import CaseRefused
from transfer.inbox import Taken

NO_STATE = "SELECT 1 FROM ledger.outbox WHERE state NOT IN ('answered')"


def outcome(taken: Taken) -> tuple[str, str]:
    return taken.kind, taken.outcome


def test_every_message_may_come_twice_and_works_once(provinces: Provinces) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = begin(provinces)
    request = sealed(receiver, case, "request")
    assert outcome(post(origin, request)) == ("request", "done")
    assert outcome(post(origin, request)) == ("request", "repeated")
    let_go(origin, case, leaver)
    let_go(origin, case, leaver)
    dossier = sealed(origin, case, "dossier")
    assert outcome(post(receiver, dossier)) == ("dossier", "done")
    assert outcome(post(receiver, dossier)) == ("dossier", "repeated")
    receipt = sealed(receiver, case, "receipt")
    assert outcome(post(origin, receipt)) == ("receipt", "done")
    assert outcome(post(origin, receipt)) == ("receipt", "repeated")
    take_in(receiver, case, arrival)
    accepted = sealed(receiver, case, "accept")
    assert outcome(post(origin, accepted)) == ("accept", "done")
    assert outcome(post(origin, accepted)) == ("accept", "repeated")
    for side, topics in (
        (origin, ("RequestReceived", "CaseReleased", "ReceiptReceived", "DecisionReceived")),
        (receiver, ("TransferRequested", "DossierReceived", "CaseDecided", "TransferAccepted")),
    ):
        assert {topic: count(side, topic) for topic in topics} == dict.fromkeys(topics, 1)
    # The receiver holds the origin's release as a copy.
    assert (count(origin, "Released"), count(receiver, "Released")) == (1, 1)


def test_an_acceptance_may_overtake_the_receipt(provinces: Provinces) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = begin(provinces)
    post(origin, sealed(receiver, case, "request"))
    let_go(origin, case, leaver)
    post(receiver, sealed(origin, case, "dossier"))
    take_in(receiver, case, arrival)
    assert outcome(post(origin, sealed(receiver, case, "accept"))) == ("accept", "done")
    assert outcome(post(origin, sealed(receiver, case, "receipt"))) == ("receipt", "done")
    found = case_of(origin, case)
    assert (found.state, found.receipt) == ("accepted", True)


def test_a_dossier_after_the_decision_gets_the_decision_again_byte_for_byte(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = begin(provinces)
    post(origin, sealed(receiver, case, "request"))
    let_go(origin, case, leaver)
    dossier = sealed(origin, case, "dossier")
    post(receiver, dossier)
    take_in(receiver, case, arrival)
    told = sealed(receiver, case, "accept")
    receiver.exchange()
    held = len(record(receiver, arrival))
    assert outcome(post(receiver, dossier)) == ("dossier", "repeated")
    waiting = "SELECT kind FROM ledger.outbox WHERE state = 'sealed' ORDER BY kind"
    assert [row[0] for row in rows(receiver, waiting)] == ["accept", "receipt"]
    assert sealed(receiver, case, "accept") == told
    assert len(record(receiver, arrival)) == held


def test_a_request_that_comes_late_does_not_wake_an_answered_dossier(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = begin(provinces)
    request = sealed(receiver, case, "request")
    post(origin, request)
    let_go(origin, case, leaver)
    post(receiver, sealed(origin, case, "dossier"))
    take_in(receiver, case, arrival)
    post(origin, sealed(receiver, case, "accept"))
    assert outcome(post(origin, request)) == ("request", "repeated")
    assert rows(origin, "SELECT state FROM ledger.outbox WHERE kind = 'dossier'") == [("answered",)]


def test_accepted_is_never_rejected_and_accepting_twice_adds_nothing(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = begin(provinces)
    post(origin, sealed(receiver, case, "request"))
    let_go(origin, case, leaver)
    post(receiver, sealed(origin, case, "dossier"))
    take_in(receiver, case, arrival)
    held = len(record(receiver, arrival))
    with pytest.raises(CaseRefused, match="accepted"):
        conversation.reject(receiver.office, case, reason="late", today=TODAY, who=receiver.who)
    with pytest.raises(CaseRefused, match="accepted"):
        take_in(receiver, case, arrival)
    assert len(record(receiver, arrival)) == held
    assert rows(receiver, "SELECT decision FROM ledger.decision") == [("accepted",)]


def test_rejected_is_never_accepted_however_good_the_late_dossier(provinces: Provinces) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = begin(provinces)
    post(origin, sealed(receiver, case, "request"))
    let_go(origin, case, leaver)
    dossier = sealed(origin, case, "dossier")
    conversation.reject(receiver.office, case, reason="withdrawn", today=TODAY, who=receiver.who)
    assert outcome(post(receiver, dossier)) == ("dossier", "repeated")
    with pytest.raises(CaseRefused, match="rejected"):
        take_in(receiver, case, arrival)
    conversation.reject(receiver.office, case, reason="withdrawn", today=TODAY, who=receiver.who)
    assert rows(receiver, "SELECT decision FROM ledger.decision") == [("rejected",)]
    assert count(receiver, "CaseDecided") == 1
    post(origin, sealed(receiver, case, "reject"))
    assert pupil_state(origin, leaver).released is None
    assert pupil_state(receiver, arrival).accepted == ()


def test_a_dossier_that_came_in_time_may_be_accepted_when_its_date_is_past(
    provinces: Provinces, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = begin(provinces)
    post(origin, sealed(receiver, case, "request"))
    let_go(origin, case, leaver)
    post(receiver, sealed(origin, case, "dossier"))
    later = datetime.now(UTC) + timedelta(days=400)
    monkeypatch.setattr(clock, "now", lambda: later)
    take_in(receiver, case, arrival)
    assert case_of(receiver, case).state == "accepted"


def test_a_copy_damaged_on_the_way_does_not_block_the_true_one(provinces: Provinces) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = begin(provinces)
    request = sealed(receiver, case, "request")
    assert outcome(post(origin, _damaged(request))) == ("request", "problem")
    assert outcome(post(origin, request)) == ("request", "done")
    let_go(origin, case, leaver)
    dossier = sealed(origin, case, "dossier")
    assert outcome(post(receiver, _damaged(dossier))) == ("dossier", "problem")
    assert case_of(receiver, case).state == "problem"
    assert outcome(post(receiver, dossier)) == ("dossier", "done")
    take_in(receiver, case, arrival)
    accepted = sealed(receiver, case, "accept")
    assert outcome(post(origin, _damaged(accepted))) == ("accept", "problem")
    assert case_of(origin, case).state == "released"
    assert outcome(post(origin, accepted)) == ("accept", "done")


def test_a_damaged_dossier_that_comes_again_and_again_is_noted_once(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, _, case = begin(provinces)
    post(origin, sealed(receiver, case, "request"))
    let_go(origin, case, leaver)
    damaged = _damaged(sealed(origin, case, "dossier"))
    for _ in range(3):
        assert outcome(post(receiver, damaged)) == ("dossier", "problem")
    assert count(receiver, "ProblemNoted") == 1
    assert rows(receiver, "SELECT count(*) FROM ledger.outbox WHERE kind = 'problem'") == [(1,)]


def test_after_a_problem_the_same_release_is_issued_again_and_arrives(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = begin(provinces)
    post(origin, sealed(receiver, case, "request"))
    let_go(origin, case, leaver)
    first = sealed(origin, case, "dossier")
    released = pupil_state(origin, leaver)
    post(receiver, _damaged(first))
    assert outcome(post(origin, sealed(receiver, case, "problem"))) == ("problem", "done")
    assert case_of(origin, case).state == "problem"
    assert pupil_state(origin, leaver) == released, "a problem moves nothing"
    let_go(origin, case, leaver)
    second = sealed(origin, case, "dossier")
    assert second != first
    assert outcome(post(receiver, second)) == ("dossier", "done")
    take_in(receiver, case, arrival)
    assert outcome(post(origin, sealed(receiver, case, "accept"))) == ("accept", "done")
    assert (count(origin, "Released"), count(origin, "DossierReissued")) == (1, 1)
    assert rows(origin, NO_STATE) == []


def _damaged(frame: bytes) -> bytes:
    return frame[:-1] + bytes([frame[-1] ^ 1])
