"""Messages above 900 KiB: chunks in an atomic batch, stored one by one, read once complete."""

import base64
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from nats.aio.client import Client

from ledger.ids import uuid7
from services.embedded import Servers
from tests.integration.transfer.conftest import Provinces, Side, open_sides
from tests.integration.transfer.settled import require_settled
from tests.integration.transfer.story import ask, at_origin, at_receiver, let_go, rows, take_in
from tests.integration.transfer.test_kill_points import Killed, Trap
from transfer import assembly, chunks, inbox, intake, outbox, relay
from transfer.assembly import Place
from transfer.build import build_dossier
from transfer.errors import CheckFailed, NotYet

MEGABYTES = 1024 * 1024


@pytest.fixture
def heavy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dossiers of some ten megabytes: a place kept for later is filled with noise."""
    pad(monkeypatch, 10 * MEGABYTES)


def pad(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    build = build_dossier
    noise = base64.b64encode(os.urandom(size)).decode()

    def padded(*args: Any, **kwargs: Any) -> dict[str, Any]:
        payload = build(*args, **kwargs)
        return {**payload, "ext": {**payload["ext"], "noise": noise}}

    monkeypatch.setattr(outbox, "build_dossier", padded)


def released(provinces: Provinces) -> tuple[UUID, UUID, UUID]:
    """(leaver, arrival, case): released at the origin, not sent."""
    leaver, arrival = at_origin(provinces.origin), at_receiver(provinces.receiver)
    case = ask(provinces.receiver, arrival, provinces.origin)
    provinces.receiver.exchange()
    provinces.origin.exchange()
    let_go(provinces.origin, case, leaver)
    return leaver, arrival, case


def count(side: Side, table: str) -> int:
    (found,) = rows(side, f"SELECT count(*)::int FROM ledger.{table}")[0]
    assert isinstance(found, int)
    return found


@pytest.mark.usefixtures("heavy")
def test_ten_megabytes_arrive_whole_and_leave_no_chunk(provinces: Provinces) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = released(provinces)
    origin.exchange()
    (frame,) = rows(origin, "SELECT length(sealed) FROM ledger.outbox WHERE kind = 'dossier'")[0]
    assert isinstance(frame, int)
    assert frame > 10 * MEGABYTES
    taken = receiver.exchange()
    assert [(t.kind, t.outcome) for t in taken] == [("dossier", "done")]
    assert count(receiver, "inbox_chunk") == 0
    assert rows(receiver, "SELECT state FROM ledger.inbox_batch") == [("whole",)]
    take_in(receiver, case, arrival)
    receiver.exchange()
    origin.exchange()
    require_settled(origin, receiver, case, leaver=leaver, arrival=arrival)


@pytest.mark.usefixtures("heavy")
def test_a_batch_abandoned_in_the_middle_leaves_nothing(
    provinces: Provinces, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    released(provinces)
    with monkeypatch.context() as patch:
        Trap(patch, Client, "request", "after", 12)
        with pytest.raises(Killed):
            origin.exchange()
    assert receiver.exchange() == []
    assert (count(receiver, "inbox_batch"), count(receiver, "inbox_chunk")) == (0, 0)
    origin.exchange()
    assert [t.outcome for t in receiver.exchange()] == ["done"]


KILLED = [
    (assembly, "take_part", "before", 7),
    (assembly, "take_part", "after", 7),
    (inbox, "take", "after", 1),
    (assembly, "finish", "before", 1),
    (assembly, "finish", "after", 1),
]


@pytest.mark.parametrize(("owner", "name", "when", "nth"), KILLED)
def test_a_receiver_killed_in_the_middle_goes_on_where_it_was(
    provinces: Provinces,
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    name: str,
    when: str,
    nth: int,
) -> None:
    pad(monkeypatch, 2 * MEGABYTES)
    monkeypatch.setattr(intake, "NAK_DELAY", 0.1)
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = released(provinces)
    origin.exchange()
    with monkeypatch.context() as patch:
        Trap(patch, owner, name, when, nth)
        with pytest.raises(Killed):
            receiver.exchange()
    for _ in range(50):
        receiver.exchange()
        if rows(receiver, "SELECT state FROM ledger.inbox_batch") == [("whole",)]:
            break
    assert count(receiver, "inbox_chunk") == 0
    take_in(receiver, case, arrival)
    receiver.exchange()
    origin.exchange()
    require_settled(origin, receiver, case, leaver=leaver, arrival=arrival)


def test_a_whole_batch_that_comes_again_is_answered_again(
    provinces: Provinces, monkeypatch: pytest.MonkeyPatch
) -> None:
    pad(monkeypatch, MEGABYTES)
    origin, receiver = provinces.origin, provinces.receiver
    released(provinces)
    origin.exchange()
    receiver.exchange()
    with origin.office.ledger.database.connection() as connection:
        connection.execute("UPDATE ledger.outbox SET next_at = now() WHERE kind = 'dossier'")
    origin.exchange()
    assert [(t.kind, t.outcome) for t in receiver.exchange()] == [("dossier", "repeated")]
    assert count(receiver, "inbox_chunk") == 0


def test_a_message_above_the_limit_fails_with_its_reason(
    provinces: Provinces, monkeypatch: pytest.MonkeyPatch
) -> None:
    released(provinces)
    monkeypatch.setattr(outbox, "MAX_FRAME", 5000)
    provinces.origin.exchange()
    told = rows(provinces.origin, "SELECT reason FROM ledger.outbox WHERE state = 'failed'")
    assert len(told) == 1
    assert "too_large" in str(told[0][0])


@pytest.fixture(scope="module")
def standing(transfer_servers: Servers) -> Iterator[Provinces]:
    """Two provinces for all that needs no fresh ones."""
    with open_sides(transfer_servers, "31", "22") as (home, (origin, receiver)):
        yield Provinces(home, origin, receiver)


class Parts:
    """A frame in parts, from the origin to the receiver."""

    def __init__(self, provinces: Provinces, *, signer: Side | None = None) -> None:
        self.office = provinces.receiver.office
        self.message = uuid7()
        self.frame = os.urandom(600 * 1024)
        sender = provinces.origin.office
        self.trusted = self.office.trust.by_id(sender.ledger.id)
        self.batch = chunks.split(
            signer.office if signer else sender, self.message, self.office.ledger.id, self.frame
        )

    def stored(self, what: str) -> int:
        """How many rows of our message there are."""
        with self.office.ledger.database.connection() as connection:
            query = f"SELECT FROM ledger.inbox_{what} WHERE message = %s"
            return connection.execute(query.encode(), (self.message,)).rowcount

    def give(self, number: int, data: bytes | None = None, message: UUID | None = None) -> Any:
        part = self.batch.chunks[number - 1] if number else self.batch.manifest
        place = Place(self.trusted, message or self.message, number)
        return assembly.take_part(self.office, place, part if data is None else data)


def test_the_frame_is_there_once_every_chunk_is_and_not_before(standing: Provinces) -> None:
    parts = Parts(standing)
    assert [parts.give(number) for number in (0, 3, 1, 3, 0)] == [None] * 5
    assert parts.give(2) == parts.frame


def test_a_chunk_that_was_altered_or_is_not_listed_is_refused(standing: Provinces) -> None:
    parts = Parts(standing)
    parts.give(0)
    altered = bytes([parts.batch.chunks[0][0] ^ 1]) + parts.batch.chunks[0][1:]
    for number, data in ((1, altered), (1, parts.batch.chunks[1]), (2, b""), (4, b"more")):
        with pytest.raises(CheckFailed) as refused:
            parts.give(number, data) if number < 4 else assembly.take_part(
                parts.office, Place(parts.trusted, parts.message, number), data
            )
        assert (refused.value.step, refused.value.code) == (1, "malformed")
    assert parts.stored("chunk") == 0


def test_a_manifest_that_the_sender_did_not_seal_is_refused(standing: Provinces) -> None:
    forged = Parts(standing, signer=standing.receiver)
    with pytest.raises(CheckFailed) as refused:
        forged.give(0)
    assert refused.value.code == "unknown_sender"
    parts = Parts(standing)
    signature = parts.batch.manifest.replace(b'"signature":"', b'"signature":"A', 1)
    with pytest.raises(CheckFailed) as altered:
        parts.give(0, signature)
    assert altered.value.code in {"malformed", "bad_signature"}
    with pytest.raises(CheckFailed) as moved:
        parts.give(0, message=uuid7())
    assert moved.value.code == "unknown_sender"
    assert forged.stored("batch") + parts.stored("batch") == 0


def test_a_second_manifest_of_a_message_cannot_say_something_else(standing: Provinces) -> None:
    parts, other = Parts(standing), Parts(standing)
    parts.give(0)
    second = chunks.split(
        standing.origin.office, parts.message, parts.office.ledger.id, other.frame
    )
    with pytest.raises(CheckFailed) as refused:
        parts.give(0, second.manifest)
    assert refused.value.code == "equivocation"


def test_so_many_unfinished_batches_may_a_sender_have_and_they_expire(
    standing: Provinces,
) -> None:
    office = standing.receiver.office
    later = datetime.now(UTC) + assembly.EXPIRES + timedelta(minutes=1)
    assembly.expire(office, now=later)
    begun = [Parts(standing) for _ in range(assembly.MOST_OPEN)]
    for parts in begun:
        parts.give(0)
        parts.give(1)
    late = Parts(standing)
    with pytest.raises(NotYet):
        late.give(0)
    with pytest.raises(NotYet):
        late.give(1)
    assert assembly.expire(office) == 0
    assert assembly.expire(office, now=later) == assembly.MOST_OPEN
    assert {parts.stored(what) for parts in begun for what in ("batch", "chunk")} == {0}
    assert late.give(0) is None


def test_what_goes_in_one_message_is_not_cut(provinces: Provinces) -> None:
    assert relay.MAX_MESSAGE == 900 * 1024
    released(provinces)
    provinces.origin.exchange()
    assert [t.outcome for t in provinces.receiver.exchange()] == ["done"]
    assert count(provinces.receiver, "inbox_batch") == 0
