"""Random histories of one ledger, compared with a naive model at random days and positions.

`HOCBA_SEED` repeats a run, `HOCBA_SIMULATIONS` makes it longer. The seed and the pupil's facts
stand in every failure.
"""

import os
import random
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from ledger.batch import Line
from ledger.gradebook import MarkLine, enter_marks
from ledger.ledger import Ledger
from ledger.movement import EnrolInClass, Movement, SectionLine, StatusLine, move_pupils
from ledger.plan import Done
from ledger.pupil import ChangeStatus
from ledger.registration import record_pupils
from ledger.school_class import OpenClass
from ledger.structure import open_classes, record_units
from ledger.unit import RecordUnit
from ledger.year_commands import conduct, correction
from ledger.year_lines import YearLine, write_years
from projections.persons import Key
from projections.views import Views
from tests import school
from tests.simulation.naive import REGULAR, NaivePupil

HISTORIES = int(os.environ.get("HOCBA_SIMULATIONS", "25"))
PUPILS = 3
COMMANDS = 40
YEARS = ("2024-2025", "2025-2026")
SPAN = (date(2024, 8, 20), date(2026, 6, 20))
ENTRIES = ("start", "mid_year", "transfer_in", "return", "intake", "class_change", "provisional")
STATUSES = ("leave", "withdraw", "transfer_out", "abroad", "suspend", "suspend", "resume", "resume")
LINE = ("full_name", "entered_on", "entry_kind", "status_code", "status")
LEVELS = ("T", "K", "Đ", "CĐ")


class History:
    """One history: two schools of its own, some pupils, commands in any order of time."""

    def __init__(self, ledger: Ledger, chance: random.Random, number: int) -> None:
        self.ledger, self.chance, self.number = ledger, chance, number
        self.who = school.operator(ledger)
        self.schools = [f"H{number}A", f"H{number}B"]
        self.classes: dict[str, tuple[str, str, bool]] = {}
        self.pupils: dict[UUID, NaivePupil] = {}
        self.taken: dict[tuple[UUID, str, tuple[str, int, str]], date] = {}
        self.stated: dict[tuple[UUID, str, tuple[str, int, str]], date] = {}

    def open(self) -> None:
        units = [
            RecordUnit(
                code=code,
                kind="school",
                name=code,
                parent_code="31",
                levels=("THCS",),
                opened_on=date(2000, 1, 1),
                closed_on=None,
                merged_into=None,
            )
            for code in self.schools
        ]
        handler = partial(record_units, today=school.TODAY)
        school.sound(self.ledger.carry_out(handler, school.numbered(units), who=self.who))
        for at in self.schools:
            for year in YEARS:
                for name in ("a", "b", "toan"):
                    self.classes[f"{at}-{year[:4]}-{name}"] = (at, year, name == "toan")
        opened = [
            OpenClass(
                code=code,
                school_code=at,
                school_year=year,
                grade=7 + YEARS.index(year),
                name=code[-1],
                programme="GDPT2018",
                gathering="section" if section else "homeroom",
            )
            for code, (at, year, section) in self.classes.items()
        ]
        school.sound(self.ledger.carry_out(open_classes, school.numbered(opened), who=self.who))
        for index in range(PUPILS):
            key, name = f"H{self.number}P{index}", f"Nguyễn Văn {'ABCDEFGH'[index]}"
            line = school.record_pupil(key, school.profile(name))
            school.sound(self.ledger.carry_out(record_pupils, [Line(1, line)], who=self.who))
            self.pupils[school.find(self.ledger, [key])[0]] = NaivePupil(name)

    def day(self) -> date:
        first, last = SPAN
        return first + timedelta(days=self.chance.randrange((last - first).days))

    def step(self) -> None:
        """One random command; a refused one leaves no fact."""
        pupil = self.chance.choice(list(self.pupils))
        roll = self.chance.random()
        if roll < 0.28:
            self._enrol(pupil)
        elif roll < 0.45:
            self._status(pupil)
        elif roll < 0.52:
            self._section(pupil)
        elif roll < 0.85:
            self._mark(pupil)
        elif roll < 0.94:
            self._correct(pupil)
        else:
            self._conduct(pupil)

    def _moved(self, command: Movement) -> Done:
        return self.ledger.carry_out(move_pupils, [Line(1, command)], who=self.who)[0]

    def _enrol(self, pupil: UUID) -> None:
        on = self.day()
        fitting = [
            code
            for code, (_, year, section) in self.classes.items()
            if not section and _holds(year, on)
        ]
        code, kind = self.chance.choice(fitting), self.chance.choice(ENTRIES)
        done = self._moved(
            EnrolInClass(
                pupil=pupil, class_code=code, kind=kind, effective_on=on, grade=None, note=None
            )
        )
        if done.first_position is None or done.last_position is None:
            return
        at, year, _ = self.classes[code]
        model = self.pupils[pupil]
        model.add(done.first_position, on, "move", kind=kind, school=at, class_code=code)
        if done.appended == 2:
            model.add(done.last_position, on, "open", year=year)

    def _status(self, pupil: UUID) -> None:
        on, at = self.day(), self.chance.choice(self.schools)
        kind: Any = self.chance.choice(STATUSES)
        change = ChangeStatus(kind=kind, school_code=at, effective_on=on)
        done = self._moved(StatusLine(pupil=pupil, change=change))
        if done.first_position is not None:
            self.pupils[pupil].add(done.first_position, on, "move", kind=kind)

    def _section(self, pupil: UUID) -> None:
        on = self.day()
        fitting = [c for c, (_, y, section) in self.classes.items() if section and _holds(y, on)]
        code = self.chance.choice(fitting)
        until = on + timedelta(days=self.chance.randrange(10, 200))
        last = self.chance.choice([None, until])
        done = self._moved(SectionLine(pupil=pupil, class_code=code, start=on, until=last))
        if done.first_position is not None:
            at = self.classes[code][0]
            self.pupils[pupil].add(
                done.first_position, on, "section", class_code=code, school=at, until=last
            )

    def _mark(self, pupil: UUID) -> None:
        """A mark in a free slot, on a day on which the model has the pupil in a class."""
        on = self.day()
        here = self.pupils[pupil].days(10**9, on).get(on)
        if here is None or here.class_code is None or here.suspended:
            return
        year = self.classes[here.class_code][1]
        subject = self.chance.choice(list(REGULAR))
        regular = [f"TX{n}" for n in range(1, REGULAR[subject] + 1)]
        free = [
            (subject, semester, slot)
            for semester in (1, 2)
            for slot in (*regular, "GK", "CK")
            if (pupil, year, (subject, semester, slot)) not in self.taken
        ]
        for place in self.chance.sample(free, min(len(free), 8)):
            value = str(self.chance.randrange(0, 101) / 10)
            line = MarkLine(
                pupil=pupil,
                class_code=here.class_code,
                subject=place[0],
                semester=place[1],
                slot=place[2],
                value=value,
                effective_on=on,
                sheet=None,
            )
            done = school.sound(self.ledger.carry_out(enter_marks, [Line(1, line)], who=self.who))
            assert done.first_position is not None, "the model's pupil sits in that class"
            self.taken[pupil, year, place] = on
            self.pupils[pupil].add(
                done.first_position, on, "mark", year=year, place=place, value=value
            )

    def _year_line(self, pupil: UUID, year: str, decide: Any, on: date) -> int | None:
        line = YearLine(pupil=pupil, school_year=year, decide=decide, proposable=True, on=on)
        return self.ledger.carry_out(write_years, [Line(1, line)], who=self.who)[0].first_position

    def _correct(self, pupil: UUID) -> None:
        own = [key for key in self.taken if key[0] == pupil]
        if not own:
            return
        _, year, place = key = self.chance.choice(own)
        value = str(self.chance.randrange(0, 101) / 10)
        later = self.taken[key] + timedelta(days=self.chance.randrange(1, 60))
        given = self.chance.choice([None, later if _holds(year, later) else None])
        subject, semester, slot = place
        decide = correction(
            subject=subject,
            semester=semester,
            slot=slot,
            value=value,
            old_value=None,
            reason="nhầm",
            effective_on=given,
        )
        on = given or self.stated.get(key, self.taken[key])
        position = self._year_line(pupil, year, decide, on)
        if position is not None:
            self.stated[key] = on
            self.pupils[pupil].add(position, on, "correct", year=year, place=place, value=value)

    def _conduct(self, pupil: UUID) -> None:
        on = self.day()
        year = next(year for year in YEARS if _holds(year, on))
        period, level = self.chance.choice(("HK1", "HK2")), self.chance.choice(LEVELS)
        decide = conduct(period=period, level=level, on=on)
        position = self._year_line(pupil, year, decide, on)
        if position is not None:
            facts = {"year": year, "period": period, "level": level}
            self.pupils[pupil].add(position, on, "conduct", **facts)

    def compare(self, views: Views, first: int, last: int) -> None:
        """Roster of every class and transcript of every pupil at random days and positions."""
        for code in self.chance.sample(list(self.classes), 8):
            on, position = self._within(code), self._position(first, last)
            answer = views.roster(code, on=on, known_at=position)
            lines = [m.on_list(code, position, on) for m in self.pupils.values()]
            expected = [line for line in lines if line is not None]
            shown = [{name: pupil[name] for name in LINE} for pupil in answer["pupils"]]
            assert shown == expected, (code, on, position, self._told())
        for pupil, model in self.pupils.items():
            on, position = self.day(), self._position(first, last)
            answer = views.transcript(Key("id", str(pupil)), on=on, known_at=position)
            found = [_reduced(year) for year in answer["years"]]
            assert found == model.years(position, on), (pupil, on, position, self._told())

    def _position(self, first: int, last: int) -> int:
        """A position of this history, more often a late one."""
        return max(self.chance.randint(first, last), self.chance.randint(first, last))

    def _within(self, code: str) -> date:
        """A day, more often than not of the class's own year."""
        on = self.day()
        for _ in range(2):
            if not _holds(self.classes[code][1], on):
                on = self.day()
        return on

    def _told(self) -> str:
        return "\n".join(
            f"{model.name}: {fact}" for model in self.pupils.values() for fact in model.facts
        )


def _holds(year: str, day: date) -> bool:
    return date(int(year[:4]), 8, 1) <= day < date(int(year[5:]), 8, 1)


def _reduced(year: dict[str, Any]) -> dict[str, Any]:
    """What the model computes of a year."""
    return {
        "school_year": year["school_year"],
        "schools": [(at["school_code"], at["from"], at["to"]) for at in year["schools"]],
        "subjects": {
            subject["subject"]: {
                **{
                    number: {**term["marks"], "average": term["average"]}
                    for number, term in subject["semesters"].items()
                },
                "year": subject["year"],
            }
            for subject in year["subjects"]
        },
        "conduct": {period: year["conduct"][period] for period in ("HK1", "HK2")},
    }


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with school.new_ledger(database) as opened:
        school.open_school(opened)
        yield opened


@pytest.mark.timeout(max(120, HISTORIES * 5))
def test_roster_and_transcript_agree_with_the_naive_model(ledger: Ledger) -> None:
    seed = int(os.environ.get("HOCBA_SEED", random.SystemRandom().randrange(2**32)))
    print(f"HOCBA_SEED={seed}")
    chance = random.Random(seed)
    views = Views(ledger)
    ends: list[tuple[History, int]] = []
    for number in range(HISTORIES):
        history = History(ledger, chance, number)
        history.open()
        first = views.engine.catch_up()["roster"] - 1
        for _ in range(COMMANDS):
            history.step()
            if chance.random() < 0.1:  # so that pages of every length are folded
                views.engine.catch_up()
        history.compare(views, first, views.engine.catch_up()["roster"] - 1)
        ends.append((history, first))
    for name in views.engine.names:
        assert views.engine.rebuild(name).equal, (name, seed)
    last = views.engine.catch_up()["roster"] - 1
    for history, first in ends:
        history.compare(views, first, last)
