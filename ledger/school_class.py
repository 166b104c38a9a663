"""A class: state, the one `evolve`, and the decisions about it and its teachers."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from ledger.errors import Refused
from ledger.event import Event, Frozen
from ledger.events.school_class import (
    ClassChanged,
    ClassClosed,
    ClassOpened,
    ClassTurned,
    ClassTurnUndone,
    Gathering,
    MonthConfirmed,
    TeacherAssigned,
)
from ledger.school_year import SchoolYear


class Assignment(Frozen):
    """A teacher of `subject` (None: homeroom) from `start` until `until` (exclusive)."""

    subject: str | None
    staff: str
    start: date
    until: date | None


class SchoolClass(Frozen):
    """What the rules need to know of a class.

    `name` is the one stated last, `names` are all with their first days; `turns` are the turns
    into the next year that stand, `months` those whose presence was confirmed.
    """

    code: str
    school_code: str
    school_year: str
    grade: int
    name: str
    programme: str
    gathering: Gathering
    assignments: tuple[Assignment, ...] = ()
    names: tuple[tuple[date, str], ...] = ()
    closed_on: date | None = None
    successors: tuple[str, ...] = ()
    turns: tuple[UUID, ...] = ()
    months: tuple[str, ...] = ()

    def name_on(self, day: date) -> str:
        """What the class was called on `day` (before its first day: as at first)."""
        held = [name for since, name in self.names if since <= day]
        return held[-1] if held else self.names[0][1]

    def teachers(self, subject: str | None, day: date) -> frozenset[str]:
        """The staff codes of those who teach `subject` here on `day`."""
        return frozenset(
            assignment.staff
            for assignment in self.assignments
            if assignment.subject == subject
            and assignment.start <= day
            and (assignment.until is None or day < assignment.until)
        )


def evolve(school_class: SchoolClass | None, event: Event, version: int) -> SchoolClass:
    """The class after `event`."""
    del version
    match event:
        case ClassOpened():
            return SchoolClass(
                code=event.code,
                school_code=event.school_code,
                school_year=event.school_year,
                grade=event.grade,
                name=event.name,
                programme=event.programme,
                gathering=event.gathering,
                names=((event.effective_on, event.name),),
            )
        case _ if school_class is None:
            raise ValueError(f"{event.TOPIC} before the class was opened")
        case ClassChanged():
            others_named = [known for known in school_class.names if known[0] != event.effective_on]
            names = sorted([*others_named, (event.effective_on, event.name)])
            return school_class.model_copy(
                update={
                    "grade": event.grade,
                    "name": names[-1][1],
                    "programme": event.programme,
                    "names": tuple(names),
                }
            )
        case ClassClosed():
            return school_class.model_copy(
                update={"closed_on": event.effective_on, "successors": event.successors}
            )
        case ClassTurned():
            return school_class.model_copy(update={"turns": (*school_class.turns, event.turn)})
        case ClassTurnUndone():
            left = tuple(turn for turn in school_class.turns if turn != event.turn)
            return school_class.model_copy(update={"turns": left})
        case MonthConfirmed():
            months = tuple(sorted({*school_class.months, event.month}))
            return school_class.model_copy(update={"months": months})
        case TeacherAssigned():
            assignment = Assignment(
                subject=event.subject,
                staff=event.staff_code,
                start=event.effective_on,
                until=event.until,
            )
            others = tuple(
                known
                for known in school_class.assignments
                if (known.subject, known.staff, known.start)
                != (assignment.subject, assignment.staff, assignment.start)
            )
            return school_class.model_copy(update={"assignments": (*others, assignment)})
        case _:
            return school_class


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenClass:
    """Open a class of a school year, or say what it is called now."""

    code: str
    school_code: str
    school_year: str
    grade: int
    name: str
    programme: str
    gathering: Gathering = "homeroom"


def decide_class(school_class: SchoolClass | None, command: OpenClass) -> list[Event]:
    """Opens the class, or records what is new about it; nothing where all is known.

    Raises:
        Refused: `class_moved` (a class never changes its school, year or gathering).
    """
    start = SchoolYear.parse(command.school_year).start
    if school_class is None:
        return [
            ClassOpened(
                effective_on=start,
                code=command.code,
                school_code=command.school_code,
                school_year=command.school_year,
                grade=command.grade,
                name=command.name,
                programme=command.programme,
                gathering=command.gathering,
            )
        ]
    fixed = (school_class.school_code, school_class.school_year, school_class.gathering)
    if fixed != (command.school_code, command.school_year, command.gathering):
        raise Refused(
            "class_moved",
            f"class {command.code} is on record at {fixed[0]} in {fixed[1]}",
            field="class_code",
            suggestion="use another class code for another school or year",
        )
    now = (command.grade, command.name, command.programme)
    if now == (school_class.grade, school_class.name, school_class.programme):
        return []
    return [
        ClassChanged(
            effective_on=start,
            grade=command.grade,
            name=command.name,
            programme=command.programme,
        )
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class AssignTeacher:
    """Let a member of staff teach a subject of a class."""

    subject: str | None
    staff_code: str
    effective_from: date
    effective_to: date | None


def decide_assignment(school_class: SchoolClass, command: AssignTeacher) -> list[Event]:
    """Records an assignment (or its new end); nothing where it is on record.

    Raises:
        Refused: `date_outside_school_year`, `empty_period`.
    """
    year = SchoolYear.parse(school_class.school_year)
    if command.effective_from not in year:
        raise Refused(
            "date_outside_school_year",
            f"the assignment begins outside school year {year.label}",
            field="effective_from",
            suggestion=f"{year.start} … {year.end}",
        )
    if command.effective_to is not None and command.effective_to <= command.effective_from:
        raise Refused("empty_period", "the assignment ends before it begins", field="effective_to")
    wanted = Assignment(
        subject=command.subject,
        staff=command.staff_code,
        start=command.effective_from,
        until=command.effective_to,
    )
    if wanted in school_class.assignments:
        return []
    return [
        TeacherAssigned(
            effective_on=command.effective_from,
            subject=command.subject,
            staff_code=command.staff_code,
            until=command.effective_to,
        )
    ]
