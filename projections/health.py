"""Health measurements by day, sealed; and one pupil's growth, read from all that is held.

A row is what one entry says of one day; several of one day are laid together in the order in
which they became known (`ledger.health`). Heights, eyes and findings stand here as ciphertext
and are opened when read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from pydantic import ValidationError

from ledger.database import Connection
from ledger.errors import WrongKey
from ledger.event import Sealed
from ledger.events.pupil import HealthMeasured, Measurement
from ledger.growth.channels import Boundary
from ledger.growth.reading import Body, Growth, Reading, assess
from ledger.health import merged
from ledger.ledger import Ledger
from ledger.log import Entry
from projections.names import Names
from projections.projection import Projection, Row
from projections.pupil_log import Identity, PupilLog, sealed_part
from projections.tables import table

HEALTH = table(
    "health",
    sa.Column("measured_on", sa.Date, nullable=False),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("sealed", sa.Text, nullable=False),
)
"""The stream is the pupil's own, whose author is this ledger; `sealed` is a `Sealed` in JSON."""


class _Day(NamedTuple):
    measured_on: date
    topic: str
    sealed: str


class Health(Projection):
    """What was measured of each pupil, day by day."""

    name = "health"
    version = 1
    form = HEALTH
    indexes = ()
    events = (HealthMeasured,)

    def fold(self, state: tuple[_Day, ...] | None, entry: Entry) -> tuple[_Day, ...]:
        """The sealed measurements after `entry`; nothing in them is interpreted here."""
        sealed = getattr(entry.event, "statutory", None)
        if not isinstance(sealed, Sealed):
            raise ValueError(f"{entry.event.TOPIC} without its personal part")
        day = _Day(entry.event.effective_on, entry.event.TOPIC, sealed.model_dump_json())
        return (*(state or ()), day)

    def rows(self, state: Any) -> Iterable[Row]:
        """One row for each entry."""
        return (tuple(day) for day in state)


@dataclass(frozen=True, slots=True)
class DayMeasured:
    """One day: what was measured (None where it cannot be read: `trouble` says why), and which
    ledgers' entries say so."""

    on: date
    measured: Measurement | None
    ledgers: tuple[UUID, ...]
    trouble: str | None = None


def read_days(
    ledger: Ledger, connection: Connection, known: PupilLog, *, on: date
) -> list[DayMeasured]:
    """The days up to `on` on which the pupil was measured, in this ledger or, where an
    acceptance covers the copy, in another; oldest first. Of one day the last custodian's value
    counts, then the one recorded later."""
    counted: dict[date, list[tuple[tuple[int, datetime, int], Entry]]] = {}
    for entry in known.entries:
        if isinstance(entry.event, HealthMeasured) and entry.event.effective_on <= on:
            hop = _hop(known, entry, own=ledger.id)
            if hop is not None:
                order = (hop, entry.author_instant, entry.author_position)
                counted.setdefault(entry.event.effective_on, []).append((order, entry))
    days = []
    for day, entries in sorted(counted.items()):
        written = [entry for _, entry in sorted(entries, key=lambda one: one[0])]
        days.append(_day(ledger, connection, day, written))
    return days


def _hop(known: PupilLog, entry: Entry, *, own: UUID) -> int | None:
    """The number of the release that first covers the entry, as `history` orders them; None for
    another ledger's entry that no acceptance covers."""
    for version, hop in known.own.hops(entry.stream.id):
        if entry.version <= version:
            return hop
    return len(known.own.coverings) if entry.envelope.author == own else None


def _day(
    ledger: Ledger, connection: Connection, day: date, entries: Sequence[Entry]
) -> DayMeasured:
    authors = tuple(dict.fromkeys(entry.envelope.author for entry in entries))
    parts = [part for entry in entries if (part := sealed_part(entry)) is not None]
    try:
        opened = ledger.reveal(connection, parts)
        measured = [Measurement.model_validate(clear) for clear in opened if clear is not None]
    except (ValidationError, WrongKey):
        return DayMeasured(day, None, authors, "unreadable")
    if not measured:
        return DayMeasured(day, None, authors, "erased")
    return DayMeasured(day, merged(measured), authors)


def growth_of(
    measured: Measurement,
    *,
    sex: str | None,
    birth_date: str | None,
    on: date,
    boundary: Boundary = "exclusive",
) -> Growth:
    """What a day's measurement says of the child's growth."""
    body = Body.read(measured.height_cm, measured.weight_kg, measured.position)
    return assess(body, sex=sex, birth_date=birth_date, on=on, boundary=boundary)


def read_health(
    ledger: Ledger,
    connection: Connection,
    known: PupilLog,
    identity: Identity,
    *,
    on: date,
    names: Names,
    boundary: Boundary = "exclusive",
) -> list[dict[str, Any]]:
    """The measurements of a pupil up to `on` as the answer of `hocba health` lists them: what
    the printed health book is made from."""
    sex, birth_date = identity.profile["sex"], identity.profile["birth_date"]
    listed = []
    for day in read_days(ledger, connection, known, on=on):
        measured = day.measured or merged(())
        growth = growth_of(measured, sex=sex, birth_date=birth_date, on=day.on, boundary=boundary)
        listed.append(
            {
                "measured_on": day.on.isoformat(),
                "ledgers": [names.ledgers.get(one, str(one)) for one in day.ledgers],
                **_age(growth),
                **measured.model_dump(),
                "bmi": _bmi(measured),
                "readings": [_reading(reading) for reading in growth.readings],
                "missing": day.trouble or growth.missing,
            }
        )
    return listed


def _age(growth: Growth) -> dict[str, Any]:
    months = growth.months
    return {
        "age_days": growth.days,
        "age_months": None if months is None else str(months),
    }


def _bmi(measured: Measurement) -> str | None:
    body = Body.read(measured.height_cm, measured.weight_kg, measured.position)
    bmi = body.bmi if body is not None else None
    return None if bmi is None else str(bmi)


def _reading(reading: Reading) -> dict[str, Any]:
    return {
        "standard": reading.standard.value,
        "at": f"{reading.at:.2f}",
        "unit": reading.unit,
        "scores": [
            {
                "indicator": score.indicator.value,
                "z": str(score.z),
                "channel": score.channel.key,
                "channel_name": score.channel.vi,
                "implausible": score.implausible,
            }
            for score in reading.scores
        ],
        "missing": {one.value: why.value for one, why in reading.missing.items()},
    }
