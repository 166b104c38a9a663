"""`hocba roster`: a class list by two dates."""

from datetime import date
from pathlib import Path
from typing import Any

import click

from services.output import print_csv, print_json, print_table
from services.reading import open_views, parse_day, parse_when
from services.report_words import cell
from services.sheets.writing import Table, Value, write_workbook
from services.transcript_table import shown_day
from services.words import STATUSES, word
from services.workplace import Workplace

COLUMNS = (
    *("pupil_id", "pupil_key", "full_name", "birth_date", "sex"),
    *("entered_on", "entry_kind", "status_code", "status"),
)
_SHOWN = ("full_name", "birth_date", "sex", "pupil_key", "entered_on", "status_code")
_HEADINGS = {
    "vi": ("STT", "Họ và tên", "Ngày sinh", "Giới tính", "Mã", "Vào lớp", "TT", "Trạng thái"),
    "en": ("No.", "Full name", "Born", "Sex", "Key", "Entered on", "Code", "Status"),
}


@click.command()
@click.option("--class", "class_", required=True, metavar="CODE", help="Code or school/year/name.")
@click.option("--on", required=True, metavar="DATE", help="The day the list is of.")
@click.option("--known-at", metavar="WHEN", help="@POSITION or an instant (default: now).")
@click.option(
    "--xlsx",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write it as a workbook too.",
)
@click.pass_obj
def roster(
    workplace: Workplace, class_: str, on: str, known_at: str | None, path: Path | None
) -> int:
    """Class list of a day, as known at a moment."""
    day, when = parse_day(on), parse_when(known_at)
    with open_views(workplace) as views:
        answer = views.roster(class_, on=day, known_at=when)
    if path is not None:
        write_workbook(path, [class_list(answer)])
    if workplace.format == "json":
        print_json(answer)
    elif workplace.format == "csv":
        print_csv(COLUMNS, [[pupil[name] for name in COLUMNS] for pupil in answer["pupils"]])
    else:
        _print_table(answer, workplace.lang)
    return 0


def _print_table(answer: dict[str, Any], lang: str) -> None:
    title = (
        f"{answer['class_name']} ({answer['class_code']}) · {shown_day(answer['on'], lang)} · "
        f"@{answer['known_at']['position']} · {answer['count']}"
    )
    rows = [
        [
            number,
            *(shown_day(cell(name, pupil[name], lang), lang) for name in _SHOWN),
            word(STATUSES, pupil["status"], lang),
        ]
        for number, pupil in enumerate(answer["pupils"], 1)
    ]
    print_table(title, _HEADINGS[lang], rows)


_SEXES = {"nam": "Nam", "nu": "Nữ", "khac": "Khác"}


def class_list(answer: dict[str, Any]) -> Table:
    """The class list as a sheet to be printed, or corrected and imported: it names pupils by the
    local key under a heading that no template of the ministry has."""
    rows: list[list[Value]] = [
        [
            number,
            pupil["pupil_key"],
            pupil["full_name"],
            _day(pupil["birth_date"]),
            _SEXES.get(pupil["sex"] or "", pupil["sex"]),
            _day(pupil["entered_on"]),
            word(STATUSES, pupil["status"], "vi"),
            None,
        ]
        for number, pupil in enumerate(answer["pupils"], 1)
    ]
    return Table(
        name=answer["class_name"],
        title=(
            f"DANH SÁCH HỌC SINH LỚP {answer['class_name']} · {answer['school_year']}",
            f"Tính đến ngày {date.fromisoformat(answer['on']):%d/%m/%Y} · theo dữ liệu đã ghi đến "
            f"số {answer['known_at']['position']} · {answer['count']} học sinh",
        ),
        headings=(
            *("STT", "Mã của trường", "Họ và tên", "Ngày sinh", "Giới tính"),
            *("Ngày vào lớp", "Trạng thái", "Ghi chú"),
        ),
        rows=rows,
        widths=(5, 14, 28, 12, 9, 13, 16, 14),
    )


def _day(text: str | None) -> Value:
    """A whole date as a date cell; a partial one as it is known."""
    return date.fromisoformat(text) if text and len(text) == 10 else text
