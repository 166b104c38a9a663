"""Two positions, or two days, compared: class lists, transcripts and head counts (U8, U16).

A side is a day and a position. What is compared are the answers themselves (`Views`), so nothing
can differ that a reader would not see, and nothing that a reader would see is missed. For each
field of a transcript the entries are named that speak of it and count on one side only.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeVar
from uuid import UUID

import sqlalchemy as sa

from ledger import enrolment, log
from ledger.database import Connection
from ledger.errors import NotFound
from ledger.events.pupil import PupilLinked
from ledger.school_year import SchoolYear
from projections.audit.scope import ATTENDING, units_under
from projections.differences import Difference, differences
from projections.moment import Moment, When, resolve
from projections.persons import Key, find_person
from projections.pupil_log import read_identity, read_pupil_log
from projections.reports.frame import Question
from projections.responsible import Counted, responsible_for
from projections.roster import ROSTER
from projections.stays import STAYS
from projections.structure import STRUCTURE, find_class
from projections.tables import Statement, array, visible
from projections.views import Views

Progress = Callable[[int, int], None]
Found = TypeVar("Found")

_STREAM = sa.table("stream", *(sa.column(name) for name in ("no", "person")), schema="ledger")
_ENTRY = sa.table("entry", *(sa.column(name) for name in ("position", "stream")), schema="ledger")
_TOUCHED = Statement(
    sa.select(_STREAM.c.person)
    .distinct()
    .select_from(_ENTRY.join(_STREAM, _STREAM.c.no == _ENTRY.c.stream))
    .where(
        _ENTRY.c.position >= sa.bindparam("start", type_=sa.BigInteger),
        _ENTRY.c.position < sa.bindparam("end", type_=sa.BigInteger),
        _STREAM.c.person.is_not(None),
    )
)
_ALL_PUPILS = Statement(
    sa.select(STAYS.c.stream)
    .where(
        STAYS.c.part == sa.any_(array("parts", sa.Text)),
        sa.or_(
            sa.bindparam("schools", type_=sa.ARRAY(sa.Text)).is_(None),
            STAYS.c.school == sa.any_(array("schools", sa.Text)),
        ),
        visible(STAYS),
    )
    .distinct()
)
_IN_CLASS = Statement(
    sa.select(ROSTER.c.stream)
    .where(ROSTER.c.class_code == sa.bindparam("code", type_=sa.Text), visible(ROSTER))
    .distinct()
)
_CLASSES = Statement(
    sa.select(STRUCTURE.c.code)
    .where(
        STRUCTURE.c.kind == "class",
        STRUCTURE.c.school_year == sa.any_(array("years", sa.Text)),
        sa.or_(
            sa.bindparam("schools", type_=sa.ARRAY(sa.Text)).is_(None),
            STRUCTURE.c.parent == sa.any_(array("schools", sa.Text)),
        ),
        visible(STRUCTURE),
    )
    .distinct()
)


@dataclass(frozen=True, slots=True)
class Compared:
    """What is compared: a class, a unit or a pupil, by code or key; `whole` is everything."""

    kind: Literal["class", "unit", "pupil", "whole"]
    key: str | Key | None = None


WHOLE = Compared("whole")


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two answers: of a day, as known at a moment."""

    on: date
    moment: Moment

    @property
    def answer(self) -> dict[str, Any]:
        return {"on": self.on.isoformat(), "known_at": self.moment.known_at}

    @property
    def counted(self) -> Counted:
        return Counted(self.on, self.moment.size)


def compare(
    views: Views,
    what: Compared,
    *,
    before: tuple[date, When],
    after: tuple[date, When],
    progress: Progress = lambda done, total: None,
) -> dict[str, Any]:
    """Every difference between two answers: `rosters`, `transcripts`, `headcount`; `equal` where
    there is none. What was not known on a side has no lines there.

    Raises:
        NotFound: `unknown_class`, `unknown_unit`, `unknown_pupil` (known on neither side),
            `position_not_found`, `before_first_entry`.
        Refused: `future_instant`.
        Conflict: `ambiguous_class`, `ambiguous_key`.
    """
    with views.ledger.database.connection() as connection:
        sides = (
            _Side(before[0], resolve(connection, before[1])),
            _Side(after[0], resolve(connection, after[1])),
        )
        size = max(side.moment.size for side in sides)
        views.engine.require(connection, size, "structure", "roster", "people", "stays")
        comparison = _Comparison(views, connection, what, sides)
        rosters = list(comparison.rosters())
        transcripts = list(comparison.transcripts(progress))
        headcount = list(comparison.headcount())
    return {
        "from": sides[0].answer,
        "to": sides[1].answer,
        "scope": comparison.scope,
        "equal": not (rosters or transcripts or headcount),
        "rosters": rosters,
        "transcripts": transcripts,
        "headcount": headcount,
    }


class _Comparison:
    """One comparison being read."""

    def __init__(
        self, views: Views, connection: Connection, what: Compared, sides: tuple[_Side, _Side]
    ) -> None:
        self._views = views
        self._ledger = views.ledger
        self._connection = connection
        self._sides = sides
        self._unit = what.key if what.kind == "unit" and isinstance(what.key, str) else None
        self._pupil: UUID | None = None
        self._class: str | None = None
        if what.kind == "pupil" and isinstance(what.key, Key):
            self._pupil = self._person(what.key)
        elif what.kind == "class" and isinstance(what.key, str):
            self._class = self._class_code(what.key)
        self._codes = self._units() if self._unit is not None else None
        self.scope = _shown(what, self._class, self._pupil)

    def _person(self, key: Key) -> UUID:
        return self._newest(
            lambda size: find_person(self._ledger, self._connection, key, size=size)
        )

    def _class_code(self, text: str) -> str:
        return self._newest(lambda size: find_class(self._connection, text, size=size).code)

    def _newest(self, find: Callable[[int], Found]) -> Found:
        """What is found on the newer side, else on the older one."""
        newest, oldest = sorted((side.moment.size for side in self._sides), reverse=True)
        try:
            return find(newest)
        except NotFound:
            return find(oldest)

    def _units(self) -> frozenset[str]:
        """The units that stand under the one asked for on either side.

        Raises:
            NotFound: `unknown_unit`, on both sides.
        """
        found: frozenset[str] = frozenset()
        missing = None
        for side in self._sides:
            try:
                found |= units_under(
                    self._connection, str(self._unit), size=side.moment.size, on=side.on
                )
            except NotFound as error:
                missing = error
        if not found and missing is not None:
            raise missing
        return found

    def rosters(self) -> Iterator[dict[str, Any]]:
        """Who came, left, changed class, or stands there otherwise."""
        codes = self._classes()
        before, after = (self._standing(side, codes) for side in self._sides)
        for pupil in sorted(before.keys() | after.keys()):
            yield from _moves(before.get(pupil, {}), after.get(pupil, {}))

    def _classes(self) -> list[str]:
        if self._class is not None:
            return [self._class]
        if self._pupil is not None:
            return sorted(self._classes_of(self._pupil))
        years = sorted({SchoolYear.of(side.on).label for side in self._sides})
        codes: set[str] = set()
        for side in self._sides:
            given = {"years": years, "schools": self._schools, "size": side.moment.size}
            codes.update(row[0] for row in _CLASSES.run(self._connection, given))
        return sorted(codes)

    def _classes_of(self, pupil: UUID) -> Iterator[str]:
        for side in self._sides:
            try:
                own = self._own(pupil, side)
            except NotFound:
                continue
            here = enrolment.on_day(own.segments, side.on)
            if here is not None and here.class_code is not None:
                yield here.class_code

    def _own(self, pupil: UUID, side: _Side) -> Any:
        size = side.moment.size
        find_person(self._ledger, self._connection, Key("id", str(pupil)), size=size)
        return read_pupil_log(self._connection, pupil, size=size).own

    @property
    def _schools(self) -> list[str] | None:
        return sorted(self._codes) if self._codes is not None else None

    def _standing(self, side: _Side, codes: Iterable[str]) -> dict[str, dict[str, dict[str, Any]]]:
        """Pupil to class to the line of its list."""
        found: dict[str, dict[str, dict[str, Any]]] = {}
        for code in codes:
            try:
                answer = self._views.roster(code, on=side.on, known_at=side.moment.position)
            except NotFound:  # the class was not known on this side
                continue
            for line in answer["pupils"]:
                if self._pupil is None or line["pupil_id"] == str(self._pupil):
                    found.setdefault(line["pupil_id"], {})[code] = {"class_code": code, **line}
        return found

    def transcripts(self, progress: Progress) -> Iterator[dict[str, Any]]:
        """Field by field, with the entries responsible."""
        pupils = self._pupils()
        for done, pupil in enumerate(pupils):
            progress(done, len(pupils))
            before, after = (self._transcript(pupil, side) for side in self._sides)
            found = differences(before, after)
            if found:
                yield from self._told(pupil, found)
        progress(len(pupils), len(pupils))

    def _told(self, pupil: UUID, found: Sequence[Difference]) -> Iterator[dict[str, Any]]:
        size = max(side.moment.size for side in self._sides)
        known = read_pupil_log(self._connection, pupil, size=size)
        key = read_identity(self._ledger, self._connection, known).key
        before, after = (side.counted for side in self._sides)
        one_sided = [e for e in known.entries if before.counts(e) != after.counts(e)]
        for difference in found:
            yield {
                "pupil_id": str(pupil),
                "pupil_key": key,
                **difference.answer,
                "entries": responsible_for(difference.path, one_sided),
            }

    def _transcript(self, pupil: UUID, side: _Side) -> dict[str, Any]:
        try:
            answer = self._views.transcript(
                Key("id", str(pupil)), on=side.on, known_at=side.moment.position
            )
        except NotFound:  # not registered yet on this side
            return {}
        return {"profile": answer["profile"], "years": answer["years"]}

    def _pupils(self) -> list[UUID]:
        """Those of the scope on either side of whom anything was written in between; all of them
        where the days differ."""
        found: set[UUID] = set()
        for side in self._sides:
            size = side.moment.size
            if self._pupil is not None:
                rows: Iterable[tuple[Any, ...]] = [(self._pupil,)]
            elif self._class is not None:
                rows = _IN_CLASS.run(self._connection, {"code": self._class, "size": size})
            else:
                given = {"parts": list(ATTENDING), "schools": self._schools, "size": size}
                rows = _ALL_PUPILS.run(self._connection, given)
            found.update(row[0] for row in rows)
        if self._sides[0].on == self._sides[1].on:
            start, end = sorted(side.moment.size for side in self._sides)
            rows = _TOUCHED.run(self._connection, {"start": start, "end": end})
            touched = {row[0] for row in rows}
            records = self._records(end)
            found = {one for one in found if touched & (records.get(one, set()) | {one})}
        return sorted(found)

    def _records(self, size: int) -> dict[UUID, set[UUID]]:
        """Pupil to the other records that were ever linked to it."""
        linked: dict[UUID, set[UUID]] = {}
        for page in log.pages(self._connection, start=0, end=size, topics=[PupilLinked.TOPIC]):
            for entry in page:
                if isinstance(entry.event, PupilLinked):
                    linked.setdefault(entry.stream.id, set()).add(entry.event.other)
        return linked

    def headcount(self) -> Iterator[dict[str, Any]]:
        """Rows of the head count (of a class: its list's) that differ."""
        if self._pupil is not None:
            return
        before, after = (self._counts(side) for side in self._sides)
        for named in dict.fromkeys((*before, *after)):
            if before.get(named, 0) != after.get(named, 0):
                row = {"before": before.get(named, 0), "after": after.get(named, 0)}
                yield {**dict(named), **row}

    def _counts(self, side: _Side) -> dict[tuple[tuple[str, Any], ...], int]:
        if self._class is not None:
            standing = self._standing(side, [self._class])
            return {(("class_code", self._class),): len(standing)}
        question = Question(on=side.on, unit=self._unit)
        try:
            answer = self._views.report("headcount", question, known_at=side.moment.position)
        except NotFound:  # the unit was not known on this side
            return {}
        names = ("unit_code", "level", "grade", "sex")
        return {tuple((name, row[name]) for name in names): row["count"] for row in answer["rows"]}


def _shown(what: Compared, class_: str | None, pupil: UUID | None) -> dict[str, Any]:
    code = class_ or (str(pupil) if pupil else None)
    if code is None and isinstance(what.key, str):
        code = what.key
    return {"kind": what.kind, "code": code}


def _moves(
    before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """The lines of one pupil that differ; one class left and one entered is a change of class."""
    left = [line for code, line in before.items() if code not in after]
    came = [line for code, line in after.items() if code not in before]
    if len(left) == len(came) == 1:
        yield _move("changed_class", left[0], came[0])
    else:
        yield from (_move("left", line, None) for line in left)
        yield from (_move("came", None, line) for line in came)
    for code, line in before.items():
        if code in after and after[code] != line:
            yield _move("changed", line, after[code])


def _move(kind: str, before: dict[str, Any] | None, after: dict[str, Any] | None) -> dict[str, Any]:
    named = after or before or {}
    who = {name: named.get(name) for name in ("pupil_id", "pupil_key", "full_name")}
    return {"change": kind, **who, "before": before, "after": after}
