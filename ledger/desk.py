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
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from ledger import envelope, ids
from ledger.case import Case
from ledger.database import Connection, Database
from ledger.errors import Conflict, Stale
from ledger.event import CATEGORIES, Event, Frozen, StreamKind, Who
from ledger.folds import FOLDS, evolve
from ledger.pupil import Pupil
from ledger.pupil_year import PupilYear, Slot, SlotKey
from ledger.queries import queries
from ledger.recorder import Row, StreamRef, insert, name_streams
from ledger.school_class import SchoolClass
from ledger.staff import Account, Staff
from ledger.unit import Unit
from ledger.vault import Keyring
from ledger.year_record import Contribution, in_custody_order
from signing import canonical

_SQL = queries("ledger", "log.sql")
_DESK = queries("ledger", "desk.sql")
RACES_BEFORE_LOCKING = 3
_RACES = (Stale, psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected)

S = TypeVar("S", bound=Frozen)


@dataclass(frozen=True, slots=True)
class Copied:
    """A verbatim entry of another ledger: its bytes, hash, version and place in its own log."""

    version: int
    body: bytes
    entry_hash: bytes
    position: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """An event to be appended to a stream; `copied` where it is another ledger's, verbatim."""

    stream: StreamRef
    event: Event
    copied: Copied | None = None
    who: Who | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to be sealed and sent once the draft at `after` is on record."""

    message: UUID
    case: UUID
    receiver: UUID
    kind: str
    issue: int
    content: dict[str, Any]
    after: int = 0


@dataclass(slots=True)
class Plan:
    """What a decision wants done, all or nothing."""

    drafts: list[Draft] = field(default_factory=list)
    lines: list[UUID] = field(default_factory=list)
    lookups: list[tuple[str, UUID, UUID]] = field(default_factory=list)
    outgoing: list[Outgoing] = field(default_factory=list)
    extra: list[Callable[[Connection, int], None]] = field(default_factory=list)
    """Further writes inside the transaction; called with the first position."""

    def add(self, stream: StreamRef, events: Iterable[Event]) -> None:
        """Adds drafts of `events` to `stream`."""
        self.drafts.extend(Draft(stream, event) for event in events)


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a command: the positions it was given (None where nothing was new)."""

    first_position: int | None
    last_position: int | None
    recorded_at: datetime | None
    appended: int


NOTHING = Done(None, None, None, 0)


@dataclass(slots=True)
class _Loaded:
    number: int | None
    state: Any
    version: int


class Reader:
    """The states a decision is made from. Everything read is remembered as its ground."""

    def __init__(self, connection: Connection, keyring: Keyring, ledger: UUID) -> None:
        """Notes how long the log is now; what is read later is at least as new."""
        self.connection = connection
        self.keyring = keyring
        self.ledger = ledger
        row = connection.execute(_SQL["head"]).fetchone()
        assert row is not None
        self.size: int = row[2]
        self.incarnation: int = row[1]
        self._loaded: dict[UUID, _Loaded] = {}

    def _load(self, ids_: Iterable[UUID], kind: StreamKind) -> dict[UUID, Any]:
        wanted = list(dict.fromkeys(ids_))
        missing = [id for id in wanted if id not in self._loaded]
        if missing:
            model = FOLDS[kind][0]
            for id in missing:
                self._loaded[id] = _Loaded(None, None, 0)
            rows = self.connection.execute(_SQL["states"], {"ids": missing}).fetchall()
            for id, number, body, version in rows:
                state = model.model_validate_json(body) if body is not None else None
                self._loaded[id] = _Loaded(number, state, version)
        return {id: self._loaded[id].state for id in wanted}

    def pupils(self, pupils: Iterable[UUID]) -> dict[UUID, Pupil | None]:
        """Pupils by id."""
        return self._load(pupils, StreamKind.PUPIL)

    def classes(self, codes: Iterable[str]) -> dict[str, SchoolClass | None]:
        """Classes by code."""
        return self._by_code(codes, ids.class_stream, StreamKind.CLASS)

    def units(self, codes: Iterable[str]) -> dict[str, Unit | None]:
        """Units by code."""
        return self._by_code(codes, ids.unit_stream, StreamKind.UNIT)

    def staff(self, codes: Iterable[str]) -> dict[str, Staff | None]:
        """Staff by code."""
        return self._by_code(codes, ids.staff_stream, StreamKind.STAFF)

    def accounts(self, names: Iterable[str]) -> dict[str, Account | None]:
        """Accounts by name."""
        return self._by_code(names, ids.account_stream, StreamKind.ACCOUNT)

    def case(self, case: UUID) -> Case | None:
        """A transfer as this ledger sees it."""
        stream = ids.case_stream(self.ledger, case)
        state: Case | None = self._load([stream], StreamKind.CASE)[stream]
        return state

    def years(
        self, years: Iterable[tuple[UUID, str]], *, columns: Collection[SlotKey] | None = None
    ) -> dict[tuple[UUID, str], PupilYear | None]:
        """This ledger's pupil-years by (pupil, school year), with at least the slots that
        `columns` name (None: all)."""
        streams = {key: ids.year_stream(self.ledger, *key) for key in years}
        states = self._load(streams.values(), StreamKind.PUPIL_YEAR)
        slots = self._slots([s for s, year in states.items() if year is not None], columns)
        for stream, filled in slots.items():
            loaded = self._loaded[stream]
            merged = {**loaded.state.slots, **filled}
            loaded.state = loaded.state.model_copy(update={"slots": merged})
        return {key: self._loaded[stream].state for key, stream in streams.items()}

    def contributions(self, pupil: Pupil, school_year: str) -> list[Contribution]:
        """What every ledger wrote of one year of `pupil`, in the order of custody."""
        persons = [pupil.id, *(link.pupil for link in pupil.links)]
        rows = self.connection.execute(
            _SQL["year_streams"], {"persons": persons, "year": school_year}
        ).fetchall()
        streams: dict[UUID, UUID] = dict(rows)
        states = self._load(streams, StreamKind.PUPIL_YEAR)
        slots = self._slots([s for s, year in states.items() if year is not None], None)
        found = [
            Contribution(
                ledger=streams[stream],
                year=year.model_copy(update={"slots": slots.get(stream, {})}),
                covered=pupil.hops(stream),
                current=len(pupil.coverings),
            )
            for stream, year in states.items()
            if year is not None
        ]
        return in_custody_order(found)

    def find(self, numbers: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[UUID]]:
        """Who bears these identifiers: (kind, normalised value) to persons."""
        tokens = {(kind, value): self.keyring.token(kind, value) for kind, value in numbers}
        found: dict[tuple[str, str], list[UUID]] = {key: [] for key in tokens}
        if not tokens:
            return found
        rows = self.connection.execute(
            _SQL["find_persons"],
            {"kinds": [kind for kind, _ in tokens], "tokens": list(tokens.values())},
        ).fetchall()
        persons: dict[tuple[str, UUID], list[UUID]] = {}
        for kind, token, person in rows:
            persons.setdefault((kind, token), []).append(person)
        for key, token in tokens.items():
            found[key] = persons.get((key[0], token), [])
        return found

    def lines_known(self, digests: Sequence[UUID]) -> set[UUID]:
        """Which of these lines of files were recorded before."""
        rows = self.connection.execute(_SQL["lines_known"], {"digests": list(digests)}).fetchall()
        return {row[0] for row in rows}

    def ref(
        self,
        stream: UUID,
        kind: StreamKind,
        *,
        person: UUID | None = None,
        school_year: str | None = None,
    ) -> StreamRef:
        """A stream of this ledger, to be written; it becomes a ground of the decision."""
        self._load([stream], kind) if kind in FOLDS else None
        return StreamRef(stream, kind, self.ledger, person, school_year)

    def track(self, stream: StreamRef) -> int:
        """Any stream to be written, another ledger's too; returns its last version here."""
        self._load([stream.id], stream.kind)
        return self._loaded[stream.id].version

    def begin(self, stream: StreamRef) -> StreamRef:
        """A stream that is certainly new (its id was minted just now): nothing to read."""
        self._loaded[stream.id] = _Loaded(None, None, 0)
        return stream

    def _by_code(
        self, codes: Iterable[str], stream: Callable[[UUID, str], UUID], kind: StreamKind
    ) -> dict[str, Any]:
        streams = {code: stream(self.ledger, code) for code in codes}
        states = self._load(streams.values(), kind)
        return {code: states[id] for code, id in streams.items()}

    def _slots(
        self, streams: Sequence[UUID], columns: Collection[SlotKey] | None
    ) -> dict[UUID, dict[SlotKey, Slot]]:
        filled: dict[UUID, dict[SlotKey, Slot]] = {}
        if not streams or (columns is not None and not columns):
            return filled
        query, named = "slots", {"ids": list(streams)}
        if columns:
            # In a mixed batch every combination of what is named is read: more, never less.
            query = "slots_of_columns"
            parts = zip(("subjects", "semesters", "slots"), zip(*columns, strict=True), strict=True)
            named |= {name: sorted(set(values)) for name, values in parts}
        rows = self.connection.execute(_SQL[query], named).fetchall()
        for stream, subject, semester, slot, body in rows:
            key = (subject, semester, slot)
            filled.setdefault(stream, {})[key] = Slot.model_validate_json(body)
        return filled


class Desk:
    """Carries out commands against one ledger."""

    def __init__(self, database: Database, *, ledger: UUID, keyring: Keyring) -> None:
        """`ledger` is the author of everything appended here."""
        self._database = database
        self.ledger = ledger
        self.keyring = keyring

    def run(
        self,
        decide: Callable[[Reader], Plan],
        *,
        who: Who,
        command: tuple[str, dict[str, Any]] | None = None,
    ) -> Done:
        """Reads, decides and appends; again, as often as it loses a race.

        `command` is (key, content): the same key and content get the first answer again.

        Raises:
            Refused, NotFound, NotAllowed: what `decide` raises; nothing was appended.
            Conflict: `command_differs`, the key was used for another content.
        """
        with self._database.connection() as connection:
            for race in range(100):
                try:
                    if race < RACES_BEFORE_LOCKING:
                        return self._attempt(connection, decide, who, command)
                    with connection.transaction():
                        connection.execute(_SQL["lock_head"])
                        return self._attempt(connection, decide, who, command)
                except _RACES:
                    continue
        raise Conflict("lost_races", "too many others write the same streams; try again")

    def _attempt(
        self,
        connection: Connection,
        decide: Callable[[Reader], Plan],
        who: Who,
        command: tuple[str, dict[str, Any]] | None,
    ) -> Done:
        answered = _answered(connection, command)
        if answered is not None:
            return answered
        reader = Reader(connection, self.keyring, self.ledger)
        plan = decide(reader)
        if not (plan.drafts or plan.outgoing or plan.extra or command):
            if plan.lines or plan.lookups:
                with connection.transaction():
                    _write_plain(connection, plan)
            return NOTHING
        return self._append(connection, reader, plan, who, command)

    def _append(
        self,
        connection: Connection,
        reader: Reader,
        plan: Plan,
        who: Who,
        command: tuple[str, dict[str, Any]] | None,
    ) -> Done:
        refs = {draft.stream.id: draft.stream for draft in plan.drafts}
        grounds = reader._loaded
        numbers = {id: known.number for id, known in grounds.items() if known.number is not None}
        numbers |= name_streams(connection, [r for id, r in refs.items() if id not in numbers])
        persons = {d.stream.person for d in plan.drafts if _is_personal(d.event)}
        committed = False
        try:
            self.keyring.load(connection, (p for p in persons if p is not None))
            before = {id: (known.state, known.version) for id, known in grounds.items()}
            rows = [
                self._row(draft, numbers, grounds[draft.stream.id], who) for draft in plan.drafts
            ]
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

    def _row(self, draft: Draft, numbers: dict[UUID, int], ground: _Loaded, who: Who) -> Row:
        """Encodes a draft and folds it into the state its stream will have."""
        ground.version += 1
        kind = draft.stream.kind
        ground.state = evolve(kind, ground.state, draft.event, ground.version)
        number = numbers[draft.stream.id]
        if draft.copied is not None:
            copy = draft.copied
            if copy.version != ground.version:
                raise Stale
            return Row(
                number,
                copy.version,
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
        return Row(number, ground.version, draft.event.TOPIC, prepared.entry_hash, prepared.body)


def _is_personal(event: Event) -> bool:
    return any(getattr(event, category, None) is not None for category in CATEGORIES)


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
    grounds: dict[UUID, _Loaded],
) -> None:
    """The new current states; of a pupil-year only the slots that changed, and the rest only
    where it did."""
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
        connection.execute(_SQL["put_states"], {"streams": streams, "bodies": bodies})
    if slots:
        numbers_, subjects, semesters, names, slot_bodies = zip(*slots, strict=True)
        connection.execute(
            _SQL["put_slots"],
            {
                "streams": list(numbers_),
                "subjects": list(subjects),
                "semesters": list(semesters),
                "slots": list(names),
                "bodies": list(slot_bodies),
            },
        )


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
