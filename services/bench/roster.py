"""`bench roster`: a class list on a past date, as known at a past position, in a large ledger.

Two ledgers on one server, ten entries a pupil: a large one and one of 2,000 pupils. Asked is one
class of 45 on a day of the school year before, at the position before late knowledge came in
(`services.bench.population`). Each run asks about another class; the pages it needs have been read
once, the keys of its pupils have not.

* ours: `Views.roster` from the position to the finished answer: resolve the position, check that
  the projections hold it, find the class, read the rows, sort by Vietnamese collation, lay out the
  answer; without the decryption, which is timed apart and stated as `decryption_ms` (reading 90
  sealed parts, fetching, unwrapping and checking the keys of 45 pupils, opening the parts).
* bare_select: the indexed SELECT of the same tuples from the same projection tables, fetched.
* small_ledger: ours, in the ledger of 2,000 pupils.

Ratios are of times.
"""

import gc
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any
from uuid import UUID

from ledger.database import Connection
from ledger.ledger import Ledger
from projections.views import Views
from services.bench.measure import OURS, Contender, Progress, Target, answer, machine, paired
from services.bench.place import Bench, new_ledger, temporary_servers
from services.bench.population import ASKED_DAY, CLASS_SIZE, Population, populate

SMALL = 2000
_BARE = (
    "SELECT r.stream, r.grade, r.entered_on, r.entry_kind, r.change_kind, r.change_on,"
    " p.part, p.topic, p.sealed"
    " FROM projection.roster r LEFT JOIN projection.people p ON p.stream = r.stream"
    " AND (p.part = 'profile' OR p.kind = 'local')"
    " AND p.known_from < %(size)s AND (p.known_to IS NULL OR p.known_to >= %(size)s)"
    " WHERE r.class_code = %(code)s"
    " AND r.known_from < %(size)s AND (r.known_to IS NULL OR r.known_to >= %(size)s)"
    " AND r.effective_from <= %(on)s AND (r.effective_to IS NULL OR r.effective_to > %(on)s)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """Pupils in the large and in the small ledger."""

    pupils: int
    small: int = SMALL
    runs: int = 15
    warm: int = 8


USUAL = Sizes(pupils=20_000)
FULL = Sizes(pupils=200_000, runs=21)


class TimedLedger(Ledger):
    """A ledger that adds up how long it decrypts."""

    decrypting = 0.0

    def reveal_stored(
        self, connection: Connection, stored: Sequence[tuple[str, UUID, str]]
    ) -> list[dict[str, Any] | None]:
        """Personal parts in clear, as ever, on the clock."""
        begun = perf_counter()
        try:
            return super().reveal_stored(connection, stored)
        finally:
            self.decrypting += perf_counter() - begun


class Lists:
    """The class lists of one ledger: each turn one class that was not asked about before."""

    def __init__(self, ledger: TimedLedger, population: Population, owner: Connection) -> None:
        """`owner` reads each class's pages once before its turn, and is the bare reader."""
        self._ledger = ledger
        self._views = Views(ledger)
        self._population = population
        self._owner = owner
        self.decryption: list[float] = []

    def ours(self, run: int) -> float:
        """The whole answer; the seconds without decryption."""
        code = self._class(run)
        self._bare(code)
        self._ledger.decrypting = 0.0
        gc.collect()
        begun = perf_counter()
        found = self._views.roster(code, on=ASKED_DAY, known_at=self._population.position)
        seconds = perf_counter() - begun
        if found["count"] != CLASS_SIZE:
            raise ValueError(f"class {code} of the sample shows {found['count']} pupils")
        self.decryption.append(self._ledger.decrypting)
        return seconds - self._ledger.decrypting

    def bare(self, run: int) -> float:
        """The same tuples and nothing else."""
        code = self._class(run)
        self._bare(code)
        gc.collect()
        begun = perf_counter()
        rows = self._bare(code)
        seconds = perf_counter() - begun
        if len(rows) != 2 * CLASS_SIZE:
            raise ValueError(f"class {code} of the sample gives {len(rows)} tuples")
        return seconds

    def _class(self, run: int) -> str:
        # 7 classes apart: neighbours share pages.
        return self._population.classes[run * 7 % len(self._population.classes)]

    def _bare(self, code: str) -> list[tuple[Any, ...]]:
        size = self._population.position + 1
        parameters = {"code": code, "on": ASKED_DAY, "size": size}
        return self._owner.execute(_BARE, parameters).fetchall()


def measure(sizes: Sizes, *, say: Progress) -> dict[str, Any]:
    """Runs the benchmark; its JSON."""
    with ExitStack() as stack:
        ledgers, running = stack.enter_context(temporary_servers())
        populations: dict[str, Population] = {}
        lists: dict[str, Lists] = {}
        for name, pupils in (("large", sizes.pupils), ("small", sizes.small)):
            with new_ledger(ledgers, running, name) as bench:
                populations[name] = populate(bench, pupils=pupils, say=say)
                kek = ledgers.keys(ledgers.profile(name)).kek
                lists[name] = _lists(bench, kek, populations[name], stack)
        with bench.owner() as owner:
            stated = machine(owner)
        say(f"roster: {sizes.runs} runs")
        contenders: dict[str, Contender] = {
            OURS: lists["large"].ours,
            "bare_select": lists["large"].bare,
            "small_ledger": lists["small"].ours,
        }
        runs = paired(contenders, runs=sizes.runs, warm=sizes.warm)
        return answer(
            "roster",
            machine=stated,
            runs=runs,
            work=CLASS_SIZE,
            unit="pupils",
            direction="time",
            targets=[Target("bare_select", 3.0), Target("small_ledger", 1.3)],
            sizes={
                name: {"pupils": found.pupils, "entries": found.entries}
                for name, found in populations.items()
            },
            decryption_ms={
                name: round(median(found.decryption[sizes.warm :]) * 1000, 3)
                for name, found in lists.items()
            },
        )


def _lists(bench: Bench, kek: bytes, population: Population, stack: ExitStack) -> Lists:
    """The ledger opened as a new process does, with no key in memory."""
    owner = stack.enter_context(bench.owner())
    owner.execute("VACUUM ANALYZE")
    ledger = stack.enter_context(TimedLedger.open(bench.url, kek=kek))
    return Lists(ledger, population, owner)
