"""`hocba reconcile`: the ministry's export against our own list."""

from datetime import date
from pathlib import Path

import click

from projections.moment import resolve
from services.commands.importing import progress
from services.csdl.reconciliation import Reconciliation, read_export, reconcile
from services.output import print_csv, print_json, print_table
from services.reading import parse_day
from services.sheets.writing import Table, write_workbook
from services.words import RECONCILING, word
from services.workplace import Workplace

EQUAL, DIFFERENT = 0, 4
COLUMNS = (
    *("verdict", "full_name", "pupil_key", "class_code", "sheet", "line"),
    *("field", "ours", "theirs", "who", "todo"),
)
_HEADINGS = (
    *("Kết luận", "Họ và tên", "Mã", "Lớp", "Trang tính", "Dòng"),
    *("Mục", "Ở đây", "Ở CSDL ngành", "Ai xử lý", "Việc cần làm"),
)


@click.command(name="reconcile")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--on", required=True, metavar="DATE", help="The day of our list.")
@click.option("--school", metavar="CODE", help="One school (default: all of this ledger).")
@click.option(
    "--xlsx",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the findings as a workbook too.",
)
@click.pass_obj
def reconcile_(
    workplace: Workplace, file: Path, on: str, school: str | None, path: Path | None
) -> int:
    """Compare the ministry's list of pupils with ours of a day: exit code 4 where they differ.

    Pupils are matched by the ministry's code or the personal number, never by name alone.
    """
    day = parse_day(on)
    theirs = list(read_export(file))
    with (
        workplace.open() as (_, ledger),
        ledger.database.connection() as connection,
        progress() as report,
    ):
        moment = resolve(connection, None)
        found = reconcile(
            ledger, connection, theirs, on=day, moment=moment, school=school, report=report
        )
    if path is not None:
        write_workbook(path, [_table(found, day)])
    if workplace.format == "json":
        print_json({"file": file.name, **found.document()})
    elif workplace.format == "csv":
        print_csv(COLUMNS, _rows(found))
    else:
        _print(found, workplace.lang)
    return DIFFERENT if found.findings else EQUAL


def _rows(found: Reconciliation) -> list[list[str | int | None]]:
    return [[getattr(finding, name) for name in COLUMNS] for finding in found.findings]


def _in_words(found: Reconciliation, lang: str) -> list[list[str | int | None]]:
    return [
        [
            word(RECONCILING, str(cell), lang) if column in ("verdict", "who", "todo") else cell
            for column, cell in zip(COLUMNS, row, strict=True)
        ]
        for row in _rows(found)
    ]


def _print(found: Reconciliation, lang: str) -> None:
    title = f"{found.on} · @{found.moment.position} · {found.ours} / {found.theirs}"
    if found.findings:
        headings = _HEADINGS if lang == "vi" else COLUMNS
        print_table(title, headings, _in_words(found, lang))
    else:
        click.echo(title)
    click.echo(f"{found.equal} =")


def _table(found: Reconciliation, day: date) -> Table:
    return Table(
        name="Doi chieu",
        title=(
            f"ĐỐI CHIẾU VỚI CƠ SỞ DỮ LIỆU NGÀNH · tính đến ngày {day:%d/%m/%Y}",
            f"Theo dữ liệu đã ghi đến số {found.moment.position} · ở đây {found.ours}, ở CSDL "
            f"ngành {found.theirs}, khớp {found.equal}",
        ),
        headings=_HEADINGS,
        rows=_in_words(found, "vi"),
        widths=(20, 28, 14, 12, 12, 7, 14, 20, 20, 16, 44),
        landscape=True,
    )
