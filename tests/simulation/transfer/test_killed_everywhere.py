"""A process dies before or after every statement and commit that a transfer passes, once each."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from ledger.case import Case
from tests.simulation.runs import SEED
from tests.simulation.transfer import acts, properties
from tests.simulation.transfer.schedule import settle
from tests.simulation.transfer.scripted import holders, states
from tests.simulation.transfer.world import Site, World

EVERY = 7
"""Of so many points each run takes one; another seed takes others."""
Decide = Callable[[World, Site, Case], object]


def take_in(world: World, site: Site, case: Case) -> None:
    acts.take_in(world, site, case, site.record_of("An"))


def transfer(world: World, decide: Decide) -> None:
    """A request and what follows it; who was cut off looks again and goes on."""
    origin, receiver = world.sites
    while acts.ask(world, receiver, origin, "An") is None:
        assert "killed" in world.trace[-1]
    for _ in range(8):
        for site in world.sites:
            world.send(site)
        letters, world.bag = world.bag, []
        world.bag = [letter for letter in letters if not acts.taken(world, letter)]
        for case in origin.cases():
            if case.state == "requested":
                acts.let_go(world, origin, case, origin.record_of("An"))
        for case in receiver.cases():
            if case.state == "received":
                decide(world, receiver, case)
        properties.check_always(world)
        world.time += timedelta(minutes=5)


@pytest.mark.parametrize(
    ("decide", "ends", "custodian"),
    [(take_in, "accepted", "22"), (acts.send_back, "rejected", "31")],
    ids=["accepted", "rejected"],
)
def test_killed_at_any_point_nothing_is_lost_and_nothing_done_twice(
    worlds: Callable[[int], World], decide: Decide, ends: str, custodian: str
) -> None:
    for _ in range(2):  # the first one reads what is kept in memory from then on
        undisturbed = worlds(2)
        transfer(undisturbed, decide)
    for point in range(1 + SEED % EVERY, undisturbed.points + 1, EVERY):
        world = worlds(2)
        world.dies_at = point
        transfer(world, decide)
        assert any("killed" in line for line in world.trace), f"point {point} was not passed"
        settle(world)
        (case,) = world.sites[0].cases()
        assert states(world, case.id) == [ends, ends], world.trace
        assert holders(world) == [custodian]
