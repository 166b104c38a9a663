"""Folding: entries in, changed rows out. Catch-up, follow and rebuild all come through here."""

import hashlib
from collections.abc import Iterable, Sequence
from uuid import UUID

import sqlalchemy as sa

from ledger import log
from ledger.database import Connection
from ledger.errors import DamagedEntry
from ledger.log import Entry
from ledger.registry import EVENTS
from projections import tables
from projections.errors import ProjectionStopped
from projections.projection import Changes, Projection, Row, unfold
from projections.tables import Statement, array

STREAMS_AT_ONCE = 2000
"""How many streams a rebuild folds in memory together."""

_ENTRY = sa.table("entry", sa.column("position"), sa.column("topic"), schema="ledger")
_STREAM = sa.table(
    "stream",
    *(sa.column(name) for name in ("no", "id", "ledger", "kind")),
    schema="ledger",
)

_UNKNOWN_TOPIC = Statement(
    sa.select(_ENTRY.c.position, _ENTRY.c.topic)
    .where(
        _ENTRY.c.position >= sa.bindparam("start", type_=sa.BigInteger),
        _ENTRY.c.position < sa.bindparam("end", type_=sa.BigInteger),
        _ENTRY.c.topic != sa.all_(array("topics", sa.Text)),
    )
    .order_by(_ENTRY.c.position)
    .limit(1)
)
_STREAMS = Statement(
    sa.select(_STREAM.c.no, _STREAM.c.id)
    .where(
        _STREAM.c.ledger == sa.bindparam("ledger", type_=sa.Uuid),
        _STREAM.c.kind == sa.any_(array("kinds", sa.Text)),
        _STREAM.c.no > sa.bindparam("after", type_=sa.BigInteger),
        _STREAM.c.no % sa.bindparam("parts", type_=sa.BigInteger)
        == sa.bindparam("part", type_=sa.BigInteger),
    )
    .order_by(_STREAM.c.no)
    .limit(STREAMS_AT_ONCE)
)
_COUNT_STREAMS = Statement(
    sa.select(sa.func.count())
    .select_from(_STREAM)
    .where(_STREAM.c.kind == sa.any_(array("kinds", sa.Text)))
)


def build_part(
    connection: Connection,
    projection: Projection,
    ledger: UUID,
    name: str,
    size: int,
    *,
    part: int,
    parts: int,
) -> None:
    """Folds the streams whose number leaves `part` when divided by `parts` into table `name`.

    Raises:
        ProjectionStopped: at an entry that cannot be read or folded.
    """
    after = -1
    while True:
        rows = _STREAMS.run(
            connection,
            {
                "ledger": ledger,
                "kinds": [str(kind) for kind in projection.kinds],
                "after": after,
                "parts": parts,
                "part": part,
            },
        ).fetchall()
        if not rows:
            return
        after = rows[-1][0]
        try:
            entries = log.of_streams(
                connection, [row[1] for row in rows], size=size, topics=projection.topics
            )
        except DamagedEntry as damaged:
            raise ProjectionStopped(projection.name, damaged.position, damaged.reason) from damaged
        changes = Changes()
        for written in _by_stream(entries).values():
            unfold(projection, None, {}, written, changes)
        write(connection, projection, name, changes)


def fold_range(
    connection: Connection, projection: Projection, ledger: UUID, name: str, start: int, end: int
) -> None:
    """Folds the entries [start, end) into table `name`."""
    while start < end:
        page, following = page_of(connection, projection, start, end)
        write(
            connection,
            projection,
            name,
            changes_of(connection, projection, ledger, name, page, start),
        )
        start = following


def page_of(
    connection: Connection, projection: Projection, start: int, end: int
) -> tuple[list[Entry], int]:
    """The next entries from `start` on that the projection reads, and the size they lead to."""
    try:
        page = next(log.pages(connection, start=start, end=end, topics=projection.topics), [])
    except DamagedEntry as damaged:
        raise ProjectionStopped(projection.name, damaged.position, damaged.reason) from damaged
    if len(page) == log.PAGE:
        end = page[-1].position + 1
    require_topics(connection, projection, start, end)
    return page, end


def require_topics(connection: Connection, projection: Projection, start: int, end: int) -> None:
    """An entry of an unknown topic might be one this projection should read: it stops there."""
    unknown = _UNKNOWN_TOPIC.run(
        connection, {"start": start, "end": end, "topics": list(EVENTS)}
    ).fetchone()
    if unknown is not None:
        position, topic = unknown
        raise ProjectionStopped(
            projection.name, position, f"topic {topic!r} is not known to this version"
        )


def changes_of(
    connection: Connection,
    projection: Projection,
    ledger: UUID,
    name: str,
    page: Sequence[Entry],
    start: int,
) -> Changes:
    """What a page changes in table `name`, which holds the prefix of `start` entries."""
    streams = _by_stream(entry for entry in page if entry.stream.ledger == ledger)
    grown = [stream for stream, written in streams.items() if written[0].version > 1]
    before: dict[UUID, list[Entry]] = {}
    standing: dict[UUID, dict[Row, tuple[int, int]]] = {}
    if grown:
        try:
            before = _by_stream(
                log.of_streams(connection, grown, size=start, topics=projection.topics)
            )
        except DamagedEntry as damaged:
            raise ProjectionStopped(projection.name, damaged.position, damaged.reason) from damaged
        standing = _standing(connection, projection, name, grown)
    changes = Changes()
    for stream, written in streams.items():
        state = None
        for entry in before.get(stream, []):
            state = projection.fold(state, entry)
        unfold(projection, state, standing.get(stream, {}), written, changes)
    return changes


def _by_stream(entries: Iterable[Entry]) -> dict[UUID, list[Entry]]:
    streams: dict[UUID, list[Entry]] = {}
    for entry in entries:
        streams.setdefault(entry.stream.id, []).append(entry)
    return streams


def _standing(
    connection: Connection, projection: Projection, name: str, streams: list[UUID]
) -> dict[UUID, dict[Row, tuple[int, int]]]:
    """The rows of `streams` that nothing has closed yet."""
    form = tables.named(projection.form, name)
    clause = sa.select(form).where(
        form.c.stream == sa.any_(array("streams", sa.Uuid)), form.c.known_to.is_(None)
    )
    found: dict[UUID, dict[Row, tuple[int, int]]] = {}
    for stream, *row, known_from, _, n in Statement(clause).run(connection, {"streams": streams}):
        found.setdefault(stream, {})[tuple(row)] = (known_from, n)
    return found


def write(connection: Connection, projection: Projection, name: str, changes: Changes) -> None:
    """Writes what was opened by COPY, and closes older rows in one statement."""
    target = f'{tables.SCHEMA}."{name}"'
    if changes.closed:
        streams, positions, numbers, ends = zip(*changes.closed, strict=True)
        connection.execute(
            f"UPDATE {target} t SET known_to = c.known_to "
            "FROM unnest(%s::uuid[], %s::bigint[], %s::integer[], %s::bigint[]) "
            "AS c (stream, known_from, n, known_to) WHERE t.stream = c.stream "
            "AND t.known_from = c.known_from AND t.n = c.n".encode(),
            (list(streams), list(positions), list(numbers), list(ends)),
        )
    if changes.opened:
        copy = f"COPY {target} FROM STDIN".encode()
        with connection.cursor() as cursor, cursor.copy(copy) as rows:
            for (stream, known_from, n), (row, known_to) in changes.opened.items():
                rows.write_row((stream, *row, known_from, known_to, n))


def table_digest(connection: Connection, projection: Projection, name: str) -> str:
    """`sha256:` over the table's rows in the order of (stream, known_from, n), as PostgreSQL's
    COPY writes them after a line naming version and columns. No surrogate id is in it."""
    form = tables.named(projection.form, name)
    columns = ", ".join(f'"{column.name}"' for column in form.columns)
    order = ", ".join(tables.KEY)
    found = hashlib.sha256(f"{projection.name}/{projection.version}\t{columns}\n".encode())
    query = f'COPY (SELECT {columns} FROM {tables.SCHEMA}."{name}" ORDER BY {order}) TO STDOUT'
    with connection.cursor() as cursor, cursor.copy(query.encode()) as copy:
        for block in copy:
            found.update(block)
    return f"sha256:{found.hexdigest()}"


def count_streams(connection: Connection, projection: Projection) -> int:
    """How many streams the projection reads."""
    kinds = {"kinds": [str(kind) for kind in projection.kinds]}
    row = _COUNT_STREAMS.run(connection, kinds).fetchone()
    assert row is not None
    found: int = row[0]
    return found
