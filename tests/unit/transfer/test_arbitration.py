"""A ruling at both sides, in every order with the dossier, the person's decision and its answer.

The real deciders and folds; only the database and the bundle are stand-ins.
"""

from contextlib import suppress
from datetime import UTC, date, datetime
from itertools import permutations
from typing import Any, cast
from uuid import UUID

import pytest

from ledger.case import Case
from ledger.event import Event, StreamKind
from ledger.events.case import (
    CaseDecided,
    CaseReleased,
    DossierReceived,
    RequestReceived,
    TransferRequested,
)
from ledger.events.ministry import RulingReceived
from ledger.events.pupil import CustodyRuled, PupilEnrolled, Released, TransferAccepted
from ledger.folds import evolve
from ledger.plan import Outgoing, Plan
from ledger.pupil import Pupil
from ledger.reader import Reader
from ledger.recorder import StreamRef
from tests.unit.ledger.events import event
from transfer.answers import on_answer
from transfer.arbitration import decide_ruling, plan_ruling
from transfer.cases import case_ref, decide_once, message
from transfer.conversation import rejection
from transfer.errors import CaseRefused
from transfer.message import Header
from transfer.office import Office
from transfer.recall import on_recall
from transfer.rulings import Ruling

pytestmark = pytest.mark.unit

DAY = date(2026, 9, 1)
ORIGIN, RECEIVER, THIRD = (UUID(int=number) for number in (1, 2, 3))
T = UUID(int=9)
THEIRS, OURS = UUID(int=21), UUID(int=22)
"""The pupil at the origin, and at the receiver."""


def ruling(custodian: UUID, number: str = "12/QĐ") -> Ruling:
    return Ruling(
        v=1,
        kind="ruling",
        transfer_id=T,
        origin=ORIGIN,
        receiver=RECEIVER,
        custodian=custodian,
        number=number,
        issued_at=datetime(2026, 9, 1, tzinfo=UTC),
    )


class Nothing:
    """A connection that holds no rows, and enforces that a decision is written once."""

    def __init__(self) -> None:
        self.decision: str | None = None

    def execute(self, query: object, values: dict[str, Any]) -> "Nothing":
        if "decision" in values:
            assert self.decision is None, "a second decision"
            self.decision = values["decision"]
        return self

    def fetchone(self) -> tuple[int]:
        return (1,)


class Side:
    """One ledger's memory of the transfer: a reader and an office to the deciders."""

    def __init__(self, ledger: UUID) -> None:
        self.id = self.ledger = ledger
        self.connection = Nothing()
        self.states: dict[UUID, Any] = {}
        self.mail: list[Outgoing] = []
        self.trust = self
        self.keyring = self

    def ministry(self) -> None:
        return None

    def destroy_secret(self, connection: object, name: str) -> None:
        """There is none."""

    def case(self, case: UUID) -> Case | None:
        return cast(Case | None, self.states.get(case_ref(self.reader, case, None).id))

    def pupils(self, ids: Any) -> dict[UUID, Pupil | None]:
        return {id: self.states.get(id) for id in ids}

    def ref(self, stream: UUID, kind: StreamKind, *, person: UUID | None = None) -> StreamRef:
        return StreamRef(stream, kind, self.ledger, person)

    @property
    def reader(self) -> Reader:
        return cast(Reader, self)

    @property
    def office(self) -> Office:
        office = Side.__new__(Side)
        office.ledger, office.trust, office.keyring = cast(UUID, self), self, self
        return cast(Office, office)

    def write(self, stream: UUID, *events: Event) -> None:
        for one in events:
            self.states[stream] = evolve(one.STREAM, self.states.get(stream), one, 1)

    def note(self, *events: Event) -> None:
        self.write(case_ref(self.reader, T, None).id, *events)

    def carry_out(self, plan: Plan) -> None:
        for draft in plan.drafts:
            self.write(draft.stream.id, draft.event)
        for write in plan.extra:
            write(cast(Any, self.connection), 0)
        self.mail.extend(plan.outgoing)

    @property
    def known(self) -> Case:
        found = self.case(T)
        assert found is not None
        return found


class Transfer:
    """A released transfer whose dossier has not come yet, and the steps that may follow."""

    def __init__(self, custodian: UUID) -> None:
        self.ruling = ruling(custodian)
        self.origin, self.receiver = Side(ORIGIN), Side(RECEIVER)
        self.origin.states[THEIRS] = Pupil(id=THEIRS)
        released = event(Released, DAY, case=T, to_ledger=RECEIVER, last_day=None)
        self.origin.write(THEIRS, released)
        self.origin.note(
            event(RequestReceived, DAY, case=T, to_ledger=RECEIVER),
            event(CaseReleased, DAY, case=T, pupil=THEIRS, to_ledger=RECEIVER),
        )
        self.receiver.states[OURS] = Pupil(id=OURS)
        asked = event(TransferRequested, DAY, case=T, from_ledger=ORIGIN, pupil=OURS)
        self.receiver.note(asked)

    def ruled_at_origin(self) -> None:
        """A ruling for a receiver whose rejection is here already is refused, and quarantined."""
        with suppress(CaseRefused):
            self.rule(self.origin)

    def ruled_at_receiver(self) -> None:
        self.rule(self.receiver)

    def rule(self, side: Side) -> None:
        plan, disputed = plan_ruling(side.office, side.reader, self.ruling, DAY)
        assert not disputed
        side.carry_out(plan)

    def dossier(self) -> None:
        """Late or not: a decided transfer takes none in (the decision is looked up first)."""
        if self.receiver.connection.decision is None:
            self.receiver.note(event(DossierReceived, DAY, case=T, from_ledger=ORIGIN))

    def accept(self) -> None:
        """What `acceptance.accept` writes, behind the state that it asks for."""
        if self.receiver.known.state != "received":
            return
        told = message(T, ORIGIN, "accept", content={"digest": None})
        plan = Plan()
        self.receiver.write(OURS, event(TransferAccepted, DAY, case=T, from_ledger=ORIGIN))
        decided = event(CaseDecided, DAY, case=T, decision="accepted", reason=None, pupil=OURS)
        plan.add(case_ref(self.receiver.reader, T, OURS), [decided])
        plan.outgoing.append(told)
        plan.extra.append(decide_once(T, "accepted", told.message))
        self.receiver.carry_out(plan)

    def reject(self) -> None:
        """What `conversation.reject` does, behind the states that it asks for."""
        case = self.receiver.known
        if case.state not in ("received", "problem", "requested") or case.ruling is not None:
            return
        plan = rejection(
            self.receiver.office,
            self.receiver.reader,
            case,
            kind="cancel" if case.state == "requested" else "reject",
            reason="not_the_child",
            today=DAY,
        )
        self.receiver.carry_out(plan)

    def wait(self) -> None:
        """The person decides nothing."""

    def deliver(self) -> None:
        """The receiver's answers reach the origin."""
        for told in self.receiver.mail:
            plan = on_answer(self.origin.reader, self.origin.known, header(told), told.content)
            self.origin.carry_out(plan)
        self.receiver.mail.clear()

    @property
    def custodians(self) -> set[UUID]:
        """Who believes to have custody. A record of our own from before is no custody yet."""
        kept = self.origin.states[THEIRS].released is None
        here: Pupil = self.receiver.states[OURS]
        took = T in here.accepted and here.released is None
        return {ledger for ledger, holds in ((ORIGIN, kept), (RECEIVER, took)) if holds}


def header(told: Outgoing) -> Header:
    facts: dict[str, Any] = {"kind": told.kind, "case": T, "sender": RECEIVER}
    return Header.model_construct(**facts)


STEPS = ("ruled_at_origin", "ruled_at_receiver", "dossier", "deliver")
CHOICES = ("accept", "reject", "wait")


@pytest.mark.parametrize("custodian", [ORIGIN, RECEIVER], ids=["for origin", "for receiver"])
@pytest.mark.parametrize("choice", CHOICES)
def test_in_every_order_at_most_one_ledger_has_custody(custodian: UUID, choice: str) -> None:
    for order in permutations((*STEPS, choice)):
        world = Transfer(custodian)
        for step in order:
            getattr(world, step)()
            # Only a receiver that has accepted and does not know of the ruling yet may still
            # take itself for the custodian: that is what the ruling was asked against.
            unaware = world.receiver.known.ruling is None and world.receiver.known.state
            if unaware != "accepted" or world.origin.known.ruling is None:
                assert len(world.custodians) <= 1, order
        world.deliver()
        assert len(world.custodians) <= 1, order
        decision = world.receiver.connection.decision
        if custodian == ORIGIN or decision == "rejected":
            assert world.custodians == {ORIGIN}, order
            assert world.origin.known.state == "rejected", order
        else:
            assert world.origin.known.state == "accepted", order
            assert world.custodians == ({RECEIVER} if decision else set()), order


def test_for_the_origin_an_undecided_receiver_writes_its_one_decision() -> None:
    world = Transfer(ORIGIN)
    world.dossier()
    world.ruled_at_receiver()
    assert world.receiver.connection.decision == "rejected"
    assert [m.content["reason"] for m in world.receiver.mail] == ["ruling"]
    assert world.receiver.known.state == "rejected"


def test_for_the_origin_a_receiver_that_accepted_gives_up_and_its_answer_stays() -> None:
    world = Transfer(ORIGIN)
    enrolled = event(PupilEnrolled, DAY, kind="provisional")
    world.receiver.write(OURS, enrolled)
    world.dossier()
    world.accept()
    world.ruled_at_receiver()
    pupil: Pupil = world.receiver.states[OURS]
    assert pupil.released == (T, ORIGIN)
    assert [change.kind for change in pupil.changes] == ["provisional"], "it counts nowhere again"
    assert world.receiver.connection.decision == "accepted"
    assert [m.kind for m in world.receiver.mail] == ["accept"]
    world.ruled_at_origin()
    world.deliver()
    assert world.custodians == {ORIGIN}


@pytest.mark.parametrize("custodian", [ORIGIN, RECEIVER])
def test_the_same_ruling_again_does_nothing(custodian: UUID) -> None:
    world = Transfer(custodian)
    for side, pupil in ((world.origin, THEIRS), (world.receiver, OURS)):
        world.rule(side)
        case, known = side.known, side.states[pupil]
        again = decide_ruling(world.ruling, side.ledger, case, known, DAY)
        assert (list(again.case), list(again.pupil), again.reject) == ([], [], False)


def test_a_second_ruling_moves_nothing_and_is_an_alarm_once() -> None:
    world = Transfer(ORIGIN)
    world.ruled_at_origin()
    held = world.custodians
    world.ruling = ruling(RECEIVER, "13/QĐ")
    for expected in (1, 0):
        plan, disputed = plan_ruling(world.origin.office, world.origin.reader, world.ruling, DAY)
        assert (disputed, len(plan.drafts)) == (True, expected)
        world.origin.carry_out(plan)
    assert world.origin.known.disputed == (world.ruling.sha256,)
    assert world.custodians == held
    assert world.origin.known.ruling is not None
    assert world.origin.known.ruling.custodian == ORIGIN


def test_a_ruling_before_anything_else_is_a_tombstone_at_the_receiver() -> None:
    fresh = Side(RECEIVER)
    plan, _ = plan_ruling(fresh.office, fresh.reader, ruling(ORIGIN), DAY)
    fresh.carry_out(plan)
    assert (fresh.known.state, fresh.connection.decision) == ("rejected", "rejected")
    assert fresh.known.peer == ORIGIN


def test_what_the_ruling_says_of_others_or_of_nothing_is_refused() -> None:
    world = Transfer(RECEIVER)
    case, pupil = world.origin.known, world.origin.states[THEIRS]
    with pytest.raises(CaseRefused, match="two other ledgers"):
        decide_ruling(world.ruling, THIRD, None, None, DAY)
    other = case.model_copy(update={"peer": THIRD})
    with pytest.raises(CaseRefused, match="other parties"):
        decide_ruling(world.ruling, ORIGIN, other, pupil, DAY)
    for state in ("requested", "declined"):
        closed = case.model_copy(update={"state": state})
        with pytest.raises(CaseRefused, match="nothing is out"):
            decide_ruling(world.ruling, ORIGIN, closed, pupil, DAY)


def test_a_record_that_was_passed_on_is_not_given_up() -> None:
    world = Transfer(ORIGIN)
    world.dossier()
    world.accept()
    onward = UUID(int=10)
    world.receiver.write(OURS, event(Released, DAY, case=onward, to_ledger=THIRD))
    with pytest.raises(CaseRefused, match=str(onward)):
        world.ruled_at_receiver()


def test_a_ruling_for_a_receiver_that_has_rejected_is_noted_and_moves_nothing() -> None:
    world = Transfer(RECEIVER)
    case, pupil = world.origin.known, world.origin.states[THEIRS]
    closed = case.model_copy(update={"state": "rejected"})
    obeyed = decide_ruling(world.ruling, ORIGIN, closed, pupil, DAY)
    assert [type(event).__name__ for event in obeyed.case] == ["RulingReceived"]
    assert (obeyed.pupil, obeyed.reject) == ((), False)


def test_a_record_that_is_on_its_way_back_stays_given_up_whatever_becomes_of_that() -> None:
    world = Transfer(ORIGIN)
    world.dossier()
    world.accept()
    world.receiver.write(OURS, event(Released, DAY, case=UUID(int=10), to_ledger=ORIGIN))
    world.ruled_at_receiver()
    assert world.receiver.states[OURS].released == (T, ORIGIN)


def test_a_recall_does_not_undo_a_ruling_for_the_receiver() -> None:
    world = Transfer(RECEIVER)
    world.ruled_at_receiver()
    sent: dict[str, Any] = {"case": T, "sender": ORIGIN}
    plan = on_recall(
        world.receiver.office,
        world.receiver.reader,
        world.receiver.known,
        Header.model_construct(**sent),
        "wrong_pupil",
        DAY,
    )
    assert plan.drafts == []


def test_custody_ruled_at_the_origin_undoes_the_release_alone() -> None:
    world = Transfer(ORIGIN)
    before: Pupil = world.origin.states[THEIRS]
    gone = before.model_copy(update={"released": (UUID(int=10), THIRD)})
    decided = decide_ruling(world.ruling, ORIGIN, world.origin.known, gone, DAY)
    assert decided.pupil == [], "it went on in another transfer meanwhile"
    back = evolve(StreamKind.PUPIL, before, event(CustodyRuled, DAY, case=T, custodian=ORIGIN), 2)
    assert isinstance(back, Pupil)
    assert (back.released, back.coverings) == (None, ())
    assert isinstance(next(iter(decided.case)), RulingReceived)
