"""Cells as dates, sexes, numbers and parts of a mark."""

from datetime import date, timedelta

import pytest

from ledger.errors import Refused
from ledger.events.pupil_year import Component
from services.importing import values
from services.reading import parse_day


def refusal(read: object) -> Refused:
    assert callable(read)
    with pytest.raises(Refused) as caught:
        read()
    return caught.value


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("07/10/2024", "2024-10-07"),
        ("7.10.2024", "2024-10-07"),
        ("45572", "2024-10-07"),
        ("20241007", None),
        ("2024-02-30", None),
        ("31/02/2024", None),
        ("2024-W41-1", None),
    ],
)
def test_only_iso_dates_are_taken_and_known_forms_are_read(
    text: str, suggestion: str | None
) -> None:
    refused = refusal(lambda: values.day(text, "effective_on"))
    assert (refused.code, refused.field) == ("bad_date", "effective_on")
    assert refused.suggestion == suggestion


def test_an_iso_date_is_itself() -> None:
    assert values.day("2024-10-07", "x") == date(2024, 10, 7)


@pytest.mark.parametrize("text", ["2012", "2012-02", "2012-02-29"])
def test_a_birth_date_may_be_partial(text: str) -> None:
    assert values.birth_date(text) == text


@pytest.mark.parametrize(
    "text", ["2013-02-29", "2012-13", "12", "0012-01-01", "29/02/2012", "2999"]
)
def test_a_birth_date_must_exist_and_be_past(text: str) -> None:
    assert refusal(lambda: values.birth_date(text)).code == "bad_date"


@pytest.mark.parametrize(
    ("text", "key"), [("nam", "nam"), ("Nam", "nam"), ("Nữ", "nu"), ("nu", "nu"), ("Khác", "khac")]
)
def test_sex_is_read_from_key_or_word(text: str, key: str) -> None:
    assert values.sex(text) == key


def test_an_instant_without_offset_is_vietnamese_time() -> None:
    found = values.instant("2023-06-23T11:30", "identity_checked_at")
    assert found is not None
    assert found.utcoffset() == timedelta(hours=7)
    assert refusal(lambda: values.instant("11h30", "x")).code == "bad_instant"


def test_parts_of_a_mark_have_weights() -> None:
    assert values.components("nghe=7;noi=8,5@1:2") == (
        Component(name="nghe", value="7", weight=1),
        Component(name="noi", value="8,5", weight=2),
    )
    assert [part.weight for part in values.components("nghe=7;noi=8")] == [1, 1]
    assert values.components("") == ()


@pytest.mark.parametrize("text", ["nghe", "nghe=7@1:1", "nghe=7;noi=8@1", "nghe=7@0", "@1", ";"])
def test_parts_of_a_mark_must_be_well_formed(text: str) -> None:
    assert refusal(lambda: values.components(text)).code == "bad_components"


def test_numbers_are_normalised_as_they_are_looked_up() -> None:
    assert values.number("personal_id", "031 212 000001", "x") == "031212000001"
    assert values.number("passport", " c 123", "x") == "C123"
    assert refusal(lambda: values.number("personal_id", "31212000001", "value")).field == "value"
    assert refusal(lambda: values.number_kind("local")).code == "unknown_kind"


@pytest.mark.parametrize("text", ["0001-01-01", "1799-12-31", "2200-01-01", "9999-12-31"])
def test_a_day_that_no_calendar_can_reckon_with_is_refused(text: str) -> None:
    refused = refusal(lambda: values.day(text, "left_on"))
    assert (refused.code, refused.field) == ("date_out_of_range", "left_on")
    assert refusal(lambda: parse_day(text)).code == "bad_when"


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_an_instant_outside_the_calendar_is_refused(text: str) -> None:
    assert refusal(lambda: values.instant(text, "checked_at")).code == "date_out_of_range"


@pytest.mark.parametrize("weights", ["²", "٣", "0", "100", "-1", "1e1", ""])
def test_a_weight_is_a_number_from_1_to_99_in_plain_digits(weights: str) -> None:
    refused = refusal(lambda: values.components(f"nghe=7;noi=8@1:{weights}"))
    assert refused.code == "bad_components"
