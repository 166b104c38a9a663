"""Thông tư 22/2021: worked examples of the domain reference, and properties."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.assessment import continuing
from ledger.assessment.marks import as_score, parse_mark, quotient
from ledger.assessment.tt22 import (
    Adjustment,
    Level,
    Title,
    adjusted_level,
    comment_semester,
    comment_year,
    parse_level,
    promotion,
    reassessment_subjects,
    semester_average,
    study_level,
    study_result,
    title,
    with_reassessment,
    year_average,
    year_conduct,
)
from ledger.errors import Refused
from ledger.events.pupil_year import Form

D = Decimal
T, K, PASS, FAIL = Level.GOOD, Level.FAIR, Level.PASS, Level.FAIL
ANY, SCORED, SUBST = (
    Adjustment.REMOVAL_ANY_SUBJECT,
    Adjustment.REMOVAL_SCORED_ONLY,
    Adjustment.SUBSTITUTION,
)

scores = st.integers(0, 100).map(lambda tenths: D(tenths) / 10)
# Results near the thresholds: whole pupils of them reach a level, which free marks hardly do.
_NEAR = tuple(D(text) for text in ("3.4", "3.5", "4.9", "5.0", "6.4", "6.5", "7.9", "8.0", "9.0"))
near_lists = st.lists(st.sampled_from((*_NEAR, *_NEAR[-4:] * 5)), min_size=1, max_size=9)
comment_lists = st.lists(st.sampled_from(["Đ", "CĐ"]), max_size=4)


def _scores(text: str) -> list[Decimal]:
    """Read `8.5x7 4.0` as seven times 8.5 and once 4.0."""
    found: list[Decimal] = []
    for part in text.split():
        score, _, times = part.partition("x")
        found += [D(score)] * int(times or 1)
    return found


# Marks


@pytest.mark.parametrize(
    ("text", "form", "mark"),
    [
        *(("8", "score", "8.0"), ("8.0", "score", "8.0"), ("8,5", "score", "8.5")),
        *(("0", "score", "0.0"), ("10", "score", "10.0"), ("10,0", "score", "10.0")),
        *((" 07 ", "score", "7.0"), ("8.", "score", "8.0"), ("m", "score", "M")),
        *(("Đ", "comment", "Đ"), ("CĐ", "comment", "CĐ"), ("cđ", "comment", "CĐ")),
        *(("đạt", "comment", "Đ"), ("Chưa đạt", "comment", "CĐ"), ("\u00d0", "comment", "Đ")),
        ("H", "level", "H"),
    ],
)
def test_a_mark_is_read_to_its_canonical_text(text: str, form: Form, mark: str) -> None:
    assert parse_mark(text, form) == mark


@pytest.mark.parametrize(
    ("text", "form", "code"),
    [
        *(("10.1", "score", "mark_out_of_range"), ("11", "score", "mark_out_of_range")),
        *(("-1", "score", "mark_out_of_range"), ("85", "score", "mark_out_of_range")),
        *(("8.25", "score", "mark_two_decimals"), ("8,50", "score", "mark_two_decimals")),
        *(("Đ", "score", "mark_not_a_mark"), ("", "score", "mark_not_a_mark")),
        *(("8/10", "score", "mark_not_a_mark"), ("8..5", "score", "mark_not_a_mark")),
        *(("NaN", "score", "mark_not_a_mark"), ("1e1", "score", "mark_not_a_mark")),
        *(("\u0668", "score", "mark_not_a_mark"), ("8", "comment", "mark_not_a_mark")),
        ("Đ", "level", "mark_not_a_mark"),
    ],
)
def test_what_is_no_mark_is_refused_by_its_code(text: str, form: Form, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        parse_mark(text, form)
    assert (refusal.value.code, refusal.value.field) == (code, "value")


@settings(print_blob=True, max_examples=60)
@given(st.integers(0, 100))
def test_every_tenth_has_one_canonical_text(tenths: int) -> None:
    mark = parse_mark(f"{tenths // 10},{tenths % 10}", "score")
    assert parse_mark(mark, "score") == mark
    assert as_score(mark) == D(tenths) / 10


# Averages


@pytest.mark.parametrize(
    ("tx", "gk", "ck", "average"),
    [
        ("8 9", "7", "8", "7.9"),
        ("8 8 8", "9", "8", "8.3"),
        ("8 7.6 8", "8", "8", "8.0"),
        ("7 8 6 9", "6.5", "7.5", "7.3"),
        ("10 9 9 10", "9.5", "9", "9.3"),
    ],
)
def test_the_semester_average_weighs_1_2_3_and_rounds_half_up(
    tx: str, gk: str, ck: str, average: str
) -> None:
    regular = _scores(tx)
    result = semester_average(regular, D(gk), D(ck), required_tx=len(regular))
    assert (str(result.value), result.missing) == (average, ())


@pytest.mark.parametrize(
    ("hk1", "hk2", "year"), [("7.9", "8.5", "8.3"), ("6.4", "6.5", "6.5"), ("8.0", "7.9", "7.9")]
)
def test_the_year_average_counts_the_rounded_second_semester_twice(
    hk1: str, hk2: str, year: str
) -> None:
    assert str(year_average(D(hk1), D(hk2)).value) == year


def test_an_average_with_an_empty_slot_is_no_number_and_names_the_slot() -> None:
    eight = D("8.0")
    assert semester_average([eight, eight], eight, None, required_tx=2).missing == ("CK",)
    assert semester_average([eight], None, None, required_tx=3).missing == (
        *("TX2", "TX3", "GK", "CK"),
    )
    holed = semester_average([eight, None, eight], eight, eight, required_tx=3)
    assert (holed.value, holed.missing) == (None, ("TX2",))
    assert semester_average([eight, None, eight], eight, eight, required_tx=2).value == eight


def test_a_year_average_names_the_missing_semester() -> None:
    assert year_average(None, D("8.0")).missing == ("HK1",)
    assert year_average(None, None).missing == ("HK1", "HK2")


@settings(print_blob=True, max_examples=80)
@given(st.lists(scores, min_size=1, max_size=6), scores, scores)
def test_the_semester_average_is_exact_in_tenths_and_within_bounds(
    tx: list[Decimal], gk: Decimal, ck: Decimal
) -> None:
    value = semester_average(tx, gk, ck, required_tx=len(tx)).value
    assert value is not None
    assert value % D("0.1") == 0
    exact = (sum(map(Fraction, tx)) + 2 * Fraction(gk) + 3 * Fraction(ck)) / (len(tx) + 5)
    assert -Fraction(1, 20) <= exact - Fraction(value) < Fraction(1, 20)
    assert min(*tx, gk, ck) <= value <= max(*tx, gk, ck)


@settings(print_blob=True, max_examples=80)
@given(st.lists(scores, min_size=3, max_size=8), st.data())
def test_a_better_mark_never_lowers_an_average(marks: list[Decimal], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(marks) - 1))
    better = [*marks]
    better[at] = data.draw(scores.filter(lambda score: score >= marks[at]))
    low, high = (
        semester_average(m[2:], m[0], m[1], required_tx=len(m) - 2).value for m in (marks, better)
    )
    assert low is not None
    assert high is not None
    assert low <= high
    first, second = (year_average(m[0], m[1]).value for m in (marks, better))
    assert first is not None
    assert second is not None
    assert min(marks[:2]) <= first <= max(marks[:2])
    assert first <= second


@settings(print_blob=True, max_examples=80)
@given(st.integers(0, 2000))
def test_eighths_round_half_up_as_a_decimal_division_does(tenths: int) -> None:
    total = D(tenths) / 10
    assert quotient(total, 8) == (total / 8).quantize(D("0.1"), rounding=ROUND_HALF_UP)


# Comment subjects


def test_a_comment_subject_passes_only_with_every_assessment_passed() -> None:
    assert comment_semester(["Đ", "Đ"], "Đ", "Đ", required_tx=2).value == "Đ"
    assert comment_semester(["Đ", "CĐ"], "Đ", "Đ", required_tx=2).value == "CĐ"
    assert comment_semester(["Đ", "Đ"], "Đ", "CĐ", required_tx=2).value == "CĐ"
    lacking = comment_semester(["Đ"], "Đ", None, required_tx=2)
    assert (lacking.value, lacking.missing) == (None, ("TX2", "CK"))


def test_the_year_of_a_comment_subject_is_semester_two() -> None:
    assert comment_year("CĐ").value == "CĐ"
    assert comment_year("Đ").value == "Đ"
    assert comment_year(None).missing == ("HK2",)


# Levels


@pytest.mark.parametrize(
    ("subjects", "failed", "base", "removal", "scored_only", "substitution"),
    [
        ("8.0x6 6.5 7.0", 0, T, T, T, T),
        ("8.0x5 7.9 6.5 6.5", 0, K, K, K, K),
        ("8.5x7 4.0", 0, PASS, K, K, K),
        ("8.5x7 3.0", 0, FAIL, PASS, PASS, PASS),
        ("8.5x6 4.0 4.0", 0, PASS, PASS, PASS, PASS),
        ("8.5x8", 1, PASS, K, PASS, K),
        ("8.5x8", 2, FAIL, FAIL, FAIL, FAIL),
        ("6.0x7 3.4", 0, FAIL, FAIL, FAIL, FAIL),
        ("5.0x5 4.9x3", 0, FAIL, FAIL, FAIL, FAIL),
        ("8.0x5 7.0 7.0 4.0", 0, PASS, PASS, PASS, K),
    ],
)
def test_worked_examples_of_the_level_and_its_adjustment(
    subjects: str, failed: int, base: Level, removal: Level, scored_only: Level, substitution: Level
) -> None:
    given_scores, comments = _scores(subjects), ["CĐ"] * failed + ["Đ"] * (4 - failed)
    assert study_level(given_scores, comments) is base
    for strategy, level in ((ANY, removal), (SCORED, scored_only), (SUBST, substitution)):
        assert adjusted_level(given_scores, comments, strategy) == (level, level is not base)


@pytest.mark.parametrize(
    ("below", "at", "level"),
    [
        ("8.0x5 7.9 6.5 6.5", "8.0x6 6.5 6.5", T),
        ("8.0x7 6.4", "8.0x7 6.5", T),
        ("6.5x5 6.4 5.0 5.0", "6.5x6 5.0 5.0", K),
        ("6.5x7 4.9", "6.5x7 5.0", K),
        ("5.0x5 4.9 3.5 3.5", "5.0x6 3.5 3.5", PASS),
        ("5.0x7 3.4", "5.0x7 3.5", PASS),
    ],
)
def test_each_threshold_holds_from_its_tenth_on(below: str, at: str, level: Level) -> None:
    comments = ["Đ", "Đ"]
    assert study_level(_scores(below), comments).rank == level.rank - 1
    assert study_level(_scores(at), comments) is level
    above = [min(score + D("0.1"), D("10.0")) for score in _scores(at)]
    assert study_level(above, comments) is level


@pytest.mark.parametrize(("failed", "level"), [(0, T), (1, PASS), (2, FAIL), (3, FAIL)])
def test_only_dat_allows_one_comment_subject_not_passed(failed: int, level: Level) -> None:
    assert study_level(_scores("9.0x8"), ["CĐ"] * failed + ["Đ"]) is level


@pytest.mark.parametrize("strategy", list(Adjustment))
def test_one_comment_subject_alone_reads_differently_by_strategy(strategy: Adjustment) -> None:
    expected = (PASS, False) if strategy is SCORED else (K, True)
    assert adjusted_level(_scores("8.5x8"), ["CĐ"], strategy) == expected


def test_removal_and_substitution_differ_where_the_number_of_subjects_is_short() -> None:
    assert adjusted_level(_scores("8.0x5 4.0"), [], ANY) == (FAIL, False)
    assert adjusted_level(_scores("8.0x5 4.0"), [], SUBST) == (PASS, True)


def test_the_default_reading_lets_a_comment_subject_be_the_one() -> None:
    assert adjusted_level(_scores("8.5x8"), ["CĐ", "Đ"]) == (K, True)


@settings(print_blob=True, max_examples=80)
@given(near_lists, comment_lists, st.sampled_from(list(Adjustment)))
def test_the_adjustment_raises_by_one_step_or_not_at_all(
    given_scores: list[Decimal], comments: list[str], strategy: Adjustment
) -> None:
    base = study_level(given_scores, comments)
    level, adjusted = adjusted_level(given_scores, comments, strategy)
    assert level.rank - base.rank == int(adjusted)
    assert level is not T or not adjusted


@settings(print_blob=True, max_examples=150)
@given(near_lists, comment_lists, st.sampled_from(list(Adjustment)), st.integers(3, 8), st.data())
def test_a_better_result_never_lowers_the_level_before_or_after_adjustment(
    given_scores: list[Decimal],
    comments: list[str],
    strategy: Adjustment,
    least: int,
    data: st.DataObject,
) -> None:
    subjects_at = (least, least, least)
    better, remarks = [*given_scores], [*comments]
    at = data.draw(st.integers(0, len(given_scores) + len(comments) - 1))
    if at < len(given_scores):
        better[at] = data.draw(scores.filter(lambda score: score >= given_scores[at]))
    else:
        remarks[at - len(given_scores)] = "Đ"
    before = study_level(given_scores, comments, subjects_at=subjects_at)
    assert study_level(better, remarks, subjects_at=subjects_at).rank >= before.rank
    low, _ = adjusted_level(given_scores, comments, strategy, subjects_at=subjects_at)
    high, _ = adjusted_level(better, remarks, strategy, subjects_at=subjects_at)
    assert high.rank >= low.rank


@settings(print_blob=True, max_examples=80)
@given(near_lists, comment_lists, st.sampled_from(list(Adjustment)), st.data())
def test_the_order_of_the_subjects_does_not_count(
    given_scores: list[Decimal], comments: list[str], strategy: Adjustment, data: st.DataObject
) -> None:
    other_order = data.draw(st.permutations(given_scores)), data.draw(st.permutations(comments))
    assert adjusted_level(*other_order, strategy) == adjusted_level(
        given_scores, comments, strategy
    )


def test_a_study_result_names_subjects_without_one_and_the_strategy_used() -> None:
    open_result = study_result({"TOAN": D("8.0"), "NGUVAN": None}, {"GDTC": None}, SUBST)
    assert open_result.missing == ("NGUVAN", "GDTC")
    assert (open_result.level, open_result.threshold_level) == (None, None)
    full = study_result({f"S{n}": s for n, s in enumerate(_scores("8.5x7 4.0"))}, {"GDTC": "Đ"})
    assert (full.level, full.threshold_level, full.adjusted) == (K, PASS, True)
    assert (full.strategy, full.missing) == (ANY, ())
    assert study_result({}, {"GDTC": "Đ"}).missing == ("subjects",)


# Continuing education (TT 43/2021)


def test_continuing_education_has_no_level_until_its_numbers_of_subjects_are_configured() -> None:
    open_result = continuing.study_result({"TOAN": D("9.0")}, {"GDTC": None}, subjects_at=None)
    assert (open_result.level, open_result.threshold_level) == (None, None)
    assert (open_result.adjusted, open_result.missing) == (False, ("thresholds",))


@pytest.mark.parametrize(
    ("subjects", "threshold", "level"),
    [
        ("8.0x5 6.5 6.5", T, T),
        ("8.0x4 7.9 6.5 6.5", K, K),
        ("6.5x4 5.0x3", K, K),
        ("6.5x3 6.4 5.0x3", PASS, PASS),
        ("5.0x3 3.5x4", PASS, PASS),
        ("5.0x2 4.9 3.5x4", FAIL, FAIL),
        ("8.0x6 4.9", PASS, K),
    ],
)
def test_continuing_education_follows_the_configured_numbers(
    subjects: str, threshold: Level, level: Level
) -> None:
    numbers = {f"S{n}": score for n, score in enumerate(_scores(subjects))}
    found = continuing.study_result(numbers, {"HDTNHN": "Đ"}, subjects_at=(5, 4, 3))
    assert (found.threshold_level, found.level) == (threshold, level)


def test_seven_subjects_all_good_need_six_in_school_and_what_is_configured_elsewhere() -> None:
    numbers = {f"S{n}": score for n, score in enumerate(_scores("8.0x5 7.0"))}
    assert study_result(numbers, {}).level is K
    assert continuing.study_result(numbers, {}, subjects_at=(5, 5, 5)).level is T


# Training, promotion, titles


@pytest.mark.parametrize(
    ("hk1", "row"),
    [
        (T, (T, K, K, FAIL)),
        (K, (T, K, PASS, FAIL)),
        (PASS, (K, K, PASS, FAIL)),
        (FAIL, (K, PASS, PASS, FAIL)),
    ],
)
def test_the_training_table_of_dieu_8(hk1: Level, row: tuple[Level, ...]) -> None:
    assert tuple(year_conduct(hk1, hk2) for hk2 in (T, K, PASS, FAIL)) == row


def test_training_of_the_year_needs_both_semesters() -> None:
    assert year_conduct(None, T) is None
    assert year_conduct(T, None) is None


def test_reassessment_of_three_4_9_subjects_one_raised_to_5_0_promotes() -> None:
    year = {f"S{n}": score for n, score in enumerate(_scores("5.0x5 4.9x3"))}
    comments = {"GDTC": "Đ"}
    assert reassessment_subjects(year, comments) == ("S5", "S6", "S7")
    assert promotion(conduct=PASS, study=FAIL, absences=10).outcome == "pending"
    study = study_result(with_reassessment(year, {"S5": D("5.0")}), comments).level
    assert study is PASS
    assert promotion(conduct=PASS, study=study, absences=10, summer_over=True).outcome == "promoted"


def test_a_failed_comment_subject_is_reassessed_too() -> None:
    assert reassessment_subjects({"TOAN": D("5.0")}, {"GDTC": "CĐ", "GDDP": "Đ"}) == ("GDTC",)
    assert with_reassessment({"GDTC": "CĐ"}, {"GDTC": "Đ"}) == {"GDTC": "Đ"}


def test_only_a_subject_of_the_year_can_be_reassessed() -> None:
    with pytest.raises(Refused) as refusal:
        with_reassessment({"TOAN": D("4.0")}, {"VATLI": D("5.0")})
    assert refusal.value.code == "subject_not_reassessable"


def test_training_not_made_good_in_summer_retains() -> None:
    assert promotion(conduct=FAIL, study=PASS, absences=0).outcome == "pending"
    verdict = promotion(conduct=FAIL, study=PASS, absences=0, summer_over=True)
    assert (verdict.outcome, verdict.reasons) == ("retained", ("conduct_failed",))


@pytest.mark.parametrize("level", list(Level))
def test_46_absences_retain_at_any_level_without_a_summer(level: Level) -> None:
    assert promotion(conduct=T, study=level, absences=46).outcome == "retained"
    assert promotion(conduct=T, study=T, absences=45).outcome == "promoted"


def test_promotion_names_what_is_missing() -> None:
    verdict = promotion(conduct=None, study=T, absences=None)
    assert (verdict.outcome, verdict.reasons) == (None, ("missing_conduct", "missing_absences"))


@pytest.mark.parametrize(
    ("conduct", "study", "subjects", "expected"),
    [
        (T, T, "9.0x6 8.0 8.0", Title.EXCELLENT),
        (T, T, "9.0x5 8.9 8.0 8.0", Title.GOOD),
        (K, T, "9.0x8", None),
        (T, K, "9.0x8", None),
        (T, None, "9.0x8", None),
    ],
)
def test_titles_of_dieu_15(
    conduct: Level, study: Level | None, subjects: str, expected: Title | None
) -> None:
    assert title(conduct=conduct, study=study, scores=_scores(subjects)) is expected


@pytest.mark.parametrize(
    ("text", "level"),
    [
        *(("T", T), ("tốt", T), ("K", K), ("Khá", K), ("đ", PASS), ("\u00d0", PASS)),
        *(("Chưa đạt", FAIL), ("CĐ", FAIL), (" chưa  đạt", FAIL)),
    ],
)
def test_a_level_is_read_by_code_or_name(text: str, level: Level) -> None:
    assert parse_level(text) is level


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(Refused) as refusal:
        parse_level("Giỏi")
    assert refusal.value.code == "unknown_level"
