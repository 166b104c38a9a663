"""`bench transfer`: dossiers end to end, from the release to the acceptance stored at the origin.

Two ledgers with one transfer agent each, every agent a process of its own, and a clerk at the
origin (this process). The requests are made, sent and taken in beforehand. Timed, for a number of
pupils at once: the clerk releases one after the other; the origin's agent seals each dossier (100
entries, each mark with its sheet's statement and path) and sends it; the receiver's agent opens it,
runs all the checks, stores it and answers a receipt; a rule accepts it (copies, keys, link,
custody, answer); the origin's agent takes receipt and acceptance in. The clock stops when the last
acceptance stands in the origin's log: five transactions, three sealed messages a dossier.

* bare: the same bytes, the sealed dossiers of this very run, by `services.bench.bare_courier`: a
  commit, a publish, a pull, a commit, a double ack.

The ratio is of throughput. `memory` is the resident size of the two agents at the first quarter,
the middle and the end; `processor_ms` is what a dossier costs each process, without the servers.
"""

import gc
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from statistics import median
from time import perf_counter, process_time, sleep
from typing import Any
from uuid import UUID

import psutil

from ledger.database import Connection
from services.bench.bare_courier import BareCourier
from services.bench.marked import Marked, register, write_marked
from services.bench.measure import OURS, Progress, Target, answer, machine, paired
from services.bench.pair import NEW_SCHOOL, SCHOOL, Pair, Side, new_pair
from services.bench.transfer_agent import TODAY
from transfer import conversation

CLASS_SIZE = 45
MARKS = 96
ENTRIES = MARKS + 4
"""Registered, local key, enrolled, year opened, and the marks."""
PATIENCE = 600.0
_ACCEPTED = "SELECT count(*) FROM ledger.inbox WHERE kind = 'accept' AND state = 'done'"
"""Noted in the transaction that appends the acceptance. The log itself would be read from end to
end at every look, and take a core from those that are measured."""
_FRAMES = "SELECT sealed FROM ledger.outbox WHERE kind = 'dossier' AND case_id = ANY(%s)"
_REQUESTS = "SELECT count(*) FROM ledger.inbox WHERE kind = 'request'"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """Dossiers in a run."""

    dossiers: int
    runs: int
    warm: int = 1


USUAL = Sizes(dossiers=45, runs=5)
FULL = Sizes(dossiers=900, runs=11)


def measure(sizes: Sizes, *, say: Progress) -> dict[str, Any]:
    """Runs the benchmark; its JSON."""
    with ExitStack() as stack:
        pair = stack.enter_context(new_pair())
        owner = stack.enter_context(pair.origin.bench.owner())
        wanted = sizes.dossiers * (sizes.runs + sizes.warm)
        say(f"transfer: {wanted} pupils with {ENTRIES} entries each first")
        pupils = _pupils(pair.origin, wanted)
        asked = _ask(pair, wanted)
        agents = [
            stack.enter_context(_agent(pair, pair.origin)),
            stack.enter_context(_agent(pair, pair.receiver, "accept")),
        ]
        _wait(owner, _REQUESTS, wanted, agents)
        bare = BareCourier(pair.servers, (pair.origin.bench.url, pair.receiver.bench.url))
        owner.execute("VACUUM ANALYZE")
        clerk = _Clerk(pair.origin, owner, agents, list(zip(asked, pupils, strict=True)), sizes)
        stated = machine(owner)
        say(f"transfer: {sizes.runs} runs of {sizes.dossiers} dossiers")
        contenders = {
            OURS: clerk.turn,
            "bare": lambda run: bare.carry(clerk.frames, run),
        }
        runs = paired(contenders, runs=sizes.runs, warm=sizes.warm, rotate=False)
        return answer(
            "transfer",
            machine=stated,
            runs=runs,
            work=sizes.dossiers,
            unit="dossiers",
            direction="throughput",
            targets=[Target("bare", 0.25)],
            sizes={
                "entries": ENTRIES,
                "dossiers_per_run": sizes.dossiers,
                "bytes_per_dossier": sum(map(len, clerk.frames)) // len(clerk.frames),
            },
            processor_ms=clerk.processor(),
            memory=clerk.memory(),
        )


class _Clerk:
    """Who releases at the origin, and waits until every acceptance is stored there."""

    def __init__(
        self,
        origin: Side,
        owner: Connection,
        agents: Sequence[psutil.Popen],
        cases: Sequence[tuple[UUID, UUID]],
        sizes: Sizes,
    ) -> None:
        self._origin, self._owner, self._agents = origin, owner, agents
        self._cases, self._sizes = cases, sizes
        self._sizes_seen: list[list[float]] = []
        self._work: list[list[float]] = []
        self.frames: list[bytes] = []

    def turn(self, run: int) -> float:
        """One run; its seconds."""
        first = run * self._sizes.dossiers
        cases = self._cases[first : first + self._sizes.dossiers]
        gc.collect()
        worked = self._processor()
        begun = perf_counter()
        for case, pupil in cases:
            conversation.release(
                self._origin.office, case, pupil=pupil, last_day=date(2026, 5, 29), today=TODAY,
                who=self._origin.bench.who,
            )  # fmt: skip
        _wait(self._owner, _ACCEPTED, first + len(cases), self._agents)
        seconds = perf_counter() - begun
        done = zip(self._processor(), worked, strict=True)
        self._work.append([(after - before) / len(cases) for after, before in done])
        rows = self._owner.execute(_FRAMES, ([case for case, _ in cases],)).fetchall()
        self.frames = [bytes(row[0]) for row in rows]
        self._sizes_seen.append([_resident(agent) for agent in self._agents])
        return seconds

    def _processor(self) -> list[float]:
        """Seconds of processor time that clerk, origin's and receiver's agent have had so far."""
        times = [process_time()]
        for agent in self._agents:
            spent = agent.cpu_times()
            times.append(spent.user + spent.system)
        return times

    def processor(self) -> dict[str, float]:
        """Milliseconds of processor time that a dossier takes of each, the median of the runs."""
        names = ("clerk", "origin_agent", "receiver_agent")
        columns = zip(names, zip(*self._work, strict=True), strict=True)
        return {name: round(median(times) * 1000, 1) for name, times in columns}

    def memory(self) -> dict[str, Any]:
        """Resident megabytes of both agents after the first quarter, half and all of the runs."""
        seen = self._sizes_seen
        at = {"first": len(seen) // 4, "middle": len(seen) // 2, "end": len(seen) - 1}
        return {
            "dossiers": len(seen) * self._sizes.dossiers,
            **{
                side: {name: seen[when][number] for name, when in at.items()}
                for number, side in enumerate(("origin_mb", "receiver_mb"))
            },
        }


def _pupils(origin: Side, wanted: int) -> list[UUID]:
    found: list[UUID] = []
    while len(found) < wanted:
        number = len(found) // CLASS_SIZE
        found += write_marked(
            origin.bench,
            Marked(school=SCHOOL, number=number, pupils=CLASS_SIZE, grade=10, years=1, marks=MARKS),
        )
    return found[:wanted]


def _ask(pair: Pair, wanted: int) -> list[UUID]:
    """The receiver's requests, each for a record of its own."""
    receiver = pair.receiver
    ours: list[UUID] = []
    for first in range(0, wanted, 1000):
        numbers = range(first, min(first + 1000, wanted))
        ours += register(receiver.bench, [f"N{number}" for number in numbers])
    return [
        conversation.request(
            receiver.office,
            pupil=pupil,
            from_ledger=pair.origin.profile.id,
            school_code=NEW_SCHOOL,
            first_day=date(2026, 6, 1),
            who=receiver.bench.who,
        )
        for pupil in ours
    ]


@contextmanager
def _agent(pair: Pair, side: Side, *more: str) -> Iterator[psutil.Popen]:
    """The agent of one side in a process of its own."""
    process = psutil.Popen(
        [
            *(sys.executable, "-m", "services.bench.transfer_agent"),
            *(str(pair.ledgers.home.path), side.profile.name, *more),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("a transfer agent did not start")
        yield process
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def _wait(connection: Connection, query: str, wanted: int, agents: Sequence[psutil.Popen]) -> None:
    deadline = perf_counter() + PATIENCE
    while True:
        row = connection.execute(query.encode()).fetchone()
        if row is not None and row[0] >= wanted:
            return
        if perf_counter() > deadline or any(agent.poll() is not None for agent in agents):
            raise RuntimeError(f"the agents stopped: {row} of {wanted}")
        sleep(0.01)


def _resident(process: psutil.Popen) -> float:
    megabytes: float = round(process.memory_info().rss / 2**20, 1)
    return megabytes
