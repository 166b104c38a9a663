"""A mark sheet goes out, is filled in, comes back: only what was empty becomes marks."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from ledger import log
from ledger.errors import Refused
from ledger.ledger import Ledger
from projections.persons import Key
from projections.views import Views
from services.commands.roster import class_list
from services.importing import Importer
from services.importing.plan import Given
from services.mark_sheets import gather, tables
from services.sheets.reading import OWN_SHEET, open_workbook
from services.sheets.writing import write_workbook
from tests import school
from tests.integration.importing import reasons
from tests.integration.importing import write as write_csv

DAY = date(2024, 10, 21)
HEADER, FIRST = 6, 7
"""Rows of the written sheet: the header, the first pupil."""

SLOTS = ("TX1", "TX2", "TX3", "TX4", "GK", "CK")


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with school.new_ledger(database) as opened:
        pupils = school.class_of(opened, 3)
        school.hand_in(opened, [school.mark(pupils[0]), school.mark(pupils[1], "6.5")])
        yield opened


def write(ledger: Ledger, path: Path, *slots: str, subject: str = "Toán") -> Path:
    sheet = gather(
        ledger, Views(ledger), class_="7A1", subject=subject, semester=1, slots=slots, on=DAY
    )
    write_workbook(path, tables(sheet))
    return path


def fill(path: Path, cells: dict[str, Any]) -> Path:
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    for place, value in cells.items():
        sheet[place] = value
    book.save(path)
    book.close()
    return path


def take(ledger: Ledger, path: Path, on: str = "") -> tuple[int, dict[str, Any]]:
    with Importer(ledger, name="31", account="operator", given=Given(on=on)) as importer:
        answer = importer.run([path])
        return answer.exit_code, answer.document()


def regular_marks(ledger: Ledger, key: str, on: date = DAY) -> list[str]:
    (year,) = Views(ledger).transcript(Key("local", key), on=on)["years"]
    for subject in year["subjects"]:
        if subject["subject"] == "TOAN":
            marks: list[str] = subject["semesters"]["1"]["marks"]["TX"]
            return marks
    return []


def test_the_sheet_locks_what_is_on_record_and_opens_the_rest(
    ledger: Ledger, tmp_path: Path
) -> None:
    book = openpyxl.load_workbook(write(ledger, tmp_path / "s.xlsx"))
    sheet = book.worksheets[0]
    headings = [cell.value for cell in sheet[HEADER]]
    assert headings[4:] == [*SLOTS, "Điểm ở trường khác"]
    assert (sheet["E7"].value, sheet["E8"].value, sheet["E9"].value) == (8.0, 6.5, None)
    assert [sheet[f"E{row}"].protection.locked for row in (7, 8, 9)] == [True, True, False]
    assert sheet.protection.sheet is True
    assert sheet["E5"].value == datetime(2024, 10, 7)
    assert book[OWN_SHEET].sheet_state == "veryHidden"
    assert sheet.print_title_rows == "$5:$6"
    assert sheet.page_setup.paperSize == 9
    (checked,) = [v for v in sheet.data_validations.dataValidation if "E9" in str(v.sqref).split()]
    assert (checked.type, checked.formula1, checked.formula2) == ("decimal", "0", "10")
    book.close()


def test_an_unchanged_sheet_appends_nothing(ledger: Ledger, tmp_path: Path) -> None:
    path = write(ledger, tmp_path / "s.xlsx")
    with ledger.database.connection() as connection:
        before = log.head(connection).size
    code, answer = take(ledger, path)
    assert (code, answer["appended"], answer["unchanged"], answer["rejected"]) == (0, 0, 2, [])
    with ledger.database.connection() as connection:
        assert log.head(connection).size == before


def test_only_the_new_cells_become_marks_of_the_day_above_the_column(
    ledger: Ledger, tmp_path: Path
) -> None:
    path = fill(
        write(ledger, tmp_path / "s.xlsx"),
        {"F5": datetime(2024, 10, 21), "F7": 9, "F8": "7,5", "E9": 5},
    )
    code, answer = take(ledger, path)
    assert (code, answer["rejected"], answer["unchanged"]) == (0, [], 2)
    assert regular_marks(ledger, "P0") == ["8.0", "9.0"]
    assert regular_marks(ledger, "P1") == ["6.5", "7.5"]
    assert regular_marks(ledger, "P0", date(2024, 10, 20)) == ["8.0"]
    assert regular_marks(ledger, "P2", date(2024, 10, 7)) == ["5.0"]
    code, again = take(ledger, path)
    assert (code, again["appended"]) == (0, 0)


def test_a_column_without_a_day_asks_for_one(ledger: Ledger, tmp_path: Path) -> None:
    path = fill(write(ledger, tmp_path / "s.xlsx"), {"F7": 9})
    _, answer = take(ledger, path)
    (problem,) = answer["rejected"]
    assert (problem["line"], problem["column"], problem["reason"]) == (7, "TX2", "missing_date")
    assert take(ledger, path, on="2024-10-21")[0] == 0
    assert regular_marks(ledger, "P0") == ["8.0", "9.0"]


@pytest.mark.parametrize("now", [7, None, "9,5"])
def test_a_changed_locked_cell_is_refused_and_the_rest_goes_in(
    ledger: Ledger, tmp_path: Path, now: Any
) -> None:
    path = fill(write(ledger, tmp_path / "s.xlsx"), {"E7": now, "E9": 5})
    code, answer = take(ledger, path)
    assert code == 4
    (problem,) = answer["rejected"]
    assert (problem["line"], problem["column"]) == (7, "TX1")
    assert problem["reason"] == "locked_cell_changed"
    assert "a correction needs a reason" in problem["message"]
    assert regular_marks(ledger, "P0") == ["8.0"]
    assert regular_marks(ledger, "P2") == ["5.0"]


def test_rows_may_be_sorted_because_each_names_its_pupil(ledger: Ledger, tmp_path: Path) -> None:
    path = write(ledger, tmp_path / "s.xlsx")
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    rows = [[cell.value for cell in sheet[row]] for row in (7, 8, 9)]
    for row, values in zip((7, 8, 9), reversed(rows), strict=True):
        for column, value in enumerate(values, 1):
            sheet.cell(row, column).value = value
    book.save(path)
    book.close()
    code, answer = take(ledger, path)
    assert (code, answer["appended"], answer["rejected"]) == (0, 0, [])


def test_a_mark_entered_meanwhile_is_not_overwritten(ledger: Ledger, tmp_path: Path) -> None:
    path = fill(write(ledger, tmp_path / "s.xlsx"), {"E9": 5})
    (third,) = school.find(ledger, ["P2"])
    school.hand_in(ledger, [school.mark(third, "9.0")])
    code, answer = take(ledger, path)
    assert reasons(answer) == [("s.xlsx#7A1 Toán", 9, "slot_taken")]
    assert answer["rejected"][0]["column"] == "TX1"
    assert code == 4
    assert regular_marks(ledger, "P2") == ["9.0"]


def test_a_pupil_added_by_hand_is_named(ledger: Ledger, tmp_path: Path) -> None:
    path = fill(write(ledger, tmp_path / "s.xlsx"), {"C10": "Người Mới", "E10": 9})
    _, answer = take(ledger, path)
    assert [(r["line"], r["reason"]) for r in answer["rejected"]] == [(10, "unknown_pupil")]


def test_another_ledgers_sheet_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    path = write(ledger, tmp_path / "s.xlsx")
    book = openpyxl.load_workbook(path)
    for row in book[OWN_SHEET].iter_rows():
        if row[0].value == "ledger":
            row[1].value = "0190a000-0000-7000-8000-000000000000"
    book.save(path)
    book.close()
    code, answer = take(ledger, path)
    assert code == 3
    assert [r["reason"] for r in answer["rejected"]] == ["sheet_of_another_ledger"]


def test_slots_are_those_asked_for_and_those_that_hold_marks(
    ledger: Ledger, tmp_path: Path
) -> None:
    def slots(*asked: str) -> tuple[str, ...]:
        sheet = gather(
            ledger, Views(ledger), class_="7A1", subject="TOAN", semester=1, slots=asked, on=DAY
        )
        return sheet.slots

    assert slots() == SLOTS
    assert slots("GK") == ("TX1", "GK")
    assert len(slots("all")) == 14
    with pytest.raises(Refused, match="no such slot"):
        slots("XX")


def test_the_class_list_is_a_sheet_ready_for_the_printer(ledger: Ledger, tmp_path: Path) -> None:
    answer = Views(ledger).roster("7A1", on=DAY)
    path = tmp_path / "list.xlsx"
    write_workbook(path, [class_list(answer)])
    with open_workbook(path) as book:
        rows = [row.cells for sheet in book.sheets() for row in sheet.rows]
    assert rows[0][0] == "DANH SÁCH HỌC SINH LỚP 7A1 · 2024-2025"
    assert rows[2][:5] == ("STT", "Mã của trường", "Họ và tên", "Ngày sinh", "Giới tính")
    assert [row[2] for row in rows[3:]] == [pupil["full_name"] for pupil in answer["pupils"]]
    written = openpyxl.load_workbook(path)
    first = written.worksheets[0]
    assert first.print_title_rows == "$3:$3"
    assert {cell.font.name for row in first.iter_rows() for cell in row if cell.value} == {
        "Times New Roman"
    }
    written.close()


def test_a_corrected_class_list_goes_back_in_under_the_school_s_own_keys(
    ledger: Ledger, tmp_path: Path
) -> None:
    path = tmp_path / "list.xlsx"
    write_workbook(path, [class_list(Views(ledger).roster("7A1", on=DAY))])
    assert take(ledger, path)[1]["appended"] == 0
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    sheet["C4"] = "Nguyễn Thị Sửa"
    key = sheet["B4"].value
    sheet["I3"], sheet["I4"] = "Số định danh cá nhân", "031312000009"
    sheet["B5"] = "P99"
    book.save(path)
    answer = take(ledger, path)[1]
    assert [(one["line"], one["reason"]) for one in answer["rejected"]] == [(5, "unknown_pupil")]
    identity = Views(ledger).identity(Key("local", key), on=DAY)
    assert identity["full_name"] == "Nguyễn Thị Sửa"
    borne = {(one["kind"], one["value"]) for one in identity["identifiers"]}
    assert borne == {("local", key), ("personal_id", "031312000009")}


def test_marks_of_another_school_stand_grey_with_its_name_and_leave_the_slots_open(
    ledger: Ledger, tmp_path: Path
) -> None:
    header = (
        "pupil_key,school_year,school_name,kind,subject,semester,slot,value,scan_sha256,"
        "attested_by,checked_by,effective_on"
    )
    paper = f"P2,2024-2025,THCS Hồng Bàng,mark,TOAN,1,TX1,9,{'a' * 64},GV1,GV2,2024-09-30"
    folder = tmp_path / "csv"
    write_csv(folder, "staff.csv", "staff_key,full_name", "GV1,Một", "GV2,Hai")
    write_csv(folder, "paper_results.csv", header, paper)
    with Importer(ledger, name="31", account="operator") as importer:
        assert list(importer.run([folder]).rejected()) == []
    book = openpyxl.load_workbook(write(ledger, tmp_path / "s.xlsx"))
    sheet = book.worksheets[0]
    assert sheet["K9"].value == "THCS Hồng Bàng: TX1 9,0"
    assert sheet["K9"].protection.locked is True
    assert (sheet["E9"].value, sheet["E9"].protection.locked) == (None, False)
    book.close()
