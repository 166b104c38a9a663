"""Stories that broke earlier protocols, each with its name, told on the world of the schedules."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.simulation.transfer import acts, properties
from tests.simulation.transfer.scripted import (
    LONG,
    accept,
    accepted,
    arrive,
    ask,
    carry,
    case_of,
    damaged,
    decline,
    end,
    export,
    holders,
    moved,
    reject,
    release,
    sent,
    states,
)
from tests.simulation.transfer.world import World

# Those of the design


def test_an_expired_dossier_sent_again_never_brings_custody_back(two: World) -> None:
    origin, receiver = two.sites
    case = ask(two, receiver, origin)
    carry(two)
    release(two, origin, case)
    dossier = sent(two, origin, "dossier")
    arrive(two, dossier)
    accept(two, receiver, case)
    two.time += LONG
    assert "repeated" in arrive(two, dossier)
    carry(two)
    assert states(two, case) == ["accepted", "accepted"]
    assert holders(two) == ["22"]
    end(two)


def test_an_expired_dossier_that_was_never_taken_is_issued_again(two: World) -> None:
    origin, receiver = two.sites
    case = ask(two, receiver, origin)
    carry(two)
    release(two, origin, case)
    dossier = sent(two, origin, "dossier")
    two.time += LONG
    assert "expired" in arrive(two, dossier)
    carry(two)
    assert (states(two, case), holders(two)) == (["problem", "problem"], [])
    release(two, origin, case)
    carry(two)
    accept(two, receiver, case)
    end(two)
    assert holders(two) == ["22"]


def test_a_damaged_copy_is_no_rejection_and_the_good_one_is_taken_in(two: World) -> None:
    origin, receiver = two.sites
    case = ask(two, receiver, origin)
    carry(two)
    release(two, origin, case)
    dossier = sent(two, origin, "dossier")
    assert "cannot_decrypt" in arrive(two, damaged(dossier))
    arrive(two, sent(two, receiver, "problem"))
    assert (states(two, case), holders(two)) == (["problem", "problem"], [])
    assert "done" in arrive(two, dossier)
    accept(two, receiver, case)
    end(two)
    assert (states(two, case), holders(two)) == (["accepted", "accepted"], ["22"])


def test_a_recall_is_answered_by_the_one_decision_and_takes_nothing_back_by_itself(
    two: World,
) -> None:
    origin, receiver = two.sites
    case = ask(two, receiver, origin)
    carry(two)
    release(two, origin, case)
    dossier = sent(two, origin, "dossier")
    acts.call_back(two, origin, case)
    arrive(two, sent(two, origin, "recall"))
    carry(two)
    assert states(two, case) == ["rejected", "rejected"]
    assert "repeated" in arrive(two, dossier)
    accept(two, receiver, case, expect="refused")
    end(two)
    assert holders(two) == ["31"]


def test_two_supplements_of_one_transfer_are_both_taken_the_second_first(two: World) -> None:
    origin, receiver = two.sites
    case = moved(two, 0, 1)
    supplements = []
    for slot in ("TX2", "TX3"):
        acts.enter_mark(two, origin, "An", slot=slot, value="9")
        acts.offer(two, origin, case_of(origin, case))
        supplements.append(sent(two, origin, "supplement"))
    for letter in reversed(supplements):
        assert "done" in arrive(two, letter)
        acts.settle_proposals(two, receiver, case_of(receiver, case))
        properties.check_always(two)
    end(two)
    assert accepted(two) == [2, 2]


def test_a_supplement_that_follows_a_pupil_to_a_third_ledger_counts_once(three: World) -> None:
    """The second took it in before it passed the pupil on; its answer is lost."""
    first, second, third = three.sites
    case = moved(three, 0, 1)
    acts.enter_mark(three, first, "An", slot="TX2", value="9")
    acts.offer(three, first, case_of(first, case))
    arrive(three, sent(three, first, "supplement"))
    acts.settle_proposals(three, second, case_of(second, case))
    sent(three, second, "supplement_answer")
    onward = ask(three, third, second)
    arrive(three, sent(three, third, "request"))
    release(three, second, onward)
    arrive(three, sent(three, second, "dossier"))
    accept(three, third, onward)
    end(three)
    assert (holders(three), accepted(three)) == (["01"], [1, 1, 0])


def test_a_supplement_goes_on_to_who_has_the_pupil_and_is_decided_there(three: World) -> None:
    first, _, third = three.sites
    case = moved(three, 0, 1)
    moved(three, 1, 2)
    acts.enter_mark(three, first, "An", slot="TX2", value="9")
    acts.offer(three, first, case_of(first, case))
    end(three)
    assert case_of(first, case).moved_to == third.id
    assert case_of(third, case).state == "follow_up"
    assert accepted(three) == [1, 0, 1]


@pytest.mark.parametrize("custodian", [0, 1])
@pytest.mark.parametrize("origin_first", [True, False])
def test_a_ruling_leaves_one_custodian_in_whatever_order_it_comes(
    custodian: int, origin_first: bool, court: World
) -> None:
    origin, receiver, _ = court.sites
    case = ask(court, receiver, origin)
    carry(court)
    release(court, origin, case)
    arrive(court, sent(court, origin, "dossier"))
    accept(court, receiver, case)
    acts.rule(court, case_of(origin, case), origin, court.sites[custodian])
    for site in (origin, receiver) if origin_first else (receiver, origin):
        acts.obey(court, site, case)
        properties.check_always(court)
    end(court)
    assert holders(court) == [str(court.sites[custodian])]


# Those that these schedules have found


def test_an_answer_is_true_for_ever(two: World) -> None:
    origin, receiver = two.sites
    for child, decide, ends in (("An", accept, "accepted"), ("Binh", reject, "rejected")):
        case = ask(two, receiver, origin, child)
        carry(two)
        release(two, origin, case)
        arrive(two, sent(two, origin, "dossier"))
        decide(two, receiver, case)
        two.send(receiver)
        two.time += LONG
        carry(two)
        assert states(two, case) == [ends, ends]
    end(two)


def test_a_cancelling_that_overtakes_its_request_closes_what_has_not_begun(two: World) -> None:
    origin, receiver = two.sites
    case = ask(two, receiver, origin)
    request = sent(two, receiver, "request")
    reject(two, receiver, case)
    assert "done" in arrive(two, sent(two, receiver, "cancel"))
    assert "done" in arrive(two, request), "and asks for nothing any more"
    carry(two)
    assert (states(two, case), holders(two)) == (["rejected", "rejected"], ["31"])
    end(two)


def test_a_request_withdrawn_while_it_is_declined_leaves_nobody_a_riddle(two: World) -> None:
    origin, receiver = two.sites
    case = ask(two, receiver, origin)
    carry(two)
    decline(two, origin, case)
    reject(two, receiver, case)
    carry(two)
    assert states(two, case) == ["declined", "rejected"]
    assert {row.state for site in two.sites for row in site.store.inbox.values()} == {"done"}
    end(two)


def test_a_file_out_of_date_is_written_anew(two: World) -> None:
    origin, receiver = two.sites
    old = export(two, origin, receiver)
    two.time += LONG
    acts.hand_file_in(two, old)
    assert "expired" in two.trace[-1]
    assert export(two, origin, receiver).data != old.data
    acts.hand_file_in(two, two.files[-1])
    end(two)
    assert (states(two, old.case), holders(two)) == (["accepted", "accepted"], ["22"])


def test_a_file_handed_in_again_has_the_lost_answer_sent_again(two: World) -> None:
    origin, receiver = two.sites
    file = export(two, origin, receiver)
    acts.hand_file_in(two, file)
    two.send(receiver)
    two.bag.clear()
    carry(two)
    assert states(two, file.case) == ["released", "accepted"]
    acts.hand_file_in(two, file)
    carry(two)
    assert states(two, file.case) == ["accepted", "accepted"]
    end(two)


def test_an_open_release_is_not_overtaken_by_another_history(two: World) -> None:
    """The other ledger lets another record go in the child's name; were that taken in, both would
    hold the child once the open release is accepted."""
    origin, receiver = two.sites
    file = export(two, origin, receiver)
    back = ask(two, origin, receiver)
    carry(two)
    acts.let_go(two, receiver, case_of(receiver, back), receiver.record_of("Chi"))
    carry(two)
    accept(two, origin, back, expect="refused: this record was released")
    reject(two, origin, back)
    carry(two)
    acts.hand_file_in(two, file)
    end(two)
    assert holders(two) == ["22"]


def test_two_histories_do_not_go_into_one_record(three: World) -> None:
    """Of two ways that the record has come neither could be proven to the next ledger."""
    first, second, third = three.sites
    stray = ask(three, third, second)
    carry(three)
    acts.let_go(three, second, case_of(second, stray), second.record_of("Chi"))
    carry(three)
    accept(three, third, stray)
    true = ask(three, third, first)
    carry(three)
    release(three, first, true)
    carry(three)
    accept(three, third, true, expect="refused: this record holds another history")
    acts.take_in(three, third, case_of(third, true), None)
    end(three)
    assert states(three, true) == ["accepted", "", "accepted"]
    moved(three, 2, 0)


def test_a_message_that_comes_again_adds_nothing(two: World) -> None:
    origin, receiver = two.sites
    case = ask(two, receiver, origin)
    request = sent(two, receiver, "request")
    arrive(two, request)
    assert "repeated" in arrive(two, request)
    release(two, origin, case)
    dossier = sent(two, origin, "dossier")
    arrive(two, dossier)
    two.send(receiver)
    two.bag.clear()
    entries = [len(site.store.entries) for site in two.sites]
    assert "repeated" in arrive(two, dossier)
    carry(two)
    assert case_of(origin, case).receipt, "the lost receipt was sent again"
    assert [len(site.store.entries) for site in two.sites] == [entries[0] + 1, entries[1]]
    accept(two, receiver, case)
    end(two)


def test_a_log_turned_back_with_its_file_shows_another_root_for_one_size(two: World) -> None:
    """Nothing beside its database can tell this ledger what it was; its peers can."""
    assert "rollback" in _written_on(two, slots=("TX2",))


def test_a_log_turned_back_with_its_file_and_written_on_is_not_taken_in(two: World) -> None:
    assert "conflicting_copy" in _written_on(two, slots=("TX2", "TX3"))


def _written_on(world: World, slots: tuple[str, ...]) -> str:
    """A ledger is turned back to before a mark and a release, its file with it, and writes these
    marks; what becomes of a dossier that it sends then."""
    origin, receiver = world.sites
    backup = origin.store.copy()
    acts.enter_mark(world, origin, "An", slot="TX2", value="9")
    moved(world, 0, 1)
    acts.turn_back(world, origin, backup)
    origin.guard.unlink()
    acts.adopt(world, origin)
    for slot in slots:
        acts.enter_mark(world, origin, "An", slot=slot, value="5")
    case = ask(world, receiver, origin)
    arrive(world, sent(world, receiver, "request"))
    release(world, origin, case)
    return arrive(world, sent(world, origin, "dossier"))


def test_a_cancelling_that_came_damaged_is_answered_when_it_comes_anew(two: World) -> None:
    origin, receiver = two.sites
    case = ask(two, receiver, origin)
    carry(two)
    reject(two, receiver, case)
    cancel = sent(two, receiver, "cancel")
    arrive(two, damaged(cancel))
    arrive(two, cancel)
    carry(two)
    end(two)
    assert states(two, case) == ["rejected", "rejected"]


def test_a_request_that_could_not_be_read_is_cancelled_not_rejected(two: World) -> None:
    """The other side has no case that could be rejected, and would keep a riddle for ever."""
    origin, receiver = two.sites
    case = ask(two, receiver, origin)
    request = sent(two, receiver, "request")
    two.time += LONG
    arrive(two, request)
    arrive(two, sent(two, origin, "problem"))
    assert states(two, case) == ["", "problem"]
    reject(two, receiver, case)
    carry(two)
    end(two)
    assert states(two, case) == ["rejected", "rejected"]


def test_a_recall_whose_damaged_copy_is_told_of_late_is_not_sent_anew(two: World) -> None:
    origin, receiver = two.sites
    file = export(two, origin, receiver)
    acts.call_back(two, origin, file.case)
    recall = sent(two, origin, "recall")
    arrive(two, damaged(recall))
    problem = sent(two, receiver, "problem")
    arrive(two, recall)
    carry(two)
    assert "done" in arrive(two, problem)
    end(two)
    assert states(two, file.case) == ["rejected", "rejected"]


def test_only_a_record_that_is_here_is_given_back(two: World) -> None:
    origin, receiver = two.sites
    case = moved(two, 0, 1)
    export(two, receiver, origin)
    assert acts.returned(two, receiver, case) is None
    assert len(receiver.cases()) == 2, "nothing was offered by halves"
    end(two)


def test_who_comes_back_is_no_new_record(two: World) -> None:
    origin, receiver = two.sites
    back = acts.returned(two, receiver, moved(two, 0, 1))
    assert back is not None
    carry(two)
    assert not acts.take_in(two, origin, case_of(origin, back), None)
    accept(two, origin, back)
    end(two)
    moved(two, 0, 1)


def test_a_return_that_is_rejected_does_not_undo_a_ruling(court: World) -> None:
    origin, receiver, _ = court.sites
    file = export(court, origin, receiver)
    acts.rule(court, case_of(origin, file.case), origin, origin)
    acts.hand_file_in(court, file)
    back = acts.returned(court, receiver, file.case)
    assert back is not None
    arrive(court, sent(court, receiver, "accept"))
    arrive(court, next(letter for letter in court.bag if letter.kind == "dossier"))
    for site in (receiver, origin):
        acts.obey(court, site, file.case)
    reject(court, origin, back)
    end(court)
    assert holders(court) == ["31"]


def test_a_ruling_that_a_rejection_has_overtaken_is_received(court: World) -> None:
    origin, receiver, _ = court.sites
    case = ask(court, receiver, origin)
    carry(court)
    release(court, origin, case)
    arrive(court, sent(court, origin, "dossier"))
    acts.rule(court, case_of(origin, case), origin, receiver)
    reject(court, receiver, case)
    arrive(court, sent(court, receiver, "reject"))
    end(court)
    assert (states(court, case)[:2], holders(court)) == (["rejected", "rejected"], ["31"])


def test_whom_a_ruling_gave_custody_has_the_dossier_issued_again(court: World) -> None:
    origin, receiver, _ = court.sites
    case = ask(court, receiver, origin)
    carry(court)
    release(court, origin, case)
    sent(court, origin, "dossier")
    acts.rule(court, case_of(origin, case), origin, receiver)
    for site in (origin, receiver):
        acts.obey(court, site, case)
    court.time += LONG
    release(court, origin, case)
    carry(court)
    accept(court, receiver, case)
    end(court)
    assert holders(court) == ["22"]


def test_accepted_is_never_rejected(two: World) -> None:
    origin, receiver = two.sites
    case = ask(two, receiver, origin)
    carry(two)
    release(two, origin, case)
    arrive(two, sent(two, origin, "dossier"))
    accept(two, receiver, case)
    acts.send_back(two, receiver, case_of(receiver, case))
    properties.check_always(two)
    end(two)
    assert (states(two, case), holders(two)) == (["accepted", "accepted"], ["22"])


def test_a_pupil_is_released_to_one_ledger_alone(three: World) -> None:
    first, second, third = three.sites
    cases = [ask(three, receiver, first) for receiver in (second, third)]
    carry(three)
    for case in cases:
        acts.let_go(three, first, case_of(first, case), first.record_of("An"))
    carry(three)
    for receiver, case in zip((second, third), cases, strict=True):
        acts.take_in(three, receiver, case_of(receiver, case), receiver.record_of("An"))
        properties.check_always(three)
    end(three)
    assert [states(three, case)[0] for case in cases] == ["accepted", "declined"]


def test_a_clock_that_ran_ahead_holds_no_message_up(two: World) -> None:
    origin, receiver = two.sites
    receiver.offset = LONG
    case = ask(two, receiver, origin)
    receiver.offset = timedelta()
    carry(two)
    assert states(two, case) == ["requested", "requested"]


def test_there_and_back_and_on_to_a_third_ledger(three: World) -> None:
    for origin, receiver in ((0, 1), (1, 0), (0, 2), (2, 1)):
        moved(three, origin, receiver)
    assert holders(three) == ["22"]


@pytest.mark.parametrize("ledgers", [2, 3])
def test_a_world_begins_sound(worlds: Callable[[int], World], ledgers: int) -> None:
    properties.check_quiet(worlds(ledgers))
