"""What every simulation shares: how many histories, the seed, what must hold at the end.

Each history has its own chances, so `HOCBA_SEED` and its number repeat it whatever ran before.
"""

import json
import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from ledger.inspection import inspect
from ledger.ledger import Ledger
from ledger.notary import Notary
from projections.views import Views
from signing.note import NoteSigner

SEED = int(os.environ.get("HOCBA_SEED", "0"))


def histories(default: int) -> int:
    """How many histories a run has: `HOCBA_SIMULATIONS`, or the number for every day."""
    return int(os.environ.get("HOCBA_SIMULATIONS", str(default)))


def chances(name: str, number: int) -> random.Random:
    """The chances of one history, told so that a failure names it."""
    print(f"HOCBA_SEED={SEED}, {name} {number}")
    return random.Random(f"{SEED}/{name}/{number}")


def day_between(chance: random.Random, first: date, last: date) -> date:
    """A day in [first, last]."""
    return first + timedelta(days=chance.randrange((last - first).days + 1))


class Prover:
    """Proves a ledger from outside, again and again under one key."""

    def __init__(self, ledger: Ledger, views: Views) -> None:
        self._ledger, self._views = ledger, views
        self._notary = Notary(ledger, NoteSigner.generate("hocba/test"), None)

    def prove_after(self, number: int) -> None:
        """Proves after each of the first histories; of a long run after every tenth one, because
        it makes the whole log anew."""
        if number < 10 or number % 10 == 9:
            self.prove()

    def prove(self) -> None:
        """The log verifies, and every projection made anew is the one that stands."""
        with self._ledger.database.connection() as connection:
            self._notary.checkpoint(connection)
            found = inspect(self._notary, connection, lambda done, total: None)
        assert found.failures == []
        for name in self._views.engine.names:
            assert self._views.engine.rebuild(name).equal, name


@dataclass
class Answers:
    """Answers kept, to be asked for again: at a known position they never change."""

    kept: list[tuple[str, Callable[[], dict[str, Any]], bytes]] = field(default_factory=list)

    def keep(self, what: str, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Asks, and keeps the bytes of the answer."""
        answer = ask()
        self.kept.append((what, ask, _bytes(answer)))
        return answer

    def ask_again(self, chance: random.Random, sample: int) -> None:
        """Asks some of the kept questions once more."""
        for what, ask, before in chance.sample(self.kept, min(sample, len(self.kept))):
            assert _bytes(ask()) == before, what


def _bytes(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer, ensure_ascii=False).encode()
