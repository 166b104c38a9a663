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
from ledger.queries import queries
from services.embedded import Servers
from services.ledgers import Ledgers, Profile
from services.offices import office_of
from tests.integration.transfer.conftest import Side, open_sides
from transfer import inbox, outbox, recovery, recovery_state
from transfer.errors import Fenced
from transfer.inbox import Taken
from transfer.kinds import FINAL_KINDS
from transfer.message import MAX_FRAME
from transfer.office import Office
from transfer.recovery_state import Progress

_SQL = queries("transfer", "transfer.sql")


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
def open_sites(running: Servers, *provinces: str | None) -> Iterator[list[Site]]:
    """Fresh ledgers in one home, each to be backed up and restored by itself (None: the
    ministry)."""
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
    found = recovery_state.newest(site.office)
    assert found is not None
    return found


@dataclass(frozen=True)
class Letter:
    """A sealed message on its way."""

    receiver: UUID
    frame: bytes


def letters(site: Site) -> list[Letter]:
    """What a ledger sends now: sealed, and marked as sent."""
    with site.office.ledger.database.connection() as connection:
        outbox.seal_waiting(site.office)
        due = connection.execute(_SQL["due"], {"limit": 1000, "most": MAX_FRAME}).fetchall()
        sent = {
            "messages": [row[0] for row in due],
            "states": ["answered" if row[2] in FINAL_KINDS else "sent" for row in due],
            "waits": [3600.0] * len(due),
            "sequences": [0] * len(due),
        }
        connection.execute(_SQL["put_sent"], sent)
    return [Letter(row[1], bytes(row[3])) for row in due]


def hand_over(site: Site, letter: Letter) -> Taken | None:
    """A message arrives; None where it was put off and is lost here."""
    try:
        return inbox.take(site.office, letter.frame, who=site.who)
    except Fenced:
        return None
    finally:
        site.advance()


def carry_mail(*sites: Site) -> list[Taken]:
    """Everybody's mail goes round until nobody sends any more; what is for a ledger that is not
    among `sites` is lost."""
    known = {site.id: site for site in sites}
    taken: list[Taken] = []
    put_off: list[Letter] = []
    for _ in range(20):
        moved = [letter for site in sites for letter in letters(site)]
        if not moved and not put_off:
            return taken
        carried, put_off = [*put_off, *moved], []
        before = len(taken)
        for letter in carried:
            if letter.receiver in known:
                came = hand_over(known[letter.receiver], letter)
                put_off += [letter] if came is None else []
                taken += [came] if came is not None else []
        if len(taken) == before and not moved:
            return taken  # what is put off waits for something else
    raise AssertionError("the mail never comes to rest")


def recover_by_hand(site: Site, *peers: Site) -> Progress:
    """A whole recovery without NATS."""
    site.begin_recovery()
    carry_mail(site, *peers)
    site.advance()
    found = recovery_state.newest(site.office)
    assert found is not None
    return found
