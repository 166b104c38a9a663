"""The keeper: one small process for each home that stops its servers when nobody uses them.

Run by the first command as ``python -m services.embedded.keep HOME``; it leaves with the servers.
"""

import os
import signal
import time
from fcntl import LOCK_EX

from services.embedded.home import Home, try_lock
from services.embedded.lease import KEEPER, asked_linger
from services.embedded.nats import NatsServer
from services.embedded.postgres import PostgresServer
from services.embedded.processes import end, started_as

_GONE = -1


def keep(home: Home) -> None:
    """Watch the leases of a home until its servers are stopped; returns if another keeper does."""
    try:
        mine = try_lock(home.run / "keeper.lock", LOCK_EX)
    except FileNotFoundError:  # deleted before we looked
        return _end_nats(home)
    if mine is None:
        return
    last_used = time.time()
    while (lease := _look(home)) != _GONE:
        if lease is None:
            last_used = time.time()
        else:
            last_used = max(last_used, min(os.fstat(lease).st_mtime, time.time()))
            if time.time() - last_used >= asked_linger(lease):
                _stop(home)
                # In this order: a command that gets its lease next must find no keeper.
                os.close(mine)
                os.close(lease)
                return
            os.close(lease)
        time.sleep(0.25)
    _end_nats(home)  # the home was deleted; PostgreSQL notices by itself, NATS does not


def _look(home: Home) -> int | None:
    """Return the lease, taken whole; None where a command uses it; ``_GONE`` without a home."""
    try:
        return try_lock(home.lease, LOCK_EX, create=False)
    except FileNotFoundError:
        return _GONE


def end_keeper(home: Home) -> None:
    """End the keeper of a home, if it has one."""
    for process in started_as(KEEPER, str(home.path)):
        end(process, (signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0))


def _end_nats(home: Home) -> None:
    for process in started_as("nats-server", str(NatsServer(home).config_file)):
        end(process, (signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0))


def _stop(home: Home) -> None:
    for server in (NatsServer(home), PostgresServer(home)):
        server.stop()
