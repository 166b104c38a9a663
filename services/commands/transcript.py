"""`hocba transcript`: every school year of a pupil, by two dates."""

from collections.abc import Iterator
from typing import Any

import click

from ledger.subjects import SUBJECTS
from services.output import print_csv, print_json, print_table
from services.reading import open_views, parse_day, parse_key, parse_when
from services.workplace import Workplace

_CSV = ("school_year", "subject", "semester", "slot", "value")
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


@click.command()
@click.option("--pupil", required=True, metavar="KEY", help="kind:value or a local key.")
@click.option("--on", required=True, metavar="DATE", help="The day the transcript is of.")
@click.option("--known-at", metavar="WHEN", help="@POSITION or an instant (default: now).")
@click.pass_obj
def transcript(workplace: Workplace, pupil: str, on: str, known_at: str | None) -> int:
    """Full transcript of a day, as known at a moment."""
    key, day, when = parse_key(pupil), parse_day(on), parse_when(known_at)
    with open_views(workplace) as views:
        answer = views.transcript(key, on=day, known_at=when)
    if workplace.format == "json":
        print_json(answer)
    elif workplace.format == "csv":
        print_csv(_CSV, list(_cells(answer)))
    else:
        _print_tables(answer, _WORDS[workplace.lang], workplace.lang)
    return 0


def _cells(answer: dict[str, Any]) -> Iterator[list[Any]]:
    """One row for each mark and each result."""
    for year in answer["years"]:
        for subject in year["subjects"]:
            place = [year["school_year"], subject["subject"]]
            for number, term in subject["semesters"].items():
                marks = term["marks"]
                for index, value in enumerate(marks["TX"], 1):
                    yield [*place, number, f"TX{index}", value]
                for slot in ("GK", "CK"):
                    if marks[slot] is not None:
                        yield [*place, number, slot, marks[slot]]
                yield [*place, number, "average", term["average"]]
            yield [*place, "CN", "year", subject["reassessed"] or subject["year"]]


def _print_tables(answer: dict[str, Any], words: dict[str, str], lang: str) -> None:
    profile = answer["profile"]
    shown = (profile["full_name"], profile["birth_date"], answer["pupil_key"])
    known_at = answer["known_at"]["position"]
    click.echo(" · ".join(str(part) for part in shown if part) + f" · {answer['on']} · @{known_at}")
    for year in answer["years"]:
        schools = ", ".join(school["name"] or school["school_code"] for school in year["schools"])
        title = f"{year['school_year']} · {year['grade']} · {schools}"
        print_table(title, _headings(words), [_line(s, lang) for s in year["subjects"]])
        click.echo("  ".join(f"{label}: {value}" for label, value in _outcome(year, words)))
    click.echo(answer["digest"])


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
