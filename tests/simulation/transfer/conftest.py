"""Worlds for scripted stories."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.simulation.transfer.quick import quick_mathematics
from tests.simulation.transfer.schedule import new_world
from tests.simulation.transfer.world import World


@pytest.fixture
def worlds() -> Iterator[Callable[[int], World]]:
    """Makes a running world of so many ledgers, with quick mathematics; of none: of two ledgers and
    the ministry."""
    with ExitStack() as stack:
        stack.enter_context(quick_mathematics())
        yield lambda ledgers: stack.enter_context(
            new_world("scripted", ledgers or 3, court=not ledgers).running()
        )


@pytest.fixture
def two(worlds: Callable[[int], World]) -> World:
    """An, Binh at the first ledger; at the second they wait for their papers."""
    return worlds(2)


@pytest.fixture
def three(worlds: Callable[[int], World]) -> World:
    """The same with a third ledger, where they wait too."""
    return worlds(3)


@pytest.fixture
def court(worlds: Callable[[int], World]) -> World:
    """Two ledgers, and the ministry as the third."""
    return worlds(0)
