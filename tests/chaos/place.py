"""Two provinces of one home: their servers, an agent process each, and the people's offices."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from threading import RLock
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from ledger.event import Who
from services.embedded import Home, Servers, servers, stop_all
from services.ledgers import Ledgers, Profile
from services.offices import embedded_route, office_of
from tests.chaos.stores import FoundSite, FoundWorld, store_of, told_of
from tests.school import enrol, hand_in, mark, open_school, register
from transfer.office import Office

REPOSITORY = Path(__file__).resolve().parents[2]
PROVINCES = ("31", "22")
FIRST_DAY = date(2025, 3, 3)


class Desk:
    """Where the people of one ledger work. Whoever turns the ledger's database back takes `gate`,
    so that nobody's office is open meanwhile."""

    def __init__(self, place: "Place", profile: Profile) -> None:
        self.profile = profile
        self.name, self.id = profile.name, profile.id
        self.gate = RLock()
        self.records: dict[int, list[UUID]] = {}
        """By child this ledger's own records of it, the first one first."""
        self.backed_up = False
        self._place = place
        self._stack = ExitStack()
        self._office: Office | None = None
        self._url = place.ledgers.url(place.servers, profile)

    @property
    def office(self) -> Office:
        """The office, opened where it is not. Raises Unreachable."""
        if self._office is None:
            # By its address, so that nobody who works here starts a server that is down.
            opened = self._place.ledgers.open(self._place.servers, self.name, database=self._url)
            _, ledger = self._stack.enter_context(opened)
            self._office = office_of(self._place.ledgers, self.profile, ledger)
        return self._office

    @property
    def url(self) -> str:
        """How the superuser reaches this ledger's database."""
        return self._url

    @property
    def who(self) -> Who:
        """In whose name people act."""
        return self.office.ledger.who("operator")

    def stands(self) -> str:
        """Open, fenced after a restore, or recovering from one. Raises Unreachable."""
        ledger = self.office.ledger
        assert ledger.desk.fence is not None
        with ledger.database.connection() as connection:
            return ledger.desk.fence.standing(connection).state

    def back_up(self) -> None:
        """The server copies the database as it is now; nobody is connected meanwhile."""
        with self.gate, psycopg.connect(self._server, autocommit=True) as server:
            self.close()
            self._copy(server, self.profile.database, f"{self.profile.database}_b")
            self.backed_up = True

    def restore(self) -> None:
        """The last backup stands in the place of the database. What runs on it must have ended."""
        assert self.backed_up
        with self.gate, psycopg.connect(self._server, autocommit=True) as server:
            self.close()
            self._copy(server, f"{self.profile.database}_b", self.profile.database)

    @property
    def _server(self) -> str:
        return self._place.servers.postgres.url("postgres")

    def _copy(self, server: psycopg.Connection[Any], source: str, target: str) -> None:
        names = sql.Identifier(target), sql.Identifier(source)
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(names[0]))
        closed = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
        server.execute(closed.format(names[1], sql.SQL("false")))
        try:
            server.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s",
                (source,),
            )
            server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
        finally:
            server.execute(closed.format(names[1], sql.SQL("true")))

    def close(self) -> None:
        """Ends the office; the next who needs it opens it anew."""
        self._stack.close()
        self._office = None


class Agent:
    """The process that carries one ledger's mail; what ends it, others start again."""

    def __init__(self, home: Path, name: str) -> None:
        self.told = home / f"told-{name}"
        self._command = [sys.executable, "-m", "tests.chaos.agent", str(home), name, str(self.told)]
        self._log = home / f"agent-{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        """Whether it runs (a stopped one does)."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Starts it where it does not run."""
        if self.alive:
            return
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "HOCBA_LINGER": "5"}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=REPOSITORY, env=environment, stdout=log, stderr=log
            )

    def send(self, signal_number: int) -> None:
        """Sends it a signal; nothing where it has ended."""
        if self._process is not None and self.alive:
            self._process.send_signal(signal_number)

    def wait(self, seconds: float) -> bool:
        """Whether it has ended within so many seconds."""
        if self._process is None:
            return True
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def end(self) -> None:
        """Kills it where it still runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def last_words(self) -> str:
        """Its log, with what it waits for now."""
        self.send(signal.SIGUSR1)
        time.sleep(0.5)
        return self._log.read_text("utf-8", errors="replace") if self._log.exists() else ""


@dataclass
class Place:
    """The home with everything in it."""

    home: Home
    servers: Servers
    ledgers: Ledgers
    desks: list[Desk] = field(default_factory=list)
    agents: list[Agent] = field(default_factory=list)
    children: dict[UUID, int] = field(default_factory=dict)
    """Every record of a child, whichever ledger's."""

    def desk(self, ledger: UUID) -> Desk:
        """The ledger by its id."""
        return next(desk for desk in self.desks if desk.id == ledger)

    def know(self, desk: Desk, child: int, record: UUID) -> None:
        """Somebody learned whose record it is."""
        self.children[record] = child
        desk.records.setdefault(child, []).append(record)

    def found(self) -> FoundWorld:
        """What both databases hold now, and what was ever told."""
        sites = [
            FoundSite(number, desk.name, store_of(desk.url), desk.stands())
            for number, desk in enumerate(self.desks)
        ]
        return FoundWorld(list(sites), told_of(agent.told for agent in self.agents))


@contextmanager
def founded(pupils: int) -> Iterator[Place]:
    """Two ledgers with `pupils` children each of whom has a history at one of them and waits for
    its papers at the other; the servers run, the agents do not. All of it is gone afterwards."""
    home = Home(Path(tempfile.mkdtemp(prefix="hb-c-"))).ensure()
    try:
        with servers(home) as running:
            place = Place(home, running, Ledgers(home))
            try:
                _found(place, pupils)
                yield place
            finally:
                for agent in place.agents:
                    agent.end()
                for desk in place.desks:
                    desk.close()
    finally:
        stop_all(home, force=True)
        home.remove()
        shutil.rmtree(home.path, ignore_errors=True)


def _found(place: Place, pupils: int) -> None:
    for province in PROVINCES:
        profile = place.ledgers.create(
            place.servers,
            province=province,
            name=None,
            database=None,
            operator="operator",
            today=date(2024, 8, 1),
        )
        place.desks.append(Desk(place, profile))
        place.agents.append(Agent(place.home.path, profile.name))
    for number, desk in enumerate(place.desks):
        _school(place, desk, number, pupils)
        embedded_route(place.ledgers, place.servers, desk.id.hex)


def _school(place: Place, desk: Desk, number: int, pupils: int) -> None:
    """A class with every child in it, with two marks for each whose history begins here."""
    ledger = desk.office.ledger
    open_school(ledger)
    records = register(ledger, [f"P{child}" for child in range(pupils)])
    natives = [record for child, record in enumerate(records) if child % 2 == number]
    others = [record for child, record in enumerate(records) if child % 2 != number]
    enrol(ledger, natives)
    hand_in(ledger, [mark(pupil) for pupil in natives])
    hand_in(ledger, [mark(pupil, slot="GK") for pupil in natives])
    enrol(ledger, others, on=FIRST_DAY, kind="provisional")
    for child, record in enumerate(records):
        place.know(desk, child, record)
