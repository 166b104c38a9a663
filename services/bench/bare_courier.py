"""The baseline of `bench transfer`: the same bytes through JetStream and PostgreSQL, bare.

One sender and one receiver, each a thread with connections of its own, at work at once. The sender
inserts a row and commits, then publishes and waits for the acknowledgement, one message after the
other. The receiver pulls, inserts a row and commits, then acknowledges and waits until the server
says so (a double ack). Stream and durable are set as provisioning sets those of a ledger.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from time import perf_counter
from uuid import uuid4

import nats
import psycopg
from nats.aio.client import Client

from ledger.database import Connection
from services.embedded import Mailbox, NatsCredentials, Servers

ACCOUNTS = ("bare_sender", "bare_receiver")
_TABLE = (
    "CREATE TABLE IF NOT EXISTS public.bare_courier "
    "(id uuid PRIMARY KEY, run integer NOT NULL, frame bytea NOT NULL)"
)
_STORAGE = "ALTER TABLE public.bare_courier ALTER COLUMN frame SET STORAGE EXTERNAL"
_INSERT = "INSERT INTO public.bare_courier VALUES (%s, %s, %b)"


class BareCourier:
    """Sender and receiver of one home's servers."""

    def __init__(self, running: Servers, urls: tuple[str, str]) -> None:
        """`urls` are the superuser's of the two databases; makes a table, stream and durable."""
        self._running = running
        self._urls = urls
        running.nats_server.provision([(name, name) for name in ACCOUNTS])
        for url in urls:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(_TABLE)
                connection.execute(_STORAGE)

    def carry(self, frames: Sequence[bytes], run: int) -> float:
        """Carries the frames; the seconds from the first insert to the last double ack."""
        with (
            psycopg.connect(self._urls[0], autocommit=True) as sending,
            psycopg.connect(self._urls[1], autocommit=True) as receiving,
            ThreadPoolExecutor(2) as threads,
        ):
            begun = perf_counter()
            sent = threads.submit(asyncio.run, self._send(sending, frames, run))
            taken = threads.submit(asyncio.run, self._receive(receiving, len(frames), run))
            sent.result()
            taken.result()
            return perf_counter() - begun

    def _credentials(self, name: str) -> NatsCredentials:
        return self._running.nats_server.ensure_account(name)

    async def _send(self, connection: Connection, frames: Sequence[bytes], run: int) -> None:
        async with AsyncExitStack() as stack:
            client = await self._connect(ACCOUNTS[0], stack)
            stream = client.jetstream(timeout=30)
            for frame in frames:
                name = uuid4()
                connection.execute(_INSERT, (name, run, frame))
                subject = f"hb.v1.{ACCOUNTS[0]}.{ACCOUNTS[1]}.dossier.{name.hex}"
                await stream.publish(subject, frame, headers={"Nats-Msg-Id": f"{name.hex}:0"})

    async def _receive(self, connection: Connection, count: int, run: int) -> None:
        box = Mailbox(sender=ACCOUNTS[0], receiver=ACCOUNTS[1])
        async with AsyncExitStack() as stack:
            client = await self._connect(ACCOUNTS[1], stack)
            jetstream = client.jetstream(prefix=box.prefix)
            bound = await jetstream.pull_subscribe_bind(box.durable, stream=box.stream)
            while count:
                for message in await bound.fetch(32, timeout=30):
                    connection.execute(_INSERT, (uuid4(), run, message.data))
                    await message.ack_sync(timeout=30)
                    count -= 1

    async def _connect(self, account: str, stack: AsyncExitStack) -> Client:
        credentials = self._credentials(account)
        client = await nats.connect(
            self._running.nats.url, user=credentials.user, password=credentials.password
        )
        stack.push_async_callback(client.close)
        return client
