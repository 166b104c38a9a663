"""The tree of units of a day: roots, successors, and what stands below a unit."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.tree import Node, Stretch, Tree

FIRST = date(2025, 1, 1)
LAST = FIRST + timedelta(days=30)
DAYS = st.dates(FIRST, LAST)
CODES = ("31", "30", "D1", "D2", "X1", "S1", "S2", "S3")
KINDS = ("province", "province", "district", "district", "commune", "school", "school", "school")


def stretch(
    code: str,
    *,
    kind: str = "school",
    name: str | None = None,
    parent: str | None = None,
    start: date = FIRST,
    end: date | None = None,
    closed: date | None = None,
    successor: str | None = None,
) -> Stretch:
    node = Node(code, kind, name or code, parent, (), FIRST, closed, successor)
    return Stretch(node, start, end or closed)


@st.composite
def forests(draw: st.DrawFn) -> list[Stretch]:
    """Units with any parents and successors, circles and unknown codes among them."""
    found = []
    for code, kind in zip(CODES, KINDS, strict=True):
        opened = draw(DAYS)
        closed = draw(st.none() | st.dates(opened, LAST + timedelta(days=1)))
        inner = [day for day in draw(st.sets(DAYS, max_size=2)) if day > opened]
        turns = [opened, *(d for d in sorted(inner) if closed is None or d < closed)]
        successor = draw(st.none() | st.sampled_from((*CODES, "?"))) if closed else None
        for start, end in zip(turns, [*turns[1:], closed], strict=True):
            parent = draw(st.none() | st.sampled_from((*CODES, "?")))
            node = Node(code, kind, code, parent, (), opened, closed, successor)
            found.append(Stretch(node, start, end))
    return found


@given(forests(), DAYS)
def test_every_unit_in_force_has_exactly_one_path_to_one_root(
    stretches: list[Stretch], day: date
) -> None:
    tree = Tree(day, stretches)
    for node in tree.nodes:
        path = tree.above(node.code)
        assert path[0] == node
        assert len({above.code for above in path}) == len(path)
        assert all(tree.node(above.code) == above for above in path)
        for lower, upper in pairwise(path):
            assert lower.parent is not None
            assert tree.current(lower.parent) == upper.code


@given(forests(), DAYS)
def test_succession_ends_at_a_unit_in_force_or_nowhere(stretches: list[Stretch], day: date) -> None:
    tree = Tree(day, stretches)
    for code in (*CODES, "?"):
        stands = tree.current(code)
        assert stands is None or tree.node(stands) is not None
        if tree.node(code) is not None:
            assert stands == code


@given(forests(), DAYS)
def test_a_code_is_below_exactly_the_units_on_its_path(stretches: list[Stretch], day: date) -> None:
    tree = Tree(day, stretches)
    for code in CODES:
        above = {node.code for node in tree.above(code)}
        for unit in tree.nodes:
            assert (code in tree.below(unit.code)) == (unit.code in above)


@given(forests(), DAYS)
def test_a_unit_is_in_force_closed_or_still_to_come(stretches: list[Stretch], day: date) -> None:
    tree = Tree(day, stretches)
    for code in CODES:
        known = tree.known(code)
        assert known is not None
        states = (
            tree.node(code) is not None,
            known in tree.closed,
            known.opened_on > day,
        )
        assert sum(states) == 1


REFORM = date(2025, 1, 15)
MERGER = [
    stretch("31", kind="province", name="Hải Phòng"),
    stretch("30", kind="province", name="Hải Dương", closed=REFORM, successor="31"),
    stretch("D1", kind="district", parent="30", closed=REFORM),
    stretch("D2", kind="district", parent="30", closed=REFORM, successor="X1"),
    stretch("X1", kind="commune", parent="D1", end=REFORM),
    stretch("X1", kind="commune", parent="30", start=REFORM),
    stretch("S1", parent="X1"),
    stretch("S2", parent="D2", closed=REFORM, successor="S1"),
    stretch("S3", parent="D2"),
    stretch("S4", parent="D1"),
]


def path(tree: Tree, code: str) -> list[str]:
    return [node.code for node in tree.above(code)]


def test_a_school_of_a_merged_province_stands_under_the_new_one_from_that_day() -> None:
    before, after = Tree(REFORM - timedelta(days=1), MERGER), Tree(REFORM, MERGER)
    assert path(before, "S1") == ["S1", "X1", "D1", "30"]
    assert path(after, "S1") == ["S1", "X1", "31"]
    provinces = [tree.province_of("S1") for tree in (before, after)]
    assert [p.name for p in provinces if p] == ["Hải Dương", "Hải Phòng"]


def test_a_merged_school_is_answered_for_by_its_successor() -> None:
    after = Tree(REFORM, MERGER)
    assert after.node("S2") is None
    assert after.current("S2") == "S1"
    assert path(after, "S2") == ["S1", "X1", "31"]
    assert after.below("S1") == {"S1", "S2"}


def test_a_closed_parent_is_represented_by_its_successor_and_else_ends_the_path() -> None:
    after = Tree(REFORM, MERGER)
    assert path(after, "S3") == ["S3", "X1", "31"]
    assert path(after, "S4") == ["S4"]
    assert after.current("D1") is None
    assert after.below("D1") == frozenset()


def test_below_a_merged_province_is_what_is_below_the_one_that_took_it_in() -> None:
    after = Tree(REFORM, MERGER)
    assert after.below("30") == after.below("31")
    assert after.below("31") == {"31", "30", "X1", "D2", "S1", "S2", "S3"}


@pytest.mark.parametrize("code", ["A", "B"])
def test_successors_in_a_circle_stand_for_nobody(code: str) -> None:
    closed = REFORM
    tree = Tree(
        REFORM,
        [stretch("A", closed=closed, successor="B"), stretch("B", closed=closed, successor="A")],
    )
    assert tree.current(code) is None
    assert tree.above(code) == ()
