"""Two real databases as the simulation's stores, so that its properties are checked of them."""

import json
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from tests.simulation.memory.tables import Entry, Head, Sent, Store, Stream
from tests.simulation.transfer import properties
from tests.simulation.transfer.properties import Violated
from tests.simulation.transfer.world import Site, World

PROPERTIES = (
    partial(properties.one_custodian, at_rest=True),
    properties.one_decision,
    properties.copies_are_prefixes,
    properties.accept_implies_import,
    properties.sides_agree,
    properties.whole_histories_arrived,
    properties.nothing_waits,
    properties.check_quiet,
)
"""Each by itself, so that one violation hides no other; the last is all there are."""


def store_of(url: str) -> Store:
    """What the properties read of a database, as of one moment."""
    with psycopg.connect(url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        head = connection.execute(
            "SELECT ledger_id, incarnation, size, recorded_at FROM ledger.head"
        ).fetchone()
        assert head is not None
        store = Store(head[0])
        store.head.put(True, Head(*head))
        for row in _rows(connection, "stream", Stream._fields):
            stream = Stream(*row)
            store.streams.put(stream.id, stream)
            store.numbers.put(stream.no, stream)
            store.kinds.put(stream.kind, (*store.kinds.get(stream.kind, ()), stream))
        for row in _rows(connection, "entry", Entry._fields, order="position"):
            entry = Entry(*row)
            store.entries.put(entry.position, entry)
        by_version = sorted(store.entries.values(), key=lambda e: (e.stream, e.version))
        for entry in by_version:
            written = store.written.get(entry.stream, ())
            store.written.put(entry.stream, (*written, entry.position))
        for stream_no, body in _rows(connection, "state", ("stream", "body")):
            store.states.put(stream_no, body)
        for row in _rows(connection, "outbox", Sent._fields, order="position"):
            sent = Sent(*row)
            store.outbox.put(sent.message, sent)
        for case, decision, message in _rows(
            connection, "decision", ("case_id", "decision", "message")
        ):
            store.decisions.put(case, (decision, message))
    store.journal.clear()
    return store


def _rows(
    connection: psycopg.Connection[Any], table: str, columns: Iterable[str], *, order: str = "1"
) -> list[tuple[Any, ...]]:
    """The rows of a table; the fields of the store's own tuples are named as the columns."""
    statement = sql.SQL("SELECT {} FROM {} ORDER BY {}").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.Identifier("ledger", table),
        sql.SQL("1") if order == "1" else sql.Identifier(order),
    )
    return connection.execute(statement).fetchall()


class FoundSite(Site):
    """A ledger as its database shows it; nobody works here."""

    def __init__(self, number: int, name: str, store: Store, stands: str) -> None:
        self.number, self.name, self.store, self._stands = number, name, store, stands
        self.id = store.head[True].ledger
        self.records = {}

    @property
    def stands(self) -> str:
        """Open, fenced or recovering, when it was looked at."""
        return self._stands


class FoundWorld(World):
    """What the properties ask about: the ledgers, and what was ever told."""

    def __init__(self, sites: list[Site], told: dict[UUID, set[str]]) -> None:
        self.sites, self.told, self.rulings, self.checked = sites, told, {}, ()
        self.restored = True

    def written(self) -> tuple[object, ...]:
        """Nothing is ever as it was when it was last checked."""
        return (object(),)


def told_of(files: Iterable[Path]) -> dict[UUID, set[str]]:
    """By case every decision that left a ledger, as `World.told` has it.

    What a restored ledger said before, and nobody had got yet, is void: others refuse it from then
    on (`old_incarnation`). So of each ledger its newest incarnation counts; what had arrived before
    stands in the other side's log.
    """
    told: dict[UUID, set[str]] = {}
    for file in files:
        lines = file.read_text("ascii").splitlines() if file.exists() else []
        said = [line.split() for line in lines]
        newest: dict[str, int] = {}
        for case, _, incarnation, _ in said:
            newest[case] = max(newest.get(case, 0), int(incarnation))
        for case, kind, incarnation, _ in said:
            if int(incarnation) == newest[case]:
                told.setdefault(UUID(case), set()).add("accept" if kind == "accept" else "reject")
    return told


def evidence(world: World) -> Iterator[str]:
    """What both logs say of pupils and transfers, and what waits to be told: without a name, for
    that is sealed."""
    for site in world.sites:
        yield f"{site} {site.id}"
        for entry in sorted(site.store.entries.values()):
            stream = site.store.numbers[entry.stream]
            if stream.kind in ("case", "pupil", "ledger"):
                facts = json.dumps(json.loads(entry.body).get("facts"))
                yield (
                    f"{entry.position} {entry.recorded_at:%H:%M:%S.%f} {entry.topic} "
                    f"{stream.kind} {stream.id} {entry.version} {facts}"
                )
        for sent in site.store.outbox.values():
            yield f"{sent.position} {sent.kind} {sent.issue} {sent.case_id} {sent.state}"
            yield f"    {json.dumps(sent.content)}"


def violations(world: World) -> list[str]:
    """What does not hold, each once."""
    found: list[str] = []
    for holds in PROPERTIES:
        try:
            holds(world)
        except Violated as violated:
            if str(violated) not in found:
                found.append(str(violated))
    return found
