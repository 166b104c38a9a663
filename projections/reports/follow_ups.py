"""What is done about failed identity checks (users, U12), read from the entries themselves."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from ledger import log
from ledger.errors import DamagedEntry
from ledger.events.pupil import IdentityFollowedUp
from ledger.events.staff import StaffIdentityFollowedUp
from ledger.log import Entry
from projections.reports.frame import Source, paged

NOTHING: Mapping[str, Any] = dict.fromkeys(("cause", "due_on", "responsible", "outcome", "overdue"))
"""Of somebody without a case."""
_TOPICS = (IdentityFollowedUp.TOPIC, StaffIdentityFollowedUp.TOPIC)


def follow_ups(source: Source, streams: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
    """{cause, due_on, responsible, outcome, overdue} of each stream (pupil or member of staff)
    that has a case on the day; overdue is a case still open after its day. The remedy is personal:
    `hocba identity` shows it. A case that cannot be read is left out."""
    found: dict[UUID, tuple[tuple[date, int], dict[str, Any]]] = {}
    for page in paged(sorted(set(streams))):
        for entry in _readable(source, page):
            event = entry.event
            assert isinstance(event, IdentityFollowedUp | StaffIdentityFollowedUp)
            rank = (event.effective_on, entry.position)
            if event.effective_on <= source.on and (
                entry.stream.id not in found or found[entry.stream.id][0] < rank
            ):
                found[entry.stream.id] = (rank, _case(event, source.on))
    return {stream: case for stream, (_, case) in found.items()}


def _case(event: IdentityFollowedUp | StaffIdentityFollowedUp, on: date) -> dict[str, Any]:
    late = event.due_on is not None and event.due_on < on
    return {
        "cause": event.cause,
        "due_on": event.due_on.isoformat() if event.due_on else None,
        "responsible": event.responsible,
        "outcome": event.outcome,
        "overdue": event.outcome == "open" and late,
    }


def _readable(source: Source, streams: Sequence[UUID]) -> list[Entry]:
    """One damaged entry takes its own stream away, not the page."""
    size = source.moment.size
    try:
        return log.of_streams(source.connection, streams, size=size, topics=_TOPICS)
    except DamagedEntry:
        if len(streams) == 1:
            return []
        return [entry for stream in streams for entry in _readable(source, [stream])]
