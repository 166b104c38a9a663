"""A template never empties what it does not have, and what it says of results is compared."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger import log
from ledger.ledger import Ledger
from ledger.profile_merge import details_of
from ledger.reader import Reader
from projections.persons import Key
from projections.views import Views
from services.importing import Importer
from services.importing.plan import Given
from tests import school
from tests.integration.books import PUPIL_HEADER, SECONDARY_HEADER, pupil, xlsx
from tests.integration.importing import reasons, write

DAY = date(2024, 12, 2)
CODE = "3100000001"


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with school.new_ledger(database) as opened:
        school.open_school(opened)
        yield opened


def take(ledger: Ledger, *paths: Path, given: Given | None = None) -> dict[str, Any]:
    with Importer(ledger, name="31", account="operator", given=given) as importer:
        return importer.run(paths).document()


def profile(ledger: Ledger) -> dict[str, Any]:
    answer = Views(ledger).transcript(Key("moet", CODE), on=DAY)
    found: dict[str, Any] = answer["profile"]
    return found


def size(ledger: Ledger) -> int:
    with ledger.database.connection() as connection:
        return log.head(connection).size


def full_record(folder: Path) -> Path:
    return write(
        folder, "pupils.csv",
        "pupil_key,full_name,birth_date,sex,ethnicity,moet_code,residence_text,residence_code,"
        "home_town_text,home_town_code,father_name,guardian_phone,disability,sort_name",
        f"HS1,Nguyễn Văn An,2012-03-05,nam,01,{CODE},Thôn 2,11557,An Dương,11600,Nguyễn Cha,"
        "0900000001,vận động,An Nguyễn Văn",
    )  # fmt: skip


def ministry_list(folder: Path, name: str = "Nguyễn Văn An") -> Path:
    row = pupil(1, CODE, name)
    return xlsx(folder / "list.xlsx", {"Sheet1": [PUPIL_HEADER, row]})


def test_what_the_list_lacks_keeps_its_value(ledger: Ledger, tmp_path: Path) -> None:
    take(ledger, full_record(tmp_path))
    answer = take(ledger, ministry_list(tmp_path))
    assert answer["rejected"] == []
    now = profile(ledger)
    assert (now["father_name"], now["disability"]) == ("Nguyễn Cha", "vận động")
    assert now["sort_name"] == "An Nguyễn Văn"
    assert (now["residence"]["text"], now["residence"]["code"]) == ("Thôn 2", "11557")
    # The list says another home town: its old code is not that of the new text.
    assert (now["home_town"]["text"], now["home_town"]["code"]) == ("An Lão, Hải Phòng", None)


def test_the_family_s_phone_is_kept_too(ledger: Ledger, tmp_path: Path) -> None:
    take(ledger, full_record(tmp_path))
    take(ledger, ministry_list(tmp_path))
    (person,) = school.find(ledger, ["HS1"])
    with ledger.database.connection() as connection:
        reader = Reader(connection, ledger.keyring, ledger.id)
        contacts = details_of(reader, [person])[person].contacts
    assert contacts is not None
    assert contacts.guardian_phone == "0900000001"


def test_a_list_that_says_nothing_new_appends_nothing(ledger: Ledger, tmp_path: Path) -> None:
    take(ledger, full_record(tmp_path), ministry_list(tmp_path))
    before = size(ledger)
    header = tuple(reversed(PUPIL_HEADER))
    row = (*reversed(pupil(1, CODE, "Nguyễn Văn An", personal_id="")),)
    again = xlsx(tmp_path / "other.xlsx", {"A": [("DANH SÁCH",), header, row]})
    assert take(ledger, again)["appended"] == 0
    # Fewer columns are another line, but say nothing else.
    few = [("Mã HS", "Họ và tên", "Ngày sinh", "Phái"), (CODE, "Nguyễn Văn An", "05/03/2012", "1")]
    answer = take(ledger, xlsx(tmp_path / "few.xlsx", {"A": few}))
    assert (answer["appended"], answer["unchanged"], answer["rejected"]) == (0, 1, [])
    assert size(ledger) == before


def test_a_corrected_name_takes_its_old_sort_name_with_it(ledger: Ledger, tmp_path: Path) -> None:
    take(ledger, full_record(tmp_path))
    take(ledger, ministry_list(tmp_path, "Nguyễn Văn Ân"))
    now = profile(ledger)
    assert (now["full_name"], now["sort_name"]) == ("Nguyễn Văn Ân", None)
    assert now["father_name"] == "Nguyễn Cha"


def test_a_file_of_the_contract_still_says_everything(ledger: Ledger, tmp_path: Path) -> None:
    take(ledger, full_record(tmp_path))
    take(
        ledger,
        write(
            tmp_path, "pupils.csv", "pupil_key,full_name,birth_date,sex",
            "HS1,Nguyễn Văn An,2012-03-05,nam",
        ),
    )  # fmt: skip
    assert profile(ledger)["father_name"] is None


def primary_school(folder: Path) -> list[Path]:
    return [
        write(
            folder, "units.csv", "unit_code,kind,name,parent_code,levels",
            "TH1,school,TH Lê Lợi,31,TH",
        ),
        write(
            folder, "classes.csv", "class_code,school_code,school_year,grade,name,programme",
            "1A,TH1,2024-2025,1,1A,GDPT2018",
        ),
        write(
            folder, "pupils.csv", "pupil_key,full_name,birth_date,sex,moet_code",
            f"A,An,2018-03-05,nam,{CODE}", "B,Bình,2018-03-06,nu,3100000002",
        ),
        write(
            folder, "enrolments.csv", "pupil_key,class_code,kind,effective_on",
            "A,1A,start,2024-09-05", "B,1A,start,2024-09-05",
        ),
    ]  # fmt: skip


ITEMS = (
    *("Yêu nước", "Nhân ái", "Chăm chỉ", "Trung thực", "Trách nhiệm", "Tự chủ và tự học"),
    *("Giao tiếp và hợp tác", "Giải quyết vấn đề và sáng tạo", "Ngôn ngữ", "Tính toán"),
    *("Khoa học", "Thẩm mĩ", "Thể chất"),
)


def results(folder: Path, *rows: tuple[Any, ...]) -> Path:
    top = (
        *("STT", "Mã lớp", "Mã học sinh", "Họ tên", "Toán", None, "Tiếng Việt", None),
        *("Phẩm chất", *(None,) * 12, "Hoàn thành CT lớp học", "Lên lớp", "Xếp loại", None),
    )
    below = (
        *(None,) * 4,
        *("Mức", "KTĐK", "Mức", "KTĐK", *ITEMS),
        *(None,) * 4,
    )
    return xlsx(folder / "kq.xlsx", {"KQ": [top, below, *rows]})


def year_end(number: int, code: str, test: int, *said: Any) -> tuple[Any, ...]:
    return (number, "1A", code, "An", "T", test, "T", 10, *("T" for _ in ITEMS), *said)


GIVEN = Given(time="CN", on="2025-05-20", school_year="2024-2025")


def compared(ledger: Ledger, *paths: Path) -> list[tuple[int | None, str, str, str]]:
    answer = take(ledger, *paths, given=GIVEN)
    assert answer["rejected"] == []
    return [
        (w["line"], w["column"], w["reason"], w["message"])
        for w in answer["warnings"]
        if w["reason"] != "no_home"
    ]


def test_a_years_outcome_that_agrees_is_no_warning(ledger: Ledger, tmp_path: Path) -> None:
    sheet = results(
        tmp_path,
        year_end(1, CODE, 9, "x", "X", "Hoàn thành xuất sắc"),
        year_end(2, "3100000002", 4, None, None, "CHT"),
    )
    assert compared(ledger, *primary_school(tmp_path), sheet) == []


def test_a_years_outcome_that_contradicts_names_both(ledger: Ledger, tmp_path: Path) -> None:
    sheet = results(
        tmp_path,
        year_end(1, CODE, 4, "x", "x", "HTT"),
        year_end(2, "3100000002", 9, None, None, "vượt trội"),
    )
    found = compared(ledger, *primary_school(tmp_path), sheet)
    gives = "what is on record gives:"
    assert found == [
        (3, "Hoàn thành CT lớp học", "result_differs", f"the sheet says x; {gives} CHT"),
        (3, "Lên lớp", "result_differs", f"the sheet says x; {gives} pending"),
        (3, "Xếp loại", "result_differs", f"the sheet says HTT; {gives} CHT"),
        (4, "Hoàn thành CT lớp học", "result_differs", f"the sheet is empty; {gives} HTXS"),
        (4, "Lên lớp", "result_differs", f"the sheet is empty; {gives} promoted"),
        (4, "Xếp loại", "unknown_level", "a result is HTXS, HTT, HT or CHT"),
    ]


def test_a_column_that_holds_data_and_is_not_taken_is_named(ledger: Ledger, tmp_path: Path) -> None:
    sheet = results(tmp_path, year_end(1, CODE, 9, "x", "x", "HTXS", "ghi chú riêng"))
    answer = take(ledger, *primary_school(tmp_path), sheet, given=GIVEN)
    (warning,) = [w for w in answer["warnings"] if w["reason"] == "no_home"]
    assert warning["message"] == "columns not read: Y (no heading)"
    early = Given(time="CK1", on="2025-01-10", school_year="2024-2025")
    answer = take(ledger, sheet, given=early)
    (warning,) = [w for w in answer["warnings"] if w["reason"] == "no_home"]
    assert "Lên lớp" in warning["message"]


def test_a_term_average_that_differs_is_a_warning(ledger: Ledger, tmp_path: Path) -> None:
    take(ledger, ministry_list(tmp_path))
    row = (1, "7A1", CODE, "An", "05/03/2012", 8, 8, 8, None, 8.2, None, None)
    sheet = xlsx(tmp_path / "diem.xlsx", {"Toán": [SECONDARY_HEADER, row]})
    answer = take(ledger, sheet, given=Given(semester="1", on="2024-12-02"))
    assert reasons(answer, "warnings") == [("diem.xlsx#Toán", 2, "result_differs")]
    assert "not known yet (TX3, TX4, CK)" in answer["warnings"][0]["message"]


def test_the_outcome_of_a_stranger_is_not_passed_over(ledger: Ledger, tmp_path: Path) -> None:
    row = (1, "1A", "3100000077", "Ai", *(None,) * 17, "x", None, None, None)
    take(ledger, *primary_school(tmp_path))
    answer = take(ledger, results(tmp_path, row), given=GIVEN)
    assert reasons(answer, "warnings") == [("kq.xlsx#KQ", 3, "unknown_pupil")]
