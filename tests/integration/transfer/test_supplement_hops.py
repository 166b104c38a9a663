"""Supplements of a pupil who goes on: to who has the pupil now, proven to a third ledger."""

from typing import Any
from uuid import UUID

import pytest

from tests.integration.transfer.conftest import Side
from tests.integration.transfer.follow_up import (
    CLOSING_DAY,
    LATE,
    LATER,
    answer,
    correct,
    decide,
    look,
    move,
    newcomer,
    propose_marks,
    propose_years,
    sealed,
    send,
    settle,
    shown,
    told,
)
from tests.integration.transfer.forge import body_of, forger, put_body
from tests.integration.transfer.story import (
    SECOND_TERM_HERE,
    TODAY,
    ask,
    at_origin,
    case_of,
    count,
    enter,
    let_go,
    post,
    pupil_state,
    record,
    transcript,
)
from tests.integration.transfer.story import sealed as sealed_newest
from transfer import conversation
from transfer.build import build_dossier


def to_second(three: list[Side]) -> tuple[Side, Side, Side, UUID, UUID, UUID]:
    """(first, second, third, leaver, there, case) after the first transfer."""
    first, second, third = three
    leaver, there = at_origin(first), newcomer(second)
    case = move(first, second, leaver=leaver, arrival=there, school="S9")
    return first, second, third, leaver, there, case


def on_to_third(second: Side, third: Side, there: UUID) -> tuple[UUID, UUID]:
    """(transfer, the pupil there): the pupil goes on."""
    here = newcomer(third, key="N3", school="S5", class_code="7C3")
    return move(second, third, leaver=there, arrival=here, school="S5"), here


def test_an_accepted_mark_travels_on_with_its_proof_and_counts_there_too(
    three: list[Side],
) -> None:
    first, second, third, leaver, there, case = to_second(three)
    propose_years(first, leaver, correct("10", old="7"), on=CLOSING_DAY)
    propose_marks(first, leaver, LATE, LATER)
    post(second, send(first, case))
    fix, mark, _ = look(second, case).proposals
    decide(second, case, (fix.id, mark.id))
    post(first, answer(second, case))
    onward, here = on_to_third(second, third, there)
    assert transcript(third, here, TODAY).digest == transcript(second, there, TODAY).digest
    assert transcript(third, here, TODAY).digest == transcript(first, leaver, TODAY).digest
    assert case_of(third, onward).digest == case_of(second, onward).digest
    originals = {(e.stream.id, e.version): e.body for e in record(first, leaver)}
    copies = [e for e in record(third, here) if (e.stream.id, e.version) in originals]
    assert len([e for e in copies if "Proposed" in e.envelope.topic]) == 2, (
        "up to the last accepted"
    )
    assert all(originals[e.stream.id, e.version] == e.body for e in copies)


def test_a_former_custodian_says_where_the_pupil_went_and_the_mark_counts_once(
    three: list[Side],
) -> None:
    first, second, third, leaver, there, case = to_second(three)
    propose_marks(first, leaver, LATE)
    frame = send(first, case)
    assert post(second, frame).outcome == "done"
    onward, here = on_to_third(second, third, there)
    assert told(second, case) == [], "it came before the pupil went"
    assert post(second, frame).outcome == "repeated"
    assert told(second, case) == [("moved_to", 1)]
    assert post(first, sealed(second, case, "moved_to", 1)).outcome == "done"
    assert case_of(first, case).moved_to == third.office.ledger.id
    again = sealed(first, case, "supplement", 2)
    assert post(third, again).outcome == "done"
    follow_up = case_of(third, case)
    assert (follow_up.state, follow_up.pupil, follow_up.peer) == (
        "follow_up",
        here,
        first.office.ledger.id,
    )
    before = transcript(third, here, TODAY).digest
    decide(third, case, "all")
    assert transcript(third, here, TODAY).digest != before
    post(first, answer(third, case, 2))
    assert transcript(first, leaver, TODAY).digest == transcript(third, here, TODAY).digest
    assert post(second, frame).outcome == "repeated"
    assert post(third, again).outcome == "repeated"
    assert count(third, "SupplementDecided") == 1
    assert [one.outcome for one in case_of(first, case).supplements] == ["moved_to", "decided"]
    propose_marks(first, leaver, LATER)
    later = send(first, case)
    assert post(third, later).outcome == "done", "later ones go there at once"
    assert onward


def test_a_mark_accepted_by_the_second_and_sent_to_the_third_too_is_applied_once(
    three: list[Side],
) -> None:
    first, second, third, leaver, there, case = to_second(three)
    propose_marks(first, leaver, LATE)
    frame = send(first, case)
    post(second, frame)
    decide(second, case, "all")
    _, here = on_to_third(second, third, there)
    digest = transcript(third, here, TODAY).digest
    propose_marks(first, leaver, LATER)
    second_frame = send(first, case)
    post(second, second_frame)
    post(first, sealed(second, case, "moved_to", 2))
    assert post(third, sealed(first, case, "supplement", 3)).outcome == "done"
    assert shown(look(third, case).proposals) == [
        ("mark HK2/TX2", "9.0", "9.0", None, "accepted"),
        ("mark HK2/TX3", None, "10.0", None, None),
    ]
    decide(third, case, "none")
    assert transcript(third, here, TODAY).digest == digest
    post(first, answer(second, case, 1))
    post(first, answer(third, case, 3))
    assert transcript(first, leaver, TODAY).digest == digest


def test_marks_of_a_rejected_stay_travel_on_with_the_record(three: list[Side]) -> None:
    """The second ledger sent the record back; what was written there counts at the third."""
    first, second, third = three
    leaver, stay = at_origin(first), newcomer(second)
    rejected = ask(second, stay, first)
    post(first, sealed_newest(second, rejected, "request"))
    let_go(first, rejected, leaver)
    post(second, sealed_newest(first, rejected, "dossier"))
    enter(second, stay, "7B2", SECOND_TERM_HERE)
    conversation.reject(second.office, rejected, reason="mistake", today=TODAY, who=second.who)
    post(first, sealed_newest(second, rejected, "reject"))
    post(first, send(second, rejected))
    decide(first, rejected, "all")
    here = newcomer(third, key="N3", school="S5", class_code="7C3")
    move(first, third, leaver=leaver, arrival=here, school="S5")
    assert transcript(third, here, TODAY).digest == transcript(first, leaver, TODAY).digest
    assert {link.pupil for link in pupil_state(third, here).links} == {leaver, stay}
    (year,) = transcript(third, here, TODAY).years
    maths = next(s for s in year["subjects"] if s["subject"] == "TOAN")["semesters"]["2"]
    assert maths["marks"]["GK"] == "8.0"


def test_there_and_back_with_a_supplement_and_on_to_a_third_ledger(three: list[Side]) -> None:
    first, second, third, leaver, there, case = to_second(three)
    propose_marks(first, leaver, LATE)
    settle(first, second, case)
    move(second, first, leaver=there, arrival=leaver, school="S1")
    here = newcomer(third, key="N3", school="S5", class_code="7C3")
    move(first, third, leaver=leaver, arrival=here, school="S5")
    assert transcript(third, here, TODAY).digest == transcript(first, leaver, TODAY).digest
    (year,) = transcript(third, here, TODAY).years
    literature = next(s for s in year["subjects"] if s["subject"] == "NGUVAN")
    assert literature["semesters"]["2"]["marks"]["TX"] == ["7.0", "9.0"]


Payload = dict[str, Any]


def drop_proof(payload: Payload) -> None:
    payload["supplements"][0]["proofs"].clear()


def drop_all(payload: Payload) -> None:
    payload["supplements"].clear()


def gap(payload: Payload) -> None:
    del payload["supplements"][0]["entries"][0]


def other_mark(payload: Payload) -> None:
    entry = payload["supplements"][0]["entries"][-1]
    body = body_of(entry)
    body["facts"]["facts"]["value"] = "4.0"
    put_body(entry, body)


def other_place(payload: Payload) -> None:
    payload["supplements"][0]["proofs"][0]["inclusion"]["index"] += 1


@pytest.mark.parametrize(
    ("mutate", "failure"),
    [
        (drop_proof, (8, "extra_entry")),
        (drop_all, (8, "missing_entry")),
        (gap, (8, "missing_entry")),
        (other_mark, (9, "altered_entry")),
        (other_place, (10, "not_in_log")),
    ],
)
def test_a_middle_ledger_cannot_change_what_the_first_proposed(
    three: list[Side], mutate: Any, failure: tuple[int, str]
) -> None:
    first, second, third, leaver, there, case = to_second(three)
    propose_marks(first, leaver, LATE, LATER)
    settle(first, second, case)
    here = newcomer(third, key="N3", school="S5", class_code="7C3")
    onward = ask(third, here, second, school="S5")
    post(second, sealed_newest(third, onward, "request"))
    let_go(second, onward, there)
    with second.office.ledger.database.connection() as connection:
        payload = build_dossier(second.office, connection, case_of(second, onward))
    forged = forger(second, third, payload)
    report = forged.verify(forged.frame(forged.changed(mutate)))
    assert report.failure is not None
    assert (report.failure.step, report.failure.code) == failure
    assert forged.verify(forged.frame()).ok
