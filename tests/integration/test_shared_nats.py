"""Ledgers that share a server without trusting each other: every attempt is refused by it."""

import asyncio
import json
import socket
import ssl
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout
from nats.js.api import ConsumerInfo, StreamInfo

from services.cli import cli
from services.nats import certificates, hub, streams, tokens
from services.nats.folder import Party
from services.nats.tokens import Key, Role
from tests.integration.shared_nats import SMALL, Shared, shared_server
from transfer.courier import Route


@pytest.fixture(scope="module")
def shared() -> Iterator[Shared]:
    """A sender 31, a receiver 22 and a stranger 15."""
    with shared_server("31", "22", "15") as server:
        yield server


@pytest.fixture(params=["worker", "account"])
def stranger(request: pytest.FixtureRequest, shared: Shared) -> Route:
    """The stranger: as its worker, and with all that the key of its account can give."""
    if request.param == "worker":
        return shared.route("15")
    return shared.route("15", papers=shared.papers("15", creds=shared.user("15")))


def _send(shared: Shared) -> str:
    """One message from the sender to the receiver; its subject."""
    box = shared.box("31", "22")
    subject = f"hb.v1.{box.sender}.{box.receiver}.dossier.{uuid.uuid4().hex}"

    async def publish(client: Client, _: list[str]) -> None:
        await client.jetstream().publish(subject, b"sealed")

    shared.visit(shared.route("31"), publish)
    return subject


def _fetch(shared: Shared) -> list[str]:
    """What the receiver takes and acknowledges."""
    box, found = shared.box("31", "22"), []

    async def fetch(client: Client, _: list[str]) -> None:
        jetstream = client.jetstream(prefix=box.prefix)
        mail = await jetstream.pull_subscribe_bind(box.durable, stream=box.stream)
        try:
            for message in await mail.fetch(10, timeout=0.5):
                await message.ack_sync(timeout=5)
                found.append(message.subject)
        except TimeoutError:
            """The box is empty."""

    shared.visit(shared.route("22"), fetch)
    return found


def _look(shared: Shared) -> tuple[StreamInfo, ConsumerInfo]:
    """The sender's stream and the receiver's durable, as the administrator sees them."""
    box = shared.box("31", "22")
    found: list[tuple[StreamInfo, ConsumerInfo]] = []

    async def look(client: Client, _: list[str]) -> None:
        jetstream = client.jetstream()
        stream = await jetstream.stream_info(box.stream)
        found.append((stream, await jetstream.consumer_info(box.stream, box.durable)))

    shared.visit(shared.administrator, look)
    return found[0]


def _refused(shared: Shared, route: Route, *asked: tuple[str, bytes]) -> None:
    """Each request is refused by the server: it says so, or there is no way out of the account."""

    async def ask(client: Client, complaints: list[str]) -> None:
        for subject, body in asked:
            complaints.clear()
            try:
                said = (await client.request(subject, body, timeout=0.3)).data.decode()
            except NoRespondersError:
                continue
            except NatsTimeout:
                said = "; ".join(complaints).lower()
            # A ledger's account has no JetStream of its own.
            refusals = ("permissions violation for publish", "JetStream not enabled for account")
            assert any(words in said for words in refusals), (subject, said)

    shared.visit(route, ask)


def test_a_message_reaches_its_receiver_once_and_its_acknowledgement_counts(
    shared: Shared,
) -> None:
    sent = [_send(shared), _send(shared)]
    assert _fetch(shared) == sent
    assert _fetch(shared) == []
    _, durable = _look(shared)
    assert (durable.num_pending, durable.num_ack_pending) == (0, 0)


def test_a_whole_batch_goes_through_the_hub_or_nothing_of_it(shared: Shared) -> None:
    box = shared.box("31", "22")
    subject = f"hb.v1.{box.sender}.{box.receiver}.dossier.{uuid.uuid4().hex}"

    async def publish(client: Client, _: list[str]) -> None:
        for batch, last in (("left", 3), ("whole", 4)):
            for number in range(1, last + 1):
                headers = {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
                if batch == "whole" and number == last:
                    headers["Nats-Batch-Commit"] = "1"
                await client.request(subject, b"c" * 1000, headers=headers, timeout=5)

    shared.visit(shared.route("31"), publish)
    assert _fetch(shared) == [subject] * 4


def test_nobody_sends_as_another(shared: Shared, stranger: Route) -> None:
    before = _look(shared)[0].state.messages
    box = shared.box("31", "22")
    _refused(shared, stranger, (f"hb.v1.{box.sender}.{box.receiver}.dossier.1", b"forged"))
    assert _look(shared)[0].state.messages == before


def test_nobody_pulls_anothers_mail(shared: Shared, stranger: Route) -> None:
    sent = _send(shared)
    box = shared.box("31", "22")
    asked = [
        (f"{prefix}.CONSUMER.MSG.NEXT.{box.stream}.{box.durable}", b'{"batch":1}')
        for prefix in (hub.PREFIX, "$JS.API")
    ]
    _refused(shared, stranger, *asked)
    assert _fetch(shared) == [sent]


def test_nobody_reads_deletes_or_empties_a_stream(shared: Shared, stranger: Route) -> None:
    sent = _send(shared)
    box = shared.box("31", "22")
    calls = [
        (f"STREAM.MSG.GET.{box.stream}", {"seq": 1}),
        (f"DIRECT.GET.{box.stream}", {"seq": 1}),
        (f"STREAM.MSG.DELETE.{box.stream}", {"seq": 1}),
        (f"STREAM.PURGE.{box.stream}", {}),
        (f"STREAM.DELETE.{box.stream}", {}),
        (f"STREAM.INFO.{box.stream}", {}),
        (f"CONSUMER.DELETE.{box.stream}.{box.durable}", {}),
        (f"CONSUMER.INFO.{box.stream}.{box.durable}", {}),
        (f"CONSUMER.CREATE.{box.stream}", {"stream_name": box.stream, "config": {}}),
    ]
    asked = [
        (f"{prefix}.{call}", json.dumps(body).encode())
        for prefix in (hub.PREFIX, "$JS.API")
        for call, body in calls
    ]
    _refused(shared, stranger, *asked)
    assert _fetch(shared) == [sent]


def test_a_sender_cannot_take_back_what_it_sent(shared: Shared) -> None:
    sent = _send(shared)
    box = shared.box("31", "22")
    own = shared.route("31", papers=shared.papers("31", creds=shared.user("31")))
    for route in (shared.route("31"), own):
        _refused(
            shared,
            route,
            (f"{hub.PREFIX}.STREAM.PURGE.{box.stream}", b""),
            (f"{hub.PREFIX}.STREAM.DELETE.{box.stream}", b""),
            (f"{hub.PREFIX}.STREAM.MSG.DELETE.{box.stream}", b'{"seq":1}'),
        )
    assert _fetch(shared) == [sent]


def test_even_the_administrator_deletes_nothing(shared: Shared) -> None:
    box = shared.box("31", "22")
    _refused(
        shared,
        shared.administrator,
        (f"$JS.API.STREAM.PURGE.{box.stream}", b""),
        (f"$JS.API.STREAM.DELETE.{box.stream}", b""),
        (f"$JS.API.STREAM.MSG.DELETE.{box.stream}", b'{"seq":1}'),
        (f"$JS.API.CONSUMER.DELETE.{box.stream}.{box.durable}", b""),
        (f"hb.v1.{box.sender}.{box.receiver}.dossier.1", b"forged"),
    )


def test_nobody_acknowledges_anothers_delivery(shared: Shared, stranger: Route) -> None:
    _send(shared)
    box = shared.box("31", "22")

    async def steal(client: Client, _: list[str]) -> None:
        jetstream = client.jetstream(prefix=box.prefix)
        mail = await jetstream.pull_subscribe_bind(box.durable, stream=box.stream)
        (message,) = await mail.fetch(1, timeout=2)
        await asyncio.to_thread(_refused, shared, stranger, (message.reply, b"+ACK"))
        await asyncio.to_thread(_refused, shared, stranger, (message.reply, b"+TERM"))
        assert (await asyncio.to_thread(_look, shared))[1].num_ack_pending == 1
        await message.ack_sync(timeout=5)

    shared.visit(shared.route("22"), steal)
    assert _look(shared)[1].num_ack_pending == 0


def test_nobody_overhears_mail_on_its_way(shared: Shared) -> None:
    heard: list[str] = []
    everything = shared.route("15", papers=shared.papers("15", creds=shared.user("15")))

    async def listen(client: Client, _: list[str]) -> None:
        async def hear(message: object) -> None:
            heard.append(repr(message))

        await client.subscribe(">", cb=hear)
        await client.flush()
        await asyncio.to_thread(_send, shared)
        await client.flush()

    shared.visit(everything, listen)
    assert heard == []
    assert len(_fetch(shared)) == 1


def test_the_wall_is_the_servers_even_where_the_operator_signs_anothers_name(
    shared: Shared,
) -> None:
    """Claims with imports of another's subjects are ours to make by mistake; they open nothing."""
    box = shared.box("31", "22")
    mine = shared.account("15")
    folder = shared.folder
    nothing = {"service": "", "stream": ""}
    claims = hub.ledger_claims(
        box.sender, hub=folder.hub_account(), activations=nothing, revocations={}
    )
    claims["imports"] = [one for one in claims["imports"] if "token" not in one]
    operator = Key((folder.path / "keys/operator.seed").read_text("ascii").strip())
    own = (folder.path / "accounts/15.jwt").read_text("ascii")
    later = tokens.read(own)["iat"] + 1
    forged = tokens.sign(operator, mine, kind="account", name="15", claims=claims, issued_at=later)
    everything = shared.route("15", papers=shared.papers("15", creds=shared.user("15")))
    system = streams.administrator_route(folder, shared.url, "system")

    async def hand_over(client: Client, token: str) -> None:
        answer = await client.request("$SYS.REQ.CLAIMS.UPDATE", token.encode(), timeout=5)
        assert b"error" not in answer.data, answer.data

    async def forge(client: Client, _: list[str]) -> None:
        await hand_over(client, forged)

    async def mend(client: Client, _: list[str]) -> None:
        before = tokens.read(own)["nats"]
        kept = {name: value for name, value in before.items() if name not in ("type", "version")}
        await hand_over(
            client,
            tokens.sign(
                operator, mine, kind="account", name="15", claims=kept, issued_at=later + 1
            ),
        )

    before = _look(shared)[0].state.messages
    shared.visit(system, forge)
    try:
        _refused(
            shared,
            everything,
            (f"hb.v1.{box.sender}.{box.receiver}.dossier.1", b"forged"),
            (f"{hub.PREFIX}.CONSUMER.MSG.NEXT.{box.stream}.{box.durable}", b'{"batch":1}'),
        )
    finally:
        shared.visit(system, mend)
    assert _look(shared)[0].state.messages == before


def test_the_sender_alone_hears_of_a_delivery_that_was_given_up(shared: Shared) -> None:
    sent = _send(shared)
    box = shared.box("31", "22")
    heard: dict[str, list[str]] = {"31": [], "15": []}

    async def fail(client: Client, _: list[str]) -> None:
        jetstream = client.jetstream(prefix=box.prefix)
        mail = await jetstream.pull_subscribe_bind(box.durable, stream=box.stream)
        for _attempt in range(10):
            (message,) = await mail.fetch(1, timeout=5)
            assert message.subject == sent
            await message.nak()
        with pytest.raises(TimeoutError):
            await mail.fetch(1, timeout=0.3)

    def listening(name: str, then: Callable[[], None]) -> None:
        async def listen(client: Client, _: list[str]) -> None:
            async def hear(message: Msg) -> None:
                heard[name].append(message.subject)

            await client.subscribe("$JS.EVENT.ADVISORY.>", cb=hear)
            await client.flush()
            await asyncio.to_thread(then)
            await client.flush()

        shared.visit(shared.route(name), listen)

    listening("15", lambda: listening("31", lambda: shared.visit(shared.route("22"), fail)))
    given_up = f"$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.{box.stream}.{box.durable}"
    assert given_up in heard["31"]
    assert heard["15"] == []


def test_a_token_that_ended_is_refused(shared: Shared) -> None:
    ended = shared.papers("31", creds=shared.user("31", expires_in=-10))
    assert "authorization violation" in shared.knock(shared.route("31", papers=ended)).lower()


def test_a_token_of_an_account_that_the_operator_did_not_sign_is_refused(shared: Shared) -> None:
    foreign = shared.papers("31", creds=shared.user("31", account=Key.new(Role.ACCOUNT)))
    assert "authorization violation" in shared.knock(shared.route("31", papers=foreign)).lower()


def test_a_certificate_alone_lets_nobody_in(shared: Shared) -> None:
    route = replace(shared.route("31"), credentials=None)
    assert "authorization violation" in shared.knock(route).lower()


def test_credentials_alone_let_nobody_in(shared: Shared) -> None:
    route = replace(shared.route("31"), tls_cert=None, tls_key=None)
    shared.knock(route)
    assert shared.said("client didn't provide a certificate")


def test_an_expired_certificate_is_refused(shared: Shared) -> None:
    ca = _authority(shared)
    ended = datetime.now(UTC) - timedelta(minutes=5)
    certificate, key = certificates.client(ca, "31", until=ended)
    shared.knock(shared.route("31", papers=shared.papers("31", cert=certificate, key=key)))
    assert shared.said("certificate has expired")


def test_a_certificate_of_another_authority_is_refused(shared: Shared) -> None:
    until = datetime.now(UTC) + timedelta(days=1)
    ca = certificates.authority("Hocba NATS CA", until=until)
    certificate, key = certificates.client(ca, "31", until=until)
    shared.knock(shared.route("31", papers=shared.papers("31", cert=certificate, key=key)))
    assert shared.said("certificate signed by unknown authority")


def test_a_certificate_that_is_not_listed_is_refused(shared: Shared) -> None:
    until = datetime.now(UTC) + timedelta(days=1)
    certificate, key = certificates.client(_authority(shared), "31", until=until)
    shared.knock(shared.route("31", papers=shared.papers("31", cert=certificate, key=key)))
    assert shared.said("certificate not pinned")


def test_clear_text_is_not_answered(shared: Shared) -> None:
    host, _, port = shared.terms.listen.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=5) as plain:
        plain.sendall(b'CONNECT {"verbose":false}\r\nPING\r\n')
        assert plain.recv(4096) == b"", "the server answered in clear text"


def test_an_older_tls_is_refused(shared: Shared) -> None:
    papers = shared.folder.ledger("31")
    context = ssl.create_default_context(cafile=papers / "ca.pem")
    context.load_cert_chain(papers / "client.pem", papers / "client.key")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    host, _, port = shared.terms.listen.rpartition(":")
    with (
        socket.create_connection((host, int(port)), timeout=5) as plain,
        pytest.raises(ssl.SSLError, match=r"(?i)protocol version"),
    ):
        context.wrap_socket(plain, server_hostname=host)


def test_revoked_papers_are_void_at_once_and_new_ones_hold() -> None:
    with shared_server("31", "22") as server:
        old = server.papers("31")
        cut: list[bool] = []

        async def stay(client: Client, complaints: list[str]) -> None:
            await client.jetstream().publish(
                f"hb.v1.{server.account('31')}.{server.account('22')}.request.1", b"sealed"
            )
            server.folder.revoke("31", server.terms)
            await asyncio.to_thread(streams.hand_over, server.folder, server.url)
            deadline = time.monotonic() + 5
            while not client.is_closed and time.monotonic() < deadline:
                await asyncio.sleep(0.02)
            cut.append(client.is_closed)

        server.visit(server.route("31", papers=old), stay)
        assert cut == [True], "a connection under a revoked token goes on"
        assert "authorization" in server.knock(server.route("31", papers=old)).lower()
        server.reload()
        server.knock(server.route("31", papers=old))
        assert server.said("certificate not pinned")
        server.folder.make([], server.terms, renew=["31"])
        streams.hand_over(server.folder, server.url)
        server.reload()
        assert len(_send(server)) > 0
        assert len(_fetch(server)) == 2


def test_a_newcomer_is_let_in_while_the_server_runs() -> None:
    with shared_server("31", "22") as server:
        sent = _send(server)
        server.folder.make([Party("15", None)], server.terms)
        server.reload()
        applied = streams.apply(server.folder, server.url, replicas=1, max_bytes=SMALL)
        assert (applied.streams, applied.consumers) == (3, 6)
        assert _fetch(server) == [sent]

        async def publish(client: Client, _: list[str]) -> None:
            box = server.box("15", "22")
            subject = f"hb.v1.{box.sender}.{box.receiver}.request.1"
            await client.jetstream().publish(subject, b"sealed")

        server.visit(server.route("15"), publish)


def test_provision_says_when_the_server_does_not_sync_every_write(tmp_path: Path) -> None:
    ledgers = tmp_path / "ledgers"
    ledgers.write_text("31\n22\n", "utf-8")
    with shared_server("31", "22", sync_interval="2m") as server:
        arguments = ["--home", str(tmp_path / "home"), "--format", "json", "nats", "provision"]
        arguments += ["--out", str(server.folder.path), "--ledgers", str(ledgers)]
        arguments += ["--apply", "--url", server.url, "--max-bytes", str(SMALL)]
        done = CliRunner().invoke(cli, arguments, standalone_mode=False, catch_exceptions=False)
    assert done.return_value == 7
    applied = json.loads(done.stdout)["applied"]
    assert (applied["accounts"], applied["streams"], applied["consumers"]) == (4, 2, 2)
    assert [one["setting"] for one in applied["differences"]] == ["sync_interval"]


def _authority(shared: Shared) -> certificates.Pair:
    keys = shared.folder.path / "keys"
    return (keys / "ca.pem").read_text("ascii"), (keys / "ca.key").read_text("ascii")
