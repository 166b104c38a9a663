"""Random school years under four regulations, computed in fractions beside the transcript.

Marks in batches on any day, corrections, results from paper, exemptions, electives, training
results, absences and decisions; then closings, whose figures must be those of the transcript.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from ledger import log
from ledger.batch import Line
from ledger.events.pupil_year import PeriodClosed
from ledger.gradebook import MarkLine, enter_marks
from ledger.ledger import Ledger
from ledger.movement import EnrolInClass, Movement, move_pupils
from ledger.paper import PaperLine, take_paper_results
from ledger.registration import record_pupils
from ledger.school_class import OpenClass
from ledger.structure import open_classes, record_units
from ledger.unit import RecordUnit
from ledger.year_commands import (
    Decide,
    absences,
    conduct,
    correction,
    decision,
    electives,
    exemption,
    quality,
)
from ledger.year_lines import YearLine, write_years
from projections.persons import Key
from projections.views import Views
from tests import school
from tests.simulation.naive_year import CHOICES, KINDS, PERIODS, Kind, NaiveYear, chosen_marks
from tests.simulation.runs import Answers, Prover, chances, day_between, histories

STEPS = 90
BATCHES = 4
QUESTIONS = 4
PAPER_SCHOOL = "THCS Kim Đồng"
MEANS = (4.4, 5.2, 6.0, 6.8, 7.6, 8.3, 8.9, 9.4)
LEVELS = {False: ("T", "T", "T", "K", "Đ", "CĐ"), True: ("T", "T", "T", "K", "Tb", "Y")}


class Year:
    """One pupil's year under way: the model, what is still to be entered, how good the pupil is."""

    def __init__(self, kind: Kind, pupil: UUID, class_code: str, chance: random.Random) -> None:
        self.kind, self.pupil, self.class_code = kind, pupil, class_code
        self.model = NaiveYear(kind)
        self.taken: dict[tuple[str, int, str], date] = {}
        self.stated: set[tuple[str, str]] = set()
        self.closed = False
        self.mean = chance.choice(MEANS)
        self.weak = (
            {chance.choice([*kind.scored, *kind.commented])} if chance.random() < 0.5 else ()
        )
        kept = 1.0 if chance.random() < 0.7 else 0.97
        late = chance.random() < 0.15
        self.plan = [
            place
            for place in chosen_marks(kind, ())
            if chance.random() < kept and not (late and place[1] == 1)
        ]
        chance.shuffle(self.plan)
        self.size = len(self.plan) // BATCHES + 1

    @property
    def span(self) -> tuple[date, date]:
        """The days on which marks are given."""
        return date(self.kind.first, 9, 6), date(self.kind.first + 1, 5, 10)

    @property
    def label(self) -> str:
        return self.kind.school_year

    def value(self, place: tuple[str, int, str], chance: random.Random) -> str:
        """A mark as this pupil gets it."""
        subject, _, slot = place
        weak = subject in self.weak
        if self.kind.primary:
            if slot.startswith("KT_"):
                return str(min(10, max(1, round(chance.gauss(4 if weak else self.mean + 1, 0.7)))))
            return chance.choices("THC", (1, 3, 1) if weak else (self.mean - 3, 0.02, 0.002))[0]
        if subject in self.kind.commented:
            return "CĐ" if chance.random() < (0.5 if weak else 0.01) else "Đ"
        mark = chance.gauss(3.4 if weak else self.mean, 0.8)
        return str(min(100, max(0, round(mark * 10))) / 10)


class History:
    """Pupils of one school, each in a year of another kind."""

    def __init__(self, ledger: Ledger, views: Views, chance: random.Random, number: int) -> None:
        self.ledger, self.views, self.chance, self.number = ledger, views, chance, number
        self.who = school.operator(ledger)
        self.years: list[Year] = []
        self.answers = Answers()
        self.ends: list[int] = []

    # What happens

    def open(self) -> None:
        at = f"Y{self.number}"
        unit = RecordUnit(
            code=at,
            kind="school",
            name=at,
            parent_code=None,
            levels=("TH", "THCS", "THPT"),
            opened_on=date(2000, 1, 1),
            closed_on=None,
            merged_into=None,
        )
        handler = partial(record_units, today=school.TODAY)
        school.sound(self.ledger.carry_out(handler, [Line(1, unit)], who=self.who))
        for index, kind in enumerate(KINDS):
            code, key = f"{at}-{index}", f"{at}P{index}"
            opened = OpenClass(
                code=code,
                school_code=at,
                school_year=kind.school_year,
                grade=kind.grade,
                name=code,
                programme=kind.programme,
            )
            school.sound(self.ledger.carry_out(open_classes, [Line(1, opened)], who=self.who))
            person = school.record_pupil(key, school.profile(f"Nguyễn Văn {key}"))
            school.sound(self.ledger.carry_out(record_pupils, [Line(1, person)], who=self.who))
            pupil = school.find(self.ledger, [key])[0]
            enrol: Movement = EnrolInClass(
                pupil=pupil,
                class_code=code,
                kind="start",
                effective_on=date(kind.first, 8, 20),
                grade=None,
                note=None,
            )
            school.sound(self.ledger.carry_out(move_pupils, [Line(1, enrol)], who=self.who))
            self.years.append(Year(kind, pupil, code, self.chance))
        self.views.engine.catch_up()

    def step(self) -> None:
        """One random command about one of the years."""
        year = self.chance.choice(self.years)
        roll = self.chance.random()
        if roll < 0.36:
            self.enter(year)
        elif roll < 0.52:
            self._correct(year)
        elif roll < 0.66:
            self._paper(year)
        elif roll < 0.84:
            self._conduct_or_absences(year)
        elif roll < 0.90:
            self._circumstance(year)
        else:
            self._decide(year)
        if self.ends and self.chance.random() < 0.12:
            self._ask(year, self._day(year), self.ends[-1])
            self.answers.ask_again(self.chance, 2)

    def _day(self, year: Year, odd: int | None = None) -> date:
        """A day on which marks are given; entered ones on odd days, those of paper on even."""
        day = day_between(self.chance, *year.span)
        return day if odd is None or day.toordinal() % 2 == odd else day + timedelta(days=1)

    def enter(self, year: Year) -> None:
        """A batch of marks, and of qualities in a primary year."""
        places, year.plan = year.plan[: year.size], year.plan[year.size :]
        lines = []
        for place in places:
            subject, semester, slot = place
            line = MarkLine(
                pupil=year.pupil,
                class_code=year.class_code,
                subject=subject,
                semester=semester,
                slot=slot,
                value=year.value(place, self.chance),
                effective_on=self._day(year, 1),
                sheet=None,
            )
            lines.append((place, line))
        if lines:
            commands = school.numbered([line for _, line in lines])
            done = school.sound(self.ledger.carry_out(enter_marks, commands, who=self.who))
            position = self._ended(done.last_position)
            for place, line in lines:
                year.taken[place] = line.effective_on
                year.model.add(position, line.effective_on, "mark", place, line.value)
        if year.kind.primary:
            self._qualities(year, len(places))

    def _qualities(self, year: Year, count: int) -> None:
        for item in self.chance.sample(year.kind.items, min(len(year.kind.items), count // 2)):
            level = self.chance.choices("TĐC", (12, 1, 0.1))[0]
            on = self._day(year)
            self._write(
                year,
                on,
                quality(time="CN", item=item, level=level, on=on),
                ("quality", (item, "CN"), level),
            )

    def _ended(self, position: int | None) -> int:
        assert position is not None
        self.ends.append(position)
        return position

    def _write(
        self,
        year: Year,
        on: date,
        decide: Decide,
        fact: tuple[str, Any, Any] | None,
        *,
        results: bool = False,
    ) -> int | None:
        """Carries a line out; if it is taken, the model knows of it."""
        line = YearLine(
            pupil=year.pupil,
            school_year=year.label,
            decide=decide,
            needs_results=results,
            proposable=True,
            on=on,
        )
        done = self.ledger.carry_out(write_years, [Line(1, line)], who=self.who)[0]
        if done.last_position is None:
            return None
        position = self._ended(done.last_position)
        if fact is not None:
            year.model.add(position, on, *fact)
        return position

    def _correct(self, year: Year) -> None:
        if not year.taken:
            return
        place = self.chance.choice(list(year.taken))
        value = year.value(place, self.chance)
        later = year.taken[place] + timedelta(days=self.chance.randrange(1, 40))
        given = self.chance.choice([None, later])
        decide = correction(
            subject=place[0],
            semester=place[1],
            slot=place[2],
            value=value,
            old_value=None,
            reason="nhầm",
            effective_on=given,
        )
        on = given or year.taken[place]
        if self._write(year, on, decide, ("correct", place, value)) is not None:
            year.taken[place] = on

    def _paper(self, year: Year) -> None:
        """A mark or a term's result from a paper transcript, each place once."""
        if year.kind.primary:
            return
        subject = self.chance.choice([*year.kind.scored, *year.kind.commented])
        on = self._day(year, 0)
        if self.chance.random() < 0.7:
            place = self.chance.choice(year.kind.slots(subject))
            kind, semester, slot = "mark", str(place[1]), place[2]
            fact: tuple[str, Any] = ("paper", place)
        else:
            semester, slot, kind = self.chance.choice(("1", "2", "CN")), "", "average"
            fact = ("stated", (subject, semester))
        if (subject, semester + slot) in year.stated:
            return
        year.stated.add((subject, semester + slot))
        value = year.value((subject, 1, slot), self.chance)
        line = PaperLine(
            pupil=year.pupil,
            school_year=year.label,
            school_name=PAPER_SCHOOL,
            province_code=None,
            country="VN",
            regulation=None,
            grade=None,
            kind=kind,
            subject=subject,
            semester=semester,
            slot=slot,
            value=value,
            scan_sha256="00" * 32,
            attested_by="A",
            checked_by="B",
            reason=None,
            effective_on=on,
        )
        done = school.sound(
            self.ledger.carry_out(take_paper_results, [Line(1, line)], who=self.who)
        )
        year.model.add(self._ended(done.last_position), on, *fact, value)

    def _conduct_or_absences(self, year: Year) -> None:
        on, period = self._day(year), self.chance.choice(PERIODS)
        if year.kind.primary or self.chance.random() < 0.4:
            excused, unexcused = self.chance.choice([(3, 1), (0, 0), (10, 12), (40, 6)])
            decide = absences(period=period, excused=excused, unexcused=unexcused, on=on)
            self._write(year, on, decide, ("absences", period, excused + unexcused))
        else:
            level = self.chance.choice(LEVELS[year.kind.old])
            decide = conduct(period=period, level=level, on=on)
            self._write(year, on, decide, ("conduct", period, level))

    def _circumstance(self, year: Year) -> None:
        on = self._day(year)
        if year.kind.old and self.chance.random() < 0.4:
            period = self.chance.choice(PERIODS)
            decide = exemption(subject="GDTC", period=period, part="whole", ground="ốm", on=on)
            self._write(year, on, decide, ("exempt", ("GDTC", period), None))
        elif year.kind.grade == 10 or self.chance.random() < 0.5:
            year = next(year for year in self.years if year.kind.grade == 10)
            on = self._day(year)
            chosen = self.chance.sample(CHOICES, 4)
            self._write(year, on, electives(subjects=chosen, on=on), ("electives", None, chosen))

    def _decide(self, year: Year) -> None:
        on = day_between(self.chance, year.span[1], date(year.kind.first + 1, 9, 29))
        kinds = ["reassess", "promote", "retain"]
        kinds += [] if year.kind.primary else ["summer_training", "missing_term", "missing_term"]
        kind = self.chance.choice(kinds)
        subject = value = None
        if kind == "reassess":
            subject = self.chance.choice([*year.kind.scored, *year.kind.commented])
            value = year.value((subject, 0, "CN"), self.chance)
        elif kind == "missing_term":
            subject = self.chance.choice(list(year.kind.scored))
            value = self.chance.choice([None, year.value((subject, 0, ""), self.chance)])
        elif kind == "summer_training":
            value = self.chance.choice(LEVELS[year.kind.old])
        decide = decision(kind=kind, subject=subject, value=value, legal_ground="QĐ 1", on=on)
        self._write(year, on, decide, ("decide", (kind, subject), value))

    def close(self, year: Year) -> None:
        """The term, then the year: what the entries state is what the transcript shows. The day
        is the last one allowed, and no fact is of a later one."""
        on = date(year.kind.first + 1, 9, 30)
        for kind, period in (("close_semester_1", "HK1"), ("close_year", "CN")):
            decide = decision(kind=kind, subject=None, value=None, legal_ground=None, on=on)
            position = self._write(year, on, decide, None, results=True)
            assert position is not None
            with self.ledger.database.connection() as connection:
                event = next(log.pages(connection, start=position, end=position + 1))[0].event
            assert isinstance(event, PeriodClosed)
            shown = self._ask(year, on, position)
            assert event.study == shown["study"][period]
            assert event.conduct == shown["conduct"][period]
            assert event.adjusted == (period in shown["study"]["adjusted"])
            assert event.results == _closed(year.kind, shown, period)

    # What is asked

    def _ask(self, year: Year, on: date, position: int) -> dict[str, Any]:
        ask = partial(self.views.transcript, Key("id", str(year.pupil)), on=on, known_at=position)
        answer = self.answers.keep(f"{year.kind.regulation} {on} @{position}", ask)
        (shown,) = answer["years"]
        assert isinstance(shown, dict)
        return shown

    def compare(self) -> None:
        """Every year at random days and positions."""
        for year in self.years:
            for _ in range(QUESTIONS):
                last = date(year.kind.first + 1, 10, 15)
                on = max(day_between(self.chance, year.span[0], last) for _ in range(2))
                position = max(self.chance.choice(self.ends) for _ in range(2))
                self._agrees(year, on, position)
            self._agrees(year, date(year.kind.first + 1, 10, 15), self.ends[-1])

    def _agrees(self, year: Year, on: date, position: int) -> None:
        shown = _reduced(year.kind, self._ask(year, on, position))
        expected = year.model.results(position, on)
        for name, value in expected.items():
            told = [str(fact) for fact in year.model.facts if fact.position <= position]
            assert shown[name] == value, (name, year.kind.regulation, on, position, told)


def _closed(kind: Kind, shown: dict[str, Any], period: str) -> dict[str, str | None]:
    """What a closing states of each subject, by the transcript."""
    if period == "CN":
        return {s["subject"]: s["reassessed"] or s["year"] for s in shown["subjects"]}
    if kind.primary:
        return {s["subject"]: s["times"]["CK1"]["level"] for s in shown["subjects"]}
    return {s["subject"]: s["semesters"]["1"]["average"] for s in shown["subjects"]}


def _reduced(kind: Kind, shown: dict[str, Any]) -> dict[str, Any]:
    """What the model computes of a year."""
    subjects: dict[str, dict[str, Any]] = {}
    for subject in shown["subjects"]:
        ends = {name: subject[name] for name in ("year", "reassessed")}
        subjects[subject["subject"]] = ends
        if kind.primary:
            times = subject["times"].items()
            ends["times"] = {t: {k: held[k] for k in ("level", "test")} for t, held in times}
        for number, term in subject["semesters"].items():
            ends[number] = {**term["marks"], "average": term["average"]}
    study = dict(shown["study"])
    return {
        "subjects": subjects,
        "adjusted": study.pop("adjusted"),
        "study": study,
        "conduct": shown["conduct"],
        "overall": shown.get("overall") or dict.fromkeys(PERIODS),
        "absences": shown["absences"]["total"],
        "promotion": shown["promotion"],
        "title": shown["title"],
    }


def completed(years: Sequence[Year]) -> int:
    """How many years have a result at the end: a run without any has shown little."""
    ends = [year.model.results(10**9, date(year.kind.first + 2, 1, 1)) for year in years]
    return sum(end["study"]["CN"] is not None for end in ends)


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with school.new_ledger(database) as opened:
        yield opened


COUNT = histories(3)


@pytest.mark.timeout(max(120, COUNT * 15))
def test_years_agree_with_the_naive_results_and_with_their_closings(ledger: Ledger) -> None:
    views = Views(ledger)
    prover = Prover(ledger, views)
    done: list[History] = []
    for number in range(COUNT):
        history = History(ledger, views, chances("years", number), number)
        history.open()
        for _ in range(STEPS):
            history.step()
        for year in history.years:
            while year.plan:
                history.enter(year)
        history.compare()
        for year in history.years:
            history.close(year)
        for _ in range(10):
            history._correct(history.chance.choice(history.years))
        history.compare()
        prover.prove_after(number)
        done.append(history)
    for history in done:
        history.answers.ask_again(history.chance, 6)
    assert completed([year for history in done for year in history.years]) > 0
