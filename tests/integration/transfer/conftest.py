"""Two provinces in one home, each with a school, and their transfer offices."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from ledger.event import Who
from services.embedded import Home, Servers, servers, stop_all
from services.ledgers import Ledgers, Profile
from services.offices import embedded_route, office_of
from transfer import courier
from transfer.courier import Route
from transfer.inbox import Taken
from transfer.office import Office

TODAY = date(2025, 6, 1)


@dataclass(frozen=True)
class Side:
    """One ledger's office and its way to NATS."""

    profile: Profile
    office: Office
    route: Route

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


@pytest.fixture
def provinces(transfer_servers: Servers) -> Iterator[Provinces]:
    """Two fresh ledgers. Their home has folders of its own, the servers are the session's."""
    home = Home(Path(tempfile.mkdtemp(prefix="hb-y-"))).ensure()
    ledgers = Ledgers(home)
    profiles = [
        ledgers.create(
            transfer_servers,
            province=province,
            name=None,
            database=None,
            operator="operator",
            today=date(2024, 8, 1),
        )
        for province in ("31", "22")
    ]
    assert [profile.name for profile in profiles] == ["31", "22"]
    with (
        ledgers.open(transfer_servers, "31") as (first, origin),
        ledgers.open(transfer_servers, "22") as (second, receiver),
    ):
        sides = [
            Side(
                profile,
                office_of(ledgers, profile, opened),
                embedded_route(ledgers, transfer_servers, profile.id.hex),
            )
            for profile, opened in ((first, origin), (second, receiver))
        ]
        yield Provinces(home, *sides)
    shutil.rmtree(home.path)

