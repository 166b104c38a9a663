"""Batches about pupils' years: one line, one year; what is decided stands in `year_commands`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from ledger import enrolment, pupil, pupil_year
from ledger.assessment.reading import Reading, default_reading
from ledger.assessment.regime import Regulation
from ledger.batch import Batch, Line
from ledger.errors import Refused
from ledger.event import Event
from ledger.gradebook import keep_as_proposal, offered_year, without_closings
from ledger.pupil import Pupil
from ledger.pupil_year import PupilYear
from ledger.reader import Reader
from ledger.registration import unknown_pupil, year_ref
from ledger.year_record import YearRecord, assess


@dataclass(frozen=True, kw_only=True, slots=True)
class YearLine:
    """A line about one pupil's school year, to be decided by `decide` on that year's state.

    `decide` gets the state with `school` the one the pupil is at on the day `on`, and the year's
    results of that day where `needs_results`; it returns the entries or raises Refused.
    `proposable` lines of a released pupil become proposals.
    """

    pupil: UUID
    school_year: str
    decide: Callable[[PupilYear, YearRecord | None], list[Event]]
    needs_results: bool = False
    proposable: bool = False
    on: date


def write_years(reader: Reader, batch: Batch, lines: Sequence[Line[YearLine]]) -> None:
    """Corrections, comments, conduct, absences, closings and decisions: one line, one year."""
    pupils = reader.pupils({line.command.pupil for line in lines})
    asked = [((line.command.pupil, line.command.school_year), line.command) for line in lines]
    years = reader.years({key for key, _ in asked}, columns=())
    # Results are computed from the entries; only what is decided without them looks at slots.
    years |= reader.years({key for key, command in asked if not command.needs_results})
    pending: dict[tuple[UUID, str], list[tuple[int, Event]]] = {}
    offering: set[tuple[UUID, str]] = set()
    for line in lines:
        command = line.command
        key = (command.pupil, command.school_year)
        try:
            found, year = pupils[command.pupil], years[key]
            if found is None:
                raise unknown_pupil()
            if year is None:
                raise Refused(
                    "not_enrolled",
                    f"the pupil has no enrolment in {command.school_year} here",
                    field="school_year",
                )
            released = found.released is not None
            if released and not command.proposable:
                pupil.require_custody(found)
            if released and key not in offering:
                offering.add(key)
                years[key] = year = offered_year(reader, found, reader.years([key])[key] or year)
            results = None
            if command.needs_results:
                parts = reader.contributions_on(
                    *(found, command.school_year, command.on),
                    pending=pending.get(key, ()),
                    offered=released,
                )
                results = assess(parts, on=command.on, reading=_reading(reader, year))
            here = _at_school(year, found, command.on)
            # Whoever has custody decides whether a closed period takes what is proposed.
            state = without_closings(here) if released and results is None else here
            events = command.decide(state, results)
        except Refused as refused:
            batch.reject(line, refused)
            continue
        ref = year_ref(reader, *key)
        waiting = pending.setdefault(key, [])
        for version, event in enumerate(events, reader.track(ref) + len(waiting) + 1):
            years[key] = year = pupil_year.evolve(year, event, version)
            waiting.append((version, event))
        if released:
            keep_as_proposal(reader, batch, line, year, events)
        else:
            batch.accept(line, [(ref, events)])


def _reading(reader: Reader, year: PupilYear) -> Reading:
    """The reading this ledger follows in that year, for a closing to state."""
    regulation = Regulation(year.regulation)
    default = default_reading(regulation)
    chosen = reader.settings().rules_for(regulation, year.school_year)
    if chosen is None:
        return default
    return Reading(chosen.strategy or default.strategy, chosen.subjects_at)


def _at_school(year: PupilYear, whom: Pupil, on: date) -> PupilYear:
    """The year with the school of that day: a pupil may have moved within the year."""
    here = enrolment.on_day(whom.segments, on)
    if here is None or here.school is None or here.school == year.school:
        return year
    return year.model_copy(update={"school": here.school})
