"""Two sessions at once, in an order that the test decides."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from time import sleep
from typing import TypeVar
from uuid import UUID

import psycopg

from ledger.batch import Batch, Handler, Line, Verdict
from ledger.database import Connection
from ledger.gradebook import MarkLine, enter_marks
from ledger.ids import uuid7
from ledger.ledger import Ledger
from ledger.plan import Done, Plan
from ledger.reader import Reader
from ledger.registration import pupil_ref
from tests import school

C = TypeVar("C")
PATIENCE = 30.0


@dataclass
class Pause:
    """Stops an append after its entries are written, the head lock held, before the commit."""

    written: Event = field(default_factory=Event)
    go_on: Event = field(default_factory=Event)

    def __call__(self, connection: Connection, first_position: int) -> None:
        del connection, first_position
        self.written.set()
        assert self.go_on.wait(PATIENCE)


@contextmanager
def sessions() -> Iterator[ThreadPoolExecutor]:
    """Two threads; each command takes a connection of its own."""
    with ThreadPoolExecutor(2) as pool:
        yield pool


def paused(handler: Handler[C], pause: Pause) -> Handler[C]:
    """The handler, stopping before its commit."""

    def decide(reader: Reader, batch: Batch, lines: Sequence[Line[C]]) -> None:
        handler(reader, batch, lines)
        batch.plan.extra.append(pause)

    return decide


def release_paused(ledger: Ledger, pupil: UUID, pause: Pause) -> Done:
    """Releases a pupil, stopping before the commit."""

    def decide(reader: Reader) -> Plan:
        reader.pupils([pupil])
        plan = Plan()
        plan.add(pupil_ref(reader, pupil), [school.released(uuid7(), uuid7())])
        plan.extra.append(pause)
        return plan

    return ledger.desk.run(decide, who=school.operator(ledger))


def enter_paused(
    ledger: Ledger, cells: Sequence[MarkLine], pause: Pause
) -> tuple[Done, list[Verdict]]:
    """Enters a sheet, stopping before the commit."""
    handler = paused(enter_marks, pause)
    return ledger.carry_out(handler, school.numbered(cells), who=school.operator(ledger))


def overtake(
    url: str, first: Callable[[Pause], object], second: Callable[[], C]
) -> tuple[object, C]:
    """Runs `first` up to its commit, lets `second` run until it waits for the head lock, then
    lets both finish; what each returned."""
    pause = Pause()
    with sessions() as pool:
        ahead = pool.submit(first, pause)
        try:
            assert pause.written.wait(PATIENCE), ahead
            behind = pool.submit(second)
            _until_somebody_waits(url, behind)
        finally:
            pause.go_on.set()
        return ahead.result(PATIENCE), behind.result(PATIENCE)


def _until_somebody_waits(url: str, running: Future[C]) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(int(PATIENCE / 0.01)):
            waiting = connection.execute(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock'"
            ).fetchone()
            if waiting != (0,):
                return
            assert not running.done(), "the second session did not wait for the first"
            sleep(0.01)
    raise AssertionError("the second session never came to the lock")
