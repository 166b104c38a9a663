"""Class lists by two dates: who sat in a class on a day, as known in a prefix of the log.

A row is a stretch of days [effective_from, effective_to) in which a pupil stands on the list of
one class or course section; suspended days have no row. Names stand in `people`, sealed, and are
opened and sorted when read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ledger.codes import status_code, status_key
from ledger.collation import class_list_key
from ledger.database import Connection
from ledger.enrolment import SectionStay, Segment, entered_period, section_days
from ledger.events.pupil import (
    ChangeRetracted,
    CustodyRuled,
    PapersAccepted,
    PupilEnrolled,
    PupilRegistered,
    PupilStatusChanged,
    Released,
    ReleaseUndone,
    SectionJoined,
    TransferAccepted,
)
from ledger.ledger import Ledger
from ledger.pupil import Pupil
from ledger.school_year import SchoolYear, period
from ledger.settings import Settings
from projections.calendars import read_calendars
from projections.moment import Moment
from projections.people import PEOPLE
from projections.projection import Projection, Row
from projections.structure import ClassFound, unit_name
from projections.tables import Statement, holds, table, visible

DEFAULT_SOURCE = "default"

ROSTER = table(
    "roster",
    sa.Column("class_code", sa.Text, nullable=False),
    sa.Column("school_code", sa.Text, nullable=False),
    sa.Column("grade", sa.Integer, nullable=False),
    sa.Column("section", sa.Boolean, nullable=False),
    sa.Column("effective_from", sa.Date, nullable=False),
    sa.Column("effective_to", sa.Date),
    sa.Column("entered_on", sa.Date, nullable=False),
    sa.Column("entry_kind", sa.Text, nullable=False),
    sa.Column("change_kind", sa.Text, nullable=False),
    sa.Column("change_on", sa.Date, nullable=False),
)


class Roster(Projection):
    """Class lists."""

    name = "roster"
    version = 2
    form = ROSTER
    indexes = (("class_code", "effective_from"),)
    events = (
        PupilRegistered,
        PupilEnrolled,
        SectionJoined,
        PupilStatusChanged,
        ChangeRetracted,
        Released,
        ReleaseUndone,
        CustodyRuled,
        TransferAccepted,
        PapersAccepted,
    )

    def rows(self, state: Any) -> Iterable[Row]:
        """The days on each list."""
        assert isinstance(state, Pupil)
        segments = state.segments
        for segment in segments:
            if segment.on_class_list:
                days = (segment.start, segment.end)
                yield _row(
                    segment.class_code, segment.school, False, days, segment.entered_on, segment
                )
        for stay in state.sections:
            yield from _section_rows(stay, segments)


def _section_rows(stay: SectionStay, segments: Sequence[Segment]) -> Iterable[Row]:
    """A section stay pauses with a suspension and begins anew after days away from the school."""
    entered = stay.start
    before: Segment | None = None
    for segment in segments:
        if segment.school == stay.school and (before is None or before.school != stay.school):
            entered = max(stay.start, segment.start)
        before = segment
        for days in section_days(stay, [segment]):
            yield _row(stay.class_code, stay.school, True, days, entered, segment)


def _row(
    class_code: str | None,
    school: str | None,
    section: bool,
    days: tuple[date, date | None],
    entered: date,
    segment: Segment,
) -> Row:
    return (
        *(class_code, school, segment.grade, section, *days, entered),
        *(segment.entry_kind, segment.change_kind, segment.change_on),
    )


_LIST = Statement(
    sa.select(
        ROSTER.c.stream,
        ROSTER.c.grade,
        ROSTER.c.entered_on,
        ROSTER.c.entry_kind,
        ROSTER.c.change_kind,
        ROSTER.c.change_on,
        PEOPLE.c.part,
        PEOPLE.c.topic,
        PEOPLE.c.sealed,
    )
    .select_from(
        ROSTER.outerjoin(
            PEOPLE,
            sa.and_(
                PEOPLE.c.stream == ROSTER.c.stream,
                sa.or_(PEOPLE.c.part == "profile", PEOPLE.c.kind == "local"),
                visible(PEOPLE),
            ),
        )
    )
    .where(
        ROSTER.c.class_code == sa.bindparam("class_code", type_=sa.Text),
        visible(ROSTER),
        holds(ROSTER),
    )
)


@dataclass(slots=True)
class _Pupil:
    """A pupil of the list: days and changes, then what was opened."""

    id: UUID
    grade: int
    entered_on: date
    entry_kind: str
    change_kind: str
    change_on: date
    profile: dict[str, Any] = field(default_factory=dict)
    key: str | None = None

    @property
    def order(self) -> tuple[Any, ...]:
        name = self.profile.get("full_name")
        if name is None:
            return (1, (), self.id)
        birth, sort_name = self.profile.get("birth_date"), self.profile.get("sort_name")
        return (0, class_list_key(name, birth, sort_name=sort_name), self.id)

    def answer(self, settings: Settings) -> dict[str, Any]:
        """As the contract shows a pupil; periods are those of the province's calendar."""
        change = None if self.change_kind == "none" else self.change_kind
        changed_in = settings.calendar(SchoolYear.of(self.change_on))
        entered_in = settings.calendar(SchoolYear.of(self.entered_on))
        return {
            "pupil_id": str(self.id),
            "pupil_key": self.key,
            "full_name": self.profile.get("full_name"),
            "birth_date": self.profile.get("birth_date"),
            "sex": self.profile.get("sex"),
            "grade": self.grade,
            "entered_on": self.entered_on.isoformat(),
            "entry_kind": self.entry_kind,
            "entered_period": entered_period(self.entry_kind, self.entered_on, entered_in),
            "status_code": status_code(change, period(self.change_on, changed_in)),
            "status": status_key(change),
        }


def read_roster(
    ledger: Ledger, connection: Connection, found: ClassFound, *, on: date, moment: Moment
) -> dict[str, Any]:
    """The roster answer (contract, JSON answers) of a class on `on`, as known at `moment`.

    `found` is the class under its name of that day. The projections roster, people and
    structure must hold that prefix (`Engine.require`).
    """
    settings = read_calendars(connection, ledger.id, size=moment.size)
    rows = _LIST.run(
        connection,
        {"class_code": found.code, "on": on, "size": moment.size},
    ).fetchall()
    pupils = sorted(_open(ledger, connection, rows), key=lambda pupil: pupil.order)
    return {
        "class_code": found.code,
        "class_name": found.name,
        "school_code": found.school_code,
        "school_name": unit_name(connection, found.school_code, on=on, size=moment.size),
        "school_year": found.school_year,
        "on": on.isoformat(),
        "known_at": moment.known_at,
        "pupils": [pupil.answer(settings) for pupil in pupils],
        "count": len(pupils),
    }


def _open(ledger: Ledger, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> list[_Pupil]:
    """The pupils of the rows, once each, with their personal parts opened."""
    pupils: dict[UUID, _Pupil] = {}
    parts: dict[str, tuple[UUID, str, str]] = {}
    for stream, grade, entered_on, *kinds, part, topic, sealed in rows:
        known = pupils.get(stream)
        if known is None or entered_on > known.entered_on:
            pupils[stream] = _Pupil(stream, grade, entered_on, *kinds)
        if sealed is not None:  # the ciphertext itself says which part it is
            parts[sealed] = (stream, part, topic)
    opened = ledger.reveal_stored(
        connection, [(sealed, stream, topic) for sealed, (stream, _, topic) in parts.items()]
    )
    keys: dict[UUID, list[dict[str, Any]]] = {}
    for (stream, part, _), clear in zip(parts.values(), opened, strict=True):
        if clear is None:
            continue
        if part == "profile":
            pupils[stream].profile = clear
        else:
            keys.setdefault(stream, []).append(clear)
    for stream, identifiers in keys.items():
        pupils[stream].key = chosen_key(identifiers)
    return list(pupils.values())


def chosen_key(identifiers: Iterable[dict[str, Any]]) -> str | None:
    """The local key by which an answer names a pupil: the default source's, else the first by
    source and key. `identifiers` are opened `Identifier`s."""
    local = [known for known in identifiers if known["kind"] == "local"]
    if not local:
        return None

    def order(identifier: dict[str, Any]) -> tuple[bool, str, str]:
        source = identifier["issuer"] or ""
        return source != DEFAULT_SOURCE, source, identifier["value"]

    key: str = min(local, key=order)["value"]
    return key
