"""The identity statistics published on 23 June 2023, made again from one record for each person.

By default every row of annex 3 and a sample of annex 2; HOCBA_FULL=1 takes every school.
"""

import csv
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import pytest

from projections.reports.identity import percent
from projections.reports.published import disagreements
from services.embedded import Home, stop_all
from tests.conftest import REPOSITORY
from tests.integration.test_home import Cli

PUBLISHED = REPOSITORY.parent / "shared" / "data" / "identity_2023_06_23.json"
DAY = "2023-06-23"
FULL = os.environ.get("HOCBA_FULL") == "1"
PATIENCE = 1800
"""Seconds until a command at full size is taken to hang."""
pytestmark = [pytest.mark.timeout(2 * PATIENCE)] if FULL else []
SAMPLE = 330
"""Schools of annex 2 with at most so many pupils are in the sample."""
SPREAD = "TH - THCS - THPT Hai Bà Trưng"
"""A school over three levels; what annex 2 prints are its upper secondary pupils."""
SPREAD_OVER = {"TH": (2, 17, 2), "THCS": (7, 11, 1)}
"""Level: a grade, and pupils and unmatched ones that no annex prints."""
FIGURES = ("pupils", "pupils_unmatched", "staff", "staff_unmatched")


class Unit(NamedTuple):
    """A row of an annex as the records are to give it."""

    code: str
    level: str
    row: dict[str, Any]


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    if not PUBLISHED.exists():
        pytest.skip("the published statistics ../shared/data/identity_2023_06_23.json are not here")
    loaded: dict[str, Any] = json.loads(PUBLISHED.read_text("utf-8"))
    return loaded


@pytest.fixture(scope="module")
def wanted(published: dict[str, Any]) -> list[Unit]:
    """The rows to be made again."""
    schools = enumerate(published["annex_2_upper_secondary_schools"])
    centres = enumerate(published["annex_3_continuing_education_centres"])
    return [
        *(Unit(f"P{n:02}", "THPT", r) for n, r in schools if FULL or r["pupils"] <= SAMPLE),
        *(Unit(f"C{n:02}", "GDTX", row) for n, row in centres),
    ]


@pytest.fixture(scope="module")
def cli(wanted: list[Unit], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """A home whose ledger holds the people, imported as anybody would import them; the first
    report brings the projections up, which takes its time at full size."""
    home = Home(Path(tempfile.mkdtemp(prefix="hb-annex-")))
    folder = tmp_path_factory.mktemp("annexes")
    try:
        at = Cli(home.path)
        at.json("init", "--province", "31")
        write(folder, wanted)
        for slow in (("import", str(folder)), ("report", "identity", "--on", DAY)):
            process = at.start("--format", "json", *slow)
            out, err = process.communicate(timeout=PATIENCE)
            assert process.returncode == 0, (out[:2000], err[:2000])
        yield at
    finally:
        stop_all(home, force=True)
        home.remove()


def write(folder: Path, wanted: list[Unit]) -> None:
    """The import files: one line for each pupil, enrolment and member of staff."""
    with _Tables(folder) as tables:
        tables.add("units", "31", "province", "Hải Phòng", "", "")
        for unit in wanted:
            _write_unit(tables, unit)


class _Tables:
    """CSV files of one folder, written line by line."""

    HEADERS: ClassVar = {
        "units": "unit_code,kind,name,parent_code,levels",
        "classes": "class_code,school_code,school_year,grade,name,programme",
        "staff": "staff_key,full_name,unit_code,level,identity_status,identity_checked_at",
        "pupils": "pupil_key,full_name,birth_date,sex,identity_status,identity_checked_at",
        "enrolments": "pupil_key,class_code,kind,effective_on",
    }

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> "_Tables":
        self._streams = {
            name: (self._folder / f"{name}.csv").open("w", encoding="utf-8", newline="")
            for name in self.HEADERS
        }
        self._writers = {name: csv.writer(stream) for name, stream in self._streams.items()}
        for name, header in self.HEADERS.items():
            self._writers[name].writerow(header.split(","))
        return self

    def __exit__(self, *exc: object) -> None:
        for stream in self._streams.values():
            stream.close()

    def add(self, name: str, *row: object) -> None:
        self._writers[name].writerow(row)


def _write_unit(tables: _Tables, unit: Unit) -> None:
    spread = unit.row["unit"] == SPREAD
    levels = "TH;THCS;THPT" if spread else unit.level
    kind = "centre" if unit.level == "GDTX" else "school"
    tables.add("units", unit.code, kind, unit.row["unit"], "31", levels)
    programme = "GDTX" if unit.level == "GDTX" else ""
    _write_pupils(tables, unit, 11, programme, unit.row["pupils"], unit.row["pupils_unmatched"])
    if spread:
        for grade, pupils, unmatched in SPREAD_OVER.values():
            _write_pupils(tables, unit, grade, "", pupils, unmatched)
    for number in range(unit.row["staff"]):
        status = _status(number, unit.row["staff_unmatched"])
        key = f"{unit.code}-G{number}"
        tables.add("staff", key, "Nguyễn Thị Giáo", unit.code, unit.level, *status)


def _write_pupils(
    tables: _Tables, unit: Unit, grade: int, programme: str, pupils: int, unmatched: int
) -> None:
    code = f"{unit.code}-{grade}A"
    tables.add("classes", code, unit.code, "2022-2023", grade, f"{grade}A", programme)
    for number in range(pupils):
        key = f"{code}-{number}"
        born, sex = 2022 - 5 - grade, ("nam", "nu")[number % 2]
        tables.add("pupils", key, "Nguyễn Văn Sinh", born, sex, *_status(number, unmatched))
        tables.add("enrolments", key, code, "start", "2022-09-05")


def _status(number: int, unmatched: int) -> tuple[str, str]:
    """Every way of not being matched in turn, then the matched."""
    if number >= unmatched:
        return "matched", f"{DAY}T09:00:00+07:00"
    return (("mismatched", f"{DAY}T10:00:00+07:00"), ("missing", ""), ("", ""))[number % 3]


@pytest.fixture(scope="module")
def answer(cli: Cli) -> dict[str, Any]:
    made: dict[str, Any] = cli.json("report", "identity", "--on", DAY)
    return made


def test_the_report_gives_the_published_rows_one_by_one(
    answer: dict[str, Any], wanted: list[Unit]
) -> None:
    found = {(row["unit_code"], row["level"]): row for row in answer["rows"]}
    for unit in wanted:
        row = found.pop((unit.code, unit.level))
        assert {name: row[name] for name in FIGURES} == {n: unit.row[n] for n in FIGURES}, unit
        assert row["unit"] == unit.row["unit"]
        assert row["pupils_percent"] == percent(row["pupils_unmatched"], row["pupils"])
    spread = next((unit.code for unit in wanted if unit.row["unit"] == SPREAD), None)
    assert spread is not None
    assert {place: (row["pupils"], row["pupils_unmatched"]) for place, row in found.items()} == {
        (spread, level): figures[1:] for level, figures in SPREAD_OVER.items()
    }


def test_levels_and_totals_are_the_sums_of_the_rows(
    cli: Cli, answer: dict[str, Any], wanted: list[Unit]
) -> None:
    for name in FIGURES:
        sums = sum(row[name] for row in answer["rows"])
        assert sums == answer["totals"][name] == sum(level[name] for level in answer["levels"])
    by_level = {level["level"]: level for level in answer["levels"]}
    for name in FIGURES:
        printed = sum(unit.row[name] for unit in wanted if unit.level == "GDTX")
        assert by_level["GDTX"][name] == printed
    centres = cli.json("report", "identity", "--on", DAY, "--unit", "C00")
    assert [row["unit_code"] for row in centres["rows"]] == ["C00"]


def test_the_day_before_the_check_nobody_had_been_matched(cli: Cli) -> None:
    totals = cli.json("report", "identity", "--on", "2023-06-22")["totals"]
    assert totals["pupils_unmatched"] == totals["pupils"] > 0


def test_two_reports_of_the_day_count_the_same_pupils(cli: Cli, answer: dict[str, Any]) -> None:
    position, pupils = f"@{answer['known_at']['position']}", answer["totals"]["pupils"]
    heads = cli.json("report", "headcount", "--on", DAY, "--known-at", position)
    assert heads["totals"]["count"] == pupils
    moved = cli.json("report", "movement", "--on", DAY, "--known-at", position)
    assert moved["totals"]["end"] == moved["totals"]["new"] == pupils


def test_a_workbook_names_day_position_and_root(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "identity.xlsx"
    told = cli.json("report", "identity", "--on", DAY, "--unit", "C00", "--xlsx", str(path))
    calamine = pytest.importorskip("python_calamine")
    book = calamine.CalamineWorkbook.from_path(path)
    cover = {row[0]: row[1] for row in book.get_sheet_by_index(0).to_python()[2:]}
    assert cover["Tính đến ngày"] == DAY
    assert int(cover["Theo dữ liệu đã ghi đến số"]) == told["known_at"]["position"]
    assert len(cover["Mã kiểm tra của sổ"]) == 64
    rows = book.get_sheet_by_index(1).to_python()
    assert rows[2][1] == told["rows"][0]["unit"]


def test_figures_print_as_table_and_csv_and_a_day_must_be_given(cli: Cli) -> None:
    limited = ("report", "identity", "--unit", "C00")
    assert "TT GDTX" in cli.run(*limited, "--on", DAY)[1]
    header = cli.run("--format", "csv", *limited, "--on", DAY)[1].splitlines()[0]
    assert header.startswith("unit_code,unit,level,pupils,")
    preset = ("--preset", "end_of_year", "--school-year", "2022-2023")
    assert cli.json(*limited, *preset)["on"] == "2023-05-31"
    assert cli.run(*limited)[0] == 2
    assert cli.run(*limited, "--preset", "end_of_year")[0] == 2
    assert cli.run(*limited, "--on", DAY, "--by", "age")[0] == 2
    assert cli.run("report", "identity", "--on", DAY, "--unit", "Z")[0] == 5


def test_the_published_tables_disagree_where_they_do(published: dict[str, Any]) -> None:
    found = {(one["where"], one["against"], one["field"]): one for one in disagreements(published)}
    own = [key for key in found if key[0].endswith("stated total")]
    assert own == [("annex_3: stated total", "sum of its rows", "staff")]
    staff = found[own[0]]
    assert (staff["stated"], staff["computed"], staff["difference"]) == (490, 454, 36)
    between = found["annex_1: THPT", "annex_2: sum of its rows", "pupils"]
    assert (between["stated"], between["computed"]) == (69576, 69315)
    assert ("annex_1: GDTX", "annex_3: sum of its rows", "staff") in found
    assert ("annex_1: THPT", "annex_2: sum of its rows", "staff_unmatched") not in found


def test_the_command_compares_without_a_ledger(published: dict[str, Any], tmp_path: Path) -> None:
    at = Cli(tmp_path / "empty")
    compared = at.json("report", "identity", "--compare", str(PUBLISHED))
    assert compared["as_of"] == published["as_of"]
    assert compared["disagreements"] == disagreements(published)
    other = tmp_path / "other.json"
    other.write_text("[]", "utf-8")
    assert at.run("report", "identity", "--compare", str(other))[0] == 3


@pytest.mark.parametrize(
    "content",
    [
        "[" * 100_000,
        '{"annex_1_a":' + "[" * 50_000 + "]" * 50_000 + "}",
        '{"annex_1_a": [{"pupils": 1e9999}]}',
        '{"annex_1_a": [{"pupils_unmatched": 5}]}',
        '{"annex_1_a": [{"unit": "\\ud800", "pupils": 1, "pupils_unmatched": 5}]}',
    ],
    ids=["deep", "deep rows", "infinite", "a part without a whole", "half a character"],
)
def test_tables_made_to_break_the_comparison_are_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "tables.json").write_text(content, "utf-8")
    at = Cli(tmp_path / "empty")
    assert at.run("report", "identity", "--compare", str(tmp_path / "tables.json"))[0] == 3


def test_percents_have_two_decimals_half_up() -> None:
    assert percent(1, 800) == "0.13"  # 0.125
    assert percent(36, 10_000) == "0.36"
    assert percent(0, 3) == "0.00"
    assert percent(0, 0) is None
