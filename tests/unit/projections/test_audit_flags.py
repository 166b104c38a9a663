"""What every entry changed, what stands out about it, and which results and thresholds moved."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ledger import pupil as pupils
from ledger.envelope import Envelope
from ledger.event import Event, Note, Provenance, StreamKind, Who
from ledger.events.pupil import (
    ChangeRetracted,
    HealthMeasured,
    IdentifierAssigned,
    IdentifierEnded,
    IdentityChecked,
    Measurement,
    PupilEnrolled,
    PupilLinked,
    PupilRegistered,
    PupilUnlinked,
    TransferAccepted,
)
from ledger.events.pupil_year import (
    AbsencesCounted,
    AssessmentAdapted,
    CommentWritten,
    ConductAssessed,
    MarkCorrected,
    MarkEntered,
    MentionRecorded,
    PaperResultTaken,
    PeriodClosed,
    PeriodReopened,
    Proposed,
    PupilYearOpened,
    YearDecision,
)
from ledger.events.unit import ReportSubmitted, UnitOpened
from ledger.folds import evolve
from ledger.identifiers import SINCE_EVER
from ledger.log import Entry, Origin
from ledger.pupil import Pupil
from ledger.pupil_year import PupilYear
from ledger.recorder import StreamRef
from ledger.registry import EVENTS
from projections.audit.change import Change, Memory
from projections.audit.changes import change_of
from projections.audit.flags import Closed, days_late, flags_of, periods_changed, typed_by_other
from projections.audit.results import Place, Years, changes_between
from tests.unit.ledger.events import LEDGER, OTHER_LEDGER, PUPIL, event, other

DAY = date(2025, 1, 15)
NOON = datetime(2025, 1, 15, 5, tzinfo=UTC)
YEAR = "2024-2025"
HERE, THERE = LEDGER, OTHER_LEDGER
FIRST: dict[StreamKind, type[Event]] = {
    StreamKind.PUPIL: PupilRegistered,
    StreamKind.PUPIL_YEAR: PupilYearOpened,
}
BEFORE: dict[type[Event], Event] = {
    PupilUnlinked: event(PupilLinked, DAY),
    MarkCorrected: event(MarkEntered, DAY, subject="TOAN"),
}
"""What must have happened for an entry to change anything."""
AUDITED = sorted(topic for topic, kind in EVENTS.items() if kind.STREAM in FIRST)
EMPTY: tuple[Any, ...] = (None, {}, [], "")


def told(happened: Sequence[Event]) -> list[Change]:
    """The changes of one stream's events."""
    state, memory, found = None, Memory(), []
    for version, one in enumerate(happened, 1):
        after = evolve(one.STREAM, state, one, version)
        part = getattr(one, "statutory", None)
        clear = part.model_dump(mode="json") if part is not None else None
        found.append(change_of(one, state, after, memory, clear))
        state = after
    return found


@pytest.mark.parametrize("topic", AUDITED)
def test_every_entry_of_a_pupil_tells_what_it_changed(topic: str) -> None:
    model = EVENTS[topic]
    first = event(FIRST[model.STREAM], DAY)
    before = [BEFORE[model]] if model in BEFORE else []
    change = told([first, *before, event(model, DAY)])[-1]
    assert change.before not in EMPTY or change.after not in EMPTY


@pytest.mark.parametrize("topic", sorted(set(EVENTS) - set(AUDITED)))
def test_every_other_entry_tells_what_it_states(topic: str) -> None:
    one = event(EVENTS[topic], DAY)
    change = change_of(one, None, Pupilless(), Memory(), None)
    assert change.after
    assert "statutory" not in change.after


class Pupilless(UnitOpened):
    """A state that is neither a pupil nor a year."""

    def __init__(self) -> None:
        super().__init__(
            effective_on=DAY, code="S1", kind="school", name="A", parent_code=None, levels=()
        )


def test_health_is_opened_and_the_same_days_measurement_stands_before_it() -> None:
    taken = dict.fromkeys(Measurement.model_fields)
    once, again = (
        event(HealthMeasured, DAY, statutory={**taken, "weight_kg": weight})
        for weight in ("17.2", "18.0")
    )
    *_, first, second = told([event(PupilRegistered, DAY), once, again])
    assert (first.before, first.after["weight_kg"]) == (None, "17.2")
    assert (second.before["weight_kg"], second.after["weight_kg"]) == ("17.2", "18.0")


def test_an_ended_identifier_tells_the_days_it_was_borne() -> None:
    number = {"kind": "visa", "value": "V1", "issuer": None}
    assigned = event(
        IdentifierAssigned, date(2024, 9, 1), kind="visa", valid_to=None, statutory=number
    )
    ended = event(IdentifierEnded, DAY)
    *_, change = told([event(PupilRegistered, DAY), assigned, ended])
    assert change.before == {**number, "valid_from": "2024-09-01", "valid_to": None}
    assert change.after == {**number, "valid_from": "2024-09-01", "valid_to": "2025-01-15"}


def test_an_identity_check_tells_the_status_before_it() -> None:
    checks = [event(IdentityChecked, DAY, status=status) for status in ("missing", "matched")]
    *_, first, second = told([event(PupilRegistered, DAY), *checks])
    assert (first.before, first.after) == ("unchecked", "missing")
    assert (second.before, second.after) == ("missing", "matched")


def test_a_retraction_tells_what_was_taken_back() -> None:
    enrolled = event(PupilEnrolled, date(2024, 9, 5), kind="start")
    *_, change = told(
        [event(PupilRegistered, DAY), enrolled, event(ChangeRetracted, DAY, retracts=2)]
    )
    assert change.before["entry"]["kind"] == "start"
    assert change.before["school_code"] == "S1"
    assert change.after == {"school_code": None, "class_code": None}


def test_texts_that_are_content_are_not_reasons() -> None:
    first = event(PupilYearOpened, DAY)
    note = Note(text="giải nhất")
    mention = told([first, event(MentionRecorded, DAY, statutory=note)])[-1]
    assert mention.after["text"] == "giải nhất"
    assert mention.text_is_content
    comment = told([first, event(CommentWritten, DAY, statutory=note)])[-1]
    assert (comment.after, comment.text_is_content) == ("giải nhất", True)


def test_a_paper_result_put_right_tells_the_value_before() -> None:
    results = [event(PaperResultTaken, DAY, value=value) for value in ("9", "8")]
    *_, second = told([event(PupilYearOpened, DAY), *results])
    assert (second.before["value"], second.after["value"]) == ("9", "8")
    assert second.place["paper"]["attested_by"] == "GV1"


def test_a_report_handed_in_again_tells_the_submission_before() -> None:
    again = event(ReportSubmitted, DAY, position=90, replaces=1)
    happened = [event(UnitOpened, DAY), event(ReportSubmitted, DAY), again]
    change = told(happened)[-1]
    assert (change.before["position"], change.after["position"]) == (41, 90)
    assert "resubmitted" in flags(entry(again))
    assert "resubmitted" not in flags(entry(happened[1]))


def entry(
    one: Event,
    *,
    recorded: datetime = NOON,
    recorded_by: str = "ba",
    on_behalf_of: str | None = None,
    origin: Origin | None = None,
) -> Entry:
    who = Who(
        recorded_by=recorded_by,
        on_behalf_of=on_behalf_of,
        provenance=Provenance(kind="keyed", name=None, sha256=None),
    )
    envelope = Envelope(
        author=HERE,
        stream=PUPIL,
        topic=one.TOPIC,
        effective_on=one.effective_on,
        who=who,
        facts={},
        personal={},
    )
    stream = StreamRef(PUPIL, one.STREAM, HERE, PUPIL, None)
    return Entry(7, recorded, stream, 1, b"", b"", origin, envelope, one)


def flags(one: Entry, **given: Any) -> list[str]:
    return flags_of(
        one,
        **{"after_closing": False, "results": (), "accounts": {}, "late_after": 30, **given},
    )


@pytest.mark.parametrize(
    ("days", "after", "late"), [(30, 30, False), (31, 30, True), (1, 0, True), (0, 0, False)]
)
def test_an_entry_is_late_more_than_so_many_days_after_its_day(
    days: int, after: int, late: bool
) -> None:
    on = date.fromordinal(DAY.toordinal() - days)
    one = entry(event(ConductAssessed, on))
    assert days_late(one) == days
    assert ("late" in flags(one, late_after=after)) is late


def test_the_day_of_recording_is_that_of_vietnam() -> None:
    late_evening = datetime(2025, 1, 15, 17, 30, tzinfo=UTC)  # 00:30 on the 16th there
    assert days_late(entry(event(ConductAssessed, DAY), recorded=late_evening)) == 1


def test_a_copy_is_as_late_as_its_author_was() -> None:
    copy = entry(event(ConductAssessed, DAY), origin=Origin(3, NOON), recorded=datetime.now(UTC))
    assert days_late(copy) == 0


@pytest.mark.parametrize(
    "one",
    [
        event(PupilRegistered, SINCE_EVER),
        event(PupilYearOpened, date(2024, 8, 1)),
        event(IdentityChecked, SINCE_EVER),
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_fact_without_a_day_of_its_own_is_never_late(one: Event) -> None:
    assert days_late(entry(one)) is None
    assert flags(entry(one)) == []


def test_typed_by_other_is_who_does_not_hold_an_account_of_the_teacher() -> None:
    accounts = {"GV1": frozenset({"co.an"})}
    one = event(ConductAssessed, DAY)
    for account, teacher, typed in (
        ("ba", "GV1", True),
        ("co.an", "GV1", False),
        ("ba", "GV2", True),
        ("ba", None, False),
    ):
        told_by = entry(one, recorded_by=account, on_behalf_of=teacher)
        assert typed_by_other(told_by, accounts) is typed
    copied = entry(one, on_behalf_of="GV1", origin=Origin(3, NOON))
    assert not typed_by_other(copied, accounts)


def test_a_proposal_is_flagged() -> None:
    assert flags(entry(event(Proposed, DAY))) == ["proposed_after_transfer"]


@pytest.mark.parametrize(
    ("one", "periods"),
    [
        (event(MarkEntered, DAY, semester=2), {"HK2", "CN"}),
        (event(MarkCorrected, DAY, semester=1), {"HK1", "CN"}),
        (event(MarkEntered, DAY, semester=0, slot="KT_CK1"), {"HK1", "CN"}),
        (event(AbsencesCounted, DAY, period="CN"), {"CN"}),
        (event(AssessmentAdapted, DAY), {"CN"}),
        (event(YearDecision, DAY, kind="missing_term"), {"CN"}),
        (event(YearDecision, DAY, kind="reassess"), set()),
        (event(CommentWritten, DAY), set()),
    ],
    ids=lambda one: type(one).__name__,
)
def test_the_periods_an_entry_changes(one: Event, periods: set[str]) -> None:
    assert periods_changed(one) == periods


def test_a_closed_period_stays_touched_after_it_was_reopened() -> None:
    closed = Closed()
    first, second = (event(MarkCorrected, DAY, semester=number) for number in (1, 2))
    assert not closed.touched(YEAR, first)
    closed.note(YEAR, event(PeriodClosed, DAY, period="HK1"))
    closed.note(YEAR, event(PeriodReopened, DAY, period="HK1"))
    assert closed.touched(YEAR, first)
    assert not closed.touched(YEAR, second)
    assert not closed.touched("2025-2026", first)


def own(*more: Event) -> Pupil:
    state = pupils.evolve(None, event(PupilRegistered, DAY, pupil_id=PUPIL), 1)
    for version, one in enumerate(more, 2):
        state = pupils.evolve(state, one, version)
    return state


def year(values: dict[str, str], *, semester: int = 1) -> list[PupilYear]:
    """The states of a year with these marks in literature (TX1-TX4, GK, CK asked for)."""
    required = ("TX1", "TX2", "TX3", "TX4", "GK", "CK")
    happened = [event(PupilYearOpened, DAY)]
    for slot, value in values.items():
        facts = {"subject": "NGUVAN", "slot": slot, "value": value, "semester": semester}
        happened.append(event(MarkEntered, DAY, required=required, **facts))
    states: list[PupilYear] = []
    for version, one in enumerate(happened, 1):
        before = states[-1] if states else None
        after = evolve(StreamKind.PUPIL_YEAR, before, one, version)
        assert isinstance(after, PupilYear)
        states.append(after)
    return states


STREAM = other(77)
TERM = {"TX1": "8.0", "TX2": "8.0", "TX3": "8.0", "TX4": "8.0", "GK": "8.0", "CK": "7.6"}


def corrected(ck: str) -> tuple[Place, str | None, str | None, bool]:
    """What happens to the term's average of 7.9 when the final test becomes `ck`."""
    years = Years(HERE)
    years.know(own())
    for state in year(TERM):
        years.add(STREAM, HERE, state)
    before = years.record(YEAR, on=DAY)
    right = event(MarkCorrected, DAY, subject="NGUVAN", slot="CK", value=ck)
    after = evolve(StreamKind.PUPIL_YEAR, years.contributions(YEAR)[0].year, right, 9)
    assert isinstance(after, PupilYear)
    years.add(STREAM, HERE, after)
    place = Place("average", "NGUVAN", "HK1")
    (change,) = (
        one for one in changes_between(before, years.record(YEAR, on=DAY)) if one.place == place
    )
    return change.place, change.before, change.after, change.crossed


def test_an_average_that_comes_to_8_crosses_the_threshold() -> None:
    assert corrected("8.0")[1:] == ("7.9", "8.0", True)


def test_an_average_that_stays_below_crosses_nothing() -> None:
    assert corrected("7.0")[1:] == ("7.9", "7.7", False)


def test_a_first_average_crosses_nothing() -> None:
    states = year(TERM)
    years = Years(HERE)
    years.know(own())
    for state in states[:-1]:
        years.add(STREAM, HERE, state)
    before = years.record(YEAR, on=DAY)
    years.add(STREAM, HERE, states[-1])
    changes = changes_between(before, years.record(YEAR, on=DAY))
    assert (Place("average", "NGUVAN", "HK1"), None, "7.9") in [
        (change.place, change.before, change.after) for change in changes
    ]
    assert not any(change.crossed for change in changes)


def test_copies_count_from_the_acceptance_on() -> None:
    states = year(TERM)
    years = Years(HERE)
    years.know(own())
    for state in states:
        years.add(STREAM, THERE, state)
    assert years.record(YEAR, on=DAY) is None
    covered = event(TransferAccepted, DAY, covered=(((STREAM, len(states)),),))
    years.know(own(covered))
    record = years.record(YEAR, on=DAY)
    assert record is not None
    assert record.subjects[0].semesters[1].result == "7.9"


def test_of_copies_only_what_the_release_covers_counts() -> None:
    states = year(TERM)
    years = Years(HERE)
    years.know(own(event(TransferAccepted, DAY, covered=(((STREAM, len(states) - 1),),))))
    for state in states:
        years.add(STREAM, THERE, state)
    record = years.record(YEAR, on=DAY)
    assert record is not None
    assert record.subjects[0].semesters[1].result is None


def test_an_own_record_counts_from_its_link_on() -> None:
    years = Years(HERE)
    years.know(own())
    other_record = other(78)
    for state in year(TERM):
        years.add(STREAM, HERE, state.model_copy(update={"pupil": other_record}))
    assert years.contributions(YEAR) == []
    years.know(own(event(PupilLinked, DAY, other=other_record, other_ledger=HERE)))
    assert len(years.contributions(YEAR)) == 1
