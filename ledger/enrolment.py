"""A pupil's time line: from the changes on record to the days they hold.

Pure. Each change has its own date; the later date decides, and on one day the later entry. The
result is a row of half-open segments [start, end) in which nothing about the stay changes, so a
question about any day has one answer.

So a pupil is at one school on every day, also where a second school enrolled the pupil and the
first never recorded a leaving: the later entry's school counts, from its first day on. The
overlap is flagged when it is entered (`two_schools_at_once`), it is never counted twice.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import cache
from itertools import zip_longest
from operator import attrgetter
from typing import Final, NamedTuple

from ledger.event import Frozen
from ledger.school_year import Period, SchoolYear, TermCalendar, period

ENTRIES: Final = frozenset(
    {"start", "mid_year", "transfer_in", "return", "intake", "class_change", "provisional"}
)
EXITS: Final = frozenset(
    {"leave", "withdraw", "transfer_out", "abroad", "complete", "deceased", "release"}
)

ARRIVALS: Final = ENTRIES - {"class_change"}
"""Entries that begin attending a school; a move between classes does not."""


class Change(Frozen):
    """One dated change of a pupil's stay; `seq` is its entry's version in the pupil's stream."""

    on: date
    seq: int
    kind: str
    school: str
    class_code: str | None
    school_year: str
    grade: int
    programme: str


class SectionStay(Frozen):
    """A stay in a course section from `start` until `end` (exclusive; None: open)."""

    start: date
    end: date | None
    school: str
    class_code: str
    school_year: str


class Segment(NamedTuple):
    """Days [start, end) on which nothing about the stay changes.

    Derived, never stored: a plain tuple, because a class's sheet makes some hundred of them.

    `school` is None where the pupil is enrolled nowhere here; `class_code` is None between
    classes (in summer, say). `entered_on` and `entry_kind` speak of the present stay in the
    class; `change_kind` is the last change within the school year ("none" if there was none).
    """

    start: date
    end: date | None
    school: str | None
    class_code: str | None
    school_year: str
    grade: int
    programme: str
    entered_on: date
    entry_kind: str
    change_kind: str
    change_on: date
    suspended: bool
    provisional: bool
    in_transit: bool

    def covers(self, day: date) -> bool:
        """Whether `day` lies in the segment."""
        return self.start <= day and (self.end is None or day < self.end)

    @property
    def on_class_list(self) -> bool:
        """Whether the pupil stands on the list of `class_code` in these days."""
        return self.class_code is not None and not self.suspended


def timeline(changes: Iterable[Change]) -> tuple[Segment, ...]:
    """The segments that the changes make, in order of time, without gaps after the first."""
    segments: list[Segment] = []
    uncut = list(_uncut(changes))
    for segment, following in zip_longest(uncut, uncut[1:]):
        if following is None:
            segments.extend(_cut_by_school_years(segment, None))
        elif segment.start < following.start:
            segments.extend(_cut_by_school_years(segment, following.start))
    return tuple(segments)


def class_on(changes: Iterable[Change], day: date) -> str | None:
    """The class on whose list the time line has the pupil on `day`.

    The last coming or going sets all of that anew: only it and the pauses after it are applied,
    because a class's sheet asks this of every pupil, with all the years behind them.
    """
    known = sorted((c for c in changes if c.on <= day), key=attrgetter("on", "seq"))
    first = len(known)
    while first > 0:
        first -= 1
        if known[first].kind in ENTRIES or known[first].kind in EXITS:
            break
    segment = None
    for change in known[first:]:
        segment = _apply(segment, change)
    held = on_day(_cut_by_school_years(segment, None), day) if segment else None
    return held.class_code if held is not None and held.on_class_list else None


def _uncut(changes: Iterable[Change]) -> Iterator[Segment]:
    """What each change begins, in order of time; it holds until the next one begins."""
    before = None
    for change in sorted(changes, key=attrgetter("on", "seq")):
        before = _apply(before, change)
        yield before


def _apply(before: Segment | None, change: Change) -> Segment:
    """The segment that begins with `change`."""
    entry = change.kind in ENTRIES
    if not entry and change.kind not in EXITS and before is not None:
        # In a new school year there is no class left to be paused in or to return to.
        over = before.class_code is not None and change.on >= _end_of(before.school_year)
        return before._replace(
            start=change.on,
            end=None,
            class_code=None if over else before.class_code,
            suspended=change.kind == "suspend",
            change_kind=change.kind,
            change_on=change.on,
        )
    same_stay = before is not None and (not entry or _same_class(before, change))
    # By place, in the order of the fields: naming them takes twice as long, and every sheet
    # walks through all changes of all its pupils.
    return Segment(
        change.on,
        None,
        change.school if entry else None,
        change.class_code if entry else None,
        change.school_year,
        change.grade,
        change.programme,
        before.entered_on if before and same_stay else change.on,
        change.kind if entry or before is None else before.entry_kind,
        change.kind,
        change.on,
        False,
        change.kind == "provisional",
        change.kind == "release",
    )


def _same_class(before: Segment, change: Change) -> bool:
    """A change that leaves the pupil in the class already held does not begin a new stay."""
    return (
        before.class_code is not None
        and before.class_code == change.class_code
        and before.school == change.school
    )


def _cut_by_school_years(segment: Segment, end: date | None) -> list[Segment]:
    """`segment` up to `end`, cut where its school year ends: the class is over, the school not."""
    year_end = _end_after(segment.change_on)
    if segment.class_code is not None:
        year_end = min(year_end, _end_of(segment.school_year))
    if segment.change_kind == "none" and segment.class_code is None:
        return [_until(segment, end)]
    if segment.start >= year_end or (end is not None and end <= year_end):
        return [_until(segment, end)]
    summer_over = segment._replace(start=year_end, end=end, class_code=None, change_kind="none")
    return [_until(segment, year_end), summer_over]


def _until(segment: Segment, end: date | None) -> Segment:
    # Three times as quick as _replace, and called for every change of ten years.
    return Segment(segment.start, end, *segment[2:])


@cache
def _end_of(school_year: str) -> date:
    return SchoolYear.parse(school_year).end


@cache
def _end_after(day: date) -> date:
    return SchoolYear.of(day).end


def on_day(segments: Iterable[Segment], day: date) -> Segment | None:
    """The segment that covers `day`."""
    return next((segment for segment in segments if segment.covers(day)), None)


def section_days(
    stay: SectionStay, segments: Iterable[Segment]
) -> tuple[tuple[date, date | None], ...]:
    """The days of a section stay on which the pupil is at its school and not suspended."""
    last = _end_of(stay.school_year)
    stay_end = min(stay.end, last) if stay.end else last
    days: list[tuple[date, date | None]] = []
    for segment in segments:
        if segment.school != stay.school or segment.suspended:
            continue
        start = max(stay.start, segment.start)
        end = stay_end if segment.end is None else min(stay_end, segment.end)
        if start >= end:
            continue
        if days and days[-1][1] == start:
            days[-1] = (days[-1][0], end)
        else:
            days.append((start, end))
    return tuple(days)


def day_after(last_day: date) -> date:
    """The first day after an inclusive last day."""
    return last_day + timedelta(days=1)


def entered_period(kind: str, on: date, calendar: TermCalendar | None = None) -> Period | None:
    """The period in which a pupil began to attend: "HK2" is what schools call "đi học từ học kỳ
    2" (letter L5). None for a move between classes, which begins nothing.

    `calendar` is the province's of the school year of `on` (default: the contract's dates).
    """
    return period(on, calendar) if kind in ARRIVALS else None
