"""The relay: what is sealed and due goes out, and again until it is answered.

A publish acknowledged by NATS is no receipt. A lost acknowledgement is *unknown*, so the same
attempt keeps its `Nats-Msg-Id` (the server says `duplicate` where the first try was stored after
all); a re-send after a missing answer uses a new one, or the duplicate window would swallow it.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeout
from nats.js.api import PubAck
from nats.js.errors import Error as JetStreamError
from nats.js.errors import NoStreamResponseError

from ledger.database import Connection
from ledger.queries import queries
from signing.errors import TrustError
from transfer import chunks
from transfer.errors import CourierUnavailable
from transfer.kinds import FINAL_KINDS
from transfer.message import MAX_FRAME
from transfer.metrics import Metrics
from transfer.office import Office

_SQL = queries("transfer", "transfer.sql")
MAX_MESSAGE: Final = 900 * 1024
"""One NATS message holds no more; a larger frame goes as a batch of chunks."""
BATCH: Final = 32
RESEND_FIRST: Final = 30.0
RESEND_MOST: Final = 3600.0
JITTER: Final = 0.2
PUBLISH_TRIES: Final = 5
PUBLISH_PATIENCE: Final = 5.0


@dataclass(frozen=True, slots=True)
class _Due:
    """A row of the outbox whose time has come; `frame` is None where it is a large one."""

    message: UUID
    receiver: UUID
    kind: str
    frame: bytes | None
    size: int
    attempts: int


class Relay:
    """Publishes as one ledger's account."""

    def __init__(self, client: Client, office: Office, *, account: str, metrics: Metrics) -> None:
        """`client` stays the caller's to close."""
        self._client = client
        self._stream = client.jetstream(timeout=PUBLISH_PATIENCE)
        self._office = office
        self._account = account
        self._metrics = metrics

    async def send(self) -> int:
        """Publishes what is due, at most `BATCH` messages; returns how many went out.

        The rows stay locked until they are marked, so that two relays never send the same one.

        Raises:
            CourierUnavailable: NATS does not acknowledge, or refuses.
        """
        with self._office.ledger.database.connection() as connection, connection.transaction():
            rows = connection.execute(_SQL["due"], {"limit": BATCH, "most": MAX_MESSAGE}).fetchall()
            due = [_Due(*row) for row in rows]
            if not due:
                return 0
            sent = await asyncio.gather(
                *(self._send_one(connection, each) for each in due), return_exceptions=True
            )
            told = [(d, ack) for d, ack in zip(due, sent, strict=True) if isinstance(ack, PubAck)]
            failures = [failure for failure in sent if isinstance(failure, BaseException)]
            for failure in failures:
                if not isinstance(failure, CourierUnavailable):
                    raise failure
            self._mark(connection, told)
        for failure in failures:
            raise failure
        return len(told)

    async def _send_one(self, connection: Connection, due: _Due) -> PubAck | None:
        """Sends one message; None where it is refused for ever, and marked so."""
        if due.size > MAX_FRAME:
            self._fail(connection, due, f"too_large: {due.size} bytes, at most {MAX_FRAME} travel")
            return None
        try:
            account = self._office.trust.by_id(due.receiver).nats_account
        except TrustError:
            self._fail(connection, due, "unknown_ledger: its receiver is in no trust bundle")
            return None
        subject = f"hb.v1.{self._account}.{account}.{due.kind}.{due.message.hex}"
        frame = due.frame
        if frame is None:
            row = connection.execute(_SQL["frame"], {"message": due.message}).fetchone()
            assert row is not None
            frame = bytes(row[0])
        return await self._publish(due, subject, frame)

    async def _publish(self, due: _Due, subject: str, frame: bytes) -> PubAck:
        for attempt in range(PUBLISH_TRIES):
            try:
                ack = await self._publish_once(due, subject, frame)
            except (NoStreamResponseError, NatsTimeout, TimeoutError) as error:
                if attempt == PUBLISH_TRIES - 1:
                    raise CourierUnavailable(
                        "NATS does not acknowledge; what was to be sent waits in the outbox"
                    ) from error
                await asyncio.sleep(random.uniform(0.1, 0.3) * 2**attempt)
            except (JetStreamError, NatsError) as error:
                raise CourierUnavailable(f"NATS refuses the message: {error}") from error
            else:
                self._metrics.sent(due.kind, again=due.attempts > 0, known=bool(ack.duplicate))
                return ack
        raise AssertionError("unreachable")

    async def _publish_once(self, due: _Due, subject: str, frame: bytes) -> PubAck:
        headers = {"Nats-Msg-Id": f"{due.message.hex}:{due.attempts}"}
        if len(frame) <= MAX_MESSAGE:
            return await self._stream.publish(subject, frame, headers=headers)
        batch = chunks.split(self._office, due.message, due.receiver, frame)
        return await chunks.publish(self._client, subject, batch, message_id=headers["Nats-Msg-Id"])

    def _fail(self, connection: Connection, due: _Due, reason: str) -> None:
        connection.execute(_SQL["cannot_send"], {"message": due.message, "reason": reason})

    def _mark(self, connection: Connection, told: Sequence[tuple[_Due, PubAck]]) -> None:
        """Messages that went out; they go again unless they are answered."""
        rows: list[dict[str, Any]] = [
            {
                "message": due.message,
                "state": "answered" if due.kind in FINAL_KINDS else "sent",
                "wait": resend_wait(due.attempts),
                "sequence": ack.seq,
            }
            for due, ack in told
        ]
        if rows:
            columns = {f"{key}s": [row[key] for row in rows] for key in rows[0]}
            connection.execute(_SQL["put_sent"], columns)


def resend_wait(attempts: int) -> float:
    """Seconds until a message that went out `attempts` times before goes again: doubling, with
    jitter, so that a thousand of them do not come back in one second."""
    wait = min(RESEND_MOST, RESEND_FIRST * 2.0 ** min(attempts, 20))
    return wait * random.uniform(1 - JITTER, 1 + JITTER)
