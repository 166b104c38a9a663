"""A process that dies between any two steps: repeated, nothing is lost and nothing done twice."""

import inspect
import time
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

import pytest
from nats.aio.msg import Msg

import ledger.desk as desk
from services.embedded import Servers
from tests.integration.transfer.conftest import Provinces, Side
from tests.integration.transfer.settled import require_quiet, require_readable, require_settled
from tests.integration.transfer.story import (
    ask,
    at_origin,
    at_receiver,
    case_of,
    cases,
    let_go,
    post,
    sealed,
    take_in,
)
from transfer import acceptance, build, inbox, intake, message, outbox, relay
from transfer.relay import Relay

T = TypeVar("T")


class Killed(BaseException):
    """The process ended here."""


class Trap:
    """Lets the process die at the nth call of a function, before or after it did its work."""

    def __init__(
        self, patch: pytest.MonkeyPatch, owner: Any, name: str, when: str, nth: int
    ) -> None:
        self._nth = nth
        self._when = when
        self.calls = 0
        original = getattr(owner, name)
        patch.setattr(owner, name, self._wrapped(original))

    @property
    def sprung(self) -> bool:
        return self.calls >= self._nth

    def _wrapped(self, original: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(original):

            async def wrapped(*args: Any, **kwargs: Any) -> Any:
                dies = self._counted()
                if dies and self._when == "before":
                    raise Killed
                result = await original(*args, **kwargs)
                if dies:
                    raise Killed
                return result

            return wrapped

        def plain(*args: Any, **kwargs: Any) -> Any:
            dies = self._counted()
            if dies and self._when == "before":
                raise Killed
            result = original(*args, **kwargs)
            if dies:
                raise Killed
            return result

        return plain

    def _counted(self) -> bool:
        self.calls += 1
        return self.calls == self._nth


def surviving(step: Callable[[], T]) -> T:
    """The step, and once more where the process died in it."""
    try:
        return step()
    except Killed:
        return step()


POINTS: list[tuple[str, Any, str, str, int]] = [
    ("before the entries of a decision are inserted", desk, "insert", "before", 5),
    ("entries inserted, not committed", desk, "insert", "after", 5),
    ("outbox written, not committed", desk, "_write_outbox", "after", 5),
    ("all written, not committed", desk, "_remember", "after", 5),
    ("committed, nobody told", desk.Desk, "run", "after", 5),
    ("the message read, nothing stored", inbox, "take", "before", 3),
    ("the message stored, not acknowledged", inbox, "take", "after", 3),
    ("before the sealing", message, "write", "before", 3),
    ("sealed, not stored", message, "write", "after", 3),
    ("sealed and stored, not sent", outbox, "seal_waiting", "after", 3),
    ("before the proof of the release", build, "inclusion_of", "before", 1),
    ("the checkpoint made, the dossier not sealed", build, "inclusion_of", "after", 1),
    ("the dossier checked, not noted", inbox, "note_dossier", "before", 1),
    ("keys and names taken in, not committed", acceptance, "_take_in", "after", 1),
]
# On the real servers the last time each is passed; the simulation tries every statement.
CASES = [
    pytest.param(owner, name, when, times, id=f"{what}, {times}")
    for what, owner, name, when, times in POINTS
]


@pytest.mark.parametrize(("owner", "name", "when", "nth"), CASES)
def test_killed_in_the_ledgers(
    provinces: Provinces,
    transfer_servers: Servers,
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    name: str,
    when: str,
    nth: int,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival = at_origin(origin), at_receiver(receiver)
    with monkeypatch.context() as patch:
        trap = Trap(patch, owner, name, when, nth)
        case = surviving(lambda: ask(receiver, arrival, origin))
        tell(receiver, origin, case, "request")
        surviving(lambda: let_go(origin, case, leaver))
        tell(origin, receiver, case, "dossier")
        surviving(lambda: take_in_once(receiver, case, arrival))
        tell(receiver, origin, case, "receipt")
        tell(receiver, origin, case, "accept")
        assert trap.sprung, "the story passes this point less often"
    require_settled(origin, receiver, case, leaver=leaver, arrival=arrival)
    url = receiver.ledgers.url(transfer_servers, receiver.profile)
    require_readable(receiver, arrival, url)


def tell(sender: Side, receiver: Side, case: UUID, kind: str) -> None:
    frame = surviving(lambda: sealed(sender, case, kind))
    surviving(lambda: post(receiver, frame))


def take_in_once(side: Side, case: UUID, pupil: UUID) -> None:
    """As a person does: look how the case stands, then accept."""
    if case_of(side, case).state != "accepted":
        take_in(side, case, pupil)


COURIER_POINTS: list[tuple[str, Any, str, str, int]] = [
    ("before publishing", Relay, "_publish", "before", 4),
    ("published, not marked as sent", Relay, "_publish", "after", 4),
    ("stored, not acknowledged", Msg, "ack_sync", "before", 3),
    ("acknowledged", Msg, "ack_sync", "after", 3),
    ("taken, the effect committed", inbox, "take", "after", 3),
    ("taken, nothing done", inbox, "take", "before", 3),
]
COURIER_CASES = [
    pytest.param(owner, name, when, times, id=f"{what}, {times}")
    for what, owner, name, when, times in COURIER_POINTS
]


@pytest.mark.parametrize(("owner", "name", "when", "nth"), COURIER_CASES)
def test_killed_in_the_courier(
    provinces: Provinces,
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    name: str,
    when: str,
    nth: int,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival = at_origin(origin), at_receiver(receiver)
    monkeypatch.setattr(intake, "NAK_DELAY", 0.1)
    monkeypatch.setattr(relay, "RESEND_FIRST", 1.0)
    with monkeypatch.context() as patch:
        trap = Trap(patch, owner, name, when, nth)
        case = ask(receiver, arrival, origin)
        until(provinces, lambda: case_of_any(origin, case) == "requested")
        let_go(origin, case, leaver)
        until(provinces, lambda: case_of_any(receiver, case) == "received")
        take_in(receiver, case, arrival)
        until(
            provinces,
            lambda: case_of(origin, case).receipt and case_of_any(origin, case) == "accepted",
        )
        assert trap.sprung, "the story passes this point less often"
    surviving(origin.exchange)
    surviving(receiver.exchange)
    require_settled(origin, receiver, case, leaver=leaver, arrival=arrival)
    require_quiet(origin)
    require_quiet(receiver)


def case_of_any(side: Side, case: UUID) -> str | None:
    return next((found.state for found in cases(side) if found.id == case), None)


def until(provinces: Provinces, reached: Callable[[], bool]) -> None:
    """Both couriers go on, dying and starting again, until it is so."""
    deadline = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < deadline, "the couriers never got there"
        for side in (provinces.receiver, provinces.origin):
            surviving(side.exchange)
