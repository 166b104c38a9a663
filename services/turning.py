"""The year's turn of one school, class by class: who stands on the lists, what is told of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from ledger import log
from ledger.batch import Line
from ledger.database import Connection
from ledger.errors import NotFound, Refused
from ledger.event import Who
from ledger.ids import uuid7
from ledger.ledger import Ledger
from ledger.plan import Done
from ledger.reader import Reader
from ledger.school_year import SchoolYear
from ledger.structure import SCHOOL_KINDS
from ledger.turn import TurnClass, TurnPlan, plan_turn, turn_classes
from ledger.turn_undo import Undone, UndoTurn, find_turn, undo_turns
from projections.class_members import Called, called, homerooms, members
from projections.structure import find_class
from projections.tree import read_tree
from projections.views import engine_of
from services.importing.run import Report

OUTCOMES = ("promoted", "retained", "completed", "waiting", "done")


@dataclass(slots=True)
class Tally:
    """What was appended, over all transactions."""

    first_position: int | None = None
    last_position: int | None = None
    appended: int = 0

    def add(self, done: Done) -> None:
        """One transaction."""
        if done.first_position is not None:
            self.first_position = self.first_position or done.first_position
            self.last_position = done.last_position
        self.appended += done.appended

    def document(self) -> dict[str, Any]:
        """As the answer holds it."""
        return {
            "first_position": self.first_position,
            "last_position": self.last_position,
            "appended": self.appended,
        }


class Turning:
    """The turn of one school's classes, from what the projections know of them."""

    def __init__(self, ledger: Ledger, *, account: str, school: str, year: SchoolYear) -> None:
        """Raises NotAllowed where there is no such account."""
        self._ledger = ledger
        self._who: Who = ledger.who(account)
        self._engine = engine_of(ledger)
        self.school = school
        self.year = year

    def commands(
        self,
        classes: Sequence[str],
        chosen: dict[str, tuple[str | None, str | None]],
        *,
        on: date,
        as_of: date,
    ) -> list[TurnClass]:
        """A command for each class of the school and year, or for those named.

        Raises:
            NotFound: `unknown_school`, `unknown_class`.
            Conflict: `ambiguous_class`.
        """
        turn = uuid7()
        with self._ledger.database.connection() as connection:
            size = self._prepared(connection)
            self._require_school(connection, size)
            codes = homerooms(connection, self.school, self.year.label, size=size)
            wanted = [find_class(connection, text, size=size).code for text in classes] or codes
            for code in (*wanted, *chosen):
                if code not in codes:
                    raise self._no_class(code)
            if not codes:
                raise self._no_class("homeroom")
            following = homerooms(connection, self.school, self.year.next.label, size=size)
            sat_in = members(connection, wanted, size=size)
            order = self._names([person for p in sat_in.values() for person in p], connection)
        return [
            TurnClass(
                class_code=code,
                turn=turn,
                pupils=tuple(sorted(sat_in[code], key=lambda person: order[person].order)),
                next_classes=tuple(following),
                next_code=chosen.get(code, (None, None))[0],
                next_name=chosen.get(code, (None, None))[1],
                on=on,
                as_of=as_of,
            )
            for code in wanted
        ]

    def run(
        self, commands: Sequence[TurnClass], *, preview: bool, report: Report
    ) -> dict[str, Any]:
        """Carries the commands out, class by class, or shows what they would do."""
        told: dict[str, TurnPlan] = {}
        rejected: list[dict[str, Any]] = []
        tally = Tally()
        for number, command in enumerate(commands):
            report("turn", number, len(commands))
            try:
                if preview:
                    with self._ledger.database.connection() as connection:
                        reader = Reader(connection, self._ledger.keyring, self._ledger.id)
                        told[command.class_code] = plan_turn(reader, command)
                else:
                    tally.add(self._turn(command, told))
            except Refused as refused:
                rejected.append(_refusal(command.class_code, refused))
        persons = [going.pupil for plan in told.values() for going in plan.goings]
        with self._ledger.database.connection() as connection:
            names = self._names(persons, connection)
        first = commands[0]
        found = [_class(plan, names, preview=preview) for plan in told.values()]
        return {
            "school_code": self.school,
            "from_school_year": self.year.label,
            "to_school_year": self.year.next.label,
            "on": first.on.isoformat(),
            "as_of": first.as_of.isoformat(),
            "preview": preview,
            "turn": str(first.turn) if tally.appended else None,
            **tally.document(),
            "classes": found,
            "totals": {name: sum(one[name] for one in found) for name in OUTCOMES},
            "rejected": rejected,
        }

    def _turn(self, command: TurnClass, told: dict[str, TurnPlan]) -> Done:
        handler = partial(turn_classes, told=told)
        done, verdicts = self._ledger.carry_out(handler, [Line(1, command)], who=self._who)
        for verdict in verdicts:
            if verdict.refused is not None:
                raise verdict.refused
        return done

    def undo(self, turn: UUID, *, on: date, report: Report) -> dict[str, Any]:
        """Undoes a turn, class by class.

        Raises:
            NotFound: `unknown_school`, `unknown_turn`.
        """
        told: dict[str, Undone] = {}
        tally = Tally()
        with self._ledger.database.connection() as connection:
            size = self._prepared(connection)
            self._require_school(connection, size)
            codes = homerooms(connection, self.school, self.year.label, size=size)
            commands = find_turn(connection, self._ledger.id, codes, turn, on=on)
        if not commands:
            raise NotFound(
                "unknown_turn",
                f"no class of {self.school} in {self.year.label} was turned under this number",
            )
        for number, command in enumerate(commands):
            report("undo", number, len(commands))
            handler = partial(undo_turns, told=told)
            done, _ = self._ledger.carry_out(handler, [Line(1, command)], who=self._who)
            tally.add(done)
        persons = [person for command in commands for person, _ in command.written]
        with self._ledger.database.connection() as connection:
            names = self._names(persons, connection)
        return {
            "school_code": self.school,
            "from_school_year": self.year.label,
            "to_school_year": self.year.next.label,
            "turn": str(turn),
            **tally.document(),
            "classes": [
                _undone(command, told.get(command.class_code), names) for command in commands
            ],
            "rejected": [],
        }

    def _prepared(self, connection: Connection) -> int:
        """The size of the log now; the projections hold it."""
        size = log.head(connection).size
        self._engine.require(connection, size, "structure", "people", "roster")
        return size

    def _require_school(self, connection: Connection, size: int) -> None:
        known = read_tree(connection, on=self.year.start, size=size).known(self.school)
        if known is None or known.kind not in SCHOOL_KINDS:
            raise NotFound(
                "unknown_school", f"no school {self.school} is on record; `hocba units` lists them"
            )

    def _names(self, persons: Sequence[UUID], connection: Connection) -> dict[UUID, Called]:
        return called(self._ledger, connection, persons, size=self._prepared(connection))

    def _no_class(self, code: str) -> NotFound:
        return NotFound(
            "unknown_class", f"school {self.school} has no class {code} in {self.year.label}"
        )


def _class(plan: TurnPlan, names: dict[UUID, Called], *, preview: bool) -> dict[str, Any]:
    leads_to = dict.fromkeys(g.next_class for g in plan.goings if g.next_class is not None)
    following = [plan.classes[code] for code in leads_to if code in plan.classes]
    state = "preview" if preview else ("turned" if plan.written else "unchanged")
    return {
        "class_code": plan.old.code,
        "class_name": plan.old.name,
        "grade": plan.old.grade,
        "state": state,
        "next_classes": [
            {
                "class_code": known.code,
                "name": known.name,
                "grade": known.grade,
                "opened": known.code in plan.opened,
            }
            for known in following
        ],
        **{name: sum(going.outcome == name for going in plan.goings) for name in OUTCOMES},
        "pupils": [
            {
                "class_code": plan.old.code,
                "class_name": plan.old.name,
                **_person(going.pupil, names),
                "outcome": going.outcome,
                "grade": going.grade,
                "next_grade": going.next_grade,
                "next_class_code": going.next_class,
                "next_class_name": (
                    plan.classes[going.next_class].name
                    if going.next_class in plan.classes
                    else None
                ),
                "reason": going.reason,
            }
            for going in plan.goings
        ],
    }


def _undone(command: UndoTurn, undone: Undone | None, names: dict[UUID, Called]) -> dict[str, Any]:
    if undone is None:
        nothing = {"state": "unchanged", "retracted": 0, "kept": 0, "pupils": []}
        return {"class_code": command.class_code, **nothing}
    kept = dict(undone.kept)
    return {
        "class_code": command.class_code,
        "state": "undone",
        "retracted": len(undone.retracted),
        "kept": len(kept),
        "pupils": [
            {
                "class_code": command.class_code,
                "class_name": undone.old.name,
                **_person(person, names),
                "outcome": "kept" if person in kept else "retracted",
                "reason": kept.get(person),
            }
            for person in (*undone.retracted, *kept)
        ],
    }


def _person(person: UUID, names: dict[UUID, Called]) -> dict[str, Any]:
    known = names[person]
    return {"pupil_id": str(person), "pupil_key": known.key, "full_name": known.full_name}


def _refusal(class_code: str, refused: Refused) -> dict[str, Any]:
    return {
        "class_code": class_code,
        "reason": refused.code,
        "message": refused.message,
        "suggestion": refused.suggestion,
    }
