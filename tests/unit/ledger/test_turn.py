"""Rules of the year's turn that need no record: which grade, name and code come next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.next_class import MAX_CODE, last_grade, next_codes, raised
from ledger.school_class import SchoolClass
from ledger.school_year import SchoolYear
from ledger.stay_warnings import grade_after

NEXT = SchoolYear(2025)


def a_class(code: str, name: str, grade: int = 6) -> SchoolClass:
    return SchoolClass(
        code=code,
        school_code="S1",
        school_year="2024-2025",
        grade=grade,
        name=name,
        programme="GDPT2018",
        gathering="homeroom",
    )


@pytest.mark.parametrize(
    ("grade", "levels", "last"),
    [
        (5, ("TH",), True),
        (4, ("TH",), False),
        (9, ("THCS",), True),
        (12, ("THPT",), True),
        (18, ("MN",), True),
        (15, ("MN",), False),
        (5, ("TH", "THCS"), False),
        (9, ("TH", "THCS"), True),
        (9, (), True),
        (7, (), False),
        (7, ("TH",), False),
        (9, ("GDTX",), False),
        (12, ("GDTX",), True),
    ],
)
def test_the_last_grade_is_that_of_the_schools_levels(
    grade: int, levels: tuple[str, ...], last: bool
) -> None:
    assert last_grade(grade, levels, "GDPT2018") is last


@pytest.mark.parametrize(
    ("name", "grade", "following"),
    [
        ("6A1", 6, "7A1"),
        ("9/2", 9, "10/2"),
        ("Lớp 6B", 6, "Lớp 7B"),
        ("10 Toán", 10, "11 Toán"),
        ("A1", 6, "A1"),
        ("61", 6, "61"),
        ("Hoa Hồng", 16, "Hoa Hồng"),
        ("16A", 16, "16A"),
    ],
)
def test_the_leading_grade_of_a_name_is_raised_and_nothing_else(
    name: str, grade: int, following: str
) -> None:
    assert raised(name, grade, grade_after(grade) or grade) == following


@pytest.mark.parametrize(
    ("code", "name", "next_name", "first"),
    [
        ("S1-2024-6A1", "6A1", "7A1", "S1-2025-7A1"),
        ("S1/2024-2025/6A1", "6A1", "7A1", "S1/2025-2026/7A1"),
        ("6A1_24-25", "6A1", "7A1", "7A1_25-26"),
        ("6A1", "6A1", "7A1", "S1-2025-2026-7A1"),
        ("C-2024-017", "6A1", "7A1", "S1-2025-2026-7A1"),
        ("x", "10 Toán", "11 Toán", "S1-2025-2026-11-Toán"),
    ],
)
def test_a_code_that_holds_year_and_name_keeps_its_form(
    code: str, name: str, next_name: str, first: str
) -> None:
    assert next_codes(a_class(code, name), next_name, NEXT, "S1")[0] == first


NAMES = st.from_regex(r"[6-9][A-E][1-9]", fullmatch=True)


@given(st.lists(NAMES, min_size=2, max_size=2, unique=True), st.sampled_from(["S1-2024-{}", "{}"]))
def test_classes_of_different_names_get_different_codes(names: list[str], form: str) -> None:
    one, other = (
        next_codes(a_class(form.format(name), name), raised(name, 6, 7), NEXT, "S1")[0]
        for name in names
    )
    assert (one == other) == (raised(names[0], 6, 7) == raised(names[1], 6, 7))


@given(st.text(min_size=1, max_size=200), st.text(min_size=1, max_size=80))
def test_a_code_is_never_longer_than_codes_may_be(name: str, code: str) -> None:
    for found in next_codes(a_class(code, name), name, NEXT, "S1"):
        assert 0 < len(found) <= MAX_CODE
