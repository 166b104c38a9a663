"""Rules of units in time: changes with a day, re-coding, closing, places in the tree."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ledger import unit
from ledger.errors import Refused
from ledger.events.unit import UnitChanged, UnitClosed, UnitOpened, UnitRecoded
from ledger.unit import RecordUnit, Unit, UnitEvent, decide_recoded, decide_unit
from ledger.unit_places import check_parent, check_successor, with_related

OPENED = date(2000, 9, 1)
REFORM = date(2025, 7, 1)
TODAY = date(2025, 9, 1)


def line(code: str = "S1", **changed: Any) -> RecordUnit:
    values: dict[str, Any] = {
        "code": code,
        "kind": "school",
        "name": "THCS Lê Lợi",
        "parent_code": "D1",
        "levels": ("THCS",),
        "opened_on": OPENED,
        "closed_on": None,
        "merged_into": None,
    }
    return RecordUnit(**values | changed)


def known(*commands: RecordUnit) -> Unit:
    """A unit after these lines, one import each."""
    state: Unit | None = None
    for command in commands:
        for event in decide_unit(state, command, today=TODAY):
            state = unit.evolve(state, event, 0)
    assert state is not None
    return state


def decided(state: Unit | None, command: RecordUnit) -> list[UnitEvent]:
    return decide_unit(state, command, today=TODAY)


def refused(state: Unit | None, command: RecordUnit) -> str:
    with pytest.raises(Refused) as caught:
        decided(state, command)
    return caught.value.code


def test_a_change_counts_from_its_own_day() -> None:
    found = known(line(), line(name="THCS Lê Lai", parent_code="X1", changed_on=REFORM))
    before, after = found.on(date(2025, 6, 30)), found.on(REFORM)
    assert before is not None
    assert after is not None
    assert (before.name, before.parent) == ("THCS Lê Lợi", "D1")
    assert (after.name, after.parent) == ("THCS Lê Lai", "X1")


def test_a_change_known_already_is_not_written_again() -> None:
    renamed = line(name="THCS Lê Lai", changed_on=REFORM)
    found = known(line(), renamed)
    assert decided(found, renamed) == []
    assert decided(found, line(name="THCS Lê Lai")) == []


def test_an_earlier_day_told_later_leaves_the_present_name() -> None:
    found = known(line(), line(name="C", changed_on=REFORM), line(name="B", changed_on=OPENED))
    assert found.name == "C"
    assert [version.name for version in found.versions] == ["B", "C"]


def test_a_change_to_come_is_not_undone_by_a_list_of_today() -> None:
    found = known(line(), line(name="B", changed_on=date(2026, 1, 1)))
    assert decided(found, line()) == []


def test_a_later_line_restates_the_day_of_a_mistaken_change() -> None:
    found = known(line(), line(name="B", changed_on=REFORM), line(changed_on=REFORM))
    assert {version.name for version in found.versions} == {"THCS Lê Lợi"}


def test_a_unit_goes_on_under_another_code() -> None:
    found = known(line())
    command = line(name="THCS Lê Lợi 2", changed_on=REFORM, recoded_to="S9")
    assert decided(found, command) == [
        UnitRecoded(effective_on=REFORM, code="S1", new_code="S9"),
    ]
    heir = decide_recoded(replace(command, parent_code=None, levels=()), found)
    assert heir == UnitOpened(
        effective_on=REFORM,
        code="S9",
        kind="school",
        name="THCS Lê Lợi 2",
        parent_code="D1",
        levels=("THCS",),
    )


def test_a_change_before_the_re_coding_belongs_to_the_old_code() -> None:
    command = line(name="B", changed_on=date(2024, 8, 1), closed_on=REFORM, recoded_to="S9")
    changed, recoded = decided(known(line()), command)
    assert isinstance(changed, UnitChanged)
    assert changed.effective_on == date(2024, 8, 1)
    assert isinstance(recoded, UnitRecoded)
    assert decided(known(line(), command), command) == []


def test_another_successor_of_the_same_day_is_news() -> None:
    found = known(line(), line(closed_on=REFORM, merged_into="S2"))
    (again,) = decided(found, line(closed_on=REFORM, merged_into="S3"))
    assert isinstance(again, UnitClosed)
    assert again.successor == "S3"


def test_a_list_without_the_successor_leaves_the_one_on_record() -> None:
    found = known(line(), line(closed_on=REFORM, recoded_to="S9"))
    assert decided(found, line(closed_on=REFORM)) == []
    moved = known(line(), line(closed_on=REFORM, recoded_to="S9"), line(closed_on=TODAY))
    assert (moved.closed_on, moved.successor, moved.recoded) == (TODAY, "S9", True)


@pytest.mark.parametrize(
    "ending", [line(closed_on=REFORM, merged_into="S2"), line(closed_on=REFORM, recoded_to="S2")]
)
def test_a_closing_is_taken_back_by_saying_how_the_unit_is_from_that_day(
    ending: RecordUnit,
) -> None:
    back = line(changed_on=REFORM, parent_code="X1")
    found = known(line(), ending, back)
    assert (found.closed_on, found.successor, found.recoded) == (None, None, False)
    held = found.on(TODAY)
    assert held is not None
    assert held.parent == "X1"
    assert decided(found, back) == []


def test_a_list_that_says_nothing_of_the_closing_does_not_reopen() -> None:
    found = known(line(), line(closed_on=REFORM))
    assert decided(found, line()) == []


CLOSED = known(line(), line(closed_on=REFORM))


@pytest.mark.parametrize(
    ("state", "command", "code"),
    [
        (None, line(closed_on=date(2000, 8, 31)), "empty_period"),
        (known(line()), line(closed_on=date(2000, 8, 31)), "empty_period"),
        (known(line()), line(name="B", changed_on=date(1999, 1, 1)), "before_opening"),
        (CLOSED, line(name="B"), "unit_closed"),
        (CLOSED, line(name="B", changed_on=TODAY), "unit_closed"),
        (None, line(closed_on=REFORM, merged_into="A", recoded_to="B"), "two_successors"),
        (None, line(merged_into="A"), "missing_value"),
        (None, line(recoded_to="A"), "missing_value"),
        (known(line()), line(kind="centre"), "unit_kind_differs"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    state: Unit | None, command: RecordUnit, code: str
) -> None:
    assert refused(state, command) == code


def world(**units: Unit) -> dict[str, Unit | None]:
    return dict(units)


def top(code: str, **changed: Any) -> RecordUnit:
    return line(code, kind="district", parent_code=None, levels=(), **changed)


def test_a_unit_may_not_stand_under_itself_on_any_day() -> None:
    d1 = known(top("D1"))
    later = known(top("D1"), replace(top("D1"), parent_code="S1", changed_on=TODAY))
    school = known(line())
    assert check_parent(world(D1=d1, S1=school), school, REFORM) == ()
    for d in (later, known(replace(top("D1"), parent_code="S1"))):
        with pytest.raises(Refused) as caught:
            check_parent(world(D1=d, S1=school), school, REFORM)
        assert caught.value.code == "parent_cycle"


def test_a_unit_may_not_be_its_own_parent() -> None:
    own = known(line(parent_code="S1"))
    with pytest.raises(Refused) as caught:
        check_parent(world(S1=own), own, REFORM)
    assert caught.value.code == "parent_cycle"


def test_an_unknown_parent_is_refused_and_a_closed_one_warned_of() -> None:
    school = known(line())
    with pytest.raises(Refused) as caught:
        check_parent({"S1": school, "D1": None}, school, REFORM)
    assert caught.value.code == "unknown_unit"
    closed = known(top("D1"), top("D1", closed_on=REFORM, merged_into="X1"))
    units = world(S1=school, D1=closed, X1=known(top("X1")))
    assert check_parent(units, school, date(2025, 6, 30)) == ()
    (warned,) = check_parent(units, school, REFORM)
    assert warned.code == "parent_not_open"
    assert warned.suggestion == "X1 stands for it then"


@pytest.mark.parametrize(
    ("successor", "code"),
    [
        (None, "unknown_successor"),
        (known(line("S2"), line("S2", closed_on=date(2025, 1, 1))), "successor_not_open"),
        (known(line("S2", opened_on=TODAY)), "successor_not_open"),
        (known(line("S2"), line("S2", closed_on=TODAY, merged_into="S1")), "successor_cycle"),
    ],
)
def test_a_successor_is_another_unit_open_on_that_day(successor: Unit | None, code: str) -> None:
    units: dict[str, Unit | None] = {"S1": known(line()), "S2": successor}
    with pytest.raises(Refused) as caught:
        check_successor(units, line(closed_on=REFORM, merged_into="S2"))
    assert caught.value.code == code


def test_a_unit_does_not_take_over_from_itself() -> None:
    with pytest.raises(Refused) as caught:
        check_successor(world(S1=known(line())), line(closed_on=REFORM, merged_into="S1"))
    assert caught.value.code == "successor_cycle"


def test_whatever_stood_above_or_after_is_read_with_a_unit() -> None:
    store: dict[str, Unit | None] = {
        "S1": known(line(), line(parent_code="X1", changed_on=REFORM)),
        "D1": known(top("D1"), top("D1", closed_on=REFORM, merged_into="X2")),
        "X1": known(replace(top("X1"), parent_code="31")),
        "X2": known(top("X2")),
        "31": known(top("31")),
        "other": known(top("other")),
    }
    read = with_related(lambda codes: {code: store.get(code) for code in codes}, ["S1"])
    assert read.keys() == {"S1", "D1", "X1", "X2", "31"}
