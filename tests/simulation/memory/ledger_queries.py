"""The named queries of `ledger/sql`: log, desk, states, vault and notary."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation

from tests.simulation.memory import literals
from tests.simulation.memory.statements import Answer, Parameters, inline, of_file
from tests.simulation.memory.tables import DataKeyRow, Entry, Row, Sent, Store, Stream

_log = of_file("ledger", "log.sql")
_desk = of_file("ledger", "desk.sql")
_states = of_file("ledger", "states.sql")
_vault = of_file("ledger", "vault.sql")
_notary = of_file("ledger", "notary.sql")
_MICROSECOND = timedelta(microseconds=1)


@inline("SELECT clock_timestamp()")
def clock_timestamp(store: Store, p: Parameters) -> Answer:
    del p
    return [(store.clock(),)]


@_log("head")
def head(store: Store, p: Parameters) -> Answer:
    del p
    return [store.head[True]]


@_log("lock_head")
def lock_head(store: Store, p: Parameters) -> Answer:
    del p
    found = store.head[True]
    return [(found.size, found.recorded_at)]


@_log("raise_floor")
def raise_floor(store: Store, p: Parameters) -> Answer:
    found = store.head[True]
    floor = max(found.recorded_at, p["instant"])
    store.head.put(True, found._replace(recorded_at=floor))
    return 1


@_log("claim")
def claim(store: Store, p: Parameters) -> Answer:
    found, n = store.head[True], p["n"]
    first_at = max(store.clock(), found.recorded_at + _MICROSECOND)
    last_at = first_at + (n - 1) * _MICROSECOND
    store.head.put(True, found._replace(size=found.size + n, recorded_at=last_at))
    grown = any((store.written.get(number) or (-1,))[-1] >= p["read_at"] for number in p["depends"])
    return [(found.size, first_at, found.size > p["read_at"] and grown)]


@_log("append_entries")
def append_entries(store: Store, p: Parameters) -> Answer:
    answer = claim(store, p)
    assert isinstance(answer, list)
    position, instant, stale = answer[0]
    if stale:
        return answer
    numbers = (literals.numbers(p[name]) for name in ("streams", "versions"))
    whole = (literals.byte_strings(p[name]) for name in ("hashes", "bodies"))
    origins = literals.numbers(p["origin_positions"]), literals.instants(p["origin_times"])
    rows = zip(*numbers, literals.texts(p["topics"]), *whole, *origins, strict=True)
    for offset, row in enumerate(rows):
        _insert(store, Entry(position + offset, instant + offset * _MICROSECOND, *row))
    return answer


def _insert(store: Store, entry: Entry) -> None:
    before = store.written.get(entry.stream, ())
    if any(store.entries[position].version == entry.version for position in before):
        raise UniqueViolation("duplicate key value violates unique constraint of entry (version)")
    store.entries.insert(entry.position, entry)
    by_version = sorted((*before, entry.position), key=lambda p: store.entries[p].version)
    store.written.put(entry.stream, tuple(by_version))


@_log("name_streams")
def name_streams(store: Store, p: Parameters) -> Answer:
    columns = ("ids", "ledgers", "kinds", "persons", "years")
    named = 0
    for row in zip(*(p[column] for column in columns), strict=True):
        store.streams_named += 1
        if row[0] not in store.streams:
            stream = Stream(store.streams_named, *row)
            store.streams.insert(stream.id, stream)
            store.numbers.insert(stream.no, stream)
            store.kinds.put(stream.kind, (*store.kinds.get(stream.kind, ()), stream))
            named += 1
    return named


@_log("stream_numbers")
def stream_numbers(store: Store, p: Parameters) -> Answer:
    return [(s.id, s.no) for s in _streams(store, p["ids"])]


@_log("page")
def page(store: Store, p: Parameters) -> Answer:
    found = (store.entries[n] for n in range(p["start"], min(p["end"], store.head[True].size)))
    rows = [_with_stream(store, e) for e in found if p["topics"] is None or e.topic in p["topics"]]
    return rows[: p["limit"]]


@_log("stream_entries")
def stream_entries(store: Store, p: Parameters) -> Answer:
    positions = sorted(
        position
        for stream in _streams(store, p["ids"])
        for position in store.written.get(stream.no, ())
        if position < p["end"]
    )
    found = (store.entries[position] for position in positions)
    return [_with_stream(store, e) for e in found if p["topics"] is None or e.topic in p["topics"]]


@_log("leaf_columns")
def leaf_columns(store: Store, p: Parameters) -> Answer:
    rows: list[Row] = []
    for position in range(p["start"], min(p["end"], store.head[True].size)):
        e = store.entries[position]
        s = store.numbers[e.stream]
        rows.append((e.position, e.recorded_at, s.id, s.ledger, e.version, e.topic, e.body, *e[7:]))
    return rows


@_log("at_instant")
def at_instant(store: Store, p: Parameters) -> Answer:
    return [(sum(e.recorded_at <= p["instant"] for e in store.entries.values()),)]


@_log("recorded_at")
def recorded_at(store: Store, p: Parameters) -> Answer:
    found = store.entries.get(p["position"])
    return [] if found is None else [(found.recorded_at,)]


@_log("put_command")
def put_command(store: Store, p: Parameters) -> Answer:
    store.commands.insert(p["key"], (p["digest"], p["answer"].obj))
    return 1


@_log("get_command")
def get_command(store: Store, p: Parameters) -> Answer:
    return [store.commands[p["key"]]] if p["key"] in store.commands else []


@_log("lines_known")
def lines_known(store: Store, p: Parameters) -> Answer:
    return [(digest,) for digest in p["digests"] if digest in store.lines]


@_log("put_lines")
def put_lines(store: Store, p: Parameters) -> Answer:
    fresh = [digest for digest in p["digests"] if digest not in store.lines]
    for digest in fresh:
        store.lines.put(digest, True)
    return len(fresh)


@_log("states")
def states(store: Store, p: Parameters) -> Answer:
    return [
        (s.id, s.no, store.states.get(s.no), _last_version(store, s.no))
        for s in _streams(store, p["ids"])
    ]


@_log("put_states")
def put_states(store: Store, p: Parameters) -> Answer:
    if store.state_version[True] != (p["number"], p["shape"]):
        return 0
    numbers, bodies = literals.numbers(p["streams"]), literals.texts(p["bodies"])
    for number, body in zip(numbers, bodies, strict=True):
        store.states.put(number, body)
    return len(numbers)


@_log("slots")
def slots(store: Store, p: Parameters) -> Answer:
    named = {s.no: s.id for s in _streams(store, p["ids"])}
    return [(named[k[0]], *k[1:], body) for k, body in store.slots.items() if k[0] in named]


@_log("slots_of_columns")
def slots_of_columns(store: Store, p: Parameters) -> Answer:
    named = {s.no: s.id for s in _streams(store, p["ids"])}
    return [
        (named[number], subject, semester, slot, body)
        for (number, subject, semester, slot), body in store.slots.items()
        if number in named
        and subject in p["subjects"]
        and semester in p["semesters"]
        and slot in p["slots"]
    ]


@_log("put_slots")
def put_slots(store: Store, p: Parameters) -> Answer:
    if store.state_version[True] != (p["number"], p["shape"]):
        return 0
    numbers, semesters = literals.numbers(p["streams"]), literals.numbers(p["semesters"])
    named = (literals.texts(p[name]) for name in ("subjects", "slots", "bodies"))
    for number, semester, subject, slot, body in zip(numbers, semesters, *named, strict=True):
        store.slots.put((number, subject, semester, slot), body)
    return len(numbers)


@_log("find_persons")
def find_persons(store: Store, p: Parameters) -> Answer:
    wanted = set(zip(p["kinds"], p["tokens"], strict=True))
    found = [key for key in store.lookups if key[:2] in wanted]
    return sorted(found, key=lambda key: key[2])


@_log("put_lookups")
def put_lookups(store: Store, p: Parameters) -> Answer:
    fresh = 0
    for key in zip(p["kinds"], p["tokens"], p["persons"], strict=True):
        if key in store.lookups:
            continue
        kind, token, _ = key
        if kind == "local" and any(known[:2] == (kind, token) for known in store.lookups):
            raise UniqueViolation("duplicate key value violates unique constraint of lookup_local")
        store.lookups.put(key, True)
        fresh += 1
    return fresh


@_log("year_streams")
def year_streams(store: Store, p: Parameters) -> Answer:
    return [
        (s.id, s.ledger)
        for s in store.kinds.get("pupil_year", ())
        if s.school_year == p["year"] and s.person in p["persons"]
    ]


@_desk("put_outgoing")
def put_outgoing(store: Store, p: Parameters) -> Answer:
    row = Sent(
        message=p["message"],
        case_id=p["case"],
        receiver=p["receiver"],
        kind=p["kind"],
        issue=p["issue"],
        position=p["position"],
        content=literals.jsonb(p["content"].obj),
        sealed=None,
        state="to_seal",
        attempts=0,
        next_at=store.now,
        reason=None,
        sequence=None,
    )
    if any(
        (s.case_id, s.kind, s.issue) == (row.case_id, row.kind, row.issue)
        for s in store.outbox.values()
    ):
        raise UniqueViolation("duplicate key value violates unique constraint of outbox (issue)")
    store.outbox.insert(row.message, row)
    return 1


@_states("version")
def version(store: Store, p: Parameters) -> Answer:
    del p
    return [store.state_version[True]]


@_states("begin")
def begin(store: Store, p: Parameters) -> Answer:
    del p
    found = store.head[True]
    return [(found.incarnation, found.size, *store.state_version[True])]


@_vault("secret")
def secret(store: Store, p: Parameters) -> Answer:
    return [(store.secrets[p["name"]],)] if p["name"] in store.secrets else []


@_vault("put_secret")
def put_secret(store: Store, p: Parameters) -> Answer:
    if p["name"] in store.secrets:
        return 0
    store.secrets.put(p["name"], p["wrapped"])
    return 1


@_vault("drop_secret")
def drop_secret(store: Store, p: Parameters) -> Answer:
    store.secrets.drop(p["name"])
    return 1


@_vault("keys_of")
def keys_of(store: Store, p: Parameters) -> Answer:
    return [
        (key.id, key.person, key.category, key.wrapped)
        for key in store.data_keys.values()
        if key.person in p["persons"] and key.ledger == p["ledger"]
    ]


@_vault("keys")
def keys(store: Store, p: Parameters) -> Answer:
    found = (store.data_keys.get(key) for key in p["ids"])
    return [(key.id, key.wrapped) for key in found if key is not None]


@_vault("keys_about")
def keys_about(store: Store, p: Parameters) -> Answer:
    return [tuple(key) for key in store.data_keys.values() if key.person in p["persons"]]


@_vault("put_keys")
def put_keys(store: Store, p: Parameters) -> Answer:
    fresh = 0
    columns = ("ids", "persons", "ledgers", "categories", "wrapped")
    for columns_of_one in zip(*(p[column] for column in columns), strict=True):
        key = DataKeyRow(*columns_of_one)
        if key.id in store.data_keys:
            continue
        if any(known[1:4] == key[1:4] for known in store.data_keys.values()):
            raise UniqueViolation("duplicate key value violates unique constraint of data_key")
        store.data_keys.put(key.id, key)
        fresh += 1
    return fresh


@_notary("lock")
def lock(store: Store, p: Parameters) -> Answer:
    del store, p
    return [(None,)]


@_notary("unlock")
def unlock(store: Store, p: Parameters) -> Answer:
    del store, p
    return [(True,)]


@_notary("latest")
def latest(store: Store, p: Parameters) -> Answer:
    del p
    return [store.checkpoints[max(store.checkpoints)]] if store.checkpoints else []


@_notary("covering")
def covering(store: Store, p: Parameters) -> Answer:
    sizes = [size for size in store.checkpoints if size >= p["size"]]
    return [store.checkpoints[min(sizes)]] if sizes else []


@_notary("checkpoints_after")
def checkpoints_after(store: Store, p: Parameters) -> Answer:
    sizes = sorted(size for size in store.checkpoints if size > p["size"])
    return [store.checkpoints[size] for size in sizes[: p["limit"]]]


@_notary("put_checkpoint")
def put_checkpoint(store: Store, p: Parameters) -> Answer:
    store.checkpoints.insert(p["size"], (p["size"], p["root"], p["note"]))
    return 1


@_notary("tiles")
def tiles(store: Store, p: Parameters) -> Answer:
    places = ((p["level"], index) for index in range(p["start"], p["end"]))
    return [(place[1], store.tiles[place]) for place in places if place in store.tiles]


@_notary("put_tiles")
def put_tiles(store: Store, p: Parameters) -> Answer:
    fresh = 0
    for level, index, hashed in zip(p["levels"], p["indexes"], p["hashes"], strict=True):
        if (level, index) not in store.tiles:
            store.tiles.put((level, index), hashed)
            fresh += 1
    return fresh


def _streams(store: Store, ids: list[UUID]) -> list[Stream]:
    found = (store.streams.get(id) for id in dict.fromkeys(ids))
    return [stream for stream in found if stream is not None]


def _last_version(store: Store, number: int) -> int:
    written = store.written.get(number)
    return store.entries[written[-1]].version if written else 0


def _with_stream(store: Store, e: Entry) -> tuple[Any, ...]:
    s = store.numbers[e.stream]
    place = (s.id, s.ledger, s.kind, s.person, s.school_year)
    return (e.position, e.recorded_at, *place, *e[3:])
