"""Random schedules of two ledgers: every property holds, whatever happens."""

import pytest

from tests.simulation.transfer.seeds import PATIENCE, require_sound, seeds_of_the_day


@pytest.mark.timeout(PATIENCE)
@pytest.mark.parametrize("part", range(5))
def test_random_schedules_of_two_ledgers_keep_every_property(part: int) -> None:
    require_sound(seeds_of_the_day(2, part, of=5))
