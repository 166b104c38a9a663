"""What a projection is: the entries it reads, the state it folds, the rows that state makes.

A projection maps the state of one stream to a set of rows and nothing else. The engine does the
rest: after each entry it compares the set with the rows still open for that stream, closes what
vanished and opens what is new, both at the entry's position.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa

from ledger.errors import LedgerError
from ledger.event import Event, StreamKind
from ledger.folds import evolve
from ledger.log import Entry
from projections.errors import ProjectionStopped

Row = tuple[Any, ...]
"""Values of a projection's own columns, in order: not stream, positions or number."""


class Projection(ABC):
    """One projection: its table, its fold. `version` rises with every change of either.

    Only native entries are folded: a projection speaks of this ledger's own streams.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    form: ClassVar[sa.Table]
    indexes: ClassVar[tuple[tuple[str, ...], ...]]
    events: ClassVar[tuple[type[Event], ...]]

    @property
    def topics(self) -> list[str]:
        """The topics of the entries it reads."""
        return [event.TOPIC for event in self.events]

    @property
    def kinds(self) -> list[StreamKind]:
        """The kinds of stream they stand in."""
        return sorted({event.STREAM for event in self.events})

    def fold(self, state: Any, entry: Entry) -> Any:
        """The stream's state after `entry`: that of the domain's own `evolve`."""
        return evolve(entry.stream.kind, state, entry.event, entry.version)

    @abstractmethod
    def rows(self, state: Any) -> Iterable[Row]:
        """The rows that hold in this state of a stream."""


@dataclass(slots=True)
class Changes:
    """What a run of entries did: rows opened (some closed again), and older rows closed.

    `opened` is keyed (stream, known_from, n); `closed` are (stream, known_from, n, known_to).
    """

    opened: dict[tuple[UUID, int, int], tuple[Row, int | None]] = field(default_factory=dict)
    closed: list[tuple[UUID, int, int, int]] = field(default_factory=list)


def unfold(
    projection: Projection,
    state: Any,
    standing: dict[Row, tuple[int, int]],
    entries: Sequence[Entry],
    changes: Changes,
) -> None:
    """Folds one stream's `entries`, in order, into `changes`.

    `state` is the stream's before them; `standing` are its open rows by content, with
    (known_from, n), and is brought up to date.

    Raises:
        ProjectionStopped: at the first entry that cannot be folded.
    """
    for entry in entries:
        try:
            after = projection.fold(state, entry)
            if after is state:
                continue
            now = set(projection.rows(after))
        except (ValueError, LedgerError) as error:
            raise ProjectionStopped(projection.name, entry.position, str(error)) from error
        state = after
        stream = entry.stream.id
        for row in [row for row in standing if row not in now]:
            known_from, n = standing.pop(row)
            key = (stream, known_from, n)
            if key in changes.opened:
                changes.opened[key] = (row, entry.position)
            else:
                changes.closed.append((*key, entry.position))
        fresh = sorted((row for row in now if row not in standing), key=_order)
        for n, row in enumerate(fresh):
            standing[row] = (entry.position, n)
            changes.opened[stream, entry.position, n] = (row, None)


def _order(row: Row) -> list[tuple[bool, str]]:
    return [(value is None, str(value)) for value in row]
