"""The years of a transcript as tables for people."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import click

from ledger.subjects import SUBJECTS
from services.output import print_table

_TERMS = ("1", "2")
_WORDS = {
    "vi": {
        "subject": "Môn",
        "term": "HK",
        "year": "CN",
        "regular": "TX",
        "conduct": "Rèn luyện",
        "study": "Học tập",
        "absences": "Vắng (có phép/không phép)",
        "promotion": "Kết quả",
        "title": "Danh hiệu",
        "promoted": "được lên lớp",
        "retained": "không được lên lớp",
        "pending": "chờ xét",
    },
    "en": {
        "subject": "Subject",
        "term": "Term ",
        "year": "Year",
        "regular": "TX",
        "conduct": "Conduct",
        "study": "Study",
        "absences": "Absences (excused/unexcused)",
        "promotion": "Outcome",
        "title": "Title",
        "promoted": "promoted",
        "retained": "retained",
        "pending": "pending",
    },
}


_WHOLE_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def shown_day(text: Any, lang: str) -> Any:
    """An ISO date as forms here have it (dd/mm/yyyy); a partial one, and English, as it is."""
    if lang != "vi" or not isinstance(text, str) or not _WHOLE_DAY.fullmatch(text):
        return text
    return date.fromisoformat(text).strftime("%d/%m/%Y")


def print_years(years: Sequence[dict[str, Any]], lang: str) -> None:
    """Prints one table a school year: subjects, marks, results."""
    words = _WORDS[lang]
    for year in years:
        schools = ", ".join(
            school["name"] or school["school_code"] or "–" for school in year["schools"]
        )
        title = f"{year['school_year']} · {year['grade']} · {schools}"
        print_table(title, _headings(words), [_line(s, lang) for s in year["subjects"]])
        click.echo("  ".join(f"{label}: {value}" for label, value in _outcome(year, words)))


def _headings(words: dict[str, str]) -> list[str]:
    parts = [words["subject"]]
    for number in _TERMS:
        term = f"{words['term']}{number}"
        parts += [f"{term} {words['regular']}", f"{term} GK", f"{term} CK", term]
    return [*parts, words["year"]]


def _line(subject: dict[str, Any], lang: str) -> list[Any]:
    known = SUBJECTS.get(subject["subject"])
    line: list[Any] = [known.short_name if known and lang == "vi" else subject["subject"]]
    for number in _TERMS:
        term = subject["semesters"][number]
        marks = term["marks"]
        regular = " ".join(_comma(value) or "" for value in marks["TX"])
        line += [regular or None, *map(_comma, (marks["GK"], marks["CK"], term["average"]))]
    return [*line, _comma(subject["reassessed"] or subject["year"])]


def _comma(value: str | None) -> str | None:
    """A decimal as people here write it."""
    return value.replace(".", ",") if value is not None else None


def _outcome(year: dict[str, Any], words: dict[str, str]) -> Iterator[tuple[str, str]]:
    for name in ("conduct", "study"):
        levels = (year[name][period] or "-" for period in ("HK1", "HK2", "CN"))
        yield words[name], "/".join(levels)
    absences = year["absences"]
    if absences["total"] is not None:
        yield words["absences"], f"{absences['excused']}/{absences['unexcused']}"
    if year["promotion"] is not None:
        yield words["promotion"], words.get(year["promotion"], year["promotion"])
    if year["title"] is not None:
        yield words["title"], year["title"]
