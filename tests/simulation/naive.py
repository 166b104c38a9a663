"""A naive model of one school's record, written from the contract's rules of reading alone.

It keeps every fact in one list and goes through the days one by one; it shares no code with the
folds it is compared with.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

DAY = timedelta(days=1)
REGULAR = {"TOAN": 4, "GDCD": 2}
"""Regular marks a term: 140 periods a year want four, 35 want two (domain reference 1.1)."""
EXITS = {"leave", "withdraw", "transfer_out", "abroad", "complete", "deceased", "release"}
ENGLISH = {
    "transfer_in": "transferred_in",
    "return": "returned",
    "provisional": "provisional",
    "suspend": "suspended",
}


@dataclass(frozen=True)
class Fact:
    """One recorded fact: its position, the day it counts from, what it says."""

    position: int
    on: date
    what: str
    data: dict[str, Any]


@dataclass
class Day:
    """Where a pupil is at the end of a day."""

    school: str | None = None
    since: date | None = None
    class_code: str | None = None
    entered: date | None = None
    entry_kind: str | None = None
    suspended: bool = False
    change: tuple[str, date] | None = None


@dataclass
class NaivePupil:
    """A pupil: a name that sorts, and facts."""

    name: str
    facts: list[Fact] = field(default_factory=list)

    def add(self, position: int, on: date, what: str, **data: Any) -> None:
        self.facts.append(Fact(position, on, what, data))

    def known(self, what: str, position: int, on: date) -> list[Fact]:
        """Facts of a kind in force on `on`, known at `position`, in the order they decide."""
        found = [f for f in self.facts if f.what == what and f.position <= position and f.on <= on]
        return sorted(found, key=lambda fact: (fact.on, fact.position))

    def days(self, position: int, on: date) -> dict[date, Day]:
        """Every day from the first movement to `on`."""
        moves = self.known("move", position, on)
        found: dict[date, Day] = {}
        here = Day()
        day = moves[0].on if moves else on + DAY
        while day <= on:
            before = here
            here = Day(**vars(before))
            if (day.month, day.day) == (8, 1):
                here.class_code = None
                here.change = None
            for fact in moves:
                if fact.on == day:
                    _move(here, fact)
            if here.school != before.school:
                here.since = day
            found[day] = here
            day += DAY
        return found

    def on_list(self, class_code: str, position: int, on: date) -> dict[str, Any] | None:
        """The pupil's line on a class list; None where the pupil is not on it."""
        here = self.days(position, on).get(on)
        if here is None or here.school is None or here.suspended:
            return None
        entered = [here.entered] if here.class_code == class_code else []
        year_end = date(on.year + (on.month >= 8), 8, 1)
        for fact in self.known("section", position, on):
            until = fact.data["until"] or date.max
            same_year = _year_end(fact.on) == year_end
            if fact.data["class_code"] != class_code or not same_year or on >= until:
                continue
            if fact.data["school"] == here.school and here.since is not None:
                entered.append(max(fact.on, here.since))
        stays = [day for day in entered if day is not None]
        if not stays:
            return None
        code, status = _status(here.change)
        return {
            "full_name": self.name,
            "entered_on": max(stays).isoformat(),
            "entry_kind": here.entry_kind,
            "status_code": code,
            "status": status,
        }

    def years(self, position: int, on: date) -> list[dict[str, Any]]:
        """The school years of the transcript, as far as this model computes them."""
        opened = {f.data["year"] for f in self.facts if f.what == "open" and f.position <= position}
        first_days = {year: date(int(year[:4]), 8, 1) for year in sorted(opened)}
        entries = [
            fact.on
            for fact in self.known("move", position, on)
            if fact.data["kind"] not in EXITS and fact.data["kind"] not in ("suspend", "resume")
        ]
        days = self.days(position, on)
        return [
            {
                "school_year": year,
                "schools": _schools(days, start, on),
                "subjects": self._subjects(year, position, on),
                "conduct": self._conduct(year, position, on),
            }
            for year, start in first_days.items()
            if any(start <= entry < _year_end(start) for entry in entries)
        ]

    def _subjects(self, year: str, position: int, on: date) -> dict[str, Any]:
        slots: dict[tuple[str, int, str], str] = {}
        written = self.known("mark", position, on) + self.known("correct", position, on)
        for fact in sorted(written, key=lambda fact: fact.position):
            if fact.data["year"] == year:
                slots[fact.data["place"]] = fact.data["value"]
        found: dict[str, Any] = {}
        for subject in sorted({place[0] for place in slots}):
            terms = {n: _term(subject, n, slots) for n in (1, 2)}
            averages = [terms[1]["average"], terms[2]["average"]]
            found[subject] = {"1": terms[1], "2": terms[2], "year": None}
            if None not in averages:
                first, second = map(Decimal, averages)
                found[subject]["year"] = _rounded(first + 2 * second, 3)
        return found

    def _conduct(self, year: str, position: int, on: date) -> dict[str, str | None]:
        levels: dict[str, str | None] = {"HK1": None, "HK2": None}
        for fact in self.known("conduct", position, on):
            if fact.data["year"] == year:
                levels[fact.data["period"]] = fact.data["level"]
        return levels


def _move(here: Day, fact: Fact) -> None:
    kind = fact.data["kind"]
    here.change = (kind, fact.on)
    if kind in ("suspend", "resume"):
        here.suspended = kind == "suspend"
    elif kind in EXITS:
        here.school = here.class_code = None
        here.suspended = False
    else:
        stays = (here.school, here.class_code) == (fact.data["school"], fact.data["class_code"])
        if not stays or here.class_code is None:
            here.entered = fact.on
        here.school, here.class_code = fact.data["school"], fact.data["class_code"]
        here.entry_kind = kind
        here.suspended = False


def _status(change: tuple[str, date] | None) -> tuple[str | None, str]:
    if change is None:
        return "01", "attending"
    kind, on = change
    if kind in ("start", "mid_year", "intake", "class_change"):
        return "01", "attending"
    spring = date(on.year + (on.month >= 8), 1, 16)
    summer = date(on.year + (on.month >= 8), 6, 1)
    period = 0 if on < spring else 1 if on < summer else 2
    codes: dict[str, tuple[str | None, ...]] = {
        "transfer_in": ("02", "06", "10"),
        "return": ("03", "07", None),
    }
    return codes.get(kind, (None, None, None))[period], ENGLISH.get(kind, "attending")


def _year_end(day: date) -> date:
    return date(day.year + (day.month >= 8), 8, 1)


def _schools(days: dict[date, Day], start: date, on: date) -> list[tuple[str, str, str | None]]:
    runs: list[list[Any]] = []
    end = _year_end(start)
    day = start
    while day < end and day <= on:
        school = days[day].school if day in days else None
        if runs and runs[-1][0] == school:
            runs[-1][2] = day + DAY
        else:
            runs.append([school, day, day + DAY])
        day += DAY
    return [
        (school, first.isoformat(), past.isoformat() if past <= on else None)
        for school, first, past in runs
        if school is not None
    ]


def _term(subject: str, semester: int, slots: dict[tuple[str, int, str], str]) -> dict[str, Any]:
    wanted = REGULAR[subject]
    regular = [slots.get((subject, semester, f"TX{n}")) for n in range(1, wanted + 1)]
    ends = [slots.get((subject, semester, slot)) for slot in ("GK", "CK")]
    average = None
    if None not in (*regular, *ends):
        values = [Decimal(value) for value in (*regular, *ends) if value is not None]
        weights = [1] * wanted + [2, 3]
        total = sum((v * w for v, w in zip(values, weights, strict=True)), Decimal(0))
        average = _rounded(total, wanted + 5)
    return {
        "TX": [value for value in regular if value is not None],
        "GK": ends[0],
        "CK": ends[1],
        "average": average,
    }


def _rounded(total: Decimal, divisor: int) -> str:
    return str((total / divisor).quantize(Decimal("0.1"), ROUND_HALF_UP))
