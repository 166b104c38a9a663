"""Events for tests, by their facts, with what does not matter filled in."""

from datetime import date
from typing import Any
from uuid import UUID

from ledger.event import Event, Note
from tests.golden import make

PUPIL = make.PUPIL
LEDGER = make.LEDGER
OTHER_LEDGER = make.OTHER_LEDGER
CASE = make.CASE


def event(model: type[Event], on: date, /, **facts: Any) -> Event:
    """An event of a kind: the golden example with these facts and this day."""
    return model.model_validate({**make.FACTS[model], "effective_on": on, **facts})


def note(text: str) -> Note:
    """A free text."""
    return Note(text=text)


def other(number: int) -> UUID:
    """An id that is none of those above."""
    return UUID(int=number)
