"""What an entry about a unit, class, member of staff, account or the ledger itself changed.

Their facts are few and plain: `after` is what the entry states, without what is personal, and
`before` what the state held under the same names.
"""

from typing import Any

from ledger.event import CATEGORIES, Event, Frozen
from ledger.events.school_class import TeacherAssigned
from ledger.events.unit import ReportSubmitted
from ledger.school_class import SchoolClass
from ledger.unit import Submission, Unit
from projections.audit.change import Change

_NOT_FACTS = frozenset({"effective_on", *CATEGORIES})


def structure_change(event: Event, before: Frozen | None) -> Change:
    """What `event` stated, and what stood in its place."""
    stated = event.model_dump(mode="json", exclude=set(_NOT_FACTS))
    match event:
        case ReportSubmitted():
            earlier = _submitted(before, event)
            return Change(earlier.model_dump(mode="json") if earlier else None, stated)
        case TeacherAssigned():
            return Change(_teachers(before, event), stated, event.subject)
        case _:
            subject = stated.get("subject")
            return Change(_held(before, stated), stated, subject if subject else None)


def _submitted(before: Frozen | None, event: ReportSubmitted) -> Submission | None:
    """The last submission of the same report for the same occasion."""
    if not isinstance(before, Unit):
        return None
    what = (event.report, event.preset, event.school_year)
    same = [s for s in before.submissions if (s.report, s.preset, s.school_year) == what]
    return same[-1] if same else None


def _teachers(before: Frozen | None, event: TeacherAssigned) -> list[str] | None:
    """Who taught the subject on the day before the entry counted."""
    if not isinstance(before, SchoolClass):
        return None
    return sorted(before.teachers(event.subject, event.effective_on))


def _held(before: Frozen | None, stated: dict[str, Any]) -> dict[str, Any] | None:
    """The state's fields of the names that the entry states, where any differs."""
    if before is None:
        return None
    known = before.model_dump(mode="json")
    held = {name: known[name] for name in stated if name in known}
    return held if any(held[name] != stated[name] for name in held) else None
