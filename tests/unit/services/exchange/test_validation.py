"""Values against the dictionary's types, lengths, lists and ranges."""

from typing import Any

import pytest

from services.exchange.fields import PRIMARY, SECONDARY, TABLES, Field, children
from services.exchange.mends import mend
from services.exchange.validation import wrong


def field(table: str, name: str) -> Field:
    return next(known for known in TABLES[table] if known.name == name)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("hovaten", "A" * 150, None),
        ("hovaten", "A" * 151, "too_long"),
        ("hovaten", 7, "not_text"),
        ("sodinhdanh", "031212000001", None),
        ("sodinhdanh", "31212000001", "wrong_form"),
        ("sodinhdanh", "03121200000A", "wrong_form"),
        ("sodinhdanh", "٠٣١٢١٢٠٠٠٠٠١", "wrong_form"),
        ("sodinhdanh", "031212000001\n", "too_long"),
        ("gioitinh", "2", None),
        ("gioitinh", "3", "not_in_list"),
        ("trichluc", 0, None),
        ("trichluc", 2, "not_in_list"),
        ("trichluc", "1", "not_in_list"),
        ("hocky1", "CĐ", None),
        ("hocky1", "G", "not_in_list"),
        ("sobuoinghi", 1, None),
        ("sobuoinghi", 300, None),
        ("sobuoinghi", 0, "out_of_range"),
        ("sobuoinghi", 301, "out_of_range"),
        ("sobuoinghi", "x", "not_a_number"),
        ("sobuoinghi", True, "not_a_number"),
        ("phienban", 1, None),
        ("phienban", 99999, None),
        ("phienban", 0, "out_of_range"),
        ("phienban", 100000, "out_of_range"),
        ("phienban", "1", "not_a_number"),
        ("ngaytao", "2025-02-28", None),
        ("ngaytao", "2025-02-29", "bad_date"),
        ("ngaytao", "2025-2-28", "bad_date"),
        ("thoigiancapnhat", "2025-06-01T10:04:05", None),
        ("thoigiancapnhat", "2025-06-01T10:04:05Z", "bad_date"),
        ("thangnamsinh", "2012-13", "wrong_form"),
        ("namhoc", "2024-2025", None),
    ],
)
def test_a_value_fits_its_field_or_says_why(name: str, value: Any, reason: str | None) -> None:
    assert wrong(field(SECONDARY, name), value) == reason


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("cannang", "40.5", None),
        ("cannang", "0.9", "out_of_range"),
        ("cannang", "300", None),
        ("cannang", "300.1", "out_of_range"),
        ("cannang", "40.00001", "out_of_range"),
        ("cannang", "NaN", "not_a_number"),
        ("chieucao", "9.9", "out_of_range"),
        ("nghicophep", 0, None),
        ("nghicophep", 201, "out_of_range"),
        ("nanglucngonngu", "T", None),
        ("nanglucngonngu", "K", "not_in_list"),
        ("thongtu", "22/2021/TT-BGDĐT", "too_long"),
    ],
)
def test_a_primary_value_fits_its_field_or_says_why(
    name: str, value: Any, reason: str | None
) -> None:
    assert wrong(field(PRIMARY, name), value) == reason


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        *((text, None) for text in ("0", "10", "10.0", "8.5", "0.0", "Đ", "CĐ", "M")),
        *((text, "wrong_form") for text in ("11", "8,5", "-1", "8.55", "T", "10.1")),
    ],
)
def test_a_mark_is_a_number_to_ten_or_a_remark(value: str, reason: str | None) -> None:
    assert wrong(field(f"{SECONDARY}_bangdiem", "diemcanam"), value) == reason


def test_the_tables_have_their_children() -> None:
    assert children(SECONDARY) == ("quatrinhhoctap", "chungchi", "bangdiem")
    assert children(PRIMARY) == ("quatrinhhoctap", "dsbangdiem")


def test_a_department_without_a_code_of_two_characters_is_sent_to_the_file_of_codes() -> None:
    reason = wrong(field(SECONDARY, "masogd"), "SGDHP")
    assert reason == "too_long"
    told = mend("masogd", reason)
    assert "codes.csv" in told
    assert "department" in told
