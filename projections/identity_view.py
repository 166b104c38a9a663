"""Who a pupil is by two dates: identifiers, checks and their case, conflicts, links, candidates.

Like the transcript it has no table: it is folded from the pupil's own entries when read. The
status and the case are those of this ledger's own record; identifiers also of copies and of
linked records, because those are the same person's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from ledger.database import Connection
from ledger.event import StreamKind
from ledger.events.pupil import (
    ConfirmedDistinct,
    IdentifierKind,
    IdentityChecked,
    IdentityConflictFound,
    IdentityFollowedUp,
    Place,
    PupilLinked,
    PupilProfile,
)
from ledger.identifiers import SINCE_EVER, Bearing, contradictions
from ledger.ledger import Ledger
from ledger.log import Entry, instant_text
from ledger.places import today_of
from ledger.reader import Reader
from projections.moment import Moment
from projections.names import Names
from projections.persons import bearings, is_registered
from projections.pupil_log import PupilLog, read_identity, read_pupil_log, sealed_part

TELLING: frozenset[IdentifierKind] = frozenset(
    {"personal_id", "moet", "passport", "visa", "birth_certificate"}
)
"""Kinds that two records of one pupil may share. Temporary numbers and local keys are a school's
own and say nothing of another's pupils; names and birth dates are never enough (users, U6)."""


@dataclass(frozen=True, slots=True)
class _Record:
    """A pupil with what was opened: the identifiers in all held entries."""

    log: PupilLog
    borne: tuple[Bearing, ...]

    @property
    def id(self) -> UUID:
        return self.log.person

    @property
    def linked(self) -> set[UUID]:
        return {link.pupil for link in self.log.own.links}

    def shared_with(self, other: "_Record", on: date | None = None) -> list[str]:
        """The kinds of number both bear at one time, or on the day `on`."""
        return sorted(
            {
                mine.kind
                for mine in self.borne
                for theirs in other.borne
                if mine.kind in TELLING and _same(mine, theirs)
                if mine.overlaps(theirs.start, theirs.end)
                if on is None or (mine.on(on) and theirs.on(on))
            }
        )


def _same(one: Bearing, other: Bearing) -> bool:
    """Whether two say one number. Registries number birth certificates each for itself, so there
    the issuer counts where both name it."""
    if (one.kind, one.value) != (other.kind, other.value):
        return False
    if one.kind != "birth_certificate" or None in (one.issuer, other.issuer):
        return True
    return one.issuer == other.issuer


def read_identity_view(
    ledger: Ledger,
    connection: Connection,
    known: PupilLog,
    *,
    on: date,
    moment: Moment,
    names: Names,
) -> dict[str, Any]:
    """The identity answer about a pupil on `on`, as known at `moment`; fields that an erasure
    took are null, lists then empty."""
    record = _record(ledger, connection, known)
    others = _others(ledger, connection, record, size=moment.size)
    identity = read_identity(ledger, connection, known, on=on)
    own = [entry for entry in known.entries if entry.stream.id == known.person]
    words = _words(ledger, connection, own)
    checks = _checks(own, words, on)
    status = checks[-1]["status"] if checks else "unchecked"
    return {
        "pupil_id": str(known.person),
        "pupil_key": identity.key,
        "on": on.isoformat(),
        "known_at": moment.known_at,
        "full_name": identity.profile["full_name"],
        "birth_date": identity.profile["birth_date"],
        "status": status,
        "identifiers": [_identifier(bearing, on) for bearing in _in_order(record.borne)],
        "checks": checks,
        "follow_up": _follow_up(own, words, on, status),
        "conflicts": _conflicts(record, others, identity.profile, on),
        "links": _links(record, own, words, names),
        "distinct": _distinct(own, words),
        "candidates": [
            _candidate(ledger, connection, record, other) for other in _open(record, others)
        ],
        "places": _places(identity.profile, on),
    }


def _record(ledger: Ledger, connection: Connection, known: PupilLog) -> _Record:
    """Local keys are this ledger's own; another ledger's stand for nothing here."""
    told = [
        entry
        for entry in known.entries
        if entry.stream.kind is StreamKind.PUPIL
        and (entry.stream.ledger == ledger.id or getattr(entry.event, "kind", None) != "local")
    ]
    return _Record(known, bearings(ledger, connection, told))


def _others(ledger: Ledger, connection: Connection, record: _Record, *, size: int) -> list[_Record]:
    """Every other pupil of the prefix who ever bore one of the same numbers."""
    reader = Reader(connection, ledger.keyring, ledger.id)
    wanted = {(b.kind, b.value) for b in record.borne if b.kind in TELLING}
    found = {person for persons in reader.find(wanted).values() for person in persons}
    found |= {other for _, other in record.log.own.conflicts if other is not None}
    found -= {record.id}
    return [
        _record(ledger, connection, read_pupil_log(connection, person, size=size))
        for person in sorted(found)
        if is_registered(connection, person, size=size)
    ]


def _words(
    ledger: Ledger, connection: Connection, entries: Sequence[Entry]
) -> dict[int, dict[str, Any]]:
    """The opened texts by position."""
    parts = {entry.position: part for entry in entries if (part := sealed_part(entry)) is not None}
    opened = ledger.reveal(connection, list(parts.values()))
    return {p: clear for p, clear in zip(parts, opened, strict=True) if clear is not None}


def _in_order(borne: Iterable[Bearing]) -> list[Bearing]:
    return sorted(borne, key=lambda b: (b.kind, b.start, b.value))


def _identifier(bearing: Bearing, on: date) -> dict[str, Any]:
    return {
        "kind": bearing.kind,
        "value": bearing.value,
        "issuer": bearing.issuer,
        "valid_from": None if bearing.start <= SINCE_EVER else bearing.start.isoformat(),
        "valid_to": bearing.end.isoformat() if bearing.end else None,
        "current": bearing.on(on),
    }


def _checks(
    own: Sequence[Entry], words: dict[int, dict[str, Any]], on: date
) -> list[dict[str, Any]]:
    """The checks up to `on`, the one that counts last."""
    found = [(e, e.event) for e in own if isinstance(e.event, IdentityChecked)]
    found.sort(key=lambda told: (told[1].effective_on, told[0].position))
    return [
        {
            "status": event.status,
            "checked_at": instant_text(event.checked_at) if event.checked_at else None,
            "effective_on": event.effective_on.isoformat(),
            "note": words.get(entry.position, {}).get("text"),
        }
        for entry, event in found
        if event.effective_on <= on
    ]


def _follow_up(
    own: Sequence[Entry], words: dict[int, dict[str, Any]], on: date, status: str
) -> dict[str, Any] | None:
    """The case as it stands on `on`. It is overdue where it is open after its day and the newest
    check has not matched."""
    found = [(e, e.event) for e in own if isinstance(e.event, IdentityFollowedUp)]
    told = [one for one in found if one[1].effective_on <= on]
    if not told:
        return None
    entry, event = max(told, key=lambda one: (one[1].effective_on, one[0].position))
    text = words.get(entry.position, {})
    late = event.due_on is not None and event.due_on < on
    return {
        "cause": event.cause,
        "remedy": text.get("remedy"),
        "due_on": event.due_on.isoformat() if event.due_on else None,
        "responsible": event.responsible,
        "outcome": event.outcome,
        "note": text.get("note"),
        "overdue": late and event.outcome == "open" and status != "matched",
    }


def _conflicts(
    record: _Record, others: Sequence[_Record], profile: dict[str, Any], on: date
) -> list[dict[str, Any]]:
    """What was found wrong with the numbers, told in this record or in the other pupil's."""
    found = dict.fromkeys(_told_in(record, on))
    for other in others:
        mutual = [(code, other.id) for code, pupil in _told_in(other, on) if pupil == record.id]
        found |= dict.fromkeys(mutual)
    by_id = {other.id: other for other in others}
    return [
        {
            "code": code,
            "other": str(other) if other else None,
            "settled": _is_settled(record, code, by_id.get(other) if other else None, profile, on),
        }
        for code, other in found
    ]


def _told_in(record: _Record, on: date) -> list[tuple[str, UUID | None]]:
    return [
        (event.code, event.other)
        for entry in record.log.entries
        if entry.stream.id == record.id
        if isinstance(event := entry.event, IdentityConflictFound) and event.effective_on <= on
    ]


def _is_settled(
    record: _Record, code: str, other: _Record | None, profile: dict[str, Any], on: date
) -> bool | None:
    """Whether nothing is left to find out: the two are linked or confirmed to be two persons, no
    number is shared on `on` any more, or the profile no longer contradicts. None: erased."""
    if other is not None:
        if other.id in record.log.own.distinct or other.id in record.linked:
            return True
        return not record.shared_with(other, on)
    if profile["full_name"] is None:
        return None
    known = PupilProfile.model_validate({**profile, "birth_place": Place(text=None, code=None)})
    numbers = [b.value for b in record.borne if b.kind == "personal_id" and b.on(on)]
    return all(code not in contradictions(number, known) for number in numbers)


def _links(
    record: _Record, own: Sequence[Entry], words: dict[int, dict[str, Any]], names: Names
) -> list[dict[str, Any]]:
    told = {e.event.other: (e, e.event) for e in own if isinstance(e.event, PupilLinked)}
    return [
        {
            "pupil_id": str(link.pupil),
            "ledger": names.ledger(link.ledger),
            "case": str(event.case) if event.case else None,
            "effective_on": event.effective_on.isoformat(),
            "reason": words.get(entry.position, {}).get("text"),
        }
        for link in record.log.own.links
        for entry, event in (told[link.pupil],)
    ]


def _distinct(own: Sequence[Entry], words: dict[int, dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "pupil_id": str(entry.event.other),
            "effective_on": entry.event.effective_on.isoformat(),
            "reason": words.get(entry.position, {}).get("text"),
        }
        for entry in own
        if isinstance(entry.event, ConfirmedDistinct)
    ]


def _open(record: _Record, others: Sequence[_Record]) -> list[_Record]:
    """Those who may be the same pupil and about whom nobody has decided yet."""
    decided = record.linked | set(record.log.own.distinct)
    return [o for o in others if o.id not in decided and record.shared_with(o)]


def _candidate(
    ledger: Ledger, connection: Connection, record: _Record, other: _Record
) -> dict[str, Any]:
    identity = read_identity(ledger, connection, other.log)
    return {
        "pupil_id": str(other.id),
        "pupil_key": identity.key,
        "full_name": identity.profile["full_name"],
        "birth_date": identity.profile["birth_date"],
        "shared": record.shared_with(other),
    }


def _places(profile: dict[str, Any], on: date) -> dict[str, Any]:
    """Places as on the certificate and as on `on`; a place that is not known has null fields."""
    found: dict[str, Any] = {}
    for field in ("birth_place", "home_town", "residence"):
        stated = profile[field] or {}
        place = Place(text=stated.get("text"), code=stated.get("code"))
        found[field] = today_of(place, stated_on=None, on=on)
    return found
