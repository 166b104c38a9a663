"""PostgreSQL and NATS from wheels, on a folder of the user: started when needed, stopped when idle.

Here live the home folder, the two servers, leases and the keeper. What is stored in the servers is
none of this package's business, except the streams and consumers of the courier.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX

from services.embedded.home import Home, default_home, try_lock
from services.embedded.keeper import end_keeper
from services.embedded.lease import ensure_keeper, leased
from services.embedded.nats import NatsAddress, NatsServer
from services.embedded.nats_config import Mailbox, NatsCredentials
from services.embedded.postgres import PostgresAddress, PostgresServer
from services.errors import HomeInUse

__all__ = [
    "Home",
    "Mailbox",
    "NatsAddress",
    "NatsCredentials",
    "NatsServer",
    "PostgresAddress",
    "PostgresServer",
    "Servers",
    "default_home",
    "servers",
    "stop_all",
]


@dataclass(frozen=True)
class Servers:
    """The servers of one home, held by a lease; each starts when first asked for."""

    postgres_server: PostgresServer
    nats_server: NatsServer

    @property
    def postgres(self) -> PostgresAddress:
        """Start PostgreSQL unless it runs; where it is."""
        return self.postgres_server.address() or self.postgres_server.start()

    @property
    def nats(self) -> NatsAddress:
        """Start NATS unless it runs; where it is."""
        return self.nats_server.address() or self.nats_server.start()


@contextmanager
def servers(home: Home) -> Iterator[Servers]:
    """Hold the home's servers for the length of a command; they linger a little after it.

    Raises:
        HomeUnusable: the folder cannot be used.
        ServerUnavailable: another command has been stopping the servers for too long.
    """
    with leased(home):
        yield Servers(postgres_server=PostgresServer(home), nats_server=NatsServer(home))


def stop_all(home: Home, *, force: bool = False) -> None:
    """Stop the home's servers and keeper at once; nothing where none run.

    Raises:
        HomeInUse: another command holds a lease, and ``force`` is not set.
        ServerUnavailable: a process would not end.
    """
    if not home.run.exists():
        return
    # The keeper has to leave first: it takes the lease itself, for moments, to look.
    end_keeper(home)
    lease = try_lock(home.lease, LOCK_EX)
    if lease is None and not force:
        ensure_keeper(home)
        raise HomeInUse(
            f"a command of the home {home.path} is still running (hocba serve, perhaps); "
            "end it first, the servers then stop by themselves"
        )
    try:
        NatsServer(home).stop()
        PostgresServer(home).stop()
    finally:
        if lease is not None:
            os.close(lease)
