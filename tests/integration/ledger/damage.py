"""What somebody with the server's own rights could do to a ledger."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from ledger.database import Connection


@contextmanager
def as_owner(url: str) -> Iterator[Connection]:
    """A superuser's session with every trigger off, committed at the end."""
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection
