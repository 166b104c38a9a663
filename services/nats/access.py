"""How a command was told to reach a given NATS: files, monitoring pages, and what is tolerated."""

from dataclasses import dataclass
from pathlib import Path

from services.errors import ServiceError
from services.nats.tokens import read, token_of


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

    def account(self) -> str | None:
        """The account that the credentials are of; None where none were named.

        Raises:
            ServiceError: the file cannot be read, or holds no user's token.
        """
        if self.credentials is None:
            return None
        try:
            token = read(token_of(self.credentials.read_text("ascii")))
        except (OSError, ValueError) as error:
            raise ServiceError(f"the NATS credentials {self.credentials} cannot be read") from error
        issuer: str = token["nats"].get("issuer_account", token["iss"])
        return issuer


NOTHING = NatsAccess(None, None, None, None, None, False)
"""No file was named."""
