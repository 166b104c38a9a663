"""Results (kết quả học tập và rèn luyện): levels, promotion and titles of a school year by unit.

Everybody who counts at a school on the day stands in it once for each result that is due: with
its code, or under `missing`. From the summer on those count who did on its eve, so that the
figures before and after re-assessment are of the same pupils.

    kind        code                                            periods
    study       the level's code; not_asked (individual plan)   HK1 HK2 CN; of a primary year CN
    conduct     the level's code                                HK1 HK2 CN; of secondary years
    promotion   promoted retained pending                       CN
    title       as the regulation names it; none is no row      CN
    missing     study conduct promotion: due and not there      the same

What is due follows the occasion (`presets`), else the calendar of the school year. A result that
is there before it is due is counted too.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from ledger.assessment.regime import Regulation, regulation_for
from ledger.codes import Programme
from ledger.errors import Refused
from ledger.school_year import SchoolYear, TermCalendar
from ledger.year_record import PRIMARY, YearRecord
from projections.calendars import read_calendars
from projections.reports.counting import Counted, Headcount
from projections.reports.exceptions import of_places, standing_exceptions
from projections.reports.frame import Figures, ReportKind, Source
from projections.reports.places import level_order
from projections.reports.profiles import behind
from projections.reports.unsound_results import UnsoundResults
from projections.year_reader import YearRead, YearReader

COLUMNS = ("unit_code", "level", "grade", "regulation", "period", "kind", "code", "count")
PERIODS = ("HK1", "HK2", "CN")
KINDS = ("study", "conduct", "promotion", "title", "missing")
NOT_ASKED = "not_asked"
_UNASSESSED = frozenset({Regulation.PRESCHOOL, Regulation.FOREIGN})


class Cell(NamedTuple):
    """What one pupil is counted under."""

    level: str
    grade: int
    regulation: str | None
    period: str
    kind: str
    code: str

    @property
    def order(self) -> tuple[Any, ...]:
        """By level upwards, grade, regulation, period and kind."""
        where = (*level_order(self.level), self.grade, self.regulation or "")
        return (*where, PERIODS.index(self.period), KINDS.index(self.kind), self.code)


@dataclass(frozen=True, kw_only=True, slots=True)
class Occasion:
    """The year the results are of, the day the pupils are counted on, and what is due."""

    year: SchoolYear
    counted_on: date
    due: tuple[str, ...]


def occasion_of(source: Source) -> Occasion:
    """What the question asks for; without a school year that of its day."""
    question = source.question
    year = SchoolYear.of(question.on)
    if question.school_year is not None:
        year = SchoolYear.parse(question.school_year)
    settings = read_calendars(source.connection, source.ledger.id, size=source.moment.size)
    calendar = settings.calendar(year)
    eve = calendar.summer_from - timedelta(days=1)
    return Occasion(
        year=year,
        counted_on=min(question.on, eve),
        due=_due(question.on, question.preset, calendar),
    )


def _due(on: date, preset: str | None, calendar: TermCalendar) -> tuple[str, ...]:
    """The periods whose results are due. A deadline may lie before the end of term 1, so the
    occasion goes before the day."""
    if preset is not None:
        by_preset = {"start_of_year": (), "end_of_term_1": PERIODS[:1]}
        return by_preset.get(preset, PERIODS)
    tomorrow = on + timedelta(days=1)
    if tomorrow >= calendar.summer_from:
        return PERIODS
    return PERIODS[:1] if tomorrow >= calendar.term_2_from else ()


def read_results(source: Source) -> Figures:
    """The results of the pupils who count; see the module."""
    occasion = occasion_of(source)
    then = replace(source, question=replace(source.question, on=occasion.counted_on))
    headcount = Headcount(then)
    unsound = UnsoundResults(source, occasion.due)
    tally = _Tally()
    listed: list[tuple[UUID, str, dict[str, Any]]] = []
    for who, read in _years(source, headcount, occasion.year):
        tally.schools.add(who.school)
        regulation = _regulation(who, read, occasion.year)
        if regulation in _UNASSESSED:
            tally.unassessed += 1
            continue
        tally.pupils += 1
        sound = unsound.look_at(who, read)
        tally.unsound += not sound
        level = source.places.level(who.school, who.grade, who.programme)
        record = read.record if sound else None
        for period, kind, code in _results(record, regulation, occasion.due):
            cell = Cell(level, who.grade, regulation, period, kind, code)
            tally.cells[who.school, cell] += 1
            if source.question.listing:
                more = {"school_code": who.school, "class_code": who.class_code}
                listed.append((who.pupil, who.school, {**cell._asdict(), **more}))
    return Figures(
        rows=_rows(source, tally),
        totals=_totals(tally),
        exceptions=[
            *unsound.exceptions(),
            *standing_exceptions(then, headcount),
            *of_places(then, headcount, tally.schools),
        ],
        behind=behind(source, listed) if source.question.listing else None,
        more={
            "school_year": occasion.year.label,
            "counted_on": occasion.counted_on.isoformat(),
            "due": list(occasion.due),
        },
    )


class _Tally:
    """What was counted so far: cells by school as entered, and pupils."""

    def __init__(self) -> None:
        self.cells: Counter[tuple[str, Cell]] = Counter()
        self.schools: set[str] = set()
        self.pupils = 0
        self.unsound = 0
        self.unassessed = 0


def _years(
    source: Source, headcount: Headcount, year: SchoolYear
) -> Iterator[tuple[Counted, YearRead]]:
    """Everybody who counts with their year, a page at a time."""
    reader = YearReader(
        connection=source.connection,
        ledger=source.ledger.id,
        school_year=year.label,
        on=source.on,
        size=source.moment.size,
    )
    for page in headcount.pages():
        counted = sorted((who for who, _ in page), key=_by_class)
        yield from zip(counted, reader.read(who.pupil for who in counted), strict=True)


def _by_class(who: Counted) -> tuple[str, str, UUID]:
    return who.school, who.class_code or "", who.pupil


def _regulation(who: Counted, read: YearRead, year: SchoolYear) -> str | None:
    """The year's own; where that cannot be read, the one of grade and programme."""
    if read.parts:
        return read.parts[-1].year.regulation
    try:
        return regulation_for(year, who.grade, Programme(who.programme))
    except (Refused, ValueError):
        return None


def _results(
    record: YearRecord | None, regulation: str | None, due: tuple[str, ...]
) -> Iterator[tuple[str, str, str]]:
    """(period, kind, code) of everything a pupil counts under."""
    primary = regulation in PRIMARY
    for period in PERIODS[-1:] if primary else PERIODS:
        found: dict[str, str | None] = {"study": record.study[period] if record else None}
        if record is not None and not record.levels_asked and period in due:
            found["study"] = NOT_ASKED
        if not primary:
            found["conduct"] = record.conduct[period] if record else None
        if period == "CN":
            found["promotion"] = record.promotion if record else None
        for kind, code in found.items():
            if code is not None:
                yield period, kind, code
            elif period in due:
                yield period, "missing", kind
    if record is not None and record.title is not None:
        yield "CN", "title", record.title


def _rows(source: Source, tally: _Tally) -> list[dict[str, Any]]:
    units: Counter[tuple[str, Cell]] = Counter()
    for (school, cell), count in tally.cells.items():
        for node in source.places.path(school):
            units[node.code, cell] += count
    ordered = sorted(units.items(), key=lambda item: (item[0][0], item[0][1].order))
    return [
        {"unit_code": code, **cell._asdict(), "count": count} for (code, cell), count in ordered
    ]


def _totals(tally: _Tally) -> dict[str, Any]:
    """The pupils, and for each kind the sums of its rows by period and code."""
    sums: Counter[tuple[str, str, str]] = Counter()
    for (_, cell), count in tally.cells.items():
        sums[cell.kind, cell.period, cell.code] += count
    totals: dict[str, Any] = {
        "pupils": tally.pupils,
        "left_out": tally.unsound,
        "unassessed": tally.unassessed,
    }
    for kind in KINDS:
        totals[kind] = {
            period: {code: sums[kind, period, code] for code in codes}
            for period in PERIODS
            if (codes := sorted(c for k, p, c in sums if (k, p) == (kind, period)))
        }
    return totals


RESULTS = ReportKind(read=read_results, columns=COLUMNS)
