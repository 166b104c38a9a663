"""One schedule from its seed: random steps, then a fair end, then everything that must hold."""

import random
import traceback
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from ledger.case import Case
from tests.simulation.transfer import actions, acts, properties
from tests.simulation.transfer.properties import Violated
from tests.simulation.transfer.sites import CHILDREN, founded
from tests.simulation.transfer.world import OPEN, Site, World

CHAPTERS = (1, 1, 2)
"""How often there are steps and an end to them: what follows a transfer needs one that is over."""
STEPS = (6, 32)
ROUNDS = 40
"""So many fair rounds end everything; more are a livelock."""
PATIENCE = 8
"""After so many rounds without an answer a request is withdrawn."""


@dataclass
class Outcome:
    """What a schedule came to. `trace` tells it line by line."""

    seed: str
    trace: list[str]
    violation: str | None = None
    steps: int = 0
    pairs: set[tuple[str, str]] = field(default_factory=set)
    """(origin's state, receiver's state) of one case that were reached together."""


def new_world(seed: str, ledgers: int, *, court: bool = False) -> World:
    """A world of so many ledgers as they were founded; with a court the third is the ministry."""
    chance = random.Random(seed)
    return World(chance, [founded(n) for n in range(ledgers)], court=court)


def run(seed: str) -> Outcome:
    """Runs the schedule of a seed (ledgers / seed of the run / number) to its end, or to its first
    violation."""
    chance = random.Random(f"{seed}/shape")
    ledgers = int(seed.partition("/")[0])
    world = new_world(seed, ledgers, court=ledgers == 3 and chance.random() < 0.5)
    outcome = Outcome(seed, world.trace)
    with world.running():
        try:
            for _ in range(chance.choice(CHAPTERS)):
                for _ in range(chance.randint(*STEPS)):
                    actions.step(world)
                    outcome.steps += 1
                    properties.check_always(world)
                    outcome.pairs |= pairs(world)
                settle(world)
                outcome.pairs |= pairs(world)
            late_mail(world)
            if chance.random() < 0.2:
                reach_somebody(world)
        except Violated as violated:
            outcome.violation = str(violated)
        except Exception as error:  # no refusal a person is told: a defect of its own
            outcome.violation = "".join(traceback.format_exception(error))
    return outcome


def pairs(world: World) -> set[tuple[str, str]]:
    """The states of every case on both sides ('' where it is not known yet)."""
    found: dict[UUID, dict[str, str]] = {}
    for site in world.sites:
        for case in site.cases():
            found.setdefault(case.id, {})[case.side] = case.state
    return {(sides.get("origin", ""), sides.get("receiver", "")) for sides in found.values()}


def settle(world: World) -> None:
    """Nobody dies any more, every letter arrives, people work off their lists."""
    world.dies_at = None
    for site in world.sites:
        site.offset = timedelta()
    for number in range(ROUNDS):
        fair_round(world, impatient=number % PATIENCE == PATIENCE - 1)
        if not world.bag and quiet(world):
            properties.check_quiet(world)
            return
    properties.check_quiet(world)
    raise Violated("it never comes to rest")


def fair_round(world: World, *, impatient: bool) -> None:
    """Everything that waits is sent and arrives, and everybody looks at their list once."""
    for site in world.sites:
        if any(row.state != "answered" for row in site.store.outbox.values()):
            world.send(site)
    letters, world.bag = world.bag, []
    world.bag = [letter for letter in letters if not acts.taken(world, letter)]
    properties.check_always(world)
    for site in world.sites:
        if site.stands != "open":
            acts.advance(world, site)
            if site.stands == "fenced" or impatient:
                acts.recover(world, site)
            continue
        work_off(world, site, impatient=impatient)
    properties.check_always(world)
    world.time += timedelta(seconds=5) if letters else timedelta(hours=2)


def quiet(world: World) -> bool:
    """Whether nobody has anything to do."""
    open_cases = any(case.state in OPEN for site in world.sites for case in site.cases())
    if any(site.stands != "open" for site in world.sites):
        return False
    rows = (row for site in world.sites for row in site.store.outbox.values())
    return not open_cases and all(row.state in ("answered", "failed") for row in rows)


def work_off(world: World, site: Site, *, impatient: bool) -> None:
    """What a sensible person does about every case on the list: mostly, or always where all are
    willing, what was asked."""
    unwilling = not world.willing and world.chance.random() < 0.4
    for case in site.cases():
        child = world.child(site, case)
        proposals = acts.open_proposals(case)
        asked_for = case.first_day is not None or case.returns is not None
        if case.held is not None and (case.state in OPEN or proposals):
            acts.free(world, site, case)
        if proposals and case.pupil is not None and site.pupil(case.pupil).released is None:
            chosen = acts.some_of(world, site, case)
            if not acts.settle_proposals(world, site, case, chosen) and impatient:
                acts.settle_proposals(world, site, case, "none")
        if case.returns is not None and (case.side, case.state) == ("origin", "requested"):
            if acts.returned(world, site, case.returns) is None:
                acts.say_no(world, site, case)
        elif case.side == "origin" and case.state == "requested":
            if child is not None and acts.holds(site, child) and not unwilling:
                acts.let_go(world, site, case, site.record_of(child))
            else:
                acts.say_no(world, site, case, "not_our_pupil")
        elif case.side == "origin" and case.state == "problem" and not asked_for:
            _carry_file(world, site, case)
        elif case.side == "origin" and case.state == "problem":
            assert case.pupil is not None
            acts.let_go(world, site, case, case.pupil)
        elif case.side == "origin" and case.state == "released" and not asked_for:
            _carry_file(world, site, case)
        elif case.side == "receiver" and case.state == "received":
            theirs = world.site_of(case.other).child_of(case.their_pupil)
            wrong = case.pupil is not None and site.child_of(case.pupil) != theirs
            # What a ruling gave it has to take in, whomever it had asked for.
            if (wrong or unwilling) and case.ruling is None:
                acts.send_back(world, site, case, "wrong_pupil" if wrong else "not_accepted")
            else:
                asked = None if wrong else case.pupil
                record = asked or site.record_of(theirs or CHILDREN[0])
                if not acts.take_in(world, site, case, record) and impatient:
                    acts.take_in(world, site, case, None)
        elif case.side == "receiver" and case.ruling is not None and case.state in OPEN:
            _ask_for_the_dossier(world, site, case)
        elif case.side == "receiver" and impatient and case.state in ("requested", "problem"):
            acts.send_back(world, site, case, "withdrawn")


def _ask_for_the_dossier(world: World, site: Site, case: Case) -> None:
    """Whom a ruling gave custody asks the other side by telephone for what is missing."""
    other = world.site_of(case.other)
    theirs = other.case(case.id)
    if theirs is not None and theirs.state == "accepted" and theirs.pupil is not None:
        acts.let_go(world, other, theirs, theirs.pupil)
        _carry_file(world, other, theirs)


def _carry_file(world: World, site: Site, case: Case) -> None:
    """A dossier that nobody asked for over the network is handed in as a file."""
    assert case.pupil is not None
    if acts.export(world, site, world.site_of(case.other), case.pupil):
        acts.hand_file_in(world, world.files[-1])


def late_mail(world: World) -> None:
    """What was delayed arrives when everything is over, and changes nothing that is settled."""
    world.bag, world.lost = world.lost, []
    settle(world)


def reach_somebody(world: World) -> None:
    """A custodian answers the next request, and the child moves."""
    world.willing = True
    child = world.chance.choice(sorted(moved(world)) or CHILDREN)
    holders = [site for site in world.schools if acts.holds(site, child)]
    for origin in holders[:1]:
        # Taken into another record than the child's, by mistake: a person has to unlink them first.
        if any(link.ledger == origin.id for link in origin.pupil(origin.record_of(child)).links):
            return
        receiver = world.chance.choice([site for site in world.schools if site is not origin])
        case = acts.ask(world, receiver, origin, child)
        settle(world)
        found = receiver.case(case) if case else None
        if found is None or found.state != "accepted":
            raise Violated(f"{child} cannot be reached from {receiver}")


def moved(world: World) -> set[str]:
    """The children that some transfer was about."""
    cases = ((site, case) for site in world.sites for case in site.cases())
    return {child for site, case in cases if (child := world.child(site, case)) is not None}
