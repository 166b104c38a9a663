"""The arbiter's ruling over the network, and as a file."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from ledger.errors import Conflict, Refused
from ledger.register import custodian
from services.cases import case_answer
from services.embedded import Servers
from tests.integration.transfer.conftest import Provinces, Side, open_sides
from tests.integration.transfer.story import (
    TODAY,
    begin,
    case_of,
    count,
    let_go,
    post,
    pupil_state,
    rows,
    sealed,
    take_in,
)
from transfer import arbitration, clock
from transfer.errors import CaseRefused, CheckFailed
from transfer.register_service import registered
from transfer.rulings import Ruling, sign_ruling


@pytest.fixture
def court(transfer_servers: Servers) -> Iterator[tuple[Provinces, Side]]:
    """Two provinces and the ministry."""
    with open_sides(transfer_servers, "31", "22", None) as (home, (origin, receiver, ministry)):
        yield Provinces(home, origin, receiver), ministry


def rule(ministry: Side, provinces: Provinces, case: UUID, holder: Side, number: str) -> bytes:
    return arbitration.rule(
        ministry.office,
        ministry.ledgers.arbiter(ministry.profile),
        case_id=case,
        origin=provinces.origin.office.ledger.id,
        receiver=provinces.receiver.office.ledger.id,
        custodian=holder.office.ledger.id,
        number=number,
        ground="receiver_denies",
        today=TODAY,
        who=ministry.who,
    )


def test_a_ruling_reaches_both_sides_and_custody_is_the_origin_s_again(
    court: tuple[Provinces, Side],
) -> None:
    provinces, ministry = court
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = begin(provinces)
    receiver.exchange()
    origin.exchange()
    stayed = pupil_state(origin, leaver).changes
    let_go(origin, case, leaver)
    origin.exchange()
    receiver.exchange()
    take_in(receiver, case, arrival)
    assert [c.kind for c in pupil_state(receiver, arrival).changes] == ["transfer_in"]
    rule(ministry, provinces, case, origin, "12/QĐ")
    ministry.exchange()
    origin.exchange()
    receiver.exchange()
    origin.exchange()
    ministry.exchange()
    state = pupil_state(origin, leaver)
    assert (state.released, state.changes) == (None, stayed), "the leaving never counted"
    here = pupil_state(receiver, arrival)
    assert here.released == (case, origin.office.ledger.id)
    assert [c.kind for c in here.changes] == ["provisional"]
    assert (case_of(origin, case).state, case_of(receiver, case).state) == ("rejected",) * 2
    assert rows(receiver, "SELECT decision FROM ledger.decision") == [("accepted",)]
    open_rulings = "SELECT 1 FROM ledger.outbox WHERE kind = 'ruling' AND state <> 'answered'"
    assert rows(ministry, open_rulings) == [], "both have said that they hold it"
    (told,) = registered(ministry.office.ledger).tokens.values()
    assert custodian(told) == origin.office.ledger.id
    quarantined = "SELECT kind, detail FROM ledger.inbox WHERE state <> 'done'"
    for side in (origin, receiver, ministry):
        assert rows(side, quarantined) == []
    answer = case_answer(receiver.office, case)
    assert answer["ruling"] == {"custodian": "31", "number": "12/QĐ"}


def test_a_dead_receiver_s_record_comes_back_by_a_file_and_a_late_dossier_is_not_taken_in(
    court: tuple[Provinces, Side],
) -> None:
    provinces, ministry = court
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = begin(provinces)
    post(origin, sealed(receiver, case, "request"))
    let_go(origin, case, leaver)
    dossier = sealed(origin, case, "dossier")
    file = rule(ministry, provinces, case, origin, "12/QĐ")
    assert rule(ministry, provinces, case, origin, "12/QĐ") == file, "one ruling, one file"
    for _ in range(2):
        arbitration.take_ruling(origin.office, file, today=TODAY, who=origin.who)
    assert count(origin, "RulingReceived") == 1
    assert pupil_state(origin, leaver).released is None
    arbitration.take_ruling(receiver.office, file, today=TODAY, who=receiver.who)
    assert rows(receiver, "SELECT decision FROM ledger.decision") == [("rejected",)]
    assert post(receiver, dossier).outcome == "repeated"
    with pytest.raises(CaseRefused):
        take_in(receiver, case, arrival)
    assert post(origin, sealed(receiver, case, "reject")).outcome == "done"
    assert pupil_state(receiver, arrival).accepted == ()


def test_a_second_ruling_is_refused_and_is_an_alarm(court: tuple[Provinces, Side]) -> None:
    """The ministry itself makes only one; another arbiter of it might."""
    provinces, ministry = court
    origin, receiver = provinces.origin, provinces.receiver
    leaver, _, case = begin(provinces)
    post(origin, sealed(receiver, case, "request"))
    let_go(origin, case, leaver)
    file = rule(ministry, provinces, case, receiver, "12/QĐ")
    with pytest.raises(Conflict, match="12/QĐ"):
        rule(ministry, provinces, case, origin, "13/QĐ")
    arbitration.take_ruling(origin.office, file, today=TODAY, who=origin.who)
    assert case_of(origin, case).state == "accepted"
    other = _another(ministry, provinces, case)
    for _ in range(2):
        with pytest.raises(CaseRefused, match="another ruling"):
            arbitration.take_ruling(origin.office, other, today=TODAY, who=origin.who)
    assert count(origin, "RulingDisputed") == 1
    assert case_answer(origin.office, case)["waiting_for"] == "ruling_conflict"
    assert pupil_state(origin, leaver).released == (case, receiver.office.ledger.id)


def _another(ministry: Side, provinces: Provinces, case: UUID) -> bytes:
    return sign_ruling(
        Ruling(
            v=1,
            kind="ruling",
            transfer_id=case,
            origin=provinces.origin.office.ledger.id,
            receiver=provinces.receiver.office.ledger.id,
            custodian=provinces.origin.office.ledger.id,
            number="13/QĐ",
            issued_at=clock.now(),
        ),
        ministry.ledgers.arbiter(ministry.profile),
    )


def test_only_the_ministry_rules_and_only_about_the_two(court: tuple[Provinces, Side]) -> None:
    provinces, ministry = court
    origin = provinces.origin
    case = UUID(int=1)
    with pytest.raises(CaseRefused, match="only the ministry"):
        arbitration.rule(
            origin.office,
            origin.office.seal,
            case_id=case,
            origin=origin.office.ledger.id,
            receiver=provinces.receiver.office.ledger.id,
            custodian=origin.office.ledger.id,
            number="1",
            ground="receiver_dead",
            today=TODAY,
            who=origin.who,
        )
    with pytest.raises(Refused, match="two different parties"):
        rule(ministry, provinces, case, ministry, "1")
    with pytest.raises(CheckFailed):
        arbitration.take_ruling(origin.office, b"{}", today=TODAY, who=origin.who)
