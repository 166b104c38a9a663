"""Who the pupils are, sealed: the newest profile and every identifier as ciphertext.

No clear name or number stands here. What a read shows is opened then, with the keys at hand; an
erased person's parts open to nothing. Profiles are not dated: the newest known one names a pupil
on every day.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import sqlalchemy as sa

from ledger.event import Sealed
from ledger.events.pupil import IdentifierAssigned, PupilDetailsChanged, PupilRegistered
from ledger.log import Entry
from projections.projection import Projection, Row
from projections.tables import table

PEOPLE = table(
    "people",
    sa.Column("part", sa.Text, nullable=False),
    sa.Column("kind", sa.Text),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("sealed", sa.Text, nullable=False),
)
"""`part` is profile or identifier (then `kind` is the identifier's); the stream is the pupil's
own, whose author is this ledger; `sealed` is a `Sealed` in JSON."""


class _Part(NamedTuple):
    part: str
    kind: str | None
    topic: str
    sealed: str


class People(Projection):
    """Profiles and identifiers of pupils."""

    name = "people"
    version = 1
    form = PEOPLE
    indexes = ()
    events = (PupilRegistered, PupilDetailsChanged, IdentifierAssigned)

    def fold(self, state: tuple[_Part, ...] | None, entry: Entry) -> tuple[_Part, ...]:
        """The sealed parts after `entry`: `ledger`'s own state holds nothing personal, so this
        keeps the parts themselves and interprets nothing in them."""
        known = state or ()
        event = entry.event
        sealed = getattr(event, "statutory", None)
        if not isinstance(sealed, Sealed):
            raise ValueError(f"{event.TOPIC} without its personal part")
        if isinstance(event, IdentifierAssigned):
            part = _Part("identifier", event.kind, event.TOPIC, sealed.model_dump_json())
            return (*known, part)
        profile = _Part("profile", None, event.TOPIC, sealed.model_dump_json())
        return (profile, *(part for part in known if part.part != "profile"))

    def rows(self, state: Any) -> Iterable[Row]:
        """One row for each part."""
        return (tuple(part) for part in state)
