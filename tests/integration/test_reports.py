"""Reports by two dates: they add up, agree with each other, and come out whatever is wrong."""

import os
import random
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from ledger.batch import Line
from ledger.errors import NotFound
from ledger.event import Event, Note, StreamKind
from ledger.events.case import (
    DecisionReceived,
    IdentityClaim,
    RequestReceived,
)
from ledger.events.pupil import (
    ChangeRetracted,
    ConfirmedDistinct,
    IdentityConflictFound,
    PresenceConfirmed,
    PupilLinked,
    ReleaseUndone,
    StatusKind,
)
from ledger.events.unit import Level, UnitKind
from ledger.ids import case_stream, uuid7
from ledger.ledger import Ledger
from ledger.log import head
from ledger.movement import EnrolInClass, Movement, SectionLine, StatusLine, move_pupils
from ledger.plan import Plan
from ledger.presets import preset_day
from ledger.pupil import ChangeStatus
from ledger.reader import Reader
from ledger.registration import pupil_ref, record_pupils
from ledger.school_class import OpenClass
from ledger.school_year import SchoolYear, TermCalendar
from ledger.structure import open_classes, record_units
from ledger.unit import RecordUnit
from projections.reports.frame import Question
from projections.reports.movement import balanced
from projections.views import Views
from tests import school
from tests.integration.ledger.damage import as_owner

ON = date(2024, 12, 1)
START = date(2024, 9, 5)
KEK = bytes(range(32))
LEVELS: dict[str, tuple[Level, ...]] = {"S1": ("THCS",), "S2": ("TH", "THCS"), "S3": ("THCS",)}


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with school.new_ledger(database, kek=KEK) as opened:
        units(opened, unit("31", "province", None))
        units(opened, unit("X1", "commune", "31"), unit("X2", "commune", "31"))
        units(opened, *(place(code) for code in LEVELS))
        classes(opened, *((code, name) for code in LEVELS for name in ("7A", "8A")))
        yield opened


@pytest.fixture
def views(ledger: Ledger) -> Views:
    return Views(ledger)


def unit(
    code: str,
    kind: UnitKind,
    parent: str | None,
    levels: tuple[Level, ...] = (),
    closed_on: date | None = None,
    merged_into: str | None = None,
) -> RecordUnit:
    return RecordUnit(
        code=code,
        kind=kind,
        name=f"Đơn vị {code}",
        parent_code=parent,
        levels=levels,
        opened_on=date(2000, 1, 1),
        closed_on=closed_on,
        merged_into=merged_into,
    )


def place(code: str, **end: Any) -> RecordUnit:
    return unit(code, "school", "X2" if code == "S3" else "X1", LEVELS[code], **end)


def units(ledger: Ledger, *wanted: RecordUnit) -> None:
    handler = partial(record_units, today=date(2024, 8, 1))
    school.sound(ledger.carry_out(handler, school.numbered(wanted), who=school.operator(ledger)))


def classes(ledger: Ledger, *wanted: tuple[str, str]) -> None:
    commands = [
        OpenClass(
            code=f"{at}-{name}",
            school_code=at,
            school_year=school.YEAR,
            grade=int(name[0]),
            name=name,
            programme="GDPT2018",
        )
        for at, name in wanted
    ]
    lines = school.numbered(commands)
    school.sound(ledger.carry_out(open_classes, lines, who=school.operator(ledger)))


def pupil(ledger: Ledger, key: str, *, sex: str = "nam", birth_date: str = "2012-03-04") -> UUID:
    line = school.record_pupil(key, school.profile(f"Trần {key}", sex=sex, birth_date=birth_date))
    school.sound(ledger.carry_out(record_pupils, [Line(1, line)], who=school.operator(ledger)))
    return school.find(ledger, [key])[0]


def enrol(ledger: Ledger, who: UUID, at: str, on: date = START, kind: str = "start") -> None:
    school.enrol(ledger, [who], class_code=f"{at}-7A", on=on, kind=kind)


def status(ledger: Ledger, who: UUID, at: str, kind: StatusKind, on: date) -> None:
    change = ChangeStatus(kind=kind, school_code=at, effective_on=on)
    carry(ledger, StatusLine(pupil=who, change=change))


def carry(ledger: Ledger, command: Movement) -> None:
    outcome = ledger.carry_out(move_pupils, [Line(1, command)], who=school.operator(ledger))
    school.sound(outcome)


def record(ledger: Ledger, who: UUID, *events: Event) -> None:
    """Entries in a pupil's stream, as the parts of the system that decide them write them."""

    def decide(reader: Reader) -> Plan:
        plan = Plan()
        reader.pupils([who])
        plan.add(pupil_ref(reader, who), list(events))
        return plan

    ledger.desk.run(decide, who=school.operator(ledger))


def report(views: Views, name: str, on: date = ON, **question: Any) -> dict[str, Any]:
    known_at = question.pop("known_at", None)
    return views.report(name, Question(on=on, **question), known_at=known_at)


def row_of(answer: dict[str, Any], unit_code: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = [r for r in answer["rows"] if r["unit_code"] == unit_code]
    assert len(found) == 1, unit_code
    return found[0]


def counts(answer: dict[str, Any]) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in answer["rows"]:
        found[row["unit_code"]] += row["count"]
    return found


def reasons(answer: dict[str, Any]) -> list[tuple[str, str | None]]:
    return sorted((one["reason"], one["pupil_id"]) for one in answer["exceptions"])


# --- adding up -----------------------------------------------------------------------------------


def random_year(ledger: Ledger, chance: random.Random, pupils: int = 14) -> None:
    """Some pupils, commands in any order of time; refused ones leave nothing behind."""
    known = [
        pupil(ledger, f"P{number}", sex=chance.choice(("nam", "nu"))) for number in range(pupils)
    ]
    entries = ("start", "mid_year", "transfer_in", "return", "intake", "class_change")
    leavings: tuple[StatusKind, ...] = (
        *("leave", "withdraw", "transfer_out", "abroad", "complete", "deceased"),
        *("suspend", "resume"),
    )
    for _ in range(pupils * 6):
        who, at = chance.choice(known), chance.choice(list(LEVELS))
        on = START + timedelta(days=chance.randrange(320))
        command: Movement
        if chance.random() < 0.55:
            kind = chance.choice((*entries, "provisional"))
            command = EnrolInClass(
                pupil=who,
                class_code=f"{at}-{chance.choice(('7A', '8A'))}",
                kind=kind,
                effective_on=min(on, date(2025, 7, 30)),
                grade=None,
                note=None,
            )
        else:
            change = ChangeStatus(kind=chance.choice(leavings), school_code=at, effective_on=on)
            command = StatusLine(pupil=who, change=change)
        lines: list[Line[Movement]] = [Line(1, command)]
        ledger.carry_out(move_pupils, lines, who=school.operator(ledger))
    first, second, third = chance.sample(known, 3)
    for one, other in ((first, second), (third, second)):
        link = PupilLinked(
            effective_on=ON, other=other, other_ledger=ledger.id, case=None, statutory=None
        )
        record(ledger, one, link)


def check_agreement(views: Views, on: date) -> Counter[str]:
    """Every sum that two reports of one position and day have in common; the movement's."""
    heads, moved = report(views, "headcount", on), report(views, "movement", on)
    identity = report(views, "identity", on)
    by_unit = counts(heads)
    assert "entry_unreadable" not in {one["reason"] for one in heads["exceptions"]}
    for row in moved["rows"]:
        assert balanced(row), (on, row)
        assert by_unit[row["unit_code"]] == row["end"], (on, row)
    tree = {"31": ("X1", "X2"), "X1": ("S1", "S2"), "X2": ("S3",)}
    for parent, children in tree.items():
        assert by_unit[parent] == sum(by_unit[child] for child in children)
        for name in (*moved["totals"],):
            column = {row["unit_code"]: row[name] for row in moved["rows"]}
            under = sum(column.get(child, 0) for child in children)
            assert column.get(parent, 0) == under, (on, parent, name)
    totals = heads["totals"]
    assert totals["count"] == by_unit["31"] == moved["totals"]["end"]
    for part in ("levels", "grades", "sexes"):
        assert sum(totals[part].values()) == totals["count"]
    assert identity["totals"]["pupils"] == totals["count"]
    away = report(views, "in_transit", on)
    assert moved["totals"]["in_transit"] == away["totals"]["count"]
    return Counter(moved["totals"])


@pytest.mark.parametrize("run", range(int(os.environ.get("HOCBA_SIMULATIONS", "4"))))
def test_children_sum_to_parents_and_reports_of_one_day_agree(
    ledger: Ledger, views: Views, run: int
) -> None:
    seed = f"{os.environ['HOCBA_SEED']}/reports/{run}"
    chance = random.Random(seed)
    random_year(ledger, chance)
    seen: Counter[str] = Counter()
    for _ in range(14):
        on = START + timedelta(days=chance.randrange(-40, 420))
        try:
            seen += check_agreement(views, on)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}") from error
    assert all(seen[name] for name in ("new", "in", "out", "end")), (seed, seen)


def test_movement_names_every_kind_of_coming_and_going(ledger: Ledger, views: Views) -> None:
    people = {name: pupil(ledger, name) for name in ("stay", "out", "gone", "done", "back", "new")}
    for name in ("stay", "out", "gone", "done", "back"):
        enrol(ledger, people[name], "S1", date(2024, 8, 1))
    before = date(2024, 8, 1)
    status(ledger, people["out"], "S1", "transfer_out", date(2024, 10, 1))
    status(ledger, people["gone"], "S1", "withdraw", date(2024, 10, 2))
    status(ledger, people["done"], "S1", "complete", date(2024, 10, 3))
    status(ledger, people["back"], "S1", "leave", date(2024, 10, 4))
    enrol(ledger, people["back"], "S1", date(2024, 11, 4), "return")
    enrol(ledger, people["new"], "S3", date(2024, 10, 5), "mid_year")
    enrol(ledger, people["out"], "S3", date(2024, 11, 1), "transfer_in")
    moved = report(views, "movement")
    assert moved["since"] == "2024-07-31"
    first, third, top = (row_of(moved, code) for code in ("S1", "S3", "31"))
    assert {k: v for k, v in first.items() if v and k != "unit_code"} == {
        **{"new": 5, "returned": 1, "out": 1, "withdrawn": 2, "completed": 1, "end": 2}
    }
    assert (third["new"], third["in"], third["end"]) == (1, 1, 2)
    assert (top["in"], top["out"], top["end"]) == (1, 1, 4)
    assert row_of(report(views, "movement", before), "S1")["new"] == 5


def test_a_move_without_a_leaving_is_out_and_in_and_is_told_of(
    ledger: Ledger, views: Views
) -> None:
    who = pupil(ledger, "P")
    enrol(ledger, who, "S1")
    enrol(ledger, who, "S3", date(2024, 10, 1), "transfer_in")
    moved = report(views, "movement")
    assert (row_of(moved, "S1")["out"], row_of(moved, "S3")["in"]) == (1, 1)
    assert report(views, "headcount")["totals"]["count"] == 1
    (told,) = moved["exceptions"]
    assert (told["reason"], told["where"]) == ("two_schools_at_once", "S3/S3-7A")
    assert told["other_school"] == "S1"


def test_what_was_known_then_stays_what_was_known_then(ledger: Ledger, views: Views) -> None:
    who = pupil(ledger, "P")
    enrol(ledger, who, "S1")
    with ledger.database.connection() as connection:
        known = head(connection).size - 1
    status(ledger, who, "S1", "leave", date(2024, 10, 1))
    then = report(views, "headcount", known_at=known)
    assert then["totals"]["count"] == 1
    assert report(views, "headcount")["totals"]["count"] == 0
    retraction = ChangeRetracted(
        effective_on=ON, retracts=_last_version(ledger, who), statutory=Note(text="nhầm")
    )
    record(ledger, who, retraction)
    assert report(views, "headcount")["totals"]["count"] == 1
    assert report(views, "headcount", known_at=known) == then


def _last_version(ledger: Ledger, who: UUID) -> int:
    with ledger.database.connection() as connection:
        row = connection.execute(
            "SELECT max(version) FROM ledger.entry e JOIN ledger.stream s ON s.no = e.stream "
            "WHERE s.id = %s",
            (who,),
        ).fetchone()
    assert row is not None
    return int(row[0])


# --- units in time -------------------------------------------------------------------------------


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


# --- head count ----------------------------------------------------------------------------------


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


# --- lists ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("run", range(2))
def test_every_total_opens_to_as_many_pupils(ledger: Ledger, views: Views, run: int) -> None:
    random_year(ledger, random.Random(f"{os.environ['HOCBA_SEED']}/lists/{run}"))
    heads = report(views, "headcount", listing=True)
    keys = ("level", "grade", "sex")
    for row in heads["rows"]:
        behind = [
            one
            for one in heads["list"]
            if row["unit_code"] in one["units"] and all(one[k] == row[k] for k in keys)
        ]
        assert len(behind) == row["count"]
        assert all(one["full_name"] and one["pupil_key"] for one in behind)
    moved = report(views, "movement", listing=True)
    for row in moved["rows"]:
        listed = Counter(one["column"] for one in moved["list"] if row["unit_code"] in one["units"])
        assert {k: listed[k] for k in row if k != "unit_code"} == {
            k: v for k, v in row.items() if k != "unit_code"
        }
    identity = report(views, "identity", listing=True)
    assert len(identity["list"]) == identity["totals"]["pupils"]


# --- in transit ----------------------------------------------------------------------------------


def answered(ledger: Ledger, who: UUID, case: UUID, on: date) -> None:
    """The receiver's acceptance, as the courier stores it."""

    def decide(reader: Reader) -> Plan:
        plan = Plan()
        ref = reader.ref(case_stream(ledger.id, case), StreamKind.CASE, person=who)
        events: list[Event] = [
            RequestReceived(
                effective_on=on,
                case=case,
                to_ledger=uuid7(),
                their_pupil=uuid7(),
                school_code="Z",
                encryption_key="",
                statutory=IdentityClaim(
                    full_name="T", birth_date="2012", sex="nam", identifiers=()
                ),
            ),
            DecisionReceived(
                effective_on=on, case=case, decision="accepted", digest=None, reason=None
            ),
        ]
        plan.add(ref, events)
        return plan

    ledger.desk.run(decide, who=school.operator(ledger))


def test_a_released_pupil_is_in_transit_from_the_day_after_until_the_answer(
    ledger: Ledger, views: Views
) -> None:
    who, case = pupil(ledger, "P"), uuid7()
    enrol(ledger, who, "S1")
    record(ledger, who, school.released(case, uuid7(), last_day=date(2024, 11, 20)))
    assert report(views, "headcount", date(2024, 11, 20))["totals"]["count"] == 1
    assert report(views, "in_transit", date(2024, 11, 20))["rows"] == []
    answer = report(views, "in_transit")
    assert answer["rows"] == [
        {
            "unit_code": "S1",
            "school_code": "S1",
            "pupil_id": str(who),
            "kind": "release",
            "case": str(case),
            "left_on": "2024-11-21",
            "days": 10,
        }
    ]
    assert row_of(report(views, "movement"), "31")["in_transit"] == 1
    answered(ledger, who, case, date(2024, 11, 28))
    assert report(views, "in_transit")["rows"] == []
    assert len(report(views, "in_transit", date(2024, 11, 27))["rows"]) == 1


def test_a_rejected_release_never_left(ledger: Ledger, views: Views) -> None:
    who, case = pupil(ledger, "P"), uuid7()
    enrol(ledger, who, "S1")
    record(ledger, who, school.released(case, uuid7(), last_day=date(2024, 11, 20)))
    record(ledger, who, ReleaseUndone(effective_on=ON, case=case))
    assert report(views, "in_transit")["rows"] == []
    assert report(views, "headcount")["totals"]["count"] == 1
    assert row_of(report(views, "movement"), "S1")["out"] == 0


def test_a_transfer_out_that_arrived_nowhere_is_found(ledger: Ledger, views: Views) -> None:
    lost, found = pupil(ledger, "A"), pupil(ledger, "B")
    for who in (lost, found):
        enrol(ledger, who, "S1")
        status(ledger, who, "S1", "transfer_out", date(2024, 10, 1))
    enrol(ledger, found, "S3", date(2024, 10, 15), "transfer_in")
    assert [row["pupil_id"] for row in report(views, "in_transit")["rows"]] == [str(lost)]
    assert report(views, "in_transit", date(2024, 10, 3))["totals"]["count"] == 2


# --- what is unsound -----------------------------------------------------------------------------


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


# --- presets -------------------------------------------------------------------------------------


def test_presets_choose_the_day_by_the_calendar(views: Views, ledger: Ledger) -> None:
    year = SchoolYear.parse("2024-2025")
    days = {
        "start_of_year": date(2024, 9, 30),
        "end_of_term_1": date(2025, 1, 15),
        "end_of_year": date(2025, 5, 31),
        "end_of_year_after": date(2025, 8, 31),
    }
    assert {name: views.preset_day(name, year) for name in days} == days
    dated = TermCalendar(
        school_year=year, term_2_from=date(2025, 1, 6), summer_from=date(2025, 5, 26)
    )
    assert preset_day("end_of_term_1", year, dated) == date(2025, 1, 5)


def test_the_same_question_at_the_same_position_gets_the_same_answer(
    ledger: Ledger, views: Views
) -> None:
    random_year(ledger, random.Random(f"{os.environ['HOCBA_SEED']}/again"), pupils=6)
    with ledger.database.connection() as connection:
        known = head(connection).size - 1
    names = ("headcount", "movement", "identity", "in_transit", "exceptions")
    first = {name: report(views, name, known_at=known, listing=True) for name in names}
    pupil(ledger, "later")
    rebuilt = Views(ledger)
    for name in ("stays", "identity_checks"):
        assert rebuilt.engine.rebuild(name).equal
    assert {n: report(rebuilt, n, known_at=known, listing=True) for n in names} == first
