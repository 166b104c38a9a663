"""Rules of `ledger.text`: cleaning, display form, matching keys, parts of a name."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.collation import class_list_key
from ledger.text import (
    clean,
    code_and_words,
    display_name,
    matching_key,
    proposed_casing,
    split_name,
    strip_accents,
)


@pytest.mark.parametrize(
    ("given_text", "cleaned"),
    [
        ("  Trần\u00a0 Thị\tLan\n", "Trần Thị Lan"),
        ("Nguy\u1ec5n\u200b An\ufeff", "Nguyễn An"),
        (unicodedata.normalize("NFD", "Đặng Ngọc Diệp"), "Đặng Ngọc Diệp"),
        ("H\u2019 Nuê", "H' Nuê"),
        ("K\u02bcĐức", "K'Đức"),
        ("", ""),
    ],
)
def test_cleaning_gives_nfc_single_spaces_and_one_apostrophe(given_text: str, cleaned: str) -> None:
    assert clean(given_text) == cleaned


def test_cleaning_keeps_the_soft_hyphen_because_it_is_a_letter_in_tcvn3() -> None:
    assert clean("®\u00adêng") == "®\u00adêng"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("NGUYỄN VĂN ĐỨC", "Nguyễn Văn Đức"),
        ("trần thị lan", "Trần Thị Lan"),
        ("Y-BHĂM", "Y-Bhăm"),
        ("Y-Bhăm Niê", "Y-Bhăm Niê"),
        ("H\u2019 Nuê Niê", "H' Nuê Niê"),
        ("K'Đức", "K'Đức"),
        ("KSOR H'BIA", "KSOR H'BIA"),
        ("McDonald Anh", "McDonald Anh"),
    ],
)
def test_names_get_title_case_only_where_safe(written: str, shown: str) -> None:
    assert display_name(written) == shown


@pytest.mark.parametrize(
    ("written", "proposed"),
    [
        ("NGUYỄN VĂN ĐỨC", "Nguyễn Văn Đức"),
        ("nguyễn văn đức", "Nguyễn Văn Đức"),
        ("KSOR H'BIA", "Ksor H'Bia"),
        ("H\u2019 NUÊ", "H' Nuê"),
        ("K'ĐỨC", "K'Đức"),
        ("Y-BHĂM", "Y-Bhăm"),
        ("BHĂM", "Bhăm"),
        (unicodedata.normalize("NFD", "TRẦN ĐỨC"), "Trần Đức"),
        *((kept, None) for kept in ("H' Nuê", "K'Đức", "Y-Bhăm", "Bhăm", "Y", "Ý", "", "Lê An")),
        ("McDonald", None),
        ("123", None),
    ],
)
def test_a_casing_is_proposed_for_all_capitals_or_all_small_letters_alone(
    written: str, proposed: str | None
) -> None:
    assert proposed_casing(written) == proposed


def test_a_foreigner_is_sorted_by_the_sort_name() -> None:
    neighbour = class_list_key("Lê Lan", "2015")
    assert class_list_key("Kim Min-jun", "2015", sort_name="Kim") < neighbour
    assert neighbour < class_list_key("Kim Min-jun", "2015")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hòa", "Hoà"),
        ("KHỎE", "khoẻ"),
        ("Thủy", "Thuỷ"),
        ("Khánh Hòa, Thanh Hóa", "Khánh Hoà, Thanh Hoá"),
        ("Đức", "đức"),
        ("òa óa ỏa õa ọa", "oà oá oả oã oạ"),
        ("òe óe ỏe õe ọe", "oè oé oẻ oẽ oẹ"),
        ("ùy úy ủy ũy ụy", "uỳ uý uỷ uỹ uỵ"),
    ],
)
def test_tone_placement_and_case_do_not_count_in_a_matching_key(one: str, other: str) -> None:
    assert matching_key(one) == matching_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Lý", "Lí"), ("Hoa", "Hoà"), ("Toán", "Toàn"), ("quỳ", "quý"), ("An", "Ân")],
)
def test_letters_and_tones_count_in_a_matching_key(one: str, other: str) -> None:
    assert matching_key(one) != matching_key(other)


def test_closed_rhymes_keep_their_tone_where_it_is() -> None:
    assert matching_key("Hoàn Toán Khuyến Quý") == "hoàn toán khuyến quý"


def test_the_u_of_qu_is_no_rhyme() -> None:
    assert matching_key("Qúy") == "qúy"


def test_stripping_accents_maps_the_letter_without_decomposition_too() -> None:
    assert strip_accents("Đặng Thuỳ đường") == "Dang Thuy duong"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Nguyễn Thị Minh Khai", ("Nguyễn", "Thị Minh", "Khai")),
        ("Lê An", ("Lê", "", "An")),
        ("Bhăm", ("", "", "Bhăm")),
    ],
)
def test_the_last_word_is_the_given_name(name: str, parts: tuple[str, str, str]) -> None:
    assert split_name(name) == parts


@settings(print_blob=True, max_examples=60)
@given(st.text(max_size=30))
def test_cleaning_and_matching_twice_change_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert matching_key(clean(text)) == matching_key(text)


@pytest.mark.parametrize(
    ("code", "words", "kept"),
    [
        ("03", "xa nhà", ("03", "xa nhà")),
        ("HSG-TOAN.2", None, ("HSG-TOAN.2", None)),
        (None, "xa nhà", (None, "xa nhà")),
        ("gia đình ly hôn", None, (None, "gia đình ly hôn")),
        ("ốm", "từ tháng 3", (None, "ốm; từ tháng 3")),
        ("0" * 25, None, (None, "0" * 25)),
    ],
)
def test_words_written_where_a_code_belongs_are_kept_as_words(
    code: str | None, words: str | None, kept: tuple[str | None, str | None]
) -> None:
    assert code_and_words(code, words) == kept
