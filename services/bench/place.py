"""A temporary home for one benchmark, with ledgers of its own; nothing of it remains.

The home lies in the system's temporary folder under a short name (a socket's path is limited), and
its servers are stopped, whatever happens.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg

from ledger.database import Connection
from ledger.event import Who
from ledger.ledger import Ledger
from services.embedded import Home, Servers, servers, stop_all
from services.ledgers import Ledgers

OPERATOR = "operator"
PROVINCE = "31"


@dataclass(frozen=True, slots=True)
class Bench:
    """A ledger to measure, who writes in it, and the superuser's way to its database."""

    ledger: Ledger
    who: Who
    url: str

    @contextmanager
    def owner(self) -> Iterator[Connection]:
        """A connection of the superuser, in autocommit: for the baselines' own tables."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            yield connection


@contextmanager
def temporary_servers() -> Iterator[tuple[Ledgers, Servers]]:
    """The servers of a home that is removed at the end."""
    home = Home(Path(tempfile.mkdtemp(prefix="hb-")))
    try:
        with servers(home.ensure()) as running:
            running.postgres_server.start()
            yield Ledgers(home), running
    finally:
        stop_all(home, force=True)
        home.remove()


@contextmanager
def new_ledger(ledgers: Ledgers, running: Servers, name: str) -> Iterator[Bench]:
    """A ledger under `name` in a temporary home, opened."""
    profile = ledgers.create(
        running,
        province=PROVINCE,
        name=name,
        database=None,
        operator=OPERATOR,
        today=date.today(),
    )
    url = ledgers.url(running, profile)
    with ledgers.open(running, name) as (_, ledger):
        yield Bench(ledger, ledger.who(OPERATOR), url)
