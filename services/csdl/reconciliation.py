"""The ministry's export laid beside our own list of a day: missing, extra, different, possible.

Pupils are matched by the ministry's code or the personal number; a name and a birth date alone
make a possible match, which a person has to confirm (U6).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from ledger.codes import ETHNIC_GROUPS, SEX_CODES, STATUS_NAMES
from ledger.database import Connection
from ledger.errors import Refused
from ledger.ledger import Ledger
from ledger.spelling import spelling_key
from ledger.text import matching_key
from projections.moment import Moment
from projections.views import engine_of
from services.csdl.standing import Report, Standing, StandingReader, at_school, silent
from services.importing import pupil_list, values
from services.importing.headings import SEARCHED, find_header
from services.importing.ledger_view import LedgerView
from services.sheets.errors import WorkbookRefused
from services.sheets.reading import Row, open_workbook

Verdict = Literal["missing", "extra", "different", "possible", "unreadable"]
ROWS_PAGE = 2000
"""Rows of their list whose bearers are looked up together."""

_EXITS = frozenset({"04", "05", "08", "09", "11", "12"})
_IDENTITY = frozenset({"full_name", "birth_date", "sex", "personal_id", "moet_code"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that differs, who must act (`school`, `ministry` or `receiving_school`) and what
    there is to do (a key of `services.words.RECONCILING`)."""

    verdict: Verdict
    pupil_id: str | None
    pupil_key: str | None
    full_name: str | None
    class_code: str | None
    sheet: str | None
    line: int | None
    field: str | None
    ours: str | None
    theirs: str | None
    who: str
    todo: str


@dataclass(slots=True)
class Reconciliation:
    """What came of it."""

    on: date
    moment: Moment
    school: str | None
    ours: int = 0
    theirs: int = 0
    equal: int = 0
    findings: list[Finding] = field(default_factory=list)

    def of(self, verdict: Verdict) -> list[dict[str, Any]]:
        """The findings of a kind."""
        return [asdict(found) for found in self.findings if found.verdict == verdict]

    def document(self) -> dict[str, Any]:
        """The answer as one JSON document."""
        kinds: tuple[Verdict, ...] = ("missing", "extra", "different", "possible", "unreadable")
        return {
            "on": self.on.isoformat(),
            "known_at": self.moment.known_at,
            "school_code": self.school,
            "ours": self.ours,
            "theirs": self.theirs,
            "equal": self.equal,
            **{kind: self.of(kind) for kind in kinds},
        }


@dataclass(frozen=True, slots=True)
class Theirs:
    """A row of their export."""

    sheet: str
    line: int
    texts: Mapping[str, str]


def read_export(path: Path) -> Iterator[Theirs]:
    """The rows of every sheet that is a list of pupils.

    Raises:
        WorkbookRefused: the file cannot be read, or holds no such list (`template_unknown`).
    """
    found = False
    with open_workbook(path) as book:
        for sheet in book.sheets():
            head = list(islice(sheet.rows, SEARCHED))
            header = None if sheet.hidden else find_header(head, pupil_list.MUST, 3)
            if header is None or not pupil_list.recognised(header):
                continue
            found = True
            columns, _ = pupil_list.columns_of(header)
            yield from _rows(sheet.name, columns, (r for r in head if r.number >= header.below))
            yield from _rows(sheet.name, columns, sheet.rows)
    if not found:
        raise WorkbookRefused(
            "template_unknown", f"{path.name} holds no list of pupils", "export the list anew"
        )


def _rows(sheet: str, columns: Mapping[str, Any], rows: Iterator[Row]) -> Iterator[Theirs]:
    for row in rows:
        texts = pupil_list.row_texts(columns, row)
        if texts["full_name"] or pupil_list.numbers_of(texts):
            yield Theirs(sheet, row.number, texts)


def reconcile(
    ledger: Ledger,
    connection: Connection,
    theirs: Sequence[Theirs],
    *,
    on: date,
    moment: Moment,
    school: str | None,
    report: Report = silent,
) -> Reconciliation:
    """Compares their rows with everybody whom our schools have on `on`, in class or not.

    Raises:
        ProjectionStopped: the stays cannot be read.
    """
    engine_of(ledger).require(connection, moment.size, "stays")
    answer = Reconciliation(on, moment, school)
    reader = StandingReader(ledger=ledger, connection=connection, on=on, size=moment.size)
    attending = at_school(connection, on=on, size=moment.size, school=school)
    ours = {pupil.id: pupil for pupil in reader.read(attending, report)}
    answer.ours = len(ours)
    bearers = list(_bearers(ledger, theirs, report))
    others = sorted({bearer for bearer in bearers if bearer is not None} - ours.keys())
    gone = {pupil.id: pupil for pupil in reader.read(others, report)}
    seen: set[UUID] = set()
    strangers: list[Theirs] = []
    for row, bearer in zip(theirs, bearers, strict=True):
        attends = _attends(row, answer)
        if attends is None:
            continue
        answer.theirs += attends
        pupil = ours.get(bearer) if bearer else None
        if pupil is not None:
            seen.add(pupil.id)
            _compare(answer, row, pupil)
        elif bearer is not None and attends:
            answer.findings.append(_gone(row, gone[bearer]))
        elif bearer is None and attends:
            strangers.append(row)
    _unmatched(answer, strangers, [ours[person] for person in ours if person not in seen])
    return answer


def _bearers(ledger: Ledger, theirs: Sequence[Theirs], report: Report) -> Iterator[UUID | None]:
    """The pupil each row means by its numbers."""
    view = LedgerView(ledger, "default")
    for start in range(0, len(theirs), ROWS_PAGE):
        page = theirs[start : start + ROWS_PAGE]
        yield from view.persons([pupil_list.numbers_of(row.texts) for row in page])
        report("rows", start + len(page), len(theirs))


def _attends(row: Theirs, answer: Reconciliation) -> bool | None:
    """Whether their list has the pupil at school; None where its state cannot be read."""
    try:
        return pupil_list.status_code_of(row.texts.get("status", "")) not in _EXITS
    except Refused:
        found = _finding("unreadable", row, None, who="ministry", todo="mend_state")
        answer.findings.append(found)
        return None


def _compare(answer: Reconciliation, row: Theirs, pupil: Standing) -> None:
    differences = list(_differences(row, pupil))
    answer.equal += not differences
    for name, ours, theirs in differences:
        by_police = name in _IDENTITY and pupil.identity == "matched"
        answer.findings.append(
            _finding(
                "different",
                row,
                pupil,
                who="ministry" if by_police else "school",
                todo="mend_theirs" if by_police else "mend_either",
                values_=(name, ours, theirs),
            )
        )


def _differences(row: Theirs, pupil: Standing) -> Iterator[tuple[str, str, str]]:
    texts = row.texts
    profile = pupil.profile
    pairs: dict[str, tuple[str, str | None, Callable[[str], str]]] = {
        "full_name": (pupil.full_name, texts.get("full_name"), matching_key),
        "birth_date": (profile.get("birth_date") or "", texts.get("birth_date"), str),
        "sex": (SEX_CODES.get(profile.get("sex") or "", ""), texts.get("sex"), _sex),
        "personal_id": (pupil.personal_id, texts.get("personal_id"), _number),
        "moet_code": (pupil.moet_code, texts.get("moet_code"), _number),
        "ethnicity": (_ethnic(profile.get("ethnicity")), texts.get("ethnicity"), spelling_key),
        "class_code": (pupil.class_code, texts.get("class_code"), str),
        "class_name": (pupil.class_name, texts.get("class_name"), matching_key),
    }
    if pupil.status_code is not None:  # the official list has no state for one suspended
        pairs["status"] = (pupil.status_code, texts.get("status"), _status)
    for name, (ours, theirs, key) in pairs.items():
        if theirs is not None and (ours or theirs) and key(ours) != key(theirs):
            shown = STATUS_NAMES.get(ours, ours) if name == "status" else ours
            yield name, shown, theirs


def _sex(text: str) -> str:
    try:
        return values.sex(pupil_list.sex_of(text))
    except Refused:
        return text


def _number(text: str) -> str:
    return "".join(text.split())


def _ethnic(code: str | None) -> str:
    return ETHNIC_GROUPS.get(code or "", code or "")


def _status(text: str) -> str:
    return pupil_list.status_code_of(text)


def _gone(row: Theirs, known: Standing) -> Finding:
    who = "receiving_school" if known.released else "school"
    todo = "take_over" if known.released else "settle_stay"
    return _finding("extra", row, known, who=who, todo=todo)


def _unmatched(
    answer: Reconciliation, strangers: Sequence[Theirs], left: Sequence[Standing]
) -> None:
    """Whoever stands in one list alone; equal name and birth date are offered, not assumed."""
    by_name: dict[tuple[str, str], list[Standing]] = {}
    for pupil in left:
        born = pupil.profile.get("birth_date") or ""
        by_name.setdefault((matching_key(pupil.full_name), born), []).append(pupil)
    offered: set[UUID] = set()
    for row in strangers:
        key = (matching_key(row.texts["full_name"]), row.texts.get("birth_date", ""))
        alike = [pupil for pupil in by_name.get(key, []) if pupil.id not in offered]
        if alike:
            offered.add(alike[0].id)
            todo = "confirm_person"
            answer.findings.append(_finding("possible", row, alike[0], who="school", todo=todo))
        else:
            todo = "record_or_remove"
            answer.findings.append(_finding("extra", row, None, who="school", todo=todo))
    for pupil in left:
        if pupil.id not in offered:
            todo = "enter_there"
            answer.findings.append(_finding("missing", None, pupil, who="school", todo=todo))


def _finding(
    verdict: Verdict,
    row: Theirs | None,
    pupil: Standing | None,
    *,
    who: str,
    todo: str,
    values_: tuple[str, str, str] | None = None,
) -> Finding:
    texts = row.texts if row else {}
    name, ours, theirs = values_ or (None, None, None)
    return Finding(
        verdict=verdict,
        pupil_id=str(pupil.id) if pupil else None,
        pupil_key=pupil.key if pupil else None,
        full_name=pupil.full_name if pupil else texts.get("full_name"),
        class_code=pupil.class_code
        if pupil
        else texts.get("class_code") or texts.get("class_name"),
        sheet=row.sheet if row else None,
        line=row.line if row else None,
        field=name,
        ours=ours,
        theirs=theirs,
        who=who,
        todo=todo,
    )
