"""Stories of ledgers that come back from a backup."""

from tests.simulation.memory.tables import Store
from tests.simulation.transfer import acts, properties
from tests.simulation.transfer.scripted import (
    accept,
    accepted,
    arrive,
    ask,
    carry,
    case_of,
    end,
    export,
    holders,
    moved,
    reject,
    release,
    sent,
    states,
)
from tests.simulation.transfer.world import Site, World


def test_a_receiver_restored_after_its_acceptance_takes_in_again_what_it_lost(two: World) -> None:
    origin, receiver = two.sites
    case = ask(two, receiver, origin)
    carry(two)
    release(two, origin, case)
    arrive(two, sent(two, origin, "dossier"))
    backup = receiver.store.copy()
    accept(two, receiver, case)
    carry(two)
    assert states(two, case) == ["accepted", "accepted"]
    acts.turn_back(two, receiver, backup)
    end(two)
    assert (states(two, case), holders(two)) == (["accepted", "accepted"], ["22"])


def test_an_origin_restored_after_its_release_writes_nothing_while_the_receiver_takes_in(
    two: World,
) -> None:
    origin, receiver = two.sites
    case = ask(two, receiver, origin)
    carry(two)
    backup = origin.store.copy()
    release(two, origin, case)
    dossier = sent(two, origin, "dossier")
    acts.turn_back(two, origin, backup)
    size = len(origin.store.entries)
    acts.enter_mark(two, origin, "An", slot="TX2", value="9")
    acts.let_go(two, origin, case_of(origin, case), origin.record_of("An"))
    assert len(origin.store.entries) == size
    arrive(two, dossier)
    accept(two, receiver, case)
    end(two)
    assert (states(two, case), holders(two)) == (["accepted", "accepted"], ["22"])


def test_a_ledger_restored_to_before_it_sent_a_pupil_back_does_not_hold_it_again(
    two: World,
) -> None:
    origin, receiver = two.sites
    moved(two, 0, 1)
    backup = receiver.store.copy()
    moved(two, 1, 0)
    acts.turn_back(two, receiver, backup)
    properties.check_always(two)
    end(two)
    assert holders(two) == [str(origin)]


def test_a_receiver_restored_after_its_rejection_does_not_take_the_old_dossier_in(
    two: World,
) -> None:
    origin, receiver = two.sites
    case = ask(two, receiver, origin)
    carry(two)
    release(two, origin, case)
    dossier = sent(two, origin, "dossier")
    arrive(two, dossier)
    backup = receiver.store.copy()
    reject(two, receiver, case)
    carry(two)
    assert holders(two) == ["31"]
    acts.turn_back(two, receiver, backup)
    arrive(two, dossier)
    acts.take_in(two, receiver, case_of(receiver, case), receiver.record_of("An"))
    properties.check_always(two)
    end(two)
    assert (states(two, case), holders(two)) == (["rejected", "rejected"], ["31"])


def test_a_restored_ledger_stays_fenced_while_one_peer_has_not_answered(three: World) -> None:
    first, second, third = three.sites
    case = ask(three, second, first)
    carry(three)
    backup = first.store.copy()
    release(three, first, case)
    carry(three)
    acts.turn_back(three, first, backup)
    acts.recover(three, first)
    three.send(first)
    asked = {letter.receiver: letter for letter in three.bag}
    arrive(three, asked[third.number])
    three.bag.clear()
    arrive(three, sent(three, third, "reconcile"))
    acts.advance(three, first)
    size = len(first.store.entries)
    acts.let_go(three, first, case_of(first, case), first.record_of("An"))
    assert (first.stands, len(first.store.entries)) == ("recovering", size)
    arrive(three, asked[second.number])
    end(three)
    assert len(holders(three)) == 1


def test_a_restored_ledger_has_back_what_was_rejected_before_it_came(two: World) -> None:
    origin, receiver = two.sites
    file = export(two, origin, receiver)
    backup = origin.store.copy()
    acts.call_back(two, origin, file.case)
    carry(two)
    acts.turn_back(two, origin, backup)
    end(two)
    assert (states(two, file.case), holders(two)) == (["rejected", "rejected"], ["31"])


def test_what_a_lost_incarnation_sent_is_refused(two: World) -> None:
    origin, receiver = two.sites
    case = ask(two, receiver, origin)
    carry(two)
    backup = origin.store.copy()
    release(two, origin, case)
    dossier = sent(two, origin, "dossier")
    acts.turn_back(two, origin, backup)
    acts.recover(two, origin)
    carry(two)
    acts.advance(two, origin)
    assert (origin.stands, holders(two)) == ("open", ["31"])
    assert "old_incarnation" in arrive(two, dossier)
    end(two)
    assert holders(two) == ["22"]


def test_what_a_restored_ledger_decided_about_proposals_it_decides_again(two: World) -> None:
    """A person there would refuse it this time."""
    author, custodian, backup = _supplemented(two, restored=1)
    acts.turn_back(two, custodian, backup)
    two.willing = False
    _recover(two, custodian)
    assert custodian.stands == "open"
    for case in custodian.cases():
        acts.settle_proposals(two, custodian, case, "none")
    end(two)
    assert accepted(two) == [1, 1]
    assert _written(two, author) == _written(two, custodian)


def test_what_a_restored_ledger_proposed_stands_in_its_place_again(two: World) -> None:
    """Written on at that place it would be another ledger's copy that differs."""
    author, custodian, backup = _supplemented(two, restored=0)
    acts.turn_back(two, author, backup)
    _recover(two, author)
    acts.enter_mark(two, author, "An", slot="TX3", value="5")
    for case in author.cases():
        acts.offer(two, author, case)
    end(two)
    assert accepted(two) == [2, 2]
    assert _written(two, author) == _written(two, custodian)


def test_a_backup_made_before_another_ledger_was_restored_is_fenced(two: World) -> None:
    """It would forget that the other's lost mail is void, and take a lost release in."""
    origin, receiver = two.sites
    before, there = origin.store.copy(), receiver.store.copy()
    file = export(two, origin, receiver)
    two.send(origin)
    two.bag.clear()
    acts.turn_back(two, origin, before)
    _recover(two, origin)
    acts.turn_back(two, receiver, there)
    acts.hand_file_in(two, file)
    properties.check_always(two)
    end(two)
    assert holders(two) == ["31"]


def test_a_restored_ministry_is_told_again_what_it_registered_and_ruled(court: World) -> None:
    origin, receiver, ministry = court.sites
    backup = ministry.store.copy()
    file = export(court, origin, receiver)
    acts.rule(court, case_of(origin, file.case), origin, receiver)
    acts.hand_file_in(court, file)
    end(court)
    acts.turn_back(court, ministry, backup)
    assert ministry.stands == "fenced"
    end(court)
    acts.rule(court, case_of(origin, file.case), origin, origin)
    assert "a ruling stands" in court.trace[-1]
    assert holders(court) == ["22"]


def _supplemented(world: World, *, restored: int) -> tuple[Site, Site, Store]:
    """A late mark that was sent on and accepted; author, custodian, and a backup of one of them
    from before that."""
    author, custodian = world.sites
    case = moved(world, 0, 1)
    backup = world.sites[restored].store.copy()
    acts.enter_mark(world, author, "An", slot="TX2", value="9")
    acts.offer(world, author, case_of(author, case))
    carry(world)
    acts.settle_proposals(world, custodian, case_of(custodian, case))
    carry(world)
    assert accepted(world) == [1, 1]
    return author, custodian, backup


def _recover(world: World, site: Site) -> None:
    acts.recover(world, site)
    for _ in range(4):
        carry(world)
        acts.advance(world, site)


def _written(world: World, site: Site) -> list[bytes]:
    """What a ledger holds of what the first one wrote about An's year."""
    author = world.sites[0]
    about = (author.id, author.record_of("An"))
    kept = site.store.kinds.get("pupil_year", ())
    streams = [stream.id for stream in kept if (stream.ledger, stream.person) == about]
    return [entry.body for stream in streams for entry in site.store.entries_of(stream)]
