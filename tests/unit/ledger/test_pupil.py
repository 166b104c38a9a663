"""Rules of `ledger.pupil`: the fold of a pupil's stream, enrolment, status, custody."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import pupil, stay_warnings, succession, unit
from ledger.enrolment import ENTRIES, EXITS, on_day
from ledger.errors import Refused
from ledger.event import Event
from ledger.events.pupil import (
    ChangeRetracted,
    IdentityConflictFound,
    PupilDetailsChanged,
    PupilEnrolled,
    PupilLinked,
    PupilRegistered,
    PupilStatusChanged,
    PupilUnlinked,
    Released,
    ReleaseUndone,
    SectionJoined,
    StatusKind,
    TransferAccepted,
)
from ledger.events.unit import UnitOpened
from ledger.pupil import ChangeStatus, Enrol, Pupil
from ledger.school_class import SchoolClass
from ledger.school_year import SchoolYear
from ledger.stay_warnings import Earlier
from ledger.unit import Unit, UnitVersion
from tests.unit.ledger.events import CASE, OTHER_LEDGER, PUPIL, event, note, other

START = date(2024, 9, 5)
CLASS = SchoolClass(
    code="7A1",
    school_code="S1",
    school_year="2024-2025",
    grade=7,
    name="7A1",
    programme="GDPT2018",
    gathering="homeroom",
)
REGISTERED = event(PupilRegistered, START)
ENROLLED = event(PupilEnrolled, START, kind="start")
RELEASED = event(Released, date(2025, 1, 10), last_day=date(2025, 1, 10))


def folded(*events: Event) -> Pupil:
    state: Pupil | None = None
    for version, one in enumerate(events, 1):
        state = pupil.evolve(state, one, version)
    assert state is not None
    return state


def at_school(state: Pupil, day: date) -> str | None:
    here = on_day(state.segments, day)
    return here.school if here else None


def enrol(**changed: Any) -> Enrol:
    values: dict[str, Any] = {
        "kind": "start",
        "school_code": "S1",
        "school_class": CLASS,
        "school_year": "2024-2025",
        "grade": 7,
        "programme": "GDPT2018",
        "effective_on": START,
    }
    return Enrol(**values | changed)


def status(kind: StatusKind, on: date, school: str = "S1") -> ChangeStatus:
    return ChangeStatus(kind=kind, school_code=school, effective_on=on)


def test_nothing_comes_before_the_registration() -> None:
    with pytest.raises(ValueError, match="before the pupil was registered"):
        pupil.evolve(None, ENROLLED, 1)


def test_what_is_personal_leaves_no_trace_in_the_state() -> None:
    assert folded(REGISTERED, event(PupilDetailsChanged, START)) == folded(REGISTERED)


def test_of_a_conflict_only_its_code_and_the_other_pupil_are_kept() -> None:
    found = event(IdentityConflictFound, START, code="number_of_another_pupil", other=other(3))
    conflicts = folded(REGISTERED, found).conflicts
    assert conflicts == (("number_of_another_pupil", other(3)),)


def test_a_change_carries_the_version_of_its_entry() -> None:
    assert [change.seq for change in folded(REGISTERED, ENROLLED).changes] == [2]


def test_an_exit_takes_grade_and_programme_from_the_stay_before() -> None:
    left = event(PupilStatusChanged, date(2025, 1, 10), kind="leave")
    change = folded(REGISTERED, ENROLLED, left).changes[-1]
    assert (change.kind, change.school, change.class_code) == ("leave", "S1", None)
    assert (change.grade, change.programme) == (7, "GDPT2018")


def test_the_last_day_before_a_release_still_counts() -> None:
    state = folded(REGISTERED, ENROLLED, RELEASED)
    assert at_school(state, date(2025, 1, 10)) == "S1"
    assert at_school(state, date(2025, 1, 11)) is None
    assert state.released == (CASE, OTHER_LEDGER)


def test_a_release_of_a_pupil_without_enrolment_changes_no_day() -> None:
    released = event(Released, date(2025, 1, 10), last_day=None)
    state = folded(REGISTERED, released)
    assert state.changes == ()
    assert state.released is not None


def test_a_release_undone_never_counted() -> None:
    undone = event(ReleaseUndone, date(2025, 1, 20))
    assert folded(REGISTERED, ENROLLED, RELEASED, undone) == folded(REGISTERED, ENROLLED)


def test_undoing_the_second_release_leaves_the_first() -> None:
    back = event(PupilEnrolled, date(2025, 3, 3), kind="return")
    accepted = event(TransferAccepted, date(2025, 3, 5), covered=())
    again = event(Released, date(2025, 5, 5), last_day=date(2025, 5, 5), case=other(9))
    undone = event(ReleaseUndone, date(2025, 5, 9), case=other(9))
    state = folded(REGISTERED, ENROLLED, RELEASED, accepted, back, again, undone)
    assert at_school(state, date(2025, 2, 1)) is None
    assert at_school(state, date(2025, 6, 1)) == "S1"
    assert state.released is None


def test_undoing_a_release_without_a_day_leaves_an_earlier_one() -> None:
    accepted = event(TransferAccepted, date(2025, 3, 5), covered=())
    back = event(PupilEnrolled, date(2025, 3, 6), kind="return")
    left = event(PupilStatusChanged, date(2025, 4, 1), kind="leave")
    again = event(Released, date(2025, 5, 5), last_day=None, case=other(9))
    undone = event(ReleaseUndone, date(2025, 5, 9), case=other(9))
    state = folded(REGISTERED, ENROLLED, RELEASED, accepted, back, left, again, undone)
    assert at_school(state, date(2025, 2, 1)) is None
    assert at_school(state, date(2025, 3, 15)) == "S1"
    assert at_school(state, date(2025, 6, 1)) is None


def test_acceptance_makes_a_provisional_stay_an_admission_from_its_first_day() -> None:
    waiting = event(PupilEnrolled, date(2025, 1, 13), kind="provisional")
    before = folded(REGISTERED, waiting)
    accepted = folded(REGISTERED, waiting, event(TransferAccepted, date(2025, 2, 1), covered=()))
    assert before.segments[0].provisional
    assert not accepted.segments[0].provisional
    assert accepted.segments[0].entry_kind == "transfer_in"
    assert accepted.segments[0].start == date(2025, 1, 13)
    assert accepted.accepted == (CASE,)


def test_hops_count_the_releases_before_the_one_that_covers_an_entry() -> None:
    first, second = other(1), other(2)
    covered = (((first, 4),), ((first, 9), (second, 3)))
    state = folded(REGISTERED, event(TransferAccepted, START, covered=covered))
    assert state.hops(first) == ((4, 0), (9, 1))
    assert state.hops(second) == ((3, 1),)
    assert state.hops(other(3)) == ()


def test_a_link_that_was_wrong_is_gone() -> None:
    linked = event(PupilLinked, START, other=other(5))
    kept = event(PupilLinked, START, other=other(6))
    state = folded(REGISTERED, linked, kept, event(PupilUnlinked, START, other=other(5)))
    assert [link.pupil for link in state.links] == [other(6)]


def test_a_pupil_sits_in_class_and_sections_at_once() -> None:
    joined = event(SectionJoined, date(2024, 10, 1), until=date(2025, 1, 1))
    state = folded(REGISTERED, ENROLLED, joined)
    assert state.in_class("7A1", date(2024, 10, 1))
    assert state.in_class("TIN-1", date(2024, 10, 1))
    assert not state.in_class("TIN-1", date(2024, 9, 30))
    assert not state.in_class("TIN-1", date(2025, 1, 1))
    assert not state.in_class("7A2", date(2024, 10, 1))


def test_enrolment_names_school_class_year_grade_and_programme() -> None:
    (entry,) = pupil.decide_enrolment(folded(REGISTERED), enrol())
    assert isinstance(entry, PupilEnrolled)
    assert (entry.school_code, entry.class_code, entry.grade) == ("S1", "7A1", 7)
    assert entry.statutory is None


def test_an_enrolment_on_record_is_not_written_again() -> None:
    assert pupil.decide_enrolment(folded(REGISTERED, ENROLLED), enrol()) == []


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (enrol(effective_on=date(2024, 7, 31)), "date_outside_school_year"),
        (enrol(effective_on=date(2025, 8, 1)), "date_outside_school_year"),
        (enrol(kind="class_change", school_code="S2"), "not_enrolled"),
    ],
)
def test_an_enrolment_that_cannot_be_is_refused(command: Enrol, code: str) -> None:
    with pytest.raises(Refused) as caught:
        pupil.decide_enrolment(folded(REGISTERED, ENROLLED), command)
    assert caught.value.code == code


def test_a_status_needs_a_stay_at_that_school_that_day() -> None:
    state = folded(REGISTERED, ENROLLED)
    for command in (
        status("leave", date(2024, 9, 4)),
        status("leave", date(2024, 10, 1), school="S2"),
    ):
        with pytest.raises(Refused) as caught:
            pupil.decide_status(state, command)
        assert caught.value.code == "not_enrolled"


def test_only_who_is_suspended_can_resume() -> None:
    suspended = event(PupilStatusChanged, date(2024, 10, 1), kind="suspend")
    resume = status("resume", date(2024, 11, 1))
    with pytest.raises(Refused) as caught:
        pupil.decide_status(folded(REGISTERED, ENROLLED), resume)
    assert caught.value.code == "not_suspended"
    assert len(pupil.decide_status(folded(REGISTERED, ENROLLED, suspended), resume)) == 1


def test_a_status_on_record_is_not_written_again() -> None:
    left = event(PupilStatusChanged, date(2025, 1, 10), kind="leave")
    state = folded(REGISTERED, ENROLLED, left)
    assert pupil.decide_status(state, status("leave", date(2025, 1, 10))) == []


def test_without_custody_nothing_is_decided() -> None:
    state = folded(REGISTERED, ENROLLED, RELEASED)

    def refusals() -> Sequence[tuple[str, Any]]:
        return [
            ("enrolment", lambda: pupil.decide_enrolment(state, enrol(kind="return"))),
            ("status", lambda: pupil.decide_status(state, status("leave", START))),
            ("section", lambda: pupil.decide_section(state, CLASS, START, None)),
        ]

    for _, decide in refusals():
        with pytest.raises(Refused) as caught:
            decide()
        assert caught.value.code == "pupil_released"
        assert str(PUPIL) not in str(caught.value)


def test_a_section_on_record_is_not_written_again() -> None:
    section = CLASS.model_copy(update={"code": "TIN-1", "gathering": "section"})
    state = folded(REGISTERED, ENROLLED)
    (joined,) = pupil.decide_section(state, section, START, date(2025, 1, 1))
    state = pupil.evolve(state, joined, 3)
    assert pupil.decide_section(state, section, START, date(2025, 1, 1)) == []
    assert len(pupil.decide_section(state, section, START, None)) == 1


def test_the_state_kept_reads_back_as_it_was() -> None:
    covered = (((UUID(int=1), 4),),)
    state = folded(
        REGISTERED,
        ENROLLED,
        event(SectionJoined, START),
        event(PupilLinked, START),
        event(TransferAccepted, START, covered=covered),
        RELEASED,
    )
    assert Pupil.model_validate_json(state.model_dump_json()) == state


def school(code: str, **changed: Any) -> Unit:
    opened = event(UnitOpened, date(2000, 1, 1), code=code, kind="school", levels=("THCS",))
    made = unit.evolve(None, opened, 1)
    return made.model_copy(update=changed)


MERGED = school("S1", closed_on=date(2025, 1, 1), successor="S3")


def test_a_class_change_within_a_merged_school_may_name_either_code() -> None:
    state = folded(REGISTERED, ENROLLED)
    units = {"S1": MERGED, "S3": school("S3")}
    moved = enrol(kind="class_change", school_code="S3", effective_on=date(2025, 2, 1))
    assert len(pupil.decide_enrolment(state, moved, units)) == 1
    too_early = enrol(kind="class_change", school_code="S3", effective_on=date(2024, 12, 31))
    with pytest.raises(Refused) as caught:
        pupil.decide_enrolment(state, too_early, units)
    assert caught.value.code == "not_enrolled"


def test_successors_in_a_circle_lead_back_to_the_code_itself() -> None:
    day = date(2025, 6, 1)
    units = {"S1": MERGED, "S3": school("S3", closed_on=date(2025, 1, 1), successor="S1")}
    assert succession.current(units, "S1", day) == "S1"
    assert succession.current({"S1": MERGED}, "S1", day) == "S3"
    assert succession.current({"S1": MERGED}, "S1", date(2024, 12, 31)) == "S1"


def warned(state: Pupil, command: Enrol, **around: Any) -> set[str]:
    units = around.get("units", succession.NO_UNITS)
    earlier = Earlier(state.changes, around.get("grade"))
    return {w.code for w in stay_warnings.of_enrolment(state, command, units, earlier)}


def test_who_returns_without_having_left_is_let_in_with_a_warning() -> None:
    state = folded(REGISTERED, ENROLLED)
    back = enrol(kind="return", effective_on=date(2025, 2, 1))
    assert len(pupil.decide_enrolment(state, back)) == 1
    assert warned(state, back) == {"never_left"}
    left = event(PupilStatusChanged, date(2025, 1, 10), kind="leave")
    assert warned(folded(REGISTERED, ENROLLED, left), back) == set()


def test_a_second_school_is_flagged_whatever_the_kind_but_not_while_papers_are_awaited() -> None:
    state = folded(REGISTERED, ENROLLED)
    for kind in ("transfer_in", "mid_year", "start"):
        arriving = enrol(kind=kind, school_code="S2", effective_on=date(2025, 2, 1))
        assert warned(state, arriving) == {"two_schools_at_once"}
    waiting = enrol(kind="provisional", school_code="S2", effective_on=date(2025, 2, 1))
    assert warned(state, waiting) == set()


def test_a_provisional_stay_does_not_hide_the_school_that_has_not_let_go() -> None:
    waiting = event(PupilEnrolled, date(2025, 1, 13), kind="provisional", school_code="S2")
    state = folded(REGISTERED, ENROLLED, waiting)
    arriving = enrol(kind="transfer_in", school_code="S2", effective_on=date(2025, 2, 1))
    assert warned(state, arriving) == {"two_schools_at_once"}


def test_the_successor_of_the_school_is_no_second_school() -> None:
    state = folded(REGISTERED, ENROLLED)
    arriving = enrol(kind="start", school_code="S3", effective_on=date(2025, 2, 1))
    assert warned(state, arriving, units={"S1": MERGED, "S3": school("S3")}) == set()


def test_two_schools_count_once_at_the_school_of_the_later_entry() -> None:
    second = event(PupilEnrolled, date(2025, 2, 1), kind="transfer_in", school_code="S2")
    state = folded(REGISTERED, ENROLLED, second)
    assert at_school(state, date(2025, 1, 31)) == "S1"
    assert at_school(state, date(2025, 2, 1)) == "S2"


def test_a_grade_that_the_school_does_not_have_is_flagged() -> None:
    units = {"S1": school("S1")}
    assert warned(folded(REGISTERED), enrol(grade=5), units=units) == {"grade_outside_levels"}
    assert warned(folded(REGISTERED), enrol(grade=6), units=units) == set()
    centre = {"S1": school("S1", versions=(unit_version(("GDTX",)),))}
    assert warned(folded(REGISTERED), enrol(grade=10, programme="GDTX"), units=centre) == set()


def unit_version(levels: tuple[Any, ...]) -> UnitVersion:
    return UnitVersion(since=date(2000, 1, 1), name="S", parent=None, levels=levels)


INTAKE = enrol(
    kind="intake",
    school_code="S2",
    school_year="2025-2026",
    grade=8,
    effective_on=date(2025, 9, 5),
)


def test_an_intake_after_the_completed_level_is_in_order() -> None:
    done = event(PupilStatusChanged, date(2025, 7, 31), kind="complete")
    assert warned(folded(REGISTERED, ENROLLED, done), INTAKE) == set()


def test_an_intake_tells_of_a_level_not_completed_and_of_a_grade_left_out() -> None:
    state = folded(REGISTERED, ENROLLED)
    assert warned(state, INTAKE) == {"not_completed"}
    later = replace(INTAKE, grade=10)
    assert warned(state, later) == {"not_completed", "grade_not_continuous"}


def test_an_intake_of_a_pupil_known_from_results_alone_compares_their_grade() -> None:
    assert warned(folded(REGISTERED), INTAKE, grade=7) == set()
    assert warned(folded(REGISTERED), INTAKE, grade=5) == {"grade_not_continuous"}
    assert warned(folded(REGISTERED), INTAKE) == set()


def test_a_reason_for_leaving_beyond_the_list_is_kept_and_flagged() -> None:
    def codes(kind: StatusKind, reason: str | None) -> list[str]:
        change = replace(status(kind, date(2025, 1, 10)), reason_code=reason)
        return [w.code for w in stay_warnings.of_status(change)]

    assert codes("leave", "77") == ["unknown_reason_code"]
    assert codes("withdraw", "01") == []
    assert codes("leave", None) == []
    assert codes("abroad", "77") == []


KINDS = st.sampled_from(sorted(ENTRIES | (EXITS - {"release"}) | {"suspend", "resume"}))
DAYS = st.integers(0, 700).map(lambda days: date(2024, 9, 1) + timedelta(days=days))
HISTORIES = st.lists(
    st.tuples(DAYS, KINDS, st.sampled_from(["S1", "S2"]), st.integers(6, 9)), min_size=1, max_size=7
)


def entry(drawn: tuple[date, str, str, int]) -> Event:
    on, kind, school_code, grade = drawn
    if kind in ENTRIES:
        facts = {"school_code": school_code, "grade": grade, "school_year": SchoolYear.of(on).label}
        return event(PupilEnrolled, on, kind=kind, **facts)
    return event(PupilStatusChanged, on, kind=kind, school_code=school_code)


@given(HISTORIES, st.data())
def test_what_is_retracted_has_never_been(
    drawn: list[tuple[date, str, str, int]], data: st.DataObject
) -> None:
    wrong = data.draw(st.integers(0, len(drawn) - 1))
    entries = [entry(one) for one in drawn]
    retracted = ChangeRetracted(
        effective_on=drawn[wrong][0], retracts=wrong + 2, statutory=note("entered by mistake")
    )
    mended = folded(REGISTERED, *entries, retracted)
    never = folded(REGISTERED, *entries[:wrong], *entries[wrong + 1 :])
    assert mended.segments == never.segments

    def facts(state: Pupil) -> list[dict[str, Any]]:
        return [change.model_dump(exclude={"seq"}) for change in state.changes]

    assert facts(mended) == facts(never)


@given(HISTORIES)
def test_every_day_is_covered_once_and_at_one_school(
    drawn: list[tuple[date, str, str, int]],
) -> None:
    state = folded(REGISTERED, *(entry(one) for one in drawn))
    first = min(on for on, *_ in drawn)
    for days in range(800):
        day = date(2024, 9, 1) + timedelta(days=days)
        covering = [segment for segment in state.segments if segment.covers(day)]
        assert len(covering) == (day >= first)
