"""Years as records of the exchange's tables: what stands where, and what cannot be said."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.subjects import SUBJECTS
from services.exchange.codes import Codes
from services.exchange.facts import Attended, Person
from services.exchange.fields import COMPETENCES, PRIMARY, SECONDARY, TABLES
from services.exchange.header import subject_name
from services.exchange.record import record_id
from services.exchange.secondary import NAME_LENGTH
from services.exchange.validation import violations
from tests.unit.services.exchange.sample import (
    LEDGER,
    PROFILE,
    PUPIL,
    content_of,
    facts,
    gaps,
    primary_year,
    secondary_year,
    sent,
    subject,
)


def test_a_sound_year_has_no_gap() -> None:
    assert gaps(facts()) == {}
    assert gaps(facts(primary_year())) == {}


def test_a_secondary_record_holds_the_year() -> None:
    record = sent(content_of(facts()))
    assert record["table"] == SECONDARY
    wanted = {
        "thongtu": "22/2021/TT-BGDĐT",
        "namhoc": "2024-2025",
        "macaphoc": "03",
        "makhoi": "7",
        "masogd": "31",
        "thongtintruong_diachi_matinh": "31",
        "thongtintruong_diachi_maxa": "11629",
        "hovaten": "Nguyễn Văn An",
        "sodinhdanh": "031212000001",
        "gioitinh": "1",
        "dantoc": "01",
        "quoctich": "VN",
        "ngaythangnamsinh": "2012-03-04",
        "namsinh": None,
        "hocky1": "K",
        "canam": "Đ",
        "renluyencanam": "K",
        "sobuoinghi": 3,
        "duoclenlop": 1,
        "ndungduoclenlop": "Được lên lớp 8",
        "ndunghoanthanh": None,
        "cokhuyettatkhongdanhgia": 0,
        "trichluc": 0,
        "ngaykyphathanh": "2025-05-30",
        "chucvugiamhieu": "Hiệu trưởng",
    }
    assert {name: record[name] for name in wanted} == wanted
    maths, sport = record["bangdiem"]
    assert [maths[f"diem{part}"] for part in ("hocky1", "hocky2", "canam", "kttralai")] == [
        *("8.3", "10.0", "9.4"),
        None,
    ]
    assert (maths["mamonhoc"], maths["tenmonhoc"], maths["nxetmonhoc"]) == (
        *("101", "Toán"),
        "Tiến bộ.",
    )
    assert (sport["diemhocky2"], sport["soddcngvbm"]) == ("CĐ", "031185000001")
    assert [row["tenchungchi"] for row in record["chungchi"]] == ["Chứng chỉ nghề"]
    assert [row["tenlop"] for row in record["quatrinhhoctap"]] == ["7A"]


def test_a_primary_record_holds_the_year() -> None:
    record = sent(content_of(facts(primary_year(title="excellent_pupil"))))
    assert record["table"] == PRIMARY
    wanted = {
        "macaphoc": "02",
        "xeploai": "Hoàn thành xuất sắc",
        "dahthanhctrinhlophoc": 1,
        "dahthanhctrinhtieuhoc": 1,
        "ndunghoanthanh": "Hoàn thành chương trình lớp 5",
        "ndungkhenthuong": "Học sinh Xuất sắc",
        "nghicophep": 2,
        "nghikhongphep": 1,
        "chieucao": "150",
        "cannang": "40.5",
        "nxetnanglucchung": "Chăm học.",
    }
    assert {name: record[name] for name in wanted} == wanted
    assert {record[field] for field in COMPETENCES.values()} == {"T"}
    (maths,) = record["dsbangdiem"]
    assert (maths["mucdatduoc"], maths["diemkiemtradinhky"]) == ("T", "9")


def test_every_field_of_the_table_stands_in_its_order() -> None:
    for year in (secondary_year(), primary_year()):
        record = sent(content_of(facts(year)))
        table = record["table"]
        names = [field.name for field in TABLES[table]]
        assert [name for name in record if name in names] == names
        for row in record["quatrinhhoctap"]:
            assert list(row) == [field.name for field in TABLES[f"{table}_quatrinhhoctap"]]


def test_the_envelope_names_event_version_and_vietnams_time() -> None:
    record = sent(content_of(facts()), "UPDATE", 7)
    id = record_id(LEDGER, PUPIL, "2024-2025", "S1")
    assert record["idbanghi"] == str(id)
    assert record["keythongtinsohocbasothcsthpt"] == id.hex
    assert (record["sukien"], record["phienban"]) == ("UPDATE", 7)
    assert record["phienbanthongtinhocba"] == "7"
    assert record["thoigiancapnhat"] == "2025-06-01T10:04:05"
    assert UUID(record["madinhdanhhocba"]) != id
    rows = [*record["bangdiem"], *record["quatrinhhoctap"], *record["chungchi"]]
    ids = [row["idbanghi"] for row in rows]
    assert len(set(ids)) == len(ids) == 4
    assert {row["phienban"] for row in rows} == {7}
    assert {row["keythongtinsohocbasothcsthpt"] for row in rows} == {id.hex}


def test_a_cancelled_record_is_its_keys_and_envelope() -> None:
    record = sent(content_of(facts()), "CANCEL", 2)
    assert record["trangthaithongtinhocba"] == "2"
    assert "hovaten" not in record
    assert violations(record) == []


def test_a_record_of_another_school_or_year_has_another_id() -> None:
    ids = {
        record_id(LEDGER, PUPIL, year, school)
        for year in ("2023-2024", "2024-2025")
        for school in ("S1", "S2")
    }
    assert len(ids) == 4


def test_the_digest_is_of_the_content_alone() -> None:
    same, other = content_of(facts()), content_of(facts())
    assert same.digest == other.digest
    changed = secondary_year(absences={"excused": 2, "unexcused": 2, "total": 4})
    assert content_of(facts(changed)).digest != same.digest
    assert content_of(facts(comments={(None, "CN"): "Khác."})).digest != same.digest


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"personal_id": None}, "sodinhdanh"),
        ({"moet_code": None}, "mahocsinh"),
        ({"closed_on": None}, "ngaykyphathanh"),
        ({"head": None}, "tengiamhieu"),
        ({"homeroom": None}, "tengvcn"),
        ({"class_name": None}, "tenlop"),
        ({"comments": {}}, "nxetgvcn"),
        ({"teachers": {}}, "bangdiem[Toán].gvbm"),
        ({"profile": {**PROFILE, "nationality": None}}, "quoctich"),
        ({"profile": {**PROFILE, "ethnicity": "Chưa rõ"}}, "dantoc"),
        ({"profile": {**PROFILE, "birth_date": None}}, "ngaythangnamsinh"),
        ({"profile": {**PROFILE, "birth_place": None}}, "noisinh_diachichitiet"),
        ({"profile": {**PROFILE, "full_name": None}}, "hovaten"),
    ],
)
def test_what_is_required_and_unknown_is_named(change: dict[str, Any], field: str) -> None:
    assert gaps(facts(**change))[field] == "missing"


@pytest.mark.parametrize("period", ["hocky1", "hocky2", "canam"])
def test_a_missing_term_result_is_named(period: str) -> None:
    key = {"hocky1": "HK1", "hocky2": "HK2", "canam": "CN"}[period]
    study = {**secondary_year()["study"], key: None}
    assert gaps(facts(secondary_year(study=study))) == {period: "missing"}


def test_a_disabled_pupil_of_whom_no_levels_are_asked_needs_none() -> None:
    nothing = {"HK1": None, "HK2": None, "CN": None}
    year = secondary_year(study=nothing, conduct=nothing, levels_asked=False)
    assert gaps(facts(year)) == {}
    assert sent(content_of(facts(year)))["cokhuyettatkhongdanhgia"] == 1


def test_the_five_levels_of_tt58_have_no_code() -> None:
    year = secondary_year(
        regulation="TT58_2011", study={"HK1": "G", "HK2": "K", "CN": "Tb", "adjusted": []}
    )
    found = gaps(facts(year))
    assert {found[name] for name in ("hocky1", "hocky2", "canam")} == {"no_code"}
    assert "hocky1" not in [v.field for v in violations(sent(content_of(facts())))]


def test_qualities_of_tt22_2016_have_no_field() -> None:
    found = gaps(facts(primary_year(regulation="TT22_2016")))
    assert {found[field] for field in COMPETENCES.values()} == {"no_code"}


def test_without_a_file_of_codes_no_subject_code_is_invented() -> None:
    found = gaps(facts(), Codes())
    assert found == {
        "bangdiem[Toán].mamonhoc": "missing",
        "bangdiem[Giáo dục thể chất].mamonhoc": "missing",
    }


@pytest.mark.parametrize(("total", "said"), [(0, None), (1, 1), (300, 300), (None, None)])
def test_no_absence_is_null_because_the_range_begins_at_one(
    total: int | None, said: int | None
) -> None:
    year = secondary_year(absences={"excused": total, "unexcused": 0, "total": total})
    assert sent(content_of(facts(year)))["sobuoinghi"] == said
    assert gaps(facts(year)) == {}


def test_more_absences_than_the_range_has_are_named() -> None:
    year = secondary_year(absences={"excused": 301, "unexcused": 0, "total": 301})
    assert gaps(facts(year)) == {"sobuoinghi": "out_of_range"}


def test_primary_absences_begin_at_zero() -> None:
    year = primary_year(absences={"excused": 0, "unexcused": 0, "total": 0})
    assert sent(content_of(facts(year)))["nghicophep"] == 0
    assert gaps(facts(year)) == {}


def test_every_subject_has_a_name_that_fits() -> None:
    for key, known in SUBJECTS.items():
        short = subject_name(key, NAME_LENGTH)
        assert 0 < len(short) <= NAME_LENGTH
        assert short in (known.name, known.short_name)
    assert subject_name("GDQPAN", 50) == "Giáo dục quốc phòng và an ninh"


@pytest.mark.parametrize(("birth", "field"), [("2012", "namsinh"), ("2012-03", "thangnamsinh")])
def test_a_partial_birth_date_stands_in_its_own_field(birth: str, field: str) -> None:
    known = facts(profile={**PROFILE, "birth_date": birth})
    record = sent(content_of(known))
    assert (record[field], record["ngaythangnamsinh"]) == (birth, None)
    assert gaps(known) == {}


def test_re_assessment_stands_beside_the_years_result() -> None:
    before = secondary_year()
    after = secondary_year(study={"HK1": "K", "HK2": "Đ", "CN": "K", "adjusted": []})
    after["subjects"][1]["reassessed"] = "Đ"
    record = sent(content_of(facts(after, before=before)))
    assert (record["canam"], record["kqhoctaplai"]) == ("Đ", "K")
    assert [row["diemkttralai"] for row in record["bangdiem"]] == [None, "Đ"]
    assert record["bangdiem"][1]["diemcanam"] == "CĐ"


def test_an_exempted_subject_is_sent_as_m_and_a_dropped_one_not_at_all() -> None:
    year = secondary_year(subjects=[subject("GDTC", "comment", "M", "M", "M")])
    dropped = {**subject("TOAN", "score", "5.0", "5.0", "5.0"), "dropped": True}
    year["subjects"].append(dropped)
    (row,) = sent(content_of(facts(year)))["bangdiem"]
    assert (row["mamonhoc"], row["diemcanam"]) == ("112", "M")


def test_a_school_of_which_no_class_is_known_is_left_out_and_named() -> None:
    paper = Attended(
        school_year="2023-2024",
        class_name=None,
        school_name="Trường THCS Cũ",
        province_name="Bắc Ninh",
        arrived_on=None,
    )
    known = facts(attended=(paper, *facts().attended))
    content = content_of(known)
    assert [gap.field for gap in content.left_out] == ["quatrinhhoctap[2023-2024].tenlop"]
    assert gaps(known) == {}
    assert len(sent(content)["quatrinhhoctap"]) == 1


@pytest.mark.parametrize(
    ("code", "sent_code"), [("31", "31"), ("15", None), ("30", None), ("11629", None), (None, None)]
)
def test_a_place_code_that_may_be_misread_is_not_sent(code: str | None, sent_code: str) -> None:
    place = {"text": "Nơi sinh", "code": code}
    record = sent(content_of(facts(profile={**PROFILE, "birth_place": place})))
    assert record["noisinh_matinh"] == sent_code


@given(
    name=st.text(max_size=200),
    class_name=st.text(max_size=20),
    comment=st.text(max_size=2100),
    number=st.text(max_size=14),
    teacher=st.text(max_size=160),
)
def test_whatever_the_texts_a_record_fits_its_fields_or_is_not_sent(
    name: str, class_name: str, comment: str, number: str, teacher: str
) -> None:
    known = facts(
        profile={**PROFILE, "full_name": name},
        class_name=class_name,
        comments={(None, "CN"): comment},
        personal_id=number,
        teachers={key: Person(name=teacher, number="031185000001") for key in ("TOAN", "GDTC")},
    )
    found = gaps(known)
    limits = {"hovaten": (name, 150), "tenlop": (class_name, 10), "nxetgvcn": (comment, 2000)}
    for field, (text, limit) in limits.items():
        assert (field in found) == (not text or len(text) > limit)
    digits = len(number) == 12 and number.isascii() and number.isdigit()
    assert ("sodinhdanh" in found) == (not digits)
    assert ("bangdiem[Toán].gvbm" in found) == (not teacher or len(teacher) > 150)
