"""Who counts where: in schools that close, by level, grade and sex, and under which record."""

from datetime import date

import pytest

from ledger.errors import NotFound
from ledger.events.pupil import (
    PupilLinked,
)
from ledger.ledger import Ledger
from ledger.school_class import OpenClass
from ledger.structure import open_classes
from projections.views import Views
from tests import school
from tests.integration.ledger.damage import as_owner
from tests.integration.reports.province import (
    KEK,
    ON,
    counts,
    enrol,
    place,
    pupil,
    reasons,
    record,
    report,
    row_of,
    status,
    units,
)


def test_a_merged_school_counts_at_its_successor_and_nobody_moves(
    ledger: Ledger, views: Views
) -> None:
    people = [pupil(ledger, f"P{n}") for n in range(3)]
    for who in people[:2]:
        enrol(ledger, who, "S1", date(2024, 8, 1))
    enrol(ledger, people[2], "S3", date(2024, 8, 1))
    units(ledger, place("S1", closed_on=date(2024, 11, 1), merged_into="S3"))
    enrol(ledger, people[0], "S3", date(2024, 11, 5), "transfer_in")
    assert counts(report(views, "headcount", date(2024, 10, 31)))["X1"] == 2
    after = report(views, "headcount")
    assert counts(after) == {"S3": 3, "X2": 3, "31": 3}
    moved = report(views, "movement")
    third = row_of(moved, "S3")
    assert (third["new"], third["in"], third["out"], third["end"]) == (3, 0, 0, 3)
    assert [row["unit_code"] for row in moved["rows"]] == ["31", "S3", "X2"]
    assert reasons(after) == []


def test_pupils_of_a_school_that_closed_without_a_successor_still_count_and_are_named(
    ledger: Ledger, views: Views
) -> None:
    who = pupil(ledger, "P")
    enrol(ledger, who, "S1")
    units(ledger, place("S1", closed_on=date(2024, 11, 1)))
    answer = report(views, "headcount")
    assert counts(answer) == {"S1": 1, "X1": 1, "31": 1}
    assert reasons(answer) == [("school_not_in_force", str(who))]
    check = report(views, "movement", unit="X1")
    assert check["totals"]["end"] == 1


def test_who_counts_but_was_placed_nowhere_this_year_is_named_after_september(
    ledger: Ledger, views: Views
) -> None:
    stayed, left, paused, again = (pupil(ledger, key) for key in ("P", "L", "H", "A"))
    for who in (stayed, left, paused, again):
        enrol(ledger, who, "S1")
    status(ledger, left, "S1", "leave", date(2025, 6, 1))
    status(ledger, paused, "S1", "suspend", date(2025, 9, 15))
    following = OpenClass(
        code="S1-25-8A",
        school_code="S1",
        school_year="2025-2026",
        grade=8,
        name="8A",
        programme="GDPT2018",
    )
    lines = school.numbered([following])
    school.sound(ledger.carry_out(open_classes, lines, who=school.operator(ledger)))
    school.enrol(ledger, [again], class_code="S1-25-8A", on=date(2025, 8, 1), kind="start")
    assert reasons(report(views, "exceptions", date(2025, 9, 30))) == []
    for name in ("exceptions", "headcount"):
        answer = report(views, name, date(2025, 10, 1))
        (told,) = answer["exceptions"]
        assert (told["reason"], told["pupil_id"]) == ("not_placed", str(stayed))
        assert (told["pupil_key"], told["where"]) == ("P", "S1")
    nobody_placed = reasons(report(views, "exceptions", date(2027, 5, 31)))
    assert nobody_placed == sorted(("not_placed", str(who)) for who in (stayed, paused, again))
    status(ledger, stayed, "S1", "leave", date(2025, 9, 1))
    assert reasons(report(views, "exceptions", date(2025, 10, 1))) == []


def test_of_linked_records_it_is_enough_that_one_is_placed(ledger: Ledger, views: Views) -> None:
    one, other = sorted((pupil(ledger, "A"), pupil(ledger, "B")))
    for who in (one, other):
        enrol(ledger, who, "S1")
    link = PupilLinked(
        effective_on=ON, other=other, other_ledger=ledger.id, case=None, statutory=None
    )
    record(ledger, one, link)
    found = reasons(report(views, "exceptions", date(2025, 10, 1)))
    assert found == [("counted_once", str(one)), ("not_placed", str(one))]
    status(ledger, other, "S1", "suspend", date(2025, 9, 15))
    found = reasons(report(views, "exceptions", date(2025, 10, 1)))
    assert found == [("counted_once", str(one))]


def test_an_erased_pupil_stands_among_the_exceptions_without_a_key(
    ledger: Ledger, views: Views, database: str
) -> None:
    who = pupil(ledger, "P")
    enrol(ledger, who, "S1")
    enrol(ledger, who, "S3", date(2024, 10, 1), "transfer_in")
    assert [x["pupil_key"] for x in report(views, "headcount")["exceptions"]] == ["P"]
    with as_owner(database) as owner:
        owner.execute("DELETE FROM vault.data_key WHERE person = %s", (who,))
    with Ledger.open(database, kek=KEK) as reopened:
        (told,) = report(Views(reopened), "headcount")["exceptions"]
    assert (told["pupil_id"], told["pupil_key"]) == (str(who), None)


def test_a_unit_limits_a_report_and_its_totals(ledger: Ledger, views: Views) -> None:
    for number, at in enumerate(("S1", "S2", "S3")):
        enrol(ledger, pupil(ledger, f"P{number}"), at)
    answer = report(views, "headcount", unit="X1")
    assert counts(answer) == {"S1": 1, "S2": 1, "X1": 2}
    assert answer["totals"]["count"] == 2
    with pytest.raises(NotFound, match="no unit Z9"):
        report(views, "headcount", unit="Z9")


def test_head_count_breaks_down_by_level_grade_sex_and_what_is_asked(
    ledger: Ledger, views: Views
) -> None:
    enrol(ledger, pupil(ledger, "A", sex="nu"), "S2")
    enrol(ledger, pupil(ledger, "B", birth_date="2011"), "S2")
    answer = report(views, "headcount", by=("age",), unit="S2")
    shared = {"unit_code": "S2", "level": "THCS", "grade": 7, "count": 1}
    assert answer["rows"] == [
        {**shared, "sex": "nam", "age": "13"},
        {**shared, "sex": "nu", "age": "12"},
    ]


def test_an_erased_person_counts_as_unknown(ledger: Ledger, views: Views, database: str) -> None:
    who = pupil(ledger, "P", sex="nu")
    enrol(ledger, who, "S1")
    with as_owner(database) as owner:
        owner.execute("DELETE FROM vault.data_key WHERE person = %s", (who,))
    with Ledger.open(database, kek=KEK) as reopened:
        answer = report(Views(reopened), "headcount")
    assert answer["totals"] == {
        "count": 1,
        "levels": {"THCS": 1},
        "grades": {"7": 1},
        "sexes": {"unknown": 1},
    }
    assert answer["exceptions"] == []


def test_a_provisional_stay_counts_nowhere_but_stands_on_the_class_list(
    ledger: Ledger, views: Views
) -> None:
    who = pupil(ledger, "P")
    enrol(ledger, who, "S1", kind="provisional")
    assert report(views, "headcount")["totals"]["count"] == 0
    assert report(views, "movement")["rows"] == []
    assert views.roster("S1-7A", on=ON)["count"] == 1


def test_two_linked_records_count_once_by_the_smallest_id(ledger: Ledger, views: Views) -> None:
    one, other = sorted((pupil(ledger, "A"), pupil(ledger, "B")))
    enrol(ledger, one, "S1")
    enrol(ledger, other, "S3")
    link = PupilLinked(
        effective_on=ON, other=other, other_ledger=ledger.id, case=None, statutory=None
    )
    record(ledger, one, link)
    answer = report(views, "headcount")
    assert counts(answer) == {"S1": 1, "X1": 1, "31": 1}
    assert reasons(answer) == [("counted_once", str(one))]
    status(ledger, one, "S1", "leave", date(2024, 10, 1))
    assert counts(report(views, "headcount")) == {"S3": 1, "X2": 1, "31": 1}
    assert reasons(report(views, "headcount")) == []
