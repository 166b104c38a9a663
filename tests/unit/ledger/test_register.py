"""The custody register: who has custody by what was told, and what cannot be."""

from datetime import date
from itertools import permutations
from uuid import UUID

import pytest

from ledger import register
from ledger.event import Event
from ledger.events.ministry import RegisterEvent
from ledger.events.register import CustodyTold, RulingCounted
from ledger.register import Conflict, Register, conflicts, custodian, evolve

DAY = date(2026, 9, 1)
A, B, C, D = (UUID(int=number) for number in range(1, 5))
T1, T2, T3 = (UUID(int=number) for number in range(11, 14))
ROOT = "ab" * 32


def told(
    transfer: UUID, origin: UUID, receiver: UUID, event: RegisterEvent, root: str | None = ROOT
) -> CustodyTold:
    by = origin if event in ("released", "returned") else receiver
    return CustodyTold(
        effective_on=DAY,
        token="cd" * 32,
        transfer=transfer,
        from_ledger=origin,
        to_ledger=receiver,
        root=root,
        told=event,
        told_by=by,
    )


def ruled(transfer: UUID, holder: UUID) -> RulingCounted:
    return RulingCounted(effective_on=DAY, token="cd" * 32, transfer=transfer, custodian=holder)


def passed(transfer: UUID, origin: UUID, receiver: UUID) -> list[Event]:
    return [
        told(transfer, origin, receiver, "released"),
        told(transfer, origin, receiver, "accepted"),
    ]


def after(*events: Event) -> Register:
    state = None
    for event in events:
        state = evolve(state, event, 0)
    return state or Register()


def test_custody_is_under_way_until_the_receiver_accepts() -> None:
    released, accepted = passed(T1, A, B)
    assert custodian(after(released)) is None
    assert custodian(after(released, accepted)) == B
    assert custodian(Register()) is None


@pytest.mark.parametrize("end", ["rejected", "returned"])
def test_a_rejection_told_by_either_side_gives_custody_back(end: RegisterEvent) -> None:
    state = after(told(T1, A, B, "released"), told(T1, A, B, end))
    assert custodian(state) == A
    again = after(told(T1, A, B, "released"), told(T1, A, B, end), *passed(T2, A, C))
    assert (custodian(again), conflicts(again)) == (C, {})


def test_an_honest_way_has_no_conflict_in_whatever_order_it_is_told() -> None:
    way = [*passed(T1, A, B), *passed(T2, B, C), *passed(T3, C, D)]
    for order in permutations(way):
        state = after(*order)
        assert conflicts(state) == {}
        assert custodian(state) == D


def test_a_pupil_may_come_back_and_go_again() -> None:
    state = after(*passed(T1, A, B), *passed(T2, B, A), *passed(T3, A, C))
    assert (custodian(state), conflicts(state)) == (C, {})


def test_a_release_to_two_receivers_is_a_conflict_that_names_both() -> None:
    twice = [told(T1, A, B, "released"), told(T2, A, C, "released")]
    for order in permutations(twice):
        assert conflicts(after(*order)) == {T1: Conflict(T1, T2, C), T2: Conflict(T2, T1, B)}


def test_two_acceptances_are_a_conflict_though_no_release_was_told() -> None:
    both = [told(T1, A, B, "accepted"), told(T2, A, C, "accepted")]
    assert conflicts(after(*both)).keys() == {T1, T2}


def test_who_gave_custody_away_cannot_release_again() -> None:
    """B had it, gave it back, and sells it once more."""
    state = after(*passed(T1, A, B), *passed(T2, B, A), told(T3, B, C, "released"))
    assert conflicts(state)[T3].other_transfer == T2
    assert custodian(state) == A


def test_a_stranger_cannot_release() -> None:
    state = after(*passed(T1, A, B), told(T2, C, D, "released"))
    assert conflicts(state)[T2] == Conflict(T2, T1, B)


@pytest.mark.parametrize(
    "other",
    [
        told(T1, A, B, "accepted", root="ef" * 32),
        told(T1, A, C, "accepted"),
    ],
    ids=["root", "parties"],
)
def test_two_sides_that_tell_different_things_of_one_transfer_conflict(other: Event) -> None:
    assert T1 in conflicts(after(told(T1, A, B, "released"), other))


def test_an_acceptance_and_a_rejection_of_one_transfer_conflict() -> None:
    state = after(*passed(T1, A, B), told(T1, A, B, "returned"))
    assert conflicts(state) == {T1: Conflict(T1, T1, B)}


def test_a_ruling_ends_a_conflict() -> None:
    twice = [told(T1, A, B, "released"), told(T2, A, C, "released")]
    state = after(*twice, ruled(T1, A))
    assert conflicts(state) == {}
    assert dict(register.changed(after(*twice), state)) == {T1: None, T2: None}
    assert custodian(after(*twice, ruled(T1, A), ruled(T2, C))) == C


def test_a_conflict_that_a_late_message_explains_ends_by_itself() -> None:
    early = after(*passed(T1, A, B), told(T3, C, D, "released"))
    assert conflicts(early).keys() == {T1, T3}
    explained = evolve(early, told(T2, B, C, "accepted"), 0)
    assert conflicts(explained) == {}
    assert {transfer for transfer, _ in register.changed(early, explained)} == {T1, T3}


def test_tellers_are_those_who_told_of_the_transfer() -> None:
    state = after(*passed(T1, A, B), told(T2, B, C, "released"))
    assert register.tellers(state, T1) == (A, B)
    assert register.tellers(state, T2) == (B,)
