"""Everything the log holds about one pupil: own streams, those of linked records, copies.

The streams are found by person in the stream table, never through a table of this package.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa

from ledger import ids, log
from ledger.database import Connection
from ledger.event import Sealed, StreamKind
from ledger.events.pupil import Place, PupilDetailsChanged, PupilProfile, PupilRegistered
from ledger.events.unit import LedgerOpened
from ledger.folds import evolve
from ledger.ledger import Ledger, SealedPart
from ledger.log import Entry
from ledger.places import today_of
from ledger.province_history import ProvinceFrom, province_history
from ledger.pupil import Pupil
from ledger.unit import Unit
from projections.names import Names
from projections.persons import identifiers
from projections.roster import chosen_key
from projections.tables import Statement, array

_STREAM = sa.table(
    "stream", *(sa.column(name) for name in ("id", "person", "kind")), schema="ledger"
)
_STREAMS_ABOUT = Statement(
    sa.select(_STREAM.c.id).where(
        _STREAM.c.person == sa.any_(array("persons", sa.Uuid)),
        _STREAM.c.kind == sa.any_(array("kinds", sa.Text)),
    )
)
_REFERENCE = sa.table(
    "reference",
    *(sa.column(name) for name in ("ledger", "kind", "code", "known_from", "body")),
    schema="ledger",
)
_UNITS_ELSEWHERE = Statement(
    sa.select(_REFERENCE.c.ledger, _REFERENCE.c.code, _REFERENCE.c.body)
    .where(
        _REFERENCE.c.kind == "unit",
        _REFERENCE.c.code == sa.any_(array("codes", sa.Text)),
        _REFERENCE.c.known_from < sa.bindparam("size", type_=sa.BigInteger),
    )
    .order_by(_REFERENCE.c.known_from)
)
_KINDS = [StreamKind.PUPIL.value, StreamKind.PUPIL_YEAR.value]


@dataclass(frozen=True, slots=True)
class PupilLog:
    """The entries about one pupil within a prefix, in position order; `own` is the state of the
    record that this ledger keeps."""

    person: UUID
    own: Pupil
    entries: list[Entry]


def read_pupil_log(connection: Connection, person: UUID, *, size: int) -> PupilLog:
    """The entries about `person`, a pupil registered within the prefix of `size` entries.

    Raises:
        DamagedEntry: at the first entry that cannot be read.
    """
    state = None
    for entry in log.of_streams(connection, [person], size=size):
        state = evolve(StreamKind.PUPIL, state, entry.event, entry.version)
    own = cast(Pupil, state)
    persons = [person, *(link.pupil for link in own.links)]
    rows = _STREAMS_ABOUT.run(connection, {"persons": persons, "kinds": _KINDS}).fetchall()
    streams = [row[0] for row in rows]
    return PupilLog(person, own, log.of_streams(connection, streams, size=size))


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the pupil is, opened: the key an answer shows and the profile (fields None where they
    are unknown or the person was erased)."""

    key: str | None
    profile: dict[str, Any]


def read_identity(
    ledger: Ledger, connection: Connection, known: PupilLog, *, on: date | None = None
) -> Identity:
    """The newest profile of this ledger's own record; of a copied one where that has none. With
    `on`, the birth place also tells the province it lies in on that day (`now`)."""
    own = [entry for entry in known.entries if entry.stream.id == known.person]
    local = [one.model_dump() for one in identifiers(ledger, connection, own)]
    nothing: dict[str, Any] = dict.fromkeys(PupilProfile.model_fields)
    for profile in _profiles(ledger, connection, known):
        if on is not None:
            profile = {**profile, "birth_place": _with_today(profile["birth_place"], on)}
        return Identity(chosen_key(local), {**nothing, **profile})
    return Identity(chosen_key(local), nothing)


def _with_today(place: dict[str, Any], on: date) -> dict[str, Any]:
    """A place as on the certificate, which does not say by which day's codes it was written."""
    today = today_of(Place.model_validate(place), stated_on=None, on=on)
    return {**place, "now": today["province_now"]}


def _profiles(ledger: Ledger, connection: Connection, known: PupilLog) -> Iterable[dict[str, Any]]:
    newest = sorted(
        (e for e in known.entries if isinstance(e.event, PupilRegistered | PupilDetailsChanged)),
        key=lambda e: (e.stream.id == known.person, e.position),
        reverse=True,
    )
    for entry in newest:
        part = sealed_part(entry)
        if part is not None and (clear := ledger.reveal(connection, [part])[0]) is not None:
            yield clear


def sealed_part(entry: Entry) -> SealedPart | None:
    """The statutory part of an entry, where it has one."""
    sealed = getattr(entry.event, "statutory", None)
    if not isinstance(sealed, Sealed):
        return None
    return SealedPart(sealed, entry.envelope.author, entry.stream.id, entry.event.TOPIC)


def own_name(connection: Connection) -> str:
    """The ledger's own short name, from entry 0."""
    first = next(log.pages(connection, start=0, end=1))[0].event
    assert isinstance(first, LedgerOpened)
    return first.name


def school_names(
    ledger: Ledger,
    connection: Connection,
    schools: Sequence[tuple[UUID, str]],
    *,
    on: date,
    size: int,
) -> Names:
    """Names of schools by (ledger, code), as known in the prefix: own ones as they were called
    on `on`, others' as a dossier told them."""
    own = [code for home, code in schools if home == ledger.id]
    units = _units_and_above(ledger, connection, own, size=size)
    names = {(ledger.id, code): _called(units[code], on) for code in own if code in units}
    provinces = {(ledger.id, code): province_history(units, code) for code in own}
    elsewhere = [code for home, code in schools if home != ledger.id]
    if elsewhere:
        rows = _UNITS_ELSEWHERE.run(connection, {"codes": elsewhere, "size": size}).fetchall()
        names |= {(home, code): body["name"] for home, code, body in rows if body.get("name")}
        provinces |= {(home, code): _told(body) for home, code, body in rows}
    return Names(schools=names, provinces=provinces)


def _told(body: dict[str, Any]) -> tuple[ProvinceFrom, ...]:
    """The provinces of another ledger's school as its dossier told them."""
    return tuple(
        ProvinceFrom(date.fromisoformat(since), code, name)
        for since, code, name in body.get("provinces", [])
    )


def _units_and_above(
    ledger: Ledger, connection: Connection, codes: Sequence[str], *, size: int
) -> dict[str, Unit]:
    """The units of `codes` and everything they ever stood under, as known in the prefix."""
    units: dict[str, Unit] = {}
    wanted = set(codes)
    asked: set[str] = set()
    while wanted:
        asked |= wanted
        streams = [ids.unit_stream(ledger.id, code) for code in sorted(wanted)]
        states: dict[UUID, Unit] = {}
        for entry in log.of_streams(connection, streams, size=size):
            stream = entry.stream.id
            state = evolve(StreamKind.UNIT, states.get(stream), entry.event, entry.version)
            states[stream] = cast(Unit, state)
        units |= {unit.code: unit for unit in states.values()}
        above = {v.parent for unit in states.values() for v in unit.versions if v.parent}
        wanted = above - asked
    return units


def _called(unit: Unit, day: date) -> str:
    """The unit's name on `day`; before its first day and after its last the nearest."""
    held = [version.name for version in unit.versions if version.since <= day]
    return held[-1] if held else unit.versions[0].name
