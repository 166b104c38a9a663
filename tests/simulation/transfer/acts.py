"""What people and couriers do, each one act: the same for schedules, settling and stories."""

from datetime import date
from uuid import UUID

from ledger.case import Case
from tests.school import hand_in, mark
from tests.simulation.memory.tables import Store
from tests.simulation.transfer.world import DECISIONS, WHO, File, Letter, Site, World
from transfer import (
    acceptance,
    arbitration,
    by_file,
    conversation,
    file_courier,
    holding,
    inbox,
    recovery,
    returning,
    supplement,
    supplement_decision,
)
from transfer import recall as recalling
from transfer.file_courier import FileMessage
from transfer.supplement import Accept, Choice

FIRST_DAY = date(2025, 3, 3)


def holds(site: Site, child: str) -> bool:
    """Whether a person here finds a record of the child that is theirs to release."""
    pupil = site.pupil(site.record_of(child))
    return pupil.released is None and not pupil.awaits_papers


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


def enter_mark(world: World, site: Site, child: str, *, slot: str, value: str) -> None:
    """A mark of the first term."""
    line = mark(site.record_of(child), value, slot=slot)
    world.attempt(site, f"mark {slot} of {child}", lambda office: hand_in(office.ledger, [line]))


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


def stop(world: World, site: Site, case: Case) -> None:
    """A case is held."""
    today = site.clock().date()
    world.attempt(
        site,
        f"holds {world.child(site, case)}",
        lambda office: holding.hold(
            office, case.id, document="15/CV", words="Tranh chấp", on=today, who=WHO
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
    if letter.kind in DECISIONS:  # it may be known there even if the process died
        world.unheard.discard((letter.sender, letter.case))
    return outcome is not None


def offer(world: World, site: Site, case: Case) -> int | None:
    """What was proposed goes to who has the record now; the supplement's number."""
    today = site.clock().date()
    return world.attempt(
        site,
        f"offers what it proposes about {world.child(site, case)}",
        lambda office: supplement.offer(office, case.id, today=today, who=WHO),
    )


def settle_proposals(world: World, site: Site, case: Case, accept: Accept = "all") -> bool:
    """Somebody decides about what was proposed; whether it went through."""
    today = site.clock().date()
    choice = Choice(accept, "not_accepted")
    word = accept if isinstance(accept, str) else "some"
    decided = world.attempt(
        site,
        f"accepts {word} of what is proposed about {world.child(site, case)}",
        lambda office: supplement_decision.decide(
            office, case.id, choice=choice, today=today, who=WHO
        ),
    )
    return decided is not None


def open_proposals(case: Case) -> list[UUID]:
    """What came in supplements that have no answer."""
    waiting = (one for one in case.supplements if one.message is not None and one.outcome is None)
    return [proposal for one in waiting for proposal in one.proposals]


def some_of(world: World, site: Site, case: Case) -> Accept:
    """What somebody decides about the open proposals of a case: of another child's nothing."""
    proposals = open_proposals(case)
    theirs = [
        other.child_of(known.pupil)
        for other in world.sites
        if other is not site and (known := other.case(case.id)) is not None
    ]
    if site.child_of(case.pupil) not in theirs:
        return "none"
    if world.willing:
        return "all"
    picked = tuple(one for one in proposals if world.chance.random() < 0.5)
    return world.chance.choice(["all", "all", "none", picked or "all"])


def rule(world: World, case: Case, origin: Site, custodian: Site) -> bool:
    """The ministry rules about a transfer of two other ledgers; whether it did."""
    ministry = world.sites[2]
    world.attempt(
        ministry,
        f"rules that {custodian} has {world.about(case.id)}",
        lambda office: arbitration.rule(
            office,
            ministry.arbiter,
            case_id=case.id,
            origin=origin.id,
            receiver=case.other,
            custodian=custodian.id,
            number="17/QĐ",
            ground="receiver_denies",
            today=ministry.clock().date(),
            who=WHO,
        ),
    )
    # What was ruled goes out, even where the process died before it could tell who asked for it.
    told = (r for r in ministry.store.outbox.values() if (r.case_id, r.kind) == (case.id, "ruling"))
    for row in told:
        world.rulings[case.id] = row.content["statement"].encode()
    return case.id in world.rulings


def obey(world: World, site: Site, case: UUID) -> None:
    """A ruling is handed over as a file."""
    today = site.clock().date()
    world.attempt(
        site,
        f"is handed the ruling about {world.about(case)}",
        lambda office: arbitration.take_ruling(office, world.rulings[case], today=today, who=WHO),
    )


def carry_by_file(world: World, site: Site, case: Case) -> None:
    """Every message of a case that is still wanted is carried on a stick."""
    found = world.attempt(
        site,
        f"writes the messages about {world.child(site, case)} to files",
        lambda office: file_courier.export_case(office, case.id),
    )
    for each in found or ():
        to = world.site_of(each.receiver)
        world.note_told(site, case.id, each.kind)
        if each.kind == "dossier":
            world.files.append(File(site.number, to.number, case.id, each.data))
        else:
            taken_file(world, to, each)


def taken_file(world: World, site: Site, each: FileMessage) -> None:
    """A message comes as a file."""
    world.attempt(
        site,
        f"is handed a {each.kind} about {world.about(each.case)}",
        lambda office: file_courier.take_file(office, each.data, who=WHO),
    )
    world.unheard = {one for one in world.unheard if one[1] != each.case}


def turn_back(world: World, site: Site, backup: Store) -> None:
    """The database is what it was; whoever works here starts anew."""
    world.trace.append(f"{site} is restored")
    site.store.restore(backup)
    site.restored = world.restored = True
    world.forget(site)
    world.dies_at = None
    site.start()


def recover(world: World, site: Site) -> None:
    """Somebody brings a restored ledger back: all others are asked, and asked again."""
    world.attempt(site, "recovers", lambda office: recovery.begin(office, who=WHO))


def advance(world: World, site: Site) -> None:
    """What other ledgers told is worked in."""
    world.attempt(site, "works answers in", lambda office: recovery.advance(office, who=WHO))
    meet_the_new(world, site)


def adopt(world: World, site: Site) -> None:
    """The file beside the database is lost, and somebody swears that nothing else is."""
    world.attempt(site, "adopts its log", lambda office: recovery.adopt(office))
