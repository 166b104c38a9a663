"""Provisioning on a running server: accounts handed to it, streams and durables made in the hub."""

import asyncio
import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from services.embedded.nats_streams import consumer_settings, ensure_stream, stream_settings
from services.errors import ServerUnavailable
from services.nats.folder import Folder
from services.nats.hub import HubBox
from services.nats.inspection import connect
from services.nats.safety import Difference, server_drift
from transfer.courier import Route
from transfer.errors import CourierUnavailable

_UPDATE = "$SYS.REQ.CLAIMS.UPDATE"
_SETTINGS = "$SYS.REQ.SERVER.PING.VARZ"
_SILENCE = 0.5
"""Seconds after which no further server of a cluster answers."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What was brought about on the servers, and how their settings differ from safe ones."""

    accounts: int
    streams: int
    consumers: int
    differences: Sequence[Difference]


def apply(folder: Folder, url: str, *, replicas: int, max_bytes: int) -> Applied:
    """Hand every account to the servers and make every stream and durable; repeatable.

    Raises:
        ServerUnavailable: a server cannot be reached or refuses; its words are given.
    """
    try:
        differences = asyncio.run(_hand_over(folder, url))
        streams, consumers = asyncio.run(_make(folder, url, replicas, max_bytes))
    except (NatsError, CourierUnavailable, TimeoutError) as error:
        raise ServerUnavailable(
            f"nothing more was changed on the NATS server {url}: {error or type(error).__name__}"
        ) from error
    return Applied(len(folder.tokens()), streams, consumers, differences)


def hand_over(folder: Folder, url: str) -> Sequence[Difference]:
    """Hand every account to the servers, revocations too; returns their unsafe settings.

    Raises:
        ServerUnavailable: as :func:`apply`.
    """
    try:
        return asyncio.run(_hand_over(folder, url))
    except (NatsError, CourierUnavailable, TimeoutError) as error:
        raise ServerUnavailable(
            f"the accounts were not handed to the NATS server {url}: "
            f"{error or type(error).__name__}"
        ) from error


def administrator_route(folder: Folder, url: str, user: str) -> Route:
    """How the user ``hub`` or ``system`` reaches the server."""
    papers = folder.administrator
    return Route(
        url=url,
        user=None,
        password=None,
        account=folder.hub_account(),
        boxes=(),
        credentials=papers / f"{user}.creds",
        tls_ca=papers / "ca.pem",
        tls_cert=papers / "client.pem",
        tls_key=papers / "client.key",
    )


async def _hand_over(folder: Folder, url: str) -> list[Difference]:
    client = await connect(administrator_route(folder, url, "system"))
    try:
        for account, token in folder.tokens().items():
            answer = json.loads((await client.request(_UPDATE, token.encode(), timeout=10)).data)
            if "error" in answer:
                reason = answer["error"].get("description", "no reason given")
                raise ServerUnavailable(f"the server {url} refuses the account {account}: {reason}")
        return [
            difference
            for settings in await _settings(client)
            for difference in server_drift(settings)
        ]
    finally:
        await _close(client)


async def _settings(client: Client) -> list[dict[str, Any]]:
    """The page ``/varz`` of every server of the cluster, by the system account."""
    inbox = client.new_inbox()
    answers: asyncio.Queue[Msg] = asyncio.Queue()
    subscription = await client.subscribe(inbox, cb=answers.put)
    await client.publish(_SETTINGS, b"{}", reply=inbox)
    found: list[dict[str, Any]] = []
    with contextlib.suppress(TimeoutError):
        while True:
            patience = _SILENCE if found else 5.0
            message = await asyncio.wait_for(answers.get(), patience)
            found.append(json.loads(message.data)["data"])
    await subscription.unsubscribe()
    return found


async def _make(folder: Folder, url: str, replicas: int, max_bytes: int) -> tuple[int, int]:
    client = await connect(administrator_route(folder, url, "hub"))
    accounts = [folder.account(name) for name in folder.names()]
    consumers = 0
    try:
        jetstream = client.jetstream(timeout=20)
        for sender in accounts:
            settings = stream_settings(sender, replicas=replicas, max_bytes=max_bytes)
            await ensure_stream(jetstream, settings)
            for receiver in accounts:
                if receiver != sender:
                    box = HubBox(sender, receiver)
                    await jetstream.add_consumer(box.stream, consumer_settings(box))
                    consumers += 1
    finally:
        await _close(client)
    return len(accounts), consumers


async def _close(client: Client) -> None:
    with contextlib.suppress(NatsError):
        await client.close()
