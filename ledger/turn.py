"""The year's turn (Kết chuyển năm học): where the pupils of a class go when its year is over.

    promoted   into the next grade's class (6A1 -> 7A1); a mixed class stays together, each pupil
               with the own grade raised
    retained   into the class of the same name and grade of the new year
    completed  the school has no next grade: the pupil completes the level
    waiting    nothing is written: re-assessment is pending, or there is no result yet

Results are those of `year_record.assess`; preschool groups follow age, so every child of a group
moves on. A level is completed on the last day of the school year (31 July): the pupil counts
until then, as `completed` in the movement of that year, and no more on the day from which the
next year's start is counted. New enrolments begin on 1 August unless another day is given.

A class is turned in one transaction, and what it writes stands directly before its `ClassTurned`
in the log, so that an undoing finds it by position. A second run takes up who had to wait.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal
from uuid import UUID

from ledger import enrolment, ids, pupil
from ledger.assessment.regime import programme_for
from ledger.batch import Batch, Line
from ledger.codes import PRESCHOOL_GROUPS
from ledger.enrolment import ENTRIES, Segment
from ledger.errors import Refused
from ledger.event import Event, StreamKind
from ledger.events.school_class import ClassTurned
from ledger.movement import opening_of
from ledger.next_class import last_grade, next_codes, raised
from ledger.pupil import ChangeStatus, Enrol, Pupil
from ledger.reader import Reader
from ledger.recorder import StreamRef
from ledger.registration import pupil_ref, year_ref
from ledger.school_class import OpenClass, SchoolClass, decide_class
from ledger.school_class import evolve as evolve_class
from ledger.school_year import SchoolYear
from ledger.stay_warnings import grade_after
from ledger.structure import require_class
from ledger.succession import current, with_successors
from ledger.text import matching_key
from ledger.year_record import assess

Outcome = Literal["promoted", "retained", "completed", "waiting", "done"]
"""`done`: the pupil has a place in the new year, or completed the level, by an earlier entry."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TurnClass:
    """Take the pupils of a class over into the next school year.

    `pupils` are all who ever stood on its list, `next_classes` the codes of the school's classes
    of the new year known so far; `next_code` and `next_name` what somebody chose for the class
    into which the promoted go. Enrolments begin on `on`; results are those of the day `as_of`.
    """

    class_code: str
    turn: UUID
    pupils: tuple[UUID, ...]
    next_classes: tuple[str, ...]
    next_code: str | None
    next_name: str | None
    on: date
    as_of: date


@dataclass(frozen=True, slots=True)
class Going:
    """Where one pupil goes: the class of the new year (None where there is none) and the grade in
    it; `reason` says why somebody waits or what a result rests on."""

    pupil: UUID
    outcome: Outcome
    grade: int
    next_grade: int | None = None
    next_class: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class TurnPlan:
    """What a turn does with one class, whether it is carried out or only shown.

    `classes` are the classes of the new year by code, those opened by the turn too; `written`
    counts its entries (0: nothing is new).
    """

    old: SchoolClass
    to_year: SchoolYear
    goings: tuple[Going, ...]
    classes: dict[str, SchoolClass]
    opened: tuple[str, ...]
    written: int

    def count(self, outcome: Outcome) -> int:
        """How many pupils have this outcome."""
        return sum(going.outcome == outcome for going in self.goings)


def turn_classes(
    reader: Reader, batch: Batch, lines: Sequence[Line[TurnClass]], *, told: dict[str, TurnPlan]
) -> None:
    """Turns classes, and tells in `told` what becomes of each, by class code."""
    for line in lines:
        try:
            turning = _Turning(reader, line.command)
            plan = turning.plan()
        except Refused as refused:
            batch.reject(line, refused)
            continue
        told[line.command.class_code] = plan
        if not plan.written:
            batch.accept(line, [])
            continue
        turned = ClassTurned(
            effective_on=line.command.on,
            turn=line.command.turn,
            to_school_year=plan.to_year.label,
            entries=plan.written,
            promoted=plan.count("promoted"),
            retained=plan.count("retained"),
            completed=plan.count("completed"),
            waiting=plan.count("waiting"),
        )
        old = reader.ref(ids.class_stream(reader.ledger, plan.old.code), StreamKind.CLASS)
        batch.accept(line, [*turning.writes, (old, [turned])])


def plan_turn(reader: Reader, command: TurnClass) -> TurnPlan:
    """What a turn of the class would do now; nothing is appended.

    Raises:
        Refused: `unknown_class`, `not_homeroom`, `class_code_taken`, `date_outside_school_year`.
    """
    return _Turning(reader, command).plan()


class _Turning:
    """One class's turn under decision: the states it needs, the entries so far."""

    def __init__(self, reader: Reader, command: TurnClass) -> None:
        self.reader = reader
        self.command = command
        self.writes: list[tuple[StreamRef, Sequence[Event]]] = []
        self.old = require_class(reader.classes([command.class_code]), command.class_code)
        self.year = SchoolYear.parse(self.old.school_year)
        if self.old.gathering != "homeroom":
            raise Refused(
                "not_homeroom",
                f"{self.old.code} is a course section: its pupils are turned with their class",
                field="class_code",
            )
        if command.on not in self.year.next:
            raise Refused(
                "date_outside_school_year",
                f"the day lies outside school year {self.year.next.label}",
                field="on",
                suggestion=f"{self.year.next.start} … {self.year.next.end}",
            )
        units = with_successors(reader.units, [self.old.school_code])
        self.school = current(units, self.old.school_code, command.on)
        unit = units.get(self.school)
        self.levels = unit.levels if unit is not None else ()
        known = reader.classes([c for c in (*command.next_classes, command.next_code) if c])
        self.classes = {code: found for code, found in known.items() if found is not None}
        self.opened: list[str] = []

    def plan(self) -> TurnPlan:
        states = self.reader.pupils(self.command.pupils)
        self.years = self.reader.years(
            ((person, self.year.next.label) for person in self.command.pupils), columns=()
        )
        goings = []
        for person in self.command.pupils:
            state = states[person]
            if state is not None and (here := self._last_stay(state)) is not None:
                try:
                    goings.append(self._carry(state, here, self._going(state, here)))
                except Refused as refused:
                    if refused.code == "class_code_taken":
                        raise
                    goings.append(Going(person, "waiting", here.grade, reason=refused.code))
        return TurnPlan(
            old=self.old,
            to_year=self.year.next,
            goings=tuple(goings),
            classes=self.classes,
            opened=tuple(self.opened),
            written=sum(len(events) for _, events in self.writes),
        )

    def _last_stay(self, state: Pupil) -> Segment | None:
        """The pupil's stay in the class on the year's last day, or up to it where the pupil
        completed the level then."""
        last = self.year.end - timedelta(days=1)
        for day in (last, last - timedelta(days=1)):
            here = enrolment.on_day(state.segments, day)
            if here is None:
                return None
            if here.school is not None:
                return here if here.class_code == self.old.code else None
            if here.change_kind != "complete":
                return None
        return None

    def _going(self, state: Pupil, here: Segment) -> Going:
        """Where a pupil goes, before a class is looked for."""
        person, grade = state.id, here.grade
        placed = [
            change
            for change in state.changes
            if change.kind in ENTRIES and change.school_year == self.year.next.label
        ]
        if placed or here.end == self.year.end - timedelta(days=1):
            code = placed[-1].class_code if placed else None
            return Going(person, "done", grade, placed[-1].grade if placed else None, code)
        then = enrolment.on_day(state.segments, self.command.on)
        for obstacle, holds in (
            ("released", state.released is not None),
            ("left", then is None or then.school is None),
            ("suspended", here.suspended),
            ("provisional", here.provisional),
        ):
            if holds:
                return Going(person, "waiting", grade, reason=obstacle)
        result, reason = self._result(state, grade)
        if result == "retained":
            return Going(person, "retained", grade, grade, reason=reason)
        if result != "promoted":
            return Going(person, "waiting", grade, reason=reason)
        if last_grade(grade, self.levels, here.programme):
            return Going(person, "completed", grade)
        return Going(person, "promoted", grade, grade_after(grade))

    def _result(self, state: Pupil, grade: int) -> tuple[str | None, str | None]:
        """The year's promotion and what it rests on."""
        if grade in PRESCHOOL_GROUPS:
            return "promoted", None
        parts = self.reader.contributions(state, self.year.label)
        if not parts:
            return None, "no_result"
        record = assess(parts, on=self.command.as_of)
        if record.promotion is None:
            return None, _named(("no_result", *record.missing))
        computed = [name for name in record.promotion_reasons if not name.startswith("missing_")]
        return record.promotion, _named(computed) or "decided"

    def _carry(self, state: Pupil, here: Segment, going: Going) -> Going:
        """Writes what a going needs, and names the class it leads to."""
        if going.outcome == "completed":
            assert here.school is not None
            leaving = ChangeStatus(
                kind="complete",
                school_code=here.school,
                effective_on=self.year.end - timedelta(days=1),
            )
            self._write(state, pupil.decide_status(state, leaving))
        if going.outcome not in ("promoted", "retained") or going.next_grade is None:
            return going
        target = self._class_for(going)
        enrol = Enrol(
            kind="start",
            school_code=target.school_code,
            school_class=target,
            school_year=target.school_year,
            grade=going.next_grade,
            programme=target.programme,
            effective_on=self.command.on,
        )
        opening = opening_of(state, self.years[state.id, target.school_year], enrol)
        self._write(state, pupil.decide_enrolment(state, enrol))
        if opening is not None:
            year = year_ref(self.reader, state.id, target.school_year)
            self.writes.append((year, [opening]))
        return replace(going, next_class=target.code)

    def _write(self, state: Pupil, events: Sequence[Event]) -> None:
        self.writes.append((pupil_ref(self.reader, state.id), events))

    def _class_for(self, going: Going) -> SchoolClass:
        """The class of the new year, opened where it is not there yet.

        Raises:
            Refused: `class_code_taken`.
        """
        rises = going.outcome == "promoted"
        chosen = (self.command.next_code, self.command.next_name) if rises else (None, None)
        grade = (grade_after(self.old.grade) or self.old.grade) if rises else self.old.grade
        name = chosen[1] or (raised(self.old.name, self.old.grade, grade) if rises else None)
        name = name or self.old.name
        found = None if chosen[0] else self._by_name(name, grade)
        return found or self._by_code(chosen[0], name, grade, renamed=chosen[1] is not None)

    def _by_name(self, name: str, grade: int) -> SchoolClass | None:
        """The class of the new year that bears the name. Two schools that merged may each have
        had one: then the codes decide."""
        if self.school != self.old.school_code:
            return None
        fitting = [
            known
            for known in self.classes.values()
            if self._is_ours(known, grade) and matching_key(known.name) == matching_key(name)
        ]
        return fitting[0] if len(fitting) == 1 else None

    def _by_code(self, chosen: str | None, name: str, grade: int, *, renamed: bool) -> SchoolClass:
        codes = [chosen] if chosen else next_codes(self.old, name, self.year.next, self.school)
        self._know(codes)
        for code in codes:
            known = self.classes.get(code)
            if known is None:
                return self._open(code, name, grade)
            if self._is_ours(known, grade):
                if chosen and renamed and known.name != name:
                    break
                return known
        raise Refused(
            "class_code_taken",
            f"{codes[-1]} is the code of another class",
            field="next_class_code",
            suggestion="name the next class of this one in the file of --names",
        )

    def _know(self, codes: Sequence[str]) -> None:
        found = self.reader.classes([code for code in codes if code not in self.classes])
        self.classes |= {code: known for code, known in found.items() if known is not None}

    def _is_ours(self, known: SchoolClass, grade: int) -> bool:
        fixed = (known.school_code, known.school_year, known.grade, known.gathering)
        wanted = (self.school, self.year.next.label, grade, "homeroom")
        return known.closed_on is None and fixed == wanted

    def _open(self, code: str, name: str, grade: int) -> SchoolClass:
        events = decide_class(
            None,
            OpenClass(
                code=code,
                school_code=self.school,
                school_year=self.year.next.label,
                grade=grade,
                name=name,
                programme=self._programme(grade),
            ),
        )
        ref = self.reader.ref(ids.class_stream(self.reader.ledger, code), StreamKind.CLASS)
        self.writes.append((ref, events))
        made: SchoolClass | None = None
        for event in events:
            made = evolve_class(made, event, 1)
        assert made is not None
        self.classes[code] = made
        self.opened.append(code)
        return made

    def _programme(self, grade: int) -> str:
        """The class goes on in its programme, except where the new one reaches its grade."""
        general = programme_for(self.year, self.old.grade)
        if self.old.programme != general:
            return self.old.programme
        return programme_for(self.year.next, grade).value


def _named(reasons: Sequence[str]) -> str | None:
    return ", ".join(reasons[:5]) or None
