"""A report comes out whatever is wrong, and names it."""

from datetime import date
from uuid import UUID

import pytest

from ledger.batch import Line
from ledger.event import Note
from ledger.events.pupil import (
    ConfirmedDistinct,
    IdentityConflictFound,
    PresenceConfirmed,
)
from ledger.ledger import Ledger
from ledger.movement import SectionLine
from ledger.registration import record_pupils
from ledger.school_class import OpenClass
from ledger.structure import open_classes
from projections.views import Views
from tests import school
from tests.integration.ledger.damage import as_owner
from tests.integration.reports.province import (
    ON,
    START,
    carry,
    counts,
    enrol,
    pupil,
    reasons,
    record,
    report,
    row_of,
    status,
    unit,
    units,
)


def damage(database: str, ledger: Ledger, who: UUID, topic: str) -> int:
    """One byte of a stored entry is another now; its position."""
    with as_owner(database) as owner:
        row = owner.execute(
            "UPDATE ledger.entry e SET body = set_byte(body, 30, get_byte(body, 30) # 1) "
            "FROM ledger.stream s WHERE s.no = e.stream AND s.id = %s AND e.topic = %s "
            "RETURNING e.position",
            (who, topic),
        ).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize(
    "topic", ["ledger.PupilRegistered.v1", "ledger.PupilEnrolled.v1", "ledger.IdentityChecked.v1"]
)
def test_one_entry_that_cannot_be_read_is_named_and_the_rest_adds_up(
    ledger: Ledger, views: Views, database: str, topic: str
) -> None:
    line = school.record_pupil("A", school.profile("Trần A"), identity_reason="khác tên")
    school.sound(ledger.carry_out(record_pupils, [Line(1, line)], who=school.operator(ledger)))
    broken, sound = school.find(ledger, ["A"])[0], [pupil(ledger, f"P{n}") for n in range(3)]
    for who in (broken, *sound):
        enrol(ledger, who, "S1")
    at = damage(database, ledger, broken, topic)
    status(ledger, sound[0], "S1", "leave", date(2024, 11, 1))
    for name in ("headcount", "identity"):
        answer = report(views, name)
        (told,) = answer["exceptions"]
        assert (told["reason"], told["where"], told["pupil_id"]) == (
            *("entry_unreadable", f"@{at}"),
            str(broken),
        )
        assert answer["totals"]["count" if name == "headcount" else "pupils"] == 2
    moved = report(views, "movement")
    assert (row_of(moved, "S1")["new"], row_of(moved, "S1")["end"]) == (3, 2)
    with ledger.database.connection() as connection:
        left = connection.execute("SELECT to_regclass('projection.stays_aside')").fetchone()
    assert left == (None,)


def test_two_broken_records_in_a_class_leave_the_other_totals_right(
    ledger: Ledger, views: Views
) -> None:
    sound, ageless, twice = (pupil(ledger, key) for key in "ABC")
    line = school.record_pupil("D", school.profile("Trần D", birth_date=""))
    school.sound(ledger.carry_out(record_pupils, [Line(1, line)], who=school.operator(ledger)))
    undated = school.find(ledger, ["D"])[0]
    for who in (sound, ageless, twice, undated):
        enrol(ledger, who, "S1")
    enrol(ledger, twice, "S3", date(2024, 10, 1), "mid_year")
    answer = report(views, "exceptions", listing=True)
    assert reasons(answer) == [
        ("no_birth_date", str(undated)),
        ("two_schools_at_once", str(twice)),
    ]
    assert all(one["mend"] for one in answer["exceptions"])
    assert answer["totals"]["reasons"] == {"no_birth_date": 1, "two_schools_at_once": 1}
    assert counts(report(views, "headcount"))["S1"] == 3


def test_days_in_a_course_section_without_an_enrolment_are_named(
    ledger: Ledger, views: Views
) -> None:
    who = pupil(ledger, "P")
    section = OpenClass(
        code="S1-TOAN",
        school_code="S1",
        school_year=school.YEAR,
        grade=7,
        name="TOAN",
        programme="GDPT2018",
        gathering="section",
    )
    school.sound(ledger.carry_out(open_classes, [Line(1, section)], who=school.operator(ledger)))
    enrol(ledger, who, "S1")
    carry(ledger, SectionLine(pupil=who, class_code="S1-TOAN", start=START, until=None))
    assert reasons(report(views, "exceptions")) == []
    status(ledger, who, "S1", "leave", date(2024, 11, 1))
    assert reasons(report(views, "exceptions")) == [("in_class_without_enrolment", str(who))]


def test_a_small_child_nobody_confirmed_is_named_where_its_class_confirms(
    ledger: Ledger, views: Views
) -> None:
    units(ledger, unit("M1", "school", "X2", ("MN",)))
    opened = [
        OpenClass(
            code=code,
            school_code="M1",
            school_year=school.YEAR,
            grade=17,
            name=code,
            programme="MN",
        )
        for code in ("M1-A", "M1-B")
    ]
    lines = school.numbered(opened)
    school.sound(ledger.carry_out(open_classes, lines, who=school.operator(ledger)))
    came, silent, unseen, elsewhere = (pupil(ledger, key) for key in "ABCD")
    school.enrol(ledger, [came, silent, unseen], class_code="M1-A")
    school.enrol(ledger, [elsewhere], class_code="M1-B")
    for who, present in ((came, True), (unseen, False)):
        confirmed = PresenceConfirmed(
            effective_on=date(2024, 11, 29),
            class_code="M1-A",
            month="2024-11",
            present=present,
            last_seen_on=None,
        )
        record(ledger, who, confirmed)
    answer = report(views, "exceptions")
    assert reasons(answer) == [("not_seen", str(unseen)), ("presence_unconfirmed", str(silent))]
    assert {row["level"] for row in report(views, "headcount", unit="M1")["rows"]} == {"MN"}


def test_a_conflict_of_numbers_is_named_until_two_persons_are_confirmed(
    ledger: Ledger, views: Views
) -> None:
    one, other = pupil(ledger, "A"), pupil(ledger, "B")
    enrol(ledger, one, "S1")
    conflict = IdentityConflictFound(
        effective_on=START, code="number_of_another_pupil", other=other
    )
    record(ledger, one, conflict)
    (told,) = report(views, "exceptions")["exceptions"]
    assert (told["reason"], told["detail"], told["other"]) == (
        *("identity_conflict", "number_of_another_pupil"),
        str(other),
    )
    record(
        ledger,
        one,
        ConfirmedDistinct(effective_on=ON, other=other, statutory=Note(text="hai người")),
    )
    assert report(views, "exceptions")["exceptions"] == []
