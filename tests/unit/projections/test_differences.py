"""Two answers compared: the differences lead from the one to the other, whatever they are."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ledger.event import Event
from ledger.events.pupil import PupilEnrolled, PupilRegistered
from ledger.events.pupil_year import (
    AbsencesCounted,
    ConductAssessed,
    MarkCorrected,
    MarkEntered,
    PeriodClosed,
    PupilYearOpened,
    YearDecision,
)
from ledger.ids import year_stream
from projections.differences import ABSENT, Difference, applied, differences, fields_of
from projections.transcript import FoldEntry, fold_transcript
from tests.unit.ledger.events import LEDGER, PUPIL, event

YEAR = "2024-2025"
FIRST_DAY = date(2024, 8, 1)
SLOTS = ("TX1", "TX2", "GK", "CK")


def test_equal_answers_have_no_differences() -> None:
    answer = {"years": [{"school_year": YEAR, "subjects": []}], "n": None}
    assert differences(answer, answer) == []


def test_one_more_subject_is_no_difference_of_those_behind_it() -> None:
    def answer(*subjects: str) -> dict[str, Any]:
        return {"subjects": [{"subject": name, "year": "8.0"} for name in subjects]}

    found = differences(answer("NGUVAN", "TOAN"), answer("HOAHOC", "NGUVAN", "TOAN"))
    assert {one.path[:2] for one in found} == {("subjects", "HOAHOC")}


def test_an_absent_field_is_another_thing_than_null() -> None:
    (found,) = differences({"a": 1}, {"a": 1, "b": None})
    assert found == Difference(("b",), ABSENT, None)
    assert found.answer == {"path": "b", "after": None}


def test_a_list_of_marks_is_one_value() -> None:
    (found,) = differences({"TX": ["8.0"]}, {"TX": ["8.0", "9.0"]})
    assert (found.before, found.after) == (["8.0"], ["8.0", "9.0"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "a", "b"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "subject", "school_year"]), inner, max_size=3)
        | st.lists(
            st.fixed_dictionaries({"subject": st.sampled_from("xyz"), "v": inner}), max_size=3
        )
    ),
    max_leaves=12,
)


@given(JSON, JSON)
def test_differences_applied_to_the_first_give_the_second(before: Any, after: Any) -> None:
    found = differences(before, after)
    assert applied(fields_of(before), found) == fields_of(after)
    assert bool(found) == (fields_of(before) != fields_of(after))


@st.composite
def histories(draw: st.DrawFn) -> list[FoldEntry]:
    """A pupil's entries in position order: an enrolment, then anything of a school year."""
    enrolled = [
        event(PupilRegistered, FIRST_DAY, pupil_id=PUPIL),
        event(PupilEnrolled, date(2024, 9, 5), kind="start"),
    ]
    count = draw(st.integers(0, 25))
    happened: list[Event] = [event(PupilYearOpened, FIRST_DAY)]
    happened += [draw(facts()) for _ in range(count)]
    own = [FoldEntry(LEDGER, PUPIL, n, one) for n, one in enumerate(enrolled, 1)]
    stream: UUID = year_stream(LEDGER, PUPIL, YEAR)
    return own + [FoldEntry(LEDGER, stream, n, one) for n, one in enumerate(happened, 1)]


@st.composite
def facts(draw: st.DrawFn) -> Event:
    on = FIRST_DAY + timedelta(days=draw(st.integers(30, 300)))
    slot = {
        "subject": draw(st.sampled_from(("TOAN", "NGUVAN"))),
        "semester": draw(st.sampled_from((1, 2))),
        "slot": draw(st.sampled_from(SLOTS)),
        "value": f"{draw(st.integers(0, 10))}.0",
    }
    level, period = draw(st.sampled_from("TK")), draw(st.sampled_from(("HK1", "HK2")))
    return draw(
        st.sampled_from(
            (
                event(MarkEntered, on, required=SLOTS, **slot),
                event(MarkCorrected, on, **slot),
                event(ConductAssessed, on, period=period, level=level),
                event(AbsencesCounted, on, period=period, excused=draw(st.integers(0, 60))),
                event(YearDecision, on, kind="reassess", subject=slot["subject"], value="9.0"),
                event(PeriodClosed, on, period=period, strategy="substitution"),
            )
        )
    )


@given(histories(), st.data())
def test_differences_of_two_positions_and_days_lead_from_transcript_to_transcript(
    entries: list[FoldEntry], data: st.DataObject
) -> None:
    def side() -> dict[str, Any]:
        size = data.draw(st.integers(2, len(entries)))
        on = FIRST_DAY + timedelta(days=data.draw(st.integers(0, 365)))
        return {"years": fold_transcript(entries[:size], pupil=PUPIL, on=on).years}

    before, after = side(), side()
    found = differences(before, after)
    assert applied(fields_of(before), found) == fields_of(after)
    assert differences(after, after) == []
