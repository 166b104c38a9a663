"""What a proposal would change, and what stands against it: for whoever decides.

Marks of two ledgers never share a slot, so a mark of the custodian's own is no conflict. A conflict
does not forbid: it is shown, and a person decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ledger import contribution as parts_of
from ledger.contribution import Contribution
from ledger.event import Event
from ledger.events.pupil_year import (
    AbsencesCounted,
    AssessmentAdapted,
    CommentWritten,
    ConductAssessed,
    ElectivesChosen,
    MarkCorrected,
    MarkEntered,
    MentionRecorded,
    PeriodClosed,
    QualityAssessed,
    SubjectExempted,
    YearDecision,
)
from ledger.pupil_year import PupilYear

Mark = MarkEntered | MarkCorrected


@dataclass(frozen=True, slots=True)
class Effect:
    """`what` names the fact (mark HK1/TX5, conduct HK1 …); `before` and `after` are its values;
    `conflict` is a code, None where nothing stands against it."""

    subject: str | None
    what: str
    before: Any
    after: Any
    conflict: str | None


def effect_of(event: Event, author: PupilYear, others: Sequence[Contribution]) -> Effect:
    """What `event` would change in the year of its author, as it counts now, beside what `others`
    wrote of the year."""
    match event:
        case MarkEntered() | MarkCorrected():
            return _of_mark(event, author, others)
        case ConductAssessed():
            return _assessed(author, others, "conduct", f"conduct {event.period}", event.level)
        case QualityAssessed():
            what = f"quality {event.item}/{event.time}"
            return _assessed(author, others, "qualities", what, event.level)
        case AbsencesCounted():
            held = author.absences.get(f"{event.period}/{event.school_code or ''}")
            before = held.value if held else None
            after = f"{event.excused}/{event.unexcused}"
            conflict = _differs(before, after, "already_counted")
            return Effect(None, f"absences {event.period}", before, after, conflict)
        case CommentWritten():
            written = f"{event.subject or ''}/{event.time}" in author.comments
            conflict = "already_written" if written else None
            return Effect(event.subject, f"comment {event.time}", None, None, conflict)
        case PeriodClosed():
            return _of_closing(event, author, others)
        case _:
            return _of_circumstance(event, author)


def _of_mark(event: Mark, author: PupilYear, others: Sequence[Contribution]) -> Effect:
    held = author.slots.get((event.subject, event.semester, event.slot))
    before = held.value if held else None
    conflict = None
    if isinstance(event, MarkCorrected):
        if held is None:
            conflict = "slot_empty"
        elif before != event.old_value:
            conflict = "old_value_differs"
    elif held is not None:
        same = (held.value, held.tested_on) == (event.value, event.effective_on)
        conflict = "already_there" if same else "slot_taken"
    term = f"HK{event.semester}" if event.semester else "CN"
    if conflict is None and {term, "CN"} & _closed(author, others):
        conflict = "period_closed"
    kind = "mark" if isinstance(event, MarkEntered) else "correction"
    where = f"{term}/{event.slot}" if event.semester else event.slot
    return Effect(event.subject, f"{kind} {where}", before, event.value, conflict)


def _closed(author: PupilYear, others: Sequence[Contribution]) -> frozenset[str]:
    return author.closed | parts_of.closings(others).keys()


def _assessed(
    author: PupilYear, others: Sequence[Contribution], field: str, what: str, after: str
) -> Effect:
    """A level of a period or time: whoever assessed it before."""
    key = what.split(" ", 1)[1]
    held = getattr(author, field).get(key)
    before = held.value if held else parts_of.last(others, field, key)
    return Effect(None, what, before, after, _differs(before, after, "already_assessed"))


def _differs(before: str | None, after: str, code: str) -> str | None:
    if before is None:
        return None
    return "already_there" if before == after else code


def _of_closing(event: PeriodClosed, author: PupilYear, others: Sequence[Contribution]) -> Effect:
    held = [one for one in author.closings if one.period == event.period]
    known = held[-1] if held else parts_of.closings(others).get(event.period)
    before = {"study": known.study, "conduct": known.conduct} if known else None
    after = {"study": event.study, "conduct": event.conduct, "results": event.results}
    conflict = "already_closed" if known else None
    return Effect(None, f"closing {event.period}", before, after, conflict)


def _of_circumstance(event: Event, author: PupilYear) -> Effect:
    match event:
        case YearDecision():
            same = (event.kind, event.subject)
            held = [one for one in author.decisions if (one.kind, one.subject) == same]
            before = held[-1].value if held else None
            conflict = "already_decided" if held else None
            return Effect(event.subject, f"decision {event.kind}", before, event.value, conflict)
        case SubjectExempted():
            place = (event.subject, event.period, event.part)
            there = any((e.subject, e.period, e.part) == place for e in author.exemptions)
            conflict = "already_there" if there else None
            return Effect(event.subject, f"exemption {event.period}", None, event.part, conflict)
        case AssessmentAdapted():
            after = {"levels_asked": event.levels_asked, "left_out": list(event.left_out)}
            return Effect(None, "plan", None, after, "already_there" if author.adaptation else None)
        case ElectivesChosen():
            chosen = list(author.electives) if author.electives is not None else None
            return Effect(None, "electives", chosen, list(event.subjects), None)
        case MentionRecorded():
            return Effect(None, f"mention {event.kind}", None, event.code, None)
        case _:
            raise ValueError(f"{event.TOPIC} cannot be proposed")
