"""The audit as it is asked for: of one pupil as an answer, of a scope as a stream of lines.

A year of a school is some hundred thousand lines: they are read pupil by pupil and never held
together.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ledger.database import Connection
from ledger.identity_check import VIETNAM
from ledger.ledger import Ledger
from projections.audit.flags import LATE_AFTER
from projections.audit.replay import Reading, read_accounts, read_pupil, read_streams
from projections.audit.scope import Found, Scope, find_scope, needs
from projections.engine import Engine
from projections.moment import Moment
from projections.names import Names
from projections.pupil_log import PupilLog, read_identity, read_pupil_log

STREAMS_AT_ONCE = 100
"""How many streams of units, classes and staff are read together."""

Progress = Callable[[int, int], None]
"""Told how many pupils are done, of how many."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditQuestion:
    """What an audit is asked for beside its scope: flags (none: all entries), days till late."""

    flags: frozenset[str] = frozenset()
    late_after: int = LATE_AFTER


EVERYTHING = AuditQuestion()


@dataclass(frozen=True, slots=True)
class Audit:
    """An audit being read: what it is of, and its lines. Valid while its connection is open."""

    head: dict[str, Any]
    lines: Iterator[dict[str, Any]]


def audit_of_pupil(
    ledger: Ledger,
    connection: Connection,
    known: PupilLog,
    *,
    start: Moment | None,
    until: Moment,
    names: Names,
    asked: AuditQuestion = EVERYTHING,
) -> dict[str, Any]:
    """The audit answer of one pupil (contract, JSON answers, audit)."""
    reading = _reading(connection, start, until, names, asked)
    return {
        "pupil_id": str(known.person),
        "pupil_key": read_identity(ledger, connection, known).key,
        "from": start.known_at if start else None,
        "known_at": until.known_at,
        "entries": list(read_pupil(ledger, connection, known, reading)),
    }


def audit_of_scope(
    ledger: Ledger,
    connection: Connection,
    engine: Engine,
    scope: Scope,
    *,
    start: Moment | None,
    until: Moment,
    names: Names,
    asked: AuditQuestion = EVERYTHING,
    progress: Progress = lambda done, total: None,
) -> Audit:
    """The audit of a class, unit, teacher or account: first the lines of units, classes and
    staff, some streams at a time, then pupil by pupil, each in position order.

    Raises:
        NotFound: `unknown_class`, `unknown_unit`.
        Conflict: `ambiguous_class`.
        ProjectionStopped: an entry within the prefix cannot be folded.
    """
    engine.require(connection, until.size, *needs(scope))
    reading = _reading(connection, start, until, names, asked)
    found = find_scope(
        ledger,
        connection,
        scope,
        start=reading.after,
        size=until.size,
        on=until.recorded_at.astimezone(VIETNAM).date(),
    )
    head = {
        "scope": {"kind": scope.kind, "code": scope.code},
        "from": start.known_at if start else None,
        "known_at": until.known_at,
    }
    return Audit(head, _lines(ledger, connection, found, reading, until.size, progress))


def _lines(
    ledger: Ledger,
    connection: Connection,
    found: Found,
    reading: Reading,
    size: int,
    progress: Progress,
) -> Iterator[dict[str, Any]]:
    for start in range(0, len(found.streams), STREAMS_AT_ONCE):
        yield from (
            {"pupil_id": None, "pupil_key": None, **line}
            for line in read_streams(
                ledger,
                connection,
                found.streams[start : start + STREAMS_AT_ONCE],
                reading,
                size=size,
                counts=lambda entry: found.counts(entry, None),
            )
        )
    for done, person in enumerate(found.pupils):
        progress(done, len(found.pupils))
        known = read_pupil_log(connection, person, size=size)
        yield from _of_pupil(ledger, connection, known, found, reading)
    progress(len(found.pupils), len(found.pupils))


def _of_pupil(
    ledger: Ledger, connection: Connection, known: PupilLog, found: Found, reading: Reading
) -> Iterator[dict[str, Any]]:
    """The lines of one record of the pupil; those of a linked record stand under that."""
    named = {
        "pupil_id": str(known.person),
        "pupil_key": read_identity(ledger, connection, known).key,
    }
    lines = read_pupil(
        ledger,
        connection,
        known,
        reading,
        counts=lambda entry: entry.stream.person == known.person and found.counts(entry, known.own),
    )
    yield from ({**named, **line} for line in lines)


def _reading(
    connection: Connection, start: Moment | None, until: Moment, names: Names, asked: AuditQuestion
) -> Reading:
    return Reading(
        after=start.size if start else 0,
        names=names,
        accounts=read_accounts(connection, size=until.size),
        late_after=asked.late_after,
        flags=asked.flags,
    )
