"""Rules of `ledger.collation`: the Vietnamese alphabet, tones, and class lists."""

import random
from datetime import date

import pytest

from ledger.collation import class_list_key, sort_key


def _shuffled(words: list[str]) -> list[str]:
    return random.Random(20240901).sample(words, len(words))


@pytest.mark.parametrize(
    "ordered",
    [
        ["ma", "mà", "mả", "mã", "má", "mạ", "mă", "mâ"],
        list("aăâbcdđeêghiklmnoôơpqrstuưvxy"),
        ["an", "Ân", "ba", "đa", "e", "ê", "o", "ô", "ơ", "ư"],
        ["an", "án", "anh", "ánh"],
        ["da", "dy", "đa"],
        ["an bình", "anh", "ân"],
        ["lan", "Lan", "làn"],
        ["An 10", "An 2"],
    ],
)
def test_letters_come_before_tones_and_tones_before_case(ordered: list[str]) -> None:
    assert sorted(_shuffled(ordered), key=sort_key) == ordered


def test_a_tone_counts_only_where_all_letters_are_equal() -> None:
    assert sort_key("mạ") < sort_key("man")
    assert sort_key("mạn") < sort_key("mao")


def test_decomposed_text_sorts_as_composed() -> None:
    assert sort_key("e\u0323\u0302") == sort_key("ệ")


def test_a_class_list_goes_by_given_then_family_then_middle_name_then_birth() -> None:
    ordered = [
        ("Nguyễn Văn An", "2010-05-01"),
        ("Trần An", "2010-05-01"),
        ("Bùi Văn Bình", "2010-05-01"),
        ("Lê Thị Hoà", "2010-02-01"),
        ("Lê Thị Hòa", "2010-03-01"),
        ("Lê Văn Hòa", "2010-01-01"),
        ("Vũ Đức", "2010-01-01"),
        ("Vũ Đức", "2010-01-02"),
        ("Bhăm", "2010-01-01"),
    ]
    expected = [ordered[0], ordered[1], ordered[8], *ordered[2:3], *ordered[6:8], *ordered[3:6]]
    shuffled = random.Random(7).sample(ordered, len(ordered))
    assert sorted(shuffled, key=lambda pupil: class_list_key(*pupil)) == expected


def test_case_does_not_order_given_names_before_family_names() -> None:
    assert class_list_key("NGUYỄN AN", None) < class_list_key("Trần An", None)
    assert class_list_key("nguyễn an", None) < class_list_key("TRẦN AN", None)


def test_a_sort_name_stands_in_the_place_of_the_given_name() -> None:
    by_last_word = class_list_key("H' Nuê Niê", None)
    assert class_list_key("H' Nuê Niê", None, sort_name="Anh") < class_list_key("Lê Ba", None)
    assert by_last_word > class_list_key("Lê Ba", None)


def test_dates_and_partial_dates_order_together_and_unknown_comes_last() -> None:
    births: list[date | str | None] = ["2009", date(2010, 1, 2), "2010-03", None]
    keys = [class_list_key("Lê An", birth) for birth in births]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(births)
