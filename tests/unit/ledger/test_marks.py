"""Marks as they are written, where a trick of writing must not make another mark."""

import pytest

from ledger.assessment.marks import parse_mark
from ledger.errors import Refused


@pytest.mark.parametrize(("text", "mark"), [("1", "1"), ("10", "10"), ("07", "7"), ("0010", "10")])
def test_a_periodic_test_is_a_whole_number_from_1_to_10(text: str, mark: str) -> None:
    assert parse_mark(text, "test") == mark


@pytest.mark.parametrize("text", ["0", "00", "11", "0100", "00100", "1" * 300])
def test_zeros_before_a_test_mark_hide_no_greater_number(text: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_mark(text, "test")
    assert caught.value.code == "mark_out_of_range"


@pytest.mark.parametrize("text", ["²", "٣", "\uff18", "1e1", "NaN", "8_0", "\u202e8", "8\u200e"])
@pytest.mark.parametrize("form", ["test", "score"])
def test_a_mark_has_plain_digits(text: str, form: str) -> None:
    with pytest.raises(Refused):
        parse_mark(text, "test" if form == "test" else "score")
