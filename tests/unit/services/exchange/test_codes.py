"""Codes of other systems: only those known, or given by a file."""

from pathlib import Path

import pytest

from ledger.errors import Refused
from services.exchange.codes import country_code, ethnic_code, head_title, read_codes


def file(folder: Path, text: str) -> Path:
    path = folder / "codes.csv"
    path.write_text(text, "utf-8")
    return path


def test_a_file_gives_subjects_in_any_spelling_schools_and_departments(tmp_path: Path) -> None:
    codes = read_codes(
        file(tmp_path, "kind,key,code\nsubject,Vật lý,05\nschool,S1,31001\ndepartment,31,03\n")
    )
    assert (codes.subject("VATLI"), codes.subject("TOAN")) == ("05", None)
    assert (codes.school("S1"), codes.school("S2")) == ("31001", "S2")
    assert (codes.department("31"), codes.department("22")) == ("03", "22")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("subject,key,code\n", 1),
        ("kind,key,code\nsubject,TOAN\n", 2),
        ("kind,key,code\nsubject,TOAN,1\nthing,A,1\n", 3),
        ("kind,key,code\nsubject,Tiếng Sao Hoả,1\n", 2),
        ('kind,key,code\nsubject,"TOAN,1\n', 3),
    ],
)
def test_a_bad_file_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(Refused, match=f"line {line}:") as error:
        read_codes(file(tmp_path, text))
    assert error.value.code == "bad_codes"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *((text, "01") for text in ("Kinh", "kinh", "01", "1", "001")),
        ("Ê-đê", "12"),
        ("Bru-Vân Kiều", "23"),
        *((text, None) for text in ("55", "0", "", None, "Không rõ")),
    ],
)
def test_an_ethnic_group_has_its_official_code_or_none(text: str | None, code: str | None) -> None:
    assert ethnic_code(text) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *((text, "VN") for text in ("VN", "vn", "Việt Nam", "VIỆT NAM")),
        ("Lào", "LA"),
        ("XX", None),
        ("", None),
        (None, None),
    ],
)
def test_a_nationality_has_its_country_code_or_none(text: str | None, code: str | None) -> None:
    assert country_code(text) == code


@pytest.mark.parametrize(
    ("role", "title"),
    [
        *((text, "Hiệu trưởng") for text in ("hieu_truong", "Hiệu trưởng", "head", "Principal")),
        ("Giám đốc", "Giám đốc"),
        *((text, None) for text in ("teacher", "Phó hiệu trưởng", "pho_hieu_truong", None)),
    ],
)
def test_a_head_is_known_by_the_role(role: str | None, title: str | None) -> None:
    assert head_title(role) == title
