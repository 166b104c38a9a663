"""The whole conversation over a server that two provinces share, as provisioning makes it."""

import json
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from nats.aio.client import Client
from nats.js.client import JetStreamContext

from services.commands.nats import nats_
from services.commands.transfer import transfer
from services.embedded import Servers
from services.embedded.nats_streams import consumer_settings, stream_settings
from services.errors import ServiceError, UnsafeServer
from services.nats import certificates, streams
from services.nats.access import NatsAccess
from services.offices import route_of
from services.workplace import Workplace
from tests.integration.shared_nats import SMALL, Shared, shared_server
from tests.integration.transfer.conftest import Provinces, Side, open_sides
from tests.integration.transfer.story import TODAY, carry_through, cases, transcript
from transfer.courier import Box, Route
from transfer.errors import CourierUnavailable


@dataclass(frozen=True)
class SharingSide(Side):
    """A ledger's office whose mail goes over the shared server."""

    server: Shared

    @property
    def route(self) -> Route:
        return self.server.route(self.profile.name)


@dataclass(frozen=True)
class Sharing:
    """Two provinces of one home, and the server they share."""

    provinces: Provinces
    server: Shared

    def place(self, **changed: Any) -> Workplace:
        """The global options of the receiver's command."""
        papers = self.server.folder.ledger("22")
        given: dict[str, Any] = {
            "credentials": papers / "worker.creds",
            "ca": papers / "ca.pem",
            "certificate": papers / "client.pem",
            "key": papers / "client.key",
            "monitor": self.server.monitor,
            "unsafe": False,
        }
        url = changed.pop("url", self.server.url)
        side = self.provinces.receiver
        return Workplace(
            home=self.provinces.home,
            account="operator",
            database=side.ledgers.url(side.servers, side.profile),
            nats=url,
            ledger="22",
            format="json",
            lang="en",
            nats_access=NatsAccess(**(given | changed)),
        )

    def route(self, **changed: Any) -> Route:
        """What a command of the receiver would work with."""
        side = self.provinces.receiver
        return route_of(self.place(**changed), side.servers, side.office)


@pytest.fixture(scope="module")
def sharing(transfer_servers: Servers) -> Iterator[Sharing]:
    with ExitStack() as stack:
        home, sides = stack.enter_context(open_sides(transfer_servers, "31", "22"))
        server = stack.enter_context(shared_server("31", "22", "15"))
        ledgers = sides[0].ledgers
        accounts = {name: server.account(name) for name in ("31", "15")}
        assert ledgers.adopt_accounts(accounts) == ["31"]
        origin, receiver = (
            SharingSide(side.profile, side.office, side.ledgers, side.servers, server)
            for side in sides
        )
        sharing = Sharing(Provinces(home, origin, receiver), server)
        for changed in (True, False):
            done = CliRunner().invoke(
                nats_, ["adopt"], obj=sharing.place(), standalone_mode=False, catch_exceptions=False
            )
            assert json.loads(done.stdout)["changed"] is changed
        yield sharing


def _administer(server: Shared, work: Callable[[JetStreamContext], Awaitable[object]]) -> None:
    async def act(client: Client, _: list[str]) -> None:
        await work(client.jetstream())

    server.visit(server.administrator, act)


@pytest.fixture
def drifted(sharing: Sharing) -> Iterator[Sharing]:
    """The receiver's durable was given a backoff, its stream another duplicate window."""
    box = sharing.server.box("31", "22")

    async def change(jetstream: JetStreamContext) -> None:
        settings = stream_settings(sharing.server.account("22"), max_bytes=SMALL)
        await jetstream.update_stream(settings.evolve(duplicate_window=60))
        await jetstream.add_consumer(box.stream, consumer_settings(box).evolve(backoff=[2.0, 9.0]))

    _administer(sharing.server, change)
    yield sharing
    streams.apply(sharing.server.folder, sharing.server.url, replicas=1, max_bytes=SMALL)
    assert len(sharing.route().boxes) == 1, "provisioning again mends it"


def test_a_history_goes_over_a_shared_server_and_is_accepted(sharing: Sharing) -> None:
    provinces = sharing.provinces
    _, arrival, case = carry_through(provinces)
    assert [(c.id, c.state, c.receipt) for c in cases(provinces.origin)] == [
        (case, "accepted", True)
    ]
    assert transcript(provinces.receiver, arrival, TODAY).years
    assert provinces.origin.exchange() == []


def test_a_provisioned_server_is_worked_with(sharing: Sharing) -> None:
    route = sharing.route()
    box = sharing.server.box("31", "22")
    assert route.boxes == (Box(box.stream, box.durable, box.prefix),)
    assert route.account == sharing.server.account("22")


def test_provision_takes_the_trust_bundles_ledgers_and_makes_no_papers_without_their_keys(
    sharing: Sharing, tmp_path: Path
) -> None:
    done = CliRunner().invoke(
        nats_,
        ["provision", "--out", str(tmp_path / "other")],
        obj=sharing.place(),
        standalone_mode=False,
        catch_exceptions=False,
    )
    answer = json.loads(done.stdout)
    assert [(one["ledger"], one["account"]) for one in answer["ledgers"]] == [
        (name, sharing.server.account(name)) for name in ("22", "31")
    ]
    assert {one["credentials_until"] for one in answer["ledgers"]} == {None}
    assert answer["applied"] is None


def test_a_server_whose_settings_drifted_is_refused_until_that_is_tolerated(
    drifted: Sharing, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UnsafeServer) as refusal:
        drifted.route()
    for setting in ("backoff is 2.0, 9.0", "duplicate_window is 60", "ack_wait is 2"):
        assert setting in str(refusal.value)
    assert len(drifted.route(unsafe=True).boxes) == 1
    assert "tolerated at the NATS server: stream" in capsys.readouterr().err


def test_check_lists_the_differences(drifted: Sharing) -> None:
    done = CliRunner().invoke(nats_, ["check"], obj=drifted.place(), standalone_mode=False)
    assert done.return_value == 7
    answer = json.loads(done.stdout)
    assert {one["setting"] for one in answer["differences"]} == {
        "backoff",
        "ack_wait",
        "duplicate_window",
    }
    assert (answer["mailboxes"], answer["not_checked"]) == (1, [])


def test_a_command_ends_before_mail_goes_over_an_unsafe_server(drifted: Sharing) -> None:
    with pytest.raises(UnsafeServer, match="hocba nats provision"):
        CliRunner().invoke(
            transfer, ["list"], obj=drifted.place(), standalone_mode=False, catch_exceptions=False
        )


def test_a_command_goes_on_without_mail_where_the_server_is_away(sharing: Sharing) -> None:
    away = sharing.place(url="tls://127.0.0.1:1", monitor=None)
    done = CliRunner().invoke(
        transfer, ["list"], obj=away, standalone_mode=False, catch_exceptions=False
    )
    assert "cases" in json.loads(done.stdout)
    with pytest.raises(CourierUnavailable):
        sharing.route(url="tls://127.0.0.1:1")


def test_the_papers_of_another_ledger_are_refused(sharing: Sharing) -> None:
    other = sharing.server.folder.ledger("31") / "worker.creds"
    with pytest.raises(ServiceError, match="the trust bundle gives this ledger"):
        sharing.route(credentials=other)


def test_nothing_is_said_in_clear_text_beyond_this_machine(
    sharing: Sharing, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def connect(*_: object, **__: object) -> Client:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(Client, "connect", connect)
    bare = {"ca": None, "certificate": None, "key": None}
    with pytest.raises(
        UnsafeServer, match=r"nats://nats\.example:4222 would be spoken to in clear"
    ):
        sharing.route(url="nats://u:secret@nats.example:4222", **bare)
    with pytest.raises(UnsafeServer) as refusal:
        sharing.route(url="nats://u:secret@nats.example:4222", credentials=None, **bare)
    assert "secret" not in str(refusal.value)


def test_a_server_that_is_not_the_one_certified_is_refused(sharing: Sharing) -> None:
    until = datetime.now(UTC) + timedelta(days=1)
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as other:
        other.write(certificates.authority("Other CA", until=until)[0])
        other.flush()
        with pytest.raises(CourierUnavailable, match=r"(?i)certificate verify failed"):
            sharing.route(ca=Path(other.name))


def test_the_embedded_servers_layout_is_found_safe_too(sharing: Sharing) -> None:
    """Another home's server, on this machine, by user and password."""
    server = sharing.provinces.receiver.servers.nats_server
    ours, theirs = sharing.server.account("22"), sharing.server.account("31")
    server.start()
    server.provision([("22", ours), ("31", theirs)])
    address, worker = server.start(), server.ensure_account(ours)
    url = address.url.replace("://", f"://{worker.user}:{worker.password}@")
    bare = {"ca": None, "certificate": None, "key": None, "credentials": None}
    route = sharing.route(url=url, monitor=address.monitor_url, **bare)
    assert route.boxes == (Box(f"HB_{theirs}", f"to_{ours}", f"from.{theirs}"),)
