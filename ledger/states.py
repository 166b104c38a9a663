"""The current states beside the log: which version of their models made them, and making them anew.

A state is JSON of the models in `ledger.folds`. Where these have changed since (another field,
another meaning), what stands in the tables is thrown away and folded again from the log when the
ledger is opened. Nothing is lost by it: states are derived, and no dated read looks at them.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pydantic import ValidationError

from ledger import envelope
from ledger.database import Connection
from ledger.errors import DamagedEntry, MalformedBytes, OtherVersion, UnknownTopic
from ledger.event import Event, Frozen
from ledger.folds import STATES, StatesVersion, evolve
from ledger.pupil_year import PupilYear
from ledger.queries import queries

_SQL = queries("ledger", "states.sql")
_LOG = queries("ledger", "log.sql")
_NOTARY = queries("ledger", "notary.sql")

PAGE = 4096
STREAMS_AT_ONCE = 500

Progress = Callable[[int, int], None]
"""Called with entries folded and entries in all."""


@dataclass(frozen=True, slots=True)
class Remade:
    """States folded anew from a log of `size` entries. `before` is the digest of those that
    stood, None where another version had made them: there is nothing to compare."""

    size: int
    before: str | None
    after: str

    @property
    def equal(self) -> bool | None:
        """Whether the states that stood were those the log gives."""
        return None if self.before is None else self.before == self.after


def version(connection: Connection) -> StatesVersion:
    """Which version of the models made the states that stand."""
    row = connection.execute(_SQL["version"]).fetchone()
    assert row is not None
    return StatesVersion(*row)


def is_current(connection: Connection) -> bool:
    """Whether the states that stand are of this program's version."""
    return version(connection) == STATES


def refuse_newer(found: StatesVersion) -> None:
    """Raises OtherVersion(`newer_states`)."""
    if found.number > STATES.number:
        raise OtherVersion(
            "newer_states",
            f"a newer version of this program keeps this ledger (its states are of version "
            f"{found.number}, this program knows {STATES.number}); update this one",
        )


def require_current(found: StatesVersion) -> None:
    """Raises OtherVersion: `newer_states`, or `older_states` where nobody has folded them yet."""
    refuse_newer(found)
    if found != STATES:
        raise OtherVersion(
            "older_states",
            "the current states were made by an older version; run `hocba rebuild states`",
        )


def bring(connection: Connection, progress: Progress) -> None:
    """Folds the states anew where an older version made them; see `_remake`.

    Raises:
        OtherVersion: `newer_states`.
        DamagedEntry: an entry cannot be folded; the old states stay.
    """
    refuse_newer(version(connection))
    if is_current(connection):
        return
    with connection.transaction():
        size = _lock(connection)
        if not is_current(connection):  # nobody was first while we waited for the lock
            _remake(connection, size, progress)


def rebuild(connection: Connection, progress: Progress) -> Remade:
    """Folds the states anew, whatever version they are of, and compares. Raises as `bring`."""
    with connection.transaction():
        size = _lock(connection)
        before = _digest(connection) if is_current(connection) else None
        _remake(connection, size, progress)
        return Remade(size, before, _digest(connection))


def _lock(connection: Connection) -> int:
    """Takes the head lock, so that nobody appends; the size of the log."""
    row = connection.execute(_LOG["lock_head"]).fetchone()
    assert row is not None
    refuse_newer(version(connection))
    return int(row[0])


def _remake(connection: Connection, size: int, progress: Progress) -> None:
    """Every state and slot again from the log, page by page, in the caller's transaction and
    behind its head lock: all or nothing, and who reads meanwhile sees the old ones."""
    connection.execute(_SQL["clear_slots"])
    connection.execute(_SQL["clear_states"])
    folded: list[tuple[int, Frozen]] = []
    done = 0
    with connection.cursor(name="states") as cursor:
        cursor.itersize = PAGE
        cursor.execute(_NOTARY["by_stream"], binary=True)
        for number, rows in groupby(cursor, key=lambda row: int(row[0])):
            state, entries = _fold(rows)
            done += entries
            folded.append((number, state))
            if len(folded) == STREAMS_AT_ONCE:
                _write(connection, folded)
                folded.clear()
                progress(done, size)
    _write(connection, folded)
    progress(done, size)
    connection.execute(_SQL["put_version"], STATES._asdict())


def _fold(rows: Iterator[tuple[Any, ...]]) -> tuple[Frozen, int]:
    """A stream's state and the number of its entries."""
    state: Frozen | None = None
    entries = 0
    for row in rows:
        position, version_ = row[1], row[2]
        event = _event(row)
        try:
            state = evolve(event.STREAM, state, event, version_)
        except ValueError as error:
            raise DamagedEntry(position, f"its stream cannot be folded: {error}") from error
        entries += 1
    assert state is not None
    return state, entries


def _event(row: tuple[Any, ...]) -> Event:
    """The event of a row of the query `by_stream`. Raises DamagedEntry."""
    _, position, _, topic, body, _, stream, ledger, _ = row
    try:
        parsed = envelope.decode(body)
        if (parsed.topic, parsed.stream, parsed.author) != (topic, stream, ledger):
            raise MalformedBytes("its bytes belong to another topic, stream or ledger")
        return parsed.event()
    except (MalformedBytes, UnknownTopic) as error:
        raise DamagedEntry(position, error.message) from error
    except ValidationError as error:
        raise DamagedEntry(position, f"its facts are not those of {topic}") from error


def _write(connection: Connection, folded: Sequence[tuple[int, Frozen]]) -> None:
    """Keeps states as the desk does: a pupil-year's slots stand apart from the rest of it."""
    slots: list[tuple[int, str, int, str, str]] = []
    with connection.cursor().copy(_SQL["copy_states"]) as copy:
        copy.set_types(("int8", "text"))
        for number, state in folded:
            kept = state
            if isinstance(state, PupilYear):
                slots += ((number, *k, slot.model_dump_json()) for k, slot in state.slots.items())
                kept = state.model_copy(update={"slots": {}})
            copy.write_row((number, kept.model_dump_json()))
    with connection.cursor().copy(_SQL["copy_slots"]) as copy:
        copy.set_types(("int8", "text", "int2", "text", "text"))
        for row in slots:
            copy.write_row(row)


def _digest(connection: Connection) -> str:
    """`sha256:` over every state and slot as it stands."""
    digest = hashlib.sha256()
    for query in ("all_states", "all_slots"):
        with connection.cursor(name=query) as cursor:
            cursor.itersize = PAGE
            for *key, body in cursor.execute(_SQL[query]):
                digest.update(json.dumps([*key, _sorted(body)]).encode() + b"\n")
    return f"sha256:{digest.hexdigest()}"


def _sorted(body: str) -> str:
    """A body with its keys in order: the order in which a mapping was filled says nothing."""
    try:
        return json.dumps(json.loads(body), sort_keys=True)
    except ValueError:  # tampered with: it differs from any that is made
        return body
