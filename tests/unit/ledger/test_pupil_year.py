"""Rules of `ledger.pupil_year`: slots, corrections, facts of a date, closings and proposals."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import pupil_year, year_decisions
from ledger.errors import Refused
from ledger.event import Event
from ledger.events.pupil_year import (
    AbsencesCounted,
    CommentWritten,
    ConductAssessed,
    MarkCorrected,
    MarkEntered,
    PeriodClosed,
    PeriodReopened,
    Proposed,
    PupilYearOpened,
    YearDecision,
)
from ledger.pupil_year import PupilYear
from ledger.year_decisions import CorrectMark, EnterMark
from tests.unit.ledger.events import event

DAY = date(2024, 10, 7)
OPENED = event(PupilYearOpened, date(2024, 8, 1))
CLOSED = event(PeriodClosed, date(2025, 1, 15), period="HK1")


def folded(*events: Event) -> PupilYear:
    state: PupilYear | None = None
    for version, one in enumerate((OPENED, *events), 1):
        state = pupil_year.evolve(state, one, version)
    assert state is not None
    return state


def entered(value: str = "8.0", on: date = DAY, **facts: Any) -> Event:
    return event(MarkEntered, on, subject="TOAN", value=value, **facts)


def corrected(value: str, on: date = DAY) -> Event:
    return event(MarkCorrected, on, value=value)


def enter(value: str = "8.0", on: date = DAY, **changed: Any) -> EnterMark:
    values: dict[str, Any] = {
        "school_code": "S1",
        "class_code": "7A1",
        "subject": "TOAN",
        "form": "score",
        "semester": 1,
        "slot": "TX1",
        "value": value,
        "required": ("TX1", "TX2", "GK", "CK"),
        "components": (),
        "sheet": "sheet",
        "salt": "00" * 16,
        "effective_on": on,
    }
    return EnterMark(**values | changed)


def correct(value: str = "9.0", **changed: Any) -> CorrectMark:
    values: dict[str, Any] = {
        "subject": "TOAN",
        "semester": 1,
        "slot": "TX1",
        "value": value,
        "old_value": None,
        "reason": "chép nhầm",
        "effective_on": None,
    }
    return CorrectMark(**values | changed)


def test_nothing_comes_before_the_opening() -> None:
    with pytest.raises(ValueError, match="before the pupil's year was opened"):
        pupil_year.evolve(None, entered(), 1)


def test_a_slot_holds_value_day_and_the_entry_to_be_corrected() -> None:
    slot = folded(entered()).slots["TOAN", 1, "TX1"]
    assert (slot.value, slot.tested_on, slot.version) == ("8.0", DAY, 2)


def test_a_correction_changes_the_value_and_not_the_day_of_the_test_nor_the_entry() -> None:
    before = folded(entered()).slots["TOAN", 1, "TX1"]
    after = folded(entered(), corrected("9.0", date(2024, 12, 1))).slots["TOAN", 1, "TX1"]
    assert after == replace(before, value="9.0", stated_by=3, stated_on=date(2024, 12, 1))


def test_a_correction_of_a_correction_names_the_correction() -> None:
    year = folded(entered(), corrected("9.0", date(2024, 12, 1)))
    (again,) = year_decisions.decide_correction(
        year,
        CorrectMark(
            subject="TOAN",
            semester=1,
            slot="TX1",
            value="7.0",
            old_value=None,
            reason="nhầm",
            effective_on=None,
        ),
    )
    assert isinstance(again, MarkCorrected)
    assert (again.corrects, again.effective_on) == (3, date(2024, 12, 1))


def test_of_two_corrections_the_later_entry_decides() -> None:
    year = folded(entered(), corrected("9.0", date(2024, 12, 1)), corrected("7.0"))
    assert year.slots["TOAN", 1, "TX1"].value == "7.0"


def test_a_correction_of_nothing_changes_nothing() -> None:
    assert folded(corrected("9.0")) == folded()


def test_the_mark_on_record_is_not_written_again() -> None:
    assert year_decisions.decide_mark(folded(entered()), enter()) == []


@pytest.mark.parametrize("again", [enter("9.0"), enter(on=date(2024, 10, 8))])
def test_another_mark_for_a_filled_slot_is_a_correction(again: EnterMark) -> None:
    with pytest.raises(Refused) as caught:
        year_decisions.decide_mark(folded(entered()), again)
    assert caught.value.code == "slot_taken"


@pytest.mark.parametrize("other", [{"slot": "TX2"}, {"subject": "NGUVAN"}, {"semester": 2}])
def test_slots_are_apart_by_subject_term_and_name(other: dict[str, Any]) -> None:
    assert len(year_decisions.decide_mark(folded(entered()), enter(**other))) == 1


@pytest.mark.parametrize(
    ("period", "semester", "refused"),
    [("HK1", 1, True), ("HK1", 2, False), ("CN", 1, True), ("CN", 2, True), ("HK2", 1, False)],
)
def test_a_closed_period_takes_no_mark(period: str, semester: int, refused: bool) -> None:
    year = folded(event(PeriodClosed, date(2025, 1, 15), period=period))
    command = enter(semester=semester)
    if not refused:
        assert len(year_decisions.decide_mark(year, command)) == 1
        return
    with pytest.raises(Refused) as caught:
        year_decisions.decide_mark(year, command)
    assert caught.value.code == "period_closed"


def test_a_reopened_period_takes_marks_again() -> None:
    year = folded(CLOSED, event(PeriodReopened, date(2025, 1, 16), period="HK1"))
    assert year.closed == frozenset()
    assert len(year_decisions.decide_mark(year, enter())) == 1


@pytest.mark.parametrize("on", [date(2024, 7, 31), date(2025, 8, 1)])
def test_a_mark_lies_within_its_school_year(on: date) -> None:
    with pytest.raises(Refused) as caught:
        year_decisions.decide_mark(folded(), enter(on=on))
    assert caught.value.code == "date_outside_school_year"


def test_a_correction_takes_the_day_of_the_test_and_names_its_entry() -> None:
    (entry,) = year_decisions.decide_correction(folded(entered()), correct())
    assert isinstance(entry, MarkCorrected)
    assert (entry.effective_on, entry.corrects) == (DAY, 2)
    assert (entry.old_value, entry.value) == ("8.0", "9.0")


def test_a_correction_with_a_day_of_its_own_keeps_it() -> None:
    command = correct(effective_on=date(2024, 12, 1))
    (entry,) = year_decisions.decide_correction(folded(entered()), command)
    assert entry.effective_on == date(2024, 12, 1)


def test_a_correction_to_the_value_held_is_not_written() -> None:
    assert year_decisions.decide_correction(folded(entered()), correct("8.0")) == []


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (correct(slot="TX2"), "slot_empty"),
        (correct(old_value="7.0"), "old_value_differs"),
        (correct(reason=""), "reason_missing"),
        (correct(effective_on=date(2025, 8, 1)), "date_outside_school_year"),
    ],
)
def test_a_correction_that_cannot_be_is_refused(command: CorrectMark, code: str) -> None:
    with pytest.raises(Refused) as caught:
        year_decisions.decide_correction(folded(entered()), command)
    assert caught.value.code == code
    assert "chép nhầm" not in str(caught.value)


def test_a_closed_period_does_not_refuse_a_correction() -> None:
    assert len(year_decisions.decide_correction(folded(entered(), CLOSED), correct())) == 1


def test_of_a_dated_fact_the_later_day_decides_and_then_the_later_entry() -> None:
    def level(*facts: tuple[date, str]) -> str:
        events = [event(ConductAssessed, on, period="HK1", level=value) for on, value in facts]
        return folded(*events).conduct["HK1"].value

    early, late = date(2025, 1, 10), date(2025, 1, 20)
    assert level((early, "K"), (late, "T")) == "T"
    assert level((late, "T"), (early, "K")) == "T"
    assert level((late, "T"), (late, "K")) == "K"


def test_conduct_on_record_is_not_written_again_and_a_closed_period_refuses_another() -> None:
    known = event(ConductAssessed, DAY, period="HK1", level="T")

    def decide(year: PupilYear, level: str) -> list[Event]:
        return year_decisions.decide_conduct(year, period="HK1", level=level, school="S1", on=DAY)

    assert decide(folded(known), "T") == []
    assert len(decide(folded(known), "K")) == 1
    assert decide(folded(known, CLOSED), "T") == []
    with pytest.raises(Refused) as caught:
        decide(folded(known, CLOSED), "K")
    assert caught.value.code == "period_closed"


def test_absences_are_kept_apart_by_period_and_school() -> None:
    events = [
        event(AbsencesCounted, DAY, period=period, school_code=school, excused=n, unexcused=0)
        for n, (period, school) in enumerate([("HK1", "S1"), ("HK1", "S2"), ("CN", None)])
    ]
    counted = folded(*events).absences
    assert {key: fact.value for key, fact in counted.items()} == {
        "HK1/S1": "0/0",
        "HK1/S2": "1/0",
        "CN/": "2/0",
    }
    again = year_decisions.decide_absences(
        folded(*events), period="HK1", excused=0, unexcused=0, school="S1", on=DAY
    )
    assert again == []


def test_a_correction_of_a_correction_counts_from_the_day_of_what_it_corrects() -> None:
    later = date(2024, 12, 2)
    year = folded(entered("6.0"), corrected("7.0", later))
    (again,) = year_decisions.decide_correction(year, correct("8.0"))
    assert again.effective_on == later


def test_a_comment_leaves_no_text_in_the_state() -> None:
    state = folded(event(CommentWritten, DAY))
    assert "nhầm" not in state.model_dump_json()
    assert state.comments["/CN"].on == DAY


def decide(year: PupilYear, kind: str, on: date = date(2025, 6, 1), **facts: Any) -> list[Event]:
    values: dict[str, Any] = {"subject": None, "value": None, "legal_ground": None}
    return year_decisions.decide_decision(year, kind=kind, on=on, **values | facts)


@pytest.mark.parametrize(
    ("kind", "facts", "code"),
    [
        ("reopen", {}, "legal_ground_missing"),
        ("reopen", {"legal_ground": "đơn"}, "not_closed"),
        ("missing_term", {}, "legal_ground_missing"),
        ("promote", {"on": date(2025, 10, 1)}, "date_outside_school_year"),
        ("promote", {"on": date(2024, 7, 31)}, "date_outside_school_year"),
    ],
)
def test_a_decision_that_cannot_be_is_refused(kind: str, facts: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as caught:
        decide(folded(), kind, **facts)
    assert caught.value.code == code


def test_decisions_of_a_year_are_taken_until_30_september_after_it() -> None:
    (entry,) = decide(folded(), "reassess", date(2025, 9, 30), subject="TOAN", value="5.0")
    assert isinstance(entry, YearDecision)
    assert decide(folded(entry), "reassess", date(2025, 9, 30), subject="TOAN", value="5.0") == []


def test_reopening_names_its_period_and_ground() -> None:
    (entry,) = decide(folded(CLOSED), "reopen", value="HK1", legal_ground="đơn")
    assert isinstance(entry, PeriodReopened)
    assert entry.period == "HK1"


def test_a_proposal_carries_the_fact_and_counts_nowhere() -> None:
    (mark,) = year_decisions.decide_mark(folded(), enter())
    proposal = year_decisions.propose(mark)
    assert isinstance(proposal, Proposed)
    assert (proposal.topic, proposal.facts["value"]) == (MarkEntered.TOPIC, "8.0")
    state = folded(proposal)
    assert state.slots == {}
    assert state.proposals == (proposal.proposal,)


def test_the_free_text_of_a_proposal_is_not_among_its_facts() -> None:
    (correction,) = year_decisions.decide_correction(folded(entered()), correct())
    proposal = year_decisions.propose(correction)
    assert "statutory" not in proposal.facts
    assert proposal.statutory is not None
    assert "nhầm" not in str(proposal.facts)


VALUES = st.sampled_from(["0.0", "5.5", "8.0", "10.0"])


@given(st.lists(st.tuples(st.sampled_from(["TX1", "TX2", "GK"]), VALUES, st.booleans())))
def test_a_slot_holds_the_last_value_that_was_let_in(
    attempts: list[tuple[str, str, bool]],
) -> None:
    year = folded()
    version = 1
    held: dict[str, str] = {}
    refusals: list[tuple[bool, str]] = []
    for slot, value, is_correction in attempts:
        try:
            events = (
                year_decisions.decide_correction(year, correct(value, slot=slot))
                if is_correction
                else year_decisions.decide_mark(year, enter(value, slot=slot))
            )
        except Refused as refused:
            refusals.append((slot in held, refused.code))
            continue
        for one in events:
            version += 1
            year = pupil_year.evolve(year, one, version)
        held[slot] = value
    assert set(refusals) <= {(True, "slot_taken"), (False, "slot_empty")}
    assert {key[2]: slot.value for key, slot in year.slots.items()} == held
