"""Two records linked as one pupil and parted again; a school year turned and turned back.

What an undoing leaves is, to the byte, what stood before: transcripts and counts after an unlink,
class lists and counts after an undone turn.
"""

import random
from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from ledger.batch import Line
from ledger.identity import LinkKind, LinkLine, RecordCheck, record_checks, record_links
from ledger.identity_check import Check
from ledger.ledger import Ledger
from ledger.movement import EnrolInClass, Movement, StatusLine, move_pupils
from ledger.plan import Done
from ledger.pupil import ChangeStatus
from ledger.registration import record_pupils
from ledger.school_class import OpenClass
from ledger.school_year import SchoolYear
from ledger.structure import open_classes, record_units
from ledger.unit import RecordUnit
from ledger.year_commands import decision
from ledger.year_lines import YearLine, write_years
from projections.persons import Key
from projections.reports.frame import Question
from projections.reports.movement import balanced
from projections.views import Views
from services.turning import Turning
from tests import school
from tests.simulation.naive_movement import LEAVINGS, Move, MovingPupil
from tests.simulation.naive_units import NaiveTree, Place
from tests.simulation.runs import Prover, chances, day_between, histories

YEAR = SchoolYear(2024)
SPAN = (date(2024, 8, 20), date(2025, 7, 20))
PUPILS = 7
KINDS = ("start", "mid_year", "transfer_in", "return", "class_change")
STATUSES = ("leave", "transfer_out", "suspend", "resume")
CHECKS = ("unchecked", "matched", "mismatched", "missing")


class History:
    """A school with a class of each grade from 6 to 9, and pupils of whom some are one."""

    def __init__(self, ledger: Ledger, views: Views, chance: random.Random, number: int) -> None:
        self.ledger, self.views, self.chance, self.number = ledger, views, chance, number
        self.who = school.operator(ledger)
        self.root, self.at = f"L{number}P", f"L{number}"
        self.classes = {f"{self.at}-2024-{grade}A": grade for grade in range(6, 10)}
        self.pupils: dict[UUID, MovingPupil] = {}
        self.links: set[frozenset[UUID]] = set()
        self.checks: dict[UUID, str] = {}
        self.tree = NaiveTree()

    def open(self) -> None:
        for code, parent in ((self.root, None), (self.at, self.root)):
            unit = RecordUnit(
                code=code,
                kind="school" if parent else "province",
                name=code,
                parent_code=parent,
                levels=("THCS",) if parent else (),
                opened_on=date(2000, 1, 1),
                closed_on=None,
                merged_into=None,
            )
            handler = partial(record_units, today=school.TODAY)
            done = school.sound(self.ledger.carry_out(handler, [Line(1, unit)], who=self.who))
            assert done.first_position is not None
            known = (done.first_position, date(2000, 1, 1), parent)
            self.tree.places[code] = Place(done.first_position, [known])
        opened = [
            OpenClass(
                code=code,
                school_code=self.at,
                school_year=YEAR.label,
                grade=grade,
                name=f"{grade}A",
                programme="GDPT2018",
            )
            for code, grade in self.classes.items()
        ]
        school.sound(self.ledger.carry_out(open_classes, school.numbered(opened), who=self.who))
        keys = [f"{self.at}-{index}" for index in range(PUPILS)]
        lines = [school.record_pupil(key, school.profile(f"Nguyễn Văn {key}")) for key in keys]
        handler_pupils = school.numbered(lines)
        school.sound(self.ledger.carry_out(record_pupils, handler_pupils, who=self.who))
        for key, found in zip(keys, school.find(self.ledger, keys), strict=True):
            self.pupils[found] = MovingPupil(f"Nguyễn Văn {key}", "nam")
        for pupil in self.pupils:
            self._enrol(pupil, SPAN[0], "start")

    # What happens

    def step(self) -> None:
        """A movement, a decision, a check, a link or an unlink."""
        pupil = self.chance.choice(list(self.pupils))
        roll = self.chance.random()
        if roll < 0.3:
            self._enrol(pupil, day_between(self.chance, *SPAN), self.chance.choice(KINDS))
        elif roll < 0.5:
            self._status(pupil)
        elif roll < 0.65:
            self._decide(pupil)
        elif roll < 0.8:
            self._check(pupil)
        else:
            other = self.chance.choice(list(self.pupils))
            self.link("unlink" if {pupil, other} in self.links else "link", pupil, other)

    def _moved(self, command: Movement) -> Done:
        return self.ledger.carry_out(move_pupils, [Line(1, command)], who=self.who)[0]

    def _enrol(self, pupil: UUID, on: date, kind: str) -> None:
        code = self.chance.choice(list(self.classes))
        done = self._moved(
            EnrolInClass(
                pupil=pupil, class_code=code, kind=kind, effective_on=on, grade=None, note=None
            )
        )
        if done.first_position is not None:
            grade = self.classes[code]
            move = Move(done.first_position, on, kind, self.at, code, grade)
            self.pupils[pupil].moves.append(move)

    def _status(self, pupil: UUID) -> None:
        on = day_between(self.chance, *SPAN)
        kind: Any = self.chance.choice(STATUSES)
        change = ChangeStatus(kind=kind, school_code=self.at, effective_on=on)
        done = self._moved(StatusLine(pupil=pupil, change=change))
        if done.first_position is not None:
            move = Move(done.first_position, on, kind, self.at, None, 0)
            self.pupils[pupil].moves.append(move)

    def _decide(self, pupil: UUID) -> None:
        on = date(2025, 5, 30)
        kind = self.chance.choice(("promote", "promote", "retain"))
        line = YearLine(
            pupil=pupil,
            school_year=YEAR.label,
            decide=decision(kind=kind, subject=None, value=None, legal_ground=None, on=on),
            proposable=True,
            on=on,
        )
        self.ledger.carry_out(write_years, [Line(1, line)], who=self.who)

    def _check(self, pupil: UUID) -> None:
        status: Any = self.chance.choice(CHECKS)
        check = Check(status=status, checked_at=None, note=None, follow_up=None)
        line = [Line(1, RecordCheck(person=pupil, check=check))]
        if self.ledger.carry_out(record_checks, line, who=self.who)[0].appended:
            self.checks[pupil] = status

    def link(self, kind: LinkKind, one: UUID, other: UUID) -> None:
        """Links or parts two records."""
        line = LinkLine(
            kind=kind, pupil=one, other=other, reason="một em", effective_on=school.TODAY
        )
        handler = partial(record_links, today=school.TODAY)
        done = self.ledger.carry_out(handler, [Line(1, line)], who=self.who)[0]
        if done.appended:
            pair = {frozenset((one, other))}
            self.links = self.links | pair if kind == "link" else self.links - pair

    # What is asked

    def persons(self) -> list[frozenset[UUID]]:
        """The records that are one pupil, directly or through others."""
        groups = [frozenset((pupil,)) for pupil in self.pupils]
        for pair in self.links:
            met = [group for group in groups if group & pair]
            groups = [group for group in groups if not group & pair]
            groups.append(frozenset[UUID]().union(*met))
        return groups

    def compare(self) -> None:
        """A pupil counts once, by the first record that has a place; so does an identity."""
        for _ in range(3):
            on = day_between(self.chance, date(2024, 8, 1), date(2025, 7, 31))
            counted: dict[int, int] = {}
            unmatched = 0
            for group in self.persons():
                places = ((p, self.pupils[p].counted(self.tree, 10**9, on)) for p in sorted(group))
                holder = next(((p, here) for p, here in places if here.school), None)
                if holder is not None:
                    counted[holder[1].grade] = counted.get(holder[1].grade, 0) + 1
                    unmatched += self.checks.get(holder[0]) != "matched"
            shown = self._report("headcount", on)
            grades = {int(grade): count for grade, count in shown["totals"]["grades"].items()}
            assert grades == counted, (on, self._told())
            moved = self._report("movement", on)
            assert all(balanced(row) for row in moved["rows"]), (on, self._told())
            assert moved["totals"]["end"] == sum(counted.values()), (on, self._told())
            identity = self._report("identity", on)["totals"]
            assert identity["pupils"] == sum(counted.values()), (on, self._told())
            assert identity["pupils_unmatched"] == unmatched, (on, self._told())

    def _report(self, name: str, on: date) -> dict[str, Any]:
        answer = self.views.report(name, Question(on=on, unit=self.root))
        answer.pop("known_at")
        return answer

    def picture(self) -> dict[str, Any]:
        """Lists, counts and transcripts as they are now, without the position they are of."""
        found: dict[str, Any] = {}
        days = (date(2024, 11, 1), date(2025, 4, 1), date(2025, 7, 31), date(2025, 9, 10))
        for on in days:
            for code in self.classes:
                roster = self.views.roster(code, on=on)
                found[f"{code} {on}"] = (roster["pupils"], roster["count"])
            for name in ("headcount", "movement", "identity"):
                found[f"{name} {on}"] = self._report(name, on)
            for pupil in self.pupils:
                answer = self.views.transcript(Key("id", str(pupil)), on=on)
                found[f"{pupil} {on}"] = (answer["years"], answer["digest"])
        return found

    def link_and_part(self) -> None:
        """A link and its undoing leave every answer as it was."""
        apart = [(one, two) for one in self.pupils for two in self.pupils if one < two]
        one, two = self.chance.choice([pair for pair in apart if {*pair} not in self.links])
        before = self.picture()
        self.link("link", one, two)
        assert {one, two} in self.links, "the records of two pupils can be linked"
        self.compare()
        self.link("unlink", one, two)
        assert self.picture() == before, (one, two, self._told())

    def turn_and_back(self) -> None:
        """A year's turn and its undoing leave lists and counts as they were."""
        turning = Turning(self.ledger, account="operator", school=self.at, year=YEAR)
        before = self.picture()
        commands = turning.commands([], {}, on=YEAR.next.start, as_of=date(2025, 6, 15))
        turned = turning.run(commands, preview=False, report=_quiet)
        self._is_turned(turned)
        if turned["turn"] is None:
            return
        undone = turning.undo(UUID(turned["turn"]), on=date(2025, 8, 20), report=_quiet)
        assert undone["appended"] > 0
        assert self.picture() == before, self._told()
        again = turning.undo(UUID(turned["turn"]), on=date(2025, 8, 21), report=_quiet)
        assert again["appended"] == 0, "a turn is undone once"

    def _is_turned(self, turned: dict[str, Any]) -> None:
        """Whoever goes on sits in the class named; who completed counts no more."""
        for one in turned["classes"]:
            for pupil in one["pupils"]:
                if pupil["outcome"] in ("promoted", "retained"):
                    listed = self.views.roster(pupil["next_class_code"], on=date(2025, 9, 10))
                    ids = [known["pupil_id"] for known in listed["pupils"]]
                    assert pupil["pupil_id"] in ids
        totals = self._report("movement", date(2025, 7, 31))["totals"]
        left = {name for name, column in LEAVINGS.items() if column == "completed"}
        assert left == {"complete"}
        assert totals["completed"] <= turned["totals"]["completed"], self._told()

    def _told(self) -> str:
        told = [
            f"{id} {pupil.name}: {move}"
            for id, pupil in self.pupils.items()
            for move in pupil.known(10**9)
        ]
        return "\n".join([*told, *map(str, self.links)])


def _quiet(what: str, done: int, total: int) -> None:
    del what, done, total


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with school.new_ledger(database) as opened:
        yield opened


COUNT = histories(2)


@pytest.mark.timeout(max(120, COUNT * 15))
def test_links_and_turns_can_be_taken_back(ledger: Ledger) -> None:
    views = Views(ledger)
    prover = Prover(ledger, views)
    for number in range(COUNT):
        history = History(ledger, views, chances("links", number), number)
        history.open()
        for _ in range(40):
            history.step()
        history.compare()
        history.link_and_part()
        history.turn_and_back()
        history.compare()
        prover.prove_after(number)
