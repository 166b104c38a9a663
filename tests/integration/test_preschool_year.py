"""A preschool year in two provinces: children come and go on any day, one is lost on the way.

Every figure of movement and head count, for each unit and each day of the year, is compared with
a naive count over the visits that the files were written from.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from projections.reports.frame import Question
from projections.views import Views
from services.reading import open_views
from services.workplace import Workplace
from tests.conftest import SEED
from tests.integration.scenario import Desk, Papers, desks

pytestmark = pytest.mark.timeout(300)

YEAR = "2024-2025"
SINCE = date(2024, 7, 31)
FIRST_SCHOOL_DAY = date(2024, 9, 5)
DAYS = [SINCE + timedelta(days=number) for number in range(1, 366)]
ABOVE = {
    "31": {"M1": ("M1", "X1", "31"), "M2": ("M2", "X1", "31"), "M3": ("M3", "X2", "31")},
    "22": {"N1": ("N1", "Y1", "22"), "N2": ("N2", "Y1", "22")},
}
"""Ledger to school to the school and every unit above it."""
CAME = {
    "start": "new",
    "mid_year": "new",
    "transfer_in": "in",
    "return": "returned",
}
WENT = {
    "transfer_out": "out",
    "release": "out",
    "leave": "withdrawn",
    "withdraw": "withdrawn",
    "abroad": "withdrawn",
    "complete": "completed",
    "deceased": "deceased",
}
COLUMNS = ("start", *dict.fromkeys((*CAME.values(), *WENT.values())), "end", "in_transit")
COMING, GOING = dict.fromkeys(CAME.values()), dict.fromkeys(WENT.values())


@dataclass(frozen=True)
class Visit:
    """Days [first, last) at one school, and how the child came and went."""

    school: str
    came: str
    first: date
    went: str | None = None
    last: date | None = None

    def covers(self, day: date) -> bool:
        """Whether the child counts there on `day`."""
        return self.first <= day and (self.last is None or day < self.last)


@dataclass
class Year:
    """The visits of one province's children, by child."""

    ledger: str
    visits: dict[str, list[Visit]] = field(default_factory=dict)

    @property
    def schools(self) -> Sequence[str]:
        """The schools of the province."""
        return tuple(ABOVE[self.ledger])


def wanderings(seed: int, schools: Sequence[str], children: int) -> dict[str, list[Visit]]:
    """Children who come on any day, stay for any time, and often come again."""
    chance = random.Random(f"{seed}/{schools}")
    found = {}
    for number in range(children):
        old = number % 4 == 0
        day = date(2023, 9, 5) if old else SINCE + timedelta(days=chance.randint(1, 330))
        school, came = (
            chance.choice(schools),
            "start" if old else chance.choice(["start", "mid_year"]),
        )
        visits: list[Visit] = []
        while True:
            first = max(day, SINCE)
            last = first + timedelta(days=chance.randint(1, 200))
            if last > DAYS[-1] or chance.random() < 0.25:
                visits.append(Visit(school, came, day))
                break
            went = chance.choice(["transfer_out", "transfer_out", "leave", "withdraw", "abroad"])
            visits.append(Visit(school, came, day, went, last))
            if chance.random() < 0.35:
                break
            elsewhere = [other for other in schools if other != school]
            if went == "transfer_out":
                school, came = chance.choice(elsewhere), "transfer_in"
                day = last + timedelta(days=chance.choice([0, 0, 1, 9]))
            else:
                came = chance.choice(["return", "mid_year"])
                day = last + timedelta(days=chance.randint(1, 40))
            if day > DAYS[-1]:
                break
        found[f"{schools[0]}-{number}"] = visits
    return found


def provinces() -> tuple[Year, Year]:
    """Hải Phòng and Quảng Ninh; the named children are the same whatever the seed."""
    here = Year("31", wanderings(int(SEED), tuple(ABOVE["31"]), 24))
    there = Year("22", wanderings(int(SEED), tuple(ABOVE["22"]), 12))
    start = FIRST_SCHOOL_DAY
    here.visits |= {
        "LOST": [Visit("M1", "start", start, "transfer_out", date(2025, 1, 13))],
        "FAR": [Visit("M2", "start", start, "transfer_out", date(2025, 2, 10))],
        "FILE": [Visit("M1", "start", start, "release", date(2025, 3, 15))],
        "BIG": [Visit("M3", "start", date(2023, 9, 5), "complete", date(2025, 5, 30))],
        "GONE": [Visit("M3", "mid_year", date(2024, 11, 1), "deceased", date(2025, 4, 2))],
        "BACK": [
            Visit("M1", "start", start, "leave", date(2024, 10, 15)),
            Visit("M1", "return", date(2025, 2, 3), "transfer_out", date(2025, 3, 3)),
            Visit("M3", "transfer_in", date(2025, 3, 3), "withdraw", date(2025, 6, 2)),
            Visit("M1", "return", date(2025, 6, 30)),
        ],
    }
    there.visits |= {
        "FAR": [Visit("N1", "transfer_in", date(2025, 2, 24))],
        "FILE": [Visit("N1", "transfer_in", date(2025, 3, 17))],
    }
    return here, there


def year_of(day: date) -> str:
    first = day.year if day.month >= 8 else day.year - 1
    return f"{first}-{first + 1}"


def papers_of(province: Year) -> Papers:
    """The files of a province: who left school M1 for good stands in its monthly lists."""
    papers = Papers()
    papers.province(province.ledger, {"31": "Hải Phòng", "22": "Quảng Ninh"}[province.ledger])
    for school, path in ABOVE[province.ledger].items():
        commune = path[1]
        if all(line["unit_code"] != commune for line in papers.tables["units"]):
            papers.add(
                "units",
                unit_code=commune,
                kind="commune",
                name=f"Xã {commune}",
                parent_code=province.ledger,
            )
        papers.school(school, f"Mầm non {school}", commune, "MN")
        for grade, year in ((16, "2023-2024"), (17, YEAR)):
            papers.school_class(f"{school}-{year}", school, year, grade)
    for key, visits in province.visits.items():
        if (province.ledger, key) == ("22", "FILE"):
            continue
        papers.pupil(key, name=f"Trần Thị {key}", born="2020")
        for visit in visits:
            write_visit(papers, key, visit, told_monthly=leaves_by_list(visit, visits))
        write_months(papers, key, visits)
    return papers


def write_visit(papers: Papers, key: str, visit: Visit, *, told_monthly: bool) -> None:
    """Enrolments, and the leaving unless a monthly list tells it."""
    began = year_of(visit.first)
    papers.enrol(key, f"{visit.school}-{began}", str(visit.first), visit.came)
    if began != YEAR and visit.covers(FIRST_SCHOOL_DAY):
        papers.enrol(key, f"{visit.school}-{YEAR}", str(FIRST_SCHOOL_DAY), "start")
    if visit.went not in (None, "release") and not told_monthly:
        papers.add(
            "statuses",
            pupil_key=key,
            school_code=visit.school,
            kind=visit.went,
            effective_on=visit.last,
        )


def months_of(visit: Visit) -> list[date]:
    """The first days of the months of the year in which the child sat in its class."""
    first = visit.first if visit.first > SINCE else FIRST_SCHOOL_DAY
    ends = visit.last or DAYS[-1] + timedelta(days=1)
    return sorted({day.replace(day=1) for day in DAYS if first <= day < ends})


def leaves_by_list(visit: Visit, visits: Sequence[Visit]) -> bool:
    """Whether the last month's list of school M1 tells the leaving: a list has one line for a
    child, so not where another visit falls into that month."""
    months = months_of(visit)
    others = (other for other in visits if other is not visit and other.school == "M1")
    return (
        visit.school == "M1"
        and visit.went == "leave"
        and bool(months)
        and all(months[-1] not in months_of(other) for other in others)
    )


def write_months(papers: Papers, key: str, visits: Sequence[Visit]) -> None:
    """presence.csv of school M1: a line for each month."""
    lines: dict[date, date | None] = {}
    for visit in visits:
        if visit.school == "M1":
            lines |= dict.fromkeys(months_of(visit))
            if leaves_by_list(visit, visits):
                lines[months_of(visit)[-1]] = visit.last
    for month, left_on in sorted(lines.items()):
        papers.add(
            "presence",
            pupil_key=key,
            class_code=f"M1-{YEAR}",
            month=month.strftime("%Y-%m"),
            present="yes",
            effective_on=(month + timedelta(days=32)).replace(day=1),
            left_on=left_on,
        )


def expected(province: Year, day: date) -> dict[str, dict[str, int]]:
    """The movement of every unit up to `day`, counted child by child."""
    tally: Counter[tuple[str, str]] = Counter()
    for visits in province.visits.values():
        for visit in visits:
            tally[visit.school, "start"] += visit.covers(SINCE)
            tally[visit.school, "end"] += visit.covers(day)
            if SINCE < visit.first <= day:
                tally[visit.school, CAME[visit.came]] += 1
            if visit.last is not None and SINCE < visit.last <= day:
                tally[visit.school, WENT[visit.went or ""]] += 1
        begun = [visit for visit in visits if visit.first <= day]
        if begun and begun[-1].last is not None and begun[-1].last <= day:
            tally[begun[-1].school, "in_transit"] += begun[-1].went in ("transfer_out", "release")
    units: dict[str, Counter[str]] = {}
    for (school, column), count in tally.items():
        for unit in ABOVE[province.ledger][school]:
            units.setdefault(unit, Counter())[column] += count
    return {
        unit: {column: counts[column] for column in COLUMNS}
        for unit, counts in units.items()
        if any(counts.values())
    }


@dataclass(frozen=True)
class Told:
    """Both provinces: the visits, and the ledgers they were imported into."""

    years: tuple[Year, Year]
    desks: Sequence[Desk]

    def __iter__(self) -> Iterator[tuple[Year, Desk]]:
        return iter(zip(self.years, self.desks, strict=True))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("preschool")
    years = provinces()
    with desks("31", "22") as (here, there):
        here.sound(papers_of(years[0]), folder / "31")
        there.sound(papers_of(years[1]), folder / "22")
        dossier = str(folder / "ho-so.hbt")
        here.answer(
            *("transfer", "export", "--pupil", "FILE", "--to", "22"),
            *("--last-day", "2025-03-14", "--out", dossier),
        )
        arrival = Papers()
        arrival.pupil("FILE", name="Trần Thị FILE", born="2020")
        arrival.enrol("FILE", f"N1-{YEAR}", "2025-03-17", "provisional")
        there.sound(arrival, folder / "arrival")
        there.answer("transfer", "import", dossier, "--pupil", "FILE")
        yield Told(years, (here, there))


@contextmanager
def views_of(desk: Desk) -> Iterator[Views]:
    """What the commands of the desk read from, kept open for a year of questions."""
    place = Workplace(
        home=desk.home,
        account="operator",
        database=None,
        nats=None,
        ledger=desk.ledger,
        format="json",
        lang="vi",
    )
    with open_views(place) as views:
        yield views


def rows_of(answer: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Figures by unit."""
    return {row["unit_code"]: {name: row[name] for name in COLUMNS} for row in answer["rows"]}


def test_every_day_every_unit_moves_as_the_children_do(told: Told) -> None:
    for province, desk in told:
        with views_of(desk) as views:
            for day in DAYS:
                answer = views.report("movement", Question(on=day))
                rows = rows_of(answer)
                assert rows == expected(province, day), (desk.ledger, day, SEED)
                for row in rows.values():
                    came, went = (sum(row[c] for c in cols) for cols in (COMING, GOING))
                    assert row["start"] + came - went == row["end"]
                assert answer["totals"] == {
                    column: rows[province.ledger][column] for column in COLUMNS
                }
                assert answer["exceptions"] == []


def test_every_day_the_head_count_is_the_movements_end(told: Told) -> None:
    for province, desk in told:
        with views_of(desk) as views:
            for day in DAYS:
                answer = views.report("headcount", Question(on=day))
                counts: Counter[str] = Counter()
                for row in answer["rows"]:
                    counts[row["unit_code"]] += row["count"]
                ends = {unit: row["end"] for unit, row in expected(province, day).items()}
                assert counts == +Counter(ends), (desk.ledger, day, SEED)
                totals = answer["totals"]
                assert totals["count"] == counts[province.ledger]
                for part in ("levels", "grades", "sexes"):
                    assert sum(totals[part].values()) == totals["count"]


@pytest.mark.parametrize("on", ["2024-08-01", "2025-01-13", "2025-03-15", "2025-07-31"])
def test_the_commands_say_the_same_for_one_unit(told: Told, on: str) -> None:
    for province, desk in told:
        whole = expected(province, date.fromisoformat(on))
        for unit in {unit for path in ABOVE[province.ledger].values() for unit in path}:
            below = {
                code
                for path in ABOVE[province.ledger].values()
                if unit in path
                for code in path[: path.index(unit) + 1]
            }
            answer = desk.answer("report", "movement", "--on", on, "--unit", unit)
            found = {code: row for code, row in rows_of(answer).items() if code in below}
            assert found == {code: row for code, row in whole.items() if code in below}
            assert answer["totals"] == whole.get(unit, dict.fromkeys(COLUMNS, 0))


def test_a_child_who_left_and_arrived_nowhere_is_found(told: Told) -> None:
    here = told.desks[0]
    on = "2025-06-30"
    answer = here.answer("report", "in_transit", "--on", on, "--list")
    lost = here.transcript("LOST", on)["pupil_id"]
    (row,) = [row for row in answer["rows"] if row["pupil_id"] == lost]
    assert row == {
        "unit_code": "M1",
        "school_code": "M1",
        "pupil_id": lost,
        "kind": "transfer_out",
        "case": None,
        "left_on": "2025-01-13",
        "days": 168,
    }
    sent = here.transcript("FILE", on)["pupil_id"]
    (row,) = [row for row in answer["rows"] if row["pupil_id"] == sent]
    assert (row["kind"], row["left_on"]) == ("release", "2025-03-15")
    province = told.years[0]
    assert (
        answer["totals"]["count"] == expected(province, date.fromisoformat(on))["31"]["in_transit"]
    )
    assert {one["pupil_id"] for one in answer["list"]} == {r["pupil_id"] for r in answer["rows"]}


def test_a_child_handed_over_counts_in_one_province_each_day(told: Told) -> None:
    counts = []
    for day in (date(2025, 3, 14), date(2025, 3, 15), date(2025, 3, 16), date(2025, 3, 17)):
        on = []
        for desk in told.desks:
            listed = desk.answer("report", "headcount", "--on", str(day), "--list")["list"]
            who = desk.transcript("FILE", str(day))["pupil_id"]
            on.append(sum(one["pupil_id"] == who for one in listed))
        counts.append(tuple(on))
    assert counts == [(1, 0), (0, 0), (0, 0), (0, 1)]


def test_the_lists_of_the_months_say_who_left_for_good(told: Told, tmp_path: Path) -> None:
    here = told.desks[0]
    before = here.answer("roster", "--class", f"M1-{YEAR}", "--on", "2024-10-14")["pupils"]
    after = here.answer("roster", "--class", f"M1-{YEAR}", "--on", "2024-10-15")["pupils"]
    assert "BACK" in {pupil["pupil_key"] for pupil in before}
    assert "BACK" not in {pupil["pupil_key"] for pupil in after}
    again = here.answer("import", str(papers_of(told.years[0]).write(tmp_path / "again")))
    assert (again["appended"], again["rejected"]) == (0, [])
