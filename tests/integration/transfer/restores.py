"""Ledgers whose database can be backed up and restored under them, as an operator would.

A backup is a copy of the database made by the server; who restores ends what runs on the ledger,
puts the copy in its place and starts again. What stands beside the database (the home) stays.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from uuid import UUID

import psycopg
from psycopg import sql

from ledger.event import Who
from services.embedded import Servers
from services.ledgers import Ledgers, Profile
from services.offices import office_of
from tests.integration.transfer.conftest import Side, open_sides
from transfer import recovery
from transfer.inbox import Taken
from transfer.office import Office
from transfer.recovery import Progress


@dataclass
class Site:
    """One ledger, opened; it can be closed, copied, restored and opened again."""

    profile: Profile
    ledgers: Ledgers
    servers: Servers
    _stack: ExitStack = field(default_factory=ExitStack)
    _side: Side | None = None

    @property
    def side(self) -> Side:
        if self._side is None:
            _, opened = self._stack.enter_context(self.ledgers.open(self.servers, self.name))
            office = office_of(self.ledgers, self.profile, opened)
            self._side = Side(self.profile, office, self.ledgers, self.servers)
        return self._side

    @property
    def name(self) -> str:
        return self.profile.name

    @property
    def id(self) -> UUID:
        return self.profile.id

    @property
    def office(self) -> Office:
        return self.side.office

    @property
    def who(self) -> Who:
        return self.side.who

    def exchange(self) -> list[Taken]:
        return self.side.exchange()

    def close(self) -> None:
        self._stack.close()
        self._side = None

    def backup(self) -> None:
        """Copies the database as it is now."""
        self.close()
        self._copy(self.profile.database, self._kept)

    def restore(self) -> None:
        """Puts the copy in the place of the database."""
        self.close()
        self._copy(self._kept, self.profile.database)

    @property
    def _kept(self) -> str:
        return f"{self.profile.database}_b"

    def _copy(self, source: str, target: str) -> None:
        url = self.servers.postgres.url("postgres")
        with psycopg.connect(url, autocommit=True) as server:
            names = sql.Identifier(target), sql.Identifier(source)
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(names[0]))
            server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))

    def begin_recovery(self) -> int:
        return recovery.begin(self.office, who=self.who)

    def advance(self) -> Progress | None:
        return recovery.advance(self.office, who=self.who)


@contextmanager
def open_sites(running: Servers, *provinces: str) -> Iterator[list[Site]]:
    """Fresh ledgers in one home, each to be backed up and restored by itself."""
    with open_sides(running, *provinces) as (_, sides):
        for side in sides:
            side.office.ledger.close()  # each site opens its own
        sites = [Site(side.profile, side.ledgers, running) for side in sides]
        try:
            yield sites
        finally:
            for site in sites:
                site.close()


def recover(site: Site, *peers: Site) -> Progress:
    """A whole recovery, with everybody's agents running."""
    site.begin_recovery()
    for _ in range(6):
        site.exchange()
        for peer in peers:
            peer.exchange()
    found = site.advance()
    if found is None:  # it ended in an exchange
        return recovery.newest(site.office)
    return found
