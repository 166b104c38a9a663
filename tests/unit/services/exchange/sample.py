"""A sound secondary and a sound primary year, to be changed by tests."""

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from services.exchange.codes import Codes
from services.exchange.facts import Attended, Person, Place, School, Told, YearFacts
from services.exchange.fields import COMPETENCES
from services.exchange.primary import primary_content
from services.exchange.record import Act, Content, Envelope, Gap, enveloped, record_id
from services.exchange.secondary import secondary_content
from services.exchange.validation import violations

LEDGER = UUID("0190d0c0-0000-7000-8000-000000000031")
PUPIL = UUID("0190d0c0-0000-7000-8000-0000000000a1")
ON = date(2025, 9, 1)
RECORDED = datetime(2025, 6, 1, 3, 4, 5, 678, UTC)
CODES = Codes({("subject", "TOAN"): "101", ("subject", "GDTC"): "112"})
TEACHER = Person(name="Trần Thị Hạnh", number="031185000001")

PROFILE: dict[str, Any] = {
    "full_name": "Nguyễn Văn An",
    "birth_date": "2012-03-04",
    "sex": "nam",
    "ethnicity": "Kinh",
    "nationality": "Việt Nam",
    "birth_place": {"text": "Hải Phòng", "code": "31"},
    "home_town": {"text": "Xã An Lão", "code": "11629"},
    "residence": {"text": "Thôn 2, xã An Lão", "code": "15"},
    "father_name": "Nguyễn Văn Bình",
    "mother_name": "Lê Thị Cúc",
    "guardian_name": None,
    "policy_category": None,
    "register_number": "12/2022",
}


def subject(key: str, form: str, first: str, second: str, year: str) -> dict[str, Any]:
    """A subject of a secondary year as the transcript answers it."""
    return {
        "subject": key,
        "form": form,
        "semesters": {"1": {"average": first}, "2": {"average": second}},
        "year": year,
        "reassessed": None,
        "dropped": False,
    }


def secondary_year(**changes: Any) -> dict[str, Any]:
    """The transcript's year of a pupil of grade 7."""
    return {
        "school_year": "2024-2025",
        "grade": 7,
        "programme": "GDPT2018",
        "regulation": "TT22_2021",
        "subjects": [
            subject("TOAN", "score", "8.3", "10.0", "9.4"),
            subject("GDTC", "comment", "Đ", "CĐ", "CĐ"),
        ],
        "conduct": {"HK1": "T", "HK2": "K", "CN": "K"},
        "study": {"HK1": "K", "HK2": "Đ", "CN": "Đ", "adjusted": []},
        "absences": {"excused": 2, "unexcused": 1, "total": 3},
        "promotion": "promoted",
        "title": None,
        "levels_asked": True,
        "from_paper": [],
        "schools": [],
        **changes,
    }


def primary_year(**changes: Any) -> dict[str, Any]:
    """The transcript's year of a pupil of grade 5."""
    maths = {
        **subject("TOAN", "level", "", "", "T"),
        "semesters": {},
        "times": {"CN": {"level": "T", "test": "9"}},
    }
    primary = {
        "grade": 5,
        "regulation": "TT27_2020",
        "subjects": [maths],
        "conduct": {"HK1": None, "HK2": None, "CN": None},
        "study": {"HK1": None, "HK2": None, "CN": "HTXS", "adjusted": []},
        "qualities": {item: {"CN": "T"} for item in COMPETENCES},
    }
    return secondary_year(**{**primary, **changes})


def facts(year: dict[str, Any] | None = None, **changes: Any) -> YearFacts:
    """The facts of a sound year, some of them changed."""
    given = deepcopy(year if year is not None else secondary_year())
    sound = YearFacts(
        ledger=LEDGER,
        pupil=PUPIL,
        pupil_key="HS1",
        year=given,
        before=given,
        profile=PROFILE,
        personal_id="031212000001",
        moet_code="3112345678",
        school=School(
            code="31A00001",
            name="Trường THCS Lê Lợi",
            commune=Place(code="11629", name="Xã An Lão"),
            district=None,
            province=Place(code="31", name="Hải Phòng"),
        ),
        class_name="7A",
        homeroom=TEACHER,
        head=Person(name="Phạm Văn Bình", number="031170000002"),
        head_title="Hiệu trưởng",
        teachers={"TOAN": TEACHER, "GDTC": TEACHER},
        comments={(None, "CN"): "Chăm học.", ("TOAN", "CN"): "Tiến bộ."},
        mentions=(Told(kind="certificate", code="nghe", text="Chứng chỉ nghề"),),
        height_cm="150.0",
        weight_kg="40.5",
        summer_training=None,
        closed_on=date(2025, 5, 30),
        attended=(
            Attended(
                school_year="2024-2025",
                class_name="7A",
                school_name="Trường THCS Lê Lợi",
                province_name="Hải Phòng",
                arrived_on=None,
            ),
        ),
        recorded_at=RECORDED,
    )
    return replace(sound, **changes)


def content_of(known: YearFacts, codes: Codes = CODES) -> Content:
    """The content of the table that the grade asks for."""
    map_ = primary_content if known.grade <= 5 else secondary_content
    return map_(known, codes, on=ON)


def sent(content: Content, act: Act = "NEW", version: int = 1) -> dict[str, Any]:
    """The record as it goes out."""
    record = record_id(LEDGER, PUPIL, "2024-2025", "S1")
    envelope = Envelope(record=record, act=act, version=version, recorded_at=RECORDED)
    return enveloped(content, envelope)


def gaps(known: YearFacts, codes: Codes = CODES) -> dict[str, str]:
    """Field to reason of everything that keeps the year from being sent."""
    content = content_of(known, codes)
    found: list[Gap] = [*content.gaps]
    named = {gap.field for gap in found}
    found += [gap for gap in violations(sent(content)) if gap.field not in named]
    assert all(gap.mend for gap in found)
    return {gap.field: gap.reason for gap in found}
