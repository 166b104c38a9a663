"""Rules of `ledger.places`: a place as on the certificate and as today."""

from datetime import date

import pytest

from ledger.codes import NEW_PROVINCES, OLD_PROVINCES
from ledger.events.pupil import Place
from ledger.places import is_ambiguous, readings, today_of

BEFORE = date(2025, 6, 30)
SINCE = date(2025, 7, 1)


def place(text: str | None = None, code: str | None = None) -> Place:
    return Place(text=text, code=code)


def test_seven_codes_mean_another_province_since_the_reform() -> None:
    reused = {code for code in OLD_PROVINCES if readings(code)}
    assert reused == {"15", "24", "44", "52", "80", "82", "91"}
    assert readings("15") == ("Yên Bái", "Lào Cai")
    assert readings("46") is None, "Huế changed its name, not its place"


@pytest.mark.parametrize(
    ("code", "stated_on", "then", "now"),
    [
        ("15", BEFORE, "Yên Bái", "Lào Cai"),
        ("15", SINCE, "Lào Cai", "Lào Cai"),
        ("24", BEFORE, "Bắc Giang", "Bắc Ninh"),
        ("30", BEFORE, "Hải Dương", "Hải Phòng"),
        ("30", None, "Hải Dương", "Hải Phòng"),
        ("46", date(2024, 5, 1), "Thừa Thiên Huế", "Huế"),
        ("31", None, "Hải Phòng", "Hải Phòng"),
        ("15", None, None, None),
        ("99", BEFORE, None, None),
    ],
)
def test_a_code_is_read_by_the_table_of_the_day_it_was_stated(
    code: str, stated_on: date | None, then: str | None, now: str | None
) -> None:
    found = today_of(place(code=code), stated_on=stated_on, on=SINCE)
    assert (found["province_then"], found["province_now"]) == (then, now)


@pytest.mark.parametrize(
    ("text", "code", "then", "now"),
    [
        ("xã Mậu A, huyện Văn Yên, tỉnh Yên Bái", "15", "Yên Bái", "Lào Cai"),
        ("Phường Sa Pa, tỉnh Lào Cai", "15", "Lào Cai", "Lào Cai"),
        ("TP. Hồ Chí Minh", None, "Hồ Chí Minh", "Hồ Chí Minh"),
        ("Thành phố Thanh Hoá, Thanh Hóa", None, "Thanh Hoá", "Thanh Hoá"),
        ("Hải Dương", None, "Hải Dương", "Hải Phòng"),
        ("Paris, Pháp", None, None, None),
        (None, None, None, None),
    ],
)
def test_the_text_says_which_province_where_the_code_does_not(
    text: str | None, code: str | None, then: str | None, now: str | None
) -> None:
    found = today_of(place(text, code), stated_on=None, on=SINCE)
    assert (found["text"], found["code"]) == (text, code), "what was stated is never changed"
    assert (found["province_then"], found["province_now"]) == (then, now)


def test_on_a_day_before_the_reform_the_old_province_is_named() -> None:
    found = today_of(place(code="30"), stated_on=None, on=BEFORE)
    assert found["province_now"] == "Hải Dương"


def test_a_merged_province_is_not_taken_back_to_one_of_its_parts() -> None:
    found = today_of(place(code="15"), stated_on=SINCE, on=BEFORE)
    assert (found["province_then"], found["province_now"]) == ("Lào Cai", None)
    alone = today_of(place(code="01"), stated_on=SINCE, on=BEFORE)
    assert alone["province_now"] == "Hà Nội"


def test_every_old_province_lies_in_a_new_one() -> None:
    for code in OLD_PROVINCES:
        found = today_of(place(code=code), stated_on=BEFORE, on=SINCE)
        assert found["province_now"] in NEW_PROVINCES.values()


@pytest.mark.parametrize(
    ("text", "code", "ambiguous"),
    [
        (None, "15", True),
        ("xã Mậu A", "15", True),
        ("Hà Nội", "15", True),
        ("tỉnh Yên Bái", "15", False),
        ("tỉnh Lào Cai", "15", False),
        (None, "31", False),
        (None, "46", False),
        (None, "00123", False),
        ("Yên Bái", None, False),
    ],
)
def test_a_reused_code_is_ambiguous_until_the_text_names_the_province(
    text: str | None, code: str | None, ambiguous: bool
) -> None:
    assert is_ambiguous(place(text, code)) is ambiguous
