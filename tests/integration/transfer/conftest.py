"""Provinces in one home, each with a school, and their transfer offices."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path

import pytest

from ledger.event import Who
from services.embedded import Home, NatsServer, Servers, servers, stop_all
from services.ledgers import Ledgers, Profile
from services.offices import embedded_route, office_of
from transfer import courier
from transfer.courier import Route
from transfer.inbox import Taken
from transfer.office import Office


@dataclass(frozen=True)
class Side:
    """One ledger's office and its way to NATS, made ready when it is first used."""

    profile: Profile
    office: Office
    ledgers: Ledgers
    servers: Servers

    @cached_property
    def route(self) -> Route:
        return embedded_route(self.ledgers, self.servers, self.profile.id.hex)

    @property
    def who(self) -> Who:
        return self.office.ledger.who("operator")

    def exchange(self) -> list[Taken]:
        return courier.exchange(self.office, self.route, who=self.who)


@dataclass(frozen=True)
class Provinces:
    """Origin (Hải Phòng) and receiver (Quảng Ninh)."""

    home: Home
    origin: Side
    receiver: Side


@pytest.fixture(scope="session")
def transfer_servers() -> Iterator[Servers]:
    home = Home(Path(tempfile.mkdtemp(prefix="hb-x-")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOCBA_LINGER", "5")
        try:
            with servers(home) as running:
                yield running
        finally:
            stop_all(home)
            home.remove()


@contextmanager
def open_sides(running: Servers, *provinces: str | None) -> Iterator[tuple[Home, list[Side]]]:
    """Fresh ledgers, None the ministry. Their home has its own folders, PostgreSQL is shared. NATS
    is theirs alone, once it is asked for: every account of a server is linked with every other,
    and a server of all tests' accounts would take longer with each."""
    home = Home(Path(tempfile.mkdtemp(prefix="hb-y-"))).ensure()
    ledgers = Ledgers(home)
    running = replace(running, nats_server=NatsServer(home))
    profiles = [
        ledgers.create(
            running,
            province=province,
            name=None,
            database=None,
            operator="operator",
            today=date(2024, 8, 1),
        )
        for province in provinces
    ]
    with ExitStack() as stack:
        sides = []
        for profile in profiles:
            _, opened = stack.enter_context(ledgers.open(running, profile.name))
            office = office_of(ledgers, profile, opened)
            sides.append(Side(profile, office, ledgers, running))
        try:
            yield home, sides
        finally:
            running.nats_server.stop()
    if running.postgres_server.running():
        for profile in profiles:
            running.postgres_server.drop_database(profile.database)
    shutil.rmtree(home.path)


@pytest.fixture
def provinces(transfer_servers: Servers) -> Iterator[Provinces]:
    with open_sides(transfer_servers, "31", "22") as (home, (origin, receiver)):
        yield Provinces(home, origin, receiver)


@pytest.fixture
def three(transfer_servers: Servers) -> Iterator[list[Side]]:
    """Hải Phòng, Quảng Ninh and Hà Nội."""
    with open_sides(transfer_servers, "31", "22", "01") as (_, sides):
        yield sides
