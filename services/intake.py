"""A whole intake list (grades 1, 6, 10): every record asked for, followed, taken in.

A line is a pupil of ours and the ledger that has the history. One bad line never stops the others;
repeated, the list asks for nothing twice and tells how far each line is.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from ledger.case import Case
from ledger.errors import LedgerError, Refused
from ledger.event import Who
from ledger.identifiers import borne_by
from ledger.log import head
from ledger.reader import Reader
from projections.persons import find_person
from services import case_acts
from services.cases import waiting_for
from services.importing.csv_reader import Record, open_file, records
from services.importing.problems import Problem, of_refusal
from services.reading import parse_key
from signing.errors import TrustError
from transfer.cases import all_cases
from transfer.errors import TransferError
from transfer.inside import Move
from transfer.matching import open_requests, sure_match
from transfer.office import Office

COLUMNS = ("pupil_key", "from_ledger", "their_key", "personal_id")
REQUIRED = ("from_ledger",)
STATES = ("requested", "released", "received", "accepted", "problem", "declined", "rejected")
"""The states that a line's case can be in; each is counted, none left out."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Line:
    """One line: where it stands, whom it is about, who has the history, and its case."""

    number: int
    key: str
    pupil: UUID
    from_name: str
    from_ledger: UUID
    their_key: str | None
    case: UUID | None = None
    report: str | None = None


class Intake:
    """One list at one school; `first_day` is that of the whole list."""

    def __init__(self, office: Office, path: Path, *, school: str, first_day: date) -> None:
        """Reads the list. Raises Refused: `empty_file`, `unknown_column`, `missing_column`."""
        self._office = office
        self._file = path.name
        self._school = school
        self._first_day = first_day
        self.problems: list[Problem] = []
        self._lines = self._read(path)

    def _read(self, path: Path) -> list[Line]:
        lines: list[Line] = []
        with open_file(path) as stream, self._office.ledger.database.connection() as connection:
            rows = records(stream)
            heading = next(rows, None)
            columns = _columns(heading)
            size = head(connection).size
            reader = Reader(connection, self._office.ledger.keyring, self._office.ledger.id)
            seen: set[tuple[UUID, UUID]] = set()
            for row in rows:
                try:
                    line = self._line(reader, row, columns, size)
                    if (line.pupil, line.from_ledger) in seen:
                        raise Refused("twice_in_file", "the pupil stands in the list twice")
                except LedgerError as error:
                    self._reject(row.line, error)
                    continue
                seen.add((line.pupil, line.from_ledger))
                lines.append(line)
        return lines

    def _line(self, reader: Reader, row: Record, columns: Sequence[str], size: int) -> Line:
        if row.fault is not None:
            raise Refused(row.fault, "the line cannot be read")
        if len(row.cells) > len(columns):
            raise Refused("column_count", "the line has more cells than the header")
        given = dict(zip(columns, (cell.strip() for cell in row.cells), strict=False))
        if any("\udc80" <= letter <= "\udcff" for text in given.values() for letter in text):
            raise Refused("not_utf8", "the line is not UTF-8")
        number, key = given.get("personal_id"), given.get("pupil_key")
        if not key and not number:
            raise Refused("missing_value", "name the pupil by key or number", field="pupil_key")
        named = given.get("from_ledger")
        if not named:
            raise Refused("missing_value", "say who has the history", field="from_ledger")
        try:
            origin = self._office.trust.by_name(named).id
        except TrustError:
            raise Refused(
                "unknown_ledger", "no trust bundle knows that ledger", field="from_ledger"
            ) from None
        wanted = parse_key(key) if key else parse_key(f"personal_id:{number}")
        pupil = find_person(self._office.ledger, reader.connection, wanted, size=size)
        if key and number:
            _require_number(reader, pupil, number)
        return Line(row.line, key or f"id:{pupil}", pupil, named, origin, given.get("their_key"))

    def _reject(self, line: int, error: Exception) -> None:
        """A line set aside with its reason; the others go on."""
        if isinstance(error, Refused):
            problem = of_refusal(error, file=self._file, line=line, value=None)
        else:
            problem = Problem(
                file=self._file,
                line=line,
                column=None,
                value=None,
                reason=str(getattr(error, "code", "not_now")),
                message=str(error),
            )
        self.problems.append(problem)

    def request_all(self, *, who: Who, progress: Progress) -> None:
        """Asks for every pupil of whom nothing was asked for this list yet."""
        known = self._cases()
        asked: list[Line] = []
        for done, line in enumerate(self._lines, 1):
            begun = known.get((line.pupil, line.from_ledger))
            asked.append(self._ask(line, who) if begun is None else replace(line, case=begun.id))
            progress(done, len(self._lines))
        self._lines = asked

    def _ask(self, line: Line, who: Who) -> Line:
        move = Move(pupil=line.pupil, school_code=self._school, first_day=self._first_day)
        try:
            case = case_acts.request(
                self._office, move, from_ledger=line.from_ledger, case_id=None, who=who
            )
        except (LedgerError, TransferError) as error:
            self._reject(line.number, error)
            return line
        return replace(line, case=case)

    def accept_all(self, *, today: date, who: Who, progress: Progress) -> None:
        """Takes in every record of the list that has come and passed its checks."""
        cases = self._by_id()
        taken: list[Line] = []
        for done, line in enumerate(self._lines, 1):
            case = cases.get(line.case) if line.case else None
            ready = case is not None and _is_ready(case)
            taken.append(self._accept(line, today, who) if ready else line)
            progress(done, len(self._lines))
        self._lines = taken

    def _accept(self, line: Line, today: date, who: Who) -> Line:
        assert line.case is not None
        try:
            told = case_acts.accept(
                self._office, line.case, list_=None, class_code=None, today=today, who=who
            )
        except (LedgerError, TransferError) as error:
            self._reject(line.number, error)
            return line
        return replace(line, report=told["outcome"])

    def answer(self) -> dict[str, Any]:
        """{school, first_day, counts, lines, rejected}: how far the list is."""
        cases = self._by_id()
        lines = [_shown(line, cases.get(line.case) if line.case else None) for line in self._lines]
        counts = Counter(line["state"] for line in lines if line["state"])
        return {
            "school": self._school,
            "first_day": self._first_day.isoformat(),
            "counts": {state: counts[state] for state in STATES},
            "lines": lines,
            "rejected": [problem.document() for problem in self.problems],
        }

    def _cases(self) -> dict[tuple[UUID, UUID], Case]:
        """The newest case of this list by (pupil, ledger left)."""
        found: dict[tuple[UUID, UUID], Case] = {}
        here = self._office.ledger.id
        for case in self._by_id().values():
            of_list = (case.school_code, case.first_day) == (self._school, self._first_day)
            if of_list and case.pupil is not None and case.side != "origin":
                found[case.pupil, case.peer or here] = case
        return found

    def _by_id(self) -> dict[UUID, Case]:
        with self._office.ledger.database.connection() as connection:
            return {case.id: case for case in all_cases(connection)}


def _columns(heading: Record | None) -> list[str]:
    if heading is None:
        raise Refused("empty_file", "the list is empty")
    columns = [cell.strip() for cell in heading.cells]
    for name in columns:
        if name not in COLUMNS:
            raise Refused(
                "unknown_column",
                f"column {name} is not known in an intake list",
                field=name,
                suggestion=", ".join(COLUMNS),
            )
    for name in REQUIRED:
        if name not in columns:
            raise Refused("missing_column", f"column {name} is missing", field=name)
    return columns


def _require_number(reader: Reader, pupil: UUID, number: str) -> None:
    """The number in the list must be one that our own record bears: else it is somebody else."""
    borne = borne_by(reader, [pupil]).get(pupil, ())
    if not any((b.kind, b.value) == ("personal_id", number) for b in borne):
        raise Refused(
            "number_differs",
            "the pupil of that key does not bear the number of the line",
            field="personal_id",
            suggestion="mend key or number, or import the number first",
        )


def _is_ready(case: Case) -> bool:
    ready = "released" if case.side == "inside" else "received"
    return case.state == ready and case.held is None


def _shown(line: Line, case: Case | None) -> dict[str, Any]:
    return {
        "line": line.number,
        "pupil_key": line.key,
        "their_key": line.their_key,
        "from": line.from_name,
        "case": str(line.case) if line.case else None,
        "state": case.state if case else None,
        "waiting_for": waiting_for(case) if case else None,
        "failure": case.failure[1] if case and case.failure else None,
        "outcome": line.report,
    }


def release_matching(
    office: Office, *, dry_run: bool, today: date, who: Who, progress: Progress
) -> dict[str, Any]:
    """Releases every request whose claim names one pupil here beyond doubt (`sure_match`); the rest
    is listed for a person. {released, left, dry_run}, each a list of cases."""
    with office.ledger.database.connection() as connection:
        reader = Reader(connection, office.ledger.keyring, office.ledger.id)
        found = [(case.id, sure_match(office, reader, case)) for case in open_requests(reader)]
    released: list[dict[str, Any]] = []
    left: list[dict[str, Any]] = []
    for done, (case_id, pupil) in enumerate(found, 1):
        if pupil is None:
            left.append({"case": str(case_id), "pupil": None, "reason": "no_sure_match"})
        elif reason := _let_go(office, case_id, pupil, dry_run=dry_run, today=today, who=who):
            left.append({"case": str(case_id), "pupil": str(pupil), "reason": reason})
        else:
            released.append({"case": str(case_id), "pupil": str(pupil)})
        progress(done, len(found))
    return {"dry_run": dry_run, "released": released, "left": left}


def _let_go(
    office: Office, case_id: UUID, pupil: UUID, *, dry_run: bool, today: date, who: Who
) -> str | None:
    """Why one request could not be released after all; None where it was (or would be)."""
    if dry_run:
        return None
    try:
        case_acts.release(office, case_id, pupil=pupil, last_day=None, today=today, who=who)
    except (LedgerError, TransferError) as error:
        return str(getattr(error, "code", error))
    return None
