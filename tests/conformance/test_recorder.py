"""The event sourcing library's own test cases for recorders, and a live tail that misses nothing.

Each runs on an empty log: the schema only, without entry 0.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import IntegrityError, Notification, StoredEvent
from eventsourcing.tests import persistence as published

from ledger.database import Database, create_schema
from ledger.ids import uuid7
from ledger.recorder import HeadRowRecorder

WRITERS = 6
BATCHES = 60
BATCH = 5


@pytest.fixture
def recorder(database: str) -> Iterator[HeadRowRecorder]:
    """A recorder over an empty log."""
    ledger = uuid7()
    create_schema(database, ledger)
    opened = Database(database, size=12)
    opened.open()
    yield HeadRowRecorder(opened, ledger=ledger)
    opened.close()


class OnAnEmptyLog:
    """Hands the fixture to the library's cases, which ask for `create_recorder()`."""

    @pytest.fixture(autouse=True)
    def _take(self, recorder: HeadRowRecorder) -> None:
        self._recorder = recorder

    def create_recorder(self) -> HeadRowRecorder:
        return self._recorder


class TestApplicationRecorder(OnAnEmptyLog, published.ApplicationRecorderTestCase[HeadRowRecorder]):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestNonInterleavingNotificationIDs(
    OnAnEmptyLog, published.NonInterleavingNotificationIDsBaseCase
):
    """Two batches written at once never mix their positions."""


def stored(stream: UUID, version: int) -> StoredEvent:
    return StoredEvent(originator_id=stream, originator_version=version, topic="test", state=b"{}")


def write(recorder: HeadRowRecorder, stream: UUID) -> list[int]:
    """Batches of one stream; every third is first tried at a version that is taken."""
    written: list[int] = []
    for batch in range(BATCHES):
        first = batch * BATCH
        if batch and batch % 3 == 0:
            with pytest.raises(IntegrityError):
                recorder.insert_events([stored(stream, first), stored(stream, 0)])
        events = [stored(stream, version) for version in range(first, first + BATCH)]
        written.extend(recorder.insert_events(events) or ())
    return written


def tail_by_subscription(recorder: HeadRowRecorder, seen: list[Notification]) -> None:
    with recorder.subscribe(gt=0) as subscription:
        for notification in subscription:
            seen.append(notification)
            if len(seen) == WRITERS * BATCHES * BATCH:
                return


def tail_by_pages(recorder: HeadRowRecorder, seen: list[Notification]) -> None:
    while len(seen) < WRITERS * BATCHES * BATCH:
        start = seen[-1].id if seen else None
        seen.extend(recorder.select_notifications(start, 37, inclusive_of_start=start is None))


@pytest.mark.parametrize("tail", [tail_by_subscription, tail_by_pages])
def test_a_live_tail_under_six_writers_misses_nothing(recorder: HeadRowRecorder, tail: Any) -> None:
    streams = [uuid4() for _ in range(WRITERS)]
    seen: list[Notification] = []
    reader = Thread(target=tail, args=(recorder, seen), daemon=True)
    reader.start()
    with ThreadPoolExecutor(WRITERS) as pool:
        written = list(pool.map(lambda stream: write(recorder, stream), streams))
    reader.join(timeout=60)
    assert not reader.is_alive(), f"the tail stopped at {len(seen)} entries"
    total = WRITERS * BATCHES * BATCH
    assert [notification.id for notification in seen] == list(range(1, total + 1))
    assert sorted(id for ids in written for id in ids) == list(range(1, total + 1))
    for stream in streams:
        versions = [n.originator_version for n in seen if n.originator_id == stream]
        assert versions == list(range(BATCHES * BATCH))
