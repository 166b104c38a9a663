"""Mark sheets to be filled in: a class on a day, one subject and term, what is on record locked.

What comes back is read by `services.importing.mark_sheet`; the two share names and the form of
the hidden sheet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from ledger import contribution as parts_of
from ledger.assessment.marks import EXEMPT
from ledger.assessment.regime import Regulation, regulation_for
from ledger.codes import Programme
from ledger.contribution import Mark
from ledger.database import Connection
from ledger.errors import Refused
from ledger.ledger import Ledger
from ledger.pupil import Pupil
from ledger.pupil_year import PupilYear
from ledger.reader import Reader
from ledger.school_year import SchoolYear
from ledger.subjects import Subject, allowed_slots, find_subject, required_slots
from projections.names import Names
from projections.pupil_log import school_names
from projections.views import Views
from services.importing.mark_sheet import BORN, DAYS, ELSEWHERE, FULL_NAME, KEY, NUMBER, Origin
from services.sheets.reading import OWN_SHEET
from services.sheets.writing import Cell, Choice, Hidden, Table, Value

_WHOLE_FORMS = {"level": ("T", "H", "C"), "comment": ("Đ", "CĐ")}
_HOW = (
    "Chỉ nhập vào ô trắng; ô xám đã ghi sổ, muốn sửa phải có phiếu đề nghị sửa điểm.",
    "Ghi ngày kiểm tra phía trên cột điểm mới. Ô trống là chưa có điểm.",
)


@dataclass(frozen=True, slots=True)
class Held:
    """A mark on record in a slot of this ledger: `school` (code and name) gave it, on `day`."""

    value: str
    day: date
    school: str
    school_name: str


@dataclass(frozen=True, slots=True)
class Line:
    """One pupil of the sheet: own marks by slot, and others' as a text."""

    key: str
    full_name: str
    birth_date: str
    held: Mapping[str, Held]
    elsewhere: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkSheetOut:
    """A mark sheet before it is written."""

    ledger: UUID
    class_code: str
    class_name: str
    school_code: str
    school_name: str
    school_year: str
    subject: Subject
    form: str
    semester: int
    slots: tuple[str, ...]
    on: date
    position: int
    lines: Sequence[Line]


def gather(
    ledger: Ledger,
    views: Views,
    *,
    class_: str,
    subject: str,
    semester: int,
    slots: Sequence[str],
    on: date,
) -> MarkSheetOut:
    """The sheet of a class on `on`, with every mark on record now. `slots` empty: the required
    ones; `all`: every one that the regulation has. Columns that hold a mark stand there anyway.

    Raises:
        NotFound: `unknown_class`.
        Refused: `unknown_subject`, `subject_not_in_grade`, `unknown_slot`, `unknown_semester`,
            `no_pupils`.
    """
    answer = views.roster(class_, on=on)
    with ledger.database.connection() as connection:
        reader = Reader(connection, ledger.keyring, ledger.id)
        school_class = reader.classes([answer["class_code"]])[answer["class_code"]]
        assert school_class is not None
        known = find_subject(subject, school_class.grade, Programme(school_class.programme))
        year = school_class.school_year
        ids = [UUID(pupil["pupil_id"]) for pupil in answer["pupils"]]
        if not ids:
            raise Refused("no_pupils", f"nobody is on the list of this class on {on}")
        pupils = reader.pupils(ids)
        years = reader.years([(id, year) for id in ids])
        regulation = regulation_for(
            SchoolYear.parse(year), school_class.grade, Programme(school_class.programme)
        )
        term = _term(semester, known.form(school_class.grade))
        names = _names(ledger, connection, reader, pupils.values(), year, on)
        lines = [
            _line(reader, pupil, pupils[id], years[id, year], (known.key, term), names, ledger.id)
            for id, pupil in zip(ids, answer["pupils"], strict=True)
        ]
        return MarkSheetOut(
            ledger=ledger.id,
            class_code=school_class.code,
            class_name=answer["class_name"],
            school_code=school_class.school_code,
            school_name=names.school(ledger.id, school_class.school_code)
            or school_class.school_code,
            school_year=year,
            subject=known,
            form=known.form(school_class.grade),
            semester=term,
            slots=_slots(
                slots, lines, known, school_class.grade, school_class.programme, regulation
            ),
            on=on,
            position=reader.size - 1,
            lines=lines,
        )


def _term(semester: int, form: str) -> int:
    """Primary schools have no terms: their slots name the time."""
    if form == "level":
        return 0
    if semester not in (1, 2):
        raise Refused("unknown_semester", "a term is 1 or 2", suggestion="--semester 1")
    return semester


def _slots(
    asked: Sequence[str],
    lines: Sequence[Line],
    subject: Subject,
    grade: int,
    programme: str,
    regulation: Regulation,
) -> tuple[str, ...]:
    allowed = allowed_slots(regulation)
    wanted = [slot.strip().upper() for slot in asked]
    for slot in wanted:
        if slot not in (*allowed, "ALL"):
            raise Refused(
                "unknown_slot", f"{regulation} has no such slot", suggestion=", ".join(allowed)
            )
    if not wanted:
        wanted = list(required_slots(subject, grade, Programme(programme), regulation))
    held = {slot for line in lines for slot in line.held}
    everything = "ALL" in wanted or not wanted
    return tuple(slot for slot in allowed if everything or slot in wanted or slot in held)


def _names(
    ledger: Ledger,
    connection: Connection,
    reader: Reader,
    pupils: Any,
    year: str,
    on: date,
) -> Names:
    schools = {
        (mark.ledger, mark.school)
        for pupil in pupils
        for mark in _marks(reader, pupil, year)
        if not mark.paper
    }
    own = {(ledger.id, change.school) for pupil in pupils for change in pupil.changes}
    return school_names(ledger, connection, sorted(schools | own), on=on, size=reader.size)


def _marks(reader: Reader, pupil: Pupil, year: str) -> list[Mark]:
    columns = parts_of.columns(reader.contributions(pupil, year))
    return [mark for column in columns.values() for mark in column.marks]


def _line(
    reader: Reader,
    listed: Mapping[str, Any],
    pupil: Pupil | None,
    year: PupilYear | None,
    column: tuple[str, int],
    names: Names,
    own: UUID,
) -> Line:
    assert pupil is not None
    held = {
        slot: Held(
            filled.value,
            filled.tested_on,
            filled.school,
            names.school(own, filled.school) or filled.school,
        )
        for (subject, semester, slot), filled in (year.slots.items() if year else ())
        if (subject, semester) == column
    }
    found = parts_of.columns(reader.contributions(pupil, listed_year(year))).get(column)
    foreign = [m for m in found.marks if m.ledger != own or m.paper] if found else []
    return Line(
        f"id:{pupil.id}",
        listed["full_name"] or "",
        listed["birth_date"] or "",
        held,
        _elsewhere(foreign, names),
    )


def listed_year(year: PupilYear | None) -> str:
    """The school year's label; a pupil without a year of this class has no marks in it."""
    return year.school_year if year else ""


def _elsewhere(marks: Sequence[Mark], names: Names) -> str:
    """Marks of other schools, by school: `THCS Hồng Bàng: TX1 8,0; GK 7,5`."""
    schools: dict[str, list[Mark]] = {}
    for mark in sorted(marks, key=lambda mark: (mark.hop, mark.tested_on)):
        name = mark.school if mark.paper else names.school(mark.ledger, mark.school)
        schools.setdefault(name or mark.school, []).append(mark)
    return " · ".join(
        f"{name}: " + "; ".join(f"{mark.slot} {mark.value.replace('.', ',')}" for mark in given)
        for name, given in schools.items()
    )


def tables(sheet: MarkSheetOut) -> list[Table | Hidden]:
    """The sheets of the workbook: the one to be filled in, and the hidden one."""
    headings = [KEY, NUMBER, FULL_NAME, BORN, *sheet.slots, ELSEWHERE]
    days: list[Value | Cell] = [None, None, DAYS, None]
    days += [Cell(_common_day(sheet.lines, slot), "day") for slot in sheet.slots]
    term = f" · Học kỳ {sheet.semester}" if sheet.semester else ""
    table = Table(
        name=f"{sheet.class_name} {sheet.subject.short_name}",
        title=(
            f"BẢNG GHI ĐIỂM · {sheet.subject.name}{term} · {sheet.school_year}",
            f"{sheet.school_name} · Lớp {sheet.class_name} · tính đến ngày "
            f"{sheet.on:%d/%m/%Y} · theo dữ liệu đã ghi đến số {sheet.position}",
            *_HOW,
        ),
        above=[[*days, None]],
        headings=headings,
        rows=[_row(sheet, number, line) for number, line in enumerate(sheet.lines, 1)],
        widths=(0, 5, 28, 12, *(11 for _ in sheet.slots), 30),
        landscape=True,
        protected=True,
    )
    return [table, Hidden(name=OWN_SHEET, rows=list(_origin(sheet).rows()))]


def _common_day(lines: Sequence[Line], slot: str) -> date | None:
    """The day of a column's marks, where all are of one day."""
    found = {line.held[slot].day for line in lines if slot in line.held}
    return found.pop() if len(found) == 1 else None


def _row(sheet: MarkSheetOut, number: int, line: Line) -> list[Value | Cell]:
    cells: list[Value | Cell] = [line.key, number, line.full_name, _born(line.birth_date)]
    for slot in sheet.slots:
        held = line.held.get(slot)
        if held is None:
            cells.append(Cell(look="open", choice=_choice(sheet.form, slot)))
            continue
        other = held.school != sheet.school_code
        cells.append(Cell(_shown(held.value), "held", note=held.school_name if other else None))
    return [*cells, Cell(line.elsewhere or None, "foreign")]


def _born(birth_date: str) -> Value:
    return date.fromisoformat(birth_date) if len(birth_date) == 10 else birth_date


def _shown(value: str) -> Value:
    """A score as a number, so that the spreadsheet shows it with the reader's own comma."""
    return float(value) if value.replace(".", "", 1).isdigit() else value


def _choice(form: str, slot: str) -> Choice:
    if form == "level" and slot.startswith("KT_"):
        return Choice(low=1, whole=True)
    words = _WHOLE_FORMS.get(form)
    return Choice(words=(*words, EXEMPT)) if words else Choice()


def _origin(sheet: MarkSheetOut) -> Origin:
    return Origin(
        ledger=str(sheet.ledger),
        class_code=sheet.class_code,
        subject=sheet.subject.key,
        semester=str(sheet.semester),
        school_year=sheet.school_year,
        on=sheet.on.isoformat(),
        position=sheet.position,
        slots=sheet.slots,
        pupils={line.key: (line.full_name, line.birth_date) for line in sheet.lines},
        held={
            (line.key, slot): held.value
            for line in sheet.lines
            for slot, held in line.held.items()
            if slot in sheet.slots
        },
    )
