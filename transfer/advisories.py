"""Advisories of NATS: that a delivery was given up or ended, kept before they are forgotten.

The consumers of our mail live in our own account, so it is the *sender* who hears that a receiver
gave up. Advisories are told once and not stored by the server: a receiver notes its last delivery
itself (`transfer.intake`), and an unanswered message goes out again whatever was heard.
"""

import asyncio
import json
from typing import Any, Final

from nats.aio.client import Client
from nats.aio.msg import Msg

from transfer import dead_letter
from transfer.dead_letter import Reason
from transfer.metrics import Metrics
from transfer.office import Office

_SUBJECTS: Final[dict[str, Reason]] = {
    "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>": "max_deliveries",
    "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>": "terminated",
}


async def listen(client: Client, office: Office, metrics: Metrics) -> None:
    """Notes every advisory that comes from now on."""

    async def note(kind: Reason, message: Msg) -> None:
        try:
            told: dict[str, Any] = json.loads(message.data)
            stream, consumer = str(told["stream"]), str(told["consumer"])
            sequence, deliveries = int(told["stream_seq"]), int(told["deliveries"])
        except (ValueError, LookupError, TypeError):
            return
        metrics.given_up(kind)
        reason = str(told["reason"])[:300] if told.get("reason") else None
        await asyncio.to_thread(
            dead_letter.note_given_up,
            office,
            stream=stream,
            consumer=consumer,
            sequence=sequence,
            kind=kind,
            deliveries=deliveries,
            reason=reason,
        )

    for subject, kind in _SUBJECTS.items():

        async def heard(message: Msg, kind: Reason = kind) -> None:
            await note(kind, message)

        await client.subscribe(subject, cb=heard)
