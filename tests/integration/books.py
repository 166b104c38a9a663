"""Workbooks made for tests: rows of cells as .xlsx or .xls, the ministry's templates among them."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import xlsxwriter

Rows = Sequence[Sequence[Any]]


def xlsx(path: Path, sheets: Mapping[str, Rows], *, hidden: Sequence[str] = ()) -> Path:
    """A workbook of these sheets; dates become date cells, None stays empty."""
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False})
    dated = book.add_format({"num_format": "dd/mm/yyyy"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        if name in hidden:
            sheet.hide()
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, date):
                    sheet.write_datetime(number, column, value, dated)
                elif isinstance(value, str):
                    sheet.write_string(number, column, value)
                elif value is not None:
                    sheet.write(number, column, value)
    book.close()
    return path


PUPIL_HEADER = (
    *("STT", "Mã lớp", "Mã học\nsinh", "Họ tên", "Ngày sinh", "Giới tính", "Trạng thái\n HS"),
    *("Ngày nhập trạng thái", "Dân  tộc", "Số định danh cá nhân", "Tỉnh quê quán"),
    *("Phường Xã quê quán", "Chỗ ở hiện nay", "Nghề nghiệp cha"),
)


def pupil(
    number: int,
    code: str,
    name: str,
    *,
    born: Any = "05/03/2012",
    sex: str = "Nam",
    status: str = "Đang học",
    status_on: Any = "05/09/2024",
    class_code: str = "7A1",
    personal_id: Any = None,
) -> tuple[Any, ...]:
    """A row of the list of pupils."""
    return (
        *(number, class_code, code, name, born, sex, status, status_on, "Kinh", personal_id),
        *("Hải Phòng", "An Lão", "Thôn 2", "Nông dân"),
    )


PRIMARY_HEADER: Rows = (
    (
        *("STT", "Mã lớp", "Mã học sinh", "Họ tên", "Ngày sinh", "Môn học và HĐGD", None, None),
        *(None, None, "Năng lực chung", None, "Phẩm chất", "Lên lớp"),
    ),
    (
        *(None, None, None, None, None, "Toán", None, "Tiếng Việt", None, "Đạo đức"),
        *("Tự chủ và tự học", "Giao tiếp và hợp tác", "Yêu nước", None),
    ),
    (
        *(None, None, None, None, None, "Mức", "KTĐK", "Mức", "KTĐK", "Mức"),
        *(None, None, None, None),
    ),
)
SECONDARY_HEADER = (
    *("STT", "Lớp", "Mã định danh Bộ GD&ĐT", "Họ tên", "Ngày sinh", "ĐĐGtx1", "ĐĐGtx2", "ĐĐGgk"),
    *("ĐĐGck", "ĐTBmhk", "Mã nhận xét", "Nội dung nhận xét"),
)
