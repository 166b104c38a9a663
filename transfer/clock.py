"""The time of a transfer, in one place: it dates entries and messages, and moves nothing."""

from datetime import UTC, date, datetime


def now() -> datetime:
    """The instant, with its offset."""
    return datetime.now(UTC)


def today() -> date:
    """The day."""
    return now().date()
