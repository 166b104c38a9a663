"""How reads are written on a command line or in a query: WHEN, DATE and KEY; where to read."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from uuid import UUID

from ledger.errors import Refused
from projections.moment import When
from projections.persons import Key
from projections.views import Views
from services.importing import values
from services.workplace import Workplace

_POSITION = re.compile(r"@([0-9]{1,18})")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBERS = ("personal_id", "moet", "passport", "visa", "birth_certificate", "temporary")


def parse_when(text: str | None) -> When:
    """`@POSITION`, an ISO 8601 instant with its offset, or None for the newest entry.

    Raises:
        Refused: `bad_when`.
    """
    if text is None:
        return None
    position = _POSITION.fullmatch(text)
    if position:
        return int(position[1])
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise _bad_when() from None
    if instant.tzinfo is None:
        raise _bad_when()
    return instant


def _bad_when() -> Refused:
    return Refused(
        "bad_when",
        "a moment is @POSITION, or an ISO 8601 instant with its offset",
        suggestion="@41 or 2025-01-15T10:00:00+07:00",
    )


def parse_day(text: str) -> date:
    """`YYYY-MM-DD`, a day that a record can be about. Raises Refused(`bad_when`)."""
    first, last = values.DAYS
    if _DAY.fullmatch(text):
        try:
            found = date.fromisoformat(text)
        except ValueError:
            found = None
        if found is not None and first <= found <= last:
            return found
    raise Refused(
        "bad_when", f"a day is written YYYY-MM-DD, must exist and lie between {first} and {last}"
    )


def parse_key(text: str) -> Key:
    """`kind:value`, `local:KEY@SOURCE`, `id:UUID` or a bare local key.

    Raises:
        Refused: `bad_key`, also where the number cannot be one of its kind.
    """
    kind, colon, value = text.partition(":")
    if not colon or kind not in ("local", "id", *_NUMBERS):
        return Key("local", text)
    if not value:
        raise Refused("bad_key", f"no value stands after {kind}:")
    if kind == "local":
        local, at, source = value.rpartition("@")
        return Key("local", local, source) if at and local and source else Key("local", value)
    if kind == "id":
        try:
            return Key("id", str(UUID(value)))
        except ValueError:
            raise Refused("bad_key", "id: is followed by a UUID") from None
    try:
        return Key(kind, values.number(kind, value, "pupil_key"))
    except Refused as error:
        raise Refused("bad_key", str(error), suggestion=error.suggestion) from error


@contextmanager
def open_views(workplace: Workplace) -> Iterator[Views]:
    """The reads of the ledger that the global options name."""
    with workplace.open() as (_, ledger):
        names = {
            trusted.id: trusted.name
            for bundle in reversed(workplace.ledgers.trust.bundles())
            for trusted in bundle.ledgers
        }
        yield Views(ledger, ledgers=names)
