"""A rehearsal: the whole import in one transaction that is rolled back at the end.

So `--dry-run` decides by exactly the code and the facts of the real run, dependants of new pupils
included. The price: it holds the append lock from its first entry to its end, and others wait.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from ledger.database import Connection, Database
from ledger.ledger import Ledger


class OneConnection(Database):
    """A database that always gives the same connection."""

    def __init__(self, connection: Connection) -> None:
        """`connection` is inside the transaction to be rolled back."""
        self._only = connection

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """The connection."""
        yield self._only


@contextmanager
def rehearsal(ledger: Ledger) -> Iterator[Ledger]:
    """The ledger as it would be; nothing done to it inside stays.

    Its keyring may have made keys that were never stored: throw `ledger` away afterwards.
    """
    with ledger.database.connection() as connection, connection.transaction(force_rollback=True):
        yield Ledger(OneConnection(connection), ledger=ledger.id, keyring=ledger.keyring)
