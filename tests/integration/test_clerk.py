"""A clerk's afternoon: a list made by hand, a mark sheet filled in as spreadsheet users do.

Whatever is done to a sheet ends in marks or in a named line, never in a mark of another pupil.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from ledger.ledger import Ledger
from projections.persons import Key
from projections.views import Views
from services.importing import Importer
from services.importing.plan import Given
from services.mark_sheets import gather, tables
from services.sheets.writing import write_workbook
from tests import school
from tests.integration.books import xlsx
from tests.integration.importing import reasons

DAY = date(2024, 10, 21)
HEADER, FIRST = 6, 7
NAMES = ("Nguyễn Văn Dũng", "Trần Thị Bích", "Lê An", "Nguyễn Văn Dũng")
"""In the order of the ministry's list; two share a name."""

ODD_HEADER = (
    *("TT", "Tên lớp", "MÃ HỌC SINH (*)", "Họ và tên\nhọc sinh", "Ngày, tháng, năm sinh"),
    *("Giới  tính", "Trạng thái học sinh", "Ngày vào trạng thái", "DÂN TỘC", "Ghi chú của cô"),
)


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with school.new_ledger(database) as opened:
        school.open_school(opened)
        yield opened


def take(ledger: Ledger, path: Path, **given: str) -> dict[str, Any]:
    with Importer(ledger, name="31", account="operator", given=Given(**given)) as importer:
        return importer.run([path]).document()


def by_hand(folder: Path) -> Path:
    rows = [
        (n, "7A1", f"310000000{n}", name, 40970.0 + n, "Nữ" if n == 2 else "Nam", *state)
        for n, name in enumerate(NAMES, 1)
        for state in [("Đang học", "5/9/2024", "Kinh", "ngoan" if n == 1 else None)]
    ]
    title = ("", "", "", "DANH SÁCH LỚP 7A1")
    return xlsx(folder / "Lop 7A1.xlsx", {"Trang 1": [(), title, (), ODD_HEADER, *rows]})


@pytest.fixture
def listed(ledger: Ledger, tmp_path: Path) -> Ledger:
    answer = take(ledger, by_hand(tmp_path), school_code="S1", school_year="2024-2025")
    assert answer["rejected"] == []
    (warning,) = answer["warnings"]
    assert warning["message"] == "columns not read: Ghi chú của cô"
    return ledger


def mark_sheet(ledger: Ledger, path: Path) -> Path:
    sheet = gather(
        ledger, Views(ledger), class_="7A1", subject="Toán", semester=1, slots=(), on=DAY
    )
    write_workbook(path, tables(sheet))
    return path


class Excel:
    """The sheet open in a spreadsheet program."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.book = openpyxl.load_workbook(path)
        self.sheet = self.book.worksheets[0]
        self.sheet.protection.sheet = False

    def put(self, **cells: Any) -> "Excel":
        for place, value in cells.items():
            self.sheet[place] = value
        return self

    def cells(self, column: str, values: Sequence[Any]) -> "Excel":
        return self.put(**{f"{column}{FIRST + n}": value for n, value in enumerate(values)})

    def sort(self, columns: range, by: int) -> "Excel":
        """Sorts the rows of pupils, but moves the cells of `columns` alone."""
        numbers = range(FIRST, FIRST + len(NAMES))
        rows = [[self.sheet.cell(n, c).value for c in columns] for n in numbers]
        rows.sort(key=lambda row: str(row[by - columns.start]), reverse=True)
        for number, row in zip(numbers, rows, strict=True):
            for column, value in zip(columns, row, strict=True):
                self.sheet.cell(number, column).value = value
        return self

    def save(self) -> Path:
        self.book.save(self.path)
        self.book.close()
        return self.path


@pytest.fixture
def excel(listed: Ledger, tmp_path: Path) -> Excel:
    return Excel(mark_sheet(listed, tmp_path / "7A1.xlsx"))


def marks(ledger: Ledger) -> dict[str, list[str]]:
    """The regular marks by the last figure of the ministry's code."""
    found: dict[str, list[str]] = {}
    for number in range(1, len(NAMES) + 1):
        answer = Views(ledger).transcript(Key("moet", f"310000000{number}"), on=date(2025, 1, 1))
        for year in answer["years"]:
            for subject in year["subjects"]:
                found[str(number)] = subject["semesters"]["1"]["marks"]["TX"]
    return found


def order(excel: Excel) -> list[str]:
    """The last figure of the code of each row's pupil, by the birth date."""
    born = [excel.sheet[f"D{FIRST + n}"].value for n in range(len(NAMES))]
    return [str((day.date() - date(2012, 3, 2)).days) for day in born]


def test_marks_as_numbers_texts_and_a_day_as_a_serial(ledger: Ledger, excel: Excel) -> None:
    pupils = order(excel)
    excel.put(E5=45586.0).cells("E", (8.0, "7,5", " 9 ", 7.300000000000001))
    answer = take(ledger, excel.save())
    assert answer["rejected"] == []
    assert marks(ledger) == dict(zip(pupils, (["8.0"], ["7.5"], ["9.0"], ["7.3"]), strict=True))


def test_what_a_spreadsheet_made_of_a_mark_is_named(ledger: Ledger, excel: Excel) -> None:
    excel.put(E5="21/10/2024").cells("E", (datetime(2024, 5, 8), True, 0.85, "8.5.", None))
    answer = take(ledger, excel.save())
    assert [(r["line"], r["column"]) for r in answer["rejected"]] == [
        *((row, "TX1") for row in range(FIRST, FIRST + 4)),
    ]
    assert marks(ledger) == {}


def test_a_pasted_column_is_listed_with_or_without_a_heading(ledger: Ledger, excel: Excel) -> None:
    excel.put(L6="Điểm miệng").cells("L", (7, 8)).cells("N", (5,))
    answer = take(ledger, excel.save())
    assert reasons(answer, "warnings") == [(f"7A1.xlsx#{excel.sheet.title}", None, "no_home")]
    assert answer["warnings"][0]["message"] == "columns not read: Điểm miệng, N (no heading)"


def test_whole_rows_may_be_sorted(ledger: Ledger, excel: Excel) -> None:
    pupils = order(excel)
    excel.put(E5="21/10/2024").cells("E", (5, 6, 7, 8)).sort(range(1, 12), by=3)
    answer = take(ledger, excel.save())
    assert answer["rejected"] == []
    assert marks(ledger) == dict(zip(pupils, (["5.0"], ["6.0"], ["7.0"], ["8.0"]), strict=True))


def test_names_sorted_without_their_keys_are_refused(ledger: Ledger, excel: Excel) -> None:
    """The hidden column A stays behind when somebody sorts what is seen."""
    excel.put(E5="21/10/2024").cells("E", (5, 6, 7, 8)).sort(range(2, 12), by=5)
    shown = order(excel)
    answer = take(ledger, excel.save())
    assert {r["reason"] for r in answer["rejected"]} == {"row_mixed_up"}
    taken = marks(ledger)
    by_name = dict(zip(shown, (["8.0"], ["7.0"], ["6.0"], ["5.0"]), strict=True))
    assert all(by_name[pupil] == given for pupil, given in taken.items())
    assert len(taken) + len(answer["rejected"]) == len(NAMES)


def test_deleted_rows_are_told_and_take_nothing_away(ledger: Ledger, excel: Excel) -> None:
    excel.put(E5="21/10/2024").cells("E", (5, 6, 7, 8)).save()
    take(ledger, excel.path)
    again = Excel(mark_sheet(ledger, excel.path))
    again.sheet.delete_rows(FIRST + 1, 2)
    answer = take(ledger, again.save())
    assert (answer["appended"], answer["unchanged"], answer["rejected"]) == (0, 2, [])
    assert reasons(answer, "warnings") == [(f"7A1.xlsx#{again.sheet.title}", None, "row_missing")]
    assert len(marks(ledger)) == len(NAMES)


def test_a_foreign_row_is_named(ledger: Ledger, excel: Excel) -> None:
    excel.put(E5="21/10/2024").cells("E", (5,))
    new = FIRST + len(NAMES)
    excel.put(**{f"C{new}": "Phạm Mới", f"D{new}": datetime(2012, 1, 1), f"E{new}": 9})
    excel.put(**{f"A{new + 1}": "id:00000000-0000-7000-8000-000000000000", f"E{new + 1}": 9})
    excel.put(**{f"C{new + 3}": "Giáo viên ký tên"})
    answer = take(ledger, excel.save())
    found = [(r["line"], r["reason"]) for r in answer["rejected"]]
    assert found == [(new, "unknown_pupil"), (new + 1, "unknown_pupil")]
    assert [(w["line"], w["reason"]) for w in answer["warnings"]] == [
        (new + 3, "row_without_pupil")
    ]
    assert len(marks(ledger)) == 1


def test_a_row_copied_onto_another_pupil_is_refused_twice(ledger: Ledger, excel: Excel) -> None:
    excel.put(E5="21/10/2024").cells("E", (5, 6))
    excel.put(**{f"{c}{FIRST + 1}": excel.sheet[f"{c}{FIRST}"].value for c in "ABCD"})
    answer = take(ledger, excel.save())
    assert [(r["line"], r["reason"]) for r in answer["rejected"]] == [
        (FIRST, "two_values_for_slot"),
        (FIRST + 1, "two_values_for_slot"),
    ]
    assert marks(ledger) == {}


def test_a_row_inserted_above_the_header_loses_no_day(ledger: Ledger, excel: Excel) -> None:
    excel.put(E5=datetime(2024, 10, 21)).cells("E", (5, 6, 7, 8))
    excel.sheet.insert_rows(HEADER)
    answer = take(ledger, excel.save())
    assert answer["rejected"] == []
    assert len(marks(ledger)) == len(NAMES)


def test_a_sheet_without_its_hidden_column_is_refused_by_name(ledger: Ledger, excel: Excel) -> None:
    excel.put(E5=datetime(2024, 10, 21)).cells("E", (5, 6, 7, 8))
    excel.sheet.delete_cols(1)
    answer = take(ledger, excel.save())
    assert [r["reason"] for r in answer["rejected"]] == ["sheet_damaged"]
    assert marks(ledger) == {}


def test_a_second_sheet_that_says_otherwise_changes_nothing(ledger: Ledger, excel: Excel) -> None:
    excel.put(E5="21/10/2024").cells("E", (5, 6, 7, 8))
    copy = excel.book.copy_worksheet(excel.sheet)
    copy[f"E{FIRST}"] = 9
    answer = take(ledger, excel.save())
    assert [(r["line"], r["column"]) for r in answer["rejected"]] == [(FIRST, "TX1")]
    assert answer["rejected"][0]["file"].endswith("Copy")
    assert len(marks(ledger)) == len(NAMES)


PROVINCIAL = (
    *("STT", "Mã định danh Bộ GD&ĐT", "Họ tên", "Ngày sinh", "Giới tính", "Dân tộc", "Trạng thái"),
    *("SĐT liên hệ", "Nơi sinh chi tiết", "Tổ/Thôn/Xóm (HKTT)", "Tỉnh quê quán"),
    *("Phường Xã quê quán", "Chỗ ở hiện nay", "Số CMND", "Ngày cấp", "Nơi cấp", "Họ tên cha"),
    *("Nghề nghiệp cha", "Năm sinh cha", "Họ tên mẹ", "Nghề nghiệp mẹ", "Năm sinh mẹ", "Lớp"),
    *("Khối", "Số định danh cá nhân"),
)


def test_the_provincial_list_of_grade_12_is_read(ledger: Ledger, tmp_path: Path) -> None:
    row = (
        *(1, "3100000001", "Nguyễn Văn An", date(2007, 3, 5), "Nam", "Kinh", "Đang học"),
        *("0912345678", "BV Phụ sản Hải Phòng", "Tổ 3", "Hải Phòng", "Phường Lê Chân"),
        *("Số 5 Cát Dài", 31172635, "01/02/2022", "CA Hải Phòng", "Nguyễn Cha", "Công nhân"),
        *(1975, "Trần Mẹ", "Giáo viên", 1978, "12A1", 12, "031207000001"),
    )
    book = xlsx(tmp_path / "DS lop 12.xlsx", {"Sheet1": [("SỞ GD&ĐT",), (), PROVINCIAL, row]})
    with Importer(ledger, name="31", account="operator") as importer:
        (sheet,) = importer.preview([book]).document()["sheets"]
    taken = {column["heading"]: column["taken_for"] for column in sheet["columns"]}
    assert (sheet["taken_for"], sheet["header_row"]) == ("pupil_list", 3)
    assert taken["Mã định danh Bộ GD&ĐT"] == "pupils.moet_code"
    assert taken["SĐT liên hệ"] == "pupils.guardian_phone"
    assert taken["Phường Xã quê quán"] == "pupils.home_town_text"
    assert taken["Lớp"] == "movements.class_name"
    assert [heading for heading, what in taken.items() if what is None and heading not in (
        "STT", "Khối")] == [
        *("Tổ/Thôn/Xóm (HKTT)", "Số CMND", "Ngày cấp", "Nơi cấp", "Nghề nghiệp cha"),
        *("Năm sinh cha", "Nghề nghiệp mẹ", "Năm sinh mẹ"),
    ]  # fmt: skip
    answer = take(ledger, book)
    # The class is on record nowhere, and the list gives no day of entry.
    assert [(r["line"], r["reason"]) for r in answer["rejected"]] == [(4, "missing_option")]
    known = Views(ledger).transcript(Key("personal_id", "031207000001"), on=DAY)["profile"]
    assert known["home_town"]["text"] == "Phường Lê Chân, Hải Phòng"
    assert (known["father_name"], known["mother_name"]) == ("Nguyễn Cha", "Trần Mẹ")
