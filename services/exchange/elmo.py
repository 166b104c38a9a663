"""A transcript as EMREX ELMO 1.7: one learner, one report, a tree of years, subjects and terms.

Namespace https://github.com/emrex-eu/elmo-schemas/tree/v1. The bytes are a function of the
transcript answer alone: the same answer gives the same file.

    elmo > learner, report > issuer, year > subject > term (each a learningOpportunitySpecification
    with its instance), issueDate, gradingScheme
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from xml.etree import ElementTree as ET

from ledger.identity_check import VIETNAM
from ledger.school_year import SchoolYear
from ledger.subjects import SUBJECTS
from ledger.text import split_name
from services.exchange.codes import country_code
from services.exchange.elmo_words import SCHEMES, STUDY_SCHEMES, SUBJECT_NAMES

NAMESPACE = "https://github.com/emrex-eu/elmo-schemas/tree/v1"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SEXES = {"nam": "1", "nu": "2", "khac": "9"}
"""ISO/IEC 5218."""
_TERMS = (("1", "Học kỳ I", "Term 1"), ("2", "Học kỳ II", "Term 2"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """The school that answers for the report, with the number the learner bears."""

    school_code: str
    name: str
    url: str
    personal_id: str | None


def elmo_document(transcript: Mapping[str, Any], issuer: Issuer) -> bytes:
    """The ELMO file of a transcript answer (contract), UTF-8 with its XML declaration.

    The report is issued on the answer's day and generated at its moment. Characters that XML
    does not allow become U+FFFD.
    """
    ET.register_namespace("", NAMESPACE)
    root = ET.Element(_name("elmo"))
    generated = datetime.fromisoformat(transcript["known_at"]["recorded_at"])
    _add(root, "generatedDate", generated.astimezone(VIETNAM).isoformat(timespec="seconds"))
    _learner(_add(root, "learner"), transcript["profile"], issuer.personal_id)
    _report(_add(root, "report"), transcript, issuer)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + text.encode() + b"\n"


def _name(tag: str) -> str:
    return f"{{{NAMESPACE}}}{tag}"


def _add(
    parent: ET.Element, tag: str, text: str | None = None, *, lang: str | None = None
) -> ET.Element:
    element = ET.SubElement(parent, _name(tag))
    if text is not None:
        element.text = legal(text)
    if lang is not None:
        element.set(_LANG, lang)
    return element


def legal(text: str) -> str:
    """The text with U+FFFD for every character that XML 1.0 does not allow (section 2.2)."""
    return _ILLEGAL.sub("\ufffd", text)


def _identified(parent: ET.Element, kind: str, value: str) -> None:
    _add(parent, "identifier", value).set("type", kind)


def _learner(learner: ET.Element, profile: Mapping[str, Any], personal_id: str | None) -> None:
    country = country_code(profile["nationality"])
    if country is not None:
        _add(learner, "citizenship", country)
    if personal_id is not None:
        _identified(learner, "nationalIdentifier", personal_id)
    name = split_name(profile["full_name"] or "")
    _add(learner, "givenNames", f"{name.middle} {name.given}".strip())
    _add(learner, "familyName", name.family)
    birth = profile["birth_date"]
    if birth is not None and _is_day(birth):
        _add(learner, "bday", birth)
    place = (profile["birth_place"] or {}).get("text")
    if place:
        _add(learner, "placeOfBirth", place)
    sex = _SEXES.get(profile["sex"] or "")
    if sex is not None:
        _add(learner, "gender", sex)


def _is_day(text: str) -> bool:
    try:
        return len(text) == 10 and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _report(report: ET.Element, transcript: Mapping[str, Any], issuer: Issuer) -> None:
    by = _add(report, "issuer")
    _add(by, "country", "VN")
    _identified(by, "local", issuer.school_code)
    _add(by, "title", issuer.name, lang="vi")
    _add(by, "url", issuer.url)
    used: dict[str, None] = {}
    for year in transcript["years"]:
        _year(report, year, used)
    issued = datetime.combine(date.fromisoformat(transcript["on"]), datetime.min.time(), VIETNAM)
    _add(report, "issueDate", issued.isoformat(timespec="seconds"))
    for scheme in used:
        described = _add(report, "gradingScheme")
        described.set("localId", scheme)
        for lang, words in SCHEMES[scheme]:
            _add(described, "description", words, lang=lang)


def _specification(
    parent: ET.Element, identifier: str, titles: Iterator[tuple[str, str]], kind: str
) -> ET.Element:
    los = _add(parent, "learningOpportunitySpecification")
    _identified(los, "local", identifier)
    for lang, title in titles:
        _add(los, "title", title, lang=lang)
    _add(los, "type", kind)
    return los


def _instance(
    los: ET.Element,
    year: SchoolYear,
    used: dict[str, None],
    *,
    scheme: str | None,
    result: str | None,
    status: str | None = None,
) -> None:
    """When it was learnt and with what result; `used` collects the schemes referred to."""
    loi = _add(_add(los, "specifies"), "learningOpportunityInstance")
    term = _add(loi, "academicTerm")
    _add(term, "title", f"Năm học {year.label}", lang="vi")
    _add(term, "title", f"School year {year.label}", lang="en")
    _add(term, "start", year.start.isoformat())
    _add(term, "end", date(year.first + 1, 7, 31).isoformat())
    if status is not None:
        _add(loi, "status", status)
    if result is not None and scheme is not None:
        used[scheme] = None
        _add(loi, "gradingSchemeLocalId", scheme)
        _add(loi, "resultLabel", result)
    _add(loi, "languageOfInstruction", "vi")


def _year(report: ET.Element, year: Mapping[str, Any], used: dict[str, None]) -> None:
    label, grade = year["school_year"], year["grade"]
    titles = iter((("vi", f"Lớp {grade}, {label}"), ("en", f"Grade {grade}, {label}")))
    los = _specification(report, label, titles, "Module")
    status = {"promoted": "passed", "retained": "failed", "pending": "in-progress"}
    held = SchoolYear.parse(label)
    _instance(
        los,
        held,
        used,
        scheme=STUDY_SCHEMES.get(year["regulation"]),
        result=year["study"]["CN"],
        status=status.get(year["promotion"] or ""),
    )
    for subject in year["subjects"]:
        _subject(_add(los, "hasPart"), subject, held, used)


def _subject(
    parent: ET.Element, subject: Mapping[str, Any], year: SchoolYear, used: dict[str, None]
) -> None:
    key = subject["subject"]
    identifier = f"{year.label}/{key}"
    los = _specification(parent, identifier, _subject_titles(key), "Course")
    result = subject["reassessed"] or subject["year"]
    _instance(los, year, used, scheme=_scheme(subject["form"], result), result=result)
    for number, vietnamese, english in _TERMS:
        average = subject["semesters"].get(number, {}).get("average")
        if average is not None:
            titles = iter((("vi", vietnamese), ("en", english)))
            part = _add(los, "hasPart")
            term = _specification(part, f"{identifier}/{number}", titles, "Class")
            scheme = _scheme(subject["form"], average)
            _instance(term, year, used, scheme=scheme, result=average)


def _subject_titles(key: str) -> Iterator[tuple[str, str]]:
    known = SUBJECTS.get(key)
    yield "vi", known.name if known else key
    if key in SUBJECT_NAMES:
        yield "en", SUBJECT_NAMES[key]


def _scheme(form: str, result: str | None) -> str | None:
    if result is None:
        return None
    if result == "M":
        return "exempt"
    return {"score": "score", "comment": "comment", "level": "primary-level"}.get(form)
