"""The audit: every entry about a pupil and what it changed: before, after, who, why.

Like the transcript it has no table of its own: the entries are folded when read, each stream by
`ledger`'s `evolve`, and an entry's `before` and `after` are taken from the states around it.
Free text and profiles are opened; of an erased person they are null.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from ledger import enrolment
from ledger.database import Connection
from ledger.event import Event
from ledger.events.pupil import (
    IdentifierAssigned,
    IdentityChecked,
    IdentityConflictFound,
    PupilDetailsChanged,
    PupilEnrolled,
    PupilLinked,
    PupilRegistered,
    PupilStatusChanged,
    PupilUnlinked,
    Released,
    ReleaseUndone,
    SectionJoined,
    TransferAccepted,
)
from ledger.events.pupil_year import (
    AbsencesCounted,
    CommentWritten,
    ConductAssessed,
    MarkCorrected,
    MarkEntered,
    PeriodClosed,
    PeriodReopened,
    Proposed,
    PupilYearOpened,
    YearDecision,
)
from ledger.folds import evolve
from ledger.ledger import Ledger, SealedPart
from ledger.log import Entry, instant_text
from ledger.pupil import Pupil
from ledger.pupil_year import PupilYear
from projections.names import Names
from projections.pupil_log import PupilLog, sealed_part


@dataclass(frozen=True, slots=True)
class Change:
    """What an entry did, as the answer shows it. `place` are further fields (term, slot …)."""

    before: Any
    after: Any
    subject: str | None = None
    place: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Trail:
    """What is remembered of one stream while it is read."""

    state: Any = None
    profile: dict[str, Any] = field(default_factory=dict)
    comments: dict[tuple[str | None, str], str | None] = field(default_factory=dict)


def read_audit(
    ledger: Ledger, connection: Connection, known: PupilLog, *, after: int, names: Names
) -> list[dict[str, Any]]:
    """The entries of `known` behind the prefix of `after` entries, in position order, in the
    form of the contract's audit answer."""
    opened = _open(ledger, connection, known.entries)
    trails: dict[UUID, _Trail] = {}
    found = []
    for entry in known.entries:
        trail = trails.setdefault(entry.stream.id, _Trail())
        before = trail.state
        trail.state = evolve(entry.stream.kind, before, entry.event, entry.version)
        clear = opened.get(entry.position)
        change = _change(entry.event, before, trail, clear)
        if entry.position >= after:
            found.append(_answer(entry, change, clear, names))
    return found


def _open(
    ledger: Ledger, connection: Connection, entries: Sequence[Entry]
) -> dict[int, dict[str, Any]]:
    """The statutory parts in clear, by position."""
    positions: list[int] = []
    parts: list[SealedPart] = []
    for entry in entries:
        part = sealed_part(entry)
        if part is not None:
            positions.append(entry.position)
            parts.append(part)
    opened = zip(positions, ledger.reveal(connection, parts), strict=True)
    return {position: clear for position, clear in opened if clear is not None}


def _answer(
    entry: Entry, change: Change, clear: dict[str, Any] | None, names: Names
) -> dict[str, Any]:
    who = entry.envelope.who
    answer = {
        "position": entry.position,
        "recorded_at": instant_text(entry.recorded_at),
        "effective_on": entry.event.effective_on.isoformat(),
        "stream": str(entry.stream.id),
        "stream_kind": str(entry.stream.kind),
        "school_year": entry.stream.school_year,
        "version": entry.version,
        "type": entry.envelope.topic.split(".")[1],
        "ledger": names.ledger(entry.envelope.author),
        "origin_position": entry.origin.position if entry.origin else None,
        "recorded_by": who.recorded_by,
        "on_behalf_of": who.on_behalf_of,
        "provenance": who.provenance.model_dump(mode="json"),
        "reason": clear.get("text") if clear and not _is_comment(entry.event) else None,
        "subject": change.subject,
        **change.place,
        "before": change.before,
        "after": change.after,
    }
    if entry.origin is not None:
        answer["origin_recorded_at"] = instant_text(entry.origin.recorded_at)
    return answer


def _is_comment(event: Event) -> bool:
    """Whether the entry's text is its content, not the reason for it."""
    return isinstance(event, CommentWritten)


def _change(event: Event, before: Any, trail: _Trail, clear: dict[str, Any] | None) -> Change:
    if isinstance(before, PupilYear) or isinstance(trail.state, PupilYear):
        return _year_change(event, before, trail, clear)
    return _pupil_change(event, before, trail, clear)


def _year_change(
    event: Event, before: PupilYear | None, trail: _Trail, clear: dict[str, Any] | None
) -> Change:
    after: PupilYear = trail.state
    match event:
        case PupilYearOpened():
            frame = ("school_year", "grade", "programme", "regulation", "school_code", "class_code")
            return Change(None, {name: getattr(event, name) for name in frame})
        case MarkEntered() | MarkCorrected():
            return _mark_change(event, before, after)
        case ConductAssessed():
            return _dated_change("conduct", event.period, event.period, before, after)
        case AbsencesCounted():
            key = f"{event.period}/{event.school_code or ''}"
            return _dated_change("absences", key, event.period, before, after)
        case CommentWritten():
            place = (event.subject, event.time)
            text = clear.get("text") if clear else None
            earlier = trail.comments.get(place)
            trail.comments[place] = text
            return Change(earlier, text, event.subject, {"time": event.time})
        case PeriodClosed():
            closed = ("period", "study", "conduct", "results", "missing")
            after_closing = {name: _plain(getattr(event, name)) for name in closed}
            return Change(None, after_closing)
        case PeriodReopened():
            return Change({"period": event.period, "closed": True}, {"closed": False})
        case YearDecision():
            return Change(None, {"kind": event.kind, "value": event.value}, event.subject)
        case Proposed():
            proposed = {"proposal": str(event.proposal), "type": event.topic.split(".")[1]}
            subject = event.facts.get("subject")
            return Change(
                None,
                {**proposed, "value": event.facts.get("value")},
                str(subject) if subject else None,
            )
        case _:
            return Change(None, None)


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
    name: str, key: str, period: str, before: PupilYear | None, after: PupilYear
) -> Change:
    earlier = getattr(before, name).get(key) if before else None
    now = getattr(after, name).get(key)
    return Change(
        _counted(name, earlier.value if earlier else None),
        _counted(name, now.value if now else None),
        None,
        {"period": period},
    )


def _counted(name: str, value: str | None) -> Any:
    if name != "absences" or value is None:
        return value
    excused, _, unexcused = value.partition("/")
    return {"excused": int(excused), "unexcused": int(unexcused)}


def _pupil_change(
    event: Event, before: Pupil | None, trail: _Trail, clear: dict[str, Any] | None
) -> Change:
    after: Pupil = trail.state
    match event:
        case PupilRegistered() | PupilDetailsChanged():
            return _profile_change(trail, clear)
        case IdentifierAssigned():
            shown = clear or {"value": None, "issuer": None}
            number = {"kind": event.kind, "value": shown["value"], "issuer": shown["issuer"]}
            return Change(None, number)
        case IdentityChecked():
            return Change(None, event.status)
        case IdentityConflictFound():
            other = str(event.other) if event.other else None
            return Change(None, {"code": event.code, "other": other})
        case PupilLinked() | PupilUnlinked():
            return Change(_links(before), _links(after))
        case PupilEnrolled() | PupilStatusChanged():
            kind = {"kind": event.kind}
            return Change(_stay(before, event), {**_stay(after, event), **kind})
        case SectionJoined():
            until = event.until.isoformat() if event.until else None
            return Change(None, {"class_code": event.class_code, "until": until})
        case Released() | ReleaseUndone() | TransferAccepted():
            return Change(_custody(before), {**_custody(after), "case": str(event.case)})
        case _:
            return Change(None, None)


def _profile_change(trail: _Trail, clear: dict[str, Any] | None) -> Change:
    """The fields that changed, and only those."""
    if clear is None:
        return Change(None, None)
    earlier, trail.profile = trail.profile, clear
    changed = [name for name, value in clear.items() if earlier.get(name) != value]
    before = {name: earlier.get(name) for name in changed} if earlier else None
    return Change(before, {name: clear[name] for name in changed})


def _stay(pupil: Pupil | None, event: Event) -> dict[str, Any]:
    """School and class on the day of the entry."""
    here = enrolment.on_day(pupil.segments, event.effective_on) if pupil else None
    if here is None:
        return {"school_code": None, "class_code": None}
    shown = here.class_code if here.on_class_list else None
    return {"school_code": here.school, "class_code": shown}


def _custody(pupil: Pupil | None) -> dict[str, Any]:
    released = pupil.released if pupil else None
    return {"custody": str(released[1]) if released else "here"}


def _links(pupil: Pupil | None) -> list[str]:
    return [str(link.pupil) for link in pupil.links] if pupil else []


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
