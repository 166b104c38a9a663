"""Provinces of a unit in time, and province codes on both sides of 1 July 2025."""

from datetime import date, timedelta

import pytest

from ledger.codes import REFORM, province_code_on
from ledger.events.unit import UnitKind
from ledger.province_history import province_history
from ledger.unit import Unit, UnitVersion

SINCE = date(2000, 1, 1)
BEFORE = REFORM - timedelta(days=1)


def unit(
    code: str,
    kind: UnitKind,
    name: str,
    parent: str | None = None,
    *,
    merged_into: str | None = None,
    closed_on: date = REFORM,
) -> Unit:
    version = UnitVersion(since=SINCE, name=name, parent=parent, levels=())
    return Unit(
        code=code,
        kind=kind,
        name=name,
        parent=parent,
        levels=(),
        opened_on=SINCE,
        closed_on=closed_on if merged_into else None,
        successor=merged_into,
        versions=(version,),
    )


def units(*known: Unit) -> dict[str, Unit]:
    return {one.code: one for one in known}


HAI_PHONG = unit("31", "province", "Hải Phòng")
HAI_DUONG = unit("30", "province", "Hải Dương", merged_into="31")


def test_a_merged_province_is_represented_by_its_successor() -> None:
    known = units(HAI_PHONG, HAI_DUONG, unit("S1", "school", "THCS Nam Sách", "30"))
    assert province_history(known, "S1") == (
        (SINCE, "30", "Hải Dương"),
        (REFORM, "31", "Hải Phòng"),
    )


def test_a_merged_school_is_where_its_successor_is() -> None:
    day = date(2024, 8, 1)
    gone = unit("S1", "school", "THCS A", "30", merged_into="S2", closed_on=day)
    known = units(HAI_PHONG, HAI_DUONG, gone, unit("S2", "school", "THCS B", "31"))
    assert province_history(known, "S1") == ((SINCE, "30", "Hải Dương"), (day, "31", "Hải Phòng"))


def test_successors_in_a_circle_end_without_a_province() -> None:
    one = unit("30", "province", "A", merged_into="31")
    other = unit("31", "province", "B", merged_into="30")
    school = unit("S1", "school", "C", "30")
    assert province_history(units(one, other, school), "S1") == ((SINCE, "30", "A"),)


@pytest.mark.parametrize(
    ("code", "stated_on", "on", "found"),
    [
        ("30", BEFORE, BEFORE, "30"),
        ("30", BEFORE, REFORM, "31"),
        ("15", BEFORE, REFORM, "15"),  # Yên Bái, now in Lào Cai, which has its old code
        ("10", BEFORE, REFORM, "15"),  # Lào Cai
        ("15", REFORM, BEFORE, None),  # two provinces then
        ("22", REFORM, BEFORE, "22"),
        ("30", REFORM, REFORM, None),  # means nothing any more
        ("99", BEFORE, REFORM, None),
    ],
)
def test_a_provinces_code_on_another_day(
    code: str, stated_on: date, on: date, found: str | None
) -> None:
    assert province_code_on(code, stated_on, on) == found
