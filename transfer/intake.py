"""The intake: what came is taken in, each delivery acknowledged once its effect is committed.

    taken in, answered or set aside      acknowledged, and the acknowledgement confirmed
    a failure that passes                put off (`nak` with a delay); at the last delivery noted
    nothing that can be read             kept among the dead, then ended (`term`)

A long check says every `PROGRESS` seconds that it goes on, so that the server does not deliver the
message a second time meanwhile.
"""

import asyncio
import contextlib
import json
import logging
import random
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeout
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError

from ledger.event import Who
from signing.trust import LedgerTrust
from transfer import assembly, dead_letter, inbox
from transfer.assembly import Place
from transfer.errors import BoxDrifted, CheckFailed, Fenced, NotYet
from transfer.inbox import Taken
from transfer.mailbox import TERMS, Box
from transfer.metrics import Metrics
from transfer.office import Office

_log = logging.getLogger("hocba.transfer")
FETCH: Final = 32
FETCH_PATIENCE: Final = 0.3
NAK_DELAY: Final = 5.0
FENCED_DELAY: Final = 600.0
"""A fence stands for hours: the deliveries that the server makes must last."""
PROGRESS: Final = 20.0
ACK_PATIENCE: Final = 5.0
TAKERS: Final = 3
"""Messages that are taken in at once: one computes while others wait for the disk."""

OnTaken = Callable[[Taken], None]


@dataclass(slots=True)
class _Open:
    """A box that is read: its subscription, bound once and kept."""

    box: Box
    subscription: JetStreamContext.PullSubscription
    wrong: list[str] = field(default_factory=list)


class Intake:
    """Reads every box of one ledger."""

    def __init__(
        self,
        client: Client,
        office: Office,
        boxes: Sequence[Box],
        *,
        who: Who,
        metrics: Metrics,
        on_taken: OnTaken | None = None,
        wake: Callable[[], None] | None = None,
    ) -> None:
        """`on_taken` is called in the taker's thread before the message is acknowledged, `wake`
        in the loop's after it: an answer may wait in the outbox."""
        self._client = client
        self._office = office
        self._boxes = boxes
        self._who = who
        self._metrics = metrics
        self._on_taken = on_taken
        self._wake = wake
        self._open: list[_Open] = []
        self._takers = ThreadPoolExecutor(TAKERS, thread_name_prefix="taker")
        self._cases: dict[str, asyncio.Lock] = {}
        self._refused: dict[UUID, None] = {}
        self._put_off_yet = 0
        self.failures: deque[Exception] = deque(maxlen=100)
        """The newest failures for which a delivery was put off."""

    async def open(self) -> None:
        """Binds to every durable and looks at how it is set."""
        for box in self._boxes:
            jetstream = self._client.jetstream(prefix=box.prefix)
            bound = await jetstream.pull_subscribe_bind(box.durable, stream=box.stream)
            self._open.append(_Open(box, bound))
        await self.look()

    async def close(self) -> None:
        """Lets go of the boxes; a message that is being taken in is finished first."""
        for each in self._open:
            with contextlib.suppress(NatsError):
                await each.subscription.unsubscribe()
        await asyncio.to_thread(self._takers.shutdown)

    async def look(self) -> list[str]:
        """Compares every durable with what it must be; those that differ are not read from now
        on. Returns what is wrong, in words."""
        for each in self._open:
            await self._look_at(each)
        return self.drifted

    @property
    def drifted(self) -> list[str]:
        """Durables that are not read, and why."""
        return [
            f"the durable {each.box.durable} of stream {each.box.stream} is not read: "
            f"{'; '.join(each.wrong)}; provision it anew"
            for each in self._open
            if each.wrong
        ]

    async def _look_at(self, each: _Open) -> None:
        lag = 0
        try:
            info = await each.subscription.consumer_info()
        except NotFoundError:
            each.wrong = ["it is not there"]
        else:
            assert info.config is not None
            each.wrong = TERMS.differences(info.config)
            lag = (info.num_pending or 0) + (info.num_ack_pending or 0)
        self._metrics.box(each.box.durable, stream=each.box.stream, lag=lag, drift=bool(each.wrong))

    async def receive(self, *, patience: float = FETCH_PATIENCE) -> list[Taken]:
        """Takes in what every sender has for us, until no box has more for `patience` seconds, or
        so much was put off that what comes now may have come before."""
        taken: list[Taken] = []
        reading = [each for each in self._open if not each.wrong]
        before = self._put_off_yet
        while reading and self._put_off_yet - before < FETCH:
            batches = await asyncio.gather(*(_fetch(each, patience) for each in reading))
            messages = [message for batch in batches for message in batch]
            taken += await self.take_all(messages)
            reading = [each for each, batch in zip(reading, batches, strict=True) if batch]
        return taken

    async def follow(self, stop: asyncio.Event, *, patience: float) -> None:
        """Reads every box until `stop` is set; the messages in hand are finished."""
        await asyncio.gather(*(self._follow_one(each, stop, patience) for each in self._open))

    async def _follow_one(self, each: _Open, stop: asyncio.Event, patience: float) -> None:
        while not stop.is_set():
            if each.wrong:
                await pause(stop, patience)
                continue
            fetching = asyncio.create_task(_fetch(each, patience))
            stopping = asyncio.create_task(stop.wait())
            try:
                await asyncio.wait({fetching, stopping}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                # Nothing is in hand: what is delivered to nobody now comes again to the next.
                stopping.cancel()
                fetching.cancel()
            if not fetching.done():
                return
            await self.take_all(fetching.result())
            self._metrics.exchanged()

    async def take_all(self, messages: Sequence[Msg]) -> list[Taken]:
        """Takes messages in, some at once, those of one case one after the other."""
        results = await asyncio.gather(
            *(self._in_turn(message) for message in messages), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return [result for result in results if isinstance(result, Taken)]

    async def _in_turn(self, message: Msg) -> Taken | None:
        name = _case_of(message)
        lock = self._cases.setdefault(name, asyncio.Lock())
        try:
            async with lock:
                return await self._take(message)
        finally:
            if not lock.locked():
                self._cases.pop(name, None)

    async def _take(self, message: Msg) -> Taken | None:
        """The message is acknowledged once its effect is committed, and not before."""
        loop = asyncio.get_running_loop()
        try:
            async with _progress(message):
                taken = await loop.run_in_executor(self._takers, self._work, message)
        except Exception as error:
            await self._put_off(message, error)
            return None
        except BaseException:
            with contextlib.suppress(NatsError):
                await message.nak(delay=NAK_DELAY)
            raise
        if taken is not None and taken.outcome == "dead":
            await message.term()
        else:
            await message.ack_sync(timeout=ACK_PATIENCE)
        if taken is not None:
            self._metrics.received(taken.kind, taken.outcome)
        if self._wake is not None:
            self._wake()
        return taken

    def _work(self, message: Msg) -> Taken | None:
        """In a taker's thread: one message, or one chunk of a large one (None: more are to
        come)."""
        tokens = message.subject.split(".")
        account = tokens[2]
        if len(tokens) == 7:
            taken = self._part(account, tokens, message.data)
        else:
            taken = inbox.take(self._office, message.data, who=self._who, account=account)
        if taken is not None and self._on_taken is not None:
            self._on_taken(taken)
        return taken

    def _part(self, account: str, tokens: Sequence[str], data: bytes) -> Taken | None:
        try:
            place = _place(self._office, account, tokens)
        except CheckFailed as failure:
            return self._dead(data, None, failure)
        try:
            if place.message in self._refused and place.number:
                raise CheckFailed(1, "malformed", "a chunk whose manifest was refused")
            frame = assembly.take_part(self._office, place, data)
        except CheckFailed as failure:
            if place.number == 0:
                self._refused[place.message] = None
                while len(self._refused) > 1000:
                    self._refused.pop(next(iter(self._refused)))
            return self._dead(data, place, failure)
        self._refused.pop(place.message, None)
        self._metrics.chunk()
        if frame is None:
            return None
        taken = inbox.take(self._office, frame, who=self._who, account=account)
        assembly.finish(self._office, place)
        return taken

    def _dead(self, data: bytes, place: Place | None, failure: CheckFailed) -> Taken:
        sender = place.sender.id if place else None
        dead_letter.keep(self._office, data, sender=sender, failure=failure)
        return Taken("part", None, "dead", failure)

    async def _put_off(self, message: Msg, error: Exception) -> None:
        """Comes again after a while. At the last delivery the server would forget it: then it is
        noted here, and the sender's next try brings it again."""
        self._put_off_yet += 1
        if not isinstance(error, NotYet):
            self.failures.append(error)
            _log.warning("a delivery was put off: %s", type(error).__name__)
            _log.debug("the delivery put off", exc_info=error)
        self._metrics.postponed()
        last = message.metadata.num_delivered >= TERMS.max_deliver
        if last:
            with contextlib.suppress(Exception):
                await asyncio.to_thread(self._note_last, message, error)
        delay = FENCED_DELAY if isinstance(error, Fenced) else NAK_DELAY
        with contextlib.suppress(NatsError):
            await message.nak(delay=delay * random.uniform(0.8, 1.2))

    def _note_last(self, message: Msg, error: Exception) -> None:
        at = message.metadata
        dead_letter.note_given_up(
            self._office,
            stream=at.stream,
            consumer=at.consumer,
            sequence=at.sequence.stream,
            kind="max_deliveries",
            deliveries=at.num_delivered,
            reason=type(error).__name__,
        )


async def _fetch(each: _Open, patience: float) -> list[Msg]:
    try:
        return await each.subscription.fetch(FETCH, timeout=patience)
    # nats-py raises the built-in TimeoutError too, now and then.
    except (NatsTimeout, TimeoutError):
        return []


@contextlib.asynccontextmanager
async def _progress(message: Msg) -> AsyncIterator[None]:
    """Tells the server every while that the message is still being worked on."""

    async def tell() -> None:
        while True:
            await asyncio.sleep(PROGRESS)
            with contextlib.suppress(NatsError):
                await message.in_progress()

    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        telling.cancel()


def _case_of(message: Msg) -> str:
    """What messages must be taken in order: those of one case, the parts of one large message."""
    tokens = message.subject.split(".")
    if len(tokens) == 7:
        return tokens[5]
    try:
        length = int.from_bytes(message.data[4:8], "big")
        return str(json.loads(message.data[8 : 8 + min(length, 4096)])["case"])
    except (ValueError, LookupError, TypeError):
        return message.subject


def _place(office: Office, account: str, tokens: Sequence[str]) -> Place:
    """Whose part it is: the server vouches for the account. Raises CheckFailed(1, 3)."""
    sender = sender_of(office, account)
    if sender is None:
        raise CheckFailed(3, "unknown_sender", "it came by an account of no ledger known here")
    try:
        return Place(sender, UUID(hex=tokens[5]), int(tokens[6]))
    except ValueError as error:
        raise CheckFailed(1, "malformed", "a part without a message id or number") from error


def sender_of(office: Office, account: str) -> LedgerTrust | None:
    """The ledger whose NATS account it is; None: none known here."""
    for bundle in office.trust.bundles():
        for known in bundle.ledgers:
            if known.nats_account == account:
                return known
    return None


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Waits so many seconds, or until `stop` is set."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


def require_sound(drifted: Sequence[str]) -> None:
    """Raises BoxDrifted where a durable is not read."""
    if drifted:
        raise BoxDrifted("; ".join(drifted))
