"""Marks that come after the release: proposed, decided by who has the pupil, counted once."""

from uuid import UUID

import pytest

from ledger.contribution import columns
from ledger.errors import Refused
from ledger.reader import Reader
from ledger.year_commands import absences, comment
from projections.history import FoldEntry, fold_history
from projections.persons import Key
from projections.views import Views
from tests.integration.transfer.conftest import Provinces, Side
from tests.integration.transfer.follow_up import (
    CLOSING_DAY,
    LATE,
    LATER,
    answer,
    assess_conduct,
    average,
    close_term_1,
    correct,
    decide,
    look,
    move,
    newcomer,
    own_year,
    propose_marks,
    propose_years,
    send,
    settle,
    shown,
    told,
)
from tests.integration.transfer.story import (
    TODAY,
    at_origin,
    begin,
    carry_through,
    case_of,
    cells,
    count,
    enter,
    hand_in,
    let_go,
    post,
    pupil_state,
    record,
    rows,
    sealed,
    take_in,
    transcript,
)
from tests.school import YEAR
from transfer import conversation, returning, supplement
from transfer.errors import CaseRefused


def moved(provinces: Provinces) -> tuple[Side, Side, UUID, UUID, UUID]:
    """(origin, receiver, leaver, arrival, case): carried through, nothing written at the receiver,
    so that both sides count the same entries."""
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival = at_origin(origin), newcomer(receiver)
    case = move(origin, receiver, leaver=leaver, arrival=arrival, school="S9")
    return origin, receiver, leaver, arrival, case


def slots(side: Side, pupil: UUID) -> dict[tuple[str, int, str], str]:
    """Every mark of the year as the rules see it."""
    ledger = side.office.ledger
    with ledger.database.connection() as connection:
        reader = Reader(connection, ledger.keyring, ledger.id)
        parts = reader.contributions(pupil_state(side, pupil), YEAR)
        on = reader.contributions_on(pupil_state(side, pupil), YEAR, TODAY)
    folded = fold_history(
        [FoldEntry.of(entry) for entry in record(side, pupil)], pupil=pupil, on=TODAY
    )
    assert columns(parts) == columns(on) == columns(folded.years[YEAR]), "all readings agree"
    return {
        (subject, semester, mark.slot): mark.value
        for (subject, semester), column in columns(parts).items()
        for mark in column.marks
    }


def test_a_late_mark_counts_on_both_sides_once_it_was_accepted(provinces: Provinces) -> None:
    origin, receiver, leaver, arrival, case = moved(provinces)
    before = transcript(receiver, arrival, TODAY).digest
    assert before == transcript(origin, leaver, TODAY).digest
    propose_marks(origin, leaver, LATE)
    assert post(receiver, send(origin, case)).outcome == "done"
    assert shown(look(receiver, case).proposals) == [("mark HK2/TX2", None, "9.0", None, None)]
    assert transcript(receiver, arrival, TODAY).digest == before, "nothing counts unaccepted"
    assert transcript(origin, leaver, TODAY).digest == before
    decide(receiver, case, "all")
    after = transcript(receiver, arrival, TODAY).digest
    assert after != before
    assert slots(receiver, arrival)["NGUVAN", 2, "TX2"] == "9.0"
    assert transcript(origin, leaver, TODAY).digest == before, "there it waits for the answer"
    post(origin, answer(receiver, case))
    assert transcript(origin, leaver, TODAY).digest == after
    assert slots(origin, leaver)["NGUVAN", 2, "TX2"] == "9.0"
    assert [one.outcome for one in case_of(origin, case).supplements] == ["decided"]
    assert rows(origin, "SELECT kind FROM ledger.outbox WHERE state <> 'answered'") == []


def test_a_correction_and_the_closing_show_before_and_after_and_move_the_results(
    provinces: Provinces,
) -> None:
    origin, receiver, leaver, arrival, case = moved(provinces)
    propose_years(origin, leaver, correct("10", old="7"), on=CLOSING_DAY)
    propose_years(origin, leaver, assess_conduct("T"), on=CLOSING_DAY)
    propose_years(origin, leaver, close_term_1(), on=CLOSING_DAY, results=True)
    post(receiver, send(origin, case))
    looked = look(receiver, case)
    (mark, level, closing) = looked.proposals
    assert shown([mark, level]) == [
        ("correction HK1/GK", "7.0", "10.0", None, None),
        ("conduct HK1", None, "T", None, None),
    ]
    assert mark.offered.text == "Chép nhầm điểm"
    assert (closing.effect.what, closing.effect.before) == ("closing HK1", None)
    assert closing.effect.after["results"]["TOAN"] == average(looked.after, "TOAN", "HK1")
    assert (average(looked.before, "TOAN", "HK1"), average(looked.after, "TOAN", "HK1")) == (
        "7.6",
        "8.3",
    )
    decided = decide(receiver, case, "all")
    assert decided.after[YEAR]["conduct"]["HK1"] == "T"
    post(origin, answer(receiver, case))
    (year,) = transcript(receiver, arrival, TODAY).years
    assert year["conduct"]["HK1"] == "T"
    assert transcript(origin, leaver, TODAY).digest == transcript(receiver, arrival, TODAY).digest
    assert own_year(origin, leaver).closed == {"HK1"}
    results = Views(receiver.office.ledger).audit(Key("id", str(arrival)))["entries"]
    (line,) = [one for one in results if one["type"] == "SupplementDecided"]
    assert len(line["after"]["accepted"]) == 3
    changed = {(r["result"], r["subject"], r["period"]): r["after"] for r in line["result_changed"]}
    assert changed["average", "TOAN", "HK1"] == "8.3"


def test_absences_and_a_comment_come_late_too(provinces: Provinces) -> None:
    origin, receiver, leaver, arrival, case = moved(provinces)
    propose_years(
        origin,
        leaver,
        absences(period="HK1", excused=2, unexcused=1, on=CLOSING_DAY),
        comment(subject="TOAN", time="CK1", text="Tiến bộ rõ", on=CLOSING_DAY),
        on=CLOSING_DAY,
    )
    post(receiver, send(origin, case))
    days, words = look(receiver, case).proposals
    assert shown([days, words]) == [
        ("absences HK1", None, "2/1", None, None),
        ("comment CK1", None, None, None, None),
    ]
    assert words.offered.text == "Tiến bộ rõ"
    decide(receiver, case, "all")
    post(origin, answer(receiver, case))
    (year,) = transcript(receiver, arrival, TODAY).years
    assert year["absences"] == {"excused": 2, "unexcused": 1, "total": 3}
    assert transcript(origin, leaver, TODAY).digest == transcript(receiver, arrival, TODAY).digest


def test_some_are_accepted_and_the_others_refused_with_a_reason(provinces: Provinces) -> None:
    origin, receiver, leaver, arrival, case = moved(provinces)
    propose_marks(origin, leaver, LATE, LATER)
    post(receiver, send(origin, case))
    _, second = look(receiver, case).proposals
    decide(receiver, case, (second.id,), reason="test_not_held")
    assert [p.decided for p in look(receiver, case).proposals] == ["test_not_held", "accepted"]
    post(origin, answer(receiver, case))
    assert [p.decided for p in look(origin, case).proposals] == ["test_not_held", "accepted"]
    for side, pupil in ((origin, leaver), (receiver, arrival)):
        held = slots(side, pupil)
        assert ("NGUVAN", 2, "TX2") not in held
        assert held["NGUVAN", 2, "TX3"] == "10.0"
    assert supplement.offer(origin.office, case, today=TODAY, who=origin.who) is None


def test_none_accepted_changes_nothing_but_is_answered(provinces: Provinces) -> None:
    origin, receiver, leaver, arrival, case = moved(provinces)
    before = transcript(receiver, arrival, TODAY).digest
    propose_marks(origin, leaver, LATE)
    settle(origin, receiver, case, "none")
    assert transcript(receiver, arrival, TODAY).digest == before
    assert transcript(origin, leaver, TODAY).digest == before
    assert [p.decided for p in look(origin, case).proposals] == ["not_accepted"]
    assert not [e for e in record(receiver, arrival) if "Proposed" in e.envelope.topic]


def test_a_repeated_supplement_and_a_repeated_answer_change_nothing(provinces: Provinces) -> None:
    origin, receiver, leaver, _, case = moved(provinces)
    propose_marks(origin, leaver, LATE)
    frame = send(origin, case)
    assert [post(receiver, frame).outcome for _ in range(3)] == ["done", "repeated", "repeated"]
    assert count(receiver, "SupplementReceived") == 1
    decide(receiver, case, "all")
    decide(receiver, case, "none")
    assert post(receiver, frame).outcome == "repeated"
    said = answer(receiver, case)
    assert rows(receiver, "SELECT state FROM ledger.outbox WHERE kind = 'supplement_answer'") == [
        ("sealed",)
    ]
    assert [post(origin, said).outcome for _ in range(2)] == ["done", "repeated"]
    assert count(origin, "SupplementDecided") == count(receiver, "SupplementDecided") == 1
    assert told(receiver, case) == [("supplement_answer", 1)]


def test_of_two_supplements_the_second_may_come_first(provinces: Provinces) -> None:
    origin, receiver, leaver, arrival, case = moved(provinces)
    propose_marks(origin, leaver, LATE)
    first = send(origin, case)
    propose_marks(origin, leaver, LATER)
    second = send(origin, case)
    assert post(receiver, second).outcome == "done"
    decide(receiver, case, "all")
    assert post(receiver, first).outcome == "done", "it is no tampering"
    assert told(receiver, case) == [("supplement_answer", 1), ("supplement_answer", 2)] or told(
        receiver, case
    ) == [("supplement_answer", 2), ("supplement_answer", 1)]
    post(origin, answer(receiver, case, 2))
    post(origin, answer(receiver, case, 1))
    assert [one.outcome for one in case_of(origin, case).supplements] == ["decided", "decided"]
    assert count(origin, "SupplementDecided") == count(receiver, "SupplementDecided") == 1
    assert transcript(origin, leaver, TODAY).digest == transcript(receiver, arrival, TODAY).digest
    assert slots(receiver, arrival)["NGUVAN", 2, "TX2"] == "9.0"


def test_a_lost_answer_is_given_again_and_further_marks_follow_it(provinces: Provinces) -> None:
    origin, receiver, leaver, arrival, case = moved(provinces)
    propose_marks(origin, leaver, LATE)
    frame = send(origin, case)
    post(receiver, frame)
    decide(receiver, case, "all")
    propose_marks(origin, leaver, LATER)
    second = send(origin, case)
    assert post(receiver, second).outcome == "done"
    assert [p.decided for p in look(receiver, case).proposals] == ["accepted", None]
    decide(receiver, case, "all")
    post(origin, answer(receiver, case, 2))
    assert post(receiver, frame).outcome == "repeated"
    post(origin, answer(receiver, case, 1))
    assert count(origin, "SupplementDecided") == 1
    assert transcript(origin, leaver, TODAY).digest == transcript(receiver, arrival, TODAY).digest


def test_a_supplement_waits_for_the_end_of_its_transfer(provinces: Provinces) -> None:
    origin = provinces.origin
    leaver = at_origin(origin)
    arrival = newcomer(provinces.receiver)
    case = move(origin, provinces.receiver, leaver=leaver, arrival=arrival, school="S9")
    assert supplement.offer(origin.office, case, today=TODAY, who=origin.who) is None
    with pytest.raises(CaseRefused, match="waits for its end"):
        supplement.offer(provinces.receiver.office, case, today=TODAY, who=provinces.receiver.who)


def test_marks_of_the_custodian_are_no_conflict_and_both_stand(provinces: Provinces) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = carry_through(provinces)
    propose_marks(origin, leaver, ("TOAN", 2, "TX3", "6", LATE[4]))
    post(receiver, send(origin, case))
    assert [p.effect.conflict for p in look(receiver, case).proposals] == [None]
    decide(receiver, case, "all")
    (year,) = transcript(receiver, arrival, TODAY).years
    maths = next(s for s in year["subjects"] if s["subject"] == "TOAN")["semesters"]["2"]
    assert maths["marks"]["TX"] == ["9.0", "8.0", "6.0", "7.0"]
    assert maths["marks"]["GK"] == "8.0"


def test_conflicts_are_shown_and_a_correction_stands_on_its_mark(provinces: Provinces) -> None:
    origin, receiver, leaver, arrival, case = moved(provinces)
    propose_years(origin, leaver, correct("9", old="7"), on=CLOSING_DAY)
    settle(origin, receiver, case)
    propose_marks(origin, leaver, ("TOAN", 1, "TX5", "5", CLOSING_DAY))
    propose_years(
        origin, leaver, correct("6", old="5", slot="TX5"), assess_conduct("K"), on=CLOSING_DAY
    )
    propose_years(origin, leaver, assess_conduct("T"), on=CLOSING_DAY)
    post(receiver, send(origin, case))
    open_ = [one for one in look(receiver, case).proposals if one.decided is None]
    assert shown(open_) == [
        ("mark HK1/TX5", None, "5.0", None, None),
        ("correction HK1/TX5", "5.0", "6.0", None, None),
        ("conduct HK1", None, "K", None, None),
        ("conduct HK1", "K", "T", "already_assessed", None),
    ]
    with pytest.raises(Refused, match="not accepted"):
        decide(receiver, case, (open_[1].id,))
    with pytest.raises(Refused, match="no open proposal"):
        decide(receiver, case, (case,))
    decide(receiver, case, (open_[0].id, open_[1].id))
    assert slots(receiver, arrival)["TOAN", 1, "TX5"] == "6.0"


def test_a_mark_proposed_once_is_not_proposed_again_and_its_slot_is_taken(
    provinces: Provinces,
) -> None:
    origin, receiver, leaver, _, case = moved(provinces)
    propose_marks(origin, leaver, LATE)
    again, other = cells(leaver, "7A1", [LATE, (*LATE[:3], "5", LATE[4])])
    assert [v.fate for v in hand_in(origin, [again])] == ["unchanged"]
    (verdict,) = hand_in(origin, [other])
    assert (verdict.fate, verdict.refused and verdict.refused.code) == ("rejected", "slot_taken")
    settle(origin, receiver, case)
    assert [v.fate for v in hand_in(origin, [again])] == ["unchanged"]


def test_the_reason_stays_sealed_and_where_its_key_is_gone_the_mark_still_counts(
    provinces: Provinces,
) -> None:
    origin, receiver, leaver, arrival, case = moved(provinces)
    propose_years(origin, leaver, correct("10", old="7"), on=CLOSING_DAY)
    post(receiver, send(origin, case))
    for side in (origin, receiver):
        bodies = rows(side, "SELECT convert_from(body, 'utf8') FROM ledger.entry")
        assert not [body for (body,) in bodies if "Chép nhầm" in str(body)]
    with receiver.office.ledger.database.connection() as connection:
        connection.execute("DELETE FROM vault.data_key WHERE person = %s", (leaver,))
    decide(receiver, case, "all")
    assert slots(receiver, arrival)["TOAN", 1, "GK"] == "10.0"
    assert rows(receiver, f"SELECT 1 FROM vault.data_key WHERE person = '{leaver}'") == []


def test_proposals_of_before_a_rejection_are_decided_where_they_were_made(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = begin(provinces)
    post(origin, sealed(receiver, case, "request"))
    let_go(origin, case, leaver)
    propose_marks(origin, leaver, LATE)
    post(receiver, sealed(origin, case, "dossier"))
    conversation.reject(receiver.office, case, reason="mistake", today=TODAY, who=receiver.who)
    post(origin, sealed(receiver, case, "reject"))
    assert shown(look(origin, case).proposals) == [("mark HK2/TX2", None, "9.0", None, None)]
    decide(origin, case, "all")
    assert slots(origin, leaver)["NGUVAN", 2, "TX2"] == "9.0"
    assert told(origin, case) == []
    assert arrival


def test_after_a_rejection_the_marks_of_the_stay_go_back(provinces: Provinces) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = begin(provinces)
    post(origin, sealed(receiver, case, "request"))
    let_go(origin, case, leaver)
    post(receiver, sealed(origin, case, "dossier"))
    conversation.reject(receiver.office, case, reason="mistake", today=TODAY, who=receiver.who)
    before = transcript(receiver, arrival, TODAY).digest
    frame = send(receiver, case)
    assert post(origin, frame).outcome == "early", "the rejection is still on its way"
    post(origin, sealed(receiver, case, "reject"))
    assert post(origin, frame).outcome == "done"
    assert [(p.effect.subject, p.effect.what) for p in look(origin, case).proposals] == [
        ("TOAN", "mark HK2/TX1"),
        ("TOAN", "mark HK2/GK"),
    ]
    decide(origin, case, "all")
    (year,) = transcript(origin, leaver, TODAY).years
    maths = next(s for s in year["subjects"] if s["subject"] == "TOAN")["semesters"]["2"]
    assert (maths["marks"]["TX"], maths["marks"]["GK"]) == (["9.0", "8.0", "7.0"], "8.0")
    assert {link.pupil for link in pupil_state(origin, leaver).links} == {arrival}
    post(receiver, answer(origin, case))
    assert transcript(receiver, arrival, TODAY).digest == before, "there they counted before"
    enter(origin, leaver, "7A1", [("TOAN", 2, "CK", "9", TODAY.replace(month=5))])
    assert supplement.offer(receiver.office, case, today=TODAY, who=receiver.who) is None


def test_a_pupil_who_came_back_is_written_of_as_usual_and_open_proposals_can_be_decided(
    provinces: Provinces,
) -> None:
    origin, receiver, leaver, arrival, case = moved(provinces)
    propose_marks(origin, leaver, LATE)
    settle(origin, receiver, case)
    propose_marks(origin, leaver, LATER)
    back = give_back(receiver, origin, case)
    assert pupil_state(origin, leaver).released is None
    assert slots(origin, leaver)["NGUVAN", 2, "TX2"] == "9.0"
    enter(origin, leaver, "7A1", [("NGUVAN", 2, "TX4", "4", LATE[4])])
    own = own_year(origin, leaver)
    assert own.slots["NGUVAN", 2, "TX2"].value == "9.0"
    (verdict,) = hand_in(origin, cells(leaver, "7A1", [(*LATE[:3], "3", LATE[4])]))
    assert verdict.refused is not None
    assert verdict.refused.code == "slot_taken", "what was accepted holds the slot"
    with pytest.raises(CaseRefused, match="managed here again"):
        supplement.offer(origin.office, case, today=TODAY, who=origin.who)
    decide(origin, back, "all")
    assert slots(origin, leaver)["NGUVAN", 2, "TX3"] == "10.0"
    propose_marks(receiver, arrival, ("NGUVAN", 2, "GK", "7", TODAY), class_code="7B2")
    settle(receiver, origin, back)
    (year,) = transcript(origin, leaver, TODAY).years
    literature = next(s for s in year["subjects"] if s["subject"] == "NGUVAN")
    assert literature["semesters"]["2"]["marks"]["GK"] == "7.0"


def give_back(side: Side, to: Side, case: UUID) -> UUID:
    """A transfer back, accepted there."""
    back = returning.give_back(
        side.office, case, reason="withdrawn", last_day=None, today=TODAY, who=side.who
    )
    assert post(to, sealed(side, back, "dossier")).failure is None
    take_in(to, back, case_of(to, back).pupil or case)
    post(side, sealed(to, back, "accept"))
    return back
