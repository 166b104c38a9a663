"""Columns written as literals come back as they were."""

from datetime import UTC, datetime

import pytest

from ledger import arrays
from ledger.ledger import Ledger

TEXTS = ["", "NULL", "null", "a,b", "{}", 'a"b', "a\\b", '\\"', "\n\t ", "Nguyễn", "\u200b", "😀"]
BYTES = [b"", b"\x00", bytes(range(256)), b"\\x00"]
NUMBERS = [0, -1, None, 2**62]
INSTANTS = [datetime(2026, 5, 29, 1, 2, 3, 4, UTC), None, datetime(1970, 1, 1, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("kind", "literal", "values"),
    [
        ("text", arrays.texts(TEXTS), TEXTS),
        ("text", arrays.texts([""]), [""]),
        ("text", arrays.texts([]), []),
        ("bytea", arrays.byte_strings(BYTES), BYTES),
        ("bytea", arrays.byte_strings([]), []),
        ("bigint", arrays.numbers(NUMBERS), NUMBERS),
        ("bigint", arrays.numbers([]), []),
        ("timestamptz", arrays.instants(INSTANTS), INSTANTS),
    ],
)
def test_a_column_comes_back_as_it_was(
    ledger: Ledger, kind: str, literal: str, values: list[object]
) -> None:
    with ledger.database.connection() as connection:
        row = connection.execute(f"SELECT %s::{kind}[]", (literal,)).fetchone()
    assert row is not None
    assert row[0] == values


def test_a_text_that_cannot_be_stored_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        arrays.texts(["a\0b"])
