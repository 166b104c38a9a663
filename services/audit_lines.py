"""Lines of an audit on their way out: to JSON, CSV, a table, a workbook, as they are read."""

import csv
import hashlib
import io
import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from ledger.database import Connection
from ledger.identity_check import VIETNAM
from projections.views import Views
from services.audit_words import AUDIT_COLUMNS, AUDIT_COVER, AUDIT_FLAGS
from services.embedded.home import replace_file
from services.offices import notary_of
from services.output import csv_row, print_table
from services.sheets.protocol import Listing, ProtocolBook
from services.sheets.writing import Value
from services.words import word
from services.workplace import Workplace

COLUMNS = (
    *("position", "recorded_at", "effective_on", "ledger", "type", "subject", "before", "after"),
    *("recorded_by", "on_behalf_of", "reason"),
    *("pupil_key", "flags", "days_late", "result_changed"),
)
SHOWN = (
    *("position", "effective_on", "ledger", "type", "subject", "before", "after"),
    *("on_behalf_of", "reason", "flags"),
)
WIDTHS = (10, 26, 12, 8, 20, 18, 28, 28, 14, 14, 28, 14, 20, 10, 36)
TABLE_LINES = 200
"""How many lines a table shows before it is printed and the next begins."""


class Sink(Protocol):
    """Where lines go."""

    def add(self, line: dict[str, Any]) -> None:
        """One more line."""

    def end(self) -> None:
        """No more lines."""


class JsonSink:
    """One JSON document on standard output: the head's fields, then `entries`, one a line."""

    def __init__(self, head: dict[str, Any]) -> None:
        """`head` holds the answer's other fields."""
        fields = (f" {_json(name)}: {_json(value)}" for name, value in head.items())
        sys.stdout.write("{\n" + ",\n".join(fields) + ',\n "entries": [')
        self._separator = "\n  "

    def add(self, line: dict[str, Any]) -> None:
        sys.stdout.write(self._separator + _json(line))
        self._separator = ",\n  "

    def end(self) -> None:
        sys.stdout.write("\n ]\n}\n" if self._separator != "\n  " else "]\n}\n")


class CsvSink:
    """CSV with a header and nothing else on standard output; its digest goes to the cover."""

    def __init__(self) -> None:
        """Writes the header."""
        self._digest = hashlib.sha256()
        self._row(COLUMNS)

    @property
    def sha256(self) -> str:
        """Of the bytes written so far."""
        return self._digest.hexdigest()

    def add(self, line: dict[str, Any]) -> None:
        self._row([flat(line, name) for name in COLUMNS])

    def end(self) -> None:
        sys.stdout.flush()

    def _row(self, values: Sequence[Any]) -> None:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerow(csv_row(values))
        text = buffer.getvalue()
        self._digest.update(text.encode())
        sys.stdout.write(text)


class TableSink:
    """Tables for people, some hundred lines each."""

    def __init__(self, title: str, lang: str) -> None:
        """`title` stands above the first."""
        self._title: str | None = title
        self._lang = lang
        self._rows: list[list[Any]] = []

    def add(self, line: dict[str, Any]) -> None:
        self._rows.append([flat(line, name, self._lang) for name in ("pupil_key", *SHOWN)])
        if len(self._rows) == TABLE_LINES:
            self._print()

    def end(self) -> None:
        if self._rows or self._title is not None:
            self._print()

    def _print(self) -> None:
        headings = [word(AUDIT_COLUMNS, name, self._lang) for name in ("pupil_key", *SHOWN)]
        print_table(self._title, headings, self._rows)
        self._title, self._rows = None, []


class BookSink:
    """The listing of a workbook."""

    def __init__(self, book: ProtocolBook, lang: str) -> None:
        """Adds the listing to `book`."""
        headings = [word(AUDIT_COLUMNS, name, lang) for name in COLUMNS]
        self._listing: Listing = book.listing(word(AUDIT_COVER, "audit", lang), headings, WIDTHS)
        self._lang = lang

    def add(self, line: dict[str, Any]) -> None:
        self._listing.add([flat(line, name, self._lang) for name in COLUMNS])

    def end(self) -> None:
        """Nothing is left to be written."""


class Counter:
    """Counts the lines for the cover."""

    def __init__(self) -> None:
        """None yet."""
        self.lines = 0

    def add(self, line: dict[str, Any]) -> None:
        del line
        self.lines += 1

    def end(self) -> None:
        """Nothing to do."""


def flat(line: dict[str, Any], name: str, lang: str | None = None) -> Value:
    """A field in one cell: the place of a mark beside its subject, results as `what: old -> new`,
    other objects as JSON. With `lang` flags are told in words."""
    value: Any = line.get(name)
    if name == "on_behalf_of":
        named: str = value or line["recorded_by"]
        return named
    if name == "subject":
        places = ("semester", "slot", "item", "time", "period")
        parts = (value, *(line.get(place) for place in places))
        return "/".join(str(part) for part in parts if part is not None) or None
    if name == "flags":
        return ", ".join(word(AUDIT_FLAGS, flag, lang) if lang else flag for flag in value) or None
    if name == "result_changed":
        return "; ".join(map(result_text, value)) or None
    if isinstance(value, dict | list):
        return _json(value)
    shown: Value = value
    return shown


def result_text(change: dict[str, Any]) -> str:
    """A changed result in one line: `average/TOAN/HK1: 7.9 -> 8.0`."""
    place = (change["result"], change["subject"], change["period"])
    where = "/".join(part for part in place if part is not None)
    return f"{where}: {change['before'] or '–'} -> {change['after'] or '–'}"


def cover_facts(
    workplace: Workplace, views: Views, answer: dict[str, Any], *, side: str = "known_at"
) -> list[tuple[str, Value]]:
    """Ledger, position, instant, size and root of the log there, who asked, and when: with these
    anybody can ask the same again, and have it proven."""
    with views.ledger.database.connection() as connection:
        known_at = answer[side]
        size = known_at["position"] + 1
        return [
            ("ledger_name", workplace.ledgers.profile(workplace.ledger).name),
            ("position", known_at["position"]),
            ("recorded_at", known_at["recorded_at"]),
            ("size", size),
            ("root", root_at(workplace, views, connection, size)),
            ("asked_by", workplace.account),
            ("asked_at", datetime.now(VIETNAM).isoformat(timespec="seconds")),
        ]


def root_at(workplace: Workplace, views: Views, connection: Connection, size: int) -> str:
    """The root (hex) of the log's first `size` entries."""
    profile = workplace.ledgers.profile(workplace.ledger)
    return notary_of(workplace.ledgers, profile, views.ledger).root_at(connection, size).hex()


def write_cover(path: Path, facts: Sequence[tuple[str, Value]]) -> None:
    """The cover of a CSV as a file of its own: name and value, a line each."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("name", "value"))
    writer.writerows(map(csv_row, facts))
    replace_file(path, buffer.getvalue(), mode=0o644)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
