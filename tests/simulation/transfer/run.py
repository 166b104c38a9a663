"""Runs many schedules on every core: `make simulate N=100000 SEED=7`.

It closes with one line: schedules run, states reached, violations, the seeds that failed.
"""

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from os import cpu_count

from tests.simulation.transfer.quick import quick_mathematics
from tests.simulation.transfer.schedule import Outcome, run

TRUE_EVERY = 20
"""Every so many schedules are run with the true mathematics."""
CHUNK = 50


@dataclass
class Tally:
    """What many schedules came to."""

    schedules: int = 0
    steps: int = 0
    pairs: set[tuple[str, str]] = field(default_factory=set)
    failed: list[Outcome] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Counts another tally in."""
        self.schedules += other.schedules
        self.steps += other.steps
        self.pairs |= other.pairs
        self.failed += other.failed

    def line(self) -> str:
        """The closing line."""
        states = {state for pair in self.pairs for state in pair if state}
        seeds = ", ".join(outcome.seed for outcome in self.failed) or "none"
        return (
            f"{self.schedules} schedules, {self.steps} steps; {len(self.pairs)} pairs of states "
            f"of a case on both sides, {len(states)} states; {len(self.failed)} violations; "
            f"failing seeds: {seeds}"
        )


def seeds(seed: str, count: int) -> list[str]:
    """The seeds of `count` schedules: ledgers / seed of the run / number."""
    return [f"{3 if number % 3 == 2 else 2}/{seed}/{number}" for number in range(count)]


def tally(chosen: list[str]) -> Tally:
    """Runs the schedules of these seeds."""
    result = Tally()
    for seed in chosen:
        number = int(seed.rpartition("/")[2])
        true = number % TRUE_EVERY == TRUE_EVERY - 1
        with nullcontext() if true else quick_mathematics():
            outcome = run(seed)
        result.schedules += 1
        result.steps += outcome.steps
        result.pairs |= outcome.pairs
        if outcome.violation is not None:
            result.failed.append(outcome)
    return result


def run_all(chosen: list[str], *, workers: int) -> Iterator[Tally]:
    """The tallies of chunks of schedules as they come."""
    chunks = [chosen[start : start + CHUNK] for start in range(0, len(chosen), CHUNK)]
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(tally, chunks)


def main(arguments: list[str]) -> int:
    """The command. Its exit code is 1 where something was violated."""
    parser = argparse.ArgumentParser(prog="simulate", description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", default="0")
    parser.add_argument("--workers", type=int, default=cpu_count() or 1)
    asked = parser.parse_args(arguments)
    total = Tally()
    show = partial(print, end="", file=sys.stderr, flush=True)
    for part in run_all(seeds(asked.seed, asked.count), workers=asked.workers):
        total.add(part)
        for outcome in part.failed:
            print("\n".join([*outcome.trace, f"{outcome.seed}: {outcome.violation}"]))
        if sys.stderr.isatty():
            show(f"\r{total.schedules} of {asked.count}, {len(total.failed)} violations")
    if sys.stderr.isatty():
        show("\r\x1b[K")
    print(total.line())
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
