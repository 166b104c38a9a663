"""Random schedules of three ledgers, and that a seed tells everything."""

import pytest

from tests.simulation.transfer.quick import quick_mathematics
from tests.simulation.transfer.schedule import run
from tests.simulation.transfer.seeds import (
    MENDED,
    PATIENCE,
    require_sound,
    seeds_of_the_day,
)


@pytest.mark.timeout(PATIENCE)
@pytest.mark.parametrize("part", range(3))
def test_random_schedules_of_three_ledgers_keep_every_property(part: int) -> None:
    require_sound(seeds_of_the_day(3, part, of=3))


@pytest.mark.parametrize("number", range(4))
def test_a_schedule_follows_from_its_seed_whatever_the_mathematics(number: int) -> None:
    seed = f"{2 + number % 2}/repeated/{number}"
    true = run(seed)
    with quick_mathematics():
        quick = run(seed)
    assert quick.trace == true.trace


@pytest.mark.parametrize("seed", MENDED)
def test_a_schedule_that_once_failed_keeps_every_property(seed: str) -> None:
    require_sound([seed])
