"""The ledger's dated data (rules, terms, deadlines) as known in a prefix of the log."""

from collections.abc import Sequence
from uuid import UUID

from ledger import log, settings
from ledger.database import Connection
from ledger.event import Event
from ledger.events.settings import CommentPhraseSet, DeadlineSet, RulesChosen, TermsDated
from ledger.events.unit import LedgerOpened
from ledger.settings import Settings

ALL = (RulesChosen, TermsDated, DeadlineSet, CommentPhraseSet)


def read_settings(
    connection: Connection, ledger: UUID, *, size: int, of: Sequence[type[Event]] = ALL
) -> Settings:
    """The settings of `ledger` in the prefix of `size` entries, folded from its own stream; only
    what events `of` set is filled in.

    Raises:
        DamagedEntry: an entry of that stream cannot be read.
    """
    topics = [LedgerOpened.TOPIC, *(event.TOPIC for event in of)]
    state: Settings | None = None
    for entry in log.of_streams(connection, [ledger], size=size, topics=topics):
        state = settings.evolve(state, entry.event, entry.version)
    assert state is not None  # entry 0 opens the ledger
    return state


def read_calendars(connection: Connection, ledger: UUID, *, size: int) -> Settings:
    """The settings with the terms alone: what `Settings.calendar` needs."""
    return read_settings(connection, ledger, size=size, of=(TermsDated,))
