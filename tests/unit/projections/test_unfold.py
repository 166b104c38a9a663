"""The one fold: which rows an entry opens and closes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from ledger.envelope import Envelope
from ledger.event import KEYED, StreamKind, Who
from ledger.events.school_class import ClassOpened
from ledger.log import Entry
from ledger.recorder import StreamRef
from projections.errors import ProjectionStopped
from projections.projection import Changes, Projection, Row, unfold
from projections.tables import table

STREAM = UUID(int=1)
LEDGER = UUID(int=31)


@dataclass(frozen=True)
class Letters:
    """A state that is a set of letters."""

    held: frozenset[str]


class Alphabet(Projection):
    """A projection of one row for each letter of a class's name; `!` cannot be folded."""

    name = "alphabet"
    version = 1
    form = table("alphabet", sa.Column("letter", sa.Text))
    indexes = ()
    events = (ClassOpened,)

    def fold(self, state: Letters | None, entry: Entry) -> Letters:
        assert isinstance(entry.event, ClassOpened)
        letters = frozenset(entry.event.name)
        if "!" in letters:
            raise ValueError("an exclamation mark")
        return state if state is not None and state.held == letters else Letters(letters)

    def rows(self, state: Any) -> Iterable[Row]:
        return [(letter,) for letter in state.held]


def entry(position: int, name: str) -> Entry:
    event = ClassOpened(
        effective_on=date(2024, 8, 1),
        code="7A1",
        school_code="S1",
        school_year="2024-2025",
        grade=7,
        name=name,
        programme="GDPT2018",
        gathering="homeroom",
    )
    who = Who(recorded_by="operator", on_behalf_of=None, provenance=KEYED)
    envelope = Envelope(LEDGER, STREAM, event.TOPIC, event.effective_on, who, {}, {})
    stream = StreamRef(STREAM, StreamKind.CLASS, LEDGER)
    now = datetime(2025, 1, 1, tzinfo=UTC)
    return Entry(position, now, stream, 1, b"", b"", None, envelope, event)


def folded(*names: str, standing: dict[Row, tuple[int, int]] | None = None) -> Changes:
    changes = Changes()
    entries = [entry(10 + index, name) for index, name in enumerate(names)]
    unfold(Alphabet(), None, {} if standing is None else standing, entries, changes)
    return changes


def test_an_entry_opens_its_rows_in_a_canonical_order() -> None:
    assert folded("ba").opened == {
        (STREAM, 10, 0): (("a",), None),
        (STREAM, 10, 1): (("b",), None),
    }


def test_a_row_that_vanishes_within_the_page_is_closed_in_place() -> None:
    changes = folded("ab", "bc")
    assert changes.opened == {
        (STREAM, 10, 0): (("a",), 11),
        (STREAM, 10, 1): (("b",), None),
        (STREAM, 11, 0): (("c",), None),
    }
    assert changes.closed == []


def test_a_row_that_stood_before_the_page_is_closed_by_its_key() -> None:
    changes = folded("b", standing={("a",): (3, 1), ("b",): (3, 2)})
    assert changes.opened == {}
    assert changes.closed == [(STREAM, 3, 1, 10)]


def test_a_row_that_returns_is_opened_again() -> None:
    changes = folded("a", "b", "a")
    assert changes.opened[STREAM, 10, 0] == (("a",), 11)
    assert changes.opened[STREAM, 12, 0] == (("a",), None)


def test_an_entry_that_cannot_be_folded_names_its_position() -> None:
    with pytest.raises(ProjectionStopped) as stopped:
        folded("a", "!")
    assert (stopped.value.position, stopped.value.reason) == (11, "an exclamation mark")
