"""A pupil as the ministry's list sees them on a day: profile, numbers, class, official state."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa

from ledger import enrolment, log
from ledger.codes import status_code
from ledger.database import Connection
from ledger.event import StreamKind
from ledger.events.pupil import Identifier
from ledger.folds import evolve
from ledger.ledger import Ledger
from ledger.pupil import Pupil
from ledger.reader import Reader
from ledger.school_year import period
from projections.persons import identifiers
from projections.pupil_log import read_identity, read_pupil_log
from projections.roster import ROSTER
from projections.tables import Statement, holds, visible

_LISTED = Statement(
    sa.select(ROSTER.c.stream, ROSTER.c.school_code)
    .where(visible(ROSTER), holds(ROSTER), sa.not_(ROSTER.c.section))
    .distinct()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One pupil on one day. `here` is whether a school of this ledger has them then; of a leaver
    class and school are the last ones. `status_code` is None where the official list has none."""

    id: UUID
    key: str | None
    moet_code: str
    personal_id: str
    profile: dict[str, Any]
    identity: str
    here: bool
    school_code: str
    class_code: str
    class_name: str
    status_code: str | None
    status_on: date | None
    released: bool

    @property
    def full_name(self) -> str:
        """The legal name; empty where the person was erased."""
        return self.profile.get("full_name") or ""


def listed(connection: Connection, *, on: date, size: int, school: str | None) -> list[UUID]:
    """The pupils on any class list on `on` (of one school where it is given); the projection
    roster must hold the prefix."""
    rows = _LISTED.run(connection, {"on": on, "size": size}).fetchall()
    return sorted({stream for stream, code in rows if school in (None, code)})


def pupil_at(connection: Connection, person: UUID, *, size: int) -> Pupil | None:
    """The pupil's state in the prefix of `size` entries."""
    state = None
    for entry in log.of_streams(connection, [person], size=size):
        state = evolve(StreamKind.PUPIL, state, entry.event, entry.version)
    return cast(Pupil | None, state)


def is_here(pupil: Pupil | None, on: date) -> bool:
    """Whether a school of this ledger has the pupil on that day."""
    held = _segment(pupil, on) if pupil is not None else None
    return held is not None and held.school is not None and not held.in_transit


def _segment(pupil: Pupil, on: date) -> enrolment.Segment | None:
    known = enrolment.timeline(change for change in pupil.changes if change.on <= on)
    return enrolment.on_day(known, on)


def standing(
    ledger: Ledger, connection: Connection, person: UUID, *, on: date, size: int
) -> Standing:
    """How `person`, a pupil registered in the prefix, stands on `on`."""
    known = read_pupil_log(connection, person, size=size)
    identity = read_identity(ledger, connection, known)
    numbers = identifiers(
        ledger, connection, [entry for entry in known.entries if entry.stream.id == person]
    )
    pupil = known.own
    held = _segment(pupil, on)
    stays = sorted(
        (c for c in pupil.changes if c.on <= on and c.class_code), key=lambda c: (c.on, c.seq)
    )
    last = stays[-1] if stays else None
    code = last.class_code if last and last.class_code else ""
    reader = Reader(connection, ledger.keyring, ledger.id)
    school_class = reader.classes([code])[code] if code else None
    kind = held.change_kind if held else "none"
    shown = None if kind == "none" else kind
    return Standing(
        id=person,
        key=identity.key,
        moet_code=_newest(numbers, "moet"),
        personal_id=_newest(numbers, "personal_id"),
        profile=identity.profile,
        identity=pupil.identity,
        here=is_here(pupil, on),
        school_code=(held.school if held and held.school else last.school if last else ""),
        class_code=code,
        class_name=school_class.name_on(on) if school_class else "",
        status_code=status_code(shown, period(held.change_on)) if held else None,
        status_on=_since(held),
        released=pupil.released is not None,
    )


def _since(held: enrolment.Segment | None) -> date | None:
    """Ngày nhập trạng thái: of one who attends without a change, the day of entry."""
    if held is None:
        return None
    return held.entered_on if held.change_kind == "none" else held.change_on


def _newest(numbers: Iterable[Identifier], kind: str) -> str:
    found: Sequence[str] = [number.value for number in numbers if number.kind == kind]
    return found[-1] if found else ""
