"""`hocba units`: the tree of units of a day."""

from datetime import date
from typing import Any

import click

from services.output import print_csv, print_json, print_table
from services.reading import open_views, parse_day, parse_when
from services.words import UNIT_KINDS, word
from services.workplace import Workplace

COLUMNS = (
    *("code", "kind", "name", "parent", "parent_code", "levels"),
    *("opened_on", "closed_on", "successor", "current"),
)
_HEADINGS = {
    "vi": ("Mã", "Tên", "Loại", "Cấp học", "Đến ngày"),
    "en": ("Code", "Name", "Kind", "Levels", "Until"),
}
_CLOSED = {
    "vi": ("Mã", "Tên", "Loại", "Thôi từ ngày", "Nơi thay thế"),
    "en": ("Code", "Name", "Kind", "Closed on", "Now"),
}
_CLOSED_TITLE = {"vi": "Không còn", "en": "Closed"}


@click.command()
@click.option("--on", metavar="DATE", help="The day the tree is of (default: today).")
@click.option("--known-at", metavar="WHEN", help="@POSITION or an instant (default: now).")
@click.option("--under", metavar="CODE", help="One unit and all below it.")
@click.pass_obj
def units(workplace: Workplace, on: str | None, known_at: str | None, under: str | None) -> int:
    """Units in force on a day, each under the one above it, and those closed by then."""
    day = date.today() if on is None else parse_day(on)
    when = parse_when(known_at)
    with open_views(workplace) as views:
        answer = views.units(on=day, known_at=when, under=under)
    if workplace.format == "json":
        print_json(answer)
    elif workplace.format == "csv":
        print_csv(COLUMNS, [_flat(unit) for unit in (*answer["units"], *answer["closed"])])
    else:
        _print_tables(answer, workplace.lang)
    return 0


def _flat(unit: dict[str, Any]) -> list[str | None]:
    return [unit.get(name) for name in COLUMNS[:5]] + [
        ";".join(unit["levels"]),
        *(unit.get(name) for name in COLUMNS[6:]),
    ]


def _print_tables(answer: dict[str, Any], lang: str) -> None:
    rows = [
        [
            unit["code"],
            "  " * unit["depth"] + unit["name"],
            word(UNIT_KINDS, unit["kind"], lang),
            ";".join(unit["levels"]),
            unit["closed_on"],
        ]
        for unit in answer["units"]
    ]
    title = f"{answer['on']} · @{answer['known_at']['position']} · {answer['count']}"
    print_table(title, _HEADINGS[lang], rows)
    closed = [
        [
            unit["code"],
            unit["name"],
            word(UNIT_KINDS, unit["kind"], lang),
            unit["closed_on"],
            unit["current"],
        ]
        for unit in answer["closed"]
    ]
    if closed:
        print_table(_CLOSED_TITLE[lang], _CLOSED[lang], closed)
