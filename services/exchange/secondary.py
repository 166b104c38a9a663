"""A lower or upper secondary year as a record of thongtinsohocbasothcsthpt."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.exchange.codes import Codes
from services.exchange.facts import Person, YearFacts
from services.exchange.fields import SECONDARY
from services.exchange.header import (
    PROMOTED,
    awards,
    count,
    no_code,
    shared,
    subject_comment,
    subject_name,
    told,
)
from services.exchange.record import Child, Content, Values

NAME_LENGTH = 20
_UNKNOWN = Person(name=None, number=None)
_LAST_GRADES = {9: "Hoàn thành chương trình THCS", 12: "Hoàn thành chương trình THPT"}
_FOUR_LEVELS = ("TT22_2021", "TT43_2021")
"""Regulations whose levels (T, K, Đ, CĐ) the exchange has; the five of TT 58 it has not."""


def secondary_content(facts: YearFacts, given: Codes, *, on: date) -> Content:
    """The record's content; `on` is the export's day (the address is that of this day)."""
    content = shared(facts, given, on=on, table=SECONDARY)
    content.values |= _results(facts)
    if facts.regulation not in _FOUR_LEVELS:
        no_code(content, "hocky1", "hocky2", "canam")
        no_code(content, "renluyenhocky1", "renluyenhocky2", "renluyencanam")
    for subject in facts.year["subjects"]:
        if not subject["dropped"]:
            row = _subject(subject, facts, given)
            content.rows.append(Child(table="bangdiem", key=subject["subject"], values=row))
    for number, mention in enumerate(m for m in facts.mentions if m.kind == "certificate"):
        row = {"tenchungchi": mention.text, "loaichungchi": mention.code}
        content.rows.append(Child(table="chungchi", key=str(number), values=row))
    return content


def _results(facts: YearFacts) -> Values:
    year, before = facts.year, facts.before
    promotion = year["promotion"]
    return {
        "hocky1": before["study"]["HK1"],
        "hocky2": before["study"]["HK2"],
        "canam": before["study"]["CN"],
        "kqhoctaplai": year["study"]["CN"] if _reassessed(year) else None,
        "renluyenhocky1": before["conduct"]["HK1"],
        "renluyenhocky2": before["conduct"]["HK2"],
        "renluyencanam": before["conduct"]["CN"],
        "renluyenlai": facts.summer_training,
        "sobuoinghi": count(year["absences"]["total"]),
        "duoclenlop": PROMOTED.get(promotion or ""),
        "ndungduoclenlop": _outcome(promotion, facts.grade),
        "ndunghoanthanh": _LAST_GRADES.get(facts.grade) if promotion == "promoted" else None,
        "kquathamgiacuocthi": "; ".join(told(facts, "competition")) or None,
        "ndungkhenthuong": awards(facts),
    }


def _outcome(promotion: str | None, grade: int) -> str | None:
    if promotion == "promoted":
        return _LAST_GRADES.get(grade) or f"Được lên lớp {grade + 1}"
    return "Không được lên lớp" if promotion == "retained" else None


def _reassessed(year: Mapping[str, Any]) -> bool:
    return any(subject["reassessed"] is not None for subject in year["subjects"])


def _subject(subject: Mapping[str, Any], facts: YearFacts, given: Codes) -> Values:
    key = subject["subject"]
    terms = subject["semesters"]
    teacher = facts.teachers.get(key, _UNKNOWN)
    return {
        "mamonhoc": given.subject(key),
        "tenmonhoc": subject_name(key, NAME_LENGTH),
        "diemhocky1": _average(terms, "1"),
        "diemhocky2": _average(terms, "2"),
        "diemcanam": subject["year"],
        "diemkttralai": subject["reassessed"],
        "nxetmonhoc": subject_comment(facts, key),
        "gvbm": teacher.name,
        "soddcngvbm": teacher.number,
    }


def _average(terms: Mapping[str, Any], number: str) -> str | None:
    """A term's result: an average, Đ or CĐ, or M where the subject was not asked of the pupil."""
    average: str | None = terms[number]["average"] if number in terms else None
    return average
