"""Where a pupil was in a school year, from this ledger's own record."""

from dataclasses import dataclass
from datetime import date, timedelta

from ledger import enrolment
from ledger.enrolment import ENTRIES
from ledger.pupil import Pupil
from ledger.school_year import SchoolYear


@dataclass(frozen=True, slots=True)
class LastStay:
    """The last stay at a school in a year: the homeroom class held last, and the last day
    (inclusive, not after the day asked about)."""

    school: str
    class_code: str | None
    last_day: date


def last_stay(
    pupil: Pupil, year: SchoolYear, on: date, school: str | None = None
) -> LastStay | None:
    """The last stay in `year` as it holds on `on`: at `school`, or wherever it was.

    None where the pupil was not (yet) at such a school; a provisional stay is none.
    """
    found: LastStay | None = None
    for segment in enrolment.timeline(change for change in pupil.changes if change.on <= on):
        end = min(segment.end or year.end, year.end)
        outside = segment.start >= year.end or end <= year.start or segment.start > on
        if outside or segment.school is None or segment.provisional:
            continue
        if segment.school_year != year.label or (school and segment.school != school):
            continue
        kept = found.class_code if found and found.school == segment.school else None
        last = min(end - timedelta(days=1), on)
        found = LastStay(segment.school, segment.class_code or kept, last)
    return found


def arrivals(pupil: Pupil) -> frozenset[date]:
    """The days on which the pupil came from another school."""
    return frozenset(change.on for change in pupil.changes if change.kind == "transfer_in")


def comes_later(pupil: Pupil, school: str, year: str, on: date) -> bool:
    """Whether a coming to `school` in that year is on record that counts after `on`."""
    return any(
        change.kind in ENTRIES and (change.school, change.school_year) == (school, year)
        for change in pupil.changes
        if change.on > on
    )
