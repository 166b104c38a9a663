"""What one entry changed, and what has to be remembered of a stream to tell it.

States hold nothing personal, so what an opened part said before stands in a `Memory` for as long
as the stream is read. Of an erased person those parts are None.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ledger.identifiers import Bearing

Clear = dict[str, Any] | None
"""An entry's statutory part, opened; None where it has none or the person was erased."""


@dataclass(frozen=True, slots=True)
class Change:
    """What an entry did, as the answer shows it. `place` are further fields (term, slot …).

    `text_is_content` says that the entry's free text is what it states, not the reason for it.
    """

    before: Any
    after: Any
    subject: str | None = None
    place: dict[str, Any] = field(default_factory=dict)
    text_is_content: bool = False


@dataclass(slots=True)
class Memory:
    """What opened parts of one stream said so far."""

    profile: dict[str, Any] = field(default_factory=dict)
    bearings: tuple[Bearing, ...] = ()
    measured: dict[date, dict[str, Any]] = field(default_factory=dict)
    remedy: dict[str, Any] = field(default_factory=dict)
    comments: dict[tuple[str | None, str], str | None] = field(default_factory=dict)
    paper_comments: dict[tuple[Any, ...], str | None] = field(default_factory=dict)
