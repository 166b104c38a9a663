"""Couriers that last: of several ledgers in one process, each with a connection of its own.

Whatever fails is waited out with jitter; one ledger's failure is not another's. When told to stop,
each finishes the messages in hand, acknowledges them, flushes and closes.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import psycopg
from nats.errors import Error as NatsError

from ledger.errors import LedgerError
from ledger.event import Who
from signing.errors import SigningError
from transfer.courier import Courier
from transfer.errors import CourierUnavailable, TransferError
from transfer.intake import OnTaken, pause
from transfer.mailbox import Route
from transfer.metrics import Metrics
from transfer.office import Office

_log = logging.getLogger("hocba.transfer")
MEASURE: Final = 5.0
SOON: Final = (1.0, 3.0)
LATER: Final = (5.0, 15.0)
"""Seconds until the next try: where a server was away, and where something else failed."""
_PASSING: Final = (
    TransferError,
    LedgerError,
    SigningError,
    NatsError,
    psycopg.Error,
    OSError,
    TimeoutError,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One ledger's courier: `route` is asked at each connecting, for a server may have moved."""

    name: str
    office: Office
    route: Callable[[], Route]
    who: Who
    metrics: Metrics
    on_taken: OnTaken | None = field(default=None)


async def work(
    jobs: Sequence[Job], stop: asyncio.Event, *, measured: Callable[[], None] | None = None
) -> None:
    """Carries the mail of every ledger until `stop` is set; `measured` is called every few
    seconds, after the counters were brought up to date."""
    await asyncio.gather(*(_carry(job, stop) for job in jobs), _measure(jobs, stop, measured))


async def _carry(job: Job, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            route = await asyncio.to_thread(job.route)
            async with Courier(
                job.office, route, who=job.who, metrics=job.metrics, on_taken=job.on_taken
            ) as courier:
                await courier.follow(stop)
        except _PASSING as error:
            # NATS and the database name hosts, our own errors what is wrong; none names a pupil.
            ours = isinstance(error, (TransferError, LedgerError))
            told = str(error) if ours else type(error).__name__
            _log.warning("ledger %s: %s", job.name, told)
            passing = isinstance(error, (CourierUnavailable, NatsError, OSError))
            await pause(stop, random.uniform(*(SOON if passing else LATER)))


async def _measure(
    jobs: Sequence[Job], stop: asyncio.Event, measured: Callable[[], None] | None
) -> None:
    while True:
        await asyncio.to_thread(_measure_once, jobs)
        if measured is not None:
            await asyncio.to_thread(measured)
        if stop.is_set():
            return
        await pause(stop, MEASURE)


def _measure_once(jobs: Sequence[Job]) -> None:
    for job in jobs:
        try:
            with job.office.ledger.database.connection() as connection:
                job.metrics.measure(connection)
        except (psycopg.Error, LedgerError) as error:
            _log.warning("ledger %s: %s", job.name, type(error).__name__)
