"""A whole case between two homes that never share a network: every kind goes by file."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from ledger.errors import NotFound
from ledger.ids import uuid7
from services.embedded import Servers
from signing.truststore import TrustStore
from tests.integration.transfer.conftest import Provinces, open_sides
from tests.integration.transfer.files import bring, hand_over, written
from tests.integration.transfer.settled import require_settled
from tests.integration.transfer.story import (
    TODAY,
    begin,
    case_of,
    let_go,
    pupil_state,
    rows,
)
from transfer import conversation, file_courier, recall
from transfer.errors import CheckFailed


@pytest.fixture
def apart(transfer_servers: Servers) -> Iterator[Provinces]:
    """Each in a home of its own, with a bundle and root keys of its own, knowing the other's."""
    with (
        open_sides(transfer_servers, "31") as (first, (origin,)),
        open_sides(transfer_servers, "22") as (second, (receiver,)),
    ):
        ours, theirs = first.path / "trust", second.path / "trust"
        yield Provinces(
            first,
            replace(origin, office=replace(origin.office, trust=TrustStore(ours, theirs))),
            replace(receiver, office=replace(receiver.office, trust=TrustStore(theirs, ours))),
        )


def test_a_whole_case_goes_by_file_and_every_file_twice_is_the_same(apart: Provinces) -> None:
    origin, receiver = apart.origin, apart.receiver
    leaver, arrival, case = begin(apart)
    assert [m.name for m in written(receiver, case, origin)] == [f"{case}-request-1.hbt"]
    for expected in ("done", "repeated"):
        assert [t.outcome for t in hand_over(case, receiver, origin)] == [expected]
    let_go(origin, case, leaver)
    assert written(origin, case, receiver) == written(origin, case, receiver)
    for _ in range(2):
        assert bring(case, origin, receiver) == arrival
    for expected in ("done", "repeated"):
        answers = hand_over(case, receiver, origin)
        assert {(t.kind, t.outcome) for t in answers} >= {("accept", expected)}
    require_settled(origin, receiver, case, leaver=leaver, arrival=arrival)
    assert written(origin, case, receiver) == [], "nothing waits for an answer"
    assert rows(receiver, "SELECT 1 FROM ledger.outbox WHERE attempts > 0") == []


def test_recall_and_its_answer_go_by_file(apart: Provinces) -> None:
    origin, receiver = apart.origin, apart.receiver
    leaver, _, case = begin(apart)
    hand_over(case, receiver, origin)
    let_go(origin, case, leaver)
    recall.recall(
        origin.office, case, reason="wrong_pupil", words=None, today=TODAY, who=origin.who
    )
    kinds = {message.kind for message in written(origin, case, receiver)}
    assert kinds == {"dossier", "recall"}
    hand_over(case, origin, receiver)
    assert case_of(receiver, case).state == "rejected"
    hand_over(case, receiver, origin)
    assert case_of(origin, case).state == "rejected"
    assert pupil_state(origin, leaver).released is None


def test_cancelling_and_declining_go_by_file(apart: Provinces) -> None:
    origin, receiver = apart.origin, apart.receiver
    _, _, case = begin(apart)
    hand_over(case, receiver, origin)
    conversation.decline(origin.office, case, reason="not_our_pupil", today=TODAY, who=origin.who)
    hand_over(case, origin, receiver)
    assert case_of(receiver, case).state == "declined"
    assert {t.outcome for t in hand_over(case, origin, receiver)} == {"repeated"}


def test_a_file_for_another_ledger_is_refused_and_not_kept(apart: Provinces) -> None:
    receiver = apart.receiver
    _, _, case = begin(apart)
    (request,) = written(receiver, case, apart.origin)
    with pytest.raises(CheckFailed, match="another ledger"):
        file_courier.take_file(receiver.office, request.data, who=receiver.who)
    with pytest.raises(CheckFailed, match="malformed"):
        file_courier.take_file(receiver.office, b"x", who=receiver.who)
    assert rows(receiver, "SELECT 1 FROM ledger.inbox") == []


def test_a_case_that_is_not_here_has_no_files(apart: Provinces) -> None:
    with pytest.raises(NotFound):
        file_courier.export_case(apart.origin.office, uuid7())
