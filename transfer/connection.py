"""The one connection of a ledger's account to NATS."""

import ssl
from typing import Final

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import NoServersError

from transfer.errors import CourierUnavailable
from transfer.login import login
from transfer.mailbox import Route

CONNECT_PATIENCE: Final = 5
PING_INTERVAL: Final = 5
PENDING_BYTES: Final = 16 * 1024 * 1024
"""As many messages as go out at once; more, and a lost connection would refuse them."""


async def connect(route: Route) -> Client:
    """Connects once; a connection that is lost later is taken up again for ever.

    Raises:
        CourierUnavailable: no server answers, or it does not let us in.
    """
    try:
        return await nats.connect(
            route.url,
            max_reconnect_attempts=-1,
            allow_reconnect=True,
            ping_interval=PING_INTERVAL,
            connect_timeout=CONNECT_PATIENCE,
            pending_size=PENDING_BYTES,
            error_cb=_say_nothing,
            **login(route),
        )
    except (NoServersError, NatsError, OSError, ssl.SSLError) as error:
        raise CourierUnavailable(
            f"NATS at {_without_password(route.url)} cannot be reached "
            f"({error or type(error).__name__}); what was to be sent waits in the outbox"
        ) from error


def _without_password(url: str) -> str:
    scheme, mark, rest = url.rpartition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"


async def _say_nothing(error: Exception) -> None:
    """The client tries again by itself; what did not go through is seen where it was asked for."""
    del error
