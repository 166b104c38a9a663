"""Where the pupils of this ledger count on each day: stays, moves, transit, by two dates.

A row is a stretch of days of one pupil in which whereabouts, class and grade are the same, as
`ledger.stays` gives them. Schools stand as they were entered; a report resolves them through the
tree of its own day. Head counts and movements are set-based over this table alone.

    part          the days are …                        columns used beside days and school
    stay          counted at the school                 class, grade, programme, arrival … went_to
    provisional   spent waiting for papers, uncounted   class, grade, programme
    transit       between a leaving and an arrival      arrival = transfer_out|release, other = case
    section       in a section of a foreign school      class
    month         (first of the month) confirmed        class, arrival = present|absent
    link          (from ever) `other` is the same pupil
    answer        (a case's stream) the receiver has accepted; other = case

`arrival` stands on the first row of a stay alone, `departure` and `went_to` on the last;
`came_from` (the school that recorded no leaving) on its rows up to the end of that school year.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from ledger import stays
from ledger.event import Event, StreamKind
from ledger.events.case import DecisionReceived
from ledger.events.pupil import (
    ChangeRetracted,
    CustodyRuled,
    PapersAccepted,
    PresenceConfirmed,
    PupilEnrolled,
    PupilLinked,
    PupilRegistered,
    PupilStatusChanged,
    PupilUnlinked,
    Released,
    ReleaseUndone,
    SectionJoined,
    TransferAccepted,
)
from ledger.folds import evolve
from ledger.log import Entry
from ledger.pupil import Pupil
from ledger.school_year import SchoolYear
from ledger.stays import Piece, Release, Stay
from projections.projection import Projection, Row
from projections.tables import table

STAYS = table(
    "stays",
    sa.Column("part", sa.Text, nullable=False),
    sa.Column("school", sa.Text),
    sa.Column("class_code", sa.Text),
    sa.Column("grade", sa.Integer),
    sa.Column("programme", sa.Text),
    sa.Column("effective_from", sa.Date, nullable=False),
    sa.Column("effective_to", sa.Date),
    sa.Column("arrival", sa.Text),
    sa.Column("came_from", sa.Text),
    sa.Column("departure", sa.Text),
    sa.Column("went_to", sa.Text),
    sa.Column("other", sa.Uuid),
)


@dataclass(frozen=True, slots=True)
class _Known:
    """A pupil, the transfers of its releases, and the ledger's own id (links to own records)."""

    pupil: Pupil
    releases: tuple[Release, ...]
    ledger: UUID


class _Answer(NamedTuple):
    """The receiver's acceptance of a transfer out of this ledger."""

    case: UUID
    on: date


class Stays(Projection):
    """Days at schools, in transit, waiting; links between own records; answers."""

    name = "stays"
    version = 1
    form = STAYS
    indexes = (("part", "school"), ("part", "effective_from"))
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
        PupilLinked,
        PupilUnlinked,
        PresenceConfirmed,
        DecisionReceived,
    )

    def fold(self, state: Any, entry: Entry) -> Any:
        """The pupil after `entry`, or the acceptance that closed a case here."""
        event = entry.event
        if isinstance(event, DecisionReceived):
            accepted = event.decision == "accepted"
            return _Answer(event.case, event.effective_on) if accepted else state
        before = state.pupil if state is not None else None
        pupil = evolve(StreamKind.PUPIL, before, event, entry.version)
        assert isinstance(pupil, Pupil)
        releases = state.releases if state is not None else ()
        return _Known(pupil, _released(releases, event, entry.version), entry.stream.ledger)

    def rows(self, state: Any) -> Iterable[Row]:
        """Every stretch of days of the pupil; one row for an answer."""
        if isinstance(state, _Answer):
            yield _row("answer", start=state.on, other=state.case)
        elif isinstance(state, _Known):
            yield from _whereabouts(state)
            yield from _beside(state)


def _released(releases: tuple[Release, ...], event: Event, version: int) -> tuple[Release, ...]:
    if isinstance(event, Released):
        return (*releases, Release(version, event.case))
    if isinstance(event, ReleaseUndone | CustodyRuled):
        return tuple(known for known in releases if known.case != event.case)
    return releases


def _whereabouts(known: _Known) -> Iterator[Row]:
    changes = known.pupil.changes
    for stay in stays.stays(changes):
        yield from _stay_rows(stay)
    for school, piece in stays.provisional(changes):
        yield _row("provisional", school=school, piece=piece)
    for transit in stays.transits(changes, known.releases):
        yield _row(
            "transit",
            school=transit.school,
            start=transit.start,
            end=transit.end,
            arrival=transit.kind,
            other=transit.case,
        )


def _stay_rows(stay: Stay) -> Iterator[Row]:
    year_end = SchoolYear.of(stay.start).end
    for piece in stay.pieces:
        first, last = piece is stay.pieces[0], piece is stay.pieces[-1]
        yield _row(
            "stay",
            school=stay.school,
            piece=piece,
            arrival=stay.entry if first else None,
            came_from=stay.came_from if first or piece.start < year_end else None,
            departure=stay.exit if last else None,
            went_to=stay.went_to if last else None,
        )


def _beside(known: _Known) -> Iterator[Row]:
    pupil = known.pupil
    for section, start, end in stays.loose_sections(pupil.sections, pupil.changes):
        yield _row(
            "section",
            school=section.school,
            class_code=section.class_code,
            start=start,
            end=end,
        )
    for month in pupil.months:
        yield _row(
            "month",
            class_code=month.class_code,
            start=date.fromisoformat(f"{month.month}-01"),
            arrival="present" if month.present else "absent",
        )
    for link in pupil.links:
        if link.ledger == known.ledger:
            yield _row("link", other=link.pupil)


def _row(
    part: str,
    *,
    school: str | None = None,
    piece: Piece | None = None,
    class_code: str | None = None,
    start: date = date.min,
    end: date | None = None,
    arrival: str | None = None,
    came_from: str | None = None,
    departure: str | None = None,
    went_to: str | None = None,
    other: UUID | None = None,
) -> Row:
    days = (start, end) if piece is None else (piece.start, piece.end)
    held = (class_code, None, None) if piece is None else piece[2:]
    return (part, school, *held, *days, arrival, came_from, departure, went_to, other)


class StayRow(NamedTuple):
    """A row of part `stay` as a report reads it."""

    stream: UUID
    school: str
    class_code: str | None
    grade: int
    programme: str
    start: date
    end: date | None
    arrival: str | None
    came_from: str | None
    departure: str | None
    went_to: str | None


STAY_COLUMNS = (
    *("stream", "school", "class_code", "grade", "programme", "effective_from", "effective_to"),
    *("arrival", "came_from", "departure", "went_to"),
)
"""The columns of a `StayRow`, in its order."""


def stays_of(rows: Sequence[StayRow]) -> list[tuple[UUID, list[Stay]]]:
    """The stays of each pupil, from all its rows of part `stay`."""
    ordered = sorted(rows, key=lambda row: (row.stream, row.start))
    return [
        (stream, list(_stays_from(list(own))))
        for stream, own in groupby(ordered, key=lambda row: row.stream)
    ]


def _stays_from(rows: Sequence[StayRow]) -> Iterator[Stay]:
    held: list[StayRow] = []
    for row in rows:
        if row.arrival is not None and held:
            yield _stay_of(held)
            held = []
        held.append(row)
    if held:
        yield _stay_of(held)


def _stay_of(rows: Sequence[StayRow]) -> Stay:
    first, last = rows[0], rows[-1]
    assert first.arrival is not None
    return Stay(
        school=first.school,
        start=first.start,
        end=last.end,
        entry=first.arrival,
        came_from=first.came_from,
        exit=last.departure,
        went_to=last.went_to,
        pieces=tuple(
            Piece(row.start, row.end, row.class_code, row.grade, row.programme) for row in rows
        ),
    )
