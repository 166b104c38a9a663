"""Provisioning: the stream of each sender and the durable consumer of each receiver.

Made here and never by a worker, whose account user may not. Settings: transfer design, "NATS".
"""

import asyncio
from collections.abc import Sequence

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import NoServersError
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError

from services.embedded.nats_config import (
    Account,
    Mailbox,
    NatsCredentials,
    Place,
    stream_name,
)
from services.errors import ServerUnavailable

DAY = 86_400.0
MAX_AGE = 180 * DAY
MAX_BYTES = 1024**3
DUPLICATE_WINDOW = 3_600.0
ACK_WAIT = 60.0
MAX_DELIVER = 10
MAX_ACK_PENDING = 1_000  # more than one whole batch of chunks, or it would never end


def stream_settings(account: str, *, replicas: int = 1, max_bytes: int = MAX_BYTES) -> StreamConfig:
    """Return the settings of the stream that keeps what an account sends."""
    return StreamConfig(
        name=stream_name(account),
        subjects=[f"hb.v1.{account}.*.>"],
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,  # a full stream refuses, it never forgets
        max_age=MAX_AGE,
        max_bytes=max_bytes,
        num_replicas=replicas,
        duplicate_window=DUPLICATE_WINDOW,
        deny_delete=True,
        deny_purge=True,
        allow_direct=False,
        allow_atomic=True,
    )


def consumer_settings(box: Place) -> ConsumerConfig:
    """Return the settings of a durable; ``backoff`` stays unset, it would override ``ack_wait``."""
    return ConsumerConfig(
        durable_name=box.durable,
        filter_subject=box.subjects,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ACK_WAIT,
        max_deliver=MAX_DELIVER,
        max_ack_pending=MAX_ACK_PENDING,
    )


def provision(url: str, accounts: Sequence[Account]) -> None:
    """Make or bring up to date every stream and durable; repeatable. Not from within a loop.

    Raises:
        ServerUnavailable: the server cannot be reached or refuses a setting.
    """
    try:
        asyncio.run(_provision(url, accounts))
    except (NatsError, OSError) as error:
        reason = str(error) or type(error).__name__
        raise ServerUnavailable(
            f"streams could not be made on the NATS server {url}: {reason}"
        ) from error


async def _provision(url: str, accounts: Sequence[Account]) -> None:
    names = [account.name for account in accounts]
    for account in accounts:
        client = await connect(url, account.administrator)
        try:
            jetstream = client.jetstream(timeout=20)
            await ensure_stream(jetstream, stream_settings(account.name))
            for receiver in names:
                if receiver != account.name:
                    box = Mailbox(sender=account.name, receiver=receiver)
                    await jetstream.add_consumer(box.stream, consumer_settings(box))
        finally:
            await client.close()


async def ensure_stream(jetstream: JetStreamContext, settings: StreamConfig) -> None:
    """Make a stream, or give the one that is there these settings."""
    assert settings.name is not None
    try:
        await jetstream.stream_info(settings.name)
    except NotFoundError:
        await jetstream.add_stream(settings)
    else:
        await jetstream.update_stream(settings)


async def connect(url: str, credentials: NatsCredentials) -> Client:
    """Connect once, without retries: the caller has just seen the server answer."""
    failures: list[Exception] = []

    async def remember(error: Exception) -> None:
        failures.append(error)

    try:
        return await nats.connect(
            url,
            user=credentials.user,
            password=credentials.password,
            allow_reconnect=False,
            connect_timeout=10,
            error_cb=remember,
        )
    except NoServersError as error:
        raise (failures[-1] if failures else error) from error
