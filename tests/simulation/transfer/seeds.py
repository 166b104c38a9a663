"""Which schedules every run of the tests goes through."""

from collections.abc import Sequence

from tests.simulation.runs import histories
from tests.simulation.transfer.run import tally

SEED = 0
"""The same every run; `make simulate` draws others. A schedule follows wholly from its seed."""
MENDED = (
    *("3/7/73", "2/11/1356", "3/12/1001", "3/12/4973", "2/13/3060", "3/14/572", "3/14/1412"),
    *("2/15/2626", "3/16/5945", "3/16/7718", "2/20/21", "2/20/717", "3/21/2666"),
    *("3/18/4355", "3/18/5783", "3/19/6227", "3/19/9617", "3/30/677"),
)
"""Each violated a property once, or asked more of one than can hold."""
SCHEDULES = 1000
"""So many, two of three with two ledgers; `HOCBA_SIMULATIONS` asks for others."""
PATIENCE = max(240, histories(SCHEDULES) // 8)
"""Seconds that one part may take on a machine that is busy with something else."""


def seeds_of_the_day(ledgers: int, part: int, *, of: int) -> list[str]:
    """The seeds of one part of the schedules with so many ledgers."""
    count = histories(SCHEDULES) * (2 if ledgers == 2 else 1) // 3
    return [f"{ledgers}/{SEED}/{number}" for number in range(part, count, of)]


def require_sound(seeds: Sequence[str]) -> None:
    """Every property holds in every schedule; of one where it does not the trace is shown."""
    found = tally(list(seeds)).failed
    for outcome in found:
        print("\n".join([f"seed {outcome.seed}", *outcome.trace, str(outcome.violation)]))
    assert not found, [(outcome.seed, outcome.violation) for outcome in found]
