"""How a command was told to reach a given NATS: files, monitoring pages, and what is tolerated."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class NatsAccess:
    """The files that provisioning handed to this ledger, each None where it was not named.

    `monitor` is the URL of the server's monitoring pages; `unsafe` tolerates every difference.
    """

    credentials: Path | None
    ca: Path | None
    certificate: Path | None
    key: Path | None
    monitor: str | None
    unsafe: bool


NOTHING = NatsAccess(None, None, None, None, None, False)
"""No file was named."""
