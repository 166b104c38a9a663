"""Pupils who left for another school and have arrived nowhere ("Đã chuyển đi, chưa nơi nào nhận").

In transit is who was released or transferred out by the day, has no new entry here, and of whom no
receiver's acceptance is on record by that day (users, U18: counted once, and lost children found).
"""

from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from projections.reports.counting import Headcount, sound
from projections.reports.exceptions import standing_exceptions
from projections.reports.frame import Figures, ReportKind, Source
from projections.reports.profiles import behind
from projections.tables import Statement, holds, visible

COLUMNS = ("unit_code", "school_code", "pupil_id", "kind", "case", "left_on", "days")


class InTransit(NamedTuple):
    """A pupil in transit: last school, kind of leaving, first day away, days since."""

    pupil: UUID
    school: str
    kind: str
    case: UUID | None
    left_on: Any
    days: int

    def row(self) -> dict[str, Any]:
        """As a list of the movement shows it."""
        return {"column": "in_transit", "day": self.left_on.isoformat()}


@cache
def _away(stays: sa.Table) -> Statement:
    answer = stays.alias("answer")
    arrived = sa.exists().where(
        answer.c.part == "answer",
        answer.c.other == stays.c.other,
        answer.c.effective_from <= sa.bindparam("on", type_=sa.Date),
        visible(answer),
    )
    return Statement(
        sa.select(
            stays.c.stream,
            stays.c.school,
            stays.c.arrival,
            stays.c.other,
            stays.c.effective_from,
        )
        .where(stays.c.part == "transit", sound(stays), holds(stays), ~arrived)
        .order_by(stays.c.stream)
    )


def in_transit(source: Source, headcount: Headcount) -> list[InTransit]:
    """Everybody in transit under the unit asked for."""
    rows = _away(source.sound.forms["stays"]).run(source.connection, source.values()).fetchall()
    here = {r for one in headcount.joined for r in one.records if _counts(source, one.stays)}
    first = {record: min(one.records) for one in headcount.joined for record in one.records}
    found: dict[UUID, InTransit] = {}
    for pupil, school, kind, case, left_on in rows:
        if pupil in here or not source.places.path(school):
            continue
        days = (source.on - left_on).days
        known = InTransit(pupil, school, kind, case, left_on, days)
        one = first.get(pupil, pupil)  # of two records of one pupil the newer leaving stands
        if one not in found or left_on > found[one].left_on:
            found[one] = known
    return list(found.values())


def _counts(source: Source, stays: tuple[tuple[UUID, Any], ...]) -> bool:
    return any(stay.covers(source.on) for _, stay in stays)


def read_in_transit(source: Source) -> Figures:
    """A row for each pupil in transit, the longest away first."""
    headcount = Headcount(source)
    away = sorted(in_transit(source, headcount), key=lambda t: (-t.days, str(t.pupil)))
    rows = [
        {
            "unit_code": source.places.path(one.school)[0].code,
            "school_code": one.school,
            "pupil_id": str(one.pupil),
            "kind": one.kind,
            "case": str(one.case) if one.case is not None else None,
            "left_on": one.left_on.isoformat(),
            "days": one.days,
        }
        for one in away
    ]
    listed = [(one.pupil, one.school, one.row()) for one in away]
    return Figures(
        rows=rows,
        totals={"count": len(rows), "longest_days": max((one.days for one in away), default=None)},
        exceptions=standing_exceptions(source, headcount),
        behind=behind(source, listed) if source.question.listing else None,
    )


IN_TRANSIT = ReportKind(read=read_in_transit, columns=COLUMNS)
