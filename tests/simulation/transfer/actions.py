"""What may happen in one step of a schedule: people's acts, the mail, misfortune.

Each is a function of the world that chooses for itself whom and what it concerns, does it, and
tells whether there was anything to do. `@action(weight)` puts it into the table.
"""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from ledger.case import Case
from tests.simulation.transfer import acts
from tests.simulation.transfer.sites import CHILDREN
from tests.simulation.transfer.world import OPEN, Letter, Site, World
from transfer import outbox

Action = Callable[[World], bool]
ACTIONS: dict[Action, int] = {}
"""Every action with its weight."""


def action(weight: int) -> Callable[[Action], Action]:
    """Registers an action that happens `weight` times as often as one of weight 1."""

    def register(function: Action) -> Action:
        ACTIONS[function] = weight
        return function

    return register


def step(world: World) -> None:
    """One step: a while passes, and something happens."""
    world.time += timedelta(seconds=world.chance.randint(1, 40))
    for _ in range(20):
        (chosen,) = world.chance.choices(list(ACTIONS), list(ACTIONS.values()))
        if chosen(world):
            return


# People


@action(6)
def request(world: World) -> bool:
    """A school asks for a child's papers: mostly where they are, now and then elsewhere."""
    child = world.chance.choice(CHILDREN)
    holders = [site for site in world.schools if acts.holds(site, child)]
    receiver = world.chance.choice(world.schools)
    origins = [site for site in world.schools if site is not receiver]
    likely = [site for site in origins if site in holders]
    origin = world.chance.choice(likely if likely and world.chance.random() < 0.9 else origins)
    if receiver in holders and world.chance.random() < 0.9:
        return False
    acts.ask(world, receiver, origin, child)
    return True


@action(9)
def release(world: World) -> bool:
    """Somebody is asked for papers and releases them: those of the child named, or by mistake
    another child's; after a problem the dossier goes out again."""
    chosen = _case(world, "origin", "requested", "problem", "released")
    if chosen is None:
        return False
    site, case = chosen
    child = world.child(site, case) or world.chance.choice(CHILDREN)
    if world.chance.random() < 0.08:
        child = world.chance.choice(CHILDREN)
    if not acts.holds(site, child) and world.chance.random() < 0.8:
        return False
    acts.let_go(world, site, case, case.pupil or site.record_of(child))
    return True


@action(1)
def decline(world: World) -> bool:
    """Somebody will not release."""
    chosen = _case(world, "origin", "requested")
    if chosen is None:
        return False
    acts.say_no(world, *chosen)
    return True


@action(7)
def accept(world: World) -> bool:
    """Somebody takes the papers in, or tries to: too early, too late, in another child's record."""
    chosen = _case(world, "receiver", "received", "received", "received", *sorted(OPEN), "accepted")
    if chosen is None:
        return False
    site, case = chosen
    record: UUID | None = case.pupil or site.record_of(world.child(site, case) or CHILDREN[0])
    if world.chance.random() < 0.05:
        record = world.chance.choice([None, site.record_of(world.chance.choice(CHILDREN))])
    acts.take_in(world, site, case, record)
    return True


@action(2)
def reject(world: World) -> bool:
    """Somebody sends the papers back, or withdraws before they are here."""
    chosen = _case(world, "receiver", "received", "problem", "requested", "accepted")
    if chosen is None:
        return False
    acts.send_back(world, *chosen)
    return True


@action(2)
def recall(world: World) -> bool:
    """Somebody wants back what was released, rightly or wrongly."""
    chosen = _case(world, "origin", "released", "problem", "released", "accepted")
    if chosen is None:
        return False
    site, case = chosen
    acts.call_back(world, site, case.id)
    return True


@action(1)
def give_back(world: World) -> bool:
    """Somebody undoes an acceptance: the papers go back to where they came from."""
    chosen = _case(world, "receiver", "accepted")
    if chosen is None:
        return False
    site, case = chosen
    acts.returned(world, site, case.id)
    return True


@action(2)
def hold(world: World) -> bool:
    """A paper stops a case, or another one lets it go on."""
    chosen = _case(world, world.chance.choice(["origin", "receiver"]), *sorted(OPEN))
    if chosen is None:
        return False
    site, case = chosen
    if case.held is None and world.chance.random() < 0.5:
        acts.stop(world, site, case)
    else:
        acts.free(world, site, case)
    return True


@action(5)
def give_a_mark(world: World) -> bool:
    """A teacher enters a mark: of the custodian a mark, of a former one a proposal."""
    site, child = world.chance.choice(world.sites), world.chance.choice(CHILDREN)
    slot = world.chance.choice(["TX2", "TX3", "TX4", "CK"])
    value = f"{world.chance.randint(0, 20) / 2}"
    acts.enter_mark(world, site, child, slot=slot, value=value)
    return True


@action(1)
def write_file(world: World) -> bool:
    """Somebody releases a child by file, asked or not."""
    site, child = world.chance.choice(world.schools), world.chance.choice(CHILDREN)
    others = [other for other in world.schools if other is not site]
    if not acts.holds(site, child) and world.chance.random() < 0.9:
        return False
    acts.export(world, site, world.chance.choice(others), site.record_of(child))
    return True


@action(2)
def read_file(world: World) -> bool:
    """Somebody hands a file in, perhaps one that was handed in before."""
    if not world.files:
        return False
    acts.hand_file_in(world, world.chance.choice(world.files))
    return True


@action(6)
def offer(world: World) -> bool:
    """Somebody sends on what was proposed about a record that is elsewhere."""
    chosen = _case(world, *world.chance.choice([("origin", "accepted"), ("receiver", "rejected")]))
    if chosen is None:
        return False
    acts.offer(world, *chosen)
    return True


@action(8)
def decide_proposals(world: World) -> bool:
    """Somebody accepts all, some or nothing of what was proposed."""
    waiting = [(s, c) for s in world.sites for c in s.cases() if acts.open_proposals(c)]
    if not waiting:
        return False
    site, case = world.chance.choice(waiting)
    acts.settle_proposals(world, site, case, acts.some_of(world, site, case))
    return True


@action(5)
def rule(world: World) -> bool:
    """The ministry rules about a transfer that is silent, or seems to be."""
    if not world.court:
        return False
    chosen = _case(world, "origin", "released", "problem", "recalling")
    if chosen is None:
        return False
    site, case = chosen
    theirs = world.site_of(case.other).case(case.id)
    backed_up = any(one.backups for one in world.sites)
    if backed_up and (theirs is None or theirs.state not in ("received", "accepted")):
        return False  # a release that nobody has heard of may be lost for good
    custodian = world.chance.choice([site, world.site_of(case.other)])
    acts.rule(world, case, site, custodian)
    return True


@action(1)
def obey(world: World) -> bool:
    """A ruling comes as a file, once more or before the mail."""
    if not world.rulings:
        return False
    case = world.chance.choice(list(world.rulings))
    acts.obey(world, world.chance.choice(world.sites[:2]), case)
    return True


@action(1)
def carry_by_file(world: World) -> bool:
    """What a case has to say goes by file, of whatever kind."""
    found = [(site, case) for site in world.sites for case in site.cases()]
    if not found:
        return False
    acts.carry_by_file(world, *world.chance.choice(found))
    return True


# The mail


@action(4)
def seal(world: World) -> bool:
    """A ledger seals what waits, and sends nothing yet."""
    site = world.chance.choice(world.sites)
    if not any(row.state == "to_seal" for row in site.store.outbox.values()):
        return False
    world.attempt(site, "seals", outbox.seal_waiting)
    return True


@action(12)
def send(world: World) -> bool:
    """A courier's round."""
    site = world.chance.choice(world.sites)
    waiting = site.store.outbox.values()
    if not any(row.state in ("to_seal", "sealed", "sent") for row in waiting):
        return False
    world.send(site)
    return True


@action(20)
def deliver(world: World) -> bool:
    """One letter of the bag arrives, whichever; now and then it stays there too."""
    letter = _letter(world)
    if letter is None:
        return False
    if not acts.taken(world, letter) or world.chance.random() < 0.15:
        world.bag.append(letter)
    return True


@action(2)
def lose(world: World) -> bool:
    """A letter is delayed for ever; or until everything is over."""
    letter = _letter(world)
    if letter is None:
        return False
    world.trace.append(f"the {letter.kind} about {world.about(letter.case)} is delayed")
    world.lost.append(letter)
    return True


@action(2)
def damage(world: World) -> bool:
    """A letter arrives with a byte altered or cut off; the true one stays in the bag."""
    letter = _letter(world)
    if letter is None:
        return False
    last = letter.frame[-1:] if world.chance.random() < 0.2 else bytes([letter.frame[-1] ^ 1])
    cut = world.chance.choice([letter.frame[:-1] + last, letter.frame[:6], letter.frame[:-1]])
    acts.taken(world, letter._replace(frame=cut))
    world.bag.append(letter)
    return True


# Misfortune


@action(6)
def doom(world: World) -> bool:
    """Some process dies soon, before or after some statement or commit."""
    world.dies_at = world.points + world.chance.randint(1, 60)
    return True


@action(3)
def set_clock(world: World) -> bool:
    """Time passes, or a ledger's clock jumps: by minutes, days, or more than a year."""
    span = world.chance.choice([timedelta(minutes=40), timedelta(days=3), timedelta(days=200)])
    if world.chance.random() < 0.5:
        world.time += span
    else:
        site = world.chance.choice(world.sites)
        site.offset = world.chance.choice([-2, -1, 0, 1, 2]) * span
    return True


@action(2)
def back_up(world: World) -> bool:
    """Somebody makes a backup."""
    site = world.chance.choice(world.sites)
    site.backups.append(site.store.copy())
    return True


@action(2)
def restore(world: World) -> bool:
    """A database is lost, and its newest backup restored; the file beside it is not. Where both
    sides have forgotten a transfer nobody can tell them of it: one at a time is restored."""
    site = world.chance.choice(world.sites)
    others_stand = all(other is site or other.stands == "open" for other in world.sites)
    if not site.backups or not others_stand:
        return False
    acts.turn_back(world, site, site.backups[-1])
    return True


@action(3)
def recover(world: World) -> bool:
    """Somebody finds out why nothing goes on, and recovers; or does so where nothing is lost."""
    lost = [site for site in world.sites if site.stands != "open"]
    if not lost:
        return False
    acts.recover(world, world.chance.choice(lost))
    return True


@action(2)
def work_in(world: World) -> bool:
    """A recovering ledger works in what came."""
    lost = [site for site in world.sites if site.stands == "recovering"]
    if not lost:
        return False
    acts.advance(world, world.chance.choice(lost))
    return True


def _case(world: World, side: str, *states: str) -> tuple[Site, Case] | None:
    """A case of one side in one of these states; a state named more often is chosen more often."""
    wanted = world.chance.choice(states)
    found = [
        (site, case)
        for site in world.sites
        for case in site.cases()
        if (case.side, case.state) == (side, wanted)
    ]
    return world.chance.choice(found) if found else None


def _letter(world: World) -> Letter | None:
    """A letter taken out of the bag."""
    if not world.bag:
        return None
    return world.bag.pop(world.chance.randrange(len(world.bag)))
