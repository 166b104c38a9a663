"""`hocba board`: reports handed in, missing, handed in again, late; and what changed since."""

from datetime import date
from typing import Any

import click

from ledger.presets import PRESETS
from ledger.school_year import SchoolYear
from ledger.settings_lines import REPORTS
from projections.reports.board import STATUSES, BoardQuestion
from services.output import print_csv, print_json, print_table
from services.reading import open_views, parse_day, parse_when
from services.report_words import REPORT_TITLES
from services.words import word
from services.workplace import Workplace

COLUMNS = (
    *("unit_code", "unit", "report", "status", "late", "due_on", "submitted_on", "times", "by"),
    *("head", "position", "figures_position", "digest", "changed"),
)
_SHOWN = (
    *("unit_code", "unit", "report", "status", "due_on", "submitted_on", "times", "by", "head"),
    *("position", "changed"),
)
_HEADINGS = {
    "vi": (
        *("Mã", "Đơn vị", "Báo cáo", "Tình trạng", "Hạn nộp", "Ngày nộp", "Số lần", "Người nộp"),
        *("Thủ trưởng", "Số ghi", "Thay đổi từ khi nộp"),
    ),
    "en": (
        *("Code", "Unit", "Report", "Status", "Due on", "Handed in", "Times", "By"),
        *("Head", "Entry", "Changed since"),
    ),
}
STATUS_WORDS: dict[str, tuple[str, str]] = {
    "submitted": ("đã nộp", "handed in"),
    "resubmitted": ("nộp lại", "handed in again"),
    "missing": ("chưa nộp", "not handed in"),
    "late": ("quá hạn", "overdue"),
}
_LATE = {"vi": "sau hạn", "en": "after its day"}
_CHANGED = {"vi": {True: "có", False: "không"}, "en": {True: "yes", False: "no"}}
_WHAT = {
    "vi": ("Mã", "Báo cáo", "Dòng", "Mục", "Đã nộp", "Hiện nay"),
    "en": ("Code", "Report", "Row", "Figure", "Handed in", "Now"),
}


@click.command()
@click.option("--preset", required=True, type=click.Choice(PRESETS), help="The occasion.")
@click.option("--school-year", required=True, metavar="YEAR", help="As 2024-2025.")
@click.option("--report", type=click.Choice(sorted(REPORTS)), help="Only this report.")
@click.option("--under", metavar="CODE", help="One unit and all below it.")
@click.option("--on", metavar="DATE", help="The board as of this day (default: today).")
@click.option("--known-at", metavar="WHEN", help="@POSITION or an instant (default: now).")
@click.option("--what", is_flag=True, help="The rows that changed since a report was handed in.")
@click.option("--quick", is_flag=True, help="Do not compute the reports anew to see what changed.")
@click.pass_obj
def board(
    workplace: Workplace,
    preset: str,
    school_year: str,
    report: str | None,
    under: str | None,
    on: str | None,
    known_at: str | None,
    what: bool,
    quick: bool,
) -> int:
    """Who handed reports in, who did not, and what changed since."""
    if what and quick:
        raise click.UsageError("--what needs the comparison that --quick leaves out")
    asked = BoardQuestion(
        preset=preset,
        school_year=SchoolYear.parse(school_year),
        on=parse_day(on) if on else date.today(),
        report=report,
        under=under,
        compare=not quick,
        what=what,
    )
    when = parse_when(known_at)
    with open_views(workplace) as views:
        answer = views.board(asked, known_at=when)
    if workplace.format == "json":
        print_json(answer)
    elif workplace.format == "csv":
        print_csv(COLUMNS, [[row[name] for name in COLUMNS] for row in answer["rows"]])
    else:
        _print_table(answer, workplace.lang)
    return 0


def _print_table(answer: dict[str, Any], lang: str) -> None:
    counts = ", ".join(
        f"{word(STATUS_WORDS, status, lang)} {answer['totals'][status]}" for status in STATUSES
    )
    title = f"{answer['preset']} · {answer['school_year']} · {answer['on']} · {counts}"
    print_table(title, _HEADINGS[lang], [_cells(row, lang) for row in answer["rows"]])
    changes = [
        [
            *(row["unit_code"], word(REPORT_TITLES, row["report"], lang)),
            " · ".join(str(value) for value in change["row"].values() if value is not None),
            *(change["field"], change["submitted"], change["now"]),
        ]
        for row in answer["rows"]
        for change in row.get("changes", ())
    ]
    if changes:
        print_table(None, _WHAT[lang], changes)


def _cells(row: dict[str, Any], lang: str) -> list[Any]:
    cells = {name: row[name] for name in _SHOWN}
    cells["report"] = word(REPORT_TITLES, row["report"], lang)
    cells["status"] = word(STATUS_WORDS, row["status"], lang)
    if row["late"] and row["position"] is not None:
        cells["status"] += f" ({_LATE[lang]})"
    cells["changed"] = _CHANGED[lang].get(row["changed"])
    return list(cells.values())
