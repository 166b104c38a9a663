"""Whoever reads a report in Vietnamese finds no code and no English in what is to be done."""

import pytest

from ledger.errors import Refused
from ledger.school_year import SchoolYear
from projections.reports import nutrition, unsound_results
from projections.reports.exceptions import MENDS
from services.cli import exit_code
from services.commands.roster import COLUMNS, _print_table
from services.report_words import REPORT_MENDS, REPORT_REASONS, cell, unsound

REASONS = sorted({*MENDS, *unsound_results.MENDS, *map(str, nutrition._MEND)})


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_its_words_and_its_mend_in_vietnamese(reason: str) -> None:
    assert reason in REPORT_REASONS
    assert REPORT_MENDS[reason].endswith(".")


def test_an_exception_is_told_in_the_language_asked_for() -> None:
    one = {
        "where": "S1/S1-7A",
        "pupil_id": "P",
        "reason": "two_schools_at_once",
        "mend": "let the school named in `other_school` record the leaving",
        "other_school": "SD",
    }
    vietnamese, english = unsound(one, "vi"), unsound(one, "en")
    assert vietnamese["detail"] == english["detail"] == "SD"
    assert vietnamese["reason"] == "Học ở hai trường cùng lúc"
    assert vietnamese["mend"] != english["mend"] == one["mend"]


@pytest.mark.parametrize(("key", "shown"), [("HS1", "HS1"), (None, "P")])
def test_an_exception_names_the_pupil_by_key_and_else_by_record(
    key: str | None, shown: str
) -> None:
    one = {"where": "S1", "pupil_id": "P", "pupil_key": key, "reason": "not_placed", "mend": "m"}
    told = unsound(one, "en")
    assert (told["pupil_key"], told["pupil_id"]) == (shown, "P")


def test_an_exception_without_its_own_detail_names_what_it_is_about() -> None:
    one = {"where": "MN1", "pupil_id": "P", "reason": "implausible", "mend": "", "indicator": "BAZ"}
    assert unsound(one, "vi")["detail"] == "BAZ"
    conflict = {**one, "reason": "identity_conflict", "detail": "number_contradicts_sex"}
    assert unsound(conflict, "vi")["detail"] == "Số không khớp giới tính"


@pytest.mark.parametrize(
    ("column", "code", "vietnamese"),
    [
        ("channel", "stunted", "thấp còi (độ 1)"),
        ("sex", "nu", "Nữ"),
        ("reason", "presence_unconfirmed", "Chưa xác nhận trẻ còn đi học"),
        ("column", "unmeasured", "Chưa đo"),
        ("code", "promoted", "được lên lớp"),
        ("code", "HTXS", "HTXS"),
        ("unit_code", "nam", "nam"),
        ("count", 3, 3),
    ],
)
def test_codes_of_a_report_are_read_as_words(column: str, code: str, vietnamese: str) -> None:
    assert cell(column, code, "vi") == vietnamese


def test_a_malformed_school_year_is_wrong_usage() -> None:
    with pytest.raises(Refused) as refusal:
        SchoolYear.parse("2024-25")
    assert exit_code(refusal.value) == 2


@pytest.mark.parametrize(("lang", "sex"), [("vi", "Nữ"), ("en", "female")])
def test_a_class_list_says_the_sex_in_words(
    capsys: pytest.CaptureFixture[str], lang: str, sex: str
) -> None:
    pupil = dict.fromkeys(COLUMNS) | {"sex": "nu", "status": "attending"}
    answer = {"class_name": "7A", "class_code": "S1-7A", "on": "2025-01-15", "count": 1}
    _print_table({**answer, "known_at": {"position": 1}, "pupils": [pupil]}, lang)
    assert sex in capsys.readouterr().out
