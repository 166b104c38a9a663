"""The staging area: a temporary SQLite database that holds an import while it runs.

It keeps memory flat whatever the size of the files, and answers by SQL what concerns many lines
at once: duplicates, contradictions, order. It holds personal data in clear, so its file is its
owner's alone and loses its name as soon as it is open: whatever ends the process ends the file.
"""

import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Self
from uuid import UUID

from services.importing.kinds import ALL_KINDS, FileKind
from services.importing.line_keys import Cells
from services.importing.problems import Problem

SEPARATOR = "\x1f"
"""Stands in no cleaned cell: cleaning takes it for white space."""

BATCH = 2000
_SCHEMA = """
CREATE TABLE line (
    id INTEGER PRIMARY KEY, step INTEGER NOT NULL, kind TEXT NOT NULL, file INTEGER NOT NULL,
    line INTEGER NOT NULL, counted INTEGER NOT NULL, digest BLOB NOT NULL, slot TEXT, says TEXT,
    sort TEXT NOT NULL, cells TEXT NOT NULL, refused INTEGER NOT NULL DEFAULT 0);
CREATE TABLE problem (
    id INTEGER PRIMARY KEY, warning INTEGER NOT NULL, file TEXT NOT NULL, line INTEGER,
    col TEXT, value TEXT, reason TEXT NOT NULL, message TEXT NOT NULL, suggestion TEXT);
CREATE TABLE raw (
    table_name TEXT NOT NULL, key TEXT NOT NULL, line INTEGER NOT NULL, cells TEXT NOT NULL);
"""
_INDEXES = """
CREATE INDEX line_sort ON line (step, sort);
CREATE INDEX line_digest ON line (digest);
CREATE INDEX line_slot ON line (file, slot) WHERE slot IS NOT NULL;
"""
# Lines that say the same as an earlier one of their file (or of another file of this import).
_REPEATED = """
CREATE TEMP TABLE repeated AS
SELECT l.id, l.file, l.line, first.file AS first_file, first.line AS first_line
FROM (SELECT digest, min(id) AS id FROM line GROUP BY digest HAVING count(*) > 1) AS f
JOIN line l ON l.digest = f.digest AND l.id > f.id JOIN line first ON first.id = f.id;
UPDATE line SET refused = 1 WHERE id IN (SELECT id FROM repeated);
"""
# Lines of one file that say different things of one slot.
_CLASHING = """
CREATE TEMP TABLE clashing AS
SELECT l.id, l.kind, l.file, l.line, l.cells
FROM (SELECT file, slot FROM line WHERE slot IS NOT NULL AND refused = 0
      GROUP BY file, slot HAVING count(*) > 1 AND count(DISTINCT says) > 1) AS c
JOIN line l ON l.file = c.file AND l.slot = c.slot WHERE l.refused = 0;
UPDATE line SET refused = 1 WHERE id IN (SELECT id FROM clashing);
"""


_SLOTS = ("subject", "semester", "slot", "item", "time")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of the import: its number, the name shown, its digest (hex).

    Of a sheet of a workbook `headings` are the headings its lines were read from, by kind,
    column and the slot the line fills (one row of a sheet makes several lines).
    """

    number: int
    name: str
    sha256: str
    headings: dict[tuple[str, ...], str] = field(default_factory=dict, compare=False)

    def note(self, kind: str, cells: Cells, read_from: Mapping[str, str]) -> None:
        """Keeps the headings that a line was read from."""
        for column, heading in read_from.items():
            self.headings[(kind, column, *_slot_of(cells))] = heading

    def heading(self, kind: str, column: str | None, cells: Cells) -> str | None:
        """The heading in this file above a line's cell; the column itself in a CSV file."""
        if column is None or not self.headings:
            return column
        return self.headings.get((kind, column, *_slot_of(cells)), column)


def _slot_of(cells: Cells) -> tuple[str, ...]:
    return tuple(cells.get(column, "") for column in _SLOTS)


@dataclass(frozen=True, slots=True)
class Staged:
    """One line, cleaned, as it waits to be taken in."""

    id: int
    kind: FileKind
    file: int
    line: int
    counted: bool
    digest: UUID
    sort: str
    cells: Cells


class Staging:
    """A temporary database of lines and what is wrong with them. A context."""

    def __init__(self) -> None:
        """Makes the file, readable by its owner only, in the system's temporary folder, and takes
        its name away."""
        descriptor, name = tempfile.mkstemp(prefix="hocba-import-", suffix=".db")  # mode 0600
        os.close(descriptor)
        self._db = sqlite3.connect(name, isolation_level=None)
        self._db.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-32768;"
            "PRAGMA temp_store=FILE;"
        )
        self._db.executescript(_SCHEMA)
        Path(name).unlink()
        self.files: list[SourceFile] = []
        self.rejected = 0
        self.staged = 0
        self._lines: list[tuple[object, ...]] = []
        self._problems: list[tuple[object, ...]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Everything staged is gone."""
        self._db.close()

    def add_file(self, name: str, sha256: str) -> SourceFile:
        """A file whose lines follow."""
        file = SourceFile(len(self.files), name, sha256)
        self.files.append(file)
        return file

    def add_line(
        self,
        kind: FileKind,
        file: SourceFile,
        line: int,
        cells: Cells,
        digest: UUID,
        *,
        counted: bool,
    ) -> None:
        """A sound line. `counted` is False for a line derived from others."""
        self.staged += 1
        self._lines.append(
            (
                kind.step,
                kind.name,
                file.number,
                line,
                counted,
                digest.bytes,
                f"{kind.name}{SEPARATOR}{kind.slot(cells)}" if kind.slot else None,
                kind.says(cells) if kind.slot and kind.says else None,
                kind.order(cells) if kind.order else "",
                SEPARATOR.join([cells[column] for column in kind.columns]),
            )
        )
        if len(self._lines) >= BATCH:
            self.flush()

    def add_problem(self, problem: Problem, *, warning: bool = False) -> None:
        """A rejected line or file, or a warning."""
        if not warning:
            self.rejected += 1
        self._problems.append(
            (
                warning,
                problem.file,
                problem.line,
                problem.column,
                problem.value,
                problem.reason,
                problem.message,
                problem.suggestion,
            )
        )
        if len(self._problems) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Writes what has gathered."""
        self._db.execute("BEGIN")
        self._db.executemany(
            "INSERT INTO line (step, kind, file, line, counted, digest, slot, says, sort, cells) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self._lines,
        )
        self._db.executemany(
            "INSERT INTO problem (warning, file, line, col, value, reason, message, suggestion) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            self._problems,
        )
        self._db.execute("COMMIT")
        self._lines.clear()
        self._problems.clear()

    def settle(self) -> int:
        """Everything is staged: builds the indexes, sets repeated and clashing lines aside.

        Returns how many lines repeat a line of another file of this import.
        """
        self.flush()
        self._db.executescript(_INDEXES)
        elsewhere = self._set_repeated_aside()
        self._refuse_clashes()
        return elsewhere

    def _set_repeated_aside(self) -> int:
        elsewhere = 0
        self._db.executescript(_REPEATED)
        found = self._db.execute("SELECT file, line, first_file, first_line FROM repeated")
        for file, line, first_file, first_line in found:
            if file != first_file:
                elsewhere += 1
                continue
            self.add_problem(
                Problem(
                    file=self.files[file].name,
                    line=line,
                    column=None,
                    value=None,
                    reason="duplicate_line",
                    message=f"the same as line {first_line}: counted once",
                ),
                warning=True,
            )
        return elsewhere

    def _refuse_clashes(self) -> None:
        self._db.executescript(_CLASHING)
        found = self._db.execute("SELECT kind, file, line, cells FROM clashing")
        for name, file, line, cells in found:
            kind = ALL_KINDS[name]
            column = "value" if "value" in kind.columns else kind.columns[0]
            values = dict(zip(kind.columns, cells.split(SEPARATOR), strict=True))
            self.add_problem(
                Problem(
                    file=self.files[file].name,
                    line=line,
                    column=self.files[file].heading(kind.name, column, values),
                    value=values[column],
                    reason=kind.clash,
                    message="two lines of this file say different things of one and the same",
                    suggestion="keep the right line and leave the other out",
                )
            )

    def count(self) -> int:
        """How many lines wait."""
        found: int = self._db.execute("SELECT count(*) FROM line WHERE refused = 0").fetchone()[0]
        return found

    def lines(self, step: int) -> Iterator[Staged]:
        """The waiting lines of a step, in its order, then in the order of files and lines."""
        found = self._db.execute(
            "SELECT id, kind, file, line, counted, digest, sort, cells FROM line "
            "WHERE step = ? AND refused = 0 ORDER BY step, sort, id",
            (step,),
        )
        for id, name, file, line, counted, digest, sort, cells in found:
            kind = ALL_KINDS[name]
            values = dict(zip(kind.columns, cells.split(SEPARATOR), strict=True))
            yield Staged(id, kind, file, line, bool(counted), UUID(bytes=digest), sort, values)

    def problems(self, *, warnings: bool) -> Iterator[Problem]:
        """What was rejected (or warned of), by file and line."""
        self.flush()
        found = self._db.execute(
            "SELECT file, line, col, value, reason, message, suggestion FROM problem "
            "WHERE warning = ? ORDER BY file, line, id",
            (warnings,),
        )
        for file, line, column, value, reason, message, suggestion in found:
            yield Problem(
                file=file,
                line=line,
                column=column,
                value=value,
                reason=reason,
                message=message,
                suggestion=suggestion,
            )

    def keep_raw(self, table: str, rows: Iterable[tuple[str, int, str]]) -> None:
        """Keeps records of another format as (key, line, cells) under a table's name."""
        waiting = iter(rows)
        # A batch is read before its transaction begins: reading it may add problems.
        while batch := [(table, *row) for row in islice(waiting, BATCH)]:
            self._db.execute("BEGIN")
            self._db.executemany("INSERT INTO raw VALUES (?, ?, ?, ?)", batch)
            self._db.execute("COMMIT")
        self._db.execute("CREATE INDEX IF NOT EXISTS raw_key ON raw (table_name, key)")

    def raw(self, table: str, key: str | None = None) -> Iterator[tuple[int, str]]:
        """(line, cells) of the records kept, in file order; of one key where it is given."""
        if key is None:
            query, given = "SELECT line, cells FROM raw WHERE table_name = ?", [table]
        else:
            query = "SELECT line, cells FROM raw WHERE table_name = ? AND key = ?"
            given = [table, key]
        yield from self._db.execute(f"{query} ORDER BY rowid", given)
