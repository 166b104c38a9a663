"""What every command works with: the global options, and the ledger they lead to."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ledger.ledger import Ledger
from services.embedded import Home, Servers, servers
from services.ledgers import Ledgers, Profile
from services.nats.access import NOTHING, NatsAccess


@dataclass(frozen=True, slots=True)
class Workplace:
    """The global options of one command."""

    home: Home
    account: str
    database: str | None
    nats: str | None
    ledger: str | None
    format: str
    lang: str
    trust: tuple[Path, ...] = ()
    nats_access: NatsAccess = NOTHING

    @property
    def ledgers(self) -> Ledgers:
        """The ledgers of this home."""
        return Ledgers(self.home, *self.trust)

    @contextmanager
    def servers(self) -> Iterator[Servers]:
        """The home's servers, each started when first asked for."""
        self.home.ensure()
        with servers(self.home) as running:
            yield running

    @contextmanager
    def open(
        self, name: str | None = None, *, renew: bool = True
    ) -> Iterator[tuple[Profile, Ledger]]:
        """The ledger named (by default the one of --ledger), on the servers it needs; `renew` as
        `Ledger.open` has it."""
        profile = self.ledgers.profile(name or self.ledger)
        with (
            self.servers() as running,
            self.ledgers.open(running, profile.name, database=self.database, renew=renew) as opened,
        ):
            yield opened
