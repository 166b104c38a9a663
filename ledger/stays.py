"""Stays that count: where a pupil is counted on each day, and what each coming and going is called.

Pure; a fold of `Pupil.changes` through `enrolment.timeline`, so that head counts, movements and
class lists speak of the same days. Rules (contract, Rules of reading; letters L3, L5; users U18):

* the day of entry counts, the day of leaving does not; a released pupil leaves the day after the
  last day; a suspension goes on counting; until the new start the last grade holds;
* a provisional stay counts nowhere, and ends nothing at the school before, until it is accepted;
* a pupil counts at one school: where a second school enrols without a leaving at the first, the
  later entry's school counts from its day on. Out of the first and in to the second is then
  *implied*, so that the sums of a movement hold, and the overlap is told in `came_from`;
* after a transfer out or a release, and before the next entry here, a pupil is in transit.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby, zip_longest
from operator import attrgetter
from types import MappingProxyType
from typing import Final, NamedTuple
from uuid import UUID

from ledger import enrolment
from ledger.enrolment import ENTRIES, EXITS, Change, SectionStay, Segment
from ledger.school_year import SchoolYear

MOVED: Final = "moved"
"""The leaving of a stay that another school's entry ended, with no leaving on record."""

COLUMNS: Final = ("new", "in", "returned", "out", "withdrawn", "completed", "deceased")
COMING: Final = COLUMNS[:3]

_ENTRY_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "start": "new",
        "mid_year": "new",
        "intake": "new",
        "return": "returned",
        "transfer_in": "in",
        "class_change": "in",
    }
)
_EXIT_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        MOVED: "out",
        "transfer_out": "out",
        "release": "out",
        "leave": "withdrawn",
        "withdraw": "withdrawn",
        "abroad": "withdrawn",
        "complete": "completed",
        "deceased": "deceased",
    }
)
_TRANSITS: Final = frozenset({"transfer_out", "release"})


class Piece(NamedTuple):
    """Days [start, end) of a stay in which class, grade and programme are the same."""

    start: date
    end: date | None
    class_code: str | None
    grade: int
    programme: str


@dataclass(frozen=True, slots=True)
class Stay:
    """Days [start, end) without a gap at one school.

    `entry` is the kind of the entry that began it, `exit` the kind of leaving that ended it
    (`MOVED` where only the next school's entry did). `came_from` is the school that recorded no
    leaving though this stay began, `went_to` the one that then enrolled the pupil.
    """

    school: str
    start: date
    end: date | None
    entry: str
    came_from: str | None
    exit: str | None
    went_to: str | None
    pieces: tuple[Piece, ...]

    def covers(self, day: date) -> bool:
        """Whether `day` lies in the stay."""
        return self.start <= day and (self.end is None or day < self.end)

    @property
    def entry_column(self) -> str:
        """The column of a movement in which the entry stands."""
        return entry_column(self.entry, implied=self.came_from is not None)

    @property
    def exit_column(self) -> str | None:
        """The column of a movement in which the leaving stands; None while the stay lasts."""
        return None if self.exit is None else _EXIT_COLUMNS[self.exit]


class Transit(NamedTuple):
    """Days [start, end) after `kind` (transfer_out or release) from `school`, before any new
    entry here; `case` is the transfer that carries the record, where there is one."""

    school: str
    start: date
    end: date | None
    kind: str
    case: UUID | None


class Release(NamedTuple):
    """A release on record: its entry's version, and the transfer."""

    version: int
    case: UUID


def entry_column(kind: str, *, implied: bool) -> str:
    """The column of a movement for an entry of that kind; an implied move stands in `in`."""
    return "in" if implied else _ENTRY_COLUMNS[kind]


def exit_column(kind: str) -> str:
    """The column of a movement for a leaving of that kind."""
    return _EXIT_COLUMNS[kind]


def counted(changes: Iterable[Change]) -> Iterator[Change]:
    """The changes that count, in order of time: without provisional stays and what happens in
    them. A provisional entry at the school that has the pupil already is no stay of its own."""
    held: str | None = None
    waiting: str | None = None
    for change in sorted(changes, key=attrgetter("on", "seq")):
        if change.kind == "provisional":
            waiting = change.school if change.school != held else None
            continue
        if waiting is not None and _within(change, waiting):
            if change.kind in EXITS:
                waiting = None
            continue
        if change.kind in ENTRIES:
            held, waiting = change.school, None
        elif change.kind in EXITS:
            held = None
            waiting = None if change.kind == "release" else waiting
        yield change


def _within(change: Change, waiting: str) -> bool:
    """Whether a change belongs to the provisional stay at `waiting`: a move between its classes,
    a pause, a leaving. A release gives the whole record away."""
    if change.school != waiting or change.kind == "release":
        return False
    return change.kind == "class_change" or change.kind not in ENTRIES


def stays(changes: Iterable[Change]) -> tuple[Stay, ...]:
    """The stays that the changes make, in order of time."""
    firm = tuple(counted(changes))
    days = {day: tuple(group) for day, group in groupby(firm, key=attrgetter("on"))}
    found: list[Stay] = []
    for school, segments in groupby(enrolment.timeline(firm), key=attrgetter("school")):
        pieces = tuple(_piece(segment) for segment in segments)
        if school is None:
            continue
        start, end = pieces[0].start, pieces[-1].end
        before = found[-1] if found and found[-1].end == start else None
        implied = before is not None and before.exit == MOVED
        found.append(
            Stay(
                school=school,
                start=start,
                end=end,
                entry=_entry_of(days[start], school),
                came_from=before.school if before is not None and implied else None,
                exit=None if end is None else _exit_of(days[end]),
                went_to=None,
                pieces=pieces,
            )
        )
        if before is not None and implied:
            found[-2] = replace(before, went_to=school)
    return tuple(found)


def _piece(segment: Segment) -> Piece:
    return Piece(segment.start, segment.end, segment.class_code, segment.grade, segment.programme)


def _entry_of(changes: Sequence[Change], school: str) -> str:
    """What began a stay at `school`: a move between classes only where nothing else did."""
    entries = [c.kind for c in changes if c.kind in ENTRIES and c.school == school]
    arrivals = [kind for kind in entries if kind != "class_change"]
    return (arrivals or entries)[-1]


def _exit_of(changes: Sequence[Change]) -> str:
    exits = [change.kind for change in changes if change.kind in EXITS]
    return exits[-1] if exits else MOVED


def transits(changes: Iterable[Change], releases: Sequence[Release]) -> Iterator[Transit]:
    """The days on which the pupil has left for another school and entered none here.

    `releases` are those in force or followed by an acceptance. The papers of a pupil who was
    recorded as transferred out may be released later: that transfer is then the stay's.
    """
    turns = [c for c in counted(changes) if c.kind in ENTRIES or c.kind in EXITS]
    school = ""
    for change, following in zip_longest(turns, turns[1:]):
        if change.kind in ENTRIES:
            school = change.school
        elif change.kind in _TRANSITS and school:
            end = following.on if following is not None else None
            if end is None or change.on < end:
                case = _case(change, releases, turns)
                yield Transit(school, change.on, end, change.kind, case)


def _case(left: Change, releases: Sequence[Release], turns: Sequence[Change]) -> UUID | None:
    if left.kind == "release":
        return next((r.case for r in releases if r.version == left.seq), None)
    with_days = {change.seq for change in turns}
    later = [r for r in releases if r.version > left.seq and r.version not in with_days]
    return later[0].case if later else None


def provisional(changes: Iterable[Change]) -> Iterator[tuple[str, Piece]]:
    """(school, days) of the provisional stays, which count nowhere."""
    known = tuple(changes)
    if not any(change.kind == "provisional" for change in known):
        return
    firm = tuple(counted(known))
    counts = {change.seq for change in firm}
    at = enrolment.timeline(firm)
    waiting = False
    for segment in enrolment.timeline(known):
        began = [change for change in known if change.on == segment.start]
        if began:
            waiting = max(began, key=attrgetter("seq")).seq not in counts
        here = enrolment.on_day(at, segment.start)
        if waiting and segment.school not in (None, here.school if here else None):
            assert segment.school is not None
            yield segment.school, _piece(segment)


def loose_sections(
    sections: Iterable[SectionStay], changes: Sequence[Change]
) -> Iterator[tuple[SectionStay, date, date]]:
    """(section stay, start, end): days in a course section of a school the pupil is not at."""
    segments = enrolment.timeline(changes)
    for stay in sections:
        end = SchoolYear.parse(stay.school_year).end
        end = min(stay.end, end) if stay.end else end
        at = stay.start
        for segment in segments:
            if segment.school != stay.school or at >= end:
                continue
            if segment.start > at:
                yield stay, at, min(segment.start, end)
            at = max(at, segment.end or end)
        if at < end:
            yield stay, at, end


def as_one(records: Iterable[tuple[UUID, Sequence[Stay]]]) -> tuple[tuple[UUID, Stay], ...]:
    """The stays of one pupil who has several records here, each with the record it counts by:
    on each day the record with the smallest id that has the pupil at a school.

    Where the counting passes from one record to another between two schools, the move is implied
    unless a leaving of that day is on record.
    """
    known = sorted(((id, stay) for id, own in records for stay in own), key=_by_record)
    days = sorted({day for _, stay in known for day in (stay.start, stay.end) if day is not None})
    found: list[tuple[UUID, Stay]] = []
    for start, end in zip_longest(days, days[1:]):
        holder = next(((id, stay) for id, stay in known if stay.covers(start)), None)
        if holder is None:
            continue
        record, stay = holder
        piece = _cut(stay, start, end)
        before = found[-1] if found and found[-1][1].end == start else None
        if before is not None and before[1].school == stay.school and before[0] == record:
            found[-1] = (record, _joined(before[1], piece))
            continue
        if before is not None and before[1].school == stay.school:
            # The same school under another record: nobody came or went.
            piece = replace(piece, entry=before[1].entry, came_from=before[1].school)
            found[-1] = (before[0], replace(before[1], exit=MOVED, went_to=stay.school))
        elif before is not None and before[1].exit in (None, MOVED):
            found[-1] = (before[0], replace(before[1], exit=MOVED, went_to=stay.school))
            piece = replace(piece, came_from=before[1].school)
        elif before is not None and (stay.start < start or stay.came_from is not None):
            # Its own beginning was not counted: the pupil comes in where another record left.
            piece = replace(piece, entry="class_change", came_from=None)
        found.append((record, piece))
    return tuple(found)


def _by_record(item: tuple[UUID, Stay]) -> tuple[UUID, date]:
    return item[0], item[1].start


def _cut(stay: Stay, start: date, end: date | None) -> Stay:
    """The part [start, end) of a stay; what cuts it short is no leaving of its own."""
    whole = stay.end == end
    pieces = tuple(
        Piece(
            max(piece.start, start),
            end if piece.end is None or (end is not None and end < piece.end) else piece.end,
            *piece[2:],
        )
        for piece in stay.pieces
        if (piece.end is None or start < piece.end) and (end is None or piece.start < end)
    )
    return replace(
        stay,
        start=start,
        end=end,
        came_from=stay.came_from if stay.start == start else None,
        exit=stay.exit if whole else None,
        went_to=stay.went_to if whole else None,
        pieces=pieces,
    )


def _joined(before: Stay, after: Stay) -> Stay:
    return replace(
        before,
        end=after.end,
        exit=after.exit,
        went_to=after.went_to,
        pieces=(*before.pieces, *after.pieces),
    )
