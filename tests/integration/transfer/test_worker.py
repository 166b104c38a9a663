"""The courier as a worker: durables looked at, dead letters, advisories, failures that pass, the
end."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import nats
import pytest
from nats.aio.client import Client

from services.embedded.nats_config import Mailbox
from services.embedded.nats_streams import connect, consumer_settings
from tests.integration.transfer.conftest import Provinces, Side
from tests.integration.transfer.story import ask, at_receiver, begin, case_of, let_go, rows
from tests.school import register
from transfer import advisories, connection, courier, dead_letter, inbox, intake, worker
from transfer.courier import Courier
from transfer.errors import BoxDrifted, CourierUnavailable
from transfer.intake import Intake
from transfer.mailbox import TERMS
from transfer.metrics import Metrics
from transfer.worker import Job


@contextmanager
def drifted(origin: Side, receiver: Side, **wrong: Any) -> Iterator[None]:
    """The receiver's durable in the origin's stream is set otherwise for a while."""
    box = Mailbox(sender=origin.route.account, receiver=receiver.route.account)
    sound = consumer_settings(box)

    async def put(settings: Any) -> None:
        server = origin.servers
        client = await connect(server.nats.url, server.nats_server.administrator(box.sender))
        try:
            await client.jetstream().add_consumer(box.stream, settings)
        finally:
            await client.close()

    asyncio.run(put(sound.evolve(**wrong)))
    try:
        yield
    finally:
        asyncio.run(put(sound))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"ack_wait": 30.0}, "ack_wait"),
        ({"max_ack_pending": 64}, "max_ack_pending"),
        ({"max_deliver": 3}, "max_deliver"),
        ({"backoff": [1.0, 2.0]}, "backoff"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_durable_that_drifted_is_told_and_not_read(
    provinces: Provinces, wrong: dict[str, Any], told: str
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    arrival = at_receiver(receiver)
    ask(receiver, arrival, origin)
    with drifted(receiver, origin, **wrong):
        receiver.exchange()
        with pytest.raises(BoxDrifted, match=told):
            origin.exchange()
        assert rows(origin, "SELECT kind FROM ledger.inbox") == []
    assert [t.kind for t in origin.exchange()] == ["request"]


def test_what_cannot_be_read_is_kept_and_ended_and_its_sender_hears_of_it(
    provinces: Provinces, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    monkeypatch.setattr(dead_letter, "MOST_DEAD", 3)
    monkeypatch.setattr(dead_letter, "MOST_BYTES", 10)
    heard = Metrics("origin")
    subject = f"hb.v1.{origin.route.account}.{receiver.route.account}.dossier"

    async def act(client: Client) -> None:
        await advisories.listen(client, origin.office, heard)
        for number in range(5):
            body = f"no frame at all {number}".encode()
            await client.jetstream().publish(f"{subject}.{uuid4().hex}", body)
        taken = await asyncio.to_thread(receiver.exchange)
        assert [t.outcome for t in taken] == ["dead"] * 5
        await reached(lambda: heard.count("given_up_total", kind="terminated") == 5)

    connected(origin, act)
    kept = rows(receiver, "SELECT state, detail, frame, sender FROM ledger.inbox")
    assert [(state, detail) for state, detail, _, _ in kept] == [("dead", "1 malformed")] * 3
    assert {bytes(frame) for _, _, frame, _ in kept if isinstance(frame, bytes)} == {b"no frame a"}
    assert {sender for *_, sender in kept} == {origin.office.ledger.id}
    assert receiver.exchange() == []
    with origin.office.ledger.database.connection() as connection:
        told = dead_letter.given_up(connection, account=origin.route.account)
    assert [lost.kind for lost in told] == ["terminated"] * 5


def test_a_failure_that_passes_puts_one_delivery_off_and_no_other(
    provinces: Provinces, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    monkeypatch.setattr(intake, "NAK_DELAY", 0.1)
    first, (second,) = at_receiver(receiver), register(receiver.office.ledger, ["N2"])
    cases = {ask(receiver, first, origin), ask(receiver, second, origin)}
    receiver.exchange()
    take = inbox.take
    failed: list[bytes] = []

    def once(office: Any, data: bytes, **rest: Any) -> Any:
        if not failed:
            failed.append(data)
            raise ConnectionError("for a moment")
        return take(office, data, **rest)

    monkeypatch.setattr(inbox, "take", once)
    with pytest.raises(ConnectionError):
        origin.exchange()
    time.sleep(0.3)
    origin.exchange()
    found = rows(origin, "SELECT case_id FROM ledger.inbox WHERE state = 'done'")
    assert {case for (case,) in found} == cases


def test_the_last_delivery_is_noted_before_the_server_forgets_it(
    provinces: Provinces, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin, receiver = provinces.origin, provinces.receiver

    async def not_looked(self: Intake, each: object) -> None:
        del self, each

    def fails(*_: object, **__: object) -> None:
        raise ConnectionError("always")

    monkeypatch.setattr(intake, "TERMS", replace(TERMS, max_deliver=1))
    monkeypatch.setattr(Intake, "_look_at", not_looked)
    monkeypatch.setattr(inbox, "take", fails)
    ask(receiver, at_receiver(receiver), origin)
    receiver.exchange()
    with pytest.raises(ConnectionError):
        origin.exchange()
    told = rows(origin, "SELECT kind, reason, deliveries FROM ledger.given_up")
    assert told == [("max_deliveries", "ConnectionError", 1)]


def test_workers_carry_a_conversation_by_themselves_and_stop_when_told(
    provinces: Provinces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier, "POLL", 0.05)
    monkeypatch.setattr(worker, "MEASURE", 0.1)
    origin, receiver = provinces.origin, provinces.receiver
    leaver, _, case = begin(provinces)
    jobs = [
        Job(
            name=side.profile.name,
            office=side.office,
            route=lambda side=side: side.route,  # type: ignore[misc]
            who=side.who,
            metrics=Metrics(side.profile.name),
        )
        for side in (origin, receiver)
    ]

    async def act() -> None:
        stop = asyncio.Event()
        working = asyncio.create_task(worker.work(jobs, stop))
        await reached(lambda: len(rows(origin, "SELECT FROM ledger.inbox")) == 1)
        await asyncio.to_thread(let_go, origin, case, leaver)
        await reached(lambda: case_of(origin, case).receipt)
        stop.set()
        await asyncio.wait_for(working, 20)

    asyncio.run(act())
    sent = jobs[0].metrics
    assert sent.count("sent_total", kind="dossier") == 1
    assert jobs[1].metrics.count("received_total", kind="dossier", outcome="done") == 1
    assert {name for name, _, _ in sent.series()} >= {"outbox", "lag", "drift", "dead_kept"}


def test_where_no_server_listens_the_courier_says_so_and_does_not_wait_for_one(
    provinces: Provinces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server that is started again listens elsewhere: only who gives up looks there."""
    monkeypatch.setattr(connection, "CONNECT_PATIENCE", 0.5)
    side = provinces.origin
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = taken.getsockname()[1]
    route = replace(side.route, url=f"nats://127.0.0.1:{nobody}")
    with pytest.raises(CourierUnavailable, match=r"refused|failed"):
        courier.exchange(side.office, route, who=side.who)


def test_one_connection_and_one_subscription_a_box_are_kept(provinces: Provinces) -> None:
    origin = provinces.origin
    route = origin.route

    async def act() -> None:
        async with Courier(origin.office, route, who=origin.who) as carrying:
            client = carrying.intake._client
            await carrying.exchange()
            before = set(client._subs)
            await carrying.exchange()
            assert set(client._subs) == before

    asyncio.run(act())


def connected(side: Side, act: Callable[[Client], Awaitable[None]]) -> None:
    """Acts with a connection of a side's account."""

    route = side.route

    async def run() -> None:
        client = await nats.connect(route.url, user=route.user, password=route.password)
        try:
            await act(client)
        finally:
            await client.close()

    asyncio.run(run())


async def reached(condition: Callable[[], bool]) -> None:
    """Waits until it is so."""
    deadline = time.monotonic() + 60
    while not await asyncio.to_thread(condition):
        assert time.monotonic() < deadline, "it never came to it"
        await asyncio.sleep(0.05)
