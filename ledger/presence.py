"""The monthly confirmation of a preschool class: who still comes, who was last seen when.

Small children arrive all through the year and stop coming without a word (letters L3, L5). Once a
month the teachers go through the list: a child came, or did not and was last seen on a day; one
that has stopped coming for good leaves from a day on ("nghỉ hẳn từ ngày …").
"""

import calendar
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from ledger import enrolment, ids, pupil
from ledger.batch import Batch, Line
from ledger.codes import PRESCHOOL_GROUPS
from ledger.enrolment import Segment
from ledger.errors import Refused
from ledger.event import Event, StreamKind
from ledger.events.pupil import PresenceConfirmed
from ledger.events.school_class import MonthConfirmed
from ledger.pupil import ChangeStatus, Month, Pupil
from ledger.reader import Reader
from ledger.registration import pupil_ref, unknown_pupil
from ledger.school_class import SchoolClass
from ledger.structure import require_class

_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
UNSEEN_DAYS = 30
"""After this many days without being seen a child is to be asked after."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfirmPresence:
    """A line of presence: whether the child came in `month` (YYYY-MM).

    `last_seen_on` is the last day it came where that is known; `left_on` the first day from
    which it comes no more.
    """

    pupil: UUID
    class_code: str
    month: str
    present: bool
    effective_on: date
    last_seen_on: date | None
    left_on: date | None


def confirm_presence(reader: Reader, batch: Batch, lines: Sequence[Line[ConfirmPresence]]) -> None:
    """Records the confirmations, and one for each class and month of the batch of which
    something was new."""
    states = reader.pupils(line.command.pupil for line in lines)
    classes = reader.classes({line.command.class_code for line in lines})
    confirmed: dict[tuple[str, str], list[ConfirmPresence]] = {}
    for line in lines:
        command = line.command
        try:
            state = states[command.pupil]
            if state is None:
                raise unknown_pupil()
            school_class = require_class(classes, command.class_code)
            events = decide_presence(state, command, school_class)
        except Refused as refused:
            batch.reject(line, refused)
            continue
        for offset, event in enumerate(events, 1):
            version = len(state.changes) + offset + 1_000_000
            states[command.pupil] = pupil.evolve(states[command.pupil], event, version)
        if events:
            confirmed.setdefault((command.class_code, command.month), []).append(command)
        batch.accept(line, [(pupil_ref(reader, command.pupil), events)])
    for (code, month), told in confirmed.items():
        present = sum(command.present for command in told)
        ref = reader.ref(ids.class_stream(reader.ledger, code), StreamKind.CLASS)
        month_confirmed = MonthConfirmed(
            effective_on=max(command.effective_on for command in told),
            month=month,
            present=present,
            absent=len(told) - present,
        )
        batch.plan.add(ref, [month_confirmed])


def decide_presence(
    state: Pupil, command: ConfirmPresence, school_class: SchoolClass
) -> list[Event]:
    """The entries for a line: the confirmation, and the leaving where one is named; nothing
    where both are on record.

    Raises:
        Refused: `pupil_released`, `bad_month`, `dates_contradict`, `not_in_class`; of the
            leaving: `not_enrolled`.
    """
    pupil.require_custody(state)
    _require_order(command)
    month = Month(
        month=command.month,
        class_code=command.class_code,
        present=command.present,
        last_seen_on=command.last_seen_on,
    )
    events: list[Event] = []
    if month not in state.months:
        if command.class_code not in _sat_in(state.segments, command.month):
            raise Refused(
                "not_in_class",
                f"the pupil is not in class {command.class_code} in {command.month}",
                field="class_code",
                suggestion="mend class or month, or enrol the pupil first",
            )
        events.append(
            PresenceConfirmed(
                effective_on=command.effective_on,
                class_code=command.class_code,
                month=command.month,
                present=command.present,
                last_seen_on=command.last_seen_on,
            )
        )
    if command.left_on is not None:
        here = enrolment.on_day(state.segments, command.left_on)
        in_class = here is not None and here.class_code == command.class_code
        leaving = ChangeStatus(
            kind="leave",
            school_code=(here.school if here and in_class else None) or school_class.school_code,
            effective_on=command.left_on,
        )
        events += pupil.decide_status(state, leaving)
    return events


def _require_order(command: ConfirmPresence) -> None:
    """Refuses a month that is none, or days that cannot be."""
    first, last = _days_of(command.month)
    seen = command.last_seen_on
    if command.effective_on < first:
        column, what = "effective_on", "the month had not begun on the day of the confirmation"
    elif seen is not None and seen > min(command.effective_on, last):
        column, what = "last_seen_on", "the child was seen after the month or the confirmation"
    elif seen is not None and command.left_on is not None and seen >= command.left_on:
        column, what = "left_on", "the child was seen on or after the day of its leaving"
    else:
        return
    raise Refused("dates_contradict", what, field=column, suggestion="compare the three days")


def _days_of(month: str) -> tuple[date, date]:
    """The first and the last day of a month YYYY-MM. Raises Refused(`bad_month`)."""
    wrong = Refused("bad_month", "a month is written YYYY-MM", field="month", suggestion="2024-10")
    if not _MONTH.fullmatch(month):
        raise wrong
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise wrong from None
    return first, first.replace(day=calendar.monthrange(first.year, first.month)[1])


def month_before(day: date) -> str:
    """The month (YYYY-MM) before the one of `day`: the newest that should be confirmed by then."""
    return (day.replace(day=1) - timedelta(days=1)).isoformat()[:7]


def _sat_in(segments: Iterable[Segment], month: str) -> dict[str, int]:
    """Classes on whose list the pupil stood on a day of the month, each with the grade."""
    first, last = _days_of(month)
    return {
        segment.class_code: segment.grade
        for segment in segments
        if segment.class_code is not None
        and segment.on_class_list
        and segment.start <= last
        and (segment.end is None or first < segment.end)
    }


def unconfirmed(state: Pupil, segments: Iterable[Segment], month: str) -> tuple[str, ...]:
    """The preschool classes in which the child stood in `month` (YYYY-MM) and nobody said whether
    it came."""
    told = {known.class_code for known in state.months if known.month == month}
    sat_in = _sat_in(segments, month)
    return tuple(code for code, grade in sat_in.items() if _small(grade) and code not in told)


def last_seen(state: Pupil, segments: Iterable[Segment], day: date) -> date | None:
    """The last day up to `day` on which the child is known to have come: a day that was named,
    the end of a month in which it came, else the first day in the present class. None where it
    sits in no preschool class on `day`."""
    here = enrolment.on_day(segments, day)
    if here is None or here.class_code is None or not _small(here.grade):
        return None
    days = [here.entered_on]
    for known in state.months:
        first, last = _days_of(known.month)
        if first > day:
            continue
        if known.last_seen_on is not None:
            days.append(min(known.last_seen_on, day))
        elif known.present:
            days.append(min(last, day))
    return max(days)


def long_unseen(
    state: Pupil, segments: Iterable[Segment], day: date, *, days: int = UNSEEN_DAYS
) -> date | None:
    """Since when a child still on the list has not been seen, where its newest confirmation up to
    `day` says that it did not come and at least `days` days have passed; else None."""
    told = [known for known in state.months if _days_of(known.month)[0] <= day]
    newest = max(told, key=lambda known: known.month, default=None)
    seen = last_seen(state, segments, day)
    if newest is None or newest.present or seen is None or (day - seen).days < days:
        return None
    return seen


def _small(grade: int) -> bool:
    return grade in PRESCHOOL_GROUPS
