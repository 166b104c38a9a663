"""A report as a workbook: a cover sheet that names day, position and root, then the figures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from services.offices import notary_of
from services.report_words import REPORT_COLUMNS, REPORT_TITLES, cell, unsound
from services.sheets.writing import Table, Value, write_workbook
from services.words import word
from services.workplace import Workplace

_WIDE = frozenset({"mend", "unit", "full_name", "units", "where", "pupil_id", "school_code"})


def write_report(
    workplace: Workplace, answer: dict[str, Any], path: Path, columns: Sequence[str]
) -> None:
    """Writes the cover, the rows, what is unsound and, where they were asked for, the pupils.

    Raises:
        OSError: the file cannot be written.
    """
    lang = workplace.lang
    title = word(REPORT_TITLES, answer["report"], lang)
    reasons = [unsound(one, lang) for one in answer["exceptions"]]
    sheets = [
        _cover(workplace, answer, title),
        _table(title, columns, answer["rows"], lang),
        _table(
            word(REPORT_TITLES, "unsound", lang),
            ("where", "pupil_key", "reason", "detail", "mend", "pupil_id"),
            reasons,
            lang,
        ),
    ]
    for field in ("list", "list_staff"):
        if listed := answer.get(field):
            names = word(REPORT_TITLES, field, lang)
            sheets.append(_table(names, [n for n in listed[0] if n != "units"], listed, lang))
    write_workbook(path, sheets)


def _cover(workplace: Workplace, answer: dict[str, Any], title: str) -> Table:
    """Whoever holds the sheet can ask for the same figures again, and compare."""
    known_at = answer["known_at"]
    size = known_at["position"] + 1
    with workplace.open() as (profile, ledger), ledger.database.connection() as connection:
        root = notary_of(workplace.ledgers, profile, ledger).root_at(connection, size).hex()
    facts: list[tuple[str, Value]] = [
        ("report", title),
        ("ledger", profile.name),
        ("unit", answer["unit"] or word(REPORT_TITLES, "everything", workplace.lang)),
        ("on", answer["on"]),
        ("preset", answer.get("preset")),
        ("position", known_at["position"]),
        ("recorded_at", known_at["recorded_at"]),
        ("root", root),
        ("made_by", workplace.account),
        *((name, value) for name, value in answer["totals"].items() if _plain(value)),
        ("unsound", len(answer["exceptions"])),
    ]
    return Table(
        name=word(REPORT_TITLES, "cover", workplace.lang),
        title=(title,),
        headings=[word(REPORT_COLUMNS, name, workplace.lang) for name in ("what", "value")],
        rows=[[word(REPORT_COLUMNS, name, workplace.lang), value] for name, value in facts],
        widths=(32, 72),
    )


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int)


def _table(name: str, columns: Sequence[str], rows: Sequence[dict[str, Any]], lang: str) -> Table:
    return Table(
        name=name,
        title=(name,),
        headings=[word(REPORT_COLUMNS, column, lang) for column in columns],
        rows=[[_cell(cell(column, row.get(column), lang)) for column in columns] for row in rows],
        widths=[38 if column in _WIDE else 14 for column in columns],
        landscape=len(columns) > 6,
    )


def _cell(value: Any) -> Value:
    return value if _plain(value) else str(value)
