"""Whose entries an audit is of: a class, a unit, a teacher, an account.

A scope names the pupils whose entries are read, further streams (of classes, units, staff), and
tells for each entry whether it belongs. Only this ledger's own entries do: what came with a
transfer speaks of other schools, and codes of teachers and schools mean nothing elsewhere.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

import sqlalchemy as sa

from ledger import enrolment, ids
from ledger.database import Connection
from ledger.errors import NotFound
from ledger.event import StreamKind
from ledger.ledger import Ledger
from ledger.log import Entry
from ledger.pupil import Pupil
from ledger.school_year import SchoolYear
from projections.roster import ROSTER
from projections.stays import STAYS
from projections.structure import STRUCTURE, ClassFound, find_class
from projections.tables import Statement, array, visible
from projections.tree import read_tree
from signing import canonical

ScopeKind = Literal["class", "unit", "teacher", "account"]

_STREAM = sa.table(
    "stream",
    *(sa.column(name) for name in ("no", "id", "ledger", "kind", "person")),
    schema="ledger",
)
_ENTRY = sa.table(
    "entry", *(sa.column(name) for name in ("position", "stream", "body")), schema="ledger"
)
_PUPILS = (StreamKind.PUPIL.value, StreamKind.PUPIL_YEAR.value)

_START, _END = (sa.bindparam(name, type_=sa.BigInteger) for name in ("start", "end"))
_BETWEEN = sa.and_(_ENTRY.c.position >= _START, _ENTRY.c.position < _END)
_NATIVE = _STREAM.c.ledger == sa.bindparam("ledger", type_=sa.Uuid)
_WRITTEN = Statement(
    sa.select(_STREAM.c.id, _STREAM.c.person).where(
        sa.or_(
            _STREAM.c.person == sa.any_(array("persons", sa.Uuid)),
            _STREAM.c.id == sa.any_(array("streams", sa.Uuid)),
        ),
        _NATIVE,
        sa.exists().where(_ENTRY.c.stream == _STREAM.c.no, _BETWEEN),
    )
)
_WRITTEN_BY = Statement(
    sa.select(_STREAM.c.id, _STREAM.c.kind, _STREAM.c.person)
    .distinct()
    .select_from(_ENTRY.join(_STREAM, _STREAM.c.no == _ENTRY.c.stream))
    .where(
        _BETWEEN, _NATIVE, sa.text("position(CAST(:fragment AS bytea) IN ledger.entry.body) > 0")
    )
)
_IN_CLASS = Statement(
    sa.select(ROSTER.c.stream)
    .where(ROSTER.c.class_code == sa.bindparam("code", type_=sa.Text), visible(ROSTER))
    .distinct()
)
_AT_SCHOOLS = Statement(
    sa.select(STAYS.c.stream)
    .where(
        STAYS.c.school == sa.any_(array("schools", sa.Text)),
        STAYS.c.part == sa.any_(array("parts", sa.Text)),
        visible(STAYS),
    )
    .distinct()
)
_CLASSES = Statement(
    sa.select(STRUCTURE.c.code)
    .where(
        STRUCTURE.c.kind == "class",
        STRUCTURE.c.parent == sa.any_(array("schools", sa.Text)),
        visible(STRUCTURE),
    )
    .distinct()
)
ATTENDING = ("stay", "provisional", "section")


@dataclass(frozen=True, slots=True)
class Scope:
    """What an audit is asked of: a class, unit, member of staff or account by its code."""

    kind: ScopeKind
    code: str


@dataclass(frozen=True, slots=True)
class Found:
    """The pupils and further streams of a scope that were written of in the positions asked for;
    `counts` tells for an entry, and the pupil whose it is, whether it belongs."""

    pupils: tuple[UUID, ...]
    streams: tuple[UUID, ...]
    counts: Callable[[Entry, Pupil | None], bool]


def needs(scope: Scope) -> tuple[str, ...]:
    """The projections that a scope is found by."""
    return {
        "class": ("structure", "roster"),
        "unit": ("structure", "stays"),
        "teacher": (),
        "account": (),
    }[scope.kind]


def find_scope(
    ledger: Ledger, connection: Connection, scope: Scope, *, start: int, size: int, on: date
) -> Found:
    """Pupils and streams of a scope with entries at positions [start, size); `on` is the day
    whose tree of units says what stands under a unit.

    The projections `needs` names must hold the prefix of `size` entries.

    Raises:
        NotFound: `unknown_class`, `unknown_unit`.
        Conflict: `ambiguous_class`.
    """
    if scope.kind in ("teacher", "account"):
        return _by_who(ledger, connection, scope, start=start, size=size)
    if scope.kind == "class":
        found = find_class(connection, scope.code, size=size)
        rows = _IN_CLASS.run(connection, {"code": found.code, "size": size})
        counts = _of_class(ledger.id, found)
        streams = [ids.class_stream(ledger.id, found.code)]
    else:
        codes = units_under(connection, scope.code, size=size, on=on)
        given = {"schools": sorted(codes), "parts": list(ATTENDING), "size": size}
        rows = _AT_SCHOOLS.run(connection, given)
        counts = _of_schools(ledger.id, codes)
        streams = _streams_of(ledger.id, connection, codes, size)
    persons = [row[0] for row in rows]
    held = _WRITTEN.run(
        connection,
        {"persons": persons, "streams": streams, "ledger": ledger.id, "start": start, "end": size},
    ).fetchall()
    written, about = {row[0] for row in held}, {row[1] for row in held}
    return Found(
        tuple(sorted(about.intersection(persons))),
        tuple(stream for stream in streams if stream in written),
        counts,
    )


def _streams_of(here: UUID, connection: Connection, codes: frozenset[str], size: int) -> list[UUID]:
    """The streams of units and of their classes."""
    rows = _CLASSES.run(connection, {"schools": sorted(codes), "size": size}).fetchall()
    return [
        *(ids.unit_stream(here, code) for code in sorted(codes)),
        *(ids.class_stream(here, code) for (code,) in sorted(rows)),
    ]


def units_under(connection: Connection, code: str, *, size: int, on: date) -> frozenset[str]:
    """The codes of a unit and of all that stands, or is represented, under it on `on`. Raises
    NotFound(`unknown_unit`). The projection structure must hold the prefix."""
    tree = read_tree(connection, on=on, size=size)
    if tree.known(code) is None:
        raise NotFound("unknown_unit", f"no unit {code} was known; `hocba units` lists them")
    return tree.below(code) | {code}


def _by_who(
    ledger: Ledger, connection: Connection, scope: Scope, *, start: int, size: int
) -> Found:
    """By what stands in the entries' bytes, which are canonical: the fragment is either there or
    not. Quotation marks within a text are escaped, so no text can hold it."""
    name = canonical.dumps(scope.code)
    fragment = (
        b'"who":{"on_behalf_of":' + name + b","
        if scope.kind == "teacher"
        else b'"recorded_by":' + name + b"}"
    )
    given = {"start": start, "end": size, "ledger": ledger.id, "fragment": fragment}
    pupils: set[UUID] = set()
    streams: set[UUID] = set()
    for stream, kind, person in _WRITTEN_BY.run(connection, given):
        if kind in _PUPILS:
            pupils.add(person)
        else:
            streams.add(stream)

    def counts(entry: Entry, pupil: Pupil | None) -> bool:
        del pupil
        who = entry.envelope.who
        named = who.on_behalf_of if scope.kind == "teacher" else who.recorded_by
        return entry.envelope.author == ledger.id and named == scope.code

    return Found(tuple(sorted(pupils)), tuple(sorted(streams)), counts)


def _of_class(here: UUID, found: ClassFound) -> Callable[[Entry, Pupil | None], bool]:
    """Entries of the class's year, but those of days on which the pupil sat in another class."""

    def counts(entry: Entry, pupil: Pupil | None) -> bool:
        if entry.envelope.author != here:
            return False
        if pupil is None:
            return True
        event = entry.event
        year = entry.stream.school_year or SchoolYear.of(event.effective_on).label
        if year != found.school_year:
            return False
        stated: str | None = getattr(event, "class_code", None)
        if stated is not None or pupil.in_class(found.code, event.effective_on):
            return stated in (None, found.code)
        here_then = enrolment.on_day(pupil.segments, event.effective_on)
        return here_then is None or here_then.class_code is None

    return counts


def _of_schools(here: UUID, codes: frozenset[str]) -> Callable[[Entry, Pupil | None], bool]:
    """Entries that name one of the schools, or none, of days on which the pupil was at no other."""

    def counts(entry: Entry, pupil: Pupil | None) -> bool:
        if entry.envelope.author != here:
            return False
        if pupil is None:
            return True
        stated: str | None = getattr(entry.event, "school_code", None)
        if stated is not None:
            return stated in codes
        then = enrolment.on_day(pupil.segments, entry.event.effective_on)
        return then is None or then.school is None or then.school in codes

    return counts
