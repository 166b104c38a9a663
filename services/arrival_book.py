"""The import report as a workbook: a cover, what came, what differs, what is missing."""

from pathlib import Path
from typing import Any

from services.arrival_screen import CAME, DIFFERS, MISSING, TITLES, headings
from services.arrival_words import OUTCOMES, came_rows, day, difference_rows, gap_rows
from services.sheets.writing import Table, write_workbook
from services.words import word

_COVER: dict[str, tuple[str, str]] = {
    "title": ("Báo cáo tiếp nhận hồ sơ", "Import report"),
    "case": ("Số hồ sơ chuyển", "Transfer"),
    "outcome": ("Kết quả", "Outcome"),
    "on": ("Tính đến ngày", "On"),
    "school_code": ("Trường tiếp nhận", "School"),
    "class_code": ("Lớp", "Class"),
    "first_day": ("Ngày đầu tiên", "First day"),
    "what": ("Mục", "What"),
    "value": ("Nội dung", "Value"),
}


def write_arrival(report: dict[str, Any], path: Path, lang: str) -> None:
    """Writes the workbook. Raises OSError where the file cannot be written."""
    write_workbook(
        path,
        [
            _cover(report, lang),
            _sheet("came", CAME, came_rows(report, lang), lang),
            _sheet("differs", DIFFERS, difference_rows(report, lang), lang),
            _sheet("missing", MISSING, gap_rows(report, lang), lang),
        ],
    )


def _cover(report: dict[str, Any], lang: str) -> Table:
    facts = [
        ("case", report["case"]),
        ("outcome", word(OUTCOMES, report["outcome"], lang)),
        ("on", day(report["on"])),
        ("school_code", report.get("school_code")),
        ("class_code", report.get("class_code")),
        ("first_day", day(report.get("first_day"))),
    ]
    title = word(_COVER, "title", lang)
    return Table(
        name=title,
        title=(title,),
        headings=[word(_COVER, name, lang) for name in ("what", "value")],
        rows=[[word(_COVER, name, lang), value] for name, value in facts],
        widths=(28, 60),
    )


def _sheet(name: str, columns: tuple[str, ...], rows: list[list[str]], lang: str) -> Table:
    title = word(TITLES, name, lang)
    wide = {"schools", "acts", "difference", "there", "here"}
    return Table(
        name=title.split("(")[0].strip()[:31],
        title=(title,),
        headings=headings(columns, lang),
        rows=rows,
        widths=[40 if column in wide else 16 for column in columns],
        landscape=True,
    )
