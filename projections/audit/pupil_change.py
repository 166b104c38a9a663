"""What an entry in a pupil's own stream changed: identity, identifiers, stay, health, custody."""

from typing import Any

from ledger import enrolment
from ledger.event import Event
from ledger.events.pupil import (
    ChangeRetracted,
    ConfirmedDistinct,
    CustodyRuled,
    HealthMeasured,
    Identifier,
    IdentifierAssigned,
    IdentifierEnded,
    IdentifierRestated,
    IdentityChecked,
    IdentityConflictFound,
    IdentityFollowedUp,
    Measurement,
    PapersAccepted,
    PresenceConfirmed,
    PupilDetailsChanged,
    PupilEnrolled,
    PupilLinked,
    PupilRegistered,
    PupilStatusChanged,
    PupilUnlinked,
    Released,
    ReleaseUndone,
    SectionJoined,
    SupplementDecided,
    TransferAccepted,
)
from ledger.events.staff import Remedy
from ledger.identifiers import Bearing, IdentifierTold, fold
from ledger.pupil import Month, Pupil
from ledger.staff import FollowUp
from projections.audit.change import Change, Clear, Memory


def pupil_change(
    event: Event, before: Pupil | None, after: Pupil, memory: Memory, clear: Clear
) -> Change:
    """What `event` changed. Health and identity are opened: an audit is read by whoever may."""
    match event:
        case PupilRegistered() | PupilDetailsChanged():
            return _profile_change(event, memory, clear)
        case IdentifierAssigned() | IdentifierRestated() | IdentifierEnded():
            return _identifier_change(event, memory, clear)
        case IdentityChecked():
            return Change(before.identity if before else None, event.status)
        case IdentityFollowedUp():
            return _follow_up_change(before, after, memory, clear)
        case IdentityConflictFound():
            other = str(event.other) if event.other else None
            return Change(None, {"code": event.code, "other": other})
        case ConfirmedDistinct():
            return Change(_distinct(before), _distinct(after))
        case PupilLinked() | PupilUnlinked():
            return Change(_links(before), _links(after))
        case HealthMeasured():
            return _health_change(event, memory, clear)
        case PresenceConfirmed():
            return Change(_month(before, event.month), _month(after, event.month))
        case ChangeRetracted():
            taken_back = {**_stay(before, event), "entry": _entry_of(before, event.retracts)}
            return Change(taken_back, _stay(after, event))
        case PupilEnrolled() | PupilStatusChanged():
            return Change(_stay(before, event), {**_stay(after, event), "kind": event.kind})
        case SectionJoined():
            until = event.until.isoformat() if event.until else None
            return Change(None, {"class_code": event.class_code, "until": until})
        case Released() | ReleaseUndone() | CustodyRuled() | TransferAccepted():
            return Change(_custody(before), {**_custody(after), "case": str(event.case)})
        case PapersAccepted():
            return Change(_provisional(before), {**_provisional(after), "case": str(event.case)})
        case SupplementDecided():
            return _supplement_change(event, before, after)
        case _:
            raise ValueError(f"the audit knows no change of {event.TOPIC}")


def _provisional(pupil: Pupil | None) -> dict[str, Any]:
    """The first days of the stays that wait for papers."""
    changes = pupil.changes if pupil else ()
    return {"provisional": [c.on.isoformat() for c in changes if c.kind == "provisional"]}


def _supplement_change(event: SupplementDecided, before: Pupil | None, after: Pupil) -> Change:
    """How many proposals were decided before and are now, and what this entry says of each."""
    decided = {
        "accepted": [str(one) for one in event.accepted],
        "refused": [{"proposal": str(one), "reason": reason} for one, reason in event.refused],
    }
    known = len(before.rulings) if before else 0
    return Change(
        {"decided": known},
        {"decided": len(after.rulings), **decided},
        None,
        {"case": str(event.case), "supplement": event.number, "author": str(event.author)},
    )


def _profile_change(
    event: PupilRegistered | PupilDetailsChanged, memory: Memory, clear: Clear
) -> Change:
    """The fields that changed, and only those; contacts are told of, not shown."""
    if clear is None:
        return Change(None, None)
    earlier, memory.profile = memory.profile, clear
    changed = [name for name, value in clear.items() if earlier.get(name) != value]
    before = {name: earlier.get(name) for name in changed} if earlier else None
    after = {name: clear[name] for name in changed}
    if not changed:
        return Change(None, {"contacts": "stated" if event.voluntary else "none"})
    return Change(before, after)


def _identifier_change(event: IdentifierTold, memory: Memory, clear: Clear) -> Change:
    """The identifier with the days on which it was, and is, borne."""
    if clear is None:
        return Change(None, {"kind": event.kind, "value": None, "issuer": None})
    told = Identifier.model_validate(clear)
    earlier = _borne(memory.bearings, told)
    memory.bearings = fold(memory.bearings, event, told)
    now = _borne(memory.bearings, told) or {
        "kind": told.kind,
        "value": told.value,
        "issuer": told.issuer,
        "ended_on": event.effective_on.isoformat(),
    }
    return Change(earlier, now)


def _borne(bearings: tuple[Bearing, ...], told: Identifier) -> dict[str, Any] | None:
    """The days of the last time for which the identifier was borne."""
    same = [one for one in bearings if (one.kind, one.value) == (told.kind, told.value)]
    if not same:
        return None
    last = max(same, key=lambda one: one.start)
    return {
        "kind": last.kind,
        "value": last.value,
        "issuer": last.issuer,
        "valid_from": last.start.isoformat(),
        "valid_to": last.end.isoformat() if last.end else None,
    }


def _follow_up_change(before: Pupil | None, after: Pupil, memory: Memory, clear: Clear) -> Change:
    """The case as it stood and stands, with remedy and note opened."""
    told = clear or dict.fromkeys(Remedy.model_fields)
    earlier = _follow_up(before.follow_up if before else None, memory.remedy)
    memory.remedy = told
    return Change(earlier, _follow_up(after.follow_up, told))


def _follow_up(case: FollowUp | None, told: dict[str, Any]) -> dict[str, Any] | None:
    if case is None:
        return None
    return {**case.model_dump(mode="json", exclude={"on"}), **told}


def _health_change(event: HealthMeasured, memory: Memory, clear: Clear) -> Change:
    """The measurement, and what was on record of the same day."""
    earlier = memory.measured.get(event.effective_on)
    now = clear or dict.fromkeys(Measurement.model_fields)
    memory.measured[event.effective_on] = now
    return Change(earlier, now)


def _month(pupil: Pupil | None, month: str) -> dict[str, Any] | None:
    known: list[Month] = [one for one in pupil.months if one.month == month] if pupil else []
    return known[0].model_dump(mode="json") if known else None


def _entry_of(pupil: Pupil | None, version: int) -> dict[str, Any] | None:
    """The enrolment or change of status that was taken back."""
    known = [change for change in pupil.changes if change.seq == version] if pupil else []
    if not known:
        return None
    shown = {"on", "kind", "school", "class_code", "grade"}
    return {"version": version, **known[0].model_dump(mode="json", include=shown)}


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


def _distinct(pupil: Pupil | None) -> list[str]:
    return [str(other) for other in pupil.distinct] if pupil else []
