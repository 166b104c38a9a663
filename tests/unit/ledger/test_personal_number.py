"""Rules of `ledger.personal_number`: twelve digits; contradictions only warn."""

import pytest

from ledger.errors import Refused
from ledger.personal_number import check, parse


@pytest.mark.parametrize(
    ("number", "sex", "birth_year"),
    [
        ("031315000001", "nu", 2015),
        ("079219000001", "nam", 2019),
        ("087084000001", "nam", 1984),
        ("031315000001", "khac", None),
        ("031315000001", None, None),
        ("113215000001", "nam", 2015),
    ],
)
def test_a_number_that_agrees_gives_no_warning(
    number: str, sex: str | None, birth_year: int | None
) -> None:
    assert check(number, sex, birth_year) == []


@pytest.mark.parametrize(
    ("number", "sex", "birth_year", "warnings"),
    [
        ("031315000001", "nam", 2015, ["number_contradicts_sex"]),
        ("031215000001", "nu", 2015, ["number_contradicts_sex"]),
        ("031315000001", "nu", 2014, ["number_contradicts_birth_year"]),
        ("031115000001", "nu", 2015, ["number_contradicts_birth_year"]),
        ("003315000001", "nu", 2015, ["unknown_province_code"]),
        ("000315000001", "nu", 2015, ["unknown_province_code"]),
        (
            "097084000001",
            "nu",
            2015,
            ["unknown_province_code", "number_contradicts_sex", "number_contradicts_birth_year"],
        ),
    ],
)
def test_a_contradiction_is_a_warning_by_name(
    number: str, sex: str, birth_year: int, warnings: list[str]
) -> None:
    assert check(number, sex, birth_year) == warnings


def test_eleven_digits_have_lost_their_leading_zero() -> None:
    with pytest.raises(Refused) as refusal:
        parse("31315000001")
    assert refusal.value.code == "lost_leading_zero"
    assert refusal.value.suggestion is not None


@pytest.mark.parametrize("text", ["", "0313150000011", "03131500000A", "3.13E+10", "1234"])
def test_what_is_not_twelve_digits_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        check(text, "nu", 2015)
    assert refusal.value.code == "personal_number_not_12_digits"


@pytest.mark.parametrize("text", ["31315000001", "03131500000A"])
def test_a_refusal_never_repeats_the_number(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        parse(text)
    assert text not in f"{refusal.value} {refusal.value.suggestion}"


def test_blanks_that_group_the_digits_are_dropped() -> None:
    assert parse(" 031 315 000 001 ") == "031315000001"
