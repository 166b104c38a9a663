"""Reports by two dates add up, agree with each other, and stay what they were."""

import os
import random
from collections import Counter
from datetime import date, timedelta
from uuid import UUID

import pytest

from ledger.batch import Line
from ledger.event import Note
from ledger.events.pupil import (
    ChangeRetracted,
    PupilLinked,
    StatusKind,
)
from ledger.ledger import Ledger
from ledger.log import head
from ledger.movement import EnrolInClass, Movement, StatusLine, move_pupils
from ledger.presets import preset_day
from ledger.pupil import ChangeStatus
from ledger.school_year import SchoolYear, TermCalendar
from projections.reports.movement import balanced
from projections.views import Views
from tests import school
from tests.integration.reports.province import (
    LEVELS,
    ON,
    START,
    counts,
    enrol,
    pupil,
    record,
    report,
    row_of,
    status,
)


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
