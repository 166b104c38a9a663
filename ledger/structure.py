"""Batches about the frame of the record: units, classes, staff and who teaches what."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from ledger import ids, school_class, staff, unit
from ledger.batch import Batch, Line
from ledger.codes import Programme, Stage, stage_of
from ledger.errors import Refused
from ledger.event import Event, Note, StreamKind
from ledger.events.school_class import ClassClosed
from ledger.events.staff import (
    IdentityStatus,
    StaffChanged,
    StaffIdentityChecked,
    StaffProfile,
    StaffRegistered,
)
from ledger.events.unit import UnitChanged, UnitClosed, UnitOpened, UnitRecoded
from ledger.identifiers import SINCE_EVER
from ledger.reader import Reader
from ledger.recorder import StreamRef
from ledger.school_class import AssignTeacher, OpenClass, SchoolClass
from ledger.school_year import SchoolYear
from ledger.staff import Staff
from ledger.unit import RecordUnit, Unit, UnitEvent
from ledger.unit_places import Units, check_parent, check_successor, with_related

SCHOOL_KINDS = frozenset({"school", "centre", "campus"})


def record_units(
    reader: Reader, batch: Batch, lines: Sequence[Line[RecordUnit]], *, today: date
) -> None:
    """Opens, changes, re-codes and closes units; a unit whose parent or successor is unknown is
    refused, dependants follow."""
    named = [
        code
        for line in lines
        for code in (line.command.code, line.command.parent_code, line.command.successor)
        if code is not None
    ]
    units = with_related(reader.units, named)
    listed = {line.command.code for line in lines}
    taken_over = {
        line.command.recoded_to: line.command.ends_on
        for line in lines
        if line.command.recoded_to and line.command.ends_on
    }
    for line in _in_order(lines):
        command = line.command
        begun = taken_over.get(command.code)
        if begun is not None and command.opened_on == SINCE_EVER:
            command = replace(command, opened_on=begun)
        heir = None if command.recoded_to in listed else command.recoded_to
        try:
            known = units[command.code]
            events = unit.decide_unit(known, command, today=today)
            opened = _heir_of(units, command, heir)
            warnings = _check_unit(units, command, [*events, *opened], today)
        except Refused as refused:
            batch.reject(line, refused)
            continue
        _fold(units, [*events, *opened])
        writes: list[tuple[StreamRef, Sequence[Event]]] = [
            (_unit_ref(reader, command.code), events)
        ]
        if opened:
            writes.append((_unit_ref(reader, opened[0].code), opened))
        batch.accept(line, writes, warnings=warnings)


def _in_order(lines: Sequence[Line[RecordUnit]]) -> Iterator[Line[RecordUnit]]:
    """Each line after those that make its parent and its successor, as far as they do not wait
    for each other; a parent counts for more."""
    waiting = list(lines)
    while waiting:
        coming = Counter(code for line in waiting for code in _made(line))
        ready = (
            [x for x in waiting if not _awaits(x, coming, *_named(x))]
            or [x for x in waiting if not _awaits(x, coming, x.command.parent_code)]
            or waiting
        )
        yield from ready
        gone = {id(line) for line in ready}
        waiting = [line for line in waiting if id(line) not in gone]


def _made(line: Line[RecordUnit]) -> set[str]:
    """The unit of the line, and the one it goes on as."""
    return {line.command.code, line.command.recoded_to or line.command.code}


def _named(line: Line[RecordUnit]) -> tuple[str | None, str | None]:
    return line.command.parent_code, line.command.successor


def _awaits(line: Line[RecordUnit], coming: Counter[str], *codes: str | None) -> bool:
    """Whether another line makes one of `codes`."""
    return any(
        code not in (None, line.command.code) and coming[code] > (code == line.command.recoded_to)
        for code in codes
    )


def _heir_of(units: Units, command: RecordUnit, heir: str | None) -> list[UnitOpened]:
    """The opening of the unit under its new code, where that is on no list and not on record."""
    if heir is None:
        return []
    standing = units[heir]
    if standing is None:
        return [unit.decide_recoded(command, units[command.code])]
    if standing.kind != command.kind:
        raise Refused(
            "unit_kind_differs",
            f"unit {heir} is on record as {standing.kind}",
            field="recoded_to",
        )
    return []


def _check_unit(
    units: Units, command: RecordUnit, events: Sequence[UnitEvent], today: date
) -> tuple[Refused, ...]:
    """Checks the unit as it would be against the units around it; what is remarkable about it."""
    after = dict(units)
    _fold(after, events)
    known, warnings = units[command.code], list[Refused]()
    for event in events:
        if isinstance(event, UnitOpened | UnitChanged):
            changed = after[event.code]
            assert changed is not None
            warnings.extend(check_parent(after, changed, _day_of(event, changed, today)))
    if any(isinstance(event, UnitClosed | UnitRecoded) for event in events):
        check_successor(after, command)
    if known is None and command.changed_on is not None and not command.recoded_to:
        warnings.append(
            Refused(
                "earlier_state_unknown",
                f"what unit {command.code} was before {command.changed_on} is not on record; "
                "it stands as stated here from its opening",
                field="changed_on",
            )
        )
    if known is not None and command.opened_on not in (SINCE_EVER, known.opened_on):
        warnings.append(
            Refused(
                "opening_stands",
                f"unit {command.code} is on record as opened on {known.opened_on}; that stands",
                field="opened_on",
            )
        )
    return tuple(warnings)


def _day_of(event: UnitOpened | UnitChanged, changed: Unit, today: date) -> date:
    """The day on which the parent must be there: for a unit that has stood since ever, today, or
    its last day where it has closed."""
    if event.effective_on != SINCE_EVER:
        return event.effective_on
    ended = changed.closed_on
    if ended is None or ended > today:
        return today
    return max(ended - timedelta(days=1), SINCE_EVER)


def _fold(units: dict[str, Unit | None], events: Sequence[UnitEvent]) -> None:
    for event in events:
        units[event.code] = unit.evolve(units[event.code], event, 0)


def _unit_ref(reader: Reader, code: str) -> StreamRef:
    return reader.ref(ids.unit_stream(reader.ledger, code), StreamKind.UNIT)


def open_classes(reader: Reader, batch: Batch, lines: Sequence[Line[OpenClass]]) -> None:
    """Opens classes, or records their new name or end; the school must be a unit that teaches and
    is open in that year. Classes that close come last: their successors may stand below them."""
    named = {line.command.code for line in lines}
    named |= {code for line in lines for code in line.command.successors}
    classes = reader.classes(named)
    schools = reader.units({line.command.school_code for line in lines})
    for line in sorted(lines, key=lambda line: line.command.closed_on is not None):
        command = line.command
        try:
            school = schools[command.school_code]
            if school is None or school.kind not in SCHOOL_KINDS:
                raise _unknown("school", command.school_code, "school_code")
            warnings = _check_school(school, command)
            events = school_class.decide_class(classes[command.code], command)
            if any(isinstance(event, ClassClosed) for event in events):
                _check_successors(classes, command)
        except Refused as refused:
            batch.reject(line, refused)
            continue
        for event in events:
            classes[command.code] = school_class.evolve(classes[command.code], event, 0)
        ref = reader.ref(ids.class_stream(reader.ledger, command.code), StreamKind.CLASS)
        batch.accept(line, [(ref, events)], warnings=warnings)


def _check_school(school: Unit, command: OpenClass) -> tuple[Refused, ...]:
    """Warns where the school does not teach that grade (`grade_not_taught`).

    Raises:
        Refused: `school_not_open`, on no day of the class's year.
    """
    year = SchoolYear.parse(command.school_year)
    first, ended = max(school.opened_on, year.start), school.closed_on
    if first >= year.end or (ended is not None and ended <= first):
        raise Refused(
            "school_not_open",
            f"school {school.code} is not open in {year.label}",
            field="school_code",
            suggestion=f"{school.successor} stands for it" if school.successor else None,
        )
    held = school.on(first)
    continuing = command.programme == Programme.GDTX
    level = Stage.CONTINUING if continuing else stage_of(command.grade)
    if held is None or not held.levels or level.value in held.levels:
        return ()
    return (
        Refused(
            "grade_not_taught",
            f"grade {command.grade} is {level}; school {school.code} is on record with "
            + ", ".join(held.levels),
            field="grade",
            suggestion="correct the grade, or the levels of the school",
        ),
    )


def _check_successors(classes: Mapping[str, SchoolClass | None], command: OpenClass) -> None:
    """The classes that take over are others, of the same year, and go on from that day.

    Raises:
        Refused: `successor_cycle`, `unknown_successor`, `successor_other_year`,
            `successor_not_open`.
    """
    for code in command.successors:
        if code == command.code:
            raise Refused(
                "successor_cycle", f"class {code} would take over from itself", field="successors"
            )
        standing = classes[code]
        if standing is None:
            raise Refused(
                "unknown_successor",
                f"no class {code} is on record",
                field="successors",
                suggestion="import the class first, or mend the code",
            )
        if standing.school_year != command.school_year:
            raise Refused(
                "successor_other_year",
                f"class {code} is one of {standing.school_year}",
                field="successors",
                suggestion="name a class of the same school year",
            )
        ended = standing.closed_on
        if ended is not None and command.closed_on is not None and ended <= command.closed_on:
            raise Refused(
                "successor_not_open", f"class {code} closed on {ended}", field="successors"
            )


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
