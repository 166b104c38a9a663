"""The named queries of `transfer/sql`: outbox, inbox, decisions, hops, copies and cases."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tests.simulation.memory.statements import Answer, Parameters, of_file
from tests.simulation.memory.tables import Came, Row, Sent, Store

_query = of_file("transfer", "transfer.sql")


@_query("streams_about")
def streams_about(store: Store, p: Parameters) -> Answer:
    persons = set(p["persons"])
    return [
        (s.id, s.ledger)
        for kind in ("pupil", "pupil_year")
        for s in store.kinds.get(kind, ())
        if s.person in persons
    ]


@_query("hops")
def hops(store: Store, p: Parameters) -> Answer:
    found = sorted((no, body) for (pupil, no), body in store.hops.items() if pupil == p["pupil"])
    return [(body,) for _, body in found]


@_query("put_hops")
def put_hops(store: Store, p: Parameters) -> Answer:
    fresh = 0
    for number, body in zip(p["numbers"], p["bodies"], strict=True):
        if (p["pupil"], number) not in store.hops:
            store.hops.put((p["pupil"], number), body)
            fresh += 1
    return fresh


@_query("put_reference")
def put_reference(store: Store, p: Parameters) -> Answer:
    key = (p["ledger"], p["kind"], p["code"], p["known_from"])
    if key in store.references:
        return 0
    store.references.put(key, _json(p["body"]))
    return 1


@_query("references")
def references(store: Store, p: Parameters) -> Answer:
    newest: dict[tuple[UUID, str, str], tuple[int, Any]] = {}
    for (ledger, kind, code, known_from), body in store.references.items():
        key = (ledger, kind, code)
        if ledger in p["ledgers"] and (key not in newest or newest[key][0] < known_from):
            newest[key] = (known_from, body)
    return [(*key, newest[key][1]) for key in sorted(newest)]


@_query("decision")
def decision(store: Store, p: Parameters) -> Answer:
    return [store.decisions[p["case"]]] if p["case"] in store.decisions else []


@_query("put_decision")
def put_decision(store: Store, p: Parameters) -> Answer:
    store.decisions.insert(p["case"], (p["decision"], p["message"]))
    return 1


@_query("seen")
def seen(store: Store, p: Parameters) -> Answer:
    found = store.inbox.get((p["sender"], p["message"]))
    if found is None or found.state == "dead":
        return []
    return [(found.payload_sha256, found.state)]


@_query("put_seen")
def put_seen(store: Store, p: Parameters) -> Answer:
    key = (p["sender"], p["message"])
    known = store.inbox.get(key)
    if known is not None and known.state != "dead":
        same = known.payload_sha256 == p["sha"]
        if not (known.state == "quarantined" and p["state"] == "done" and same):
            return 0
    what = (p["case"], p["kind"], p["sha"], p["frame"], p["state"], p["detail"])
    store.inbox.put(key, Came(*key, *what, store.now))
    return 1


@_query("dossier_frame")
def dossier_frame(store: Store, p: Parameters) -> Answer:
    found = [
        row
        for row in store.inbox.values()
        if (row.case_id, row.kind, row.state) == (p["case"], "dossier", "done")
    ]
    newest = sorted(found, key=lambda row: row.received_at, reverse=True)
    return [(row.frame, row.received_at) for row in newest[:1]]


@_query("quarantined")
def quarantined(store: Store, p: Parameters) -> Answer:
    del p
    found = [row for row in store.inbox.values() if row.state != "done"]
    found.sort(key=lambda row: row.received_at)
    return [(r.sender, r.message, r.case_id, r.kind, r.detail, r.received_at) for r in found]


@_query("peer_checkpoint")
def peer_checkpoint(store: Store, p: Parameters) -> Answer:
    found = store.peer_checkpoints.get((p["ledger"], p["size"]))
    return [] if found is None else [(found,)]


@_query("put_peer_checkpoint")
def put_peer_checkpoint(store: Store, p: Parameters) -> Answer:
    key = (p["ledger"], p["size"])
    if key in store.peer_checkpoints:
        return 0
    store.peer_checkpoints.put(key, p["root"])
    return 1


@_query("copies")
def copies(store: Store, p: Parameters) -> Answer:
    rows: list[Row] = [
        (stream, entry.version, entry.entry_hash)
        for stream in dict.fromkeys(p["streams"])
        for entry in store.entries_of(stream)
    ]
    return sorted(rows)


@_query("cases")
def cases(store: Store, p: Parameters) -> Answer:
    del p
    rows = []
    for stream, positions in _case_streams(store):
        first, last = store.entries[positions[0]], store.entries[positions[-1]]
        body = store.states[stream.no]
        newest = max(e.recorded_at for e in (first, last))
        rows.append((stream.id, body, first.recorded_at, newest, last.position))
    return sorted(rows, key=lambda row: store.entries_of(row[0])[0].position)


@_query("case_times")
def case_times(store: Store, p: Parameters) -> Answer:
    found = store.entries_of(p["stream"])
    if not found:
        return [(None, None, None)]
    times = [entry.recorded_at for entry in found]
    return [(min(times), max(times), found[-1].position)]


@_query("unanswered")
def unanswered(store: Store, p: Parameters) -> Answer:
    del p
    rows: list[tuple[str, str, str, datetime]] = []
    for stream, positions in _case_streams(store):
        case = json.loads(store.states[stream.no])
        if case["state"] not in ("accepted", "rejected", "declined"):
            last = store.entries[positions[-1]].recorded_at
            rows.append((case["id"], case["side"], case["state"], last))
    return sorted(rows, key=lambda row: row[3])


@_query("to_seal")
def to_seal(store: Store, p: Parameters) -> Answer:
    del p
    found = [row for row in store.outbox.values() if row.state == "to_seal"]
    found.sort(key=lambda row: row.position)
    return [
        (r.message, r.case_id, r.receiver, r.kind, r.issue, r.position, r.content)
        for r in found[:100]
    ]


@_query("put_sealed")
def put_sealed(store: Store, p: Parameters) -> Answer:
    return _update(store, _unsealed(store, p), sealed=p["frame"], state="sealed")


@_query("cannot_seal")
def cannot_seal(store: Store, p: Parameters) -> Answer:
    return _update(store, _unsealed(store, p), state="failed")


@_query("due")
def due(store: Store, p: Parameters) -> Answer:
    found = [
        row
        for row in store.outbox.values()
        if row.state in ("sealed", "sent")
        and not store.now < row.next_at <= store.now + timedelta(days=1)
    ]
    found.sort(key=lambda row: row.next_at)
    return [(r.message, r.receiver, r.kind, r.sealed, r.attempts) for r in found[: p["limit"]]]


@_query("put_sent")
def put_sent(store: Store, p: Parameters) -> Answer:
    row = store.outbox[p["message"]]
    next_at = store.now + timedelta(seconds=p["wait"])
    return _update(store, [row], state=p["state"], attempts=row.attempts + 1, next_at=next_at)


@_query("answered")
def answered(store: Store, p: Parameters) -> Answer:
    found = [row for row in _of_case(store, p) if row.state != "answered"]
    return _update(store, found, state="answered")


@_query("repeat_answers")
def repeat_answers(store: Store, p: Parameters) -> Answer:
    found = [
        row
        for row in _of_case(store, p)
        if row.sealed is not None and (row.kind != "dossier" or row.state != "answered")
    ]
    return _update(store, found, state="sealed", next_at=store.now)


@_query("told")
def told(store: Store, p: Parameters) -> Answer:
    wanted = (p["case"], p["kind"], p["issue"])
    return [(1,) for r in store.outbox.values() if (r.case_id, r.kind, r.issue) == wanted]


@_query("sealed")
def sealed(store: Store, p: Parameters) -> Answer:
    found = [
        row
        for row in store.outbox.values()
        if (row.case_id, row.kind) == (p["case"], p["kind"]) and row.sealed is not None
    ]
    found.sort(key=lambda row: row.issue, reverse=True)
    return [(row.sealed,) for row in found[:1]]


@_query("outbox_states")
def outbox_states(store: Store, p: Parameters) -> Answer:
    del p
    states = [row.state for row in store.outbox.values()]
    return [(state, states.count(state)) for state in sorted(set(states))]


def _of_case(store: Store, p: Parameters) -> list[Sent]:
    return [r for r in store.outbox.values() if r.case_id == p["case"] and r.kind in p["kinds"]]


def _unsealed(store: Store, p: Parameters) -> list[Sent]:
    row = store.outbox.get(p["message"])
    return [row] if row is not None and row.sealed is None else []


def _update(store: Store, rows: list[Sent], **changed: Any) -> int:
    for row in rows:
        store.outbox.put(row.message, row._replace(**changed))
    return len(rows)


def _case_streams(store: Store) -> list[tuple[Any, tuple[int, ...]]]:
    return [
        (stream, store.written[stream.no])
        for stream in store.kinds.get("case", ())
        if stream.no in store.written and stream.no in store.states
    ]


def _json(value: Any) -> Any:
    """What a jsonb column gives back: lists for tuples, and nobody else's object."""
    return json.loads(json.dumps(value.obj))
