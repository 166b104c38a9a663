"""The import report: what came, what differs, what is missing, who has to act by when."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from ledger.event import Event, Sealed
from ledger.events.pupil import HealthMeasured, PupilEnrolled, PupilRegistered, TransferAccepted
from ledger.events.pupil_year import (
    AssessmentAdapted,
    ConductAssessed,
    ElectivesChosen,
    Form,
    MarkEntered,
    PaperYearOpened,
    PeriodClosed,
    PupilYearOpened,
)
from ledger.ids import year_stream
from ledger.school_year import SchoolYear, TermCalendar
from ledger.transfer_law import LAWS
from projections.arrival.place import Place
from projections.arrival.report import import_report
from projections.history import FoldEntry

ORIGIN, RECEIVER = UUID(int=31), UUID(int=22)
THERE, HERE = UUID(int=1), UUID(int=2)
YEAR = "2024-2025"
SEALED = Sealed(key_id=UUID(int=0), commitment="", nonce="", ciphertext="")
CALENDAR = TermCalendar.default(SchoolYear.parse(YEAR))
OLD, NEW = LAWS
PLACE = Place(
    ledger=RECEIVER,
    school="S9",
    codes=frozenset({"S9"}),
    first_day=date(2025, 3, 3),
    last_day_there=date(2025, 2, 28),
    came_on=date(2025, 3, 5),
    on=date(2025, 3, 6),
    law=NEW,
    calendar=CALENDAR,
    has_origin=True,
    enrolled=True,
    class_code="7B2",
    grade=7,
    programme="GDPT2018",
    regulation="TT22_2021",
    staff={"TOAN": ("GV9",), None: ("GV1",)},
)
TWO = ("TX1", "TX2", "GK", "CK")


def written(ledger: UUID, stream: UUID, events: Sequence[Event]) -> list[FoldEntry]:
    return [FoldEntry(ledger, stream, version, e) for version, e in enumerate(events, 1)]


def registered(pupil: UUID) -> PupilRegistered:
    return PupilRegistered(
        effective_on=date(2024, 8, 1), pupil_id=pupil, statutory=SEALED, voluntary=None
    )


def opened(
    pupil: UUID, *, grade: int = 7, school_year: str = YEAR, regulation: str = "TT22_2021"
) -> PupilYearOpened:
    return PupilYearOpened(
        effective_on=SchoolYear.parse(school_year).start,
        pupil_id=pupil,
        school_year=school_year,
        grade=grade,
        programme="GDPT2018",
        regulation=regulation,
        school_code="S1",
        class_code="7A1",
    )


def mark(
    subject: str, semester: int, slot: str, on: date, *, school: str = "S1", form: Form = "score"
) -> MarkEntered:
    return MarkEntered(
        effective_on=on,
        class_code="7A1",
        school_code=school,
        subject=subject,
        semester=semester,
        slot=slot,
        value="8.0" if form == "score" else "Đ",
        form=form,
        required=TWO,
        components=(),
        sheet="x",
        salt="00" * 16,
    )


def term(subject: str, semester: int, slots: Sequence[str] = TWO) -> list[Event]:
    month = 10 if semester == 1 else 2
    year = 2024 if semester == 1 else 2025
    return [mark(subject, semester, slot, date(year, month, n)) for n, slot in enumerate(slots, 1)]


def report(
    there: Sequence[Event],
    place: Place = PLACE,
    *,
    health: int = 0,
    here: Sequence[Event] = (),
    earlier: Sequence[Event] = (),
) -> dict[str, Any]:
    """The report of a pupil whose year at the origin is `there`, folded as after acceptance."""
    stream = year_stream(ORIGIN, THERE, YEAR)
    measured = [HealthMeasured(effective_on=date(2024, 9, 10), statutory=SEALED)] * health
    entries = written(ORIGIN, THERE, [registered(THERE), *measured])
    entries += written(ORIGIN, stream, [opened(THERE), *there])
    covered = [(THERE, 1 + health), (stream, 1 + len(there))]
    if earlier:
        before = year_stream(ORIGIN, THERE, "2023-2024")
        entries += written(ORIGIN, before, earlier)
        covered.append((before, len(earlier)))
    enrolled = PupilEnrolled(
        effective_on=place.first_day,
        kind="provisional",
        school_code=place.school,
        class_code=place.class_code,
        school_year=YEAR,
        grade=place.grade,
        programme=place.programme,
        statutory=None,
    )
    accepted = TransferAccepted(
        effective_on=place.came_on,
        case=UUID(int=7),
        from_ledger=ORIGIN,
        sender_pupil=THERE,
        root="",
        digest="",
        covered=(tuple(covered),),
    )
    entries += written(RECEIVER, HERE, [registered(HERE), enrolled, accepted])
    if here:
        own = opened(HERE).model_copy(update={"school_code": "S9", "class_code": "7B2"})
        entries += written(RECEIVER, year_stream(RECEIVER, HERE, YEAR), [own, *here])
    return import_report(entries, pupil=HERE, place=place)


def gap(found: dict[str, Any], what: str, **place: Any) -> dict[str, Any]:
    """The one gap of that kind and place."""
    fitting = [
        one
        for one in found["missing"]
        if one["what"] == what and all(one[name] == value for name, value in place.items())
    ]
    assert len(fitting) == 1, found["missing"]
    return dict(fitting[0])


def acts(one: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    return [(act["who"], act["act"], act["by"]) for act in one["acts"]]


def codes(found: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(one["code"], one.get("subject")) for one in found["differs"]]


def test_what_came_is_counted_by_year_school_term_and_kind() -> None:
    conduct = ConductAssessed(
        effective_on=date(2025, 1, 10), period="HK1", level="T", school_code="S1"
    )
    found = report([*term("TOAN", 1), mark("TOAN", 2, "TX1", date(2025, 2, 3)), conduct], health=2)
    assert found["came"]["marks"] == 5
    assert found["came"]["health"] == 2
    (year,) = found["came"]["years"]
    assert (year["school_year"], year["regulation"], year["terms"]) == (YEAR, "TT22_2021", [1, 2])
    assert (year["marks"], year["conduct"], year["subjects"]) == (5, ["HK1"], ["TOAN"])
    assert [school["school_code"] for school in year["schools"]] == ["S1"]


def test_a_slot_of_the_term_that_was_over_is_the_origins_by_supplement_first() -> None:
    found = report(term("TOAN", 1, ("TX1", "TX2", "GK")))
    one = gap(found, "mark", subject="TOAN", semester=1, slot="CK")
    # Three working days after the record came on Wednesday 5 March: Monday the tenth.
    assert acts(one)[0] == ("origin_teacher", "supplement", "2025-03-10")
    assert one["acts"][0]["tested_until"] == "2025-02-28"
    assert acts(one)[1] == ("subject_teacher", "make_up", "2025-05-31")


def test_a_slot_of_the_running_term_is_the_teachers_here_by_the_end_of_the_term() -> None:
    found = report([*term("TOAN", 1), mark("TOAN", 2, "TX1", date(2025, 2, 3))])
    one = gap(found, "mark", subject="TOAN", semester=2, slot="CK")
    assert acts(one) == [
        ("subject_teacher", "enter_mark", "2025-05-31"),
        ("origin_teacher", "supplement", "2025-03-10"),
    ]
    assert one["acts"][0]["staff"] == ["GV9"]


def test_nobody_is_asked_at_the_origin_about_a_term_the_pupil_never_sat_in_there() -> None:
    place = replace(PLACE, last_day_there=date(2025, 1, 10), first_day=date(2025, 1, 20))
    found = report([*term("TOAN", 1), mark("TOAN", 2, "TX1", date(2025, 1, 17))], place)
    assert acts(gap(found, "mark", subject="TOAN", semester=2, slot="CK")) == [
        ("subject_teacher", "enter_mark", "2025-05-31")
    ]


def test_the_marks_of_a_term_that_has_not_begun_are_not_missing() -> None:
    autumn = replace(
        PLACE,
        first_day=date(2024, 11, 4),
        last_day_there=date(2024, 11, 1),
        came_on=date(2024, 11, 6),
        on=date(2024, 11, 7),
    )
    found = report(term("TOAN", 1, ("TX1",)), autumn)
    assert {one["semester"] for one in found["missing"] if one["what"] == "mark"} == {1}
    assert {one["semester"] for one in found["missing"] if one["what"] == "conduct"} == {1}
    assert not [one for one in found["missing"] if one["what"] in ("absences", "closing")]


def test_a_term_without_any_mark_is_the_heads_to_decide() -> None:
    found = report([mark("TOAN", 2, "TX1", date(2025, 2, 3)), *term("NGUVAN", 1)])
    one = gap(found, "term", subject="TOAN", semester=1)
    assert acts(one)[0] == ("head", "missing_term", "2025-05-31")
    assert acts(one)[1][0] == "origin_teacher"


def test_from_paper_nobody_is_there_to_send_a_supplement() -> None:
    found = report(term("TOAN", 1, ("TX1", "TX2", "GK")), replace(PLACE, has_origin=False))
    everybody = {act["who"] for one in found["missing"] for act in one["acts"]}
    assert "origin_teacher" not in everybody
    assert acts(gap(found, "mark", subject="TOAN", semester=1))[0][1] == "make_up"


def test_before_the_new_law_a_supplement_is_due_by_the_end_of_the_term() -> None:
    found = report(term("TOAN", 1, ("TX1", "TX2", "GK")), replace(PLACE, law=OLD))
    assert acts(gap(found, "mark", subject="TOAN", semester=1))[0][2] == "2025-05-31"


def test_who_has_no_class_yet_is_placed_within_five_working_days_of_the_record() -> None:
    found = report(term("TOAN", 1), replace(PLACE, class_code=None))
    assert acts(gap(found, "class")) == [("head", "placement", "2025-03-12")]
    found = report(term("TOAN", 1), replace(PLACE, class_code=None, enrolled=False))
    assert gap(found, "enrolment")["acts"][0]["who"] == "head"


def test_an_act_whose_day_has_passed_is_overdue() -> None:
    late = replace(PLACE, on=date(2025, 3, 11))
    one = gap(report(term("TOAN", 1, TWO[:3]), late), "mark", subject="TOAN", semester=1)
    assert [act["overdue"] for act in one["acts"]] == [True, False]


def test_training_and_closing_of_the_term_before_are_asked_of_the_origin() -> None:
    found = report(term("TOAN", 1))
    assert acts(gap(found, "conduct", semester=1))[0][:2] == ("origin_teacher", "supplement")
    assert acts(gap(found, "conduct", semester=2)) == [
        ("homeroom_teacher", "enter_conduct", "2025-05-31")
    ]
    assert gap(found, "closing", semester=1)
    closed = PeriodClosed(
        effective_on=date(2025, 1, 15),
        period="HK1",
        regulation="TT22_2021",
        strategy="removal_any_subject",
        results={},
        missing=(),
        study="T",
        adjusted=False,
        conduct="T",
    )
    found = report([*term("TOAN", 1), closed])
    assert not [one for one in found["missing"] if one["what"] == "closing"]


def test_subjects_of_one_side_only_are_told_and_alternatives_of_the_class_plan_are_not() -> None:
    place = replace(PLACE, taught=frozenset({"TOAN", "NGOAINGU1", "NGHETHUAT", "AMNHAC"}))
    found = report([*term("TOAN", 1), *term("NGOAINGU2", 1)], place)
    assert ("subject_only_there", "NGOAINGU2") in codes(found)
    assert ("subject_only_here", "NGOAINGU1") in codes(found)
    assert ("subject_only_there", "TOAN") not in codes(found)
    assert found["no_ground"] == ["textbooks"]


def test_surplus_marks_and_a_shortage_are_told_by_slot() -> None:
    here = [
        mark("TOAN", 2, slot, date(2025, 3, day), school="S9")
        for day, slot in ((10, "TX1"), (12, "TX2"))
    ]
    there = [mark("TOAN", 2, slot, date(2025, 2, 3)) for slot in ("TX1", "TX2")]
    place = replace(PLACE, on=date(2025, 3, 20))
    found = report([*there, mark("NGUVAN", 2, "TX1", date(2025, 2, 4))], place, here=here)
    surplus = next(one for one in found["differs"] if one["code"] == "surplus")
    assert (surplus["subject"], surplus["semester"], len(surplus["slots"])) == ("TOAN", 2, 2)
    short = next(one for one in found["differs"] if one["code"] == "shortage")
    assert (short["subject"], short["came"], short["wanted"]) == ("NGUVAN", 1, 2)


def test_the_local_curriculum_is_kept_as_recorded() -> None:
    found = report([mark("GDDP", 1, "GK", date(2024, 10, 3), form="comment")])
    assert ("local_curriculum", "GDDP") in codes(found)


def test_electives_individual_plans_and_another_frame_are_told() -> None:
    adapted = AssessmentAdapted(
        effective_on=date(2024, 9, 5), levels_asked=False, left_out=("NGOAINGU1",), statutory=SEALED
    )
    chosen = ElectivesChosen(effective_on=date(2024, 9, 5), subjects=("VATLI", "DIALI"))
    place = replace(PLACE, grade=8, taught=frozenset({"TOAN", "HOAHOC"}))
    found = report([*term("TOAN", 1), adapted, chosen], place)
    told = dict(codes(found))
    assert {"grade", "electives", "individual_plan"} <= told.keys()
    electives = next(one for one in found["differs"] if one["code"] == "electives")
    assert (electives["there"], electives["here"]) == (["DIALI", "VATLI"], ["HOAHOC"])


def test_an_earlier_year_by_another_regulation_is_named_and_its_open_result_asked_for() -> None:
    frame = opened(THERE, grade=6, school_year="2023-2024", regulation="TT26_2020")
    one = mark("TOAN", 1, "TX1", date(2023, 10, 3))
    found = report(term("TOAN", 1), earlier=[frame, one])
    regulation = next(one for one in found["differs"] if one["code"] == "regulation")
    assert (regulation["school_year"], regulation["there"]) == ("2023-2024", "TT26_2020")
    assert acts(gap(found, "result", school_year="2023-2024"))[0][:2] == (
        "origin_teacher",
        "supplement",
    )


def test_a_preschool_child_lacks_no_marks() -> None:
    frame = opened(THERE).model_copy(
        update={"grade": 17, "programme": "MN", "regulation": "PRESCHOOL"}
    )
    place = replace(PLACE, grade=17, programme="MN", regulation="PRESCHOOL")
    stream = year_stream(ORIGIN, THERE, YEAR)
    entries = written(ORIGIN, THERE, [registered(THERE)])
    entries += written(ORIGIN, stream, [frame])
    accepted = TransferAccepted(
        effective_on=place.came_on,
        case=UUID(int=7),
        from_ledger=ORIGIN,
        sender_pupil=THERE,
        root="",
        digest="",
        covered=(((THERE, 1), (stream, 1)),),
    )
    entries += written(RECEIVER, HERE, [registered(HERE), accepted])
    found = import_report(entries, pupil=HERE, place=place)
    assert found["missing"] == []
    assert found["differs"] == []
    assert [year["regulation"] for year in found["came"]["years"]] == ["PRESCHOOL"]


@pytest.mark.parametrize("regulation", ["FOREIGN", "TT22_2021"])
def test_a_year_on_paper_is_reported_whatever_regulation_it_names(regulation: str) -> None:
    year = PaperYearOpened(
        effective_on=date(2023, 8, 1),
        pupil_id=THERE,
        school_year="2023-2024",
        grade=6,
        programme="GDPT2018",
        regulation=regulation,
    )
    found = report(term("TOAN", 1), earlier=[year])
    assert [y["school_year"] for y in found["came"]["years"]] == ["2023-2024", YEAR]
