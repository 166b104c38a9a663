"""The courier: carries sealed bytes over NATS JetStream, and nothing more.

A publish acknowledged by NATS is no receipt: a message goes out again until the answer is stored.
A lost acknowledgement is *unknown*, so the same attempt keeps its `Nats-Msg-Id`; a re-send after a
missing answer uses a new one, or the duplicate window would swallow it.
"""

import asyncio
import contextlib
import random
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import NoServersError
from nats.errors import TimeoutError as NatsTimeout
from nats.js.errors import Error as JetStreamError
from nats.js.errors import NoStreamResponseError

from ledger.event import Who
from ledger.queries import queries
from transfer import asking, fencing, inbox, outbox, recovery
from transfer.effects import FINAL_KINDS
from transfer.errors import CourierUnavailable, NotYet
from transfer.inbox import Taken
from transfer.office import Office

_SQL = queries("transfer", "transfer.sql")
MAX_MESSAGE: Final = 900 * 1024
"""One message holds no more; a larger dossier goes by file until batches are sent."""
FETCH: Final = 32
FETCH_PATIENCE: Final = 0.3
RESEND_FIRST: Final = 30.0
RESEND_MOST: Final = 3600.0
PUBLISH_TRIES: Final = 5
NAK_DELAY: Final = 5.0
FENCED_DELAY: Final = 600.0


@dataclass(frozen=True, slots=True)
class Box:
    """Where we fetch what one sender has for us: its stream, our durable, the API's prefix."""

    stream: str
    durable: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Route:
    """How to reach NATS as this ledger's account, and where its mail lies."""

    url: str
    user: str | None
    password: str | None
    account: str
    boxes: tuple[Box, ...]


class Courier:
    """One connection to NATS for one ledger's office."""

    def __init__(self, office: Office, route: Route, *, who: Who) -> None:
        """`who` is the account in whose name automatic answers are recorded."""
        self._office = office
        self._route = route
        self._who = who
        self._client: Client | None = None

    async def __aenter__(self) -> "Courier":
        """Connects. Raises CourierUnavailable."""
        failures: list[Exception] = []

        async def remember(error: Exception) -> None:
            failures.append(error)

        try:
            self._client = await nats.connect(
                self._route.url,
                user=self._route.user,
                password=self._route.password,
                max_reconnect_attempts=-1,
                allow_reconnect=True,
                ping_interval=5,
                connect_timeout=5,
                error_cb=remember,
            )
        except (NoServersError, NatsError, OSError) as error:
            raise CourierUnavailable(
                f"NATS at {self._route.url} cannot be reached ({error or type(error).__name__}); "
                "what was to be sent waits in the outbox"
            ) from error
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Closes the connection."""
        assert self._client is not None
        await self._client.close()

    async def exchange(self) -> list[Taken]:
        """Seals and sends what waits, takes in what came, until both are quiet."""
        taken: list[Taken] = []
        while True:
            sent = await self.send()
            came = await self.receive()
            taken.extend(came)
            await asyncio.to_thread(recovery.advance, self._office, who=self._who)
            if not sent and not came:
                return taken

    async def send(self) -> int:
        """Seals what waits and publishes what is due; returns how many messages went out."""
        with self._office.ledger.database.connection() as connection:
            fencing.require_open(self._office, connection)
        outbox.seal_waiting(self._office)
        sent = 0
        with self._office.ledger.database.connection() as connection, connection.transaction():
            rows = connection.execute(_SQL["due"], {"limit": FETCH}).fetchall()
            for message, receiver, kind, frame, attempts in rows:
                if len(frame) > MAX_MESSAGE:
                    connection.execute(
                        _SQL["put_sent"], {"message": message, "state": "failed", "wait": 0}
                    )
                    continue
                await self._publish(message, receiver, kind, frame, attempts)
                state = "answered" if kind in FINAL_KINDS else "sent"
                wait = min(RESEND_MOST, RESEND_FIRST * 2**attempts)
                connection.execute(
                    _SQL["put_sent"], {"message": message, "state": state, "wait": wait}
                )
                sent += 1
        return sent

    async def _publish(
        self, message: UUID, receiver: UUID, kind: str, frame: bytes, attempts: int
    ) -> None:
        assert self._client is not None
        account = self._office.trust.by_id(receiver).nats_account
        subject = f"hb.v1.{self._route.account}.{account}.{kind}.{message.hex}"
        headers = {"Nats-Msg-Id": f"{message.hex}:{attempts}", "Hb-Attempt": str(attempts)}
        stream = self._client.jetstream()
        for attempt in range(PUBLISH_TRIES):
            try:
                await stream.publish(subject, frame, headers=headers, timeout=5)
                return
            except (NoStreamResponseError, NatsTimeout, TimeoutError) as error:
                if attempt == PUBLISH_TRIES - 1:
                    raise CourierUnavailable(
                        "NATS does not acknowledge; what was to be sent waits in the outbox"
                    ) from error
                await asyncio.sleep(random.uniform(0.1, 0.3) * 2**attempt)
            except JetStreamError as error:
                raise CourierUnavailable(f"NATS refuses the message: {error}") from error

    async def receive(self) -> list[Taken]:
        """Takes in what every sender has for us, one message after the other."""
        taken: list[Taken] = []
        put_off = 0
        boxes = list(self._route.boxes)
        while boxes and put_off < FETCH:
            batches = await asyncio.gather(*(self._fetch(box) for box in boxes))
            for batch in batches:
                for message in batch:
                    try:
                        taken.append(await self._take(message))
                    except NotYet:  # it was put off
                        put_off += 1
            boxes = [box for box, batch in zip(boxes, batches, strict=True) if batch]
        return taken

    async def _fetch(self, box: Box) -> list[Msg]:
        assert self._client is not None
        jetstream = self._client.jetstream(prefix=box.prefix)
        subscription = await jetstream.pull_subscribe_bind(box.durable, stream=box.stream)
        try:
            return await subscription.fetch(FETCH, timeout=FETCH_PATIENCE)
        # nats-py raises the built-in TimeoutError too, now and then.
        except (NatsTimeout, TimeoutError):
            return []
        finally:
            with contextlib.suppress(NatsError):
                await subscription.unsubscribe()

    async def _take(self, message: Msg) -> Taken:
        """The message is acknowledged once its effect is committed, and not before."""
        try:
            # hb.v1.<sender's account>.<receiver's account>.<kind>.<message id>
            account = message.subject.split(".")[2]
            taken = await asyncio.to_thread(
                inbox.take, self._office, message.data, who=self._who, account=account
            )
        except BaseException as error:
            # A fence stands for hours: the deliveries that the server makes must last.
            delay = FENCED_DELAY if isinstance(error, NotYet) else NAK_DELAY
            with contextlib.suppress(NatsError):
                await message.nak(delay=delay)
            raise
        if taken.outcome == "dead":
            await message.term()
        else:
            await message.ack_sync(timeout=5)
        return taken


def exchange(office: Office, route: Route, *, who: Who) -> list[Taken]:
    """One round of the courier. Raises CourierUnavailable."""

    async def run() -> list[Taken]:
        async with Courier(office, route, who=who) as courier:
            try:
                return await courier.exchange()
            except (NatsError, TimeoutError) as error:
                raise CourierUnavailable(
                    f"NATS went away ({type(error).__name__}); what was to be sent waits in the "
                    "outbox"
                ) from error

    return asyncio.run(run())


async def follow(
    office: Office, route: Route, stop: asyncio.Event, *, who: Who, interval: float = 1.0
) -> None:
    """Exchanges until `stop` is set; a lost connection is waited out."""
    while not stop.is_set():
        try:
            async with Courier(office, route, who=who) as courier:
                while not stop.is_set():
                    await asyncio.to_thread(asking.ask_daily, office, who=who)
                    await courier.exchange()
                    await _pause(stop, interval)
        except (CourierUnavailable, NatsError, OSError):
            await _pause(stop, random.uniform(1, 3))


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
