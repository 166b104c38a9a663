"""The one clock of `transfer`. What it says stands on messages and bounds how long they are good;
it never moves custody."""

from datetime import UTC, date, datetime


def now() -> datetime:
    """The instant, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The day, in UTC."""
    return now().date()
