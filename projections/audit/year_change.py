"""What an entry in a pupil's school year changed: marks, levels, decisions, texts, closings."""

from typing import Any

from ledger.event import Event
from ledger.events.pupil_year import (
    AbsencesCounted,
    AssessmentAdapted,
    CommentWritten,
    ConductAssessed,
    ElectivesChosen,
    ExchangeRecordSent,
    MarkCorrected,
    MarkEntered,
    MentionRecorded,
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
from ledger.pupil_year import PaperFact, PupilYear
from projections.audit.change import Change, Clear, Memory

_FRAME = ("school_year", "grade", "programme", "regulation")


def year_change(
    event: Event, before: PupilYear | None, after: PupilYear, memory: Memory, clear: Clear
) -> Change:
    """What `event` changed."""
    match event:
        case PupilYearOpened() | PaperYearOpened():
            stated = event.model_dump(exclude={"effective_on", "pupil_id"})
            frame = {name: getattr(before, name) for name in _FRAME} if before else None
            return Change(frame, stated)
        case MarkEntered() | MarkCorrected():
            return _mark_change(event, before, after)
        case ConductAssessed():
            place = {"period": event.period}
            return _dated_change("conduct", event.period, place, before, after)
        case AbsencesCounted():
            key = f"{event.period}/{event.school_code or ''}"
            return _dated_change("absences", key, {"period": event.period}, before, after)
        case QualityAssessed():
            held = {"item": event.item, "time": event.time}
            return _dated_change("qualities", f"{event.item}/{event.time}", held, before, after)
        case CommentWritten():
            return _comment_change(event, memory, clear)
        case PaperResultTaken():
            return _paper_change(event, before, after, memory, clear)
        case PeriodClosed() | PeriodReopened():
            return _closing_change(event)
        case _:
            return _circumstance_change(event, before, clear)


def _circumstance_change(event: Event, before: PupilYear | None, clear: Clear) -> Change:
    """What applies to the year beside its marks: decisions, exemptions, mentions, sendings."""
    match event:
        case YearDecision():
            value = {"kind": event.kind, "value": event.value}
            return Change(_decided(before, event), value, event.subject)
        case SubjectExempted():
            exempt = {"period": event.period, "part": event.part}
            return Change(None, exempt, event.subject, {"period": event.period})
        case AssessmentAdapted():
            adapted = {"levels_asked": event.levels_asked, "left_out": list(event.left_out)}
            known = before.adaptation if before else None
            return Change(known.model_dump(mode="json") if known else None, adapted)
        case ElectivesChosen():
            chosen = before.electives if before else None
            return Change(list(chosen) if chosen is not None else None, list(event.subjects))
        case MentionRecorded():
            mention = {"kind": event.kind, "code": event.code, "text": _text(clear)}
            return Change(None, mention, text_is_content=True)
        case ExchangeRecordSent():
            sent = before.sent.get(f"{event.exchange}/{event.record}") if before else None
            shown = event.model_dump(mode="json", exclude={"effective_on"})
            return Change(sent.model_dump(mode="json") if sent else None, shown)
        case Proposed():
            subject = event.facts.get("subject")
            offered = {
                "proposal": str(event.proposal),
                "type": event.topic.split(".")[1],
                "value": event.facts.get("value"),
            }
            return Change(None, offered, str(subject) if subject else None)
        case _:
            raise ValueError(f"the audit knows no change of {event.TOPIC}")


def _mark_change(
    event: MarkEntered | MarkCorrected, before: PupilYear | None, after: PupilYear
) -> Change:
    key = (event.subject, event.semester, event.slot)
    earlier = before.slots.get(key) if before else None
    now = after.slots.get(key)
    return Change(
        earlier.value if earlier else None,
        now.value if now else None,
        event.subject,
        {"semester": event.semester, "slot": event.slot},
    )


def _dated_change(
    name: str, key: str, place: dict[str, Any], before: PupilYear | None, after: PupilYear
) -> Change:
    earlier = getattr(before, name).get(key) if before else None
    now = getattr(after, name).get(key)
    return Change(
        _counted(name, earlier.value if earlier else None),
        _counted(name, now.value if now else None),
        None,
        place,
    )


def _counted(name: str, value: str | None) -> Any:
    if name != "absences" or value is None:
        return value
    excused, _, unexcused = value.partition("/")
    return {"excused": int(excused), "unexcused": int(unexcused)}


def _comment_change(event: CommentWritten, memory: Memory, clear: Clear) -> Change:
    place = (event.subject, event.time)
    text, earlier = _text(clear), memory.comments.get(place)
    memory.comments[place] = text
    return Change(earlier, text, event.subject, {"time": event.time}, text_is_content=True)


def _paper_change(
    event: PaperResultTaken,
    before: PupilYear | None,
    after: PupilYear,
    memory: Memory,
    clear: Clear,
) -> Change:
    """The value (of a comment its text) and the paper it stands on."""
    taken = next(fact for fact in reversed(after.paper) if _is_that(fact, event))
    known = [fact for fact in before.paper if fact.place == taken.place] if before else []
    earlier, now = known[0].value if known else None, event.value
    if event.kind == "comment":
        earlier, now = memory.paper_comments.get(taken.place), _text(clear)
        memory.paper_comments[taken.place] = now
    sources = ("school_name", "province_code", "country", "scan_sha256", "attested_by")
    return Change(
        {"kind": event.kind, "value": earlier} if known else None,
        {"kind": event.kind, "value": now},
        event.subject,
        {
            "semester": event.semester,
            "slot": event.slot,
            "paper": {name: getattr(event, name) for name in (*sources, "checked_by")},
        },
        text_is_content=event.kind == "comment",
    )


def _is_that(fact: PaperFact, event: PaperResultTaken) -> bool:
    what = (event.kind, event.subject, event.semester, event.slot, event.school_name)
    return fact.place == what


def _closing_change(event: PeriodClosed | PeriodReopened) -> Change:
    """What was closed with which results, or that it is open again."""
    place = {"period": event.period}
    if isinstance(event, PeriodReopened):
        return Change({"period": event.period, "closed": True}, {"closed": False}, None, place)
    closed = event.model_dump(mode="json", exclude={"effective_on", "regulation", "strategy"})
    return Change(None, closed, None, place)


def _decided(before: PupilYear | None, event: YearDecision) -> dict[str, Any] | None:
    """The decision of the same kind about the same subject that stood until now."""
    known = before.decisions if before else ()
    same = [one for one in known if (one.kind, one.subject) == (event.kind, event.subject)]
    return {"kind": same[-1].kind, "value": same[-1].value} if same else None


def _text(clear: Clear) -> str | None:
    return clear.get("text") if clear else None
