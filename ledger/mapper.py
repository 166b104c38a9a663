"""The library's mapper over our envelope: explicit topics, canonical bytes, per-person keys.

The library's own mapper encrypts everything under one key and imports whatever module a row
names; this one seals only what is personal and knows a closed list of topics.
"""

from dataclasses import dataclass
from uuid import UUID

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent

from ledger import envelope
from ledger.envelope import Keys
from ledger.event import Event, Who


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """An event with its place in a stream and who recorded it: what the library calls an event."""

    originator_id: UUID
    originator_version: int
    event: Event
    who: Who
    person: UUID | None


class EntryMapper(Mapper[UUID]):
    """Converts between `Recorded` and the library's `StoredEvent` (whose state is our bytes)."""

    def __init__(self, *, ledger: UUID, keys: Keys) -> None:
        """`ledger` is the author; `keys` the ring of data keys."""
        super().__init__(JSONTranscoder())
        self._ledger = ledger
        self._keys = keys

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """The stored bytes of a `Recorded`."""
        if not isinstance(domain_event, Recorded):
            raise TypeError("only a Recorded can be stored")
        prepared = envelope.encode(
            domain_event.event,
            author=self._ledger,
            stream=domain_event.originator_id,
            who=domain_event.who,
            person=domain_event.person,
            keys=self._keys,
        )
        return StoredEvent(
            originator_id=domain_event.originator_id,
            originator_version=domain_event.originator_version,
            topic=domain_event.event.TOPIC,
            state=prepared.body,
        )

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[UUID]:
        """The event read back, personal parts sealed.

        Raises:
            MalformedBytes, UnknownTopic: it is not an entry of a topic known here.
        """
        parsed = envelope.decode(stored_event.state)
        return Recorded(
            originator_id=parsed.stream,
            originator_version=stored_event.originator_version,
            event=parsed.event(),
            who=parsed.who,
            person=None,
        )
