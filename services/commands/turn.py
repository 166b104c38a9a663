"""`hocba turn`: the year's turn (Kết chuyển năm học), its preview and its undoing."""

import csv
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from ledger.errors import NotFound
from ledger.school_year import SchoolYear
from services.commands.importing import progress
from services.errors import ServiceError
from services.output import print_csv, print_json, print_table
from services.reading import parse_day
from services.turning import OUTCOMES, Turning
from services.words import TURNS, WAITS, word
from services.workplace import Workplace

COLUMNS = (
    *("class_code", "pupil_id", "pupil_key", "full_name", "outcome", "grade"),
    *("next_grade", "next_class_code", "next_class_name", "reason"),
)
_SHOWN = ("class_name", "full_name", "pupil_key", "outcome", "next_class_name", "reason")
_HEADINGS = {
    "vi": ("Lớp", "Họ và tên", "Mã", "Kết quả", "Lớp năm sau", "Lý do"),
    "en": ("Class", "Full name", "Key", "Outcome", "Next class", "Reason"),
}
_NAMES_HEADER = ("class_code", "next_class_code", "next_name")


class NamesUnreadable(ServiceError):
    """The file of `--names` is not what is asked for."""

    exit_code = 3


@click.command()
@click.option("--school", required=True, metavar="CODE", help="The school's code.")
@click.option(
    "--from", "from_year", required=True, metavar="YEAR", help="The year that is over: 2024-2025."
)
@click.option(
    "--class", "classes", multiple=True, metavar="CODE", help="Only this class (repeatable)."
)
@click.option(
    "--names",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="CSV class_code,next_class_code,next_name: what the next classes are called.",
)
@click.option(
    "--on", metavar="DATE", help="First day in the new classes (default: 1 August of the new year)."
)
@click.option(
    "--as-of",
    metavar="DATE",
    help="Results are read on this day (default: today): after 30 September nobody is pending.",
)
@click.option("--preview", is_flag=True, help="Show where everybody goes; append nothing.")
@click.option("--undo", metavar="TURN", help="Undo the turn of this number.")
@click.pass_obj
def turn(
    workplace: Workplace,
    school: str,
    from_year: str,
    classes: tuple[str, ...],
    names: Path | None,
    on: str | None,
    as_of: str | None,
    preview: bool,
    undo: str | None,
) -> int:
    """Take a school's classes over into the next school year.

    Who has no result yet waits; give the same command again later and they are taken up. A turn
    is undone by its number, which the answer names.
    """
    year = SchoolYear.parse(from_year)
    chosen = _read_names(names) if names is not None else {}
    first_day = parse_day(on) if on else year.next.start
    results_of = parse_day(as_of) if as_of else date.today()
    with workplace.open() as (_, ledger), progress() as report:
        turning = Turning(ledger, account=workplace.account, school=school, year=year)
        if undo is not None:
            answer = turning.undo(_turn_id(undo), on=date.today(), report=report)
        else:
            commands = turning.commands(classes, chosen, on=first_day, as_of=results_of)
            answer = turning.run(commands, preview=preview, report=report)
    _show(answer, workplace)
    rejected = len(answer["rejected"])
    if not rejected:
        return 0
    return 4 if answer["classes"] else 3


def _turn_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(
            "unknown_turn", "a turn's number is a UUID, as the answer names it"
        ) from None


def _read_names(path: Path) -> dict[str, tuple[str | None, str | None]]:
    """Class code to (next code, next name), each None where its cell is empty.

    Raises:
        NamesUnreadable: no UTF-8, no such columns, a line without a class or with one named twice.
    """
    found: dict[str, tuple[str | None, str | None]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream)
            if set(rows.fieldnames or ()) != set(_NAMES_HEADER):
                raise NamesUnreadable(f"{path.name}: the columns are {', '.join(_NAMES_HEADER)}")
            for row in rows:
                code, *following = ((row[name] or "").strip() for name in _NAMES_HEADER)
                if not code or code in found:
                    line = rows.line_num
                    raise NamesUnreadable(f"{path.name}, line {line}: no class, or one named twice")
                found[code] = (following[0] or None, following[1] or None)
    except (UnicodeDecodeError, csv.Error):
        raise NamesUnreadable(f"{path.name} is no CSV file in UTF-8") from None
    return found


def _show(answer: dict[str, Any], workplace: Workplace) -> None:
    pupils = [pupil for one in answer["classes"] for pupil in one["pupils"]]
    if workplace.format == "json":
        print_json(answer)
        return
    if workplace.format == "csv":
        print_csv(COLUMNS, [[pupil.get(name) for name in COLUMNS] for pupil in pupils])
        return
    lang = workplace.lang
    rows = [
        [
            word(TURNS, pupil["outcome"], lang)
            if name == "outcome"
            else _reason(pupil["reason"], lang)
            if name == "reason"
            else pupil.get(name)
            for name in _SHOWN
        ]
        for pupil in pupils
    ]
    title = (
        f"{answer['school_code']} · {answer['from_school_year']} → {answer['to_school_year']}"
        + (f" · {answer['turn']}" if answer["turn"] else "")
    )
    print_table(title, _HEADINGS[lang], rows)
    for one in answer["classes"]:
        counts = ", ".join(
            f"{word(TURNS, name, lang)} {one[name]}"
            for name in (*OUTCOMES, "retracted", "kept")
            if one.get(name)
        )
        told = f"{one['class_code']}: {word(TURNS, one['state'], lang)}"
        print(f"{told} ({counts})" if counts else told)
    for refusal in answer["rejected"]:
        print(f"{refusal['class_code']}: {refusal['message']} ({refusal['reason']})")


def _reason(reason: str | None, lang: str) -> str | None:
    if reason is None:
        return None
    return ", ".join(word(WAITS, part, lang) for part in reason.split(", "))
