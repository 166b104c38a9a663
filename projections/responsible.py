"""Which entries a difference between two transcripts comes from.

Those that count on one side only and speak of the field. Many entries may lead to one figure and
one entry to many, so this is what an auditor has to look at, not a proof of cause.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ledger.events.pupil import (
    ChangeRetracted,
    CustodyRuled,
    PapersAccepted,
    PupilDetailsChanged,
    PupilEnrolled,
    PupilLinked,
    PupilRegistered,
    PupilStatusChanged,
    PupilUnlinked,
    Released,
    ReleaseUndone,
    SupplementDecided,
    TransferAccepted,
)
from ledger.events.pupil_year import (
    AbsencesCounted,
    AssessmentAdapted,
    CommentWritten,
    ConductAssessed,
    ElectivesChosen,
    ExchangeRecordSent,
    MentionRecorded,
    PaperResultTaken,
    PeriodClosed,
    PeriodReopened,
    Proposed,
    QualityAssessed,
    YearDecision,
)
from ledger.log import Entry

_UNDATED = (
    *(PupilRegistered, PupilDetailsChanged, PupilLinked, PupilUnlinked),
    *(Released, ReleaseUndone, CustodyRuled, TransferAccepted, PapersAccepted),
    SupplementDecided,
)
"""Entries that count from their position on, whatever their day."""
_PROFILE = (PupilRegistered, PupilDetailsChanged)
_STAYS = (
    *(PupilEnrolled, PupilStatusChanged, ChangeRetracted),
    *(Released, ReleaseUndone, CustodyRuled, PapersAccepted),
)
_HISTORY = (TransferAccepted, SupplementDecided, PupilLinked, PupilUnlinked)
"""Entries by which years of other records come to count, or cease to."""
_OF_ANY_SUBJECT = (AssessmentAdapted, ElectivesChosen)
_WITHOUT_RESULT = (CommentWritten, ExchangeRecordSent, Proposed, MentionRecorded)
_SPEAK_OF = {
    "conduct": (ConductAssessed, YearDecision, PaperResultTaken),
    "absences": (AbsencesCounted, PaperResultTaken),
    "qualities": (QualityAssessed,),
    "mentions": (MentionRecorded,),
    "strategy": (PeriodClosed, PeriodReopened),
}


@dataclass(frozen=True, slots=True)
class Counted:
    """One side of a comparison: what counts on a day, in a prefix of `size` entries."""

    on: date
    size: int

    def counts(self, entry: Entry) -> bool:
        """Whether the entry counts on this side."""
        dated = entry.event.effective_on <= self.on or isinstance(entry.event, _UNDATED)
        return entry.position < self.size and dated


def responsible_for(path: Sequence[str], one_sided: Sequence[Entry]) -> list[dict[str, Any]]:
    """The entries, among those that count on one side only, that speak of the field; where none
    does, all those of its year."""
    named = [entry for entry in one_sided if _speaks_of(entry, path)]
    if not named and path[0] == "years":
        named = [entry for entry in one_sided if _of_year(entry, path[1:2])]
    return [
        {
            "position": entry.position,
            "type": entry.envelope.topic.split(".")[1],
            "effective_on": entry.event.effective_on.isoformat(),
            "recorded_by": entry.envelope.who.recorded_by,
            "on_behalf_of": entry.envelope.who.on_behalf_of,
        }
        for entry in named
    ]


def _of_year(entry: Entry, label: Sequence[str]) -> bool:
    return entry.stream.school_year in label and not isinstance(entry.event, _WITHOUT_RESULT)


def _speaks_of(entry: Entry, path: Sequence[str]) -> bool:
    event = entry.event
    if path[0] == "profile":
        return isinstance(event, _PROFILE)
    field = path[2] if len(path) > 2 else ""
    if isinstance(event, _HISTORY):
        return True
    if field == "schools":
        return isinstance(event, _STAYS)
    if entry.stream.school_year not in path[1:2]:
        return False
    if field == "subjects":
        return _is_about(entry, path[3]) if len(path) > 3 else _of_year(entry, path[1:2])
    if field in _SPEAK_OF:
        return isinstance(event, _SPEAK_OF[field])
    return not isinstance(event, _WITHOUT_RESULT)


def _is_about(entry: Entry, subject: str) -> bool:
    """Whether the entry is about the subject, or a decision about every one."""
    event = entry.event
    if isinstance(event, _OF_ANY_SUBJECT):
        return True
    stated = getattr(event, "subject", None)
    if isinstance(event, YearDecision) and stated is None:
        return event.kind == "missing_term"
    return stated == subject and not isinstance(event, _WITHOUT_RESULT)
