"""The people of one ledger: random acts at the office, then working off what is on the list.

Whatever a person may be told is counted: refused by a rule, or the database was away.
"""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from threading import Event
from typing import TypeVar
from uuid import UUID

import psycopg

from ledger.case import Case
from ledger.database import Unreachable
from ledger.errors import Conflict
from ledger.pupil import Pupil
from ledger.reader import Reader
from tests.chaos.place import FIRST_DAY, Desk, Place
from tests.school import hand_in, mark
from tests.simulation.transfer.world import OPEN, REFUSALS
from transfer import (
    acceptance,
    conversation,
    holding,
    inbox,
    recall,
    recovery,
    returning,
    supplement,
    supplement_decision,
)
from transfer.cases import all_cases
from transfer.office import Office
from transfer.supplement import Accept, Choice

T = TypeVar("T")
LOOK = 1.5
"""Seconds between two looks of the operator."""
TODAY = date(2025, 6, 1)
AWAY = (Unreachable, psycopg.OperationalError)
"""What is raised where the database went away; whoever asks later is answered."""


class People:
    """Whoever works at one ledger. One thread uses them."""

    def __init__(self, place: Place, desk: Desk, seed: str) -> None:
        self.chance = random.Random(seed)
        self.said: Counter[str] = Counter()
        """Acts that went through by their name; `refused` and `away`."""
        self.begun: set[UUID] = set()
        self._place, self._desk = place, desk
        self._looks_at = 0.0

    # What a person sees

    def cases(self) -> list[Case]:
        """The ledger's transfers."""
        with self._desk.office.ledger.database.connection() as connection:
            return all_cases(connection)

    def pupil(self, record: UUID) -> Pupil | None:
        """One of the ledger's own records; None where it was lost with a database."""
        ledger = self._desk.office.ledger
        with ledger.database.connection() as connection:
            return Reader(connection, ledger.keyring, ledger.id).pupils([record])[record]

    def record_of(self, child: int) -> Pupil:
        """The record of a child that a person here would name: the one with custody."""
        known = (self.pupil(record) for record in self._desk.records[child])
        own = [pupil for pupil in known if pupil is not None]
        return min(own, key=lambda p: (p.released is not None, p.awaits_papers))

    def child_of(self, case: Case) -> int | None:
        """Which child a case is about, as the person would find out."""
        for record in (case.pupil, case.their_pupil):
            if record is not None and record in self._place.children:
                return self._place.children[record]
        return None

    # Working

    def act(self, name: str, do: Callable[[Office], T]) -> T | None:
        """What somebody does; None where it was refused or could not be done now."""
        try:
            done = do(self._desk.office)
        except AWAY:
            self.said["away"] += 1
        except REFUSALS as refused:
            fenced = isinstance(refused, Conflict) and refused.code == "fenced"
            self.said["fenced" if fenced else "refused"] += 1
        else:
            self.said[name] += 1
            return done
        return None

    def work(self, stop: Event) -> None:
        """Random acts until `stop` is set."""
        while not stop.wait(self.chance.uniform(0.0, 0.06)):
            with self._desk.gate:
                try:
                    self.operate()
                    self._something()
                except AWAY:
                    self.said["away"] += 1
                    self._desk.close()
                    stop.wait(0.2)

    def operate(self) -> None:
        """The operator looks whether the ledger was restored, and begins a recovery; who has not
        answered after a while is reminded."""
        if time.monotonic() < self._looks_at:
            return
        self._looks_at = time.monotonic() + LOOK
        state = self._desk.stands()
        if state == "fenced" or (state == "recovering" and self.chance.random() < 0.2):
            self.act("recovery", lambda office: recovery.begin(office, who=self._desk.who))

    def _something(self) -> None:
        act: Callable[[], None]
        (act,) = self.chance.choices([self._ask, self._on_a_case, self._give_a_mark], [2, 8, 2])
        act()

    def _ask(self) -> None:
        """A child is asked for: mostly one that is not here."""
        child = self.chance.choice(list(self._desk.records))
        record = self.record_of(child)
        here = record.released is None and not record.awaits_papers
        if here and self.chance.random() < 0.9:
            return
        other = next(desk for desk in self._place.desks if desk is not self._desk)
        case = self.act(
            "request",
            lambda office: conversation.request(
                office,
                pupil=record.id,
                from_ledger=other.id,
                school_code="S1",
                first_day=FIRST_DAY,
                who=self._desk.who,
            ),
        )
        if case is not None:
            self.begun.add(case)

    def _give_a_mark(self) -> None:
        """A mark, late or not: of the custodian a mark, of a former one a proposal."""
        record = self.record_of(self.chance.choice(list(self._desk.records))).id
        value = f"{self.chance.randint(0, 20) / 2}"
        slot = self.chance.choice(["TX2", "TX3", "TX4", "CK"])
        line = mark(record, value, slot=slot)
        if self.chance.random() < 0.5:
            on = FIRST_DAY + timedelta(days=self.chance.randint(1, 60))
            line = replace(line, semester=2, effective_on=on)
        self.act("mark", lambda office: hand_in(office.ledger, [line]))

    def _on_a_case(self) -> None:
        """Some case is looked at, mostly one that somebody has to act on."""
        cases = self.cases()
        waiting = [case for case in cases if case.state in OPEN or open_proposals(case)]
        chosen = waiting if waiting and self.chance.random() < 0.6 else cases
        if not chosen:
            return
        case = self.chance.choice(chosen)
        roll = self.chance.random()
        if roll < 0.06:
            self._hold(case)
        elif roll < 0.11:
            self._contrary(case)
        elif case.state in ("accepted", "rejected"):
            self._after_the_end(case)
        else:
            self.do_what_is_asked(case, willing=roll < 0.9)

    def _hold(self, case: Case) -> None:
        if case.held is not None:
            self._free(case)
        elif case.state in OPEN:
            self.act(
                "hold",
                lambda office: holding.hold(
                    office, case.id, document="15/CV", words=None, on=TODAY, who=self._desk.who
                ),
            )

    def _free(self, case: Case) -> None:
        self.act(
            "lift",
            lambda office: holding.lift(
                office, case.id, document="16/CV", on=TODAY, who=self._desk.who
            ),
        )

    def _contrary(self, case: Case) -> None:
        """Somebody changes their mind, rightly or wrongly."""
        if case.side == "origin":
            self.act(
                "recall",
                lambda office: recall.recall(
                    office,
                    case.id,
                    reason="wrong_pupil",
                    words=None,
                    today=TODAY,
                    who=self._desk.who,
                ),
            )
        elif case.state != "requested" or self.chance.random() < 0.2:
            self._send_back(case, "cancel" if case.state == "requested" else "reject")

    def _after_the_end(self, case: Case) -> None:
        """A supplement is sent or decided, or an acceptance undone."""
        if open_proposals(case):
            self._decide(case)
        elif self.chance.random() < 0.3 and (case.side, case.state) == ("receiver", "accepted"):
            self._give_back(case.id)
        else:
            self.act(
                "supplement",
                lambda office: supplement.offer(office, case.id, today=TODAY, who=self._desk.who),
            )

    def _give_back(self, case: UUID) -> None:
        back = self.act(
            "give back",
            lambda office: returning.give_back(
                office, case, reason="withdrawn", last_day=None, today=TODAY, who=self._desk.who
            ),
        )
        if back is not None:
            self.begun.add(back)

    def _decide(self, case: Case, *, all_of_it: bool = False) -> None:
        some = tuple(one for one in open_proposals(case) if self.chance.random() < 0.5)
        accept: Accept = self.chance.choice(["all", "all", "none", some or "all"])
        choice = Choice("all" if all_of_it else accept, "not_accepted")
        self.act(
            "supplement decided",
            lambda office: supplement_decision.decide(
                office, case.id, choice=choice, today=TODAY, who=self._desk.who
            ),
        )

    # What a sensible person does about a case on the list

    def work_off(self, *, impatient: bool) -> None:
        """Every open case once. Raises what `AWAY` names."""
        self.operate()
        for case in self.cases():
            if case.held is not None and (case.state in OPEN or open_proposals(case)):
                self._free(case)
            if case.state in OPEN or open_proposals(case):
                self.do_what_is_asked(case, willing=True, impatient=impatient)

    def do_what_is_asked(
        self, case: Case, *, willing: bool = True, impatient: bool = False
    ) -> None:
        """The next step of a case, where it is this side's."""
        pupil = self.pupil(case.pupil) if case.pupil and open_proposals(case) else None
        if pupil is not None and pupil.released is None:
            self._decide(case, all_of_it=impatient)
        if case.side == "origin":
            self._as_origin(case, willing)
        elif case.state == "received":
            self._as_receiver(case, willing, impatient)
        elif impatient and case.state in ("requested", "problem"):
            self._send_back(case, "withdraw", reason="withdrawn")

    def _as_origin(self, case: Case, willing: bool) -> None:
        child = self.child_of(case)
        if case.state == "requested" and case.returns is not None:
            self._give_back(case.returns)
        elif case.state == "requested":
            record = self.record_of(child) if child is not None else None
            here = record is not None and record.released is None and not record.awaits_papers
            if record is not None and here and willing:
                self._release(case, record.id)
            else:
                reason = "identity_unconfirmed" if here else "not_our_pupil"
                self.act(
                    "decline",
                    lambda office: conversation.decline(
                        office, case.id, reason=reason, today=TODAY, who=self._desk.who
                    ),
                )
        elif case.state == "problem" and case.pupil is not None:
            self._release(case, case.pupil)

    def _release(self, case: Case, record: UUID) -> None:
        self.act(
            "release",
            lambda office: conversation.release(
                office, case.id, pupil=record, last_day=None, today=TODAY, who=self._desk.who
            ),
        )

    def _as_receiver(self, case: Case, willing: bool, impatient: bool) -> None:
        theirs = self._place.children.get(case.their_pupil) if case.their_pupil else None
        wrong = case.pupil is not None and self._place.children.get(case.pupil) != theirs
        if theirs is None or wrong or not willing:
            self._send_back(case, "reject")
            return
        record = case.pupil or self.record_of(theirs).id
        if not self._accept(case, record) and impatient:
            self._accept(case, None)

    def _accept(self, case: Case, record: UUID | None) -> bool:
        taken_in = self.act(
            "accept",
            lambda office: acceptance.accept(
                office,
                case.id,
                inbox.reopen(office, case.id),
                pupil=record,
                remark=None,
                today=TODAY,
                who=self._desk.who,
            ),
        )
        if record is None:
            self._meet_the_new()
        return taken_in is not None

    def _meet_the_new(self) -> None:
        """Records made by an acceptance, even where nobody could tell."""
        site = next(s for s in self._place.found().sites if s.id == self._desk.id)
        for pupil in site.pupils():
            if pupil.id not in self._place.children:
                known = (self._place.children.get(link.pupil) for link in pupil.links)
                child = next(child for child in known if child is not None)
                self._place.know(self._desk, child, pupil.id)

    def _send_back(self, case: Case, name: str, *, reason: str = "not_accepted") -> None:
        self.act(
            name,
            lambda office: conversation.reject(
                office, case.id, reason=reason, today=TODAY, who=self._desk.who
            ),
        )


def open_proposals(case: Case) -> list[UUID]:
    """What came in supplements that have no answer."""
    waiting = (one for one in case.supplements if one.message is not None and one.outcome is None)
    return [proposal for one in waiting for proposal in one.proposals]
