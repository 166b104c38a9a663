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
from ledger.events.pupil import PupilDetailsChanged, PupilProfile, PupilRegistered
from ledger.events.unit import LedgerOpened
from ledger.folds import evolve
from ledger.ledger import Ledger, SealedPart
from ledger.log import Entry
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
    sa.select(
        _REFERENCE.c.ledger, _REFERENCE.c.code, _REFERENCE.c.body.op("->>")(sa.literal("name"))
    )
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


def read_identity(ledger: Ledger, connection: Connection, known: PupilLog) -> Identity:
    """The newest profile of this ledger's own record; of a copied one where that has none."""
    own = [entry for entry in known.entries if entry.stream.id == known.person]
    local = [one.model_dump() for one in identifiers(ledger, connection, own)]
    nothing: dict[str, Any] = dict.fromkeys(PupilProfile.model_fields)
    for profile in _profiles(ledger, connection, known):
        return Identity(chosen_key(local), {**nothing, **profile})
    return Identity(chosen_key(local), nothing)


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
    streams = {
        ids.unit_stream(ledger.id, code): code for home, code in schools if home == ledger.id
    }
    names: dict[tuple[UUID, str], str] = {}
    units: dict[UUID, Unit] = {}
    for entry in log.of_streams(connection, list(streams), size=size):
        stream = entry.stream.id
        if stream not in units or entry.event.effective_on <= on:
            state = evolve(StreamKind.UNIT, units.get(stream), entry.event, entry.version)
            units[stream] = cast(Unit, state)
    names = {(ledger.id, streams[stream]): unit.name for stream, unit in units.items()}
    elsewhere = [code for home, code in schools if home != ledger.id]
    if elsewhere:
        rows = _UNITS_ELSEWHERE.run(connection, {"codes": elsewhere, "size": size}).fetchall()
        names |= {(home, code): name for home, code, name in rows if name is not None}
    return Names(schools=names)
