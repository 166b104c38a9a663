"""A record that went wrong comes back: recalled, cancelled, held, or returned after acceptance."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from ledger.errors import LedgerError, Refused
from tests.integration.transfer.conftest import Provinces, Side
from tests.integration.transfer.files import released_to_file
from tests.integration.transfer.story import (
    FIRST_DAY,
    SECOND_TERM_LATER,
    TODAY,
    ask,
    at_origin,
    at_receiver,
    begin,
    case_of,
    cases,
    count,
    enter,
    let_go,
    post,
    pupil_state,
    rows,
    sealed,
    take_in,
    transcript,
)
from transfer import application, by_file, conversation, holding, outbox, recall, returning
from transfer.application import Apply
from transfer.errors import CaseRefused


def call_back(side: Side, case: UUID) -> None:
    recall.recall(
        side.office, case, reason="wrong_pupil", words="Nhầm em", today=TODAY, who=side.who
    )


def released(provinces: Provinces) -> tuple[UUID, UUID, UUID]:
    """(leaver, arrival, case): the request arrived, the record is released, nothing sent yet."""
    leaver, arrival, case = begin(provinces)
    post(provinces.origin, sealed(provinces.receiver, case, "request"))
    let_go(provinces.origin, case, leaver)
    return leaver, arrival, case


def test_a_recall_before_the_decision_brings_the_record_back_by_rule(provinces: Provinces) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = released(provinces)
    post(receiver, sealed(origin, case, "dossier"))
    call_back(origin, case)
    assert case_of(origin, case).state == "recalling"
    assert pupil_state(origin, leaver).released is not None, "asking moves nothing"
    assert post(receiver, sealed(origin, case, "recall")).outcome == "done"
    assert (case_of(receiver, case).state, case_of(receiver, case).failure) == (
        "rejected",
        (0, "recalled"),
    )
    with pytest.raises(CaseRefused):
        take_in(receiver, case, arrival)
    post(origin, sealed(receiver, case, "reject"))
    assert case_of(origin, case).state == "rejected"
    assert pupil_state(origin, leaver).released is None
    assert rows(origin, "SELECT kind FROM ledger.outbox WHERE state <> 'answered'") == []


def test_a_recall_after_the_acceptance_is_answered_by_the_acceptance(provinces: Provinces) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = released(provinces)
    post(receiver, sealed(origin, case, "dossier"))
    take_in(receiver, case, arrival)
    accept = sealed(receiver, case, "accept")
    call_back(origin, case)
    post(receiver, sealed(origin, case, "recall"))
    assert case_of(receiver, case).state == "accepted"
    post(origin, accept)
    assert case_of(origin, case).state == "accepted"
    assert pupil_state(origin, leaver).released == (case, receiver.office.ledger.id)
    assert rows(receiver, "SELECT decision FROM ledger.decision") == [("accepted",)]


def test_an_answer_that_comes_while_its_question_is_being_sealed_ends_the_question(
    provinces: Provinces, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    _, arrival, case = released(provinces)
    post(receiver, sealed(origin, case, "dossier"))
    take_in(receiver, case, arrival)
    accept = sealed(receiver, case, "accept")
    call_back(origin, case)
    store = outbox._store

    def answered_first(*args: Any) -> int:
        post(origin, accept)
        return store(*args)

    monkeypatch.setattr(outbox, "_store", answered_first)
    assert outbox.seal_waiting(origin.office) == 0
    assert rows(origin, "SELECT kind FROM ledger.outbox WHERE state <> 'answered'") == []


def test_a_recall_that_overtakes_its_dossier_still_ends_in_one_rejection(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, _, case = released(provinces)
    dossier = sealed(origin, case, "dossier")
    call_back(origin, case)
    post(receiver, sealed(origin, case, "recall"))
    assert post(receiver, dossier).outcome == "repeated"
    assert count(receiver, "DossierReceived") == 0
    post(origin, sealed(receiver, case, "reject"))
    assert pupil_state(origin, leaver).released is None


def test_a_recalled_file_that_nobody_handed_in_yet_can_never_be_accepted(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver = at_origin(origin)
    case, data = released_to_file(origin, leaver, to=receiver)
    call_back(origin, case)
    assert post(receiver, sealed(origin, case, "recall")).outcome == "done"
    with pytest.raises(CaseRefused, match="rejected"):
        by_file.import_dossier(
            receiver.office, data, pupil=None, new=True, today=TODAY, who=receiver.who
        )
    post(origin, sealed(receiver, case, "reject"))
    assert pupil_state(origin, leaver).released is None


def test_only_what_is_out_can_be_recalled_and_asking_twice_asks_once(provinces: Provinces) -> None:
    origin = provinces.origin
    leaver, _, case = begin(provinces)
    post(origin, sealed(provinces.receiver, case, "request"))
    with pytest.raises(CaseRefused, match="nothing to recall"):
        call_back(origin, case)
    let_go(origin, case, leaver)
    call_back(origin, case)
    call_back(origin, case)
    assert count(origin, "RecallAsked") == 1
    with pytest.raises(Refused, match="without names"):
        recall.recall(
            origin.office, case, reason="em An đi nhầm", words=None, today=TODAY, who=origin.who
        )


def test_a_cancelled_request_is_confirmed_and_asks_for_nothing(provinces: Provinces) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    _, _, case = begin(provinces)
    request = sealed(receiver, case, "request")
    conversation.reject(receiver.office, case, reason="withdrawn", today=TODAY, who=receiver.who)
    cancel = sealed(receiver, case, "cancel")
    assert post(origin, cancel).outcome == "done", "it may overtake the request"
    assert post(origin, request).outcome == "done"
    assert case_of(origin, case).state == "rejected"
    assert post(receiver, sealed(origin, case, "receipt")).outcome == "done"
    assert rows(receiver, "SELECT kind FROM ledger.outbox WHERE state <> 'answered'") == []


def test_a_cancelling_that_crosses_the_release_gives_custody_back(provinces: Provinces) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, _, case = released(provinces)
    dossier = sealed(origin, case, "dossier")
    conversation.reject(receiver.office, case, reason="withdrawn", today=TODAY, who=receiver.who)
    post(origin, sealed(receiver, case, "cancel"))
    assert case_of(origin, case).state == "rejected"
    assert pupil_state(origin, leaver).released is None
    assert post(receiver, dossier).outcome == "repeated"


def test_a_held_case_is_neither_released_nor_accepted_until_another_document(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = begin(provinces)
    post(origin, sealed(receiver, case, "request"))
    hold(origin, case)
    with pytest.raises(CaseRefused, match="15/CV-TA"):
        let_go(origin, case, leaver)
    hold(origin, case)
    with pytest.raises(CaseRefused, match="15/CV-TA"):
        hold(origin, case, document="15b/CV-TA")
    holding.lift(origin.office, case, document="16/CV-TA", on=TODAY, who=origin.who)
    let_go(origin, case, leaver)
    post(receiver, sealed(origin, case, "dossier"))
    hold(receiver, case)
    with pytest.raises(CaseRefused, match="held"):
        take_in(receiver, case, arrival)
    holding.lift(receiver.office, case, document="17/CV-TA", on=TODAY, who=receiver.who)
    take_in(receiver, case, arrival)
    with pytest.raises(CaseRefused, match="nothing to hold"):
        hold(receiver, case)


def hold(side: Side, case: UUID, *, document: str = "15/CV-TA") -> None:
    holding.hold(side.office, case, document=document, words="Tranh chấp", on=TODAY, who=side.who)


def test_both_sides_keep_what_differed_when_a_person_confirmed_the_pupil(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    _, arrival, case = released(provinces)
    post(receiver, sealed(origin, case, "dossier"))
    take_in(receiver, case, arrival)
    for side in (origin, receiver):
        assert "full_name" in (case_of(side, case).identity or ()), "N1 here is P0 there"


def test_an_acceptance_is_undone_by_a_transfer_back_with_what_was_written_meanwhile(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = released(provinces)
    post(receiver, sealed(origin, case, "dossier"))
    take_in(receiver, case, arrival)
    enter(receiver, arrival, "7B2", SECOND_TERM_LATER[:1])
    back = give_back(receiver, case)
    assert back != case
    assert give_back(receiver, case) == back, "asked twice it goes back once"
    # The acceptance itself is still on its way: the record that comes back proves it.
    taken = post(origin, sealed(receiver, back, "dossier"))
    assert (taken.outcome, taken.failure) == ("done", None)
    returned = case_of(origin, back)
    assert (returned.side, returned.pupil, returned.returns) == ("receiver", leaver, case)
    take_in(origin, back, leaver)
    assert pupil_state(origin, leaver).released is None
    assert post(origin, sealed(receiver, case, "accept")).outcome == "done"
    assert pupil_state(origin, leaver).released is None, "the late answer changes nothing"
    post(receiver, sealed(origin, back, "accept"))
    assert pupil_state(receiver, arrival).released == (back, origin.office.ledger.id)
    assert case_of(receiver, back).state == "accepted"
    (year,) = transcript(origin, leaver, TODAY).years
    maths = next(s for s in year["subjects"] if s["subject"] == "TOAN")
    assert "10.0" in maths["semesters"]["2"]["marks"]["TX"], "the mark of the time away"


def test_a_return_that_is_rejected_leaves_the_record_where_it_was(provinces: Provinces) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    _, arrival, case = released(provinces)
    post(receiver, sealed(origin, case, "dossier"))
    take_in(receiver, case, arrival)
    post(origin, sealed(receiver, case, "accept"))
    back = give_back(receiver, case)
    post(origin, sealed(receiver, back, "dossier"))
    conversation.reject(origin.office, back, reason="moved_away", today=TODAY, who=origin.who)
    post(receiver, sealed(origin, back, "reject"))
    assert pupil_state(receiver, arrival).released is None
    assert give_back(receiver, case) != back, "after a rejection it may be tried again"


def test_nobody_can_return_what_was_not_accepted_or_not_sent_by_this_ledger(
    three: list[Side],
) -> None:
    origin, receiver, third = three
    leaver, arrival = at_origin(origin), at_receiver(receiver)
    case = ask(receiver, arrival, origin)
    post(origin, sealed(receiver, case, "request"))
    with pytest.raises(CaseRefused, match="accepted here"):
        give_back(receiver, case)
    let_go(origin, case, leaver)
    post(receiver, sealed(origin, case, "dossier"))
    take_in(receiver, case, arrival)
    back = give_back(receiver, case)
    # The same claim at a ledger that never sent this pupil away.
    taken = post(third, sealed(receiver, back, "dossier"))
    assert taken.failure is not None
    assert taken.failure.code == "wrong_addressee"


def give_back(side: Side, case: UUID) -> UUID:
    return returning.give_back(
        side.office, case, reason="withdrawn", last_day=None, today=TODAY, who=side.who
    )


def test_the_head_agrees_before_anything_is_asked_of_another_ledger(provinces: Provinces) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    at_origin(origin)
    arrival = at_receiver(receiver)
    command = Apply(
        pupil=arrival,
        from_ledger=origin.office.ledger.id,
        school_code="S9",
        first_day=date(2026, 6, 15),
        applied_on=date(2026, 6, 1),
        applicant="parent",
        ground="moved_house",
        applicant_name="Nguyễn Văn Cha",
        documents=("Đơn xin chuyển trường",),
    )
    case = application.apply(receiver.office, command, who=receiver.who)
    assert application.apply(receiver.office, command, who=receiver.who) == case
    for first_day, code in (
        (date(2026, 6, 16), "applied_before"),
        (date(2062, 6, 15), "day_out_of_range"),
    ):
        other = replace(command, first_day=first_day)
        with pytest.raises(LedgerError) as refused:
            application.apply(receiver.office, other, who=receiver.who)
        assert refused.value.code == code
    assert case_of(receiver, case).due_on == date(2026, 6, 11)
    with pytest.raises(CaseRefused, match="has not agreed"):
        ask_for(receiver, origin, arrival, case)
    decide(receiver, case, "agreed", None)
    assert ask_for(receiver, origin, arrival, case) == case
    assert post(origin, sealed(receiver, case, "request")).outcome == "done"
    assert [c.id for c in cases(receiver)] == [case]


def ask_for(side: Side, origin: Side, pupil: UUID, case: UUID) -> UUID:
    return conversation.request(
        side.office,
        pupil=pupil,
        from_ledger=origin.office.ledger.id,
        school_code="S9",
        first_day=FIRST_DAY,
        who=side.who,
        case_id=case,
    )


def decide(side: Side, case: UUID, decision: str, reason: str | None) -> None:
    application.decide_application(
        side.office,
        case,
        decision="agreed" if decision == "agreed" else "refused",
        number="12/QĐ-THCS",
        reason=reason,
        words=None,
        on=TODAY,
        who=side.who,
    )


def test_a_refusal_needs_a_reason_and_textbooks_are_none(provinces: Provinces) -> None:
    receiver = provinces.receiver
    arrival = at_receiver(receiver)
    command = Apply(
        pupil=arrival,
        from_ledger=None,
        school_code="S9",
        first_day=FIRST_DAY,
        applied_on=TODAY,
        applicant="guardian",
        ground="family",
        applicant_name="Trần Thị Bà",
    )
    case = application.apply(receiver.office, command, who=receiver.who)
    with pytest.raises(Refused, match="states its reason"):
        decide(receiver, case, "refused", None)
    with pytest.raises(Refused, match="no ground"):
        decide(receiver, case, "refused", "textbooks")
    decide(receiver, case, "refused", "no_place")
    assert case_of(receiver, case).state == "refused"
