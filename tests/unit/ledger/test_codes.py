"""Rules of `ledger.codes`: official codes are derived; province codes need a date."""

import json
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest

from ledger.codes import (
    ENROLMENT_KINDS,
    ETHNIC_GROUPS,
    MERGED_FROM,
    NEW_PROVINCES,
    OLD_PROVINCES,
    STATUS_KINDS,
    STATUS_NAMES,
    Programme,
    Stage,
    parse_grade,
    parse_programme,
    province_name,
    stage_of,
    status_code,
    status_key,
)
from ledger.errors import Refused
from ledger.school_year import Period
from ledger.text import matching_key

REPOSITORY = Path(__file__).resolve().parents[3]
UNITS = REPOSITORY / "../shared/vectors/vn-admin-units"
PERIODS: tuple[Period, ...] = get_args(Period)


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        (None, ("01", "01", "01")),
        ("start", ("01", "01", "01")),
        ("mid_year", ("01", "01", "01")),
        ("intake", ("01", "01", "01")),
        ("class_change", ("01", "01", "01")),
        ("transfer_in", ("02", "06", "10")),
        ("return", ("03", "07", None)),
        ("transfer_out", ("04", "08", "11")),
        ("release", ("04", "08", "11")),
        ("leave", ("05", "09", "12")),
        ("withdraw", ("05", "09", "12")),
        ("abroad", ("05", "09", "12")),
        ("provisional", (None, None, None)),
        ("suspend", (None, None, None)),
        ("resume", (None, None, None)),
        ("complete", (None, None, None)),
        ("deceased", (None, None, None)),
    ],
)
def test_the_status_code_follows_the_last_change_and_its_period(
    kind: str | None, codes: tuple[str | None, ...]
) -> None:
    assert tuple(status_code(kind, period) for period in PERIODS) == codes
    assert {code for code in codes if code} <= STATUS_NAMES.keys()


def test_every_change_of_a_stay_has_an_english_status_key() -> None:
    keys = {kind: status_key(kind) for kind in (*ENROLMENT_KINDS, *STATUS_KINDS, "release")}
    assert keys["start"] == keys["resume"] == status_key(None) == "attending"
    assert keys["release"] == "released"
    with pytest.raises(KeyError):
        status_key("promoted")


def test_the_54_ethnic_groups_have_the_numbers_of_1979() -> None:
    assert len(ETHNIC_GROUPS) == len(set(ETHNIC_GROUPS.values())) == 54
    picked = {code: ETHNIC_GROUPS[code] for code in ("01", "08", "15", "23", "24", "39", "54")}
    assert picked == {
        **{"01": "Kinh", "08": "Hmông", "15": "Sán Chay", "23": "Bru-Vân Kiều"},
        **{"24": "Thổ", "39": "La Ha", "54": "Rơ-măm"},
    }


@pytest.mark.parametrize(
    ("code", "before", "after"),
    [
        ("15", "Yên Bái", "Lào Cai"),
        ("24", "Bắc Giang", "Bắc Ninh"),
        ("44", "Quảng Bình", "Quảng Trị"),
        ("52", "Bình Định", "Gia Lai"),
        ("80", "Long An", "Tây Ninh"),
        ("82", "Tiền Giang", "Đồng Tháp"),
        ("91", "Kiên Giang", "An Giang"),
        ("30", "Hải Dương", None),
        ("31", "Hải Phòng", "Hải Phòng"),
        ("46", "Huế", "Huế"),
        ("03", None, None),
    ],
)
def test_a_province_code_means_something_only_on_a_day(
    code: str, before: str | None, after: str | None
) -> None:
    assert province_name(code, date(2025, 6, 30)) == before
    assert province_name(code, date(2025, 7, 1)) == after


def test_hue_had_another_name_until_it_became_a_city() -> None:
    assert province_name("46", date(2024, 12, 31)) == "Thừa Thiên Huế"


def test_the_reform_merged_63_provinces_into_34_each_exactly_once() -> None:
    merged = [old for olds in MERGED_FROM.values() for old in olds]
    assert (len(OLD_PROVINCES), len(NEW_PROVINCES)) == (63, 34)
    assert sorted(merged) == sorted(OLD_PROVINCES)
    for code, olds in MERGED_FROM.items():
        if code != "46":
            assert NEW_PROVINCES[code] in {OLD_PROVINCES[old] for old in olds}


@pytest.mark.parametrize(
    ("file", "on"),
    [
        ("units_63_v2.4.1.min.json", date(2025, 6, 1)),
        ("units_34_v3.0.0.min.json", date(2026, 6, 1)),
    ],
)
def test_provinces_agree_with_the_outside_table(file: str, on: date) -> None:
    if not UNITS.exists():
        pytest.skip("the outside table of administrative units is not beside the repository")
    table: list[dict[str, Any]] = json.loads((UNITS / file).read_text(encoding="utf-8"))
    outside = {row["Code"]: _bare(row["FullName"]) for row in table}
    ours = {code: _bare(province_name(code, on) or "") for code in outside}
    assert ours == outside


def _bare(name: str) -> str:
    return matching_key(name.removeprefix("Thành phố ").removeprefix("Tỉnh "))


@pytest.mark.parametrize("text", ["GDPT2018", "GDPT 2018", "gdpt-2018", "2018", "CT GDPT 2018"])
def test_a_programme_is_read_in_its_accepted_spellings(text: str) -> None:
    assert parse_programme(text) is Programme.GDPT2018


def test_an_unknown_programme_is_refused() -> None:
    with pytest.raises(Refused) as refusal:
        parse_programme("IB")
    assert refusal.value.code == "unknown_programme"


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        *(("1", Stage.PRIMARY), ("5", Stage.PRIMARY), ("6", Stage.LOWER_SECONDARY)),
        *(("9", Stage.LOWER_SECONDARY), ("10", Stage.UPPER_SECONDARY)),
        *(("12", Stage.UPPER_SECONDARY), ("13", Stage.PRESCHOOL), ("18", Stage.PRESCHOOL)),
    ],
)
def test_a_grade_belongs_to_a_stage(text: str, stage: Stage) -> None:
    assert stage_of(parse_grade(text)) is stage


@pytest.mark.parametrize("text", ["0", "19", "-1", "10A", "", "6.0", "\u0661"])
def test_another_grade_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        parse_grade(text)
    assert refusal.value.code == "unknown_grade"
