"""The desk: one command at a time is read, decided, encoded and appended in one transaction.

    read the states a decision needs   (remembering which streams, and how long the log was)
    decide                             (pure)
    encode, hash, fold the new states  (no lock held)
    claim positions under the head lock; if a stream read has grown, roll back and begin again
    insert entries, states, look-ups, outbox; commit

So a decision is always made from what is true at its position, and the lock is held for the
insert alone. After some lost races the head is locked first and the rest happens behind it.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Literal, Protocol
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from ledger import arrays, envelope
from ledger.database import Connection, Database
from ledger.errors import Conflict, Stale
from ledger.event import CATEGORIES, Event, StreamKind, Who
from ledger.folds import STATES, fold
from ledger.plan import NOTHING, Done, Draft, Plan
from ledger.pupil_year import PupilYear
from ledger.queries import queries
from ledger.reader import Ground, Reader
from ledger.recorder import Row, StreamRef, insert, name_streams
from ledger.vault import Keyring
from signing import canonical

_SQL = queries("ledger", "log.sql")
_DESK = queries("ledger", "desk.sql")
RACES_BEFORE_LOCKING = 3
_RACES = (Stale, psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected)


class Standing(Protocol):
    """Where a ledger stands; `reason` says in a sentence why it is not open."""

    @property
    def state(self) -> Literal["open", "fenced", "recovering"]:
        """Whether it may write."""
        ...

    @property
    def reason(self) -> str | None:
        """Why not."""
        ...


class Guard(Protocol):
    """Asked before every decision whether this ledger may write (`ledger.fence`)."""

    def saw(self, incarnation: int, size: int) -> None:
        """The head has grown to this size."""

    def standing(self, connection: Connection) -> Standing:
        """The full look."""

    def require_open(self, connection: Connection) -> None:
        """The full look. Raises Conflict(`fenced`) where it may not."""

    def require_no_restore(self, connection: Connection) -> None:
        """The full look before something is signed. Raises Conflict(`fenced`) where it may not."""

    def check(self, connection: Connection, incarnation: int, size: int) -> None:
        """Raises Conflict(`fenced`) where it may not."""


class Desk:
    """Carries out commands against one ledger. `fence` is set by who knows what is kept outside
    the database."""

    def __init__(self, database: Database, *, ledger: UUID, keyring: Keyring) -> None:
        """`ledger` is the author of everything appended here."""
        self._database = database
        self.ledger = ledger
        self.keyring = keyring
        self.fence: Guard | None = None

    def run(
        self,
        decide: Callable[[Reader], Plan],
        *,
        who: Who,
        command: tuple[str, dict[str, Any]] | None = None,
        recovery: bool = False,
    ) -> Done:
        """Reads, decides and appends; again, as often as it loses a race.

        `command` is (key, content): the same key and content get the first answer again.
        `recovery` is for what brings a restored ledger back: the fence does not hold it.

        Raises:
            Refused, NotFound, NotAllowed: what `decide` raises; nothing was appended.
            Conflict: `command_differs`, the key was used for another content; `fenced`.
        """
        with self._database.connection() as connection:
            for race in range(100):
                try:
                    if race < RACES_BEFORE_LOCKING:
                        return self._attempt(connection, decide, who, command, recovery)
                    with connection.transaction():
                        connection.execute(_SQL["lock_head"])
                        return self._attempt(connection, decide, who, command, recovery)
                except _RACES:
                    continue
        raise Conflict("lost_races", "too many others write the same streams; try again")

    def _attempt(
        self,
        connection: Connection,
        decide: Callable[[Reader], Plan],
        who: Who,
        command: tuple[str, dict[str, Any]] | None,
        recovery: bool,
    ) -> Done:
        answered = _answered(connection, command)
        if answered is not None:
            return answered
        reader = Reader(connection, self.keyring, self.ledger)
        if self.fence is not None and not recovery:
            self.fence.check(connection, reader.incarnation, reader.size)
        plan = decide(reader)
        if not (plan.drafts or plan.outgoing or plan.extra or command):
            if plan.lines or plan.lookups:
                with connection.transaction():
                    _write_plain(connection, plan)
            return NOTHING
        done = self._append(connection, reader, plan, who, command)
        if self.fence is not None and not recovery and done.last_position is not None:
            self.fence.saw(reader.incarnation, done.last_position + 1)
        return done

    def _append(
        self,
        connection: Connection,
        reader: Reader,
        plan: Plan,
        who: Who,
        command: tuple[str, dict[str, Any]] | None,
    ) -> Done:
        refs = _streams(plan.drafts)
        grounds = reader.grounds
        numbers = {id: known.number for id, known in grounds.items() if known.number is not None}
        numbers |= name_streams(connection, [r for id, r in refs.items() if id not in numbers])
        persons = {
            d.stream.person for d in plan.drafts if d.copied is None and _is_personal(d.event)
        }
        committed = False
        try:
            self.keyring.load(connection, (p for p in persons if p is not None))
            before = {id: (known.state, known.version) for id, known in grounds.items()}
            rows = self._rows(plan.drafts, numbers, grounds, who)
            with connection.transaction():
                depends = [numbers[id] for id in grounds if id in numbers]
                done = NOTHING
                if rows:
                    claimed = insert(connection, rows, read_at=reader.size, depends=depends)
                    last = claimed.position + len(rows) - 1
                    done = Done(claimed.position, last, claimed.recorded_at, len(rows))
                    self.keyring.store_pending(connection)
                    _write_states(connection, refs, numbers, before, grounds)
                _write_outbox(connection, plan, done.first_position or reader.size)
                _write_plain(connection, plan)
                for write in plan.extra:
                    write(connection, done.first_position or 0)
                _remember(connection, command, done)
            committed = True
        finally:
            self.keyring.settle(committed=committed)
        return done

    def _rows(
        self,
        drafts: Sequence[Draft],
        numbers: Mapping[UUID, int],
        grounds: Mapping[UUID, Ground],
        who: Who,
    ) -> list[Row]:
        """Encodes drafts, and folds those of each stream into the state that it will have."""
        rows: list[Row] = []
        # A run of drafts is of one stream, whose id is looked for once.
        for stream, run in groupby(drafts, key=attrgetter("stream")):
            ground, number = grounds[stream.id], numbers[stream.id]
            told: list[tuple[Event, int]] = []
            for draft in run:
                ground.version += 1
                told.append((draft.event, ground.version))
                rows.append(self._row(draft, number, ground.version, who))
            ground.state = fold(stream.kind, ground.state, told)
        return rows

    def _row(self, draft: Draft, number: int, version: int, who: Who) -> Row:
        if draft.copied is not None:
            copy = draft.copied
            if copy.version != version:
                raise Stale
            return Row(
                number,
                version,
                draft.event.TOPIC,
                copy.entry_hash,
                copy.body,
                (copy.position, copy.recorded_at),
            )
        prepared = envelope.encode(
            draft.event,
            author=self.ledger,
            stream=draft.stream.id,
            who=draft.who or who,
            person=draft.stream.person,
            keys=self.keyring,
        )
        return Row(number, version, draft.event.TOPIC, prepared.entry_hash, prepared.body)


def _streams(drafts: Iterable[Draft]) -> dict[UUID, StreamRef]:
    return {stream.id: stream for stream, _ in groupby(drafts, key=attrgetter("stream"))}


def _is_personal(event: Event) -> bool:
    fields = type(event).model_fields
    return any(
        category in fields and getattr(event, category) is not None for category in CATEGORIES
    )


def _answered(connection: Connection, command: tuple[str, dict[str, Any]] | None) -> Done | None:
    if command is None:
        return None
    row = connection.execute(_SQL["get_command"], {"key": command[0]}).fetchone()
    if row is None:
        return None
    digest, answer = row
    if digest != _digest(command):
        raise Conflict(
            "command_differs",
            f"command {command[0]} was carried out before with another content",
        )
    instant = answer["recorded_at"]
    return Done(
        answer["first_position"],
        answer["last_position"],
        datetime.fromisoformat(instant) if instant else None,
        answer["appended"],
    )


def _remember(
    connection: Connection, command: tuple[str, dict[str, Any]] | None, done: Done
) -> None:
    if command is None:
        return
    answer = {
        "first_position": done.first_position,
        "last_position": done.last_position,
        "recorded_at": done.recorded_at.isoformat() if done.recorded_at else None,
        "appended": done.appended,
    }
    connection.execute(
        _SQL["put_command"],
        {"key": command[0], "digest": _digest(command), "answer": Jsonb(answer)},
    )


def _digest(command: tuple[str, dict[str, Any]]) -> bytes:
    return hashlib.sha256(canonical.dumps(command[1])).digest()


def _write_states(
    connection: Connection,
    refs: dict[UUID, StreamRef],
    numbers: dict[UUID, int],
    before: dict[UUID, tuple[Any, int]],
    grounds: dict[UUID, Ground],
) -> None:
    """The new current states; of a pupil-year only the slots that changed, and the rest only
    where it did. Raises Stale where another version has folded all states anew meanwhile: it
    holds the head lock for that, so it is over, and the next attempt is refused."""
    streams: list[int] = []
    bodies: list[str] = []
    slots: list[tuple[int, str, int, str, str]] = []
    for id, ref in refs.items():
        old, new = before[id][0], grounds[id].state
        if new is None:
            continue
        if ref.kind is StreamKind.PUPIL_YEAR:
            known = old.slots if old is not None else {}
            slots.extend(
                (numbers[id], *key, slot.model_dump_json())
                for key, slot in new.slots.items()
                if known.get(key) is not slot
            )
            if old is not None and _same_head(old, new):
                continue
            new = new.model_copy(update={"slots": {}})
        elif old == new:
            continue
        streams.append(numbers[id])
        bodies.append(new.model_dump_json())
    if streams:
        named = {
            "streams": arrays.numbers(streams),
            "bodies": arrays.texts(bodies),
            **STATES._asdict(),
        }
        if connection.execute(_SQL["put_states"], named).rowcount != len(streams):
            raise Stale
    if slots:
        numbers_, subjects, semesters, names, slot_bodies = zip(*slots, strict=True)
        written = connection.execute(
            _SQL["put_slots"],
            {
                "streams": arrays.numbers(numbers_),
                "subjects": arrays.texts(subjects),
                "semesters": arrays.numbers(semesters),
                "slots": arrays.texts(names),
                "bodies": arrays.texts(slot_bodies),
                **STATES._asdict(),
            },
        )
        if written.rowcount != len(slots):
            raise Stale


def _same_head(old: PupilYear, new: PupilYear) -> bool:
    """Whether nothing but slots differs; what a mark leaves alone is the very same object."""
    return vars(old) | {"slots": None} == vars(new) | {"slots": None}


def _write_plain(connection: Connection, plan: Plan) -> None:
    if plan.lines:
        connection.execute(_SQL["put_lines"], {"digests": plan.lines})
    if plan.lookups:
        kinds, tokens, persons = zip(*plan.lookups, strict=True)
        connection.execute(
            _SQL["put_lookups"],
            {"kinds": list(kinds), "tokens": list(tokens), "persons": list(persons)},
        )


def _write_outbox(connection: Connection, plan: Plan, first: int) -> None:
    for message in plan.outgoing:
        connection.execute(
            _DESK["put_outgoing"],
            {
                "message": message.message,
                "case": message.case,
                "receiver": message.receiver,
                "kind": message.kind,
                "issue": message.issue,
                "position": first + message.after,
                "content": Jsonb(message.content),
            },
        )
