"""What may happen in one step of a schedule: people's acts, the mail, misfortune.

Each is a function of the world that chooses for itself whom and what it concerns, does it, and
tells whether there was anything to do. `@action(weight)` puts it into the table.
"""

from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

from ledger.case import Case
from tests.school import hand_in, mark
from tests.simulation.memory.tables import Store
from tests.simulation.transfer.sites import CHILDREN
from tests.simulation.transfer.world import (
    OPEN,
    WHO,
    File,
    Letter,
    Site,
    World,
    awaits_papers,
)
from transfer import acceptance, by_file, conversation, holding, inbox, outbox, returning
from transfer import recall as recalling
from transfer.office import Office

Action = Callable[[World], bool]
ACTIONS: dict[Action, int] = {}
"""Every action with its weight."""
LAST_DAY = date(2025, 2, 28)
FIRST_DAY = date(2025, 3, 3)


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
    holders = [site for site in world.sites if holds(site, child)]
    receiver = world.chance.choice(world.sites)
    origins = [site for site in world.sites if site is not receiver]
    likely = [site for site in origins if site in holders]
    origin = world.chance.choice(likely if likely and world.chance.random() < 0.9 else origins)
    if receiver in holders and world.chance.random() < 0.9:
        return False
    ask(world, receiver, origin, child)
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
    if not holds(site, child) and world.chance.random() < 0.8:
        return False
    let_go(world, site, case, case.pupil or site.record_of(child))
    return True


@action(1)
def decline(world: World) -> bool:
    """Somebody will not release."""
    chosen = _case(world, "origin", "requested")
    if chosen is None:
        return False
    say_no(world, *chosen)
    return True


@action(7)
def accept(world: World) -> bool:
    """Somebody takes the papers in, or tries to: too early, too late, in another child's record."""
    chosen = _case(world, "receiver", "received", "received", "received", *OPEN, "accepted")
    if chosen is None:
        return False
    site, case = chosen
    record: UUID | None = case.pupil or site.record_of(world.child(site, case) or CHILDREN[0])
    if world.chance.random() < 0.05:
        record = world.chance.choice([None, site.record_of(world.chance.choice(CHILDREN))])
    take_in(world, site, case, record)
    return True


@action(2)
def reject(world: World) -> bool:
    """Somebody sends the papers back, or withdraws before they are here."""
    chosen = _case(world, "receiver", "received", "problem", "requested", "accepted")
    if chosen is None:
        return False
    send_back(world, *chosen)
    return True


@action(2)
def recall(world: World) -> bool:
    """Somebody wants back what was released, rightly or wrongly."""
    chosen = _case(world, "origin", "released", "problem", "released", "accepted")
    if chosen is None:
        return False
    site, case = chosen
    call_back(world, site, case.id)
    return True


@action(1)
def give_back(world: World) -> bool:
    """Somebody undoes an acceptance: the papers go back to where they came from."""
    chosen = _case(world, "receiver", "accepted")
    if chosen is None:
        return False
    site, case = chosen
    returned(world, site, case.id)
    return True


@action(2)
def hold(world: World) -> bool:
    """A paper stops a case, or another one lets it go on."""
    chosen = _case(world, world.chance.choice(["origin", "receiver"]), *OPEN)
    if chosen is None:
        return False
    site, case = chosen
    if case.held is None and world.chance.random() < 0.5:
        world.attempt(site, "holds", lambda office: _hold(office, case.id, site.clock().date()))
    else:
        free(world, site, case)
    return True


@action(3)
def give_a_mark(world: World) -> bool:
    """A teacher enters a mark: of the custodian a mark, of a former one a proposal."""
    site, child = world.chance.choice(world.sites), world.chance.choice(CHILDREN)
    slot = world.chance.choice(["TX2", "TX3", "TX4", "CK"])
    value = f"{world.chance.randint(0, 20) / 2}"
    line = mark(site.record_of(child), value, slot=slot, semester=world.chance.choice([1, 2]))
    world.attempt(site, f"mark {slot} of {child}", lambda office: hand_in(office.ledger, [line]))
    return True


@action(1)
def write_file(world: World) -> bool:
    """Somebody releases a child by file, asked or not."""
    site, child = world.chance.choice(world.sites), world.chance.choice(CHILDREN)
    others = [other for other in world.sites if other is not site]
    if not holds(site, child) and world.chance.random() < 0.9:
        return False
    export(world, site, world.chance.choice(others), site.record_of(child))
    return True


@action(2)
def read_file(world: World) -> bool:
    """Somebody hands a file in, perhaps one that was handed in before."""
    if not world.files:
        return False
    hand_file_in(world, world.chance.choice(world.files))
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
    if not taken(world, letter) or world.chance.random() < 0.15:
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
    taken(world, letter._replace(frame=cut))
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


@action(1)
def back_up(world: World) -> bool:
    """Somebody makes a backup."""
    site = world.chance.choice(world.sites)
    site.backups.append(site.store.copy())
    return True


RESTORES = 0
"""How often a backup is restored. It stays off until a restored ledger is fenced."""


@action(RESTORES)
def restore(world: World) -> bool:
    """A database is lost, and its newest backup restored; the file beside it is not."""
    site = world.chance.choice(world.sites)
    if not site.backups:
        return False
    turn_back(world, site, site.backups[-1])
    return True


# What the actions do: the same acts for schedules, settling and traces


def holds(site: Site, child: str) -> bool:
    """Whether a person here finds a record of the child that is theirs to release."""
    pupil = site.pupil(site.record_of(child))
    return pupil.released is None and not awaits_papers(pupil)


def ask(world: World, receiver: Site, origin: Site, child: str) -> UUID | None:
    """`receiver` asks `origin` for a child."""
    return world.attempt(
        receiver,
        f"asks {origin} for {child}",
        lambda office: conversation.request(
            office,
            pupil=receiver.record_of(child),
            from_ledger=origin.id,
            school_code="S1",
            first_day=FIRST_DAY,
            who=WHO,
        ),
    )


def let_go(world: World, site: Site, case: Case, record: UUID) -> None:
    """A release, or once more the dossier of one."""
    world.attempt(
        site,
        f"releases {site.child_of(record)} ({case.state})",
        lambda office: conversation.release(
            office,
            case.id,
            pupil=record,
            last_day=None,
            today=site.clock().date(),
            who=WHO,
        ),
    )


def say_no(world: World, site: Site, case: Case, reason: str = "identity_unconfirmed") -> None:
    """A request is declined."""
    today = site.clock().date()
    world.attempt(
        site,
        f"declines {world.child(site, case)}",
        lambda office: conversation.decline(office, case.id, reason=reason, today=today, who=WHO),
    )


def take_in(world: World, site: Site, case: Case, record: UUID | None) -> bool:
    """An acceptance into a record, or a new one; whether it went through."""
    child = world.child(site, case)
    taken_in = world.attempt(
        site,
        f"accepts {child} as {site.child_of(record) or 'a new record'} ({case.state})",
        lambda office: acceptance.accept(
            office,
            case.id,
            inbox.reopen(office, case.id),
            pupil=record,
            remark=None,
            today=site.clock().date(),
            who=WHO,
        ),
    )
    meet_the_new(world, site)
    return taken_in is not None


def send_back(world: World, site: Site, case: Case, reason: str = "not_accepted") -> None:
    """A rejection."""
    today = site.clock().date()
    world.attempt(
        site,
        f"rejects {world.child(site, case)} ({case.state})",
        lambda office: conversation.reject(office, case.id, reason=reason, today=today, who=WHO),
    )


def call_back(world: World, site: Site, case: UUID) -> None:
    """A recall."""
    today = site.clock().date()
    world.attempt(
        site,
        f"recalls {world.about(case)}",
        lambda office: recalling.recall(
            office, case, reason="wrong_pupil", words=None, today=today, who=WHO
        ),
    )


def returned(world: World, site: Site, case: UUID) -> UUID | None:
    """An acceptance is undone; the transfer back."""
    today = site.clock().date()
    return world.attempt(
        site,
        f"gives {world.about(case)} back",
        lambda office: returning.give_back(
            office, case, reason="withdrawn", last_day=None, today=today, who=WHO
        ),
    )


def free(world: World, site: Site, case: Case) -> None:
    """A hold is lifted."""
    today = site.clock().date()
    world.attempt(
        site,
        f"lifts the hold on {world.child(site, case)}",
        lambda office: holding.lift(office, case.id, document="16/CV", on=today, who=WHO),
    )


def _hold(office: Office, case: UUID, today: date) -> None:
    holding.hold(office, case, document="15/CV", words="Tranh chấp", on=today, who=WHO)


def export(world: World, site: Site, receiver: Site, record: UUID) -> bool:
    """A release by file; whether it was written."""
    written = world.attempt(
        site,
        f"writes {site.child_of(record)} to a file for {receiver}",
        lambda office: by_file.export(
            office,
            pupil=record,
            to_ledger=receiver.id,
            last_day=None,
            today=site.clock().date(),
            who=WHO,
        ),
    )
    if written is None:
        return False
    world.files.append(File(site.number, receiver.number, *written))
    return True


def hand_file_in(world: World, file: File) -> None:
    """A file is read at the ledger it is for; the person names the child's record there."""
    site = world.sites[file.receiver]
    origin = world.sites[file.sender].case(file.case)
    child = world.sites[file.sender].child_of(origin.pupil) if origin else None
    record = site.record_of(child) if child else None
    world.attempt(
        site,
        f"reads a file about {child}",
        lambda office: by_file.import_dossier(
            office,
            file.data,
            pupil=record,
            new=record is None,
            today=site.clock().date(),
            who=WHO,
        ),
    )
    meet_the_new(world, site)


def meet_the_new(world: World, site: Site) -> None:
    """Records made by an acceptance, even where the process died before it could tell."""
    for pupil in site.pupils():
        if site.child_of(pupil.id) is None:
            others = ((world.site_of(link.ledger), link.pupil) for link in pupil.links)
            child = next(name for other, id in others if (name := other.child_of(id)) is not None)
            site.records[child].append(pupil.id)


def taken(world: World, letter: Letter) -> bool:
    """A letter arrives; whether it was acknowledged (who dies before that gets it again)."""
    site = world.sites[letter.receiver]
    account = world.sites[letter.sender].id.hex
    outcome = world.attempt(
        site,
        f"gets {letter.kind} about {world.about(letter.case)}",
        lambda office: inbox.take(office, letter.frame, who=WHO, account=account),
    )
    if outcome is not None:
        world.trace[-1] += f" ({outcome.outcome} {outcome.failure or ''})"
    return outcome is not None


def turn_back(world: World, site: Site, backup: Store) -> None:
    """The database is what it was; whoever works here starts anew."""
    world.trace.append(f"{site} is restored")
    site.store.restore(backup)
    site.start()


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
