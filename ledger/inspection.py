"""The inspection of a whole ledger (`hocba verify`): everything that is derived is made again from
the stored bytes and compared. Nothing is mended, and nothing stops at the first failure.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, Literal
from uuid import UUID

from psycopg import IsolationLevel
from pydantic import ValidationError

from ledger import envelope, log, states
from ledger.database import Connection
from ledger.errors import Conflict, LogAltered, MalformedBytes, NotFound, UnknownTopic
from ledger.event import Event, Frozen
from ledger.events.unit import LedgerOpened
from ledger.folds import evolve
from ledger.log_tree import all_tiles, leaf_of
from ledger.lookups import wrong_lookups
from ledger.notary import Notary, SignedCheckpoint
from ledger.pupil_year import PupilYear, Slot
from ledger.queries import queries
from ledger.tiling import TILE_HEIGHT, Tiling
from signing import hashing
from signing.errors import NoteError

_SQL = queries("ledger", "notary.sql")
_LOG = queries("ledger", "log.sql")

PAGE = 4096
STREAMS_AT_ONCE = 500

FailureKind = Literal[
    "position",  # a position is missing: the entries after it stand at another leaf
    "recorded_at",  # not later than the entry before
    "entry_hash",  # the hash column is not that of the stored bytes
    "damaged_entry",  # the stored bytes are not those of an entry, or of another place
    "unknown_topic",
    "version",  # the versions of a stream have a gap
    "head",  # the head row disagrees with the log
    "checkpoint",  # its signature, its text or its root
    "tile",
    "witness",  # the checkpoint outside the database
    "state",  # the tables that the rules read under the lock
    "slot",
    "lookup",  # an identifier does not lead to its bearer, or a look-up to nobody's
    "projection",  # added by whoever compares the projections
]

Progress = Callable[[int, int], None]
"""Called with steps done and steps in all; every entry is two steps."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that is not as it was signed or recorded. `position` is None where it is about
    no single entry; for a checkpoint it is the last entry covered."""

    kind: FailureKind
    position: int | None
    detail: str


@dataclass(slots=True)
class Inspection:
    """What an inspection found. `root` is rebuilt from the stored bytes of `size` entries.

    `states_compared` is false where an older version made the current states: they are not
    wrong, they wait to be folded anew.
    """

    size: int = 0
    root: bytes = hashing.EMPTY_ROOT
    checkpoints: int = 0
    entries_checked: int = 0
    states_compared: bool = True
    failures: list[Failure] = field(default_factory=list)

    def fail(self, kind: FailureKind, position: int | None, detail: str) -> None:
        """Adds a failure."""
        self.failures.append(Failure(kind, position, detail))


def inspect(notary: Notary, connection: Connection, progress: Progress) -> Inspection:
    """Inspects the log, its tree and the tables of the rules as of one moment, while others write.

    1. Every entry by position: positions without gap, instants rising, hash column, leaf.
    2. Head row, every checkpoint and tile against the tree so made; the copy of the newest
       checkpoint outside the database.
    3. Every entry by stream: it decodes, belongs where it stands, versions are contiguous.
    4. The current states and slots equal a fold of every stream, if this version made them.
    5. Every identifier leads to its bearer, and no look-up to anybody else.
    """
    found = Inspection()
    with _one_moment(connection):
        found.states_compared = states.is_current(connection)
        _inspect_log(notary, connection, found, progress)  # (1) (2)
        _inspect_streams(notary.ledger.id, connection, found, progress)  # (3) (4)
        for wrong in wrong_lookups(notary.ledger, connection, size=found.size):  # (5)
            position = wrong if isinstance(wrong, int) else None
            detail = "the identifier does not lead to its bearer"
            found.fail("lookup", position, wrong if isinstance(wrong, str) else detail)
    _inspect_witness(notary, connection, found)
    found.failures.sort(key=lambda failure: (failure.position is None, failure.position or 0))
    return found


@contextmanager
def _one_moment(connection: Connection) -> Iterator[None]:
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    try:
        with connection.transaction():
            yield
    finally:
        connection.isolation_level = None
        connection.read_only = None


def _inspect_log(
    notary: Notary, connection: Connection, found: Inspection, progress: Progress
) -> None:
    head = log.head(connection)
    checkpoints = notary.stored(connection)
    pending = next(checkpoints, None)
    kept = {(tile.level, tile.index): tile.hash for tile in all_tiles(connection)}
    signed = notary.latest(connection)
    tiled = signed.size if signed else 0
    tiling = Tiling()
    before: tuple[int, datetime] | None = None
    if pending is not None and pending.size == 0:
        _check_checkpoint(notary, pending, hashing.EMPTY_ROOT, found)
        pending = next(checkpoints, None)
    for rows in _raw_pages(connection):
        for row in rows:
            _check_order(row, before, found)
            before = row[0], row[1]
        leaves = [_inspect_row(row, found) for row in rows]
        start = 0
        while start < len(leaves):
            end = len(leaves)
            if pending is not None:
                end = min(end, start + pending.size - tiling.size)
            for tile in tiling.extend(leaves[start:end]):
                _check_tile(kept, tile.level, tile.index, tile.hash, tiled, found)
            start = end
            if pending is not None and pending.size == tiling.size:
                _check_checkpoint(notary, pending, tiling.root(), found)
                pending = next(checkpoints, None)
        progress(tiling.size, 2 * head.size)
    while pending is not None:
        _check_checkpoint(notary, pending, None, found)
        pending = next(checkpoints, None)
    for level, index in kept:
        detail = f"the tile of level {level} at {index} belongs to no checkpoint"
        found.fail("tile", index << TILE_HEIGHT * level, detail)
    found.size, found.root = tiling.size, tiling.root()
    _check_head(notary, head, found, before[1] if before else None)


def _raw_pages(connection: Connection) -> Iterator[list[tuple[Any, ...]]]:
    start = 0
    while True:
        parameters = {"start": start, "end": 1 << 62, "topics": None, "limit": PAGE}
        rows = connection.execute(_LOG["page"], parameters, binary=True).fetchall()
        if not rows:
            return
        yield rows
        start = rows[-1][0] + 1


def _check_order(
    row: tuple[Any, ...], before: tuple[int, datetime] | None, found: Inspection
) -> None:
    """`before` is the place of the entry read before: (position, recorded_at)."""
    position, recorded_at = row[:2]
    missing = position - (before[0] + 1 if before else 0)
    if missing:
        found.fail("position", position, f"the {missing} entries before it are missing")
    if before is not None and recorded_at <= before[1]:
        found.fail("recorded_at", position, "not later than the entry before")


def _inspect_row(row: tuple[Any, ...], found: Inspection) -> bytes:
    """The leaf of a row of the query `page`; a hash column that is wrong is named."""
    position, recorded_at, stream, ledger, *_, version, topic, entry_hash, body, copied, at = row
    if hashing.entry_hash(body) != entry_hash:
        found.fail("entry_hash", position, "the hash column is not that of the stored bytes")
    return leaf_of((position, recorded_at, stream, ledger, version, topic, body, copied, at))


def _check_tile(
    kept: dict[tuple[int, int], bytes],
    level: int,
    index: int,
    digest: bytes,
    tiled: int,
    found: Inspection,
) -> None:
    stored = kept.pop((level, index), None)
    first, end = index << TILE_HEIGHT * level, (index + 1) << TILE_HEIGHT * level
    if stored is None and end <= tiled:
        found.fail("tile", first, f"the tile of level {level} at {index} is missing")
    elif stored is not None and stored != digest:
        detail = f"entries {first} to {end - 1} do not give the tile of level {level} at {index}"
        found.fail("tile", first, detail)


def _check_checkpoint(
    notary: Notary, stored: SignedCheckpoint, root: bytes | None, found: Inspection
) -> None:
    """`root` is the tree's at the checkpoint's size; None where the log ends before."""
    found.checkpoints += 1
    position = max(0, stored.size - 1)
    try:
        read = notary.read(stored.note)
    except NoteError as error:
        found.fail("checkpoint", position, f"the note of size {stored.size}: {error}")
    else:
        if (read.size, read.root) != (stored.size, stored.root):
            detail = f"the note does not say size {stored.size} and the root beside it"
            found.fail("checkpoint", position, detail)
    if root is None:
        found.fail("checkpoint", position, f"the log ends before the signed size {stored.size}")
    elif root != stored.root:
        detail = f"the first {stored.size} entries do not give the root that was signed"
        found.fail("checkpoint", position, detail)


def _check_head(notary: Notary, head: log.Head, found: Inspection, last: datetime | None) -> None:
    if head.ledger != notary.ledger.id:
        found.fail("head", None, "the head row names another ledger")
    if head.size != found.size:
        detail = f"the head row counts {head.size} entries, the log has {found.size}"
        found.fail("head", None, detail)
    if last is not None and head.recorded_at < last:
        found.fail("head", None, "the head row's instant is before the newest entry's")


def _inspect_witness(notary: Notary, connection: Connection, found: Inspection) -> None:
    try:
        notary.check_witness(connection)
        kept, latest = notary.witnessed(), notary.latest(connection)
    except (Conflict, LogAltered, NotFound) as error:
        found.fail("witness", None, error.message)
        return
    if kept is not None and (latest is None or latest.size < kept.size):
        detail = "the note kept outside the database is newer than every checkpoint in it"
        found.fail("checkpoint", kept.size - 1, detail)


@dataclass(slots=True)
class _Folded:
    """A stream's state made again from its entries; `known` is false where one is damaged."""

    id: UUID
    last: int
    state: Frozen | None = None
    known: bool = True


@dataclass(frozen=True, slots=True)
class _Own:
    """The ledger inspected; `recovered` is where its log first went on after a restore."""

    ledger: UUID
    recovered: int


def _inspect_streams(
    ledger: UUID, connection: Connection, found: Inspection, progress: Progress
) -> None:
    row = connection.execute(_SQL["first_recovery"], {"ledger": ledger}).fetchone()
    own = _Own(ledger, row[0] if row and row[0] is not None else 1 << 62)
    folded: dict[int, _Folded] = {}
    with connection.cursor(name="inspection") as cursor:
        cursor.itersize = PAGE
        cursor.execute(_SQL["by_stream"], binary=True)
        for number, rows in groupby(cursor, key=lambda row: int(row[0])):
            folded[number] = _fold(own, rows, found)
            if len(folded) == STREAMS_AT_ONCE:
                _compare(connection, folded, found)
                folded.clear()
                progress(found.size + found.entries_checked, 2 * found.size)
    _compare(connection, folded, found)
    progress(found.size + found.entries_checked, 2 * found.size)
    if not found.states_compared:
        return
    for (number,) in connection.execute(_SQL["states_without_entries"]).fetchall():
        found.fail("state", None, f"stream number {number} has a state and no entry")


def _fold(own: _Own, rows: Iterator[tuple[Any, ...]], found: Inspection) -> _Folded:
    folded: _Folded | None = None
    expected = 1
    for row in rows:
        position, version, stream = row[1], row[2], row[6]
        folded = folded or _Folded(stream, position)
        folded.last = position
        found.entries_checked += 1
        if version != expected:
            detail = f"version {version} of its stream, where {expected} comes next"
            found.fail("version", position, detail)
        expected = version + 1
        event = _event(own, row, found)
        if event is None:
            folded.known = False
        elif folded.known:
            folded.state = _step(folded, event, version, found)
    assert folded is not None
    return folded


def _event(own: _Own, row: tuple[Any, ...], found: Inspection) -> Event | None:
    """The event of a row of the query `by_stream`; None where it cannot be read."""
    _, position, _, topic, body, copied, stream, ledger, kind = row
    try:
        parsed = envelope.decode(body)
        if (parsed.topic, parsed.stream, parsed.author) != (topic, stream, ledger):
            raise MalformedBytes("its bytes belong to another topic, stream or ledger")
        # An entry of our own with another place was lost, and put back after a restore.
        restored = copied is not None and position > own.recovered
        if (copied is None) != (ledger == own.ledger) and not (restored and ledger == own.ledger):
            raise MalformedBytes("a copy and an entry of our own are mistaken for each other")
        event = parsed.event()
        if kind != event.STREAM:
            raise MalformedBytes(f"{topic} does not belong in a stream of kind {kind}")
        if position == 0 and not (
            isinstance(event, LedgerOpened) and event.ledger_id == own.ledger
        ):
            raise MalformedBytes("entry 0 does not open this ledger")
    except UnknownTopic as error:
        found.fail("unknown_topic", position, error.message)
        return None
    except MalformedBytes as error:
        found.fail("damaged_entry", position, error.message)
        return None
    except ValidationError:
        found.fail("damaged_entry", position, f"its facts are not those of {topic}")
        return None
    return event


def _step(folded: _Folded, event: Event, version: int, found: Inspection) -> Frozen | None:
    try:
        return evolve(event.STREAM, folded.state, event, version)
    except ValueError as error:
        found.fail("state", folded.last, f"the stream cannot be folded: {error}")
        folded.known = False
        return None


def _compare(connection: Connection, folded: dict[int, _Folded], found: Inspection) -> None:
    """Compares states and slots of some streams, by their numbers, with those kept."""
    if not found.states_compared:
        return
    streams = {"streams": list(folded)}
    kept_states: dict[int, str] = dict(connection.execute(_SQL["states_of"], streams).fetchall())
    slots: dict[int, dict[tuple[str, int, str], str]] = {}
    for number, *key, body in connection.execute(_SQL["slots_of"], streams).fetchall():
        slots.setdefault(number, {})[tuple(key)] = body
    for number, made in folded.items():
        if not made.known:
            continue
        state, filled = made.state, slots.get(number, {})
        if isinstance(state, PupilYear):
            _compare_slots(made, state, filled, found)
            state = state.model_copy(update={"slots": {}})
        elif filled:
            found.fail("slot", made.last, f"stream {made.id} is no pupil-year but has slots")
        kept = kept_states.get(number)
        if not _same(state, kept):
            detail = f"the state kept of stream {made.id} is not the fold of its entries"
            found.fail("state", made.last, detail)


def _compare_slots(
    made: _Folded,
    year: PupilYear,
    kept: dict[tuple[str, int, str], str],
    found: Inspection,
) -> None:
    for key in sorted(year.slots.keys() | kept.keys()):
        if not _same(year.slots.get(key), kept.get(key)):
            place = "/".join(map(str, key))
            detail = f"what slot {place} of stream {made.id} holds is not the fold of its entries"
            found.fail("slot", made.last, detail)


def _same(made: Frozen | Slot | None, kept: str | None) -> bool:
    if made is None or kept is None:
        return made is None and kept is None
    if made.model_dump_json() == kept:
        return True
    try:
        return type(made).model_validate_json(kept) == made
    except ValidationError:
        return False
