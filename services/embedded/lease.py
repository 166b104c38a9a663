"""Leases: every command that uses a home's servers holds one; the keeper stops unused servers."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_SH

from services.embedded.home import Home, file_lock, try_lock
from services.embedded.processes import spawn_detached
from services.errors import ServiceError

DEFAULT_LINGER = 120.0
#: The keeper's program; a home's keeper is known by it and the home's path.
KEEPER = "services.embedded.keep"


def linger() -> float:
    """Return how long servers outlive the last command, in seconds (``HOCBA_LINGER``).

    Raises:
        ServiceError: the variable is not a number from 0 up.
    """
    text = os.environ.get("HOCBA_LINGER", "")
    if not text:
        return DEFAULT_LINGER
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise ServiceError(f"HOCBA_LINGER is {text!r}: give seconds, such as 120, or 0")
    return seconds


@contextmanager
def leased(home: Home) -> Iterator[None]:
    """Hold a lease on the home's servers, and see to it that a keeper watches.

    The lease is a shared lock: it ends with the process, however that ends. The file's text is the
    linger the last command asked for, its time the last use.
    """
    seconds = linger()
    home.ensure()
    with file_lock(home.lease, LOCK_SH) as descriptor:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{seconds}\n".encode(), 0)
        ensure_keeper(home)
        try:
            yield
        finally:
            os.utime(home.lease)


def asked_linger(descriptor: int) -> float:
    """Return the linger the last command wrote into the lease; the default where it was killed."""
    text = os.pread(descriptor, 64, 0).decode("ascii").strip()
    return float(text) if text else DEFAULT_LINGER


def ensure_keeper(home: Home) -> None:
    """Start a keeper for the home unless one watches."""
    lock = home.run / "keeper.lock"
    descriptor = try_lock(lock, LOCK_EX)
    if descriptor is None:
        return
    os.close(descriptor)  # two commands may both start one: the second leaves at once
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)),
    }
    spawn_detached(
        [sys.executable, "-m", KEEPER, str(home.path)],
        log=home.run / "keeper.log",
        environment=environment,
    )
