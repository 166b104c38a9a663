"""Pupils with whole, submitted sheets behind them: what a dossier of the benchmarks carries.

Structure, pupils and enrolments go through the handlers that everybody uses. Marks and their sheets
are appended as events, a class and year in one transaction, exactly as a teacher's sheet leaves
them: the marks of a column, then the entry that hands the sheet in with its root. So every mark of
a dossier travels with the statement of its sheet and its path in it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from uuid import UUID

from ledger.batch import Line
from ledger.codes import Programme
from ledger.event import Event, StreamKind
from ledger.events.pupil_year import MarkEntered
from ledger.events.school_class import GradeSheetSubmitted
from ledger.ids import class_stream
from ledger.movement import EnrolInClass, move_pupils
from ledger.plan import Draft, Plan
from ledger.reader import Reader
from ledger.registration import RecordPupil, local_key, record_pupils, year_ref
from ledger.school_class import OpenClass
from ledger.school_year import SchoolYear
from ledger.sheet import new_salt, sheet_root
from ledger.structure import open_classes
from services.bench.history import SUBJECTS, profile
from services.bench.place import Bench

SOURCE = "bench"
LAST_YEAR = SchoolYear(2025)
_SLOTS = (*(f"TX{number}" for number in range(1, 8)), "GK", "CK")


@dataclass(frozen=True, kw_only=True, slots=True)
class Marked:
    """A class: its school, its number, its pupils, its last grade, years, marks in each year."""

    school: str
    number: int
    pupils: int
    grade: int
    years: int
    marks: int


def write_marked(bench: Bench, wanted: Marked) -> list[UUID]:
    """Writes one class with its years; the pupils' ids, in the order of the sheets."""
    span = [SchoolYear(LAST_YEAR.first - back) for back in range(wanted.years - 1, -1, -1)]
    classes = [
        OpenClass(
            code=class_code(wanted, year),
            school_code=wanted.school,
            school_year=year.label,
            grade=wanted.grade - (LAST_YEAR.first - year.first),
            name=f"A{wanted.number}",
            programme=Programme.GDPT2018,
        )
        for year in span
    ]
    _carry_out(bench, open_classes, classes)
    pupils = register(bench, [f"M{wanted.number}-{at}" for at in range(wanted.pupils)])
    moves = [
        EnrolInClass(
            pupil=pupil,
            class_code=class_code(wanted, year),
            kind="start",
            effective_on=date(year.first, 9, 5),
            grade=None,
            note=None,
        )
        for pupil in pupils
        for year in span
    ]
    _carry_out(bench, move_pupils, moves)
    for year in span:
        bench.ledger.desk.run(
            partial(_mark, wanted=wanted, pupils=pupils, year=year), who=bench.who
        )
    return pupils


def class_code(wanted: Marked, year: SchoolYear) -> str:
    """The class of that number in that year."""
    return f"{wanted.school}-{year.first}-A{wanted.number}"


def register(bench: Bench, keys: Sequence[str]) -> list[UUID]:
    """Registers pupils under these keys; their ids in that order."""
    commands = [
        RecordPupil(
            key=key,
            source=SOURCE,
            profile=profile(number),
            contacts=None,
            numbers=(),
            identity=None,
            identity_checked_at=None,
            identity_reason=None,
            effective_on=date(2014, 8, 1),
        )
        for number, key in enumerate(keys)
    ]
    _carry_out(bench, record_pupils, commands)
    with bench.ledger.database.connection() as connection:
        reader = Reader(connection, bench.ledger.keyring, bench.ledger.id)
        wanted = [local_key(key, SOURCE) for key in keys]
        found = reader.find(wanted)
    return [found[key][0] for key in wanted]


def _carry_out(bench: Bench, handler: object, commands: Iterable[object]) -> None:
    lines = [Line(at, command) for at, command in enumerate(commands, 1)]
    _, verdicts = bench.ledger.carry_out(handler, lines, who=bench.who)  # type: ignore[arg-type]
    refused = [verdict.refused for verdict in verdicts if verdict.fate != "accepted"]
    if refused:
        raise ValueError(f"a line of the sample was refused: {refused[0]}")


def _mark(reader: Reader, *, wanted: Marked, pupils: Sequence[UUID], year: SchoolYear) -> Plan:
    plan = Plan()
    code = class_code(wanted, year)
    sheets = reader.ref(class_stream(reader.ledger, code), StreamKind.CLASS)
    reader.classes([code])
    reader.years([(pupil, year.label) for pupil in pupils])
    columns = [(s, t, slot) for s in SUBJECTS for t in (1, 2) for slot in _SLOTS][: wanted.marks]
    for subject, semester, slot in columns:
        marks = [
            _event(code, wanted.school, number, subject, semester, slot)
            for number in range(len(pupils))
        ]
        for pupil, mark in zip(pupils, marks, strict=True):
            plan.drafts.append(Draft(year_ref(reader, pupil, year.label), mark))
        plan.add(sheets, [_submitted(code, pupils, marks)])
    return plan


def _event(
    code: str, school: str, number: int, subject: str, semester: int, slot: str
) -> MarkEntered:
    year = int(code.split("-")[-2])
    on = date(year, 10, 6) if semester == 1 else date(year + 1, 3, 9)
    return MarkEntered(
        effective_on=on,
        school_code=school,
        class_code=code,
        subject=subject,
        form="score",
        semester=semester,
        slot=slot,
        value=f"{5 + number % 5}.5",
        required=("TX1", "TX2", "TX3", "TX4", "GK", "CK"),
        components=(),
        sheet=f"{code}/{subject}/{semester}/{slot}/{on}",
        salt=new_salt(),
    )


def _submitted(code: str, pupils: Sequence[UUID], marks: Sequence[MarkEntered]) -> Event:
    first = marks[0]
    told = [(pupil, mark.value, mark.salt) for pupil, mark in zip(pupils, marks, strict=True)]
    root = sheet_root(code, first.subject, first.semester, first.slot, first.effective_on, told)
    return GradeSheetSubmitted(
        effective_on=first.effective_on,
        sheet=first.sheet,
        subject=first.subject,
        semester=first.semester,
        slot=first.slot,
        count=len(marks),
        root=root.hex(),
        signature=None,
    )
