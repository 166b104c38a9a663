"""Rules of `ledger.subjects`: spellings, forms, required marks."""

import pytest

from ledger.assessment.regime import Regulation
from ledger.codes import Programme
from ledger.errors import Refused
from ledger.subjects import (
    SUBJECTS,
    allowed_slots,
    find_subject,
    regular_marks_required,
    required_slots,
)

NEW = Programme.GDPT2018
SECONDARY_KEYS = [
    "TOAN",
    "NGUVAN",
    "NGOAINGU1",
    "NGOAINGU2",
    "LICHSU",
    "DIALI",
    "LSDL",
    "KHTN",
    "VATLI",
    "HOAHOC",
    "SINHHOC",
    "TINHOC",
    "CONGNGHE",
    "GDCD",
    "GDKTPL",
    "GDQPAN",
    "GDTC",
    "NGHETHUAT",
    "AMNHAC",
    "MITHUAT",
    "HDTNHN",
    "GDDP",
    "TIENGDTTS",
]
PRIMARY_KEYS = [
    "TIENGVIET",
    "TOAN",
    "NGOAINGU1",
    "DAODUC",
    "TNXH",
    "LSDL",
    "KHOAHOC",
    "TINHOC",
    "CONGNGHE",
    "TINHOCCONGNGHE",
    "GDTC",
    "NGHETHUAT",
    "AMNHAC",
    "MITHUAT",
    "HDTN",
    "TIENGDTTS",
]


def test_the_table_holds_the_keys_of_the_contract_and_no_others() -> None:
    assert set(SUBJECTS) == {*SECONDARY_KEYS, *PRIMARY_KEYS}


def test_every_secondary_subject_is_taught_somewhere_in_6_to_12_and_every_primary_in_1_to_5() -> (
    None
):
    for key in SECONDARY_KEYS:
        assert any(SUBJECTS[key].taught_in(grade, NEW) for grade in range(6, 13)), key
    for key in PRIMARY_KEYS:
        assert any(SUBJECTS[key].taught_in(grade, NEW) for grade in range(1, 6)), key


def test_short_names_fit_a_column_of_twenty_characters() -> None:
    assert [s.key for s in SUBJECTS.values() if not 0 < len(s.short_name) <= 20] == []


@pytest.mark.parametrize(
    ("text", "grade", "key"),
    [
        ("TOAN", 6, "TOAN"),
        ("toan", 6, "TOAN"),
        ("Toán", 6, "TOAN"),
        ("Tóan", 6, "TOAN"),
        ("NGỮ VĂN", 9, "NGUVAN"),
        ("Vật lý", 10, "VATLI"),
        ("vật lí", 10, "VATLI"),
        ("Hóa học", 11, "HOAHOC"),
        ("Hoá học", 11, "HOAHOC"),
        ("Địa lý", 12, "DIALI"),
        ("Lịch sử & Địa lý", 7, "LSDL"),
        ("Lịch sử và Địa lí", 4, "LSDL"),
        ("Mỹ thuật", 10, "MITHUAT"),
        ("Hoạt động trải nghiệm, hướng nghiệp", 8, "HDTNHN"),
        ("Hoạt động trải nghiệm", 8, "HDTNHN"),
        ("Hoạt động trải nghiệm", 3, "HDTN"),
        ("GDKT&PL", 10, "GDKTPL"),
        ("Giáo dục địa phương", 6, "GDDP"),
        ("Thể dục", 6, "GDTC"),
        ("Giáo dục quốc phòng và an ninh", 10, "GDQPAN"),
        ("  Tin   học ", 6, "TINHOC"),
    ],
)
def test_a_subject_is_found_by_key_or_name_in_any_spelling(text: str, grade: int, key: str) -> None:
    assert find_subject(text, grade, NEW).key == key


def test_an_unknown_subject_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(Refused) as refusal:
        find_subject("Ngữ vănn", 6, NEW)
    assert refusal.value.code == "unknown_subject"
    assert refusal.value.suggestion == "NGUVAN (Ngữ văn)"
    assert refusal.value.field == "subject"


def test_a_name_near_to_nothing_gets_no_suggestion() -> None:
    with pytest.raises(Refused) as refusal:
        find_subject("Cưỡi ngựa bắn cung", 6, NEW)
    assert (refusal.value.code, refusal.value.suggestion) == ("unknown_subject", None)


def test_a_subject_the_grade_does_not_have_is_refused_by_name() -> None:
    with pytest.raises(Refused) as refusal:
        find_subject("Vật lí", 7, NEW)
    assert refusal.value.code == "subject_not_in_grade"
    assert find_subject("Vật lí", 7, Programme.GDPT2006).key == "VATLI"


@pytest.mark.parametrize(
    ("key", "grade", "form"),
    [
        ("TOAN", 6, "score"),
        ("GDQPAN", 10, "score"),
        ("GDTC", 6, "comment"),
        ("NGHETHUAT", 9, "comment"),
        ("AMNHAC", 10, "comment"),
        ("MITHUAT", 12, "comment"),
        ("GDDP", 7, "comment"),
        ("HDTNHN", 11, "comment"),
        ("TOAN", 3, "level"),
    ],
)
def test_the_form_follows_dieu_5(key: str, grade: int, form: str) -> None:
    assert SUBJECTS[key].form(grade) == form


def test_the_scored_subjects_of_lower_secondary_are_eight_without_the_optional_ones() -> None:
    scored = {s.key for s in SUBJECTS.values() if s.taught_in(8, NEW) and s.form(8) == "score"}
    assert len(scored - {"NGOAINGU2", "TIENGDTTS"}) == 8


@pytest.mark.parametrize(
    ("periods", "marks"), [(35, 2), (36, 3), (52, 3), (70, 3), (71, 4), (140, 4)]
)
def test_the_number_of_regular_marks_follows_the_periods(periods: int, marks: int) -> None:
    assert regular_marks_required(periods) == marks


@pytest.mark.parametrize(
    ("key", "grade", "regular"),
    [
        *(("TOAN", 6, 4), ("GDCD", 6, 2), ("CONGNGHE", 7, 2), ("CONGNGHE", 8, 3)),
        *(("VATLI", 10, 3), ("LICHSU", 12, 3), ("GDTC", 6, 3)),
    ],
)
def test_the_required_slots_are_the_regular_ones_mid_term_and_end_of_term(
    key: str, grade: int, regular: int
) -> None:
    slots = required_slots(SUBJECTS[key], grade, NEW, Regulation.TT22_2021)
    assert slots == (*(f"TX{n + 1}" for n in range(regular)), "GK", "CK")
    assert set(slots) <= set(allowed_slots(Regulation.TT22_2021))


def test_preschool_has_no_slots_and_other_regulations_are_refused_by_name() -> None:
    subject = SUBJECTS["TOAN"]
    assert required_slots(subject, 18, Programme.MN, Regulation.PRESCHOOL) == ()
    with pytest.raises(Refused, match="TT58_2011") as refusal:
        required_slots(subject, 9, Programme.GDPT2006, Regulation.TT58_2011)
    assert refusal.value.code == "regulation_not_supported"


def test_periods_that_are_not_recorded_are_refused_not_guessed() -> None:
    with pytest.raises(Refused) as refusal:
        required_slots(SUBJECTS["VATLI"], 9, Programme.GDPT2006, Regulation.TT22_2021)
    assert refusal.value.code == "periods_unknown"
