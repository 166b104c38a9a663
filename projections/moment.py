"""Known at: a prefix of the log, by position or by instant.

`@P` and the instant of entry P name the same prefix, and an instant between two entries names the
earlier one's, so both show the same `known_at`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ledger import log
from ledger.database import Connection

When = int | datetime | None
"""A position, an instant, or the newest entry."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A prefix of the log: how many entries, and when the last of them was recorded."""

    size: int
    recorded_at: datetime

    @property
    def position(self) -> int:
        """The position of the prefix's last entry."""
        return self.size - 1

    @property
    def known_at(self) -> dict[str, Any]:
        """As an answer shows it."""
        return {"position": self.position, "recorded_at": log.instant_text(self.recorded_at)}


def resolve(connection: Connection, when: When) -> Moment:
    """The prefix that `when` names; None is the whole log.

    Raises:
        NotFound: `position_not_found` beyond the end; `before_first_entry`.
        Refused: `future_instant`.
    """
    if isinstance(when, datetime):
        size = log.size_at(connection, when)
    elif when is None:
        size = log.head(connection).size
    else:
        size = when + 1
    return Moment(size, log.recorded_at(connection, size - 1))
