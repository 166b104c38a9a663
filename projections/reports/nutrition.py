"""Report nutrition: how many children are in which channel of growth.

Of each pupil the last measurement of height or weight counts that was taken in the school year of
the day, up to that day, and was recorded in this ledger. Where two standards are shown around
60 months, the one that governs the age is counted. A score that WHO takes for a mistake is not
counted: it is listed, as is every pupil who has no channel, each with its reason.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from itertools import islice
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, ValidationError

from ledger.database import Connection
from ledger.errors import WrongKey
from ledger.events.pupil import Measurement, PupilProfile
from ledger.growth.channels import CHANNEL_TABLES, Boundary
from ledger.growth.reading import Missing, Reading
from ledger.growth.zscore import Indicator
from ledger.health import merged
from ledger.ledger import Ledger
from ledger.school_year import SchoolYear
from projections.health import HEALTH, growth_of
from projections.moment import Moment
from projections.people import PEOPLE
from projections.tables import Statement, array, visible

PAGE = 2000
"""Pupils read and opened at once."""

M = TypeVar("M", bound=BaseModel)

_MEND = {
    Missing.NO_BIRTH_DATE: "record the birth date",
    Missing.PARTIAL_BIRTH_DATE: "record the full birth date",
    Missing.NO_TABLE_FOR_SEX: "nothing: WHO has no table for this sex",
    Missing.BEFORE_BIRTH: "compare the day of measuring with the birth date",
    Missing.AGE_OUTSIDE_TABLES: "nothing: WHO's tables end at 19 years",
    Missing.UNREADABLE: "measure again",
    "implausible": "measure again, or compare day, birth date and sex",
    "unreadable": "run `hocba verify`",
}


@cache
def _profiles(people: sa.Table) -> Statement:
    return Statement(
        sa.select(people.c.stream, people.c.topic, people.c.sealed).where(
            people.c.stream == sa.any_(array("pupils", sa.Uuid)),
            people.c.part == "profile",
            visible(people),
        )
    )


@cache
def _measured(health: sa.Table) -> Statement:
    return Statement(
        sa.select(health.c.stream, health.c.topic, health.c.sealed, health.c.measured_on)
        .where(
            health.c.stream == sa.any_(array("pupils", sa.Uuid)),
            health.c.measured_on >= sa.bindparam("since", type_=sa.Date),
            health.c.measured_on <= sa.bindparam("on", type_=sa.Date),
            visible(health),
        )
        .order_by(health.c.measured_on, health.c.known_from, health.c.n)
    )


class Counted(NamedTuple):
    """A pupil to be counted: where, and under which level and grade."""

    pupil: UUID
    unit_code: str
    level: str
    grade: int


_FORMS: Mapping[str, sa.Table] = {"people": PEOPLE, "health": HEALTH}


@dataclass(frozen=True, slots=True)
class _Source:
    """What the report reads from: the two dates and the two tables."""

    ledger: Ledger
    connection: Connection
    on: date
    size: int
    people: sa.Table
    health: sa.Table

    def reveal(self, stored: Sequence[tuple[str, UUID, str]]) -> list[dict[str, Any] | None]:
        return self.ledger.reveal_stored(self.connection, stored)


class _Group(NamedTuple):
    unit_code: str
    level: str
    grade: int
    sex: str
    indicator: str


@dataclass(slots=True)
class _Tally:
    """What was counted so far. `counting` gives the units that count the pupils of one;
    `listed` is None where nobody asked for the pupils behind the figures."""

    counting: Callable[[str], Iterable[str]]
    listed: list[dict[str, Any]] | None = None
    channels: Counter[tuple[_Group, str]] = field(default_factory=Counter)
    scored: Counter[_Group] = field(default_factory=Counter)
    measured: int = 0
    excepted: int = 0
    unmeasured: list[dict[str, Any]] = field(default_factory=list)
    exceptions: list[dict[str, Any]] = field(default_factory=list)

    def except_(self, who: Counted, reason: str) -> None:
        """Lists a pupil who is not counted at all."""
        self.excepted += 1
        self.object_to(who, reason)

    def object_to(self, who: Counted, reason: str, indicator: str | None = None) -> None:
        """Lists what is not counted: the whole record, or `indicator` alone."""
        self.exceptions.append(
            {
                "pupil_id": str(who.pupil),
                "unit_code": who.unit_code,
                "where": who.unit_code,
                "reason": reason,
                "indicator": indicator,
                "mend": _MEND.get(reason),
            }
        )


def read_nutrition(
    ledger: Ledger,
    connection: Connection,
    *,
    on: date,
    moment: Moment,
    pupils: Iterable[tuple[UUID, str, str, int]],
    boundary: Boundary = "exclusive",
    forms: Mapping[str, sa.Table] | None = None,
    counting: Callable[[str], Iterable[str]] = lambda unit: (unit,),
    listing: bool = False,
) -> dict[str, Any]:
    """The nutrition of `pupils` (pupil id, unit code, level, grade) on `on`, as known at `moment`.

    Returns:
        `rows` {unit_code, level, grade, sex, indicator, channel, count, measured}, where
        `measured` is all who have that indicator in the group, the sum of its counts; `totals`
        {pupils, measured, unmeasured, excepted}, the first the sum of the others; `unmeasured`
        {pupil_id, unit_code, level, grade}; `exceptions` {pupil_id, unit_code, where, reason,
        indicator (None: all), mend}; where `listing`, `listed` {pupil_id, level, grade, sex,
        indicator, channel}, one for each score that was counted.

    `counting` gives the units whose rows count the pupils of a unit (itself and those above).
    The projections people and health must hold that prefix (`Engine.require`); `forms` are
    tables read in their place, by projection (`isolation.Sound.forms`), where one has stopped.
    """
    tally = _Tally(counting, [] if listing else None)
    known = {**_FORMS, **(forms or {})}
    source = _Source(ledger, connection, on, moment.size, known["people"], known["health"])
    listed = map(Counted._make, pupils)
    total = 0
    for page in _pages(listed):
        total += len(page)
        _count(source, page, boundary, tally)
    more = {} if tally.listed is None else {"listed": tally.listed}
    return {
        "rows": _rows(tally),
        "totals": {
            "pupils": total,
            "measured": tally.measured,
            "unmeasured": len(tally.unmeasured),
            "excepted": tally.excepted,
        },
        "unmeasured": tally.unmeasured,
        "exceptions": tally.exceptions,
        **more,
    }


def _pages(listed: Iterator[Counted]) -> Iterator[list[Counted]]:
    while page := list(islice(listed, PAGE)):
        yield page


def _rows(tally: _Tally) -> list[dict[str, Any]]:
    """Channels in the order of the tables, from the lowest to the highest."""
    names = [c.key for t in CHANNEL_TABLES for listed in t.channels.values() for c in listed]
    place = {key: number for number, key in reversed(list(enumerate(names)))}
    ordered = sorted(tally.channels.items(), key=lambda item: (item[0][0], place[item[0][1]]))
    return [
        {**group._asdict(), "channel": channel, "count": count, "measured": tally.scored[group]}
        for (group, channel), count in ordered
    ]


def _count(source: _Source, page: Sequence[Counted], boundary: Boundary, tally: _Tally) -> None:
    asked = {
        "pupils": [one.pupil for one in page],
        "size": source.size,
        "since": SchoolYear.of(source.on).start,
        "on": source.on,
    }
    people = _profiles(source.people).run(source.connection, asked).fetchall()
    rows = _measured(source.health).run(source.connection, asked).fetchall()
    known = _open(source, people, PupilProfile)
    profiles = {row[0]: part for row, part in zip(people, known, strict=True)}
    days: dict[UUID, dict[date, list[Measurement | str]]] = {}
    for (pupil, _, _, day), part in zip(rows, _open(source, rows, Measurement), strict=True):
        days.setdefault(pupil, {}).setdefault(day, []).append(part)
    for who in page:
        _count_one(who, profiles.get(who.pupil, "erased"), days.get(who.pupil, {}), boundary, tally)


def _open(source: _Source, rows: Sequence[tuple[Any, ...]], model: type[M]) -> list[M | str]:
    """The parts of rows (stream, topic, sealed …), or why one is not to be had."""
    stored = [(sealed, stream, topic) for stream, topic, sealed, *_ in rows]
    try:
        return [_part(clear, model) for clear in source.reveal(stored)]
    except WrongKey:
        return [_open_alone(source, one, model) for one in stored]


def _open_alone(source: _Source, stored: tuple[str, UUID, str], model: type[M]) -> M | str:
    try:
        return _part(source.reveal([stored])[0], model)
    except WrongKey:
        return "unreadable"


def _part(clear: dict[str, Any] | None, model: type[M]) -> M | str:
    if clear is None:
        return "erased"
    try:
        return model.model_validate(clear)
    except ValidationError:
        return "unreadable"


def _count_one(
    who: Counted,
    profile: PupilProfile | str,
    days: Mapping[date, Sequence[Measurement | str]],
    boundary: Boundary,
    tally: _Tally,
) -> None:
    """Counts a pupil once: measured, unmeasured, or excepted."""
    for day in sorted(days, reverse=True):
        trouble = next((part for part in days[day] if isinstance(part, str)), None)
        measured = merged(part for part in days[day] if isinstance(part, Measurement))
        if trouble is None and measured.height_cm is None and measured.weight_kg is None:
            continue  # eyes or findings alone
        if trouble is not None or isinstance(profile, str):
            tally.except_(who, trouble or str(profile))
            return
        growth = growth_of(
            measured, sex=profile.sex, birth_date=profile.birth_date, on=day, boundary=boundary
        )
        if growth.missing is not None:
            tally.except_(who, growth.missing)
        elif Missing.AGE_OUTSIDE_TABLES in (
            growth.readings[0].missing.get(one) for one in (Indicator.HAZ, Indicator.BAZ)
        ):
            tally.except_(who, Missing.AGE_OUTSIDE_TABLES)
        else:
            _score(who, profile.sex, growth.readings[0], tally)
        return
    tally.unmeasured.append(
        {
            "pupil_id": str(who.pupil),
            "unit_code": who.unit_code,
            "level": who.level,
            "grade": who.grade,
        }
    )


def _score(who: Counted, sex: str, reading: Reading, tally: _Tally) -> None:
    tally.measured += 1
    for score in reading.scores:
        if score.implausible:
            tally.object_to(who, "implausible", score.indicator.value)
            continue
        shown = (who.level, who.grade, sex, score.indicator.value)
        for unit in tally.counting(who.unit_code):
            group = _Group(unit, *shown)
            tally.scored[group] += 1
            tally.channels[group, score.channel.key] += 1
        if tally.listed is not None:
            names = (*_Group._fields[1:], "channel")
            values = (*shown, score.channel.key)
            tally.listed.append(
                {"pupil_id": str(who.pupil), **dict(zip(names, values, strict=True))}
            )
