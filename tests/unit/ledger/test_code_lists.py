"""Official code lists as dated data: what a code means on a day, and what is ambiguous."""

import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.code_lists import CODE_LISTS, decode, inter_province, province_on
from ledger.codes import MERGED_FROM, NEW_PROVINCES, OLD_PROVINCES, REFORM
from ledger.errors import Refused
from ledger.text import matching_key

REUSED = ("15", "24", "44", "52", "80", "82", "91")
DAYS = st.dates(date(2000, 1, 1), date(2030, 1, 1))
BEFORE = REFORM - timedelta(days=1)


@pytest.fixture
def outside(vectors: Callable[[str], Path]) -> Path:
    return vectors("vn-admin-units")


@pytest.mark.parametrize("name", CODE_LISTS)
def test_no_code_has_two_meanings_on_one_day(name: str) -> None:
    for entry in CODE_LISTS[name].entries:
        days = [day for day in (entry.valid_from, entry.valid_to, REFORM, BEFORE) if day]
        for day in days:
            assert sum(other.holds(day) for other in CODE_LISTS[name].of(entry.code)) <= 1


def test_the_provinces_are_63_then_34_with_5_6_then_7_cities() -> None:
    counted = {
        day: (len(names), sum(name.startswith("Thành phố") for name in names.values()))
        for day in (date(2024, 12, 31), BEFORE, REFORM, date(2026, 4, 29), date(2026, 4, 30))
        if (names := CODE_LISTS["provinces"].on(day))
    }
    assert list(counted.values()) == [(63, 5), (63, 6), (34, 6), (34, 6), (34, 7)]


@pytest.mark.parametrize("code", REUSED)
def test_a_reused_code_without_a_day_is_refused_with_both_meanings(code: str) -> None:
    with pytest.raises(Refused) as caught:
        decode("provinces", code)
    assert caught.value.code == "ambiguous_code"
    assert OLD_PROVINCES[code] in (caught.value.suggestion or "")
    assert NEW_PROVINCES[code] in (caught.value.suggestion or "")
    assert decode("provinces", code, BEFORE).name.endswith(OLD_PROVINCES[code])
    assert decode("provinces", code, REFORM).name.endswith(NEW_PROVINCES[code])


@pytest.mark.parametrize("code", sorted(OLD_PROVINCES.keys() - set(REUSED)))
def test_no_other_code_is_ambiguous(code: str) -> None:
    assert decode("provinces", code).code == code


@pytest.mark.parametrize(
    ("code", "day", "name"),
    [
        ("46", date(2024, 12, 31), "Tỉnh Thừa Thiên Huế"),
        ("46", date(2025, 1, 1), "Thành phố Huế"),
        ("46", None, "Thành phố Huế"),
        ("75", date(2026, 4, 29), "Tỉnh Đồng Nai"),
        ("75", date(2026, 4, 30), "Thành phố Đồng Nai"),
        ("75", None, "Thành phố Đồng Nai"),
    ],
)
def test_another_name_or_rank_is_no_other_province(code: str, day: date | None, name: str) -> None:
    assert decode("provinces", code, day).name == name


@pytest.mark.parametrize(
    ("name", "code", "day", "reason"),
    [
        ("provinces", "30", REFORM, "unknown_code"),
        ("provinces", "99", None, "unknown_code"),
        ("statuses", "13", None, "unknown_code"),
        ("colours", "1", None, "unknown_code_list"),
    ],
)
def test_a_code_of_no_list_is_refused(name: str, code: str, day: date | None, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        decode(name, code, day)
    assert caught.value.code == reason


def test_three_systems_number_the_sexes_differently() -> None:
    found = {name: decode(name, "1").name for name in ("sexes_exchange", "sexes_older")}
    found["sexes_template"] = decode("sexes_template", "01").name
    assert set(found.values()) == {"Nam"}
    assert decode("sexes_exchange", "0").name != decode("sexes_older", "0").name


def test_a_move_from_hai_duong_to_hai_phong_crosses_a_border_only_before_the_merger() -> None:
    assert inter_province("30", "31", date(2024, 9, 1))
    assert inter_province("30", "31", BEFORE)
    assert not inter_province("30", "31", REFORM)
    assert not inter_province("30", "31", date(2026, 9, 1))


def test_an_unknown_province_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        inter_province("31", "03", REFORM)
    assert caught.value.code == "unknown_province"


@given(st.sampled_from(sorted(OLD_PROVINCES)), st.sampled_from(sorted(OLD_PROVINCES)), DAYS)
def test_a_border_has_two_sides_and_mergers_only_take_borders_away(
    one: str, other: str, day: date
) -> None:
    assert inter_province(one, other, day) == inter_province(other, one, day)
    assert not inter_province(one, one, day)
    if inter_province(one, other, REFORM):
        assert inter_province(one, other, day)


@given(st.sampled_from(sorted(OLD_PROVINCES)), DAYS)
def test_a_province_of_a_day_is_one_of_that_day_s_list(code: str, day: date) -> None:
    assert province_on(code, day) in CODE_LISTS["provinces"].on(day)


@pytest.mark.parametrize(
    ("file", "day"),
    [
        ("units_63_v2.4.1.min.json", BEFORE),
        ("units_34_v3.0.0.min.json", date(2026, 3, 15)),
    ],
)
def test_names_ranks_and_codes_agree_with_the_outside_table(
    outside: Path, file: str, day: date
) -> None:
    table: list[dict[str, Any]] = json.loads((outside / file).read_text("utf-8"))
    theirs = {row["Code"]: matching_key(row["FullName"]) for row in table}
    ours = CODE_LISTS["provinces"].on(day)
    assert {code: matching_key(name) for code, name in ours.items()} == theirs


def test_the_outside_tables_show_which_codes_changed_their_meaning(outside: Path) -> None:
    old, new = (
        {row["Code"]: matching_key(row["FullName"]) for row in json.loads(path.read_text("utf-8"))}
        for path in sorted(outside.glob("units_*.json"), reverse=True)
    )
    assert (len(old), len(new)) == (63, 34)
    changed = {code for code in new if _bare(old[code]) != _bare(new[code])}
    assert changed == set(REUSED)


def test_what_was_merged_into_what_agrees_with_the_outside_table(outside: Path) -> None:
    script = (outside / "bando_co_dvch_truocsapnhap.sql").read_text("utf-8")
    rows = re.findall(r"\('ti\d+', '([^']+)', NULL, '[^']*', '([^']+)'\)", script)
    assert len(rows) == 34
    theirs = {_bare(name): _merged(text, _bare(name)) for name, text in rows}
    ours = {
        _bare(NEW_PROVINCES[code]): {_bare(OLD_PROVINCES[old]) for old in olds}
        for code, olds in MERGED_FROM.items()
        if code != "46"
    }
    theirs.pop(_bare("Huế"))
    assert theirs == ours


def _merged(text: str, name: str) -> set[str]:
    if matching_key(text) == matching_key("giữ nguyên"):
        return {name}
    spelt = text.replace("TPHCM", "thành phố Hồ Chí Minh")
    return {_bare(part) for part in re.split(r", | và ", spelt)}


def _bare(name: str) -> str:
    return re.sub(r"^(tỉnh|thành phố|thủ đô) ", "", matching_key(name))
