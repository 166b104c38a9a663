"""The courier: carries sealed bytes over NATS JetStream, and nothing more.

One connection for one ledger's office. `exchange` is one round for a command; `follow` is the
worker that lasts: it seals and sends what waits, takes in what comes, looks at its durables every
few minutes, and waits a lost server out. A ledger that was restored from a backup sends nothing
until its recovery has begun; what other ledgers then tell is worked in here, as it comes.
"""

import asyncio
import contextlib
import logging
from typing import Final

from nats.aio.client import Client
from nats.errors import Error as NatsError

from ledger.event import Who
from transfer import advisories, asking, assembly, outbox, recovery
from transfer.connection import connect, disconnect
from transfer.errors import CourierUnavailable
from transfer.inbox import Taken
from transfer.intake import Intake, OnTaken, pause, require_sound
from transfer.mailbox import Box as Box
from transfer.mailbox import Route as Route
from transfer.metrics import Metrics
from transfer.office import Office
from transfer.relay import Relay

_log = logging.getLogger("hocba.transfer")
POLL: Final = 0.5
"""How long a message that another process left in the outbox waits at most."""
GATHER: Final = 0.2
"""How long what waits is left to gather: the log is signed once for all of it."""
SEAL: Final = 12
"""Messages sealed before they are sent: the first is carried while the next are made."""
PATIENCE: Final = 5.0
"""How long a fetch lingers; a message that comes meanwhile is delivered at once."""
LOOK: Final = 60.0
SETTLE: Final = 1.0
"""How long a whole answer of another ledger waits to be worked in."""
TIDY: Final = 3600.0
LOST: Final = 10.0
"""After so many seconds without a connection the route is looked up anew: a server that is started
again may listen elsewhere."""


class Courier:
    """One connection to NATS for one ledger's office."""

    def __init__(
        self,
        office: Office,
        route: Route,
        *,
        who: Who,
        metrics: Metrics | None = None,
        on_taken: OnTaken | None = None,
    ) -> None:
        """`who` is the account in whose name automatic answers are recorded."""
        self._office = office
        self._route = route
        self._who = who
        self.metrics = metrics or Metrics(route.account)
        self._on_taken = on_taken
        self._woken = asyncio.Event()

    async def __aenter__(self) -> "Courier":
        """Connects and binds to the boxes. Raises CourierUnavailable."""
        self._client: Client = await connect(self._route)
        self.relay = Relay(
            self._client, self._office, account=self._route.account, metrics=self.metrics
        )
        self.intake = Intake(
            self._client,
            self._office,
            self._route.boxes,
            who=self._who,
            metrics=self.metrics,
            on_taken=self._on_taken,
            wake=self.wake,
        )
        try:
            await self.intake.open()
            await advisories.listen(self._client, self._office, self.metrics)
        except BaseException:
            await disconnect(self._client)
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Finishes what is in hand, flushes and closes."""
        await self.intake.close()
        with contextlib.suppress(NatsError, TimeoutError):
            await self._client.flush(timeout=2)
        await disconnect(self._client)

    async def exchange(self) -> list[Taken]:
        """Seals and sends what waits, takes in what came, until both are quiet.

        Raises:
            BoxDrifted: a durable is not set as it must be; the others were read.
            Conflict: `fenced`, this ledger was restored and no recovery has begun.
        """
        taken: list[Taken] = []
        while True:
            sent = await self.send()
            came = await self.intake.receive()
            taken.extend(came)
            await asyncio.to_thread(recovery.advance, self._office, who=self._who)
            for failure in self.intake.failures:
                raise failure
            if not sent and not came:
                require_sound(self.intake.drifted)
                return taken

    async def send(self) -> int:
        """Seals what waits and publishes what is due; returns how many messages went out.

        Raises:
            Conflict: `fenced`, this ledger was restored and no recovery has begun.
        """
        await asyncio.to_thread(outbox.seal_waiting, self._office, most=SEAL)
        return await self.relay.send()

    async def follow(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set: the messages in hand are finished first.

        Raises:
            CourierUnavailable, NatsError and whatever else stopped it: connect anew.
        """
        steps = (
            self._send_on(stop),
            self.intake.follow(stop, patience=PATIENCE),
            self._settle_on(stop),
            self._look_on(stop),
            self._tidy_on(stop),
            self._watch(stop),
        )
        tasks = [asyncio.create_task(step) for step in steps]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def wake(self) -> None:
        """Something was put in the outbox: look now (from the loop's own thread)."""
        self._woken.set()

    async def _send_on(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._woken.clear()
            sent = await self.send()
            self.metrics.exchanged()
            if sent >= SEAL:
                continue  # more may wait
            if not sent:
                await pause(self._woken, POLL)
            # What one message leaves to be told is rarely alone.
            await pause(stop, GATHER)

    async def _settle_on(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await asyncio.to_thread(recovery.advance, self._office, who=self._who)
            await pause(stop, SETTLE)

    async def _watch(self, stop: asyncio.Event) -> None:
        """Raises CourierUnavailable once the connection has been away for `LOST` seconds."""
        away = 0.0
        while not stop.is_set():
            await pause(stop, 1.0)
            away = 0.0 if self._client.is_connected else away + 1.0
            if away >= LOST:
                raise CourierUnavailable("the connection to NATS was lost")

    async def _look_on(self, stop: asyncio.Event) -> None:
        known: list[str] = self.intake.drifted
        for line in known:
            _log.error("%s", line)
        while not stop.is_set():
            await pause(stop, LOOK)
            for line in await self.intake.look():
                if line not in known:
                    _log.error("%s", line)
            known = self.intake.drifted

    async def _tidy_on(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await asyncio.to_thread(assembly.expire, self._office)
            await asyncio.to_thread(asking.ask_daily, self._office, who=self._who)
            await pause(stop, TIDY)


def exchange(office: Office, route: Route, *, who: Who) -> list[Taken]:
    """One round of the courier. Raises CourierUnavailable."""

    async def run() -> list[Taken]:
        try:
            async with Courier(office, route, who=who) as courier:
                return await courier.exchange()
        except (NatsError, TimeoutError) as error:
            raise CourierUnavailable(
                f"NATS went away ({type(error).__name__}); what was to be sent waits in the outbox"
            ) from error

    return asyncio.run(run())
