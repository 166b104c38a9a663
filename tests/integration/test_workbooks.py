"""Real files: workbooks of the contract and the ministry's templates, read by their headings."""

import unicodedata
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
import xlwt

from ledger import log
from ledger.ledger import Ledger
from projections.persons import Key
from projections.views import Views
from services.importing import Importer
from services.importing.plan import Given
from services.importing.run import NothingToImport
from tests import school
from tests.integration.books import (
    PRIMARY_HEADER,
    PUPIL_HEADER,
    SECONDARY_HEADER,
    pupil,
    xlsx,
)
from tests.integration.importing import reasons

DAY = date(2024, 12, 2)


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with school.new_ledger(database) as opened:
        school.open_school(opened)
        yield opened


def take(ledger: Ledger, *paths: Path, given: Given | None = None) -> tuple[int, dict[str, Any]]:
    with Importer(ledger, name="31", account="operator", given=given) as importer:
        answer = importer.run(paths)
        return answer.exit_code, answer.document()


def preview(ledger: Ledger, path: Path, given: Given | None = None) -> dict[str, Any]:
    with Importer(ledger, name="31", account="operator", given=given) as importer:
        return importer.preview([path]).document()


def size(ledger: Ledger) -> int:
    with ledger.database.connection() as connection:
        return log.head(connection).size


def names_in_class(ledger: Ledger, code: str = "7A1", on: date = DAY) -> list[str]:
    return [p["full_name"] for p in Views(ledger).roster(code, on=on)["pupils"]]


def profile_of(ledger: Ledger, code: str) -> dict[str, Any]:
    answer = Views(ledger).transcript(Key("moet", code), on=DAY)
    profile: dict[str, Any] = answer["profile"]
    return profile


def test_a_sheet_named_like_a_file_of_the_contract_is_that_file(
    ledger: Ledger, tmp_path: Path
) -> None:
    book = xlsx(
        tmp_path / "anything.xlsx",
        {
            "Pupils": [
                ("pupil_key", "full_name", "birth_date", "sex"),
                ("A", "Nguyễn Văn An", date(2012, 3, 4), "nam"),
                ("B", "Trần Thị Bình", 40973.0, "nu"),
            ],
            "enrolments": [
                ("pupil_key", "class_code", "kind", "effective_on"),
                ("A", "7A1", "start", date(2024, 9, 5)),
                ("B", "7A1", "start", "2024-09-05"),
            ],
            "marks": [
                ("class_code", "subject", "semester", "slot", "pupil_key", "value", "effective_on"),
                ("7A1", "Toán", 1, "TX1", "A", 8.0, date(2024, 10, 7)),
                ("7A1", "Toán", 1, "TX1", "B", 7.3, date(2024, 10, 7)),
            ],
        },
    )  # fmt: skip
    code, answer = take(ledger, book)
    assert (code, answer["rejected"]) == (0, [])
    assert names_in_class(ledger) == ["Nguyễn Văn An", "Trần Thị Bình"]
    code, again = take(ledger, book)
    assert (code, again["appended"], again["unchanged"]) == (0, 0, 6)


def test_a_row_at_fault_is_named_by_sheet_row_and_column(ledger: Ledger, tmp_path: Path) -> None:
    book = xlsx(
        tmp_path / "pupils.xlsx",
        {
            "Sheet1": [
                ("pupil_key", "full_name", "birth_date", "sex", "personal_id"),
                ("A", "Nguyễn Văn An", "04/03/2012", "nam", None),
                ("B", "Trần Thị Bình", "2012-03-05", "nu", 31312000001.0),
            ]
        },
    )
    code, answer = take(ledger, book)
    assert code == 3
    assert reasons(answer) == [
        ("pupils.xlsx#Sheet1", 2, "bad_date"),
        ("pupils.xlsx#Sheet1", 3, "lost_leading_zero"),
    ]
    assert [entry["column"] for entry in answer["rejected"]] == ["birth_date", "personal_id"]


def pupil_list(tmp_path: Path, *rows: tuple[Any, ...]) -> Path:
    nfd = tuple(unicodedata.normalize("NFD", text) for text in PUPIL_HEADER)
    return xlsx(
        tmp_path / "Filemau-C1-HocSinh.xlsx",
        {
            "Sheet1": [("DANH SÁCH HỌC SINH",), (), ("Trường THCS Lê Lợi",), nfd, *rows],
            "DM_DanToc": [("Mã", "Tên"), ("01", "Kinh")],
            "DM_TrangThai": [("Mã", "Tên"), ("01", "Đang học")],
        },
    )


def test_the_ministrys_list_of_pupils_is_read_by_its_headings(
    ledger: Ledger, tmp_path: Path
) -> None:
    book = pupil_list(
        tmp_path,
        pupil(1, "3100000001", "Nguyễn Văn An", born=40973.0, personal_id="031212000001"),
        pupil(2, "3100000002", "Trần Thị Bình", sex="02", born=date(2012, 3, 5)),
        pupil(3, "3100000003", "Lê Văn Cường", status="Chuyển đến kỳ 1", status_on="02/12/2024"),
        (None, None, None, None, None, None, "Hiệu trưởng"),
    )
    code, answer = take(ledger, book)
    assert (code, answer["rejected"]) == (0, [])
    assert [(w["reason"], w["line"]) for w in answer["warnings"]] == [
        ("sheet_not_read", None),
        ("no_home", None),
        ("row_without_pupil", 8),
    ]
    assert "Nghề nghiệp cha" in answer["warnings"][1]["message"]
    assert names_in_class(ledger, on=DAY) == ["Nguyễn Văn An", "Trần Thị Bình", "Lê Văn Cường"]
    assert names_in_class(ledger, on=date(2024, 12, 1)) == ["Nguyễn Văn An", "Trần Thị Bình"]
    known = profile_of(ledger, "3100000001")
    assert known["birth_date"] == "2012-03-05"
    assert known["ethnicity"] == "01"
    assert known["home_town"]["text"] == "An Lão, Hải Phòng"
    assert known["residence"]["text"] == "Thôn 2"
    code, again = take(ledger, book)
    assert (code, again["appended"]) == (0, 0)


def test_a_leaver_on_the_list_leaves_on_the_day_it_names(ledger: Ledger, tmp_path: Path) -> None:
    take(ledger, pupil_list(tmp_path, pupil(1, "3100000001", "Nguyễn Văn An")))
    later = pupil_list(
        tmp_path,
        pupil(1, "3100000001", "Nguyễn Văn An", status="Chuyển đi kỳ 1", status_on="18/11/2024"),
    )
    code, answer = take(ledger, later)
    assert (code, answer["rejected"]) == (0, [])
    assert names_in_class(ledger, on=date(2024, 11, 17)) == ["Nguyễn Văn An"]
    assert names_in_class(ledger, on=date(2024, 11, 18)) == []


def test_a_pupil_on_record_under_another_key_of_the_source_stays_one_pupil(
    ledger: Ledger, tmp_path: Path
) -> None:
    contract = xlsx(
        tmp_path / "pupils.xlsx",
        {
            "pupils": [
                ("pupil_key", "full_name", "birth_date", "sex", "moet_code"),
                ("HS1", "Nguyễn Văn An", "2012-03-05", "nam", "3100000001"),
            ]
        },
    )
    take(ledger, contract)
    code, answer = take(ledger, pupil_list(tmp_path, pupil(1, "3100000001", "Nguyễn Văn Anh")))
    assert (code, answer["rejected"]) == (0, [])
    assert "number_of_another_pupil" not in [w["reason"] for w in answer["warnings"]]
    assert profile_of(ledger, "3100000001")["full_name"] == "Nguyễn Văn Anh"


@pytest.mark.parametrize(
    ("row", "reason", "column"),
    [
        (pupil(1, "", "Nguyễn Văn An"), "missing_value", "Mã học sinh"),
        (pupil(1, "3100000001", "Nguyễn Văn An", born="31/02/2012"), "bad_date", "Ngày sinh"),
        (pupil(1, "3100000001", "Nguyễn Văn An", status="Lạ"), "unknown_status", "Trạng thái HS"),
        (
            pupil(1, "3100000001", "Nguyễn Văn An", personal_id=31212000001.0),
            "lost_leading_zero",
            "Số định danh cá nhân",
        ),
        (pupil(1, "3100000001", "§Æng V¨n µn"), "legacy_encoding", "Họ tên"),
    ],
)  # fmt: skip
def test_a_fault_on_the_list_is_named_with_the_heading_as_it_stands(
    ledger: Ledger, tmp_path: Path, row: tuple[Any, ...], reason: str, column: str
) -> None:
    code, answer = take(ledger, pupil_list(tmp_path, row))
    found = [(r["line"], r["reason"], r["column"]) for r in answer["rejected"]]
    assert (5, reason, column) in found
    assert code in (3, 4)


def test_a_ministry_code_that_lost_its_zero_is_named(ledger: Ledger, tmp_path: Path) -> None:
    row = list(pupil(1, "", "Nguyễn Văn An"))
    row[2] = 100000001.0
    _, answer = take(ledger, pupil_list(tmp_path, tuple(row)))
    (problem,) = answer["rejected"]
    assert (problem["reason"], problem["suggestion"]) == ("lost_leading_zero", "0100000001")


def test_the_old_format_is_read_like_the_new(ledger: Ledger, tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1")
    for number, row in enumerate((PUPIL_HEADER, pupil(1, "3100000001", "Nguyễn Văn An"))):
        for column, value in enumerate(row):
            if value is not None:
                sheet.write(number + 2, column, value)
    book.save(str(tmp_path / "list.xls"))
    code, answer = take(ledger, tmp_path / "list.xls")
    assert (code, answer["rejected"]) == (0, [])
    assert names_in_class(ledger) == ["Nguyễn Văn An"]


def secondary(tmp_path: Path, *rows: tuple[Any, ...]) -> Path:
    return xlsx(tmp_path / "diem.xlsx", {"Toán": [("BẢNG ĐIỂM",), SECONDARY_HEADER, *rows]})


def test_the_marks_template_becomes_marks_and_comments(ledger: Ledger, tmp_path: Path) -> None:
    take(ledger, pupil_list(tmp_path, pupil(1, "3100000001", "Nguyễn Văn An")))
    sheet = secondary(
        tmp_path,
        (1, "7A1", "3100000001", "An", "05/03/2012", 8.0, "7,5", 9, None, 8.2, None, "Tiến bộ"),
        (2, "7A1", "3100000009", "Người Lạ", "05/03/2012", 8.0),
        (3, "7A1", "3100000001", "An", "05/03/2012", None, None, None, 11),
    )  # fmt: skip
    _, refused = take(ledger, sheet)
    assert reasons(refused) == [("diem.xlsx#Toán", None, "missing_option")]
    code, answer = take(ledger, sheet, given=Given(semester="1", on="2024-12-02"))
    assert code == 4
    assert [(r["line"], r["column"], r["reason"]) for r in answer["rejected"]] == [
        (4, "Mã định danh Bộ GD&ĐT", "unknown_pupil"),
        (5, "ĐĐGck", "mark_out_of_range"),
    ]
    (year,) = Views(ledger).transcript(Key("moet", "3100000001"), on=DAY)["years"]
    (subject,) = year["subjects"]
    marks = subject["semesters"]["1"]["marks"]
    assert subject["subject"] == "TOAN"
    assert (marks["TX"], marks["GK"], marks["CK"]) == (["8.0", "7.5"], "9.0", None)


def test_the_primary_sheet_is_understood_under_its_three_header_rows(
    ledger: Ledger, tmp_path: Path
) -> None:
    row = (1, "1A", "3100000001", "An", "05/03/2018", "T", 10, "H", 8, "T", "T", "Đ", "T", "x")
    sheet = xlsx(tmp_path / "kq.xlsx", {"KQ": [*PRIMARY_HEADER, row]})
    found = preview(ledger, sheet, Given(time="CN", on="2025-05-20", school_year="2024-2025"))
    (read,) = found["sheets"]
    assert (read["taken_for"], read["header_row"]) == ("primary_results", 1)
    assert {c["heading"]: c["taken_for"] for c in read["columns"]} == {
        "STT": None,
        "Mã lớp": "marks.class_code",
        "Mã học sinh": "marks.pupil_key",
        "Họ tên": None,
        "Ngày sinh": None,
        "Môn học và HĐGD / Toán / Mức": "marks.value (TOAN level)",
        "Môn học và HĐGD / Toán / KTĐK": "marks.value (TOAN test)",
        "Môn học và HĐGD / Tiếng Việt / Mức": "marks.value (TIENGVIET level)",
        "Môn học và HĐGD / Tiếng Việt / KTĐK": "marks.value (TIENGVIET test)",
        "Môn học và HĐGD / Đạo đức / Mức": "marks.value (DAODUC level)",
        "Năng lực chung / Tự chủ và tự học": "qualities.level (TUCHU)",
        "Năng lực chung / Giao tiếp và hợp tác": "qualities.level (GIAOTIEP)",
        "Phẩm chất / Yêu nước": "qualities.level (YEUNUOC)",
        "Lên lớp": "compared.promotion",
    }
    assert read["lines"] == {"marks": 5, "qualities": 3}
    assert read["rows"][0]["values"]["Môn học và HĐGD / Toán / KTĐK"] == "10"


def test_a_preview_appends_nothing_and_shows_what_columns_were_taken_for(
    ledger: Ledger, tmp_path: Path
) -> None:
    before = size(ledger)
    rows = [pupil(n, f"310000000{n}", "Nguyễn Văn An") for n in range(1, 8)]
    found = preview(ledger, pupil_list(tmp_path, *rows))
    (sheet,) = found["sheets"]
    taken = {column["heading"]: column["taken_for"] for column in sheet["columns"]}
    assert (sheet["taken_for"], sheet["header_row"], len(sheet["rows"])) == ("pupil_list", 4, 5)
    assert taken["Mã học sinh"] == "pupils.moet_code"
    assert taken["Trạng thái HS"] == "movements.status"
    assert taken["Nghề nghiệp cha"] is None
    assert found["ignored"] == ["DM_DanToc", "DM_TrangThai"]
    assert sheet["lines"] == {"pupils": 7, "enrolments": 7}
    assert size(ledger) == before


def test_a_workbook_nobody_knows_is_refused_by_name(ledger: Ledger, tmp_path: Path) -> None:
    book = xlsx(tmp_path / "thuc_don.xlsx", {"Tuần 1": [("Thứ", "Món"), ("Hai", "Phở")]})
    code, answer = take(ledger, book)
    assert (code, reasons(answer)) == (3, [("thuc_don.xlsx", None, "template_unknown")])


def test_a_cell_with_an_error_is_warned_of(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "pupils.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("pupils")
    sheet.write_row(0, 0, ("pupil_key", "full_name", "birth_date", "sex", "register_number"))
    sheet.write_row(1, 0, ("A", "Nguyễn Văn An", "2012", "nam"))
    sheet.write_formula(1, 4, "=1/0", None, "#DIV/0!")
    book.close()
    code, answer = take(ledger, path)
    assert (code, reasons(answer, "warnings")) == (0, [("pupils.xlsx", None, "formula_error")])


def test_text_that_looks_like_a_formula_stays_text(ledger: Ledger, tmp_path: Path) -> None:
    book = xlsx(
        tmp_path / "pupils.xlsx",
        {
            "pupils": [
                ("pupil_key", "full_name", "birth_date", "sex", "moet_code"),
                ("A", "=HYPERLINK(1)", "2012", "nam", "3100000001"),
            ]
        },
    )
    assert take(ledger, book)[0] == 0
    assert profile_of(ledger, "3100000001")["full_name"] == "=HYPERLINK(1)"


def test_nothing_to_import_is_still_said(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(NothingToImport):
        take(ledger, tmp_path)


def test_the_mark_of_an_open_workbook_is_passed_over(ledger: Ledger, tmp_path: Path) -> None:
    pupil_list(tmp_path, pupil(1, "3100000001", "Nguyễn Văn An"))
    (tmp_path / "~$Filemau-C1-HocSinh.xlsx").write_bytes(b"\x05User" + b" " * 160)
    code, answer = take(ledger, tmp_path)
    assert (code, answer["rejected"]) == (0, [])
