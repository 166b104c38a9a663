"""Units and classes by code: what they are called and where they belong, as known in a prefix."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from ledger.database import Connection
from ledger.errors import Conflict, NotFound
from ledger.events.school_class import ClassChanged, ClassClosed, ClassOpened
from ledger.events.unit import UnitChanged, UnitClosed, UnitOpened, UnitRecoded
from ledger.school_class import SchoolClass
from ledger.text import matching_key
from ledger.unit import Unit
from projections.projection import Projection, Row
from projections.tables import Statement, table, visible

STRUCTURE = table(
    "structure",
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("parent", sa.Text),
    sa.Column("levels", sa.Text, nullable=False),
    sa.Column("school_year", sa.Text),
    sa.Column("grade", sa.Integer),
    sa.Column("gathering", sa.Text),
    sa.Column("opened_on", sa.Date, nullable=False),
    sa.Column("closed_on", sa.Date),
    sa.Column("successor", sa.Text),
    sa.Column("recoded", sa.Boolean, nullable=False),
    sa.Column("effective_from", sa.Date, nullable=False),
    sa.Column("effective_to", sa.Date),
)
"""`kind` is class or a kind of unit; `parent` the school of a class, the parent of a unit.

A row is a stretch of days [effective_from, effective_to) under one name, parent and levels. At
least one row of each unit and class stays, even where it closed before it opened, so that a
successor is always found. `levels` and the `successor` of a class (several where it was split)
are joined by semicolons.
"""


class Structure(Projection):
    """Units and classes."""

    name = "structure"
    version = 2
    form = STRUCTURE
    indexes = (("code",), ("parent", "school_year"))
    events = (
        *(UnitOpened, UnitChanged, UnitClosed, UnitRecoded),
        *(ClassOpened, ClassChanged, ClassClosed),
    )

    def rows(self, state: Any) -> Iterable[Row]:
        """A row for each stretch of days under one name and place."""
        if isinstance(state, SchoolClass):
            first = state.names[0][0]
            stretches = _stretches([since for since, _ in state.names], first, state.closed_on)
            for number, days in stretches:
                yield (
                    *("class", state.code, state.names[number][1], state.school_code, ""),
                    *(state.school_year, state.grade, state.gathering, first, state.closed_on),
                    *(JOIN.join(state.successors) or None, False, *days),
                )
        elif isinstance(state, Unit):
            since = [version.since for version in state.versions]
            for number, days in _stretches(since, state.opened_on, state.closed_on):
                held = state.versions[number]
                yield (
                    *(state.kind, state.code, held.name, held.parent, JOIN.join(held.levels)),
                    *(None, None, None, state.opened_on, state.closed_on),
                    *(state.successor, state.recoded, *days),
                )


JOIN = ";"


def _stretches(
    since: Sequence[date], opened_on: date, closed_on: date | None
) -> Iterable[tuple[int, tuple[date, date | None]]]:
    """The days of each version within [opened_on, closed_on): (its number, (from, to)).

    `since` are the first days of the versions, in order.
    """
    found = []
    for number, first in enumerate(since):
        start = max(first, opened_on)
        following = since[number + 1] if number + 1 < len(since) else None
        ends = [day for day in (following, closed_on) if day is not None]
        end = min(ends, default=None)
        if end is None or start < end:
            found.append((number, (start, end)))
    return found or [(0, (opened_on, closed_on))]


@dataclass(frozen=True, slots=True)
class ClassFound:
    """A class as known in a prefix."""

    code: str
    name: str
    school_code: str
    school_year: str
    grade: int


_CLASS_COLUMNS = (
    STRUCTURE.c.code,
    STRUCTURE.c.name,
    STRUCTURE.c.parent,
    STRUCTURE.c.school_year,
    STRUCTURE.c.grade,
    STRUCTURE.c.effective_from,
    STRUCTURE.c.effective_to,
)
_CLASS = Statement(
    sa.select(*_CLASS_COLUMNS)
    .where(
        STRUCTURE.c.code == sa.bindparam("code", type_=sa.Text),
        STRUCTURE.c.kind == "class",
        visible(STRUCTURE),
    )
    .order_by(STRUCTURE.c.effective_from)
)
_CLASSES_OF = Statement(
    sa.select(*_CLASS_COLUMNS)
    .where(
        STRUCTURE.c.parent == sa.bindparam("school", type_=sa.Text),
        STRUCTURE.c.school_year == sa.bindparam("year", type_=sa.Text),
        STRUCTURE.c.kind == "class",
        visible(STRUCTURE),
    )
    .order_by(STRUCTURE.c.code, STRUCTURE.c.effective_from)
)


@dataclass(frozen=True, slots=True)
class _Named:
    """A class under one name, for [start, end)."""

    found: ClassFound
    start: date
    end: date | None

    def holds(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day < self.end)


def find_class(
    connection: Connection, text: str, *, size: int, on: date | None = None
) -> ClassFound:
    """The class by its code, or by `school/year/name` (`S1/2024-2025/7A1`), as known in the
    prefix of `size` entries, under its name of the day `on` (None: under its last).

    A name is that of the class which bears it on that day; where none does, of the one class
    that bore it on another day.

    Raises:
        NotFound: `unknown_class`.
        Conflict: `ambiguous_class`, several classes bear that name.
    """
    named = _named(_CLASS.run(connection, {"code": text, "size": size}).fetchall())
    if named:
        return _called_on(named, on)
    school, _, rest = text.partition("/")
    year, _, name = rest.partition("/")
    rows = _CLASSES_OF.run(connection, {"school": school, "year": year, "size": size}).fetchall()
    of_school = _named(rows)
    wanted = matching_key(name)
    bearers = [one for one in of_school if matching_key(one.found.name) == wanted]
    if on is not None:
        bearers = [one for one in bearers if one.holds(on)] or bearers
    codes = sorted({one.found.code for one in bearers})
    if not codes:
        raise NotFound(
            "unknown_class",
            f"no class {text} was known; name its code, or school/year/name",
        )
    if len(codes) > 1:
        raise Conflict("ambiguous_class", f"several classes bear that name: {', '.join(codes)}")
    return _called_on([one for one in of_school if one.found.code == codes[0]], on)


def _named(rows: Iterable[tuple[Any, ...]]) -> list[_Named]:
    return [_Named(ClassFound(*known), start, end) for *known, start, end in rows]


def _called_on(named: Sequence[_Named], day: date | None) -> ClassFound:
    """The class of these stretches under its name of the day, or the nearest before, or after."""
    held = [one for one in named if day is None or one.start <= day]
    return (held[-1] if held else named[0]).found


_UNIT_NAMES = Statement(
    sa.select(STRUCTURE.c.name, STRUCTURE.c.effective_from)
    .where(
        STRUCTURE.c.code == sa.bindparam("code", type_=sa.Text),
        STRUCTURE.c.kind != "class",
        visible(STRUCTURE),
    )
    .order_by(STRUCTURE.c.effective_from)
)


def unit_name(connection: Connection, code: str, *, on: date, size: int) -> str | None:
    """What the unit was called on `on`, as known in the prefix of `size` entries (before its
    first day as at first, after its last as at last); None where no such unit was known."""
    rows = _UNIT_NAMES.run(connection, {"code": code, "size": size}).fetchall()
    held = [name for name, since in rows if since <= on]
    return held[-1] if held else next((name for name, _ in rows), None)
