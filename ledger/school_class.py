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
            # A class that closes with its year did not close before it: a closing taken back.
            early = event.effective_on < SchoolYear.parse(school_class.school_year).end
            return school_class.model_copy(
                update={
                    "closed_on": event.effective_on if early else None,
                    "successors": event.successors if early else (),
                }
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
    """Open a class of a school year, say what it is called, or close it before its year ends.

    `changed_on` is the first day of the name stated; where the class is on record as closed from
    that very day and no `closed_on` is given, the closing is taken back. One successor: the
    class was merged into it; several: it was split.
    """

    code: str
    school_code: str
    school_year: str
    grade: int
    name: str
    programme: str
    gathering: Gathering = "homeroom"
    changed_on: date | None = None
    closed_on: date | None = None
    successors: tuple[str, ...] = ()


def decide_class(school_class: SchoolClass | None, command: OpenClass) -> list[Event]:
    """Opens the class, records what is new about it, closes it; nothing where all is known.

    A change without a day corrects the name borne last from its own first day on.

    Raises:
        Refused: `class_moved` (a class never changes its school, year or gathering),
            `date_outside_school_year`, `class_closed`, `missing_value`.
    """
    year = SchoolYear.parse(command.school_year)
    _check_days(command, year)
    if school_class is None:
        opened = ClassOpened(
            effective_on=year.start,
            code=command.code,
            school_code=command.school_code,
            school_year=command.school_year,
            grade=command.grade,
            name=command.name,
            programme=command.programme,
            gathering=command.gathering,
        )
        return [opened, *_closing(evolve(None, opened, 1), command)]
    fixed = (school_class.school_code, school_class.school_year, school_class.gathering)
    if fixed != (command.school_code, command.school_year, command.gathering):
        raise Refused(
            "class_moved",
            f"class {command.code} is on record at {fixed[0]} in {fixed[1]}",
            field="class_code",
            suggestion="use another class code for another school or year",
        )
    restored: list[Event] = []
    ended = school_class.closed_on
    if ended is not None and command.closed_on is None and command.changed_on == ended:
        restored = [ClassClosed(effective_on=year.end, successors=())]
        school_class = evolve(school_class, restored[0], 0)
    return [*restored, *_change(school_class, command), *_closing(school_class, command)]


def _check_days(command: OpenClass, year: SchoolYear) -> None:
    if command.successors and command.closed_on is None:
        raise Refused(
            "missing_value",
            f"the day from which others stand for class {command.code} is not given",
            field="closed_on",
            suggestion="give closed_on, the first day without the class",
        )
    days = (("changed_on", command.changed_on), ("closed_on", command.closed_on))
    for column, day in days:
        if day is not None and day not in year:
            raise Refused(
                "date_outside_school_year",
                f"the day lies outside school year {year.label}",
                field=column,
                suggestion=f"{year.start} … {year.end}",
            )


def _change(school_class: SchoolClass, command: OpenClass) -> list[Event]:
    last_since, last_name = school_class.names[-1]
    day, name = last_since, last_name
    if command.changed_on is not None:
        day, name = command.changed_on, school_class.name_on(command.changed_on)
    now = (command.grade, command.name, command.programme)
    if now == (school_class.grade, name, school_class.programme):
        return []
    ended = command.closed_on or school_class.closed_on
    if ended is not None and day >= ended:
        raise Refused(
            "class_closed",
            f"class {school_class.code} closed on {ended}",
            field="changed_on",
            suggestion=f"give the first day of the name, before {ended}; or, where the class did "
            f"not close, changed_on = {ended} without closed_on",
        )
    return [
        ClassChanged(
            effective_on=day,
            grade=command.grade,
            name=command.name,
            programme=command.programme,
        )
    ]


def _closing(school_class: SchoolClass, command: OpenClass) -> list[Event]:
    day = command.closed_on
    if day is None:
        return []
    successors = command.successors or school_class.successors
    if (day, successors) == (school_class.closed_on, school_class.successors):
        return []
    return [ClassClosed(effective_on=day, successors=successors)]


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
