"""Primary schools: TT 27/2020 and, before it, TT 30/2014 and TT 22/2016."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.assessment.primary import (
    COMPETENCES_2016,
    COMPETENCES_2020,
    QUALITIES_2016,
    QUALITIES_2020,
    REGULATIONS,
    Result,
    completion,
    find_item,
    has_test,
    items,
    parse_quality_level,
    parse_subject_level,
    title,
    year_result,
)
from ledger.assessment.regime import Regulation
from ledger.errors import Refused

TT27, TT22, TT30 = Regulation.TT27_2020, Regulation.TT22_2016, Regulation.TT30_2014
EXCELLENT, GOOD, DONE, NOT_DONE = Result.EXCELLENT, Result.GOOD, Result.DONE, Result.NOT_DONE
RISING = [NOT_DONE, DONE, GOOD, EXCELLENT]

SUBJECTS = ("TOAN", "TIENGVIET", "NGOAINGU1", "AMNHAC", "GDTC")
ITEMS = items(TT27, 4)


def _result(subjects: str, traits: str, tests: str, regulation: Regulation = TT27) -> Result | None:
    """One letter a subject and a quality (repeated to fill), marks parted by spaces."""
    levels = dict(zip(SUBJECTS, subjects.ljust(len(SUBJECTS), subjects[-1]), strict=True))
    qualities = dict(zip(ITEMS, traits.ljust(len(ITEMS), traits[-1]), strict=True))
    marks = {f"S{n}": int(mark) for n, mark in enumerate(tests.split())}
    found = year_result(levels, qualities, marks, regulation=regulation)
    assert found.missing == ()
    return found.result


# Class of the year


@pytest.mark.parametrize(
    ("subjects", "traits", "tests", "result"),
    [
        ("T", "T", "9 10 9 9", EXCELLENT),
        ("T", "T", "8 10 9 9", GOOD),
        ("HT", "T", "10 10", DONE),
        ("T", "ĐT", "10 10", DONE),
        ("HT", "ĐT", "4 8", NOT_DONE),
        ("T", "T", "7 7 7", GOOD),
    ],
)
def test_worked_examples_of_dieu_9(subjects: str, traits: str, tests: str, result: Result) -> None:
    assert _result(subjects, traits, tests) is result


@pytest.mark.parametrize(("below", "at", "result"), [(8, 9, EXCELLENT), (6, 7, GOOD), (4, 5, DONE)])
def test_each_test_threshold_holds_from_its_mark_on(below: int, at: int, result: Result) -> None:
    assert _result("T", "T", f"10 {below}") is RISING[RISING.index(result) - 1]
    assert _result("T", "T", f"10 {at}") is result
    assert RISING.index(_result("T", "T", f"10 {at + 1}") or NOT_DONE) >= RISING.index(result)


@pytest.mark.parametrize(
    ("subjects", "traits", "result"),
    [("T", "T", EXCELLENT), ("HT", "T", DONE), ("CT", "T", NOT_DONE), ("T", "CT", NOT_DONE)],
)
def test_one_lower_level_decides_whatever_the_tests(
    subjects: str, traits: str, result: Result
) -> None:
    assert _result(subjects, traits, "10 10") is result
    assert _result(subjects, traits, "") is result


@pytest.mark.parametrize("regulation", [TT22, TT30])
@pytest.mark.parametrize(
    ("subjects", "traits", "tests", "result"),
    [
        ("T", "T", "10 10", DONE),
        ("H", "Đ", "5", DONE),
        ("H", "Đ", "4", NOT_DONE),
        ("CH", "Đ", "10", NOT_DONE),
        ("H", "CĐ", "10", NOT_DONE),
    ],
)
def test_before_2020_a_year_is_done_or_not(
    subjects: str, traits: str, tests: str, result: Result, regulation: Regulation
) -> None:
    assert _result(subjects, traits, tests, regulation) is result


def test_a_year_with_parts_missing_names_them_and_has_no_result() -> None:
    found = year_result(
        {"TOAN": "T", "AMNHAC": None},
        {"NHANAI": None, "CHAMCHI": "C"},
        {"TOAN": None, "TIENGVIET": 9},
        regulation=TT27,
    )
    assert found == (None, ("AMNHAC", "TOAN/KT_CN", "NHANAI"))
    assert year_result({}, {"NHANAI": "T"}, {}, regulation=TT27) == (None, ("subjects",))


def test_an_exempt_subject_is_left_out() -> None:
    levels: dict[str, str | None] = {"TOAN": "T", "GDTC": "M"}
    assert year_result(levels, {"NHANAI": "T"}, {"TOAN": 9}, regulation=TT27).result is EXCELLENT


levels = st.lists(st.sampled_from("TTTTHC"), min_size=1, max_size=8)
traits = st.lists(st.sampled_from("TTTTĐC"), min_size=1, max_size=8)
tests = st.lists(st.sampled_from([4, 5, 6, 7, 8, 9, 9, 10, 10, 10]), min_size=1, max_size=6)


def _year(subject: list[str], trait: list[str], test: list[int], regulation: Regulation) -> Result:
    found = year_result(
        {f"S{n}": level for n, level in enumerate(subject)},
        {f"Q{n}": level for n, level in enumerate(trait)},
        {f"S{n}": mark for n, mark in enumerate(test)},
        regulation=regulation,
    )
    assert found.result is not None
    return found.result


@settings(print_blob=True, max_examples=150)
@given(levels, traits, tests, st.sampled_from(sorted(REGULATIONS)), st.data())
def test_a_better_part_never_lowers_the_year(
    subject: list[str],
    trait: list[str],
    test: list[int],
    regulation: Regulation,
    data: st.DataObject,
) -> None:
    before = _year(subject, trait, test, regulation)
    what = data.draw(st.sampled_from(["subject", "trait", "test"]))
    if what == "subject":
        at = data.draw(st.integers(0, len(subject) - 1))
        subject = [*subject[:at], {"C": "H"}.get(subject[at], "T"), *subject[at + 1 :]]
    elif what == "trait":
        at = data.draw(st.integers(0, len(trait) - 1))
        trait = [*trait[:at], {"C": "Đ"}.get(trait[at], "T"), *trait[at + 1 :]]
    else:
        at = data.draw(st.integers(0, len(test) - 1))
        test = [*test[:at], data.draw(st.integers(test[at], 10)), *test[at + 1 :]]
    assert RISING.index(_year(subject, trait, test, regulation)) >= RISING.index(before)


@settings(print_blob=True, max_examples=80)
@given(levels, traits, tests, st.data())
def test_the_order_does_not_count(
    subject: list[str], trait: list[str], test: list[int], data: st.DataObject
) -> None:
    mixed = [data.draw(st.permutations(part)) for part in (subject, trait)]
    marks = data.draw(st.permutations(test))
    assert _year(mixed[0], mixed[1], marks, TT27) is _year(subject, trait, test, TT27)


# Completion and awards


def test_three_classes_complete_the_grade_and_the_fourth_needs_a_decision() -> None:
    assert [completion(result) for result in RISING] == [None, *["promoted"] * 3]


def test_awards_of_dieu_13() -> None:
    assert title(EXCELLENT, outstanding=False) == "excellent_pupil"
    assert title(GOOD, outstanding=True) == "outstanding_pupil"
    assert title(GOOD, outstanding=False) is None
    assert title(DONE, outstanding=True) is None
    assert title(NOT_DONE, outstanding=True) is None


# Periodic tests

BOTH = {"TIENGVIET", "TOAN"}


@pytest.mark.parametrize(
    ("regulation", "grade", "mid_term", "end_of_term"),
    [
        (TT27, 1, set(), BOTH),
        (TT27, 2, set(), BOTH),
        (TT27, 3, set(), {*BOTH, "NGOAINGU1", "TINHOC", "CONGNGHE", "TINHOCCONGNGHE"}),
        *(
            (
                *(TT27, grade, BOTH),
                {
                    *(*BOTH, "NGOAINGU1", "TINHOC", "CONGNGHE", "TINHOCCONGNGHE"),
                    *("KHOAHOC", "LSDL"),
                },
            )
            for grade in (4, 5)
        ),
        (TT22, 1, set(), {*BOTH, "TIENGDTTS"}),
        (TT22, 3, set(), {*BOTH, "TIENGDTTS", "NGOAINGU1", "TINHOC"}),
        (TT22, 5, BOTH, {*BOTH, "TIENGDTTS", "NGOAINGU1", "TINHOC", "KHOAHOC", "LSDL"}),
        (TT30, 5, set(), {*BOTH, "TIENGDTTS", "NGOAINGU1", "TINHOC", "KHOAHOC", "LSDL"}),
    ],
)
def test_which_subjects_have_a_periodic_test(
    regulation: Regulation, grade: int, mid_term: set[str], end_of_term: set[str]
) -> None:
    keys = {
        *("TIENGVIET", "TOAN", "NGOAINGU1", "TINHOC", "CONGNGHE", "TINHOCCONGNGHE", "KHOAHOC"),
        *("LSDL", "TIENGDTTS", "DAODUC", "TNXH", "GDTC", "AMNHAC", "MITHUAT", "HDTN"),
    }
    for time, expected in (
        *(("GK1", mid_term), ("GK2", mid_term)),
        *(("CK1", end_of_term), ("CN", end_of_term)),
    ):
        assert {key for key in keys if has_test(key, time, grade, regulation)} == expected, time


def test_there_is_no_test_at_another_time_or_under_another_regulation() -> None:
    assert not has_test("TOAN", "HK1", 4, TT27)
    assert not has_test("TOAN", "CN", 4, Regulation.TT22_2021)


# Qualities and competences


def test_the_items_are_five_and_ten_and_before_four_and_three() -> None:
    assert (len(QUALITIES_2020), len(COMPETENCES_2020)) == (5, 10)
    assert (len(QUALITIES_2016), len(COMPETENCES_2016)) == (4, 3)
    assert all(code.isascii() and code.isalpha() for code in (*ITEMS, *items(TT22, 1)))


def test_technology_and_informatics_are_assessed_from_grade_3() -> None:
    assert set(items(TT27, 3)) - set(items(TT27, 2)) == {"CONGNGHE", "TINHOC"}
    assert len(items(TT27, 5)) == 15
    assert items(TT22, 1) == items(TT30, 5) == (*QUALITIES_2016, *COMPETENCES_2016)
    assert items(Regulation.TT22_2021, 6) == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("YEUNUOC", "YEUNUOC"),
        ("yêu nước", "YEUNUOC"),
        ("  Trách   nhiệm ", "TRACHNHIEM"),
        ("Tự chủ, tự học", "TUCHU"),
        ("Tự chủ & tự học", "TUCHU"),
        ("Giải quyết vấn đề và sáng tạo", "GIAIQUYET"),
        ("Thẩm mỹ", "THAMMI"),
        ("Năng lực ngôn ngữ", "NGONNGU"),
        ("Phẩm chất nhân ái", "NHANAI"),
        ("Tóan", None),
    ],
)
def test_an_item_is_found_by_code_or_name_in_any_spelling(text: str, code: str | None) -> None:
    if code is not None:
        assert find_item(text, TT27) == code
        return
    with pytest.raises(Refused) as refusal:
        find_item(text, TT27)
    assert (refusal.value.code, refusal.value.field) == ("unknown_quality", "item")


@pytest.mark.parametrize("regulation", sorted(REGULATIONS))
def test_every_code_and_name_finds_its_own_item(regulation: Regulation) -> None:
    names = {**QUALITIES_2020, **COMPETENCES_2020, **QUALITIES_2016, **COMPETENCES_2016}
    for code in items(regulation, 5):
        assert find_item(code, regulation) == find_item(names[code], regulation) == code


def test_an_unknown_item_gets_the_nearest_and_only_of_its_own_regulation() -> None:
    with pytest.raises(Refused) as refusal:
        find_item("Nhân aí á", TT27)
    assert refusal.value.suggestion == "NHANAI (Nhân ái)"
    with pytest.raises(Refused) as other:
        find_item("Yêu nước", TT22)
    assert other.value.code == "unknown_quality"


@pytest.mark.parametrize(
    ("text", "level"),
    [
        *(("T", "T"), ("h", "H"), ("C", "C"), ("Hoàn thành tốt", "T"), ("HOÀN THÀNH", "H")),
        ("chưa hoàn thành", "C"),
    ],
)
def test_a_subject_level_is_read_by_code_or_name(text: str, level: str) -> None:
    assert parse_subject_level(text, TT27) == parse_subject_level(text, TT22) == level


@pytest.mark.parametrize(
    ("text", "level"),
    [("T", "T"), ("đ", "Đ"), ("\u00d0", "Đ"), ("Đạt", "Đ"), ("Cần cố gắng", "C"), ("tốt", "T")],
)
def test_a_quality_level_is_read_by_code_or_name(text: str, level: str) -> None:
    assert parse_quality_level(text, TT27) == parse_quality_level(text, TT22) == level


def test_the_circular_of_2014_has_two_levels_of_each_kind() -> None:
    assert [parse_subject_level(text, TT30) for text in ("H", "Chưa hoàn thành")] == ["H", "C"]
    assert [parse_quality_level(text, TT30) for text in ("Đạt", "Chưa đạt", "C")] == [
        *("Đ", "C", "C"),
    ]
    for read in (parse_subject_level, parse_quality_level):
        with pytest.raises(Refused) as refusal:
            read("T", TT30)
        assert refusal.value.code == "unknown_level"


def test_a_level_of_the_other_kind_is_refused() -> None:
    for read, text in ((parse_subject_level, "Đ"), (parse_quality_level, "H")):
        with pytest.raises(Refused) as refusal:
            read(text, TT27)
        assert refusal.value.code == "unknown_level"


def test_secondary_years_have_no_levels_or_qualities_of_primary_school() -> None:
    secondary = Regulation.TT22_2021
    for refused in (
        lambda: find_item("YEUNUOC", secondary),
        lambda: parse_subject_level("T", secondary),
        lambda: parse_quality_level("T", secondary),
        lambda: year_result({"TOAN": "T"}, {}, {}, regulation=secondary),
    ):
        with pytest.raises(Refused) as refusal:
            refused()
        assert refusal.value.code == "regulation_without_qualities"
