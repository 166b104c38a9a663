"""Identity: how many pupils and staff the population database has not matched, in the shape of the
published annexes: a row for each unit and level, the sums by level, the totals.

Unmatched is every status but `matched`. A school spread over several levels has a row for each;
staff without a level stand under the unit's only one, else under none. Percents have two decimals,
half up.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ledger import ids
from projections.identity_checks import UNCHECKED
from projections.reports.counting import Headcount, single, sound
from projections.reports.exceptions import of_places, standing_exceptions
from projections.reports.follow_ups import NOTHING, follow_ups
from projections.reports.frame import Figures, ReportKind, Source
from projections.reports.places import level_order
from projections.reports.profiles import behind
from projections.tables import Statement, array, holds, visible

COLUMNS = (
    *("unit_code", "unit", "level", "pupils", "pupils_unmatched", "pupils_percent"),
    *("staff", "staff_unmatched", "staff_percent"),
)
_CENT = Decimal("0.01")


def percent(part: int, whole: int) -> str | None:
    """`part` of `whole` in percent, two decimals, half up; None of nothing."""
    if whole == 0:
        return None
    return str((Decimal(100 * part) / whole).quantize(_CENT, ROUND_HALF_UP))


@dataclass(slots=True)
class Tally:
    """The figures of one row."""

    pupils: int = 0
    pupils_unmatched: int = 0
    staff: int = 0
    staff_unmatched: int = 0

    def add(self, other: "Tally") -> None:
        """Adds another row's figures."""
        self.pupils += other.pupils
        self.pupils_unmatched += other.pupils_unmatched
        self.staff += other.staff
        self.staff_unmatched += other.staff_unmatched

    def shown(self) -> dict[str, Any]:
        """As an answer shows it."""
        return {
            "pupils": self.pupils,
            "pupils_unmatched": self.pupils_unmatched,
            "pupils_percent": percent(self.pupils_unmatched, self.pupils),
            "staff": self.staff,
            "staff_unmatched": self.staff_unmatched,
            "staff_percent": percent(self.staff_unmatched, self.staff),
        }


def _status(identity: sa.Table) -> sa.ColumnElement[str]:
    return sa.func.coalesce(identity.c.status, UNCHECKED)


def _checked(stays: sa.Table, identity: sa.Table) -> sa.FromClause:
    return stays.outerjoin(
        identity,
        sa.and_(
            identity.c.stream == stays.c.stream,
            identity.c.part == "pupil",
            visible(identity),
            holds(identity),
        ),
    )


@cache
def _pupils(stays: sa.Table, identity: sa.Table) -> Statement:
    what = (stays.c.school, stays.c.grade, stays.c.programme, _status(identity))
    return Statement(
        sa.select(*what, sa.func.count())
        .select_from(_checked(stays, identity))
        .where(stays.c.part == "stay", single(stays), holds(stays))
        .group_by(*what)
    )


@cache
def _each_pupil(stays: sa.Table, identity: sa.Table) -> Statement:
    return Statement(
        sa.select(
            stays.c.stream,
            stays.c.school,
            stays.c.grade,
            stays.c.programme,
            _status(identity),
        )
        .select_from(_checked(stays, identity))
        .where(stays.c.part == "stay", single(stays), holds(stays))
    )


@cache
def _statuses(identity: sa.Table) -> Statement:
    return Statement(
        sa.select(identity.c.stream, identity.c.status).where(
            identity.c.part == "pupil",
            identity.c.stream == sa.any_(array("streams", sa.Uuid)),
            sound(identity),
            holds(identity),
        )
    )


@cache
def _staff(identity: sa.Table) -> Statement:
    return Statement(
        sa.select(identity.c.code, identity.c.unit, identity.c.level, identity.c.status).where(
            identity.c.part == "staff", sound(identity), holds(identity)
        )
    )


_Row = tuple[str, str | None]
"""A unit's code and a level."""


class _Annex:
    """The rows under construction."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.forms = source.sound.forms
        self.rows: dict[_Row, Tally] = {}
        self.schools: set[str] = set()
        self.staff_without_unit = 0

    def of(self, unit: str, level: str | None) -> Tally:
        return self.rows.setdefault((unit, level), Tally())

    def add_pupils(
        self, school: str, grade: int, programme: str, status: str, count: int = 1
    ) -> None:
        path = self.source.places.path(school)
        if not path:
            return
        self.schools.add(school)
        row = self.of(path[0].code, self.source.places.level(school, grade, programme))
        row.pupils += count
        row.pupils_unmatched += 0 if status == "matched" else count

    def add_staff(self, unit: str | None, level: str | None, status: str) -> None:
        if unit is None:
            self.staff_without_unit += self.source.places.unit is None
            return
        path = self.source.places.path(unit)
        if path:
            row = self.of(path[0].code, _staff_level(level, path[0].levels))
            row.staff += 1
            row.staff_unmatched += status != "matched"


def _staff_level(level: str | None, taught: tuple[str, ...]) -> str | None:
    if level:
        return level.strip().upper()
    return taught[0] if len(taught) == 1 else None


def read_identity(source: Source) -> Figures:
    """The annexes; see the module."""
    headcount = Headcount(source)
    annex = _Annex(source)
    forms = source.sound.forms
    statement = _pupils(forms["stays"], forms["identity_checks"])
    for row in statement.run(source.connection, headcount.values()).fetchall():
        annex.add_pupils(*row)
    linked = _linked(source, headcount)
    for _, school, grade, programme, status in linked:
        annex.add_pupils(school, grade, programme, status)
    staff = _staff(forms["identity_checks"]).run(source.connection, source.values()).fetchall()
    for _, unit, level, status in staff:
        annex.add_staff(unit, level, status)
    exceptions = standing_exceptions(source, headcount)
    exceptions += of_places(source, headcount, annex.schools)
    more: dict[str, Any] = {"levels": _levels(annex)}
    if annex.staff_without_unit:
        more["staff_without_unit"] = annex.staff_without_unit
    if source.question.listing:
        more["list_staff"] = _staff_listed(source, staff)
    return Figures(
        rows=_rows(annex),
        totals=_sum(annex.rows.values()).shown(),
        exceptions=exceptions,
        behind=_behind(source, headcount, linked) if source.question.listing else None,
        more=more,
    )


def _linked(source: Source, headcount: Headcount) -> list[tuple[UUID, str, int, str, str]]:
    counted = list(headcount.linked_today())
    streams = [who.pupil for who in counted]
    rows = _statuses(source.sound.forms["identity_checks"]).run(
        source.connection, source.values(streams=streams)
    )
    statuses: dict[UUID, str] = dict(rows.fetchall())
    return [
        (w.pupil, w.school, w.grade, w.programme, statuses.get(w.pupil, UNCHECKED)) for w in counted
    ]


def _rows(annex: _Annex) -> list[dict[str, Any]]:
    names = {
        path[0].code: path[0].name
        for code in {code for code, _ in annex.rows}
        if (path := annex.source.places.path(code))
    }
    ordered = sorted(annex.rows.items(), key=lambda item: (item[0][0], level_order(item[0][1])))
    return [
        {"unit_code": code, "unit": names.get(code, code), "level": level, **tally.shown()}
        for (code, level), tally in ordered
    ]


def _levels(annex: _Annex) -> list[dict[str, Any]]:
    levels: dict[str | None, Tally] = {}
    for (_, level), tally in annex.rows.items():
        levels.setdefault(level, Tally()).add(tally)
    return [{"level": level, **levels[level].shown()} for level in sorted(levels, key=level_order)]


def _sum(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total.add(tally)
    return total


def _behind(
    source: Source, headcount: Headcount, linked: list[tuple[UUID, str, int, str, str]]
) -> list[dict[str, Any]]:
    forms = source.sound.forms
    statement = _each_pupil(forms["stays"], forms["identity_checks"])
    rows = statement.run(source.connection, headcount.values()).fetchall()
    shown = [row for row in [*rows, *linked] if source.places.path(row[1])]
    cases = follow_ups(source, (row[0] for row in shown if row[-1] != "matched"))
    return behind(
        source,
        [
            (
                pupil,
                school,
                {
                    "level": source.places.level(school, grade, programme),
                    "status": status,
                    **cases.get(pupil, NOTHING),
                },
            )
            for pupil, school, grade, programme, status in shown
        ],
    )


def _staff_listed(source: Source, staff: Iterable[tuple[Any, ...]]) -> list[dict[str, Any]]:
    staff = list(staff)
    streams = {code: ids.staff_stream(source.ledger.id, code) for code, *_ in staff}
    unmatched = (streams[code] for code, *_, status in staff if status != "matched")
    cases = follow_ups(source, unmatched)
    return sorted(
        (
            {
                "unit_code": path[0].code,
                "level": _staff_level(level, path[0].levels),
                "staff_key": code,
                "status": status,
                **cases.get(streams[code], NOTHING),
            }
            for code, unit, level, status in staff
            if unit is not None and (path := source.places.path(unit))
        ),
        key=lambda one: (one["unit_code"], one["staff_key"]),
    )


IDENTITY = ReportKind(read=read_identity, columns=COLUMNS)
