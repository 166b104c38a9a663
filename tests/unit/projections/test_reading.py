"""WHEN, DATE and KEY as they are written."""

from datetime import date, datetime, timedelta, timezone
from uuid import UUID

import pytest

from ledger.errors import Refused
from projections.persons import Key
from services.reading import parse_day, parse_key, parse_when


def test_a_moment_is_a_position_an_instant_or_now() -> None:
    vietnam = timezone(timedelta(hours=7))
    assert parse_when("@0") == 0
    assert parse_when("2025-01-15T10:00:00+07:00") == datetime(2025, 1, 15, 10, tzinfo=vietnam)
    assert parse_when(None) is None


@pytest.mark.parametrize(
    "text", ["2025-01-15T10:00:00", "2025-01-15", "@", "@-1", "@1.5", "yesterday", ""]
)
def test_an_instant_without_offset_and_anything_else_is_wrong_usage(text: str) -> None:
    with pytest.raises(Refused) as error:
        parse_when(text)
    assert error.value.code == "bad_when"


def test_a_day_is_written_in_full() -> None:
    assert parse_day("2025-01-15") == date(2025, 1, 15)
    for text in ("20250115", "2025-02-30", "15/01/2025"):
        with pytest.raises(Refused):
            parse_day(text)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("P0", Key("local", "P0")),
        ("local:P0", Key("local", "P0")),
        ("local:P0@smas", Key("local", "P0", "smas")),
        ("local:a@b@smas", Key("local", "a@b", "smas")),
        ("a:b", Key("local", "a:b")),
        ("personal_id:001306000001", Key("personal_id", "001306000001")),
        (f"id:{UUID(int=5)}", Key("id", str(UUID(int=5)))),
    ],
)
def test_a_key_names_its_kind_or_is_a_bare_local_key(text: str, key: Key) -> None:
    assert parse_key(text) == key


@pytest.mark.parametrize("text", ["id:five", "local:", "moet:", "personal_id:999"])
def test_a_key_without_a_sound_value_is_wrong_usage(text: str) -> None:
    with pytest.raises(Refused) as error:
        parse_key(text)
    assert error.value.code == "bad_key"
