"""`hocba submit`: a report is handed in ("Chốt và nộp báo cáo") and never moves again."""

import sys
from datetime import date
from typing import Any

import click

from ledger.presets import PRESETS
from ledger.school_year import SchoolYear
from ledger.settings_lines import REPORTS
from projections.views import Views
from services.offices import notary_of
from services.output import messages, print_csv, print_json, print_table
from services.reading import parse_day
from services.report_words import REPORT_COLUMNS, REPORT_TITLES
from services.submitting import Report, Submitting
from services.words import word
from services.workplace import Workplace

_SHOWN = (
    *("report", "unit", "preset", "school_year", "on", "digest", "exceptions", "head"),
    *("state", "position", "recorded_at"),
)
_ASK = {"vi": "Nộp báo cáo này?", "en": "Hand this report in?"}
_KEPT = {"vi": "Không nộp.", "en": "Not handed in."}


@click.command()
@click.argument("name", metavar="REPORT", type=click.Choice(sorted(REPORTS)))
@click.option("--unit", required=True, metavar="CODE", help="The unit that hands it in.")
@click.option("--preset", required=True, type=click.Choice(PRESETS), help="The occasion.")
@click.option("--school-year", required=True, metavar="YEAR", help="As 2024-2025.")
@click.option("--head", metavar="STAFF", help="Who answers for the figures: a staff key.")
@click.option("--on", metavar="DATE", help="The day of the figures (default: the occasion's).")
@click.pass_obj
def submit(
    workplace: Workplace,
    name: str,
    unit: str,
    preset: str,
    school_year: str,
    head: str | None,
    on: str | None,
) -> int:
    """Hand a report in, with the figures as they are known now.

    The same figures again change nothing; other figures are handed in anew, and both stay.
    """
    wanted = Report(
        name=name,
        unit=unit,
        preset=preset,
        school_year=SchoolYear.parse(school_year),
        on=parse_day(on) if on else None,
        head=head,
    )
    with workplace.open() as (profile, ledger):
        root = notary_of(workplace.ledgers, profile, ledger).root_at
        submitting = Submitting(ledger, Views(ledger), root, account=workplace.account)
        figures = submitting.figures(wanted)
        if sys.stdin.isatty() and not _agreed(figures, workplace.lang):
            messages.print(_KEPT[workplace.lang])
            return 1
        answer = submitting.hand_in(wanted, figures, today=date.today())
    _show(answer, workplace)
    return 0


def _agreed(figures: dict[str, Any], lang: str) -> bool:
    """The totals on the terminal, and the question."""
    title = word(REPORT_TITLES, figures["report"], lang)
    messages.print(f"{title} · {figures['unit']} · {figures['on']}", style="bold", markup=False)
    for name, value in plain_totals(figures["totals"]):
        messages.print(f"  {word(REPORT_COLUMNS, name, lang)}: {value}", markup=False)
    unsound = word(REPORT_COLUMNS, "unsound", lang)
    messages.print(f"  {unsound}: {len(figures['exceptions'])}", markup=False)
    return click.confirm(_ASK[lang], err=True)


def plain_totals(totals: dict[str, Any]) -> list[tuple[str, Any]]:
    """The totals that are one figure each."""
    return [(name, value) for name, value in totals.items() if not isinstance(value, dict)]


def _show(answer: dict[str, Any], workplace: Workplace) -> None:
    if workplace.format == "json":
        print_json(answer)
    elif workplace.format == "csv":
        print_csv(_SHOWN, [[answer[name] for name in _SHOWN]])
    else:
        lang = workplace.lang
        rows = [[word(REPORT_COLUMNS, name, lang), answer[name]] for name in _SHOWN]
        rows += [
            [word(REPORT_COLUMNS, name, lang), value]
            for name, value in plain_totals(answer["totals"])
        ]
        headings = [word(REPORT_COLUMNS, name, lang) for name in ("what", "value")]
        print_table(word(REPORT_TITLES, answer["report"], lang), headings, rows)
