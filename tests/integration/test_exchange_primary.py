"""A primary year from import to a record of the exchange, and one of an older regulation."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from ledger.assessment.primary import COMPETENCES_2020, QUALITIES_2020
from ledger.ledger import Ledger
from projections.persons import Key
from projections.views import Views
from services.exchange.codes import Codes
from services.exchange.fields import COMPETENCES
from services.exchange.national import Order, export
from tests import school
from tests.integration.importing import take, write

SUBJECTS = {
    **{"TIENGVIET": True, "TOAN": True, "NGOAINGU1": True, "KHOAHOC": True, "LSDL": True},
    **{"TINHOC": True, "CONGNGHE": True, "DAODUC": False, "GDTC": False, "AMNHAC": False},
    **{"MITHUAT": False, "HDTN": False},
}
"""Subject to whether it has a test at the end of the year."""

FILES = {
    "units": """unit_code,kind,name,parent_code
31,province,Hải Phòng,
11629,commune,Xã An Lão,31
T1,school,Trường TH Kim Đồng,11629""",
    "classes": """class_code,school_code,school_year,grade,name
5A,T1,2024-2025,5,5A""",
    "staff": """staff_key,full_name,personal_id,unit_code,role
GV1,Trần Thị Hạnh,031185000001,T1,teacher
HT,Phạm Văn Bình,031070000002,T1,Hiệu trưởng""",
    "assignments": """class_code,subject,staff_key,effective_from
5A,,GV1,2024-09-05""",
    "pupils": """pupil_key,full_name,birth_date,sex,ethnicity,nationality,personal_id,moet_code,\\
birth_place_text,home_town_text,residence_text
P1,Lê Thị Mai,2014-03,nữ,Tày,Việt Nam,031314000001,3100000001,Hải Phòng,Hải Phòng,Xã An Lão""",
    "enrolments": """pupil_key,class_code,kind,effective_on
P1,5A,start,2024-09-05""",
    "comments": """pupil_key,school_year,subject,time,text,effective_on
P1,2024-2025,,CN,Ngoan,2025-05-25""",
    "absences": """pupil_key,school_year,period,excused,unexcused,effective_on
P1,2024-2025,CN,0,0,2025-05-25""",
    "decisions": """pupil_key,school_year,kind,effective_on
P1,2024-2025,close_year,2025-05-30""",
}


@pytest.fixture
def ledger(database: str, tmp_path: Path) -> Iterator[Ledger]:
    folder = tmp_path / "in"
    for name, text in FILES.items():
        write(folder, f"{name}.csv", text.replace("\\\n", ""))
    levels = (f"5A,{key},CN,P1,T,2025-05-20" for key in SUBJECTS)
    tests = (f"5A,{key},KT_CN,P1,9,2025-05-20" for key, tested in SUBJECTS.items() if tested)
    header = "class_code,subject,slot,pupil_key,value,effective_on"
    write(folder, "marks.csv", header, *levels, *tests)
    header = "pupil_key,school_year,time,item,level,effective_on"
    items = [*QUALITIES_2020, *COMPETENCES_2020]
    rows = (f"P1,2024-2025,CN,{item},T,2025-05-20" for item in items)
    write(folder, "qualities.csv", header, *rows)
    with school.new_ledger(database) as opened:
        code, answer = take(opened, folder)
        assert code == 0, answer["rejected"]
        yield opened


def test_the_codes_of_qualities_are_those_of_the_assessment() -> None:
    assert set(COMPETENCES) == {*QUALITIES_2020, *COMPETENCES_2020}


def test_a_sound_primary_year_goes_out(ledger: Ledger, tmp_path: Path) -> None:
    order = Order(
        school_year="2024-2025",
        on=date(2025, 7, 15),
        known_at=None,
        school="T1",
        pupil=None,
        folder=tmp_path / "out",
        dry_run=False,
        codes=Codes({("subject", key): f"{n:02d}" for n, key in enumerate(SUBJECTS, 1)}),
        provinces={},
    )
    outcome = export(ledger, Views(ledger), order, who=school.operator(ledger))
    assert outcome.unmapped == []
    (file,) = outcome.files
    (line,) = Path(file).read_text("utf-8").splitlines()
    record = json.loads(line)
    assert record["table"] == "thongtinsohocbasotieuhoc"
    assert (record["xeploai"], record["dahthanhctrinhtieuhoc"]) == ("Hoàn thành xuất sắc", 1)
    assert (record["thangnamsinh"], record["gioitinh"], record["dantoc"]) == ("2014-03", "2", "02")
    assert {record[field] for field in COMPETENCES.values()} == {"T"}
    rows = {row["tenmonhoc"]: row["diemkiemtradinhky"] for row in record["dsbangdiem"]}
    assert (rows["Toán"], rows["Đạo đức"], len(rows)) == ("9", None, len(SUBJECTS))
    (year,) = Views(ledger).transcript(Key("local", "P1"), on=date(2025, 7, 15))["years"]
    assert year["study"]["CN"] == "HTXS"
