"""Units, classes and the ledger's dated data through files: the tree and rosters on either side of
1 July 2025."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ledger import log
from ledger.errors import Conflict, NotFound
from ledger.ledger import Ledger
from projections.calendars import read_settings
from projections.tree import Tree, read_tree
from projections.views import Views
from services.commands.units import units as units_command
from tests import school
from tests.integration.importing import reasons, take, write

BEFORE, REFORM = date(2025, 6, 30), date(2025, 7, 1)
UNITS = (
    "unit_code,kind,name,parent_code,levels,opened_on,closed_on,merged_into,changed_on,recoded_to"
)
OLD_TREE = (
    "31,province,Thành phố Hải Phòng,,,,,,,",
    "30,province,Tỉnh Hải Dương,,,,,,,",
    "288,district,Thành phố Hải Dương,30,,,,,,",
    "10507,commune,Phường Cẩm Thượng,288,,,,,,",
    "S1,school,THCS Lê Lợi,10507,THCS,,,,,",
    "S2,school,THCS Nguyễn Du,10507,THCS,,,,,",
    "S3,school,THPT Hồng Quang,288,THPT,,,,,",
    "S3A,campus,THPT Hồng Quang (cơ sở 2),S3,THPT,2023-08-01,,,,",
)
REFORMED = (
    "30,province,Tỉnh Hải Dương,,,,2025-07-01,31,,",
    "288,district,Thành phố Hải Dương,30,,,2025-07-01,10525,,",
    "10525,commune,Phường Lê Thanh Nghị,31,,2025-07-01,,,,",
    "10507,commune,Phường Thành Đông,31,,,,,2025-07-01,",
    "S1,school,THCS Lê Lợi (cơ sở mới),10507,THCS,,,,2025-07-01,",
    "S2,school,THCS Nguyễn Du,10507,THCS,,2025-07-01,S1,,",
    "S3,school,THPT Hồng Quang,10525,THPT,,,,2025-07-01,31S3",
    "S3A,campus,THPT Hồng Quang (cơ sở 2),31S3,THPT,2023-08-01,,,2025-07-01,",
)
CLASSES = "class_code,school_code,school_year,grade,name,programme,changed_on,closed_on,successors"


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with school.new_ledger(database, kek=bytes(range(32))) as opened:
        yield opened


def bring(ledger: Ledger, folder: Path, name: str, *lines: str) -> dict[str, Any]:
    """Imports one file; the answer."""
    return take(ledger, write(folder, name, *lines))[1]


def accepted(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer in which nothing was refused."""
    assert answer["rejected"] == []
    return answer


def tree_of(ledger: Ledger, on: date, *, size: int | None = None) -> Tree:
    views = Views(ledger)
    with ledger.database.connection() as connection:
        size = size or log.head(connection).size
        views.engine.require(connection, size, "structure")
        return read_tree(connection, on=on, size=size)


def path(tree: Tree, code: str) -> list[str]:
    return [node.code for node in tree.above(code)]


@pytest.fixture
def reformed(ledger: Ledger, tmp_path: Path) -> Ledger:
    accepted(bring(ledger, tmp_path, "units.csv", UNITS, *OLD_TREE))
    answer = accepted(bring(ledger, tmp_path, "units.csv", UNITS, *REFORMED))
    assert answer["warnings"] == []
    return ledger


def test_the_tree_of_a_day_is_the_one_then_in_force(reformed: Ledger) -> None:
    before, after = tree_of(reformed, BEFORE), tree_of(reformed, REFORM)
    assert path(before, "S1") == ["S1", "10507", "288", "30"]
    assert path(after, "S1") == ["S1", "10507", "31"]
    assert path(after, "S3A") == ["S3A", "31S3", "10525", "31"]
    assert [after.current(code) for code in ("S2", "S3", "288", "30")] == [
        *("S1", "31S3", "10525", "31"),
    ]
    assert after.below("31") >= {"30", "288", "10525", "10507", "S1", "S2", "S3", "31S3"}
    names = [tree.known("S1") for tree in (before, after)]
    assert [node.name for node in names if node] == ["THCS Lê Lợi", "THCS Lê Lợi (cơ sở mới)"]


def test_a_re_coded_school_keeps_what_its_line_leaves_out(reformed: Ledger) -> None:
    heir = tree_of(reformed, REFORM).node("31S3")
    assert heir is not None
    assert (heir.name, heir.kind, heir.levels) == ("THPT Hồng Quang", "school", ("THPT",))
    assert heir.opened_on == REFORM


def test_what_was_known_before_stays_as_it_was_known(ledger: Ledger, tmp_path: Path) -> None:
    known = accepted(bring(ledger, tmp_path, "units.csv", UNITS, *OLD_TREE))["last_position"]
    accepted(bring(ledger, tmp_path, "units.csv", UNITS, *REFORMED))
    tree = tree_of(ledger, REFORM, size=known + 1)
    assert path(tree, "S1") == ["S1", "10507", "288", "30"]
    assert tree.closed == ()


def test_the_same_files_again_change_nothing(reformed: Ledger, tmp_path: Path) -> None:
    for lines in (OLD_TREE, REFORMED):
        again = bring(reformed, tmp_path, "units.csv", UNITS, *lines)
        assert (again["appended"], again["rejected"]) == (0, [])


def test_a_closing_by_mistake_is_taken_back(reformed: Ledger, tmp_path: Path) -> None:
    back = "S2,school,THCS Nguyễn Du,10507,THCS,,,,2025-07-01,"
    accepted(bring(reformed, tmp_path, "units.csv", UNITS, back))
    tree = tree_of(reformed, REFORM)
    assert path(tree, "S2") == ["S2", "10507", "31"]
    assert tree.below("S1") == {"S1"}


def test_what_cannot_be_is_refused_by_name_and_the_rest_goes_in(
    reformed: Ledger, tmp_path: Path
) -> None:
    answer = bring(
        reformed,
        tmp_path,
        "units.csv",
        UNITS,
        "N1,school,Trường A,nowhere,THCS,,,,,",
        "N2,school,Trường B,31,THCS,,2026-08-01,nobody,,",
        "N3,school,Trường C,31,THCS,,2026-08-01,S2,,",
        "N4,school,Trường D,31,THCS,2024-01-01,2023-01-01,,,",
        "N5,commune,Xã E,N6,,,,,,",
        "N6,commune,Xã G,N5,,,,,,",
        "31,province,Thành phố Hải Phòng,10507,,,,,2025-08-01,",
        "N7,school,Trường H,30,THCS,,,,,",
        "S1,school,THCS Lê Lợi (cơ sở mới),10507,THCS,,2026-08-01,S2,,",
    )
    found = {line: reason for _, line, reason in reasons(answer)}
    assert found == {
        2: "unknown_unit",
        3: "unknown_successor",
        4: "successor_not_open",
        5: "empty_period",
        6: "unknown_unit",
        7: "unknown_unit",
        8: "parent_cycle",
        10: "successor_cycle",
    }
    assert reasons(answer, "warnings") == [("units.csv", 9, "parent_not_open")]


def test_a_unit_that_ended_with_its_parent_is_not_remarkable(
    ledger: Ledger, tmp_path: Path
) -> None:
    answer = bring(
        ledger,
        tmp_path,
        "units.csv",
        UNITS,
        "31,province,Thành phố Hải Phòng,,,,,,,",
        "30,province,Tỉnh Hải Dương,,,,2025-07-01,31,,",
        "288,district,Thành phố Hải Dương,30,,,2025-07-01,,,",
        "S1,school,THCS Lê Lợi,288,THCS,,,,2025-07-01,S1N",
    )
    assert answer["rejected"] == []
    (warned,) = answer["warnings"]
    assert (warned["line"], warned["reason"]) == (5, "parent_not_open")
    assert path(tree_of(ledger, REFORM), "S1") == ["S1N"]


def test_units_shows_the_tree_and_who_stands_for_the_closed(reformed: Ledger) -> None:
    answer = Views(reformed).units(on=REFORM, under="30")
    assert answer["under"] == "30"
    assert [(unit["depth"], unit["code"]) for unit in answer["units"]] == [
        *((0, "31"), (1, "10507"), (2, "S1"), (1, "10525"), (2, "31S3"), (3, "S3A")),
    ]
    assert {unit["code"]: unit["current"] for unit in answer["closed"]} == {
        **{"30": "31", "288": "10525", "S2": "S1", "S3": "31S3"},
    }
    with pytest.raises(NotFound, match="no unit"):
        Views(reformed).units(on=REFORM, under="nothing")


def test_the_structure_made_anew_is_equal(reformed: Ledger) -> None:
    views = Views(reformed)
    views.engine.catch_up(["structure"])
    assert views.engine.rebuild("structure").equal


def test_the_command_answers_in_json_csv_and_tables(
    reformed: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Place:
        lang = "vi"
        format = "json"

    class Opened:
        def __enter__(self) -> Views:
            return Views(reformed)

        def __exit__(self, *exc: object) -> None:
            return None

    monkeypatch.setattr("services.commands.units.open_views", lambda workplace: Opened())
    place = Place()
    shown = {}
    for place.format in ("json", "csv", "table"):
        done = CliRunner().invoke(units_command, ["--on", "2025-07-01"], obj=place)
        assert done.exit_code == 0, done.output
        shown[place.format] = done.output
    assert json.loads(shown["json"])["count"] == 6
    assert shown["csv"].count("\n") == 1 + 6 + 4
    assert "THPT Hồng Quang" in shown["table"]


def roster(ledger: Ledger, class_: str, on: date) -> dict[str, Any]:
    return Views(ledger).roster(class_, on=on)


@pytest.fixture
def classes(reformed: Ledger, tmp_path: Path) -> Ledger:
    lines = (
        "C1,S1,2024-2025,7,7A1,,,,",
        "C2,S1,2024-2025,7,7A2,,,,",
        "C3,S1,2024-2025,7,7A3,,,,",
    )
    accepted(bring(reformed, tmp_path, "classes.csv", CLASSES, *lines))
    return reformed


def test_a_name_is_that_of_the_class_which_bears_it_on_the_day(
    classes: Ledger, tmp_path: Path
) -> None:
    accepted(
        bring(
            classes,
            tmp_path,
            "classes.csv",
            CLASSES,
            "C1,S1,2024-2025,7,7B1,,2025-01-16,,",
            "C2,S1,2024-2025,7,7A1,,2025-01-16,,",
        )
    )
    named = "S1/2024-2025/7A1"
    found = [
        roster(classes, named, on)["class_code"] for on in (date(2025, 1, 15), date(2025, 1, 16))
    ]
    assert found == ["C1", "C2"]
    names = [roster(classes, "C1", on)["class_name"] for on in (date(2025, 1, 15), BEFORE)]
    assert names == ["7A1", "7B1"]
    with pytest.raises(Conflict, match="C1, C2"):
        roster(classes, named, date(2023, 1, 1))


def test_a_roster_names_the_school_as_it_was_called_that_day(classes: Ledger) -> None:
    names = [roster(classes, "C1", on)["school_name"] for on in (BEFORE, REFORM)]
    assert names == ["THCS Lê Lợi", "THCS Lê Lợi (cơ sở mới)"]


def test_a_class_is_split_and_its_name_becomes_free(classes: Ledger, tmp_path: Path) -> None:
    answer = accepted(
        bring(
            classes,
            tmp_path,
            "classes.csv",
            CLASSES,
            "C3,S1,2024-2025,7,7A3,,,2024-11-01,C1;C4",
            "C4,S1,2024-2025,7,7A3,,2024-11-01,,",
        )
    )
    assert answer["warnings"] == []
    assert roster(classes, "S1/2024-2025/7A3", date(2025, 1, 1))["class_code"] == "C4"
    back = "C3,S1,2024-2025,7,7A3,,2024-11-01,,"
    accepted(bring(classes, tmp_path, "classes.csv", CLASSES, back))
    with pytest.raises(Conflict):
        roster(classes, "S1/2024-2025/7A3", date(2025, 1, 1))


def test_a_class_that_cannot_be_is_refused_by_name(classes: Ledger, tmp_path: Path) -> None:
    answer = bring(
        classes,
        tmp_path,
        "classes.csv",
        CLASSES,
        "C5,S2,2025-2026,7,7A1,,,,",
        "C6,S1,2024-2025,7,7A6,,2025-08-01,,",
        "C7,S1,2024-2025,7,7A7,,,2025-01-01,C99",
        "C8,S1,2024-2025,7,7A8,,,,C1",
        "C9,S1,2024-2025,11,11A,,,,",
        "C2,S1,2024-2025,7,7A2,,,2025-01-01,C2",
        "C10,S2,2024-2025,7,7A1,,,,",
    )
    assert sorted((line, reason) for _, line, reason in reasons(answer)) == [
        (2, "school_not_open"),
        (3, "date_outside_school_year"),
        (4, "unknown_successor"),
        (5, "missing_value"),
        (7, "successor_cycle"),
    ]
    assert reasons(answer, "warnings") == [("classes.csv", 6, "grade_not_taught")]


def test_the_status_code_follows_the_province_s_calendar_as_known_then(
    classes: Ledger, tmp_path: Path
) -> None:
    (pupil,) = school.register(classes, ["P0"])
    school.enrol(classes, [pupil], class_code="C1", on=date(2025, 1, 13), kind="transfer_in")
    views = Views(classes)
    with classes.database.connection() as connection:
        known = log.head(connection).size - 1
    dated = "2024-2025,2025-01-13,2025-05-26,QĐ 1"
    header = "school_year,term_2_from,summer_from,source"
    accepted(bring(classes, tmp_path, "calendars.csv", header, dated))
    on = date(2025, 2, 1)
    codes = [
        views.roster("C1", on=on, known_at=at)["pupils"][0]["status_code"] for at in (known, None)
    ]
    assert codes == ["02", "06"]


def test_dated_data_goes_in_by_files_and_only_once(ledger: Ledger, tmp_path: Path) -> None:
    files = {
        "rules.csv": (
            "regulation,school_year,source,strategy,subjects_at",
            "TT43_2021,2025-2026,CV 12,substitution,5;5;5",
            "TT43_2021,2026-2027,CV 12,,5;5",
        ),
        "deadlines.csv": (
            "report,preset,school_year,due_on,source,level",
            "headcount,start_of_year,2025-2026,2025-10-05,CV 3,",
            "headcount,start_of_year,2025-2026,2025-10-15,CV 3,THPT",
            "headcount,start_of_year,2025-2026,2027-10-15,CV 3,MN",
        ),
        "comment_bank.csv": (
            "code,text,subject,effective_on",
            "T1,Có tiến bộ.,Toán,2025-09-01",
            "T2,,,2025-09-01",
        ),
    }
    folder = tmp_path / "set"
    for name, lines in files.items():
        write(folder, name, *lines)
    code, answer = take(ledger, folder)
    assert code == 4
    assert sorted(reasons(answer)) == [
        ("deadlines.csv", 4, "date_outside_school_year"),
        ("rules.csv", 3, "bad_subjects_at"),
    ]
    assert answer["appended"] == 4
    assert take(ledger, folder)[1]["appended"] == 0
    with ledger.database.connection() as connection:
        size = log.head(connection).size
        found = read_settings(connection, ledger.id, size=size)
    assert [(d.level, d.due_on.day) for d in found.deadlines] == [(None, 5), ("THPT", 15)]
    assert found.phrases["T1"].subject == "TOAN"
