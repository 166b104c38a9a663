"""The closed list of topics. Nothing is ever imported by a name found in a database."""

from ledger.errors import UnknownTopic
from ledger.event import Event
from ledger.events import (
    case,
    ministry,
    pupil,
    pupil_year,
    recovery,
    register,
    school_class,
    settings,
    staff,
    supplement,
    unit,
)

_MODULES = (
    *(unit, settings, recovery, school_class, staff, pupil, pupil_year, case),
    *(supplement, ministry, register),
)
EVENTS: dict[str, type[Event]] = {
    event.TOPIC: event for module in _MODULES for event in module.EVENTS
}


def event_type(topic: str) -> type[Event]:
    """The model of `topic`. Raises UnknownTopic, which names it."""
    try:
        return EVENTS[topic]
    except KeyError:
        raise UnknownTopic(topic) from None
