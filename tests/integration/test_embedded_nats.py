"""The embedded NATS server: who may send as whom, who reads whose mail, and reloads."""

import asyncio
import json
import os
import signal
import urllib.request
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import nats
import psutil
import pytest
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import ServiceUnavailableError

from services.embedded import Home, Mailbox, NatsCredentials, NatsServer, stop_all
from services.embedded.nats_streams import stream_settings
from services.embedded.processes import wait_gone
from services.errors import ServerUnavailable, ServiceError
from tests.integration.homes import temporary_home


@dataclass(frozen=True)
class Three:
    """Three provisioned ledgers of one server: a sender, a receiver and a stranger."""

    server: NatsServer
    sender: str
    receiver: str
    stranger: str

    @property
    def mail(self) -> Mailbox:
        return Mailbox(sender=self.sender, receiver=self.receiver)

    def subject(self, kind: str = "dossier") -> str:
        return f"hb.v1.{self.sender}.{self.receiver}.{kind}.{uuid.uuid4().hex}"


@pytest.fixture(scope="module")
def three(nats_server: NatsServer) -> Three:
    accounts = [uuid.uuid4().hex for _ in range(3)]
    nats_server.provision([(str(number), name) for number, name in enumerate(accounts)])
    return Three(nats_server, *accounts)


@pytest.fixture
def home() -> Iterator[Home]:
    with temporary_home() as made:
        yield made


async def _connect(server: NatsServer, credentials: NatsCredentials) -> Client:
    async def silent(_: Exception) -> None:
        """A refusal is what the test asks for; the client would print it."""

    return await nats.connect(
        server.start().url,
        user=credentials.user,
        password=credentials.password,
        allow_reconnect=False,
        error_cb=silent,
    )


def _as(server: NatsServer, account: str, work: Callable[[Client], Awaitable[None]]) -> None:
    """Do some work as the worker of an account."""

    async def run() -> None:
        client = await _connect(server, server.ensure_account(account))
        try:
            await work(client)
        finally:
            await client.close()

    asyncio.run(run())


def _send(three: Three, body: bytes = b"sealed") -> str:
    subject = three.subject()

    async def publish(client: Client) -> None:
        await client.jetstream().publish(subject, body)

    _as(three.server, three.sender, publish)
    return subject


def _fetch(three: Three, account: str, *, prefix: str) -> list[str]:
    """Fetch from the receiver's box as some account; the subjects of what came.

    nats-py raises its own TimeoutError for an empty box, or now and then the built-in one that is
    its base.
    """
    found: list[str] = []

    async def fetch(client: Client) -> None:
        jetstream = client.jetstream(prefix=prefix)
        box = await jetstream.pull_subscribe_bind(three.mail.durable, stream=three.mail.stream)
        for message in await box.fetch(10, timeout=0.5):
            await message.ack_sync(timeout=5)
            found.append(message.subject)

    _as(three.server, account, fetch)
    return found


def test_the_server_syncs_every_write(nats_server: NatsServer) -> None:
    with urllib.request.urlopen(f"{nats_server.start().monitor_url}/varz", timeout=5) as page:
        jetstream = json.load(page)["jetstream"]["config"]
    assert jetstream["sync_always"] is True


def test_a_message_reaches_its_receiver_once(three: Three) -> None:
    sent = [_send(three), _send(three)]
    assert _fetch(three, three.receiver, prefix=three.mail.prefix) == sent
    with pytest.raises(TimeoutError):
        _fetch(three, three.receiver, prefix=three.mail.prefix)


@pytest.mark.parametrize("role", ["receiver", "stranger"])
def test_nobody_sends_as_another(three: Three, role: str) -> None:
    async def publish(client: Client) -> None:
        with pytest.raises(NatsError):
            await client.jetstream().publish(three.subject(), b"forged", timeout=0.5)

    _as(three.server, getattr(three, role), publish)
    with pytest.raises(TimeoutError):
        _fetch(three, three.receiver, prefix=three.mail.prefix)


@pytest.mark.parametrize("api", ["its own", "the sender's"])
def test_nobody_fetches_anothers_mail(three: Three, api: str) -> None:
    sent = _send(three)
    prefix = "$JS.API" if api == "its own" else three.mail.prefix
    with pytest.raises((ServiceUnavailableError, TimeoutError)):
        _fetch(three, three.stranger, prefix=prefix)
    assert _fetch(three, three.receiver, prefix=three.mail.prefix) == [sent]


def test_even_a_ledgers_administrator_sees_no_other_ledger(three: Three) -> None:
    """The walls are the accounts', not the permissions of a user in one."""

    async def look() -> None:
        client = await _connect(three.server, three.server.administrator(three.stranger))
        try:
            for prefix in ("$JS.API", three.mail.prefix):
                with pytest.raises(NatsError):
                    await client.jetstream(prefix=prefix).consumer_info(
                        three.mail.stream, three.mail.durable, timeout=0.5
                    )
            with pytest.raises(NatsError):
                await client.jetstream().publish(three.subject(), b"forged", timeout=0.5)
        finally:
            await client.close()

    asyncio.run(look())


def test_a_receiver_sees_its_consumer_but_not_the_stream(three: Three) -> None:
    async def look(client: Client) -> None:
        jetstream = client.jetstream(prefix=three.mail.prefix, timeout=0.5)
        info = await jetstream.consumer_info(three.mail.stream, three.mail.durable)
        assert info.config.ack_wait == 60
        assert info.config.backoff is None
        assert info.config.max_deliver == 10
        assert info.config.max_ack_pending == 1000
        with pytest.raises(NatsError):
            await jetstream.stream_info(three.mail.stream)

    _as(three.server, three.receiver, look)


def test_a_worker_changes_no_stream_and_no_consumer(three: Three) -> None:
    async def change(client: Client) -> None:
        jetstream = client.jetstream(timeout=0.5)
        for attempt in (
            jetstream.delete_stream(three.mail.stream),
            jetstream.purge_stream(three.mail.stream),
            jetstream.delete_consumer(three.mail.stream, three.mail.durable),
            jetstream.add_stream(stream_settings(three.sender)),
        ):
            with pytest.raises(NatsError):
                await attempt

    _as(three.server, three.sender, change)


def test_a_stream_is_kept_as_the_design_says(three: Three) -> None:
    async def look(client: Client) -> None:
        config = (await client.jetstream().stream_info(three.mail.stream)).config
        wanted = stream_settings(three.sender)
        for name in ("subjects", "retention", "storage", "discard", "max_age", "max_bytes"):
            assert getattr(config, name) == getattr(wanted, name), name
        assert config.duplicate_window == 3600
        assert (config.deny_delete, config.deny_purge, config.allow_direct) == (True, True, False)

    _as(three.server, three.sender, look)


def test_provisioning_again_keeps_mail_and_connections(three: Three) -> None:
    newcomer = uuid.uuid4().hex
    subject = three.subject()

    async def work(client: Client) -> None:
        await client.jetstream().publish(subject, b"sealed")
        ledgers = [("a", three.sender), ("b", three.receiver), ("n", newcomer)]
        await asyncio.to_thread(three.server.provision, ledgers)
        await client.jetstream().publish(f"hb.v1.{three.sender}.{newcomer}.request.1", b"new")

    _as(three.server, three.sender, work)
    assert _fetch(three, three.receiver, prefix=three.mail.prefix) == [subject]
    assert [box.sender for box in three.server.mailboxes(newcomer)].count(three.sender) == 1


def test_an_acknowledged_message_survives_a_killed_server(home: Home) -> None:
    server = NatsServer(home)
    server.start()
    server.provision([("31", "a" * 32), ("22", "b" * 32), ("15", "c" * 32)])
    trio = Three(server, "a" * 32, "b" * 32, "c" * 32)
    sent = _send(trio)
    process = psutil.Process(int((home.nats / "nats.pid").read_text()))
    os.kill(process.pid, signal.SIGKILL)
    assert wait_gone(process, seconds=10)
    assert not server.running()
    assert _fetch(trio, trio.receiver, prefix=trio.mail.prefix) == [sent]


def test_it_starts_in_a_path_with_spaces_quotes_and_vietnamese_letters(home: Home) -> None:
    awkward = Home(home.path / 'dữ "liệu" của trường' / ("dài " * 30).strip())
    server = NatsServer(awkward)
    try:
        server.start()
        server.provision([("31", "a" * 32), ("22", "b" * 32)])
        assert server.running()
    finally:
        stop_all(awkward)
    assert not server.running()


def test_passwords_are_kept_from_others_and_from_repr(nats_server: NatsServer) -> None:
    credentials = nats_server.ensure_account("quiet")
    assert credentials.password not in repr(credentials)
    assert nats_server.config_file.stat().st_mode & 0o077 == 0
    assert (nats_server.home.keys / "nats.json").stat().st_mode & 0o077 == 0


def test_an_account_that_cannot_be_a_subject_token_is_refused(nats_server: NatsServer) -> None:
    for name in ("a.b", "a b", "*", "", "SYS", "đ"):
        with pytest.raises(ServiceError, match="cannot be a NATS account"):
            nats_server.ensure_account(name)


def test_provisioning_a_stopped_server_says_so(home: Home) -> None:
    with pytest.raises(ServerUnavailable, match="start it first"):
        NatsServer(home).provision([("31", "a" * 32)])
