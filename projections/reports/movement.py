"""Movement (biến động) from 31 July before to the report's day, unit by unit:

    start + new + in + returned - out - withdrawn - completed - deceased = end

`start` is the head count on 31 July, `end` that of the day. Schools are resolved through the tree
of the report's day on both ends, so a school that merged in between stands at its successor all
through, and a pupil who only changed with it neither came nor went. A row for each school and each
unit above; a move within a unit stands in both `in` and `out`.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ledger.school_year import SchoolYear
from ledger.stays import COLUMNS as CHANGES
from ledger.stays import COMING, Stay, entry_column, exit_column
from projections.reports.counting import Headcount, single
from projections.reports.exceptions import of_places, standing_exceptions
from projections.reports.frame import Figures, ReportKind, Source
from projections.reports.in_transit import in_transit
from projections.reports.profiles import behind
from projections.stays import STAY_COLUMNS, StayRow
from projections.tables import Statement

COLUMNS = ("unit_code", "start", *CHANGES, "end", "in_transit")
_FIGURES = COLUMNS[1:]


def _day(name: str) -> sa.BindParameter[date]:
    return sa.bindparam(name, type_=sa.Date)


def _covers(stays: sa.Table, name: str) -> sa.ColumnElement[bool]:
    day = _day(name)
    return sa.and_(
        stays.c.effective_from <= day,
        sa.or_(stays.c.effective_to.is_(None), stays.c.effective_to > day),
    )


def _within(column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    return sa.and_(column > _day("since"), column <= _day("on"))


@cache
def _counts(stays: sa.Table) -> Statement:
    """(school, head count on 31 July, head count on the day)."""
    return Statement(
        sa.select(
            stays.c.school,
            sa.func.count().filter(_covers(stays, "since")),
            sa.func.count().filter(_covers(stays, "on")),
        )
        .where(stays.c.part == "stay", single(stays))
        .group_by(stays.c.school)
    )


@cache
def _comings(stays: sa.Table) -> Statement:
    """(school, kind of entry, school that recorded no leaving, how many)."""
    what = (stays.c.school, stays.c.arrival, stays.c.came_from)
    return Statement(
        sa.select(*what, sa.func.count())
        .where(
            stays.c.part == "stay",
            single(stays),
            stays.c.arrival.is_not(None),
            _within(stays.c.effective_from),
        )
        .group_by(*what)
    )


@cache
def _goings(stays: sa.Table) -> Statement:
    """(school, kind of leaving, school that enrolled without one, how many)."""
    what = (stays.c.school, stays.c.departure, stays.c.went_to)
    return Statement(
        sa.select(*what, sa.func.count())
        .where(
            stays.c.part == "stay",
            single(stays),
            stays.c.departure.is_not(None),
            _within(stays.c.effective_to),
        )
        .group_by(*what)
    )


@cache
def _every(stays: sa.Table) -> Statement:
    """The rows of all who were counted on a day from 31 July on, for lists."""
    return Statement(
        sa.select(*(stays.c[name] for name in STAY_COLUMNS)).where(
            stays.c.part == "stay",
            single(stays),
            stays.c.effective_from <= _day("on"),
            sa.or_(stays.c.effective_to.is_(None), stays.c.effective_to > _day("since")),
        )
    )


class _Tally:
    """Figures by school as entered."""

    def __init__(self, source: Source, since: date) -> None:
        self.source = source
        self.since = since
        self.counts: Counter[tuple[str, str]] = Counter()

    def same(self, school: str, other: str | None) -> bool:
        """Whether a move without a leaving stayed at one unit."""
        places = self.source.places
        return other is not None and places.counts_at(school) == places.counts_at(other)

    def add(self, school: str, column: str, count: int = 1) -> None:
        self.counts[school, column] += count

    def columns_of(self, stay: Stay) -> Iterator[tuple[str, date]]:
        """(column, day) in which a stay stands."""
        on = self.source.on
        if stay.covers(self.since):
            yield "start", self.since
        if self.since < stay.start <= on and not self.same(stay.school, stay.came_from):
            yield stay.entry_column, stay.start
        left = stay.end is not None and self.since < stay.end <= on
        if left and stay.exit_column and not self.same(stay.school, stay.went_to):
            assert stay.end is not None
            yield stay.exit_column, stay.end
        if stay.covers(on):
            yield "end", on


def read_movement(source: Source) -> Figures:
    """The movement; see the module."""
    since = SchoolYear.of(source.on).start - timedelta(days=1)
    tally = _Tally(source, since)
    headcount = Headcount(source)
    _add_single(tally, headcount)
    for one in headcount.joined:
        for _, stay in one.stays:
            for column, _ in tally.columns_of(stay):
                tally.add(stay.school, column)
    away = in_transit(source, headcount)
    for transit in away:
        tally.add(transit.school, "in_transit")
    units: dict[str, Counter[str]] = {}
    totals: Counter[str] = Counter()
    for (school, column), count in tally.counts.items():
        path = source.places.path(school)
        for node in path:
            units.setdefault(node.code, Counter())[column] += count
        totals[column] += count if path else 0
    exceptions = standing_exceptions(source, headcount)
    exceptions += of_places(source, headcount, {s for s, c in tally.counts if c == "end"})
    listed = list(_listed(tally, headcount)) if source.question.listing else []
    listed += [(t.pupil, t.school, t.row()) for t in away if source.question.listing]
    return Figures(
        rows=[
            {"unit_code": code, **{name: units[code][name] for name in _FIGURES}}
            for code in sorted(units)
            if any(units[code].values())
        ],
        totals={name: totals[name] for name in _FIGURES},
        exceptions=exceptions,
        behind=behind(source, listed) if source.question.listing else None,
        more={"since": since.isoformat()},
    )


def _add_single(tally: _Tally, headcount: Headcount) -> None:
    source = tally.source
    stays, connection = source.sound.forms["stays"], source.connection
    parameters = headcount.values(since=tally.since)
    for school, start, end in _counts(stays).run(connection, parameters).fetchall():
        tally.add(school, "start", start)
        tally.add(school, "end", end)
    for school, kind, other, count in _comings(stays).run(connection, parameters).fetchall():
        if not tally.same(school, other):
            tally.add(school, entry_column(kind, implied=other is not None), count)
    for school, kind, other, count in _goings(stays).run(connection, parameters).fetchall():
        if not tally.same(school, other):
            tally.add(school, exit_column(kind), count)


def _listed(tally: _Tally, headcount: Headcount) -> Iterator[tuple[UUID, str, dict[str, Any]]]:
    """(pupil, school, column and day) behind every figure."""
    source = tally.source
    rows = _every(source.sound.forms["stays"]).run(
        source.connection, headcount.values(since=tally.since)
    )
    for row in map(StayRow._make, rows.fetchall()):
        if source.places.path(row.school):
            for column, day in _columns_of_row(tally, row):
                yield row.stream, row.school, {"column": column, "day": day.isoformat()}
    for one in headcount.joined:
        for record, stay in one.stays:
            if source.places.path(stay.school):
                for column, day in tally.columns_of(stay):
                    yield record, stay.school, {"column": column, "day": day.isoformat()}


def _columns_of_row(tally: _Tally, row: StayRow) -> Iterator[tuple[str, date]]:
    """The same of one row of a stay: the first tells of the entry, the last of the leaving."""
    on, since = tally.source.on, tally.since
    for column, day in (("start", since), ("end", on)):
        if row.start <= day and (row.end is None or day < row.end):
            yield column, day
    came = row.arrival is not None and since < row.start <= on
    if came and not tally.same(row.school, row.came_from):
        assert row.arrival is not None
        yield entry_column(row.arrival, implied=row.came_from is not None), row.start
    left = row.end is not None and since < row.end <= on
    if left and row.departure is not None and not tally.same(row.school, row.went_to):
        assert row.end is not None
        yield exit_column(row.departure), row.end


def balanced(row: dict[str, Any]) -> bool:
    """Whether a row's figures add up to its end."""
    coming = sum(row[name] for name in COMING)
    going = sum(row[name] for name in CHANGES if name not in COMING)
    return bool(row["start"] + coming - going == row["end"])


MOVEMENT = ReportKind(read=read_movement, columns=COLUMNS)
