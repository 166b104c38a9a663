"""The one connection of a ledger's account to NATS."""

import asyncio
import contextlib
import ssl
from typing import Final

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import NoServersError

from transfer.errors import CourierUnavailable
from transfer.login import login
from transfer.mailbox import Route

CONNECT_PATIENCE: Final = 5
CLOSE_PATIENCE: Final = 5
PING_INTERVAL: Final = 5
PENDING_BYTES: Final = 16 * 1024 * 1024
"""As many messages as go out at once; more, and a lost connection would refuse them."""
_UNREACHED: Final = (NoServersError, NatsError, OSError, ssl.SSLError, TimeoutError)


async def connect(route: Route) -> Client:
    """Connects once; a connection that is lost later is taken up again for ever.

    Raises:
        CourierUnavailable: no server answers, or it does not let us in.
    """
    client = Client()
    connecting = client.connect(
        route.url,
        max_reconnect_attempts=-1,
        allow_reconnect=True,
        ping_interval=PING_INTERVAL,
        connect_timeout=CONNECT_PATIENCE,
        pending_size=PENDING_BYTES,
        error_cb=_say_nothing,
        **login(route),
    )
    try:
        # A client that reconnects for ever tries its first connection for ever too, though the
        # server may listen elsewhere by now.
        await asyncio.wait_for(connecting, CONNECT_PATIENCE)
    except BaseException as error:
        await disconnect(client)
        if not isinstance(error, _UNREACHED):
            raise
        why = client.last_error or type(error).__name__
        raise CourierUnavailable(
            f"NATS at {_without_password(route.url)} cannot be reached ({why}); "
            "what was to be sent waits in the outbox"
        ) from error
    return client


async def disconnect(client: Client) -> None:
    """Closes a connection. A server that does not even read any more is not waited for."""
    with contextlib.suppress(NatsError, OSError, TimeoutError):
        await asyncio.wait_for(client.close(), CLOSE_PATIENCE)


def _without_password(url: str) -> str:
    scheme, mark, rest = url.rpartition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"


async def _say_nothing(error: Exception) -> None:
    """The client tries again by itself; what did not go through is seen where it was asked for."""
    del error
