"""Random comings and goings at schools that merge, counted day by day beside the reports.

All kinds of enrolments and statuses on random days and in any order of recording; entries taken
back, releases, their undoing and acceptances; schools that merge, get other codes, close or change
their commune. Every head count, movement and class list is asked for at random days and positions.
"""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from ledger.batch import Line
from ledger.event import Event
from ledger.events.pupil import ReleaseUndone, TransferAccepted
from ledger.events.unit import UnitKind
from ledger.ids import uuid7
from ledger.ledger import Ledger
from ledger.movement import EnrolInClass, Movement, StatusLine, move_pupils
from ledger.plan import Done, Plan
from ledger.pupil import ChangeStatus
from ledger.reader import Reader
from ledger.registration import pupil_ref, record_pupils
from ledger.retraction import Retract, retract_changes, version_at
from ledger.school_class import OpenClass
from ledger.structure import open_classes, record_units
from ledger.unit import RecordUnit
from projections.reports.frame import Question
from projections.reports.movement import balanced
from projections.views import Views
from tests import school
from tests.simulation.naive_movement import FIGURES, Move, MovingPupil, headcount, movement
from tests.simulation.naive_units import NaiveTree, Place
from tests.simulation.runs import Answers, Prover, chances, day_between, histories

PUPILS = 6
COMMANDS = 60
QUESTIONS = 6
YEARS = ("2024-2025", "2025-2026")
SPAN = (date(2024, 8, 20), date(2026, 7, 20))
OPENED = date(2000, 1, 1)
ENTRIES = ("start", "mid_year", "transfer_in", "return", "intake", "class_change", "provisional")
STATUSES = (
    *("leave", "withdraw", "transfer_out", "abroad", "complete", "deceased"),
    *("suspend", "resume", "transfer_out"),
)
LINE = ("full_name", "entered_on", "entry_kind", "status_code", "status")


class History:
    """A small province of its own: two communes, four schools, some pupils."""

    def __init__(self, ledger: Ledger, views: Views, chance: random.Random, number: int) -> None:
        self.ledger, self.views, self.chance, self.number = ledger, views, chance, number
        self.who = school.operator(ledger)
        self.tree = NaiveTree()
        self.classes: dict[str, tuple[str, str, int]] = {}
        self.pupils: dict[UUID, MovingPupil] = {}
        self.answers = Answers()
        self.first = self.last = 0

    def code(self, name: str) -> str:
        return f"M{self.number}{name}"

    @property
    def root(self) -> str:
        return self.code("P")

    # What happens

    def open(self) -> None:
        root, x, y = self.root, self.code("X"), self.code("Y")
        self._open_unit(root, "province", None)
        for commune in (x, y):
            self._open_unit(commune, "commune", root)
        for name, commune in (("A", x), ("B", x), ("C", y), ("D", y)):
            self._open_unit(self.code(name), "school", commune)
            self._open_classes(self.code(name), YEARS)
        for index in range(PUPILS):
            key, name = self.code(f"-{index}"), f"Nguyễn Văn {'ABCDEFGH'[index]}"
            sex = "nu" if index % 2 else "nam"
            profile = school.profile(name, sex=sex)
            line = [Line(1, school.record_pupil(key, profile))]
            school.sound(self.ledger.carry_out(record_pupils, line, who=self.who))
            found = school.find(self.ledger, [key])[0]
            self.pupils[found] = MovingPupil(name, sex)
        self.first = self.last = self.views.engine.catch_up()["stays"] - 1

    def _unit(self, code: str, kind: UnitKind, parent: str | None, **more: Any) -> Done:
        ends = {"closed_on": None, "merged_into": None, **more}
        unit = RecordUnit(
            code=code,
            kind=kind,
            name=code,
            parent_code=parent,
            levels=("THCS",) if kind == "school" else (),
            opened_on=OPENED,
            **ends,
        )
        handler = partial(record_units, today=school.TODAY)
        return self.ledger.carry_out(handler, [Line(1, unit)], who=self.who)[0]

    def _open_unit(self, code: str, kind: UnitKind, parent: str | None) -> None:
        done = self._unit(code, kind, parent)
        assert done.first_position is not None
        self.tree.places[code] = Place(done.first_position, [(done.first_position, OPENED, parent)])

    def _open_classes(self, at: str, years: tuple[str, ...]) -> None:
        opened = [
            OpenClass(
                code=f"{at}-{year[:4]}-{name}",
                school_code=at,
                school_year=year,
                grade=grade + YEARS.index(year),
                name=name,
                programme="GDPT2018",
            )
            for year in years
            for name, grade in (("a", 7), ("b", 7), ("c", 8))
        ]
        school.sound(self.ledger.carry_out(open_classes, school.numbered(opened), who=self.who))
        for known in opened:
            self.classes[known.code] = (at, known.school_year, known.grade)

    def step(self) -> None:
        """One random command; a refused one leaves no trace in the model."""
        person = self.chance.choice(list(self.pupils))
        roll = self.chance.random()
        if roll < 0.48:
            self._enrol(person)
        elif roll < 0.74:
            self._status(person)
        elif roll < 0.84:
            self._retract(person)
        elif roll < 0.93:
            self._custody(person)
        else:
            self._reform()

    def _moved(self, command: Movement) -> Done:
        return self.ledger.carry_out(move_pupils, [Line(1, command)], who=self.who)[0]

    def _enrol(self, person: UUID) -> None:
        on = day_between(self.chance, *SPAN)
        year = next(y for y in YEARS if date(int(y[:4]), 8, 1) <= on < date(int(y[5:]), 8, 1))
        fitting = [
            code
            for code, (at, of, _) in self.classes.items()
            if of == year and not (at == self.code("D2") and on < self._recoded_on())
        ]
        code, kind = self.chance.choice(fitting), self.chance.choice(ENTRIES)
        here = self.pupils[person].counted(self.tree, 10**9, on).school
        if kind == "class_change" and here is not None:  # else it would nearly always be refused
            own = [c for c in fitting if self.tree.same(self.classes[c][0], here, 10**9, on)]
            code = self.chance.choice(own or fitting)
        done = self._moved(
            EnrolInClass(
                pupil=person, class_code=code, kind=kind, effective_on=on, grade=None, note=None
            )
        )
        if done.first_position is not None:
            at, _, grade = self.classes[code]
            move = Move(done.first_position, on, kind, at, code, grade)
            self.pupils[person].moves.append(move)

    def _recoded_on(self) -> date:
        end = self.tree.places[self.code("D")].end
        assert end is not None
        return end[1]

    def _status(self, person: UUID) -> None:
        on, model = day_between(self.chance, *SPAN), self.pupils[person]
        listed = model.listed(10**9).days(10**9, on).get(on)
        at = listed.school if listed is not None else None
        if at is not None and self.chance.random() < 0.3:  # by the code it has since
            at = self.tree.counts_at(at, 10**9, on)
        named = at or self.chance.choice([code for code, _, _ in self.classes.values()])
        kind: Any = self.chance.choice(STATUSES)
        change = ChangeStatus(kind=kind, school_code=named, effective_on=on)
        done = self._moved(StatusLine(pupil=person, change=change))
        if done.first_position is not None:
            assert listed is not None
            assert listed.school is not None, "a pupil of no school has left or paused"
            model.moves.append(Move(done.first_position, on, kind, listed.school, None, 0))

    def _retract(self, person: UUID) -> None:
        model = self.pupils[person]
        standing = [m for m in model.known(10**9) if m.kind != "release"]
        if not standing:
            return
        position = self.chance.choice(standing).position
        with self.ledger.database.connection() as connection:
            version = version_at(connection, position, pupil=person)
        line = [Line(1, Retract(pupil=person, version=version, reason="nhầm"))]
        done = self.ledger.carry_out(retract_changes, line, who=self.who)[0]
        if done.first_position is not None:
            model.undone[position] = done.first_position

    def _custody(self, person: UUID) -> None:
        """A release; of a released pupil its undoing or the return of the papers; an acceptance
        of papers from elsewhere."""
        model = self.pupils[person]
        last = next((m for m in reversed(model.moves) if m.kind == "release"), None)
        if model.away and last is not None and self.chance.random() < 0.5:
            undone = self._written(person, ReleaseUndone(effective_on=last.on, case=uuid7()))
            model.undone[last.position] = undone
            model.away = False
        elif model.away or self.chance.random() < 0.5:
            model.accepted.append(self._written(person, _accepted()))
            model.away = False
        else:
            last_day = day_between(self.chance, *SPAN)
            event = school.released(uuid7(), uuid7(), last_day=last_day)
            position = self._written(person, event)
            on = last_day + timedelta(days=1)
            model.moves.append(Move(position, on, "release", "", None, 0))
            model.away = True

    def _written(self, person: UUID, event: Event) -> int:
        def decide(reader: Reader) -> Plan:
            plan = Plan()
            reader.pupils([person])
            plan.add(pupil_ref(reader, person), [event])
            return plan

        position = self.ledger.desk.run(decide, who=self.who).first_position
        assert position is not None
        return position

    def _reform(self) -> None:
        """A school merges, closes, gets another code or another commune; a commune merges."""
        on = day_between(self.chance, date(2024, 12, 1), date(2026, 3, 1))
        x, y = self.code("X"), self.code("Y")
        match self.chance.choice("ACDY"):
            case "A":
                done = self._unit(self.code("A"), "school", y, changed_on=on)
                if done.first_position is not None:
                    place = self.tree.places[self.code("A")]
                    place.parents.append((done.first_position, on, y))
            case "C":
                heir = self.chance.choice([self.code("B"), None])
                self._end(self.code("C"), "school", y, on, heir, merged_into=heir)
            case "D" if self.code("D2") not in self.tree.places:
                heir = self.code("D2")
                done = self._end(self.code("D"), "school", y, on, heir, recoded_to=heir)
                if done.last_position is not None:
                    opened = (done.last_position, on, y)
                    self.tree.places[heir] = Place(done.last_position, [opened])
                    self._open_classes(heir, YEARS if on < date(2025, 8, 1) else YEARS[1:])
            case "Y":
                self._end(y, "commune", self.root, on, x, merged_into=x)
            case _:
                pass

    def _end(
        self, code: str, kind: UnitKind, parent: str, on: date, heir: str | None, **more: Any
    ) -> Done:
        place = self.tree.places[code]
        if place.end is not None:
            return Done(None, None, None, 0)
        done = self._unit(code, kind, parent, closed_on=on, **more)
        if done.first_position is not None:
            place.end = (done.first_position, on, heir)
        return done

    # What is asked

    def compare(self) -> None:
        """Reports and class lists at random days and positions, against the naive count."""
        for _ in range(QUESTIONS):
            on = day_between(self.chance, date(2024, 8, 1), date(2026, 8, 31))
            position = max(self.chance.randint(self.first, self.last) for _ in range(2))
            counted = self._headcount(on, position)
            self._movement(on, position)
            self._rosters(on, position, counted)

    def _ask(self, name: str, on: date, position: int) -> dict[str, Any]:
        question = Question(on=on, unit=self.root)
        ask = partial(self.views.report, name, question, known_at=position)
        return self.answers.keep(f"{name} {on} @{position}", ask)

    def _headcount(self, on: date, position: int) -> int:
        answer = self._ask("headcount", on, position)
        shown = {(r["unit_code"], r["grade"], r["sex"]): r["count"] for r in answer["rows"]}
        expected = headcount(self.pupils.values(), self.tree, position, on)
        assert shown == dict(expected), (on, position, self._told(position))
        total: int = answer["totals"]["count"]
        assert total == sum(count for (unit, *_), count in expected.items() if unit == self.root)
        return total

    def _movement(self, on: date, position: int) -> None:
        answer = self._ask("movement", on, position)
        shown = {row["unit_code"]: {name: row[name] for name in FIGURES} for row in answer["rows"]}
        expected = movement(self.pupils.values(), self.tree, position, on)
        assert shown == expected, (on, position, self._told(position))
        assert all(balanced(row) for row in answer["rows"]), (on, position)
        if shown:
            unit = self.chance.choice(list(shown))
            alone = self.views.report("movement", Question(on=on, unit=unit), known_at=position)
            rows = {row["unit_code"]: row for row in alone["rows"]}
            assert rows[unit] == next(r for r in answer["rows"] if r["unit_code"] == unit)

    def _rosters(self, on: date, position: int, counted: int) -> None:
        """Every class list; who is on one, and does not wait for papers, counts."""
        listed = 0
        waiting = {
            pupil.name
            for pupil in self.pupils.values()
            if pupil.counted(self.tree, position, on).waiting is not None
        }
        for code in self._classes_known(on, position):
            answer = self.answers.keep(
                f"roster {code} {on} @{position}",
                partial(self.views.roster, code, on=on, known_at=position),
            )
            shown = [{name: line[name] for name in LINE} for line in answer["pupils"]]
            models = (p.listed(position) for p in self.pupils.values())
            lines = [model.on_list(code, position, on) for model in models]
            assert shown == [ln for ln in lines if ln is not None], (code, on, position)
            listed += sum(line["full_name"] not in waiting for line in shown)
        assert listed <= counted, (on, position, self._told(position))

    def _classes_known(self, on: date, position: int) -> list[str]:
        year = f"{on.year - (on.month < 8)}"
        later = self.tree.places.get(self.code("D2"))
        return [
            code
            for code, (at, of, _) in self.classes.items()
            if of.startswith(year)
            and (at != self.code("D2") or (later and later.position + 6 <= position))
        ]

    def _told(self, position: int) -> str:
        told = [f"{p.name}: {move}" for p in self.pupils.values() for move in p.known(position)]
        return "\n".join([*told, *map(str, self.tree.places.items())])


def _accepted() -> TransferAccepted:
    """The papers of a pupil are here; their commitments are empty."""
    return TransferAccepted(
        effective_on=SPAN[0],
        case=uuid7(),
        from_ledger=uuid7(),
        sender_pupil=uuid7(),
        root="00" * 32,
        digest="sha256:" + "00" * 32,
        covered=(),
    )


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with school.new_ledger(database) as opened:
        yield opened


COUNT = histories(6)


@pytest.mark.timeout(max(120, COUNT * 10))
def test_counts_and_movements_agree_with_the_naive_count(ledger: Ledger) -> None:
    views = Views(ledger)
    prover = Prover(ledger, views)
    done: list[History] = []
    for number in range(COUNT):
        history = History(ledger, views, chances("movements", number), number)
        history.open()
        for _ in range(COMMANDS):
            history.step()
            if history.chance.random() < 0.1:
                history.last = views.engine.catch_up()["stays"] - 1
                history.answers.ask_again(history.chance, 1)
        history.last = views.engine.catch_up()["stays"] - 1
        history.compare()
        prover.prove_after(number)
        done.append(history)
    for history in done:
        history.answers.ask_again(history.chance, 4)
