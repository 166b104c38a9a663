"""Finding a header wherever it is, however deep, however its headings are spelt."""

import unicodedata
from typing import Any

import pytest

from services.importing.headings import Header, find_header, heading_key
from services.sheets.reading import Row

MUST = frozenset(map(heading_key, ("Mã học sinh", "Họ tên", "Ngày sinh")))


def rows(*given: tuple[Any, ...] | None) -> list[Row]:
    return [Row(number, cells) for number, cells in enumerate(given, 1) if cells]


def found(*given: tuple[Any, ...] | None, at_least: int = 3) -> Header:
    header = find_header(rows(*given), MUST, at_least)
    assert header is not None
    return header


@pytest.mark.parametrize(
    "spelling",
    [
        "Mã học sinh",
        "MÃ HỌC SINH (*)",
        "Mã  học\nsinh",
        "Mã\u00a0học sinh:",
        unicodedata.normalize("NFD", "Mã học sinh"),
        "\ufeffMã học sinh",
    ],
)
def test_spellings_of_one_heading_have_one_key(spelling: str) -> None:
    assert heading_key(spelling) == heading_key("Mã học sinh")


def test_different_headings_have_different_keys() -> None:
    assert heading_key("Họ tên cha") != heading_key("Họ tên")
    assert heading_key("Lớp") != heading_key("Mã lớp")


def test_the_header_is_found_below_titles_and_blank_rows() -> None:
    header = found(
        ("DANH SÁCH",), None, ("Trường", None, "Lớp"), ("STT", "Mã học sinh", "Họ tên", "Ngày sinh")
    )
    assert (header.row, header.below) == (4, 5)
    assert [heading.text for heading in header.headings][1:] == [
        "Mã học sinh",
        "Họ tên",
        "Ngày sinh",
    ]


def test_headings_of_several_rows_are_joined_from_top_to_bottom() -> None:
    header = found(
        ("Mã học sinh", "Họ tên", "Ngày sinh", "Toán", None, "Ghi chú"),
        (None, None, None, "Mức", "KTĐK", None),
        ("3100000001", "An", "2015", "T", 9, None),
    )
    assert header.below == 3
    assert [h.text for h in header.headings[3:]] == ["Toán / Mức", "Toán / KTĐK", "Ghi chú"]


def test_a_row_that_numbers_the_columns_is_passed_over() -> None:
    header = found(
        ("Mã học sinh", "Họ tên", "Ngày sinh", "Lớp"),
        ("(1)", "(2)", "(3)", "(4)"),
        ("3100000001", "An", "2015", "1A"),
    )
    assert header.below == 3


def test_a_first_pupil_is_no_part_of_the_header() -> None:
    header = found(("Mã học sinh", "Họ tên", "Ngày sinh"), ("3100000001", "An", "2015"))
    assert header.below == 2


def test_a_sheet_without_these_headings_has_no_header() -> None:
    assert find_header(rows(("Mã", "Tên"), ("01", "Kinh")), MUST, 2) is None
