"""The acts of a schedule in the order a story tells them, each of which must succeed."""

from datetime import timedelta
from uuid import UUID

from ledger.case import Case
from tests.simulation.transfer import acts, properties
from tests.simulation.transfer.schedule import settle
from tests.simulation.transfer.world import File, Letter, Site, World

LONG = timedelta(days=200)
"""Longer than any message is good."""


def ask(world: World, receiver: Site, origin: Site, child: str = "An") -> UUID:
    """A request, not sent yet."""
    case = acts.ask(world, receiver, origin, child)
    assert case is not None, world.trace
    return case


def release(world: World, site: Site, case: UUID) -> None:
    """The right child is released, or its dossier issued again."""
    found = case_of(site, case)
    child = world.child(site, found)
    assert child is not None
    acts.let_go(world, site, found, found.pupil or site.record_of(child))
    assert world.trace[-1].endswith("done"), world.trace


def accept(world: World, site: Site, case: UUID, *, expect: str = "done") -> None:
    """The dossier that is there is taken in; `expect` is how the attempt ends."""
    found = case_of(site, case)
    child = world.child(site, found)
    record = found.pupil or (site.record_of(child) if child else None)
    acts.take_in(world, site, found, record)
    assert expect in world.trace[-1], world.trace


def reject(world: World, site: Site, case: UUID) -> None:
    """The dossier, or the request, is given up."""
    acts.send_back(world, site, case_of(site, case))
    assert world.trace[-1].endswith("done"), world.trace


def decline(world: World, site: Site, case: UUID) -> None:
    """A request is refused."""
    acts.say_no(world, site, case_of(site, case))
    assert world.trace[-1].endswith("done"), world.trace


def export(world: World, site: Site, receiver: Site, child: str = "An") -> File:
    """A release by file."""
    assert acts.export(world, site, receiver, site.record_of(child)), world.trace
    return world.files[-1]


def sent(world: World, site: Site, kind: str) -> Letter:
    """What a ledger sends now, held in hand: its newest letter of a kind."""
    world.send(site)
    letter = next(found for found in reversed(world.bag) if found.kind == kind)
    world.bag.remove(letter)
    return letter


def arrive(world: World, letter: Letter) -> str:
    """A letter arrives; what became of it."""
    acts.taken(world, letter)
    return world.trace[-1]


def carry(world: World) -> None:
    """Everything is sent and arrives, until nothing is on its way."""
    for _ in range(20):
        for site in world.sites:
            world.send(site)
        letters, world.bag = world.bag, []
        if not letters:
            return
        for letter in letters:
            arrive(world, letter)
            properties.check_always(world)


def damaged(letter: Letter) -> Letter:
    """The letter with its last byte altered."""
    return letter._replace(frame=letter.frame[:-1] + bytes([letter.frame[-1] ^ 1]))


def case_of(site: Site, case: UUID) -> Case:
    """A transfer as one side sees it."""
    found = site.case(case)
    assert found is not None, f"{site} knows nothing of it"
    return found


def states(world: World, case: UUID) -> list[str]:
    """The states of a transfer, ledger by ledger ('' where it is not known)."""
    found = (site.case(case) for site in world.sites)
    return [case.state if case else "" for case in found]


def holders(world: World, child: str = "An") -> list[str]:
    """Which ledgers have a child's history and custody."""
    return [str(site) for site in world.sites if acts.holds(site, child)]


def end(world: World) -> None:
    """Everybody does what is asked until nothing is open, and everything holds."""
    world.willing = True
    settle(world)


def moved(world: World, origin: int, receiver: int, child: str = "An") -> UUID:
    """A whole transfer; its id."""
    case = ask(world, world.sites[receiver], world.sites[origin], child)
    end(world)
    assert states(world, case)[receiver] == "accepted", world.trace
    return case


def accepted(world: World, child: str = "An") -> list[int]:
    """How many proposals about a child each ledger has on record as accepted."""
    records = ((site, site.pupil(site.record_of(child))) for site in world.sites)
    return [sum(ruling.reason is None for ruling in pupil.rulings) for _, pupil in records]
