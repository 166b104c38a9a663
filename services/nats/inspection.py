"""Looking at a given server with a ledger's own eyes, before its courier works with it."""

import asyncio
import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import NoServersError
from nats.js.api import ConsumerConfig, StreamConfig
from nats.js.errors import NotFoundError, ServiceUnavailableError

from services.embedded.nats_config import Place, stream_name
from services.errors import ServerUnavailable, UnsafeServer
from services.nats.safety import Difference, Found, drift, is_loopback
from transfer.courier import Box, Route
from transfer.errors import CourierUnavailable
from transfer.login import encrypted, login

PATIENCE = 5.0
# A proxy of the environment must not be asked for a monitoring page.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def safe_route(
    route: Route, places: Sequence[Place], *, own: str, monitor: str | None, unsafe: bool
) -> tuple[Route, list[Difference]]:
    """The route with the boxes that are there, and how the server differs from a safe one.

    `own` is the API prefix under which the ledger sees its own stream. Without TLS a server that
    is not on this machine is not even spoken to, unless `unsafe` tolerates it.

    Raises:
        UnsafeServer: the way to the server is open to others.
        CourierUnavailable: the server cannot be reached, or does not let us in.
        ServerUnavailable: the monitoring page named cannot be read.
    """
    if not encrypted(route) and not is_loopback(route.url) and not unsafe:
        raise UnsafeServer(
            f"the NATS server {_bare(route.url)} would be spoken to in clear text: name the CA "
            "that signed its certificate (--nats-ca), or say --nats-unsafe"
        )
    found = asyncio.run(look(route, places, own=own))
    if monitor is not None:
        found = replace(found, varz=varz(monitor))
    boxes = [Box(stream=p.stream, durable=p.durable, prefix=p.prefix) for p, _ in found.boxes]
    return replace(route, boxes=tuple(boxes)), drift(found)


async def look(route: Route, places: Sequence[Place], *, own: str) -> Found:
    """What the ledger's own user can see. Raises CourierUnavailable."""
    client = await connect(route)
    try:
        version = client.connected_server_version
        boxes = [(place, await _consumer(client, place)) for place in places]
        return Found(
            version=(version.major, version.minor),
            account=route.account,
            stream=await _stream(client, own, route.account),
            boxes=[(place, config) for place, config in boxes if config is not None],
            varz=None,
        )
    except (NatsError, TimeoutError) as error:
        raise CourierUnavailable(
            f"the settings of NATS at {_bare(route.url)} cannot be seen "
            f"({error or type(error).__name__})"
        ) from error
    finally:
        with contextlib.suppress(NatsError):
            await client.close()


async def connect(route: Route) -> Client:
    """Connect once, without retries. Raises CourierUnavailable, with the server's own words."""
    failures: list[Exception] = []

    async def remember(error: Exception) -> None:
        failures.append(error)

    client = Client()
    try:
        await client.connect(
            route.url,
            allow_reconnect=False,
            # Without this the client tries a server that is away for two minutes.
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            connect_timeout=int(PATIENCE),
            error_cb=remember,
            **login(route),
        )
        return client
    except (NatsError, OSError, TimeoutError) as error:
        # The client leaves its socket open where it was not let in, and waits for ever for the
        # end of one where TLS failed.
        with contextlib.suppress(NatsError, OSError, TimeoutError):
            await asyncio.wait_for(client.close(), 0.2)
        last = failures[-1] if failures and isinstance(error, NoServersError) else error
        raise CourierUnavailable(
            f"NATS at {_bare(route.url)} cannot be reached or does not let us in "
            f"({last or type(last).__name__})"
        ) from error


def varz(monitor: str) -> dict[str, Any]:
    """The monitoring page ``/varz`` of a server. Raises ServerUnavailable."""
    try:
        with _direct.open(f"{monitor.rstrip('/')}/varz", timeout=PATIENCE) as answer:
            page: dict[str, Any] = json.loads(answer.read())
            return page
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise ServerUnavailable(
            f"the monitoring page of NATS at {monitor} cannot be read: {error}"
        ) from error


async def _stream(client: Client, prefix: str, account: str) -> StreamConfig | None:
    jetstream = client.jetstream(prefix=prefix, timeout=PATIENCE)
    try:
        return (await jetstream.stream_info(stream_name(account))).config
    except (NotFoundError, ServiceUnavailableError):
        return None


async def _consumer(client: Client, place: Place) -> ConsumerConfig | None:
    """A durable's settings; None where it is not there: that ledger is not on this server."""
    jetstream = client.jetstream(prefix=place.prefix, timeout=PATIENCE)
    try:
        config: ConsumerConfig | None = (
            await jetstream.consumer_info(place.stream, place.durable)
        ).config
        return config
    except (NotFoundError, ServiceUnavailableError):
        return None


def _bare(url: str) -> str:
    """A URL without the password that may stand in it."""
    scheme, mark, rest = url.rpartition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"
