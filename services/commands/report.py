"""`hocba report`: figures of a day, as known at a moment; each total opens its pupils."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import click

from ledger.errors import Refused
from ledger.presets import PRESETS
from ledger.school_year import SchoolYear
from projections.moment import When
from projections.reports.frame import Question
from projections.reports.published import disagreements
from projections.reports.registry import REPORTS
from projections.views import Views
from services.output import messages, print_csv, print_json, print_table
from services.reading import open_views, parse_day, parse_when
from services.report_book import write_report
from services.report_words import REPORT_COLUMNS, REPORT_TITLES, cell, unsound
from services.words import word
from services.workplace import Workplace

_COMPARED = ("where", "against", "field", "stated", "computed", "difference")


@click.command()
@click.argument("name", type=click.Choice(sorted(REPORTS)))
@click.option("--on", metavar="DATE", help="The day the figures are of.")
@click.option("--preset", type=click.Choice(PRESETS), help="The day of an occasion instead.")
@click.option("--school-year", metavar="YEAR", help="The year of the preset, as 2024-2025.")
@click.option("--known-at", metavar="WHEN", help="@POSITION or an instant (default: now).")
@click.option("--unit", metavar="CODE", help="Only what stands under this unit.")
@click.option("--by", multiple=True, metavar="NAME", help="ethnicity, disability, age (headcount).")
@click.option("--list", "listing", is_flag=True, help="The pupils behind every total.")
@click.option(
    "--submitted",
    metavar="N",
    help="The figures as they were handed in by entry N (see `hocba board`); needs no day.",
)
@click.option("--xlsx", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@click.option(
    "--compare",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="identity: where published tables disagree with themselves; needs no day.",
)
@click.pass_obj
def report(
    workplace: Workplace,
    name: str,
    on: str | None,
    preset: str | None,
    school_year: str | None,
    known_at: str | None,
    unit: str | None,
    by: tuple[str, ...],
    listing: bool,
    submitted: str | None,
    xlsx: Path | None,
    compare: Path | None,
) -> int:
    """Figures of a day by unit, each with what is unsound behind it.

    `identity --compare FILE` reads published tables instead (a JSON object: lists of rows with
    pupils, pupils_unmatched, staff, staff_unmatched under keys annex_1_…, annex_2_…; what was
    printed as an annex's total under annex_N_…_stated_total) and lists where a stated total is
    not the sum of its rows, and where two annexes give two figures for one thing.
    """
    if compare is not None:
        return _compare(workplace, name, compare)
    if submitted is not None:
        if any((on, preset, school_year, known_at, unit, by, listing)):
            raise click.UsageError("--submitted says itself what the figures are of")
        return _submitted(workplace, name, _entry_number(submitted), xlsx)
    kind = REPORTS[name]
    if unknown := [attribute for attribute in by if attribute not in kind.by]:
        known = ", ".join(kind.by) or "nothing further"
        raise click.UsageError(f"{name} counts by {known}, not by {unknown[0]}")
    when = parse_when(known_at)
    year = SchoolYear.parse(school_year) if school_year else None
    with open_views(workplace) as views:
        question = Question(
            on=_day(views, on, preset, year, when),
            unit=unit,
            by=tuple(dict.fromkeys(by)),
            listing=listing,
            school_year=year.label if year else None,
            preset=preset,
        )
        answer = views.report(name, question, known_at=when)
    if preset is not None:
        answer["preset"] = preset
        answer["school_year"] = question.school_year
    if xlsx is not None:
        write_report(workplace, answer, xlsx, _columns(name, question))
    _print(workplace, answer, _columns(name, question))
    return 0


def _entry_number(text: str) -> int:
    number = text.removeprefix("@")
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        raise click.UsageError("--submitted is followed by the number of an entry")
    return int(number)


def _submitted(workplace: Workplace, name: str, position: int, xlsx: Path | None) -> int:
    """The figures of a submission, found again and compared; 10 where they are others now."""
    with open_views(workplace) as views:
        handed, answer = views.submitted(position)
    if handed.said.report != name:
        raise click.UsageError(f"entry {position} handed in {handed.said.report}, not {name}")
    equal = answer["digest"] == handed.said.digest
    answer["preset"] = handed.said.preset
    answer["school_year"] = handed.said.school_year
    answer["submitted"] = {**handed.document, "equal": equal}
    columns = list(REPORTS[name].columns)
    if xlsx is not None:
        write_report(workplace, answer, xlsx, columns)
    _print(workplace, answer, columns)
    if not equal:
        messages.print(
            "hocba: the figures found again are not those handed in; an erasure in between "
            "changes breakdowns, anything else is for `hocba verify`",
            markup=False,
        )
    return 0 if equal else 10


def _day(
    views: Views, on: str | None, preset: str | None, year: SchoolYear | None, when: When
) -> date:
    if (on is None) == (preset is None):
        raise click.UsageError("give either --on DATE or --preset with --school-year")
    if on is not None:
        return parse_day(on)
    if year is None:
        raise click.UsageError("--preset needs --school-year")
    assert preset is not None
    return views.preset_day(preset, year, known_at=when)


def _columns(name: str, question: Question) -> list[str]:
    """The kind's columns, with the attributes asked for before the count."""
    columns = list(REPORTS[name].columns)
    at = columns.index("count") if "count" in columns else len(columns)
    return [*columns[:at], *question.by, *columns[at:]]


def _print(workplace: Workplace, answer: dict[str, Any], columns: list[str]) -> None:
    rows = [[row.get(column) for column in columns] for row in answer["rows"]]
    if workplace.format == "json":
        print_json(answer)
    elif workplace.format == "csv":
        print_csv(columns, rows)
    else:
        lang = workplace.lang
        title = word(REPORT_TITLES, answer["report"], lang)
        place = f" · {answer['unit']}" if answer["unit"] else ""
        print_table(
            f"{title}{place} · {answer['on']} · @{answer['known_at']['position']}",
            [word(REPORT_COLUMNS, column, lang) for column in columns],
            [[cell(*pair, lang) for pair in zip(columns, row, strict=True)] for row in rows],
        )
        totals = {k: v for k, v in answer["totals"].items() if not isinstance(v, dict)}
        click.echo("  ".join(f"{word(REPORT_COLUMNS, k, lang)}: {v}" for k, v in totals.items()))
        _print_exceptions(answer, lang)
        _print_list(answer, lang)


def _print_exceptions(answer: dict[str, Any], lang: str) -> None:
    if answer["exceptions"]:
        columns = ("where", "pupil_key", "reason", "detail", "mend")
        told = [unsound(one, lang) for one in answer["exceptions"]]
        rows = [[one[name] for name in columns] for one in told]
        headings = [word(REPORT_COLUMNS, column, lang) for column in columns]
        print_table(word(REPORT_TITLES, "unsound", lang), headings, rows)


def _print_list(answer: dict[str, Any], lang: str) -> None:
    if answer.get("list"):
        columns = [name for name in answer["list"][0] if name not in ("units", "pupil_id")]
        headings = [word(REPORT_COLUMNS, column, lang) for column in columns]
        rows = [
            [cell(column, one.get(column), lang) for column in columns] for one in answer["list"]
        ]
        print_table(word(REPORT_TITLES, "list", lang), headings, rows)


def _compare(workplace: Workplace, name: str, path: Path) -> int:
    """Published tables against themselves; no ledger is opened."""
    if name != "identity":
        raise click.UsageError("--compare belongs to the identity report")
    try:
        tables = json.loads(path.read_text("utf-8"))
        found = disagreements(tables)
        json.dumps(tables, ensure_ascii=False).encode()  # half a character cannot be printed
    except (
        ValueError,
        TypeError,
        AttributeError,
        LookupError,
        ArithmeticError,
        RecursionError,
    ) as error:
        raise Refused(
            "bad_tables",
            f"{path.name} holds no published identity tables",
            suggestion="docs: the form of the file stands at `hocba report`",
        ) from error
    if workplace.format == "json":
        print_json({"report": "identity", "as_of": tables.get("as_of"), "disagreements": found})
    else:
        rows = [[one[column] for column in _COMPARED] for one in found]
        if workplace.format == "csv":
            print_csv(_COMPARED, rows)
        else:
            headings = [word(REPORT_COLUMNS, column, workplace.lang) for column in _COMPARED]
            print_table(f"{path.name}: {len(found)}", headings, rows)
    return 0
