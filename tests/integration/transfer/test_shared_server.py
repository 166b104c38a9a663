"""The whole conversation over a server that two provinces share, as provisioning makes it."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import nats
import pytest
from nats.aio.client import Client

from services.embedded import Servers
from tests.integration.shared_nats import Shared, shared_server
from tests.integration.transfer.conftest import Provinces, Side, open_sides
from tests.integration.transfer.story import TODAY, carry_through, cases, transcript
from transfer.courier import Route
from transfer.inbox import Taken
from transfer.login import login


@dataclass(frozen=True)
class SharingSide(Side):
    """A ledger's office whose mail goes over the shared server."""

    server: Shared

    @property
    def route(self) -> Route:
        return self.server.route(self.profile.name)

    def exchange(self) -> list[Taken]:
        connect, papers = nats.connect, login(self.route)

        async def with_papers(url: str, **options: object) -> Client:
            return await connect(url, **{**options, **papers})

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(nats, "connect", with_papers)
            return super().exchange()


@pytest.fixture
def provinces(transfer_servers: Servers) -> Iterator[Provinces]:
    with ExitStack() as stack:
        home, sides = stack.enter_context(open_sides(transfer_servers, "31", "22"))
        server = stack.enter_context(shared_server("31", "22"))
        ledgers = sides[0].ledgers
        assert sorted(
            ledgers.adopt_accounts({name: server.account(name) for name in ("31", "22")})
        ) == ["22", "31"]
        origin, receiver = (
            SharingSide(side.profile, side.office, side.ledgers, side.servers, server)
            for side in sides
        )
        yield Provinces(home, origin, receiver)


def test_a_history_goes_over_a_shared_server_and_is_accepted(provinces: Provinces) -> None:
    leaver, arrival, case = carry_through(provinces)
    assert [(c.id, c.state, c.receipt) for c in cases(provinces.origin)] == [
        (case, "accepted", True)
    ]
    assert transcript(provinces.receiver, arrival, TODAY).years
    assert provinces.origin.exchange() == []
    del leaver
