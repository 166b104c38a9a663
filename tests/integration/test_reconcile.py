"""In step with the ministry's database: changes since a position, and the lists compared."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger import log
from ledger.ledger import Ledger
from projections.moment import resolve
from services.csdl.changes import Changes, changes_since, tables
from services.csdl.reconciliation import Finding, Reconciliation, read_export, reconcile
from services.importing import Importer
from services.sheets.errors import WorkbookRefused
from services.sheets.writing import write_workbook
from tests import school
from tests.integration.books import PUPIL_HEADER, pupil, xlsx
from tests.integration.importing import write

ON = date(2024, 12, 2)
FIRST, SECOND, THIRD = "3100000001", "3100000002", "3100000003"


@pytest.fixture
def ledger(database: str, tmp_path: Path) -> Iterator[Ledger]:
    with school.new_ledger(database) as opened:
        school.open_school(opened)
        take(opened, export(tmp_path / "first.xlsx"))
        yield opened


def rows(**changed: dict[str, Any]) -> list[tuple[Any, ...]]:
    base = {
        FIRST: {"name": "Nguyễn Văn An", "personal_id": "031212000001"},
        SECOND: {"name": "Trần Thị Hoà", "sex": "Nữ"},
        THIRD: {"name": "Lê Văn Cường"},
    }
    return [
        pupil(number, code, **{**given, **changed.get(f"m{code}", {})})
        for number, (code, given) in enumerate(base.items(), 1)
    ]


def export(path: Path, found: Sequence[tuple[Any, ...]] | None = None) -> Path:
    return xlsx(path, {"Sheet1": [("DANH SÁCH",), PUPIL_HEADER, *(found or rows())]})


def take(ledger: Ledger, *paths: Path) -> None:
    with Importer(ledger, name="31", account="operator") as importer:
        answer = importer.run(paths)
        assert list(answer.rejected()) == []


def size(ledger: Ledger) -> int:
    with ledger.database.connection() as connection:
        return log.head(connection).size


def compared(
    ledger: Ledger, path: Path, school_code: str | None = None, on: date = ON
) -> Reconciliation:
    theirs = list(read_export(path))
    with ledger.database.connection() as connection:
        moment = resolve(connection, None)
        return reconcile(ledger, connection, theirs, on=on, moment=moment, school=school_code)


def only(found: Reconciliation) -> Finding:
    (finding,) = found.findings
    return finding


def changed(ledger: Ledger, since: int, on: date = ON) -> Changes:
    with ledger.database.connection() as connection:
        start, moment = resolve(connection, since), resolve(connection, None)
        return changes_since(ledger, connection, since=start, moment=moment, on=on)


def test_equal_lists_have_no_findings(ledger: Ledger, tmp_path: Path) -> None:
    found = compared(ledger, export(tmp_path / "theirs.xlsx"))
    assert (found.ours, found.theirs, found.equal, found.findings) == (3, 3, 3, [])


def test_spelling_case_and_tone_placement_are_no_difference(ledger: Ledger, tmp_path: Path) -> None:
    theirs = rows(m3100000002={"name": "TRẦN THỊ HÒA", "sex": "02"})
    assert compared(ledger, export(tmp_path / "theirs.xlsx", theirs)).findings == []


def test_who_is_missing_there_is_named(ledger: Ledger, tmp_path: Path) -> None:
    finding = only(compared(ledger, export(tmp_path / "theirs.xlsx", rows()[:2])))
    assert (finding.verdict, finding.pupil_key, finding.who) == ("missing", THIRD, "school")


def test_who_is_extra_there_is_named(ledger: Ledger, tmp_path: Path) -> None:
    stranger = pupil(4, "3100000009", "Phạm Lạ", born="01/01/2012")
    finding = only(compared(ledger, export(tmp_path / "theirs.xlsx", [*rows(), stranger])))
    assert (finding.verdict, finding.line, finding.full_name) == ("extra", 6, "Phạm Lạ")


def test_a_leaver_still_listed_there_is_extra_and_known(ledger: Ledger, tmp_path: Path) -> None:
    leaving = write(
        tmp_path, "statuses.csv", "pupil_key,school_code,kind,effective_on",
        f"{FIRST},S1,withdraw,2024-11-18",
    )  # fmt: skip
    take(ledger, leaving)
    finding = only(compared(ledger, export(tmp_path / "theirs.xlsx")))
    assert (finding.verdict, finding.pupil_key) == ("extra", FIRST)
    gone = rows(m3100000001={"status": "Thôi học kỳ 1", "status_on": "18/11/2024"})
    assert compared(ledger, export(tmp_path / "gone.xlsx", gone)).findings == []


@pytest.mark.parametrize("on", [date(2025, 7, 15), date(2025, 8, 20)], ids=["summer", "new year"])
def test_who_has_not_left_is_ours_through_the_summer(
    ledger: Ledger, tmp_path: Path, on: date
) -> None:
    found = compared(ledger, export(tmp_path / "theirs.xlsx"), on=on)
    assert (found.ours, found.equal, found.findings) == (3, 3, [])


def test_a_suspended_pupil_is_off_the_class_list_but_still_ours(
    ledger: Ledger, tmp_path: Path
) -> None:
    suspended = write(
        tmp_path, "statuses.csv", "pupil_key,school_code,kind,effective_on",
        f"{FIRST},S1,suspend,2024-11-18",
    )  # fmt: skip
    take(ledger, suspended)
    found = compared(ledger, export(tmp_path / "theirs.xlsx"))
    assert (found.ours, found.equal, found.findings) == (3, 3, [])


@pytest.mark.parametrize(
    ("there", "field", "ours", "theirs"),
    [
        ({"name": "Nguyễn Văn Anh"}, "full_name", "Nguyễn Văn An", "Nguyễn Văn Anh"),
        ({"born": "06/03/2012"}, "birth_date", "2012-03-05", "2012-03-06"),
        ({"sex": "Nữ"}, "sex", "Nam", "Nữ"),
        ({"personal_id": "031212000009"}, "personal_id", "031212000001", "031212000009"),
        ({"class_code": "7A2"}, "class_code", "7A1", "7A2"),
        ({"status": "Chuyển đi kỳ 1"}, "status", "Đang học", "Chuyển đi kỳ 1"),
    ],
)
def test_a_field_that_differs_is_shown_with_both_values(
    ledger: Ledger, tmp_path: Path, there: dict[str, Any], field: str, ours: str, theirs: str
) -> None:
    found = compared(ledger, export(tmp_path / "theirs.xlsx", rows(m3100000001=there)))
    finding = only(found)
    assert finding.verdict == "different"
    assert (finding.field, finding.ours, finding.theirs) == (field, ours, theirs)
    assert (finding.line, finding.who) == (3, "school")


def test_what_the_police_confirmed_is_mended_there(ledger: Ledger, tmp_path: Path) -> None:
    checked = write(
        tmp_path, "pupils.csv", "pupil_key,full_name,birth_date,sex,identity_status",
        f"{FIRST},Nguyễn Văn An,2012-03-05,nam,matched",
    )  # fmt: skip
    take(ledger, checked)
    theirs = rows(m3100000001={"name": "Nguyễn Văn Anh"})
    found = compared(ledger, export(tmp_path / "theirs.xlsx", theirs))
    assert [f.who for f in found.findings if f.field == "full_name"] == ["ministry"]


def test_a_name_and_birth_date_alone_are_possible_never_a_match(
    ledger: Ledger, tmp_path: Path
) -> None:
    take(
        ledger,
        write(
            tmp_path, "pupils.csv", "pupil_key,full_name,birth_date,sex",
            "HS9,Đỗ Văn Dũng,2012-05-06,nam",
        ),
        write(
            tmp_path, "enrolments.csv", "pupil_key,class_code,kind,effective_on",
            "HS9,7A1,start,2024-09-05",
        ),
    )  # fmt: skip
    alike = pupil(4, "3100000009", "Đỗ Văn Dũng", born="06/05/2012")
    finding = only(compared(ledger, export(tmp_path / "theirs.xlsx", [*rows(), alike])))
    assert (finding.verdict, finding.pupil_key, finding.line) == ("possible", "HS9", 6)


def test_another_schools_pupils_are_left_out(ledger: Ledger, tmp_path: Path) -> None:
    found = compared(ledger, export(tmp_path / "theirs.xlsx"), "S9")
    assert (found.ours, {f.verdict for f in found.findings}) == (0, {"extra"})


def test_a_state_nobody_knows_is_unreadable(ledger: Ledger, tmp_path: Path) -> None:
    theirs = rows(m3100000001={"status": "Lạ"})
    found = compared(ledger, export(tmp_path / "theirs.xlsx", theirs))
    assert [f.verdict for f in found.findings] == ["unreadable", "missing"]


def test_a_file_without_a_list_is_refused(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a.xlsx", {"Sheet1": [("a", "b"), (1, 2)]})
    with pytest.raises(WorkbookRefused, match="no list of pupils"):
        list(read_export(path))


def test_changes_since_a_position_are_new_changed_and_left(ledger: Ledger, tmp_path: Path) -> None:
    since = size(ledger) - 1
    assert changed(ledger, since).pupils == []
    take(
        ledger,
        export(
            tmp_path / "second.xlsx",
            [
                *rows(
                    m3100000001={"status": "Chuyển đi kỳ 1", "status_on": "18/11/2024"},
                    m3100000002={"name": "Trần Thị Hoa"},
                ),
                pupil(4, "3100000004", "Mới Đến", status="Chuyển đến kỳ 1", status_on="20/11/2024"),
            ],
        ),
    )
    found = changed(ledger, since)
    standings = {change.pupil.moet_code: change for change in found.pupils}
    assert {code: change.kind for code, change in standings.items()} == {
        FIRST: "left",
        SECOND: "changed",
        "3100000004": "new",
    }
    left, new = standings[FIRST].pupil, standings["3100000004"].pupil
    assert (left.status_code, left.status_on) == ("04", date(2024, 11, 18))
    assert (left.class_code, left.here) == ("7A1", False)
    assert (new.status_code, new.status_on) == ("02", date(2024, 11, 20))
    earlier = {c.pupil.moet_code: c.kind for c in changed(ledger, since, date(2024, 11, 1)).pupils}
    assert earlier == {FIRST: "changed", SECOND: "changed"}


def test_results_that_changed_are_listed_with_both_values(ledger: Ledger) -> None:
    since = size(ledger) - 1
    (first,) = school.find(ledger, [FIRST])
    school.hand_in(ledger, [school.mark(first, "8.0")])
    (result,) = changed(ledger, since).results
    assert (result.subject, result.slot, result.before, result.now) == ("TOAN", "TX1", None, "8.0")
    assert result.pupil.moet_code == FIRST
    assert changed(ledger, size(ledger) - 1).results == []


def test_the_exported_list_reads_back_as_what_is_on_record(ledger: Ledger, tmp_path: Path) -> None:
    found = changed(ledger, 0)
    assert found.count("new") == 3
    path = tmp_path / "out.xlsx"
    write_workbook(path, tables(found, ledger_name="31"))
    assert compared(ledger, path).findings == []
    before = size(ledger)
    with Importer(ledger, name="31", account="operator") as importer:
        document = importer.preview([path]).document()
    assert [sheet["file"] for sheet in document["sheets"]] == ["out.xlsx#HocSinh"]
    assert document["rejected"] == []
    assert size(ledger) == before
