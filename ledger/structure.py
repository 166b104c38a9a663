"""Batches about the frame of the record: units, classes, staff and who teaches what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from ledger import ids, school_class, staff, unit
from ledger.batch import Batch, Line
from ledger.errors import Refused
from ledger.event import Event, Note, StreamKind
from ledger.events.staff import (
    IdentityStatus,
    StaffChanged,
    StaffIdentityChecked,
    StaffProfile,
    StaffRegistered,
)
from ledger.reader import Reader
from ledger.school_class import AssignTeacher, OpenClass, SchoolClass
from ledger.staff import Staff
from ledger.unit import RecordUnit, Unit

SCHOOL_KINDS = frozenset({"school", "centre", "campus"})


def record_units(
    reader: Reader, batch: Batch, lines: Sequence[Line[RecordUnit]], *, today: date
) -> None:
    """Opens, changes and closes units; a unit whose parent is unknown is refused, dependants
    follow."""
    codes = {line.command.code for line in lines}
    codes |= {line.command.parent_code for line in lines if line.command.parent_code}
    codes |= {line.command.merged_into for line in lines if line.command.merged_into}
    units = reader.units(codes)
    waiting = list(lines)
    while waiting:
        coming = {line.command.code for line in waiting}
        ready = [line for line in waiting if line.command.parent_code not in coming]
        for line in ready or waiting:
            _record_unit(reader, batch, line, units, today)
        waiting = [line for line in waiting if line not in ready] if ready else []


def _record_unit(
    reader: Reader,
    batch: Batch,
    line: Line[RecordUnit],
    units: dict[str, Unit | None],
    today: date,
) -> None:
    command = line.command
    try:
        if command.parent_code and units.get(command.parent_code) is None:
            raise _unknown("unit", command.parent_code, "parent_code")
        events = unit.decide_unit(units[command.code], command, today=today)
    except Refused as refused:
        batch.reject(line, refused)
        return
    for event in events:
        units[command.code] = unit.evolve(units[command.code], event, 0)
    ref = reader.ref(ids.unit_stream(reader.ledger, command.code), StreamKind.UNIT)
    batch.accept(line, [(ref, events)])


def open_classes(reader: Reader, batch: Batch, lines: Sequence[Line[OpenClass]]) -> None:
    """Opens classes, or records their new name; the school must be a unit that teaches."""
    classes = reader.classes(line.command.code for line in lines)
    schools = reader.units(line.command.school_code for line in lines)
    for line in lines:
        command = line.command
        try:
            school = schools[command.school_code]
            if school is None or school.kind not in SCHOOL_KINDS:
                raise _unknown("school", command.school_code, "school_code")
            events = school_class.decide_class(classes[command.code], command)
        except Refused as refused:
            batch.reject(line, refused)
            continue
        for event in events:
            classes[command.code] = school_class.evolve(classes[command.code], event, 0)
        ref = reader.ref(ids.class_stream(reader.ledger, command.code), StreamKind.CLASS)
        batch.accept(line, [(ref, events)])


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordStaff:
    """A member of staff as a list names them."""

    code: str
    profile: StaffProfile
    unit_code: str | None
    level: str | None
    role: str | None
    identity: IdentityStatus | None
    identity_checked_at: datetime | None
    identity_reason: str | None
    effective_on: date


def record_staff(reader: Reader, batch: Batch, lines: Sequence[Line[RecordStaff]]) -> None:
    """Registers staff or records what is new about them."""
    known = reader.staff(line.command.code for line in lines)
    units = reader.units(line.command.unit_code for line in lines if line.command.unit_code)
    for line in lines:
        command = line.command
        if command.unit_code and units[command.unit_code] is None:
            batch.reject(line, _unknown("unit", command.unit_code, "unit_code"))
            continue
        stream = ids.staff_stream(reader.ledger, command.code)
        ref = reader.ref(stream, StreamKind.STAFF, person=stream)
        events = _staff_events(known[command.code], command)
        for event in events:
            known[command.code] = staff.evolve(known[command.code], event, 0)
        batch.accept(line, [(ref, events)])


def _staff_events(known: Staff | None, command: RecordStaff) -> list[Event]:
    events: list[Event] = []
    if known is None:
        events.append(
            StaffRegistered(
                effective_on=command.effective_on,
                code=command.code,
                unit_code=command.unit_code,
                level=command.level,
                role=command.role,
                statutory=command.profile,
            )
        )
    else:
        events.append(
            StaffChanged(
                effective_on=command.effective_on,
                unit_code=command.unit_code,
                level=command.level,
                role=command.role,
                statutory=command.profile,
            )
        )
    if command.identity and (known is None or known.identity != command.identity):
        events.append(
            StaffIdentityChecked(
                effective_on=(
                    command.identity_checked_at.date()
                    if command.identity_checked_at
                    else command.effective_on
                ),
                status=command.identity,
                checked_at=command.identity_checked_at,
                statutory=Note(text=command.identity_reason) if command.identity_reason else None,
            )
        )
    return events


@dataclass(frozen=True, kw_only=True, slots=True)
class AssignToClass:
    """Who teaches what in which class."""

    class_code: str
    assignment: AssignTeacher


def assign_teachers(reader: Reader, batch: Batch, lines: Sequence[Line[AssignToClass]]) -> None:
    """Records who teaches what; class and member of staff must be on record."""
    classes = reader.classes(line.command.class_code for line in lines)
    known = reader.staff(line.command.assignment.staff_code for line in lines)
    for line in lines:
        code, assignment = line.command.class_code, line.command.assignment
        try:
            found = require_class(classes, code)
            if known[assignment.staff_code] is None:
                raise _unknown("staff", assignment.staff_code, "staff_key")
            events = school_class.decide_assignment(found, assignment)
        except Refused as refused:
            batch.reject(line, refused)
            continue
        for event in events:
            classes[code] = school_class.evolve(classes[code], event, 0)
        ref = reader.ref(ids.class_stream(reader.ledger, code), StreamKind.CLASS)
        batch.accept(line, [(ref, events)])


def require_class(classes: dict[str, SchoolClass | None], code: str) -> SchoolClass:
    """The class of that code. Raises Refused(`unknown_class`)."""
    found = classes.get(code)
    if found is None:
        raise _unknown("class", code, "class_code")
    return found


def _unknown(what: str, code: str, column: str) -> Refused:
    return Refused(
        f"unknown_{what}",
        f"no {what} {code} is on record",
        field=column,
        suggestion=f"import the {what} first, or mend the code",
    )
