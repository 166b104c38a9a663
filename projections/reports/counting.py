"""Who counts where: the pupils at schools on the report's day, set by set.

Two own records of one pupil (`PupilLinked`) count once: on each day by the one with the smallest
id that is at a school. They are few, so they are laid together here; everybody else comes from
one statement.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import sqlalchemy as sa

from ledger.stays import Piece, Stay, as_one
from projections.reports.frame import Source
from projections.stays import STAY_COLUMNS, StayRow, stays_of
from projections.tables import Statement, array, holds, visible

PAGE = 2000


class Counted(NamedTuple):
    """A pupil who counts on the day: at which school (as entered), class, grade, programme;
    `came_from` is the school that recorded no leaving."""

    pupil: UUID
    school: str
    class_code: str | None
    grade: int
    programme: str
    came_from: str | None


class SealedProfile(NamedTuple):
    """A profile as a projection keeps it."""

    sealed: str
    topic: str


def sound(rows: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether a row is visible in the prefix, and of a stream that can be read."""
    return sa.and_(visible(rows), rows.c.stream != sa.all_(array("left_out", sa.Uuid)))


def single(rows: sa.FromClause) -> sa.ColumnElement[bool]:
    """The same, of a pupil with one record here (the others are `linked`)."""
    return sa.and_(sound(rows), rows.c.stream != sa.all_(array("linked", sa.Uuid)))


@cache
def _links(stays: sa.Table) -> Statement:
    return Statement(
        sa.select(stays.c.stream, stays.c.other).where(stays.c.part == "link", sound(stays))
    )


@cache
def _stays_of(stays: sa.Table) -> Statement:
    columns = [stays.c[name] for name in STAY_COLUMNS]
    return Statement(
        sa.select(*columns).where(
            stays.c.part == "stay",
            stays.c.stream == sa.any_(array("streams", sa.Uuid)),
            sound(stays),
        )
    )


@cache
def _counted(stays: sa.Table, people: sa.Table) -> Statement:
    return Statement(
        sa.select(
            stays.c.stream,
            stays.c.school,
            stays.c.class_code,
            stays.c.grade,
            stays.c.programme,
            stays.c.came_from,
            people.c.sealed,
            people.c.topic,
        )
        .select_from(
            stays.outerjoin(
                people,
                sa.and_(
                    people.c.stream == stays.c.stream,
                    people.c.part == "profile",
                    visible(people),
                ),
            )
        )
        .where(stays.c.part == "stay", single(stays), holds(stays))
    )


@cache
def _profiles(people: sa.Table) -> Statement:
    return Statement(
        sa.select(people.c.stream, people.c.sealed, people.c.topic).where(
            people.c.stream == sa.any_(array("streams", sa.Uuid)),
            people.c.part == "profile",
            visible(people),
        )
    )


class Joined(NamedTuple):
    """One pupil with several records here: the records, and the stays that count."""

    records: frozenset[UUID]
    stays: tuple[tuple[UUID, Stay], ...]


class Headcount:
    """The counted pupils of one report; reads the linked records once."""

    def __init__(self, source: Source) -> None:
        """`source` is the report's."""
        self._source = source
        self._stays = source.sound.forms["stays"]
        self._people = source.sound.forms["people"]
        self.joined = self._read_joined()
        self.linked = sorted(record for one in self.joined for record in one.records)

    def values(self, **more: Any) -> dict[str, Any]:
        """Parameters of a statement that uses `single`."""
        return self._source.values(linked=self.linked, **more)

    def pages(self) -> Iterator[list[tuple[Counted, SealedProfile | None]]]:
        """Everybody who counts under the unit asked for, with the sealed profile, in pages."""
        statement = _counted(self._stays, self._people)
        with self._source.connection.cursor(name=f"counted_{uuid4().hex}") as cursor:
            cursor.execute(statement.text, statement.parameters(self.values()))
            while rows := cursor.fetchmany(PAGE):
                yield list(self._within(map(_with_profile, rows)))
        if linked := list(self._linked_today()):
            yield list(self._within(linked))

    def _within(
        self, found: Iterable[tuple[Counted, SealedProfile | None]]
    ) -> Iterator[tuple[Counted, SealedProfile | None]]:
        places = self._source.places
        return ((who, profile) for who, profile in found if places.path(who.school))

    def linked_today(self) -> Iterator[Counted]:
        """Those of several records who count today, wherever."""
        on = self._source.on
        for one in self.joined:
            for record, stay in one.stays:
                if stay.covers(on):
                    yield _counted_by(record, stay, _piece_on(stay, self._source))

    def linked_idle(self, year_start: date) -> Iterator[Counted]:
        """Those of several records who count today while no record of theirs has a class, or
        anything that began after `year_start`."""
        on = self._source.on
        own = dict(self.own_stays())
        counted = {who.pupil: who for who in self.linked_today()}
        for one in self.joined:
            pieces = [
                _piece_on(stay, self._source)
                for record in one.records
                for stay in own.get(record, ())
                if stay.covers(on)
            ]
            idle = all(p.class_code is None and p.start <= year_start for p in pieces)
            yield from (counted[record] for record in one.records & counted.keys() if idle)

    def _linked_today(self) -> Iterator[tuple[Counted, SealedProfile | None]]:
        counted = list(self.linked_today())
        streams = [who.pupil for who in counted]
        rows = _profiles(self._people).run(
            self._source.connection, self._source.values(streams=streams)
        )
        profiles = {stream: SealedProfile(sealed, topic) for stream, sealed, topic in rows}
        return ((who, profiles.get(who.pupil)) for who in counted)

    def _read_joined(self) -> list[Joined]:
        rows = _links(self._stays).run(self._source.connection, self._source.values()).fetchall()
        groups = _groups(rows)
        if not groups:
            return []
        streams = [record for group in groups for record in group]
        found = _stays_of(self._stays).run(
            self._source.connection, self._source.values(streams=streams)
        )
        stays = dict(stays_of([StayRow(*row) for row in found]))
        return [
            Joined(group, as_one((record, stays.get(record, [])) for record in sorted(group)))
            for group in groups
        ]

    def own_stays(self) -> list[tuple[UUID, list[Stay]]]:
        """The stays of the linked records, each by itself."""
        found = _stays_of(self._stays).run(
            self._source.connection, self._source.values(streams=self.linked)
        )
        return stays_of([StayRow(*row) for row in found])


def _with_profile(row: Sequence[Any]) -> tuple[Counted, SealedProfile | None]:
    *counted, sealed, topic = row
    profile = SealedProfile(sealed, topic) if sealed is not None else None
    return Counted(*counted), profile


def _piece_on(stay: Stay, source: Source) -> Piece:
    on = source.on
    return next(p for p in stay.pieces if p.start <= on and (p.end is None or on < p.end))


def _counted_by(record: UUID, stay: Stay, piece: Piece) -> Counted:
    return Counted(
        record, stay.school, piece.class_code, piece.grade, piece.programme, stay.came_from
    )


def _groups(links: Sequence[Sequence[UUID]]) -> list[frozenset[UUID]]:
    """The records that links join, directly or through others."""
    group: dict[UUID, set[UUID]] = {}
    for one, other in links:
        joined = group.get(one, {one}) | group.get(other, {other})
        for record in joined:
            group[record] = joined
    distinct = {min(joined): frozenset(joined) for joined in group.values()}
    return [distinct[first] for first in sorted(distinct)]
