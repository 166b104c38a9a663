"""The closed list of topics. Nothing is ever imported by a name found in a database."""

from ledger.errors import UnknownTopic
from ledger.event import Event
from ledger.events import (
    case,
    ministry,
    pupil,
    pupil_year,
    register,
    school_class,
    settings,
    staff,
    unit,
)

EVENTS: dict[str, type[Event]] = {
    event.TOPIC: event
    for module in (unit, settings, school_class, staff, pupil, pupil_year, case, ministry, register)
    for event in module.EVENTS
}


def event_type(topic: str) -> type[Event]:
    """The model of `topic`. Raises UnknownTopic, which names it."""
    try:
        return EVENTS[topic]
    except KeyError:
        raise UnknownTopic(topic) from None
