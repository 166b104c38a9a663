"""Where a ledger's mail lies in NATS, and how its durable consumers must be set.

Consumers are made by provisioning and never by a worker; the worker looks whether they still are
as they were made, because a wrong one loses mail in silence (`backoff` overrides `ack_wait`; too
few pending acknowledgements stop a batch of chunks for ever).
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from nats.js.api import AckPolicy, ConsumerConfig


@dataclass(frozen=True, slots=True)
class Box:
    """Where we fetch what one sender has for us: its stream, our durable, the API's prefix."""

    stream: str
    durable: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Route:
    """How to reach NATS as this ledger's account, and where its mail lies.

    Who we are is told by user and password, by a file of credentials (a user's JWT and key), by a
    client certificate, or by several of them, as the server asks.
    """

    url: str
    user: str | None
    password: str | None = field(repr=False)
    account: str
    boxes: tuple[Box, ...]
    credentials: Path | None = None
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsumerTerms:
    """How every durable is set. Times in seconds."""

    ack_wait: float
    max_deliver: int
    least_ack_pending: int

    def differences(self, found: ConsumerConfig) -> list[str]:
        """What of a consumer is not as it must be, in words; empty where all is."""
        wrong = []
        if found.ack_policy != AckPolicy.EXPLICIT:
            wrong.append(f"ack_policy is {found.ack_policy}, not explicit")
        if found.ack_wait != self.ack_wait:
            wrong.append(f"ack_wait is {found.ack_wait} s, not {self.ack_wait:g} s")
        if found.backoff:
            wrong.append("backoff is set; it overrides ack_wait")
        if found.max_deliver != self.max_deliver:
            wrong.append(f"max_deliver is {found.max_deliver}, not {self.max_deliver}")
        if (found.max_ack_pending or 0) < self.least_ack_pending:
            wrong.append(
                f"max_ack_pending is {found.max_ack_pending}, less than {self.least_ack_pending}"
            )
        if found.deliver_subject:
            wrong.append("it pushes; a pull consumer was expected")
        if found.pause_until:
            wrong.append(f"it is paused until {found.pause_until}")
        return wrong


TERMS: Final = ConsumerTerms(ack_wait=60.0, max_deliver=10, least_ack_pending=512)
"""What provisioning makes and the worker expects. Several whole batches of chunks may wait to be
acknowledged."""
