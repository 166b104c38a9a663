"""One import from beginning to end: stage every file, then take the steps in their order."""

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Self

from ledger.batch import Line, Verdict
from ledger.errors import Refused
from ledger.event import Provenance
from ledger.ledger import Ledger
from ledger.plan import Done
from ledger.reader import Reader
from services.errors import ServiceError
from services.importing import oneroster
from services.importing.answer import Answer
from services.importing.bearings import Bearings, take_bearings
from services.importing.claims import Placed, compare
from services.importing.files.movements import in_order
from services.importing.kinds import KINDS, MOVEMENTS
from services.importing.plan import Given
from services.importing.preview import Preview, csv_read
from services.importing.problems import Problem, of_refusal
from services.importing.rehearsal import rehearsal
from services.importing.stage import FileRefused, refuse_file, stage_file
from services.importing.staging import Staged, Staging
from services.importing.steps import READ, Step, chunks, steps
from services.importing.workbook import ENDINGS, WorkbookStaging

TABLES = frozenset({".csv", ".tsv", ".xlsx", ".xls", ".ods"})
"""Endings of files that hold data: one not read is named as rejected, any other file is not."""

Report = Callable[[str, int, int], None]
"""Called as the work goes on: what is being done, how much of it, of how much."""


class _Stopped(Exception):
    """Somebody asked to stop while the files were read: nothing was appended yet."""


class NothingToImport(ServiceError):
    """No file was given that an import could read."""

    exit_code = 3


@dataclass(slots=True)
class Tally:
    """What became of the lines so far."""

    first_position: int | None = None
    last_position: int | None = None
    appended: int = 0
    accepted: int = 0
    unchanged: int = 0
    stopped: bool = False

    def add(self, done: Done) -> None:
        """An append."""
        if done.first_position is not None:
            if self.first_position is None:
                self.first_position = done.first_position
            self.last_position = done.last_position
        self.appended += done.appended


def _silent(what: str, done: int, total: int) -> None:
    del what, done, total


class Importer:
    """Imports files into one ledger. A context: what it staged is deleted when it ends."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        name: str,
        account: str,
        source: str = "default",
        given: Given | None = None,
        today: date | None = None,
        report: Report = _silent,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """`name` is the ledger's short name, `account` who records, `source` the namespace of
        the sender's pupil keys, `given` what a template of the ministry does not say itself.
        `stop` is asked between transactions.

        Raises:
            NotAllowed: there is no such account.
        """
        self._ledger = ledger
        self._who = ledger.who(account)
        self._name = name
        self._source = source
        self._given = given or Given()
        self._today = today or date.today()
        self._report = report
        self._stop = stop
        self._staging = Staging()
        self._tally = Tally()
        self._provenance: list[Provenance] = []
        self._preview = Preview()
        self._claims: list[Placed] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._staging.close()

    def run(self, paths: Sequence[Path], *, dry_run: bool = False) -> Answer:
        """Reads the files and folders and appends what is sound in them (writes, unless
        `dry_run`: then all is decided and rolled back, and `ledger` is not to be used again).

        Raises:
            NothingToImport: nothing there can be read.
            Unreachable: the database went away; what was appended stays, importing again is safe.
        """
        tally = self._tally
        try:
            self._stage(paths)
        except _Stopped:
            tally.stopped = True
        if dry_run and not tally.stopped:
            with rehearsal(self._ledger) as rehearsed:
                self._take_in(rehearsed)
        elif not tally.stopped:
            self._take_in(self._ledger)
        return Answer(
            ledger=self._name,
            first_position=None if dry_run else tally.first_position,
            last_position=None if dry_run else tally.last_position,
            appended=tally.appended,
            accepted=tally.accepted,
            unchanged=tally.unchanged,
            refused=self._staging.rejected,
            dry_run=dry_run,
            stopped=tally.stopped,
            staging=self._staging,
        )

    def preview(self, paths: Sequence[Path]) -> Preview:
        """What every sheet and column would be taken for, with the first rows; appends nothing.

        Raises:
            NothingToImport: nothing there can be read.
        """
        try:
            self._stage(paths)
        except _Stopped:
            self._tally.stopped = True
        self._preview.rejected = [p.document() for p in self._staging.problems(warnings=False)]
        self._preview.warnings = [p.document() for p in self._staging.problems(warnings=True)]
        return self._preview

    def _stage(self, paths: Sequence[Path]) -> None:
        files: list[Path] = []
        seen = False
        for path in paths:
            if oneroster.is_set(path):
                seen = True
                self._stage_set(path)
            else:
                files.extend(sorted(path.iterdir()) if path.is_dir() else [path])
        # ~$ begins the name of the mark that a spreadsheet program leaves beside an open file.
        passed_over = (".", "~$")
        files = [p for p in files if p.is_file() and not p.name.startswith(passed_over)]
        if not files and not seen:
            raise NothingToImport("there is no file to import here; give a folder of files")
        for path in sorted(files, key=_contract_order):
            self._stage_file(path, asked_for=path in paths)
        self._tally.unchanged += self._staging.settle()
        self._provenance = [
            Provenance(kind="file", name=file.name, sha256=file.sha256)
            for file in self._staging.files
        ]

    def _stage_file(self, path: Path, *, asked_for: bool) -> None:
        is_book = path.suffix.lower() in ENDINGS
        if not is_book and (path.suffix.lower() != ".csv" or path.stem.lower() not in KINDS):
            self._name_unread(path, asked_for=asked_for)
            return
        size = path.stat().st_size

        def tick(offset: int) -> None:
            if self._stop():
                raise _Stopped
            self._report(path.name, offset, size)

        try:
            if is_book:
                self._stage_book(path)
            else:
                self._stage_csv(path, tick)
        except FileRefused as refused:
            self._staging.add_problem(refused.problem)
        except PermissionError:
            message = "the file cannot be opened: this user may not read it"
            self._staging.add_problem(refuse_file(path.name, "file_unreadable", message).problem)

    def _stage_csv(self, path: Path, tick: Callable[[int], None]) -> None:
        before = self._staging.staged
        keyring = self._ledger.keyring
        stage_file(self._staging, path, keyring=keyring, source=self._source, tick=tick)
        self._preview.sheets.append(csv_read(path, self._staging.staged - before))

    def _stage_book(self, path: Path) -> None:
        def tick(rows: int) -> None:
            if self._stop():
                raise _Stopped
            self._report(path.name, rows, 0)

        book = WorkbookStaging(
            self._staging,
            path,
            ledger=self._ledger,
            source=self._source,
            given=self._given,
            tick=tick,
        )
        book.run()
        self._tally.unchanged += book.unchanged
        self._claims.extend(book.claims)
        self._preview.sheets.extend(book.sheets)
        self._preview.ignored.extend(book.ignored)

    def _stage_set(self, path: Path) -> None:
        oneroster.stage_set(self._staging, path, keyring=self._ledger.keyring, source=self._source)

    def _name_unread(self, path: Path, *, asked_for: bool) -> None:
        """Names a file that is not read; only one that merely lies in the folder is a warning."""
        self._staging.add_problem(
            Problem(
                file=path.name,
                line=None,
                column=None,
                value=None,
                reason="file_not_supported",
                message="no file of this name and format is read",
                suggestion=", ".join(f"{name}.csv" for name in KINDS),
            ),
            warning=not asked_for and path.suffix.lower() not in TABLES,
        )

    def _take_in(self, ledger: Ledger) -> None:
        total, done = self._staging.count(), 0
        for step in steps(self._today):
            for chunk in chunks(self._staging.lines(step.number), step):
                if self._stop():
                    self._tally.stopped = True
                    return
                self._take_chunk(ledger, step, chunk)
                done += len(chunk)
                self._report("append", done, total)
        for problem in compare(ledger, self._claims):
            self._staging.add_problem(problem, warning=True)

    def _take_chunk(self, ledger: Ledger, step: Step, chunk: list[Staged]) -> None:
        lines = self._make_ready(ledger, step, chunk)
        if not lines:
            return
        # What a whole sheet adds of its own is put down to the file of its first line.
        who = self._who.model_copy(update={"provenance": lines[0].provenance})
        done, verdicts = ledger.carry_out(step.handler, lines, who=who)
        self._tally.add(done)
        by_id = {line.id: line for line in chunk}
        for verdict in verdicts:
            self._judge(by_id[verdict.at], verdict)

    def _make_ready(self, ledger: Ledger, step: Step, chunk: list[Staged]) -> list[Line[Any]]:
        """The commands of the lines not recorded before; those that cannot be read are named."""
        with ledger.database.connection() as connection:
            reader = Reader(connection, ledger.keyring, ledger.id)
            known = reader.lines_known([line.digest for line in chunk])
            fresh = [line for line in chunk if line.digest not in known]
            self._tally.unchanged += sum(line.counted for line in chunk if line.digest in known)
            if not fresh:
                return []
            bearings = take_bearings(reader, self._source, fresh)
            strangers = _strangers(reader, fresh)
        if step.number == MOVEMENTS:
            fresh = in_order(fresh, bearings)
        return self._commands(fresh, bearings, strangers)

    def _commands(
        self, staged: Sequence[Staged], bearings: Bearings, strangers: Set[str]
    ) -> list[Line[Any]]:
        lines: list[Line[Any]] = []
        for line in staged:
            try:
                _require_keys(line, strangers)
                command = READ[line.kind.name](line.cells, bearings)
            except Refused as refused:
                self._reject(line, refused)
                continue
            cells = line.cells
            lines.append(
                Line(
                    at=line.id,
                    command=command,
                    digest=line.digest,
                    on_behalf_of=cells.get("on_behalf_of") or cells.get("recorded_by") or None,
                    provenance=self._provenance[line.file],
                )
            )
        return lines

    def _judge(self, line: Staged, verdict: Verdict) -> None:
        if verdict.fate in ("accepted", "proposed"):
            self._tally.accepted += line.counted
        elif verdict.fate == "unchanged":
            self._tally.unchanged += line.counted
        if verdict.refused is not None:
            self._reject(line, verdict.refused)
        for warning in verdict.warnings:
            self._reject(line, warning, warning=True)

    def _reject(self, line: Staged, refused: Refused, *, warning: bool = False) -> None:
        column = _column_of(line, refused.field)
        file = self._staging.files[line.file]
        shown = file.heading(line.kind.name, column, line.cells)
        problem = of_refusal(
            Refused(refused.code, refused.message, field=shown, suggestion=refused.suggestion),
            file=file.name,
            line=line.line,
            value=line.cells.get(column or ""),
        )
        self._staging.add_problem(problem, warning=warning)


_STAFF = ("recorded_by", "on_behalf_of", "attested_by", "checked_by", "staff_key")
"""Columns that name a member of staff by key, except in the list of staff itself."""


def _strangers(reader: Reader, lines: Sequence[Staged]) -> Set[str]:
    """What stands for a member of staff, holds a blank and is nobody's key: a name, most likely.

    Keys stay readable in the log for ever; a person's name may not.
    """
    named = {key for line in lines for _, key in _staff_named(line) if " " in key}
    return {key for key, known in reader.staff(named).items() if known is None} if named else set()


def _staff_named(line: Staged) -> Iterator[tuple[str, str]]:
    if line.kind.name != "staff":
        for column in _STAFF:
            if key := line.cells.get(column):
                yield column, key


def _require_keys(line: Staged, strangers: Set[str]) -> None:
    for column, key in _staff_named(line):
        if key in strangers:
            raise Refused(
                "unknown_staff",
                "no member of staff is on record under this key",
                field=column,
                suggestion="write the key of staff.csv, not the name",
            )


def _column_of(line: Staged, field: str | None) -> str | None:
    """The column of the line's file that a rule's field was read from."""
    cells = line.cells
    if field == "moet" and "moet_code" in cells:
        return "moet_code"
    if field == "on_behalf_of" and not cells.get(field) and cells.get("recorded_by"):
        return "recorded_by"
    if field == "semester" and field not in cells and "period" in cells:
        return "period"
    return field


def _contract_order(path: Path) -> tuple[int, str]:
    names = list(KINDS)
    stem = path.stem.lower()
    return names.index(stem) if stem in KINDS else len(names), str(path)


def import_files(
    ledger: Ledger,
    paths: Sequence[Path],
    *,
    name: str,
    account: str,
    source: str = "default",
) -> dict[str, Any]:
    """Imports and returns the answer of the contract as one document (for callers with small
    files: the lists are held in memory). Writes. Raises as `Importer` and `Importer.run` do."""
    with Importer(ledger, name=name, account=account, source=source) as importer:
        return importer.run(paths).document()
