"""The world of a schedule: ledgers that die and start again, mail in a bag, children, clocks."""

import asyncio
import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, TypeVar, cast
from unittest.mock import patch
from uuid import UUID

from nats.aio.client import Client
from nats.js.api import PubAck

from ledger.case import Case
from ledger.errors import Conflict, NotFound, Refused
from ledger.event import KEYED, Who
from ledger.fence import Fence
from ledger.notary import Notary
from ledger.pupil import Pupil
from signing.jws import FileSigner
from tests.simulation.memory.database import Killed
from tests.simulation.memory.tables import Store
from tests.simulation.transfer.sites import (
    BEGIN,
    FixedTrust,
    Founded,
    MemoryLedger,
    drawn_ids,
)
from transfer import clock, outbox, recovery, relay
from transfer.errors import CaseRefused, CheckFailed, Fenced
from transfer.metrics import Metrics
from transfer.office import Office
from transfer.relay import Relay, _Due

T = TypeVar("T")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
WHO = Who(recorded_by="operator", on_behalf_of=None, provenance=KEYED)
OPEN = frozenset({"requested", "released", "received", "problem", "recalling"})
"""States of a case that is listed because somebody has to act."""
DECISIONS = {"accept": "accept", "reject": "reject", "cancel": "reject"}
"""What a message of that kind tells of its transfer."""
REFUSALS = (Refused, NotFound, Conflict, CaseRefused, CheckFailed, Fenced)
"""What a person may be told; anything else that is raised is a defect."""


class Letter(NamedTuple):
    """A frame on its way. `receiver` is a number of a ledger."""

    sender: int
    receiver: int
    kind: str
    case: UUID
    frame: bytes


class File(NamedTuple):
    """A dossier that was exported to a file, and for whom."""

    sender: int
    receiver: int
    case: UUID
    data: bytes


class Site:
    """One ledger: the store and the guard file that last, and the process that runs now."""

    def __init__(self, world: "World", number: int, founded: Founded, guard: Path) -> None:
        self.number, self.id, self.name = number, founded.id, founded.name
        self.store = founded.store.copy()
        self.store.clock = self.clock
        self.records = {child: [record] for child, record in founded.records.items()}
        self.offset = timedelta()
        self.guard = guard
        guard.write_text(founded.note, "utf-8")
        self.backups: list[Store] = []
        self._published = 0
        self.restored = False
        self._world, self._keys = world, founded.keys
        self.office = self._office()

    @property
    def arbiter(self) -> FileSigner:
        """Who rules in this ledger's name."""
        return FileSigner(self._keys.arbiter.key, self._keys.arbiter.chain)

    def _office(self) -> Office:
        keys, world = self._keys, self._world
        ledger = MemoryLedger.begun(self.store, kek=keys.kek, point=world.point)
        notary = Notary(ledger, keys.checkpoint, self.guard)
        ledger.desk.fence = Fence(notary)
        return Office(
            ledger=ledger,
            notary=notary,
            seal=FileSigner(keys.seal.key, keys.seal.chain),
            encryption=keys.encryption,
            trust=world.trust,
        )

    def start(self) -> None:
        """A new process: all it knows it reads from the store."""
        for own in self.records.values():
            own[:] = [record for record in own if record in self.store.streams]
        self.office = self._office()

    def count_published(self) -> int:
        """The place of one more message in this ledger's stream."""
        self._published += 1
        return self._published

    def clock(self) -> datetime:
        """What this ledger's clock shows."""
        return self._world.time + self.offset

    def __str__(self) -> str:
        return self.name

    @property
    def stands(self) -> str:
        """Open, fenced after a restore, or recovering from one."""
        if not self.restored:
            return "open"
        ledger = MemoryLedger.begun(self.store, kek=self._keys.kek)
        with ledger.database.connection() as connection:
            found = Fence(Notary(ledger, self._keys.checkpoint, self.guard)).standing(connection)
        if found.state == "open":
            self.restored = False
        return found.state

    # What a person sees on the screen

    def cases(self) -> list[Case]:
        """Every transfer as this ledger sees it, in the order they were begun."""
        found = (self.store.states.get(s.no) for s in self.store.kinds.get("case", ()))
        return [_case(body) for body in found if body is not None]

    def case(self, case: UUID) -> Case | None:
        """One transfer as this ledger sees it."""
        return next((found for found in self.cases() if found.id == case), None)

    def pupils(self) -> list[Pupil]:
        """This ledger's own records of pupils."""
        own = (s for s in self.store.kinds.get("pupil", ()) if s.ledger == self.id)
        found = (self.store.states.get(s.no) for s in own)
        return [_pupil(body) for body in found if body is not None]

    def pupil(self, record: UUID) -> Pupil:
        """One of its own records."""
        return next(pupil for pupil in self.pupils() if pupil.id == record)

    def child_of(self, record: UUID | None) -> str | None:
        """Whose record it is."""
        return next((child for child, own in self.records.items() if record in own), None)

    def record_of(self, child: str) -> UUID:
        """The record of a child that a person here would name: the one with custody."""
        own = [self.pupil(record) for record in self.records[child]]
        return min(own, key=lambda p: (p.released is not None, p.awaits_papers)).id


@lru_cache(maxsize=20000)
def _case(body: str) -> Case:
    return Case.model_validate_json(body)


@lru_cache(maxsize=20000)
def _pupil(body: str) -> Pupil:
    return Pupil.model_validate_json(body)


class BagRelay(Relay):
    """The true relay; what it publishes falls into the world's bag."""

    def __init__(self, world: "World", site: Site) -> None:
        account = site.id.hex
        super().__init__(
            cast(Client, _NoServer()), site.office, account=account, metrics=Metrics(account)
        )
        self._world, self._site = world, site

    async def _publish_once(self, due: _Due, subject: str, frame: bytes) -> PubAck:
        self._world.publish(self._site, due.message, due.receiver, due.kind, frame)
        return PubAck(stream=subject, seq=self._site.count_published())


class _NoServer:
    """Where there is no server, there is nothing to be connected to."""

    def jetstream(self, **settings: Any) -> None:
        """No stream."""
        del settings


@dataclass
class World:
    """Ledgers, the mail between them, and what may befall them."""

    chance: random.Random
    founded: list[Founded]
    time: datetime = BEGIN
    bag: list[Letter] = field(default_factory=list)
    lost: list[Letter] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    told: dict[UUID, set[str]] = field(default_factory=dict)
    """By case every decision that ever left a ledger: accept, reject."""
    unheard: set[tuple[int, UUID]] = field(default_factory=set)
    """(ledger, case) of the decisions told there that nobody has taken in yet."""
    trace: list[str] = field(default_factory=list)
    points: int = 0
    """How many points were passed at which a process can die."""
    dies_at: int | None = None
    court: bool = False
    """Whether the third ledger is the ministry's, which keeps the register and rules."""
    rulings: dict[UUID, bytes] = field(default_factory=dict)
    """By case what the ministry ruled."""
    willing: bool = False
    """Whether everybody does what is asked."""
    restored: bool = False
    """Whether a ledger was ever restored."""
    checked: tuple[object, ...] = ()
    """What was written when the properties were last checked."""

    def __post_init__(self) -> None:
        ministry = self.founded[2].id if self.court else None
        self.trust = FixedTrust(tuple(one.trusted for one in self.founded), ministry)
        self.acting: Site | None = None
        # The guard files lie beside the databases: in memory, where the machine has such a place.
        memory = Path("/dev/shm")
        place = memory if memory.is_dir() else None
        self._beside = TemporaryDirectory(prefix="hb-world-", dir=place)
        self.sites = [
            Site(self, number, founded, Path(self._beside.name) / founded.name)
            for number, founded in enumerate(self.founded)
        ]

    @contextmanager
    def running(self) -> Iterator["World"]:
        """While it lasts, `transfer`'s clock is that of the ledger that acts."""
        with (
            self._beside,
            asyncio.Runner() as self._loop,
            patch.object(clock, "now", self._now),
            drawn_ids(self.chance.random(), lambda: self._now()),
            patch.object(relay, "random", random.Random(0)),
        ):
            yield self

    def _now(self) -> datetime:
        return self.acting.clock() if self.acting else self.time

    def point(self, when: str, name: str) -> None:
        """A point at which the process can die. Raises Killed where it does."""
        self.points += 1
        if self.dies_at is not None and self.points >= self.dies_at:
            self.dies_at = None
            raise Killed(when + name)

    def attempt(self, site: Site, what: str, do: Callable[[Office], T]) -> T | None:
        """What somebody does at a ledger; None where it was refused or the process died in it,
        which then starts again."""
        self.acting = site
        said = "done"
        try:
            return do(site.office)
        except Killed as killed:
            said = f"killed {killed}"
            self.dies_at = None
            site.start()
        except REFUSALS as refused:
            if isinstance(refused, Conflict) and refused.code == "lost_races":
                raise
            said = f"refused: {_UUID.sub('…', str(refused))}"
        finally:
            self.acting = None
            self.trace.append(f"{site} {what}: {said}")
        return None

    @property
    def schools(self) -> list[Site]:
        """The ledgers that have pupils: the ministry of a world has none, and rules only."""
        return self.sites[:2] if self.court else self.sites

    def site_of(self, ledger: UUID) -> Site:
        """The ledger by its id."""
        return next(site for site in self.sites if site.id == ledger)

    def publish(self, site: Site, message: UUID, receiver: UUID, kind: str, frame: bytes) -> None:
        """A frame leaves a ledger."""
        case = site.store.outbox[message].case_id
        self.note_told(site, case, kind)
        self.bag.append(Letter(site.number, self.site_of(receiver).number, kind, case, frame))

    def note_told(self, site: Site, case: UUID, kind: str) -> None:
        """A decision about a case leaves its ledger."""
        if kind in DECISIONS:
            if case not in self.told:
                self.unheard.add((site.number, case))
            self.told.setdefault(case, set()).add(DECISIONS[kind])

    def forget(self, site: Site) -> None:
        """A restored ledger goes on as another incarnation: what it told before, and nobody has
        taken in, is void."""
        for one in [one for one in self.unheard if one[0] == site.number]:
            self.unheard.discard(one)
            self.told.pop(one[1], None)

    def send(self, site: Site) -> int | None:
        """The courier's round at one ledger: seals what waits, publishes what is due."""

        def round_of_mail(office: Office) -> int:
            recovery.advance(office, who=WHO)
            outbox.seal_waiting(office)
            return self._loop.run(BagRelay(self, site).send())

        return self.attempt(site, "sends", round_of_mail)

    def written(self) -> tuple[object, ...]:
        """How far every ledger's log and decisions are, and what was told."""
        far = ((len(s.store.entries), len(s.store.decisions), id(s.office)) for s in self.sites)
        return (*far, sum(len(words) for words in self.told.values()))

    def about(self, case: UUID) -> str:
        """Which child a transfer is about, for the trace."""
        found = ((site, site.case(case)) for site in self.sites)
        named = (self.child(site, case) for site, case in found if case is not None)
        return next((child for child in named if child is not None), "nobody")

    def child(self, site: Site, case: Case) -> str | None:
        """Which child a case is about, as the person there would find out."""
        known = site.child_of(case.pupil)
        if known is not None or case.their_pupil is None:
            return known
        return self.site_of(case.other).child_of(case.their_pupil)
