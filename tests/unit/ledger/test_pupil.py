"""Rules of `ledger.pupil`: the fold of a pupil's stream, enrolment, status, custody."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from ledger import pupil
from ledger.enrolment import on_day
from ledger.errors import Refused
from ledger.event import Event
from ledger.events.pupil import (
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
from ledger.pupil import ChangeStatus, Enrol, Pupil
from ledger.school_class import SchoolClass
from tests.unit.ledger.events import CASE, OTHER_LEDGER, PUPIL, event, other

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


@pytest.mark.parametrize("kind", [PupilDetailsChanged, IdentityConflictFound])
def test_what_is_personal_leaves_no_trace_in_the_state(kind: type[Event]) -> None:
    assert folded(REGISTERED, event(kind, START)) == folded(REGISTERED)


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
