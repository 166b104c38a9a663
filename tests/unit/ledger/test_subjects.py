"""Rules of `ledger.subjects`: spellings, forms, required marks."""

import pytest

from ledger.assessment.regime import Regulation
from ledger.codes import Programme
from ledger.errors import Refused
from ledger.subject_periods import PERIOD_TABLES
from ledger.subjects import (
    MAX_PERIODIC_SLOTS,
    MAX_REGULAR_SLOTS,
    SUBJECTS,
    allowed_slots,
    find_subject,
    regular_marks_required,
    required_slots,
)

NEW, OLD = Programme.GDPT2018, Programme.GDPT2006
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
    assert find_subject("Vật lí", 7, OLD).key == "VATLI"


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


# The 2006 programme


@pytest.mark.parametrize(
    ("key", "grade", "periods", "regular"),
    [
        *(("NGUVAN", 8, 140, 4), ("NGUVAN", 9, 175, 4), ("TOAN", 11, 122, 4)),
        *(("NGOAINGU1", 9, 70, 3), ("VATLI", 8, 35, 2), ("VATLI", 9, 70, 3)),
        *(("HOAHOC", 8, 70, 3), ("SINHHOC", 10, 35, 2), ("SINHHOC", 11, 52, 3)),
        *(("LICHSU", 6, 35, 2), ("LICHSU", 9, 52, 3), ("DIALI", 11, 35, 2)),
        *(("CONGNGHE", 6, 70, 3), ("CONGNGHE", 12, 35, 2), ("AMNHAC", 9, 18, 2)),
        *(("GDCD", 12, 35, 2), ("GDQPAN", 10, 35, 2), ("TINHOC", 11, 52, 3)),
    ],
)
def test_the_2006_programme_has_lessons_of_its_own(
    key: str, grade: int, periods: int, regular: int
) -> None:
    assert SUBJECTS[key].periods_a_year(grade, OLD) == periods
    slots = required_slots(SUBJECTS[key], grade, OLD, Regulation.TT26_2020)
    assert slots == (*(f"TX{n + 1}" for n in range(regular)), "GK", "CK")
    assert set(slots) <= set(allowed_slots(Regulation.TT26_2020))


def test_comment_subjects_of_the_2006_programme_are_three_below_and_one_above() -> None:
    for grade, expected in (
        *((g, {"GDTC", "AMNHAC", "MITHUAT"}) for g in range(6, 10)),
        *((g, {"GDTC"}) for g in range(10, 13)),
    ):
        taught = [s for s in SUBJECTS.values() if s.taught_in(grade, OLD)]
        assert {s.key for s in taught if s.form(grade) == "comment"} == expected


def test_lessons_are_recorded_only_where_the_subject_is_taught() -> None:
    for programme, table in PERIOD_TABLES.items():
        assert "from memory" in table.source
        for key, lessons in table.lessons.items():
            for grade, count in lessons.items():
                assert SUBJECTS[key].taught_in(grade, programme), (key, grade)
                assert 18 <= count <= 420, (key, grade)


def test_chemistry_begins_in_grade_8_of_the_2006_programme() -> None:
    assert find_subject("Hoá học", 8, OLD).key == "HOAHOC"
    with pytest.raises(Refused) as refusal:
        find_subject("Hoá học", 7, OLD)
    assert refusal.value.code == "subject_not_in_grade"


def test_periods_that_are_not_recorded_are_refused_not_guessed() -> None:
    with pytest.raises(Refused) as refusal:
        required_slots(SUBJECTS["TIENGDTTS"], 9, OLD, Regulation.TT26_2020)
    assert refusal.value.code == "periods_unknown"


# Slots of the other regulations


def test_before_its_amendment_tt_58_asks_for_no_number_and_allows_periodic_tests() -> None:
    regulation = Regulation.TT58_2011
    assert required_slots(SUBJECTS["TOAN"], 9, OLD, regulation) == ()
    assert allowed_slots(regulation) == (
        *(f"TX{n}" for n in range(1, MAX_REGULAR_SLOTS + 1)),
        *(f"DK{n}" for n in range(1, MAX_PERIODIC_SLOTS + 1)),
        "CK",
    )


TIMES = ("GK1", "CK1", "GK2", "CN")


@pytest.mark.parametrize(
    ("key", "grade", "regulation", "slots"),
    [
        ("TOAN", 1, Regulation.TT27_2020, (*TIMES, "KT_CK1", "KT_CN")),
        (
            *("TOAN", 4, Regulation.TT27_2020),
            (*TIMES, "KT_GK1", "KT_CK1", "KT_GK2", "KT_CN"),
        ),
        ("TINHOC", 3, Regulation.TT27_2020, (*TIMES, "KT_CK1", "KT_CN")),
        ("AMNHAC", 5, Regulation.TT27_2020, TIMES),
        (
            *("TIENGVIET", 5, Regulation.TT22_2016),
            (*TIMES, "KT_GK1", "KT_CK1", "KT_GK2", "KT_CN"),
        ),
        ("TIENGVIET", 5, Regulation.TT30_2014, ("CK1", "CN", "KT_CK1", "KT_CN")),
        ("DAODUC", 2, Regulation.TT30_2014, ("CK1", "CN")),
    ],
)
def test_a_primary_year_needs_a_level_at_each_time_and_its_tests(
    key: str, grade: int, regulation: Regulation, slots: tuple[str, ...]
) -> None:
    programme = NEW if regulation is Regulation.TT27_2020 else OLD
    assert required_slots(SUBJECTS[key], grade, programme, regulation) == slots
    assert set(slots) <= set(allowed_slots(regulation))


def test_a_primary_year_takes_tests_at_all_its_times() -> None:
    assert allowed_slots(Regulation.TT27_2020) == (
        *TIMES,
        *("KT_GK1", "KT_CK1", "KT_GK2", "KT_CN"),
    )


def test_continuing_education_takes_marks_as_schools_do() -> None:
    slots = required_slots(SUBJECTS["TOAN"], 10, Programme.GDTX, Regulation.TT43_2021)
    assert slots == ("TX1", "TX2", "TX3", "TX4", "GK", "CK")
    assert allowed_slots(Regulation.TT43_2021) == allowed_slots(Regulation.TT22_2021)


def test_preschool_and_a_school_abroad_have_no_slots() -> None:
    subject = SUBJECTS["TOAN"]
    assert required_slots(subject, 18, Programme.MN, Regulation.PRESCHOOL) == ()
    assert required_slots(subject, 9, OLD, Regulation.FOREIGN) == ()
    assert allowed_slots(Regulation.PRESCHOOL) == allowed_slots(Regulation.FOREIGN) == ()


def test_a_regulation_without_rules_is_refused_by_name() -> None:
    subject, regulation = SUBJECTS["TOAN"], Regulation.QD02_2007
    with pytest.raises(Refused, match="QD02_2007") as refusal:
        required_slots(subject, 10, Programme.GDTX, regulation)
    assert refusal.value.code == "regulation_not_supported"
    with pytest.raises(Refused, match="QD02_2007"):
        allowed_slots(regulation)
