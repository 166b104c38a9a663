"""The custody register at the ministry, told by files: what it knows, and what it never does."""

from collections.abc import Iterator
from datetime import date
from uuid import UUID

import pytest

from ledger.events.pupil import ReleaseUndone
from ledger.plan import Plan
from ledger.reader import Reader
from ledger.register import custodian
from ledger.registration import pupil_ref
from services.cases import case_answer
from services.embedded import Servers
from tests.integration.transfer.conftest import Provinces, Side, open_sides
from tests.integration.transfer.files import hand_over, released_to_file, written
from tests.integration.transfer.forge_told import told
from tests.integration.transfer.story import (
    LAST_DAY,
    TODAY,
    at_origin,
    begin,
    case_of,
    let_go,
    post,
    pupil_state,
    rows,
    sealed,
)
from transfer import by_file, conversation
from transfer.register_service import registered


@pytest.fixture
def all_four(transfer_servers: Servers) -> Iterator[list[Side]]:
    """Hải Phòng, Quảng Ninh, Hà Nội and the ministry."""
    with open_sides(transfer_servers, "31", "22", "01", None) as (_, sides):
        yield sides


def export(side: Side, pupil: UUID, to: Side, *, last_day: date | None = LAST_DAY) -> UUID:
    case, _ = released_to_file(side, pupil, to=to, last_day=last_day)
    return case


def register_with(case: UUID, side: Side, ministry: Side) -> None:
    """A side's files go to the ministry, and its answers come back."""
    assert {t.outcome for t in hand_over(case, side, ministry)} <= {"done", "repeated"}
    assert {t.outcome for t in hand_over(case, ministry, side)} <= {"done", "repeated"}


def custodian_of(ministry: Side) -> UUID | None:
    (state,) = registered(ministry.office.ledger).tokens.values()
    return custodian(state)


def test_an_offline_import_is_unregistered_until_the_register_has_answered(
    all_four: list[Side],
) -> None:
    origin, receiver, _, ministry = all_four
    leaver = at_origin(origin)
    case = export(origin, leaver, receiver)
    assert case_answer(origin.office, case)["registered"] is False
    register_with(case, origin, ministry)
    assert case_answer(origin.office, case)["registered"] is True
    assert custodian_of(ministry) is None, "in transit"
    data = sealed(origin, case, "dossier")
    _, ours = by_file.import_dossier(
        receiver.office, data, pupil=None, new=False, today=TODAY, who=receiver.who
    )
    assert case_answer(receiver.office, case)["registered"] is False
    register_with(case, receiver, ministry)
    assert case_answer(receiver.office, case)["registered"] is True
    assert custodian_of(ministry) == receiver.office.ledger.id, "both told of one token"
    assert rows(receiver, "SELECT 1 FROM vault.secret WHERE name LIKE 'register/%'") == []
    register_with(case, receiver, ministry)
    (state,) = registered(ministry.office.ledger).tokens.values()
    assert [one.event for one in state.told] == ["released", "accepted"], "told again: not twice"
    _knows_nobody(ministry, leaver, ours)


def test_every_custodian_on_the_way_names_the_pupil_by_one_token(all_four: list[Side]) -> None:
    first, second, third, ministry = all_four
    pupil = leaver = at_origin(first)
    for giver, taker in ((first, second), (second, third), (third, first)):
        case = export(giver, pupil, taker, last_day=None)
        ours = leaver if taker is first else None
        pupil = bring_opened(case, giver, taker, pupil=ours)
        register_with(case, taker, ministry)
        register_with(case, giver, ministry)
    assert len(registered(ministry.office.ledger).tokens) == 1
    assert custodian_of(ministry) == first.office.ledger.id
    assert registered(ministry.office.ledger).conflicts() == []


def _knows_nobody(ministry: Side, *pupils: UUID) -> None:
    """No pupil's id is in the register's entries, its mail or its states, in whatever writing."""
    known = [
        *rows(ministry, "SELECT convert_from(body, 'UTF8') FROM ledger.entry"),
        *rows(ministry, "SELECT body FROM ledger.state"),
        *rows(ministry, "SELECT content::text FROM ledger.outbox"),
        *rows(ministry, "SELECT person::text FROM ledger.stream WHERE person IS NOT NULL"),
    ]
    text = "\n".join(str(row[0]) for row in known).lower()
    assert "custodytold" in text
    for pupil in pupils:
        assert str(pupil) not in text
        assert pupil.hex not in text
    for personal in ("full_name", "birth", "personal_id", "ciphertext"):
        assert personal not in text


def test_a_release_to_two_receivers_is_an_alarm_on_both_sides_and_moves_nothing(
    all_four: list[Side],
) -> None:
    origin, receiver, third, ministry = all_four
    leaver = at_origin(origin)
    first = export(origin, leaver, receiver)
    ours = bring_opened(first, origin, receiver)
    register_with(first, origin, ministry)
    register_with(first, receiver, ministry)
    _forget_release(origin, leaver, first)
    second = export(origin, leaver, third)
    register_with(second, origin, ministry)
    answer = case_answer(origin.office, second)
    assert (answer["registered"], answer["waiting_for"]) == (False, "register_conflict")
    assert answer["rival"] == {"case": str(first), "ledger": "22"}
    assert {t.outcome for t in hand_over(first, ministry, receiver)} == {"done", "repeated"}
    held = case_answer(receiver.office, first)
    assert (held["state"], held["waiting_for"]) == ("accepted", "register_conflict")
    assert held["rival"] == {"case": str(second), "ledger": "01"}
    assert pupil_state(receiver, ours).released is None
    conflicts = registered(ministry.office.ledger).conflicts()
    assert {conflict.transfer for _, conflict in conflicts} == {first, second}


def bring_opened(case: UUID, giver: Side, taker: Side, *, pupil: UUID | None = None) -> UUID:
    _, ours = by_file.import_dossier(
        taker.office,
        sealed(giver, case, "dossier"),
        pupil=pupil,
        new=False,
        today=TODAY,
        who=taker.who,
    )
    return ours


def _forget_release(side: Side, pupil: UUID, case: UUID) -> None:
    """What a dishonest origin does: it writes that its release was undone."""

    def decide(reader: Reader) -> Plan:
        assert reader.pupils([pupil])[pupil]
        plan = Plan()
        plan.add(pupil_ref(reader, pupil), [ReleaseUndone(effective_on=TODAY, case=case)])
        return plan

    side.office.ledger.desk.run(decide, who=side.who)


@pytest.fixture
def with_ministry(transfer_servers: Servers) -> Iterator[tuple[Provinces, Side]]:
    with open_sides(transfer_servers, "31", "22", None) as (home, (origin, receiver, ministry)):
        yield Provinces(home, origin, receiver), ministry


def test_a_rejected_record_is_registered_by_both_though_no_key_of_it_stays(
    with_ministry: tuple[Provinces, Side],
) -> None:
    provinces, ministry = with_ministry
    origin, receiver = provinces.origin, provinces.receiver
    leaver, _, case = begin(provinces)
    hand_over(case, receiver, origin)
    let_go(origin, case, leaver)
    post(receiver, sealed(origin, case, "dossier"))
    conversation.reject(
        receiver.office, case, reason="not_the_child", today=TODAY, who=receiver.who
    )
    register_with(case, receiver, ministry)
    assert custodian_of(ministry) == origin.office.ledger.id
    hand_over(case, receiver, origin)
    assert pupil_state(origin, leaver).released is None
    register_with(case, origin, ministry)
    (state,) = registered(ministry.office.ledger).tokens.values()
    assert [one.event for one in state.told] == ["rejected", "released", "returned"]
    assert case_of(origin, case).registered == "recorded"
    assert case_of(receiver, case).registered == "recorded"
    assert registered(ministry.office.ledger).conflicts() == []


def test_a_ledger_cannot_tell_the_register_for_another(
    with_ministry: tuple[Provinces, Side],
) -> None:
    provinces, ministry = with_ministry
    origin, receiver = provinces.origin, provinces.receiver
    leaver = at_origin(origin)
    case = export(origin, leaver, receiver)
    (told,) = written(origin, case, ministry)
    assert post(receiver, told.data).outcome == "problem", "it is sealed to the ministry"
    forged = _told_as(receiver, origin, case, ministry)
    assert post(ministry, forged).outcome == "quarantined"
    assert registered(ministry.office.ledger).tokens == {}


def _told_as(teller: Side, other: Side, case: UUID, ministry: Side) -> bytes:
    """`teller` says that `other` released to it."""
    content = {
        "event": "released",
        "token": "ab" * 32,
        "from": str(other.office.ledger.id),
        "to": str(teller.office.ledger.id),
        "root": None,
    }
    return told(teller, ministry, case, "register", content)


def test_where_the_bundle_names_no_ministry_nothing_is_told(provinces: Provinces) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver = at_origin(origin)
    case = export(origin, leaver, receiver)
    bring_opened(case, origin, receiver)
    for side in (origin, receiver):
        assert case_answer(side.office, case)["registered"] is None
        assert rows(side, "SELECT 1 FROM ledger.outbox WHERE kind = 'register'") == []
        assert rows(side, "SELECT 1 FROM vault.secret WHERE name LIKE 'register/%'") == []
