"""What about an entry should be looked at by whoever inspects (users, U16).

after_closing            it changed a term or year that is, or once was, closed
threshold                a standing average, level, outcome or title crossed a threshold by it
typed_by_other           the account is not that of the teacher who answers for the entry
late                     it was recorded more than N days after the day from which it counts
result_changed           it was late, and changed a result
proposed_after_transfer  it is a proposal to whoever has custody now
resubmitted              the report had been handed in before
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from ledger.event import Event
from ledger.events.pupil import (
    IdentifierAssigned,
    IdentifierRestated,
    PupilDetailsChanged,
    PupilRegistered,
)
from ledger.events.pupil_year import (
    AbsencesCounted,
    AssessmentAdapted,
    ConductAssessed,
    ElectivesChosen,
    MarkCorrected,
    MarkEntered,
    PaperResultTaken,
    PaperYearOpened,
    PeriodClosed,
    PeriodReopened,
    Proposed,
    PupilYearOpened,
    QualityAssessed,
    SubjectExempted,
    YearDecision,
)
from ledger.events.unit import ReportSubmitted
from ledger.identifiers import SINCE_EVER
from ledger.identity_check import VIETNAM
from ledger.log import Entry
from projections.audit.results import ResultChange

FLAGS = (
    *("after_closing", "threshold", "typed_by_other", "late", "result_changed"),
    *("proposed_after_transfer", "resubmitted"),
)
LATE_AFTER = 30
"""Days after which an entry is late where nobody says another number."""

_UNDATED = (
    *(PupilRegistered, PupilDetailsChanged, IdentifierAssigned, IdentifierRestated),
    *(PupilYearOpened, PaperYearOpened),
)
"""Facts whose day says nothing of when they could have been recorded."""
_AFTERWARDS = frozenset({"promote", "retain", "reassess", "summer_training", "placement"})
"""Decisions that are made because a year was closed, not against it."""
_FIRST_TERM = frozenset({"GK1", "CK1", "KT_GK1", "KT_CK1"})


@dataclass(slots=True)
class Closed:
    """The periods of a pupil's years that were ever closed, by school year."""

    _periods: dict[str, set[str]] = field(default_factory=dict)

    def note(self, school_year: str, event: Event) -> None:
        """Remembers a closing; a reopening forgets nothing."""
        if isinstance(event, PeriodClosed):
            self._periods.setdefault(school_year, set()).add(event.period)

    def touched(self, school_year: str, event: Event) -> bool:
        """Whether `event` changes a period that was closed before it."""
        closed = self._periods.get(school_year)
        return bool(closed and closed & periods_changed(event))


def periods_changed(event: Event) -> frozenset[str]:
    """The periods whose results the entry is part of: the year, and the term where it says one."""
    match event:
        case MarkEntered() | MarkCorrected():
            return _with_year(_term_of(event.semester, event.slot))
        case PaperResultTaken():
            return _with_year(f"HK{event.semester}" if event.semester in ("1", "2") else None)
        case ConductAssessed() | AbsencesCounted() | SubjectExempted() | PeriodReopened():
            return _with_year(event.period)
        case QualityAssessed():
            return _with_year(_term_of(0, event.time))
        case AssessmentAdapted() | ElectivesChosen():
            return _with_year(None)
        case YearDecision() if event.kind not in _AFTERWARDS:
            return _with_year(None)
        case _:
            return frozenset()


def _term_of(semester: int, slot: str) -> str | None:
    if semester:
        return f"HK{semester}"
    return "HK1" if slot in _FIRST_TERM else None


def _with_year(period: str | None) -> frozenset[str]:
    return frozenset({"CN", period} if period else {"CN"})


def days_late(entry: Entry) -> int | None:
    """Days from the day on which the entry counts to the one on which its author recorded it;
    None where its day says nothing of that."""
    event = entry.event
    if isinstance(event, _UNDATED) or event.effective_on == SINCE_EVER:
        return None
    return max(0, (recorded_day(entry) - event.effective_on).days)


def recorded_day(entry: Entry) -> date:
    """The day, in Vietnam, on which the entry's author recorded it."""
    instant = entry.origin.recorded_at if entry.origin else entry.recorded_at
    return instant.astimezone(VIETNAM).date()


def typed_by_other(entry: Entry, accounts: Mapping[str, frozenset[str]]) -> bool:
    """Whether another account than one of the responsible teacher's recorded a native entry.

    `accounts` are the names of the accounts of each member of staff. Who holds which account of
    another ledger is not known here.
    """
    who = entry.envelope.who
    if entry.origin is not None or who.on_behalf_of is None:
        return False
    return who.recorded_by not in accounts.get(who.on_behalf_of, frozenset())


def flags_of(
    entry: Entry,
    *,
    after_closing: bool,
    results: Sequence[ResultChange],
    accounts: Mapping[str, frozenset[str]],
    late_after: int,
) -> list[str]:
    """The flags of an entry, in the order of `FLAGS`."""
    days, event = days_late(entry), entry.event
    late = days is not None and days > late_after
    held = {
        "after_closing": after_closing,
        "threshold": any(change.crossed for change in results),
        "typed_by_other": typed_by_other(entry, accounts),
        "late": late,
        "result_changed": late and bool(results),
        "proposed_after_transfer": isinstance(event, Proposed),
        "resubmitted": isinstance(event, ReportSubmitted) and event.replaces > 0,
    }
    return [name for name in FLAGS if held[name]]
