"""A primary year as a record of thongtinsohocbasotieuhoc."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.exchange.codes import Codes
from services.exchange.facts import YearFacts
from services.exchange.fields import COMPETENCES, PRIMARY
from services.exchange.header import (
    PROMOTED,
    awards,
    homeroom_comment,
    measured,
    no_code,
    shared,
    subject_name,
)
from services.exchange.record import Child, Content, Values

NAME_LENGTH = 50
LAST_GRADE = 5
_CLASSIFICATIONS = {
    "HTXS": "Hoàn thành xuất sắc",
    "HTT": "Hoàn thành tốt",
    "HT": "Hoàn thành",
    "CHT": "Chưa hoàn thành",
}
_COMMENTS = {"nxetphamchat": "PC", "nxetnanglucchung": "NLC", "nxetnanglucdacthu": "NLDT"}
"""Separate comments on qualities and competences: times CN-PC, CN-NLC, CN-NLDT of comments.csv."""


def primary_content(facts: YearFacts, given: Codes, *, on: date) -> Content:
    """The record's content; `on` is the export's day (the address is that of this day)."""
    content = shared(facts, given, on=on, table=PRIMARY)
    content.values |= {**_results(facts), **_comments(facts)}
    if facts.regulation == "TT27_2020":
        content.values |= _qualities(facts)
    else:  # other qualities and competences, of which the table has no fields
        no_code(content, *COMPETENCES.values())
    for subject in facts.year["subjects"]:
        row = _subject(subject, given)
        content.rows.append(Child(table="dsbangdiem", key=subject["subject"], values=row))
    return content


def _results(facts: YearFacts) -> Values:
    year = facts.year
    promoted = PROMOTED.get(year["promotion"] or "")
    done = bool(promoted)
    return {
        "cannang": measured(facts.weight_kg),
        "chieucao": measured(facts.height_cm),
        "nghicophep": year["absences"]["excused"],
        "nghikhongphep": year["absences"]["unexcused"],
        "xeploai": _CLASSIFICATIONS.get(year["study"]["CN"] or ""),
        "duoclenlop": promoted,
        "dahthanhctrinhlophoc": promoted,
        "dahthanhctrinhtieuhoc": None
        if promoted is None
        else int(done and facts.grade == LAST_GRADE),
        "ndunghoanthanh": f"Hoàn thành chương trình lớp {facts.grade}" if done else None,
        "ndungkhenthuong": awards(facts),
    }


def _comments(facts: YearFacts) -> Values:
    """Where the homeroom teacher wrote one comment on all, it stands in each required field."""
    whole = homeroom_comment(facts)
    special = {name: facts.comments.get((None, f"CN-{end}")) for name, end in _COMMENTS.items()}
    required = ("nxetnanglucchung", "nxetnanglucdacthu")
    return {name: text or (whole if name in required else None) for name, text in special.items()}


def _qualities(facts: YearFacts) -> Values:
    qualities: Mapping[str, Mapping[str, str | None]] = facts.year.get("qualities", {})
    return {field: qualities.get(item, {}).get("CN") for item, field in COMPETENCES.items()}


def _subject(subject: Mapping[str, Any], given: Codes) -> Values:
    """The year's end: level and test, with what a supplementary assessment put in their place."""
    last: Mapping[str, str | None] = subject.get("times", {}).get("CN", {})
    exempt = subject["year"] == "M"
    return {
        "mamonhoc": given.subject(subject["subject"]),
        "tenmonhoc": subject_name(subject["subject"], NAME_LENGTH),
        "mucdatduoc": "M" if exempt else subject["reassessed"] or last.get("level"),
        "diemkiemtradinhky": "M" if exempt else last.get("test"),
    }
