"""The class of `bench sheet`: pupils with years of enrolments and marks behind them.

Structure, pupils and enrolments go through the handlers that everybody uses. The marks of past
years are appended as events directly, in large batches: the rules of most of those years (primary
school, older circulars) are not what is measured.
"""

from collections.abc import Sequence
from datetime import date
from functools import partial
from uuid import UUID

from ledger.batch import Line
from ledger.codes import Programme
from ledger.event import Event
from ledger.events.pupil import Place, PupilProfile, StatusKind
from ledger.events.pupil_year import MarkEntered
from ledger.events.staff import StaffProfile
from ledger.events.unit import UnitKind
from ledger.movement import EnrolInClass, Movement, StatusLine, move_pupils
from ledger.plan import Plan
from ledger.pupil import ChangeStatus
from ledger.reader import Reader
from ledger.registration import RecordPupil, local_key, record_pupils, year_ref
from ledger.school_class import AssignTeacher, OpenClass
from ledger.school_year import SchoolYear
from ledger.sheet import new_salt
from ledger.structure import (
    AssignToClass,
    RecordStaff,
    assign_teachers,
    open_classes,
    record_staff,
    record_units,
)
from ledger.unit import RecordUnit
from services.bench.place import PROVINCE, Bench

SCHOOL = "THPT-017"
TEACHER = "GV-0117"
LAST_YEAR = SchoolYear(2025)
SOURCE = "bench"
SUBJECTS = (
    *("TOAN", "NGUVAN", "NGOAINGU1", "LICHSU", "DIALI"),
    *("VATLI", "HOAHOC", "SINHHOC", "TINHOC", "CONGNGHE"),
)
_SLOTS = ("TX1", "TX2", "TX3", "GK", "CK")
SHEETS: tuple[tuple[str, int, str], ...] = tuple(
    (subject, semester, f"TX{number}")
    for number in range(4, 13)
    for semester in (1, 2)
    for subject in SUBJECTS
)
"""Columns that `write_class` leaves empty in the last year: (subject, semester, slot)."""

_FAMILIES = (
    *("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Phan", "Vũ", "Đặng", "Bùi", "Đỗ", "Hồ"),
    *("Ngô", "Dương"),
)
_MIDDLES = (
    *("Văn", "Thị", "Minh", "Đức", "Thu", "Ngọc", "Quang", "Thanh Hà", "Hải", "Gia"),
    *("Khánh", "Bảo Anh", "Tuấn", "Phương", "Hữu", "Mai", "Xuân"),
)
_GIVENS = (
    *("An", "Anh", "Bình", "Châu", "Chi", "Cường", "Dũng", "Đạt", "Giang", "Hà", "Hạnh"),
    *("Hằng", "Hiếu", "Hoà", "Huệ", "Hùng", "Khoa", "Lan", "Linh", "Long", "Mỹ", "Nga"),
    *("Nhung", "Phúc", "Quân", "Quỳnh", "Sơn", "Thảo", "Thuỷ"),
)

NOWHERE = Place(text=None, code=None)


def class_code(year: SchoolYear) -> str:
    """The class of that school year."""
    return f"{SCHOOL}-{year.first}-A1"


CLASS_CODE = class_code(LAST_YEAR)


def write_class(bench: Bench, *, pupils: int, years: int, marks: int) -> list[UUID]:
    """Writes school, classes, teacher, `pupils` with `years` (at most 12) of enrolments and about
    `marks` (at most 100) marks in each; the pupils' ids."""
    span = [SchoolYear(LAST_YEAR.first - back) for back in range(years - 1, -1, -1)]
    _write_structure(bench, span)
    found = _register(bench, pupils)
    moves = [
        Line(at, move)
        for at, move in enumerate(
            move for number, pupil in enumerate(found) for move in _stay(number, pupil, span)
        )
    ]
    _, verdicts = bench.ledger.carry_out(move_pupils, moves, who=bench.who)
    if any(verdict.fate != "accepted" for verdict in verdicts):
        raise ValueError(f"an enrolment of the sample was refused: {verdicts[0].refused}")
    for year in span:
        bench.ledger.desk.run(partial(_mark, pupils=found, year=year, marks=marks), who=bench.who)
    return found


def grade_of(year: SchoolYear) -> int:
    """The class is in grade 10 in the last year."""
    return 10 - (LAST_YEAR.first - year.first)


def write_school(bench: Bench, code: str) -> None:
    """The province and one school."""
    opened = date(1990, 9, 1)
    places: tuple[tuple[str, UnitKind, str | None], ...] = (
        (PROVINCE, "province", None),
        (code, "school", PROVINCE),
    )
    units = [
        RecordUnit(
            code=unit,
            kind=kind,
            name=f"Bench {unit}",
            parent_code=parent,
            levels=("TH", "THCS", "THPT") if parent else (),
            opened_on=opened,
            closed_on=None,
            merged_into=None,
        )
        for unit, kind, parent in places
    ]
    handler = partial(record_units, today=LAST_YEAR.start)
    bench.ledger.carry_out(
        handler, [Line(at, unit) for at, unit in enumerate(units)], who=bench.who
    )


def profile(number: int) -> PupilProfile:
    """A person, the same for the same number: names repeat after some thousand pupils."""
    return PupilProfile(
        full_name=" ".join(names[number % len(names)] for names in (_FAMILIES, _MIDDLES, _GIVENS)),
        sort_name=None,
        birth_date=f"2010-{1 + number % 12:02}-{1 + number % 28:02}",
        sex="nu" if number % 2 else "nam",
        ethnicity="01",
        nationality="VN",
        birth_place=NOWHERE,
        home_town=NOWHERE,
        residence=NOWHERE,
        father_name=None,
        mother_name=None,
        guardian_name=None,
        disability=None,
        policy_category=None,
        register_number=None,
    )


def _write_structure(bench: Bench, span: Sequence[SchoolYear]) -> None:
    carry_out, who = bench.ledger.carry_out, bench.who
    write_school(bench, SCHOOL)
    classes = [
        OpenClass(
            code=class_code(year),
            school_code=SCHOOL,
            school_year=year.label,
            grade=grade_of(year),
            name=f"{grade_of(year)}A1",
            programme=Programme.GDPT2018,
        )
        for year in span
    ]
    carry_out(open_classes, [Line(at, opened) for at, opened in enumerate(classes)], who=who)
    teacher = RecordStaff(
        code=TEACHER,
        profile=StaffProfile(
            full_name="Nguyễn Thị Bình", birth_date=None, sex=None, personal_id=None
        ),
        unit_code=SCHOOL,
        level="THPT",
        role="teacher",
        identity=None,
        identity_checked_at=None,
        identity_reason=None,
        effective_on=LAST_YEAR.start,
    )
    carry_out(record_staff, [Line(1, teacher)], who=who)
    assignments = [
        AssignToClass(
            class_code=CLASS_CODE,
            assignment=AssignTeacher(
                subject=subject,
                staff_code=TEACHER,
                effective_from=LAST_YEAR.start,
                effective_to=None,
            ),
        )
        for subject in SUBJECTS
    ]
    carry_out(assign_teachers, [Line(at, one) for at, one in enumerate(assignments)], who=who)


def _register(bench: Bench, pupils: int) -> list[UUID]:
    commands = [
        RecordPupil(
            key=f"P{number}",
            source=SOURCE,
            profile=profile(number),
            contacts=None,
            numbers=(),
            identity=None,
            identity_checked_at=None,
            identity_reason=None,
            effective_on=date(2016, 8, 1),
        )
        for number in range(pupils)
    ]
    lines = [Line(at, command) for at, command in enumerate(commands)]
    bench.ledger.carry_out(record_pupils, lines, who=bench.who)
    with bench.ledger.database.connection() as connection:
        reader = Reader(connection, bench.ledger.keyring, bench.ledger.id)
        keys = [local_key(command.key, SOURCE) for command in commands]
        found = reader.find(keys)
    return [found[key][0] for key in keys]


def _stay(number: int, pupil: UUID, span: Sequence[SchoolYear]) -> list[Movement]:
    """One enrolment a year, and a pause and a return in up to five of the years."""
    moves: list[Movement] = []
    for at, year in enumerate(span):
        moves.append(
            EnrolInClass(
                pupil=pupil,
                class_code=class_code(year),
                kind="start",
                effective_on=date(year.first, 9, 5),
                grade=None,
                note=None,
            )
        )
        if at < number % 6 and year != span[-1]:
            moves.append(_status(pupil, "suspend", date(year.first, 12, 1)))
            moves.append(_status(pupil, "resume", date(year.first, 12, 15)))
    return moves


def _status(pupil: UUID, kind: StatusKind, day: date) -> StatusLine:
    change = ChangeStatus(kind=kind, school_code=SCHOOL, effective_on=day)
    return StatusLine(pupil=pupil, change=change)


def _mark(reader: Reader, *, pupils: Sequence[UUID], year: SchoolYear, marks: int) -> Plan:
    plan = Plan()
    code = class_code(year)
    states = reader.years([(pupil, year.label) for pupil in pupils])
    columns = [(s, t, slot) for s in SUBJECTS for t in (1, 2) for slot in _SLOTS][:marks]
    for number, pupil in enumerate(pupils):
        if states[pupil, year.label] is None:
            raise ValueError(f"{year} of a pupil of the sample was not opened")
        ref = year_ref(reader, pupil, year.label)
        plan.add(ref, [_event(code, number, *column) for column in columns])
    return plan


def _event(code: str, number: int, subject: str, semester: int, slot: str) -> Event:
    year = int(code.split("-")[-2])
    on = date(year, 10, 6) if semester == 1 else date(year + 1, 3, 9)
    return MarkEntered(
        effective_on=on,
        school_code=SCHOOL,
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
