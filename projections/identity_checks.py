"""What the population database answered about pupils and staff, by two dates.

    part      a row says: from effective_from to effective_to …
    pupil     the pupil's identity stands at `status`
    staff     the member of staff `code` belongs to `unit`, at `level`, and stands at `status`
    conflict  (from ever) `status` is what is wrong with a pupil's numbers, `other` whose they are

A pupil without a row was never checked. Of two answers the later day's counts, of one day the
later entry's. Nothing personal stands here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from typing import Any, TypeVar

import sqlalchemy as sa

from ledger.event import StreamKind
from ledger.events.pupil import (
    ConfirmedDistinct,
    IdentityChecked,
    IdentityConflictFound,
    PupilRegistered,
)
from ledger.events.staff import StaffChanged, StaffIdentityChecked, StaffRegistered
from ledger.folds import evolve
from ledger.log import Entry
from ledger.pupil import Pupil
from projections.projection import Projection, Row
from projections.tables import table

IDENTITY = table(
    "identity_checks",
    sa.Column("part", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("code", sa.Text),
    sa.Column("unit", sa.Text),
    sa.Column("level", sa.Text),
    sa.Column("other", sa.Uuid),
    sa.Column("effective_from", sa.Date, nullable=False),
    sa.Column("effective_to", sa.Date),
)

UNCHECKED = "unchecked"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Dated:
    """What was said of a person, each thing with its day, in the order of those days."""

    pupil: Pupil | None = None
    checks: tuple[tuple[date, str], ...] = ()
    places: tuple[tuple[date, tuple[str | None, str | None]], ...] = ()
    code: str | None = None


class IdentityChecks(Projection):
    """Identity status of pupils and staff, conflicts of numbers."""

    name = "identity_checks"
    version = 1
    form = IDENTITY
    indexes = (("part",),)
    events = (
        PupilRegistered,
        IdentityChecked,
        IdentityConflictFound,
        ConfirmedDistinct,
        StaffRegistered,
        StaffChanged,
        StaffIdentityChecked,
    )

    def fold(self, state: _Dated | None, entry: Entry) -> _Dated:
        """The person after `entry`, with every answer and its day."""
        known = state or _Dated()
        event = entry.event
        pupil = known.pupil
        if entry.stream.kind is StreamKind.PUPIL:
            folded = evolve(StreamKind.PUPIL, pupil, event, entry.version)
            assert isinstance(folded, Pupil)
            pupil = folded
        checks, places, code = known.checks, known.places, known.code
        if isinstance(event, IdentityChecked | StaffIdentityChecked):
            checks = _dated(checks, (event.effective_on, event.status))
        elif isinstance(event, StaffRegistered | StaffChanged):
            places = _dated(places, (event.effective_on, (event.unit_code, event.level)))
        if isinstance(event, StaffRegistered):
            code = event.code
        return _Dated(pupil, checks, places, code)

    def rows(self, state: Any) -> Iterable[Row]:
        """The stretches between two answers (or two places), and the conflicts."""
        assert isinstance(state, _Dated)
        if state.pupil is None:
            yield from _staff_rows(state)
            return
        for start, end in _stretches([day for day, _ in state.checks]):
            status = _held(state.checks, start, UNCHECKED)
            yield ("pupil", status, None, None, None, None, start, end)
        settled = set(state.pupil.distinct)
        for code, other in dict.fromkeys(state.pupil.conflicts):
            if other is None or other not in settled:
                yield ("conflict", code, None, None, None, other, date.min, None)


def _staff_rows(state: _Dated) -> Iterator[Row]:
    first = state.places[0][0]
    days = [day for day, _ in (*state.places, *state.checks) if day >= first]
    for start, end in _stretches(days):
        unit, level = _held(state.places, start, (None, None))
        status = _held(state.checks, start, UNCHECKED)
        yield ("staff", status, state.code, unit, level, None, start, end)


def _dated(known: tuple[tuple[date, T], ...], new: tuple[date, T]) -> tuple[tuple[date, T], ...]:
    """With the new one at its day; of one day the later entry holds."""
    others = [one for one in known if one[0] != new[0]]
    return tuple(sorted([*others, new], key=lambda one: one[0]))


def _held(known: tuple[tuple[date, T], ...], day: date, otherwise: T) -> T:
    held = [what for since, what in known if since <= day]
    return held[-1] if held else otherwise


def _stretches(days: list[date]) -> Iterator[tuple[date, date | None]]:
    starts = sorted(set(days))
    return zip_longest(starts, starts[1:])
