"""What a comparison shows people: the leaves that differ, and no object in a cell."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.difference_lines import SHOWN, lines_of

SCHOOL = {"school_code": "S1", "from": "2024-09-05", "to": None}


def test_fields_of_two_lines_are_told_one_by_one() -> None:
    before = {"full_name": "A", "status": "attending", "sex": "nam"}
    after = {"full_name": "B", "status": "left", "sex": "nam"}
    assert list(lines_of("7A", before, after)) == [
        ("7A/full_name", "A", "B"),
        ("7A/status", "attending", "left"),
    ]


def test_marks_stand_side_by_side() -> None:
    assert list(lines_of("TX", ["8.0"], ["8.0", "9.0"])) == [("TX", "8.0", "8.0, 9.0")]


def test_of_a_list_of_objects_only_what_came_or_went_is_told() -> None:
    other = {**SCHOOL, "school_code": "S2"}
    came = "+ school_code: S2, from: 2024-09-05"
    assert list(lines_of("schools", [SCHOOL], [SCHOOL, other])) == [("schools", None, came)]
    assert list(lines_of("schools", [SCHOOL, other], [SCHOOL])) == [
        ("schools", came.replace("+", "\N{MINUS SIGN}"), None)
    ]


def test_what_appears_whole_is_told_by_its_leaves_or_their_number() -> None:
    assert list(lines_of("a", None, {"x": {"y": 1}})) == [("a", None, "+ y: 1")]
    many = {f"n{i}": i for i in range(SHOWN + 1)}
    assert list(lines_of("a", many, None)) == [("a", "\N{MINUS SIGN} (7)", None)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "8.0"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON, JSON)
def test_no_cell_holds_an_object(before: Any, after: Any) -> None:
    for _, *cells in lines_of("p", before, after):
        for cell in cells:
            assert cell is None or isinstance(cell, str | int)
            assert not isinstance(cell, str) or not {"{", "["} & set(cell)


@pytest.mark.parametrize("pair", [({"a": [1]}, {"a": [1]}), ([SCHOOL], [SCHOOL])])
def test_equal_objects_have_no_lines(pair: tuple[Any, Any]) -> None:
    assert list(lines_of("p", *pair)) == []
