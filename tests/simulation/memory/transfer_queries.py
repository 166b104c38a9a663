"""The named queries of `transfer/sql`: outbox, inbox, decisions, hops, copies and cases."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tests.simulation.memory import literals
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


@_query("put_references")
def put_references(store: Store, p: Parameters) -> Answer:
    return _refer(store, p["ledgers"], p["kinds"], p["codes"], p["from"], p["bodies"])


@_query("put_evidence")
def put_evidence(store: Store, p: Parameters) -> Answer:
    ledgers = [UUID(text) for text in literals.texts(p["ledgers"])]
    kinds, codes = literals.texts(p["kinds"]), literals.texts(p["codes"])
    return _refer(store, ledgers, kinds, codes, p["known_from"], literals.texts(p["bodies"]))


@_query("evidence")
def evidence(store: Store, p: Parameters) -> Answer:
    kept = (
        (ledger, kind, code)
        for ledger, kind, code, _ in store.references
        if ledger in p["ledgers"] and kind in ("sheet", "closing") and code in p["codes"]
    )
    return [(key[1], _referred(store, key)[-1]) for key in sorted(set(kept))]


@_query("shown_before")
def shown_before(store: Store, p: Parameters) -> Answer:
    told = [
        row.position
        for row in store.outbox.values()
        if (row.kind, row.receiver) == ("dossier", p["receiver"]) and row.position < p["position"]
    ]
    return [(max(told, default=None),)]


@_query("put_proposal_proofs")
def put_proposal_proofs(store: Store, p: Parameters) -> Answer:
    kinds = ["proposal"] * len(p["codes"])
    return _refer(store, p["ledgers"], kinds, p["codes"], p["known_from"], p["bodies"])


@_query("proposal_proofs")
def proposal_proofs(store: Store, p: Parameters) -> Answer:
    first: dict[str, tuple[int, Any]] = {}
    for (_, kind, code, known_from), body in store.references.items():
        wanted = kind == "proposal" and code in p["codes"]
        if wanted and (code not in first or known_from < first[code][0]):
            first[code] = (known_from, body)
    return [(code, first[code][1]) for code in sorted(first)]


@_query("references")
def references(store: Store, p: Parameters) -> Answer:
    kept = {
        (ledger, kind, code)
        for ledger, kind, code, _ in store.references
        if ledger in p["ledgers"] and kind in ("unit", "class")
    }
    return [(*key, _referred(store, key)[-1]) for key in sorted(kept)]


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
    dead = sum(r.state == "dead" and r.sender == p["sender"] for r in store.inbox.values())
    if p["state"] == "dead" and p["most"] <= dead:
        return 0
    known = store.inbox.get(key)
    if known is not None and known.state != "dead":
        same = known.payload_sha256 == p["sha"]
        if not (known.state == "quarantined" and p["state"] == "done" and same):
            return 0
    what = (p["case"], p["kind"], p["sha"], p["frame"], p["state"], p["detail"])
    store.inbox.put(key, Came(*key, *what, store.now))
    return 1


@_query("dead_count")
def dead_count(store: Store, p: Parameters) -> Answer:
    del p
    return [(sum(row.state == "dead" for row in store.inbox.values()),)]


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


@_query("peer_checkpoints")
def peer_checkpoints(store: Store, p: Parameters) -> Answer:
    shown = (p["ledger"], p["incarnation"])
    places = ((*shown, size) for size in dict.fromkeys(p["sizes"]))
    return [
        (place[2], store.peer_checkpoints[place])
        for place in places
        if place in store.peer_checkpoints
    ]


@_query("put_peer_checkpoint")
def put_peer_checkpoint(store: Store, p: Parameters) -> Answer:
    key = (p["ledger"], p["incarnation"], p["size"])
    if key in store.peer_checkpoints:
        return 0
    store.peer_checkpoints.put(key, p["root"])
    return 1


@_query("copies")
def copies(store: Store, p: Parameters) -> Answer:
    rows: list[Row] = [
        (stream, entry.version, entry.entry_hash, entry.topic)
        for stream in dict.fromkeys(p["streams"])
        for entry in store.entries_of(stream)
    ]
    return sorted(rows)


@_query("cases_about")
def cases_about(store: Store, p: Parameters) -> Answer:
    found = (s for s in store.kinds.get("case", ()) if s.person == p["person"])
    return [(store.states[s.no],) for s in found if s.no in store.states]


@_query("cases_in")
def cases_in(store: Store, p: Parameters) -> Answer:
    bodies = (store.states.get(s.no) for s in store.kinds.get("case", ()))
    found = ((body, json.loads(body)) for body in bodies if body is not None)
    return [
        (body,) for body, case in found if case["side"] == p["side"] if case["state"] in p["states"]
    ]


@_query("cases")
def cases(store: Store, p: Parameters) -> Answer:
    del p
    return [(stream.id, store.states[stream.no]) for stream, _ in _case_streams(store)]


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
    over = ("accepted", "rejected", "declined", "refused", "left", "follow_up")
    rows: list[tuple[str, str, str, datetime]] = []
    for stream, positions in _case_streams(store):
        case = json.loads(store.states[stream.no])
        waits = any(one["outcome"] is None for one in case["supplements"])
        if case["state"] not in over or waits:
            last = store.entries[positions[-1]].recorded_at
            rows.append((case["id"], case["side"], case["state"], last))
    return sorted(rows, key=lambda row: row[3])


@_query("to_seal")
def to_seal(store: Store, p: Parameters) -> Answer:
    found = [row for row in store.outbox.values() if row.state == "to_seal" and _goes(store, row)]
    found.sort(key=lambda row: row.position)
    return [
        (r.message, r.case_id, r.receiver, r.kind, r.issue, r.position, r.content)
        for r in found[: p["limit"]]
    ]


@_query("put_sealed")
def put_sealed(store: Store, p: Parameters) -> Answer:
    stored = 0
    for message, frame in zip(p["messages"], p["frames"], strict=True):
        rows = _unsealed(store, {"message": message})
        stored += update(store, rows, sealed=frame, state="sealed")
    return stored


@_query("cannot_seal")
def cannot_seal(store: Store, p: Parameters) -> Answer:
    return update(store, _unsealed(store, p), state="failed", reason=p["reason"])


@_query("due")
def due(store: Store, p: Parameters) -> Answer:
    found = [
        row
        for row in store.outbox.values()
        if row.state in ("sealed", "sent")
        and not store.now < row.next_at <= store.now + timedelta(days=1)
        and _goes(store, row)
    ]
    found.sort(key=lambda row: row.next_at)
    return [due_row(row, p["most"]) for row in found[: p["limit"]]]


def due_row(row: Sent, most: int) -> Row:
    """A message that is due, with its frame where that is no longer than `most` bytes."""
    assert row.sealed is not None
    frame = row.sealed if len(row.sealed) <= most else None
    return (row.message, row.receiver, row.kind, frame, len(row.sealed), row.attempts)


@_query("frame")
def frame(store: Store, p: Parameters) -> Answer:
    return [(store.outbox[p["message"]].sealed,)] if p["message"] in store.outbox else []


@_query("put_sent")
def put_sent(store: Store, p: Parameters) -> Answer:
    columns = ("messages", "states", "waits", "sequences")
    for message, state, wait, sequence in zip(*(p[column] for column in columns), strict=True):
        row = store.outbox[message]
        update(
            store,
            [row],
            state="answered" if "answers" in row.content else state,
            attempts=row.attempts + 1,
            sequence=sequence or row.sequence,
            next_at=store.now + timedelta(seconds=wait),
        )
    return len(p["messages"])


@_query("cannot_send")
def cannot_send(store: Store, p: Parameters) -> Answer:
    return update(store, [store.outbox[p["message"]]], state="failed", reason=p["reason"])


@_query("failed")
def failed(store: Store, p: Parameters) -> Answer:
    del p
    found = [row for row in store.outbox.values() if row.state == "failed"]
    found.sort(key=lambda row: row.position)
    return [(row.message, row.case_id, row.kind, row.reason) for row in found]


@_query("outbox_waiting")
def outbox_waiting(store: Store, p: Parameters) -> Answer:
    del p
    waiting: dict[str, list[str]] = {}
    for row in store.outbox.values():
        if row.state in ("to_seal", "sealed", "sent"):
            waiting.setdefault(row.state, []).append(str(row.message))
    return [(state, len(ids), min(ids)) for state, ids in waiting.items()]


@_query("answered")
def answered(store: Store, p: Parameters) -> Answer:
    return _answer(store, _of_case(store, p))


@_query("answered_by")
def answered_by(store: Store, p: Parameters) -> Answer:
    told = of_kind(store, p)
    return _answer(store, [row for row in told if row.receiver == p["receiver"]])


@_query("answered_message")
def answered_message(store: Store, p: Parameters) -> Answer:
    row = store.outbox.get(p["message"])
    return _answer(store, [row] if row is not None else [])


@_query("answered_issue")
def answered_issue(store: Store, p: Parameters) -> Answer:
    return _answer(store, [row for row in of_kind(store, p) if row.issue == p["issue"]])


@_query("next_issue")
def next_issue(store: Store, p: Parameters) -> Answer:
    return [(max((row.issue for row in of_kind(store, p)), default=0) + 1,)]


@_query("told_content")
def told_content(store: Store, p: Parameters) -> Answer:
    found = sorted(of_kind(store, p), key=lambda row: row.issue)
    return [(row.content,) for row in found[:1]]


@_query("told_message")
def told_message(store: Store, p: Parameters) -> Answer:
    row = store.outbox.get(p["message"])
    if row is None or row.case_id != p["case"]:
        return []
    return [(row.receiver, row.kind, row.issue, row.content, row.state)]


@_query("told_problem")
def told_problem(store: Store, p: Parameters) -> Answer:
    said = (p["receiver"], p["kind"], p["issue"])
    told = of_kind(store, {"case": p["case"], "kind": "problem"})
    found = [(row.receiver, row.content.get("kind"), row.content.get("issue")) for row in told]
    return [(1,) for one in found if one == said]


@_query("of_case")
def of_case(store: Store, p: Parameters) -> Answer:
    found = [r for r in store.outbox.values() if r.case_id == p["case"] and r.sealed is not None]
    found.sort(key=lambda row: (row.position, row.kind, row.issue))
    return [(row.kind, row.receiver, row.issue, row.state, row.sealed) for row in found]


@_query("supplement_frames")
def supplement_frames(store: Store, p: Parameters) -> Answer:
    found = [
        row
        for row in store.inbox.values()
        if (row.case_id, row.kind, row.state) == (p["case"], "supplement", "done")
    ]
    found.sort(key=lambda row: row.received_at)
    return [(row.frame, row.received_at) for row in found]


@_query("inbox_frame")
def inbox_frame(store: Store, p: Parameters) -> Answer:
    row = store.inbox.get((p["sender"], p["message"]))
    return [(row.frame,)] if row is not None and row.state != "dead" else []


@_query("register_states")
def register_states(store: Store, p: Parameters) -> Answer:
    del p
    said = [json.loads(store.states[s.no])["registered"] for s, _ in _case_streams(store)]
    return [(one, said.count(one)) for one in dict.fromkeys(said) if one is not None]


@_query("registered")
def registered(store: Store, p: Parameters) -> Answer:
    found = (s for s in store.kinds.get("register", ()) if s.ledger == p["ledger"])
    return [(s.id, store.states[s.no]) for s in found if s.no in store.states]


@_query("newest_hash")
def newest_hash(store: Store, p: Parameters) -> Answer:
    found = store.entries_of(p["stream"])
    return [(found[-1].entry_hash,)] if found else []


@_query("sheet_marks")
def sheet_marks(store: Store, p: Parameters) -> Answer:
    spans = list(zip(p["starts"], p["ends"], strict=True))
    rows: list[Row] = []
    for position in sorted({place for first, last in spans for place in range(first, last)}):
        entry = store.entries.get(position)
        if entry is None:
            continue
        person = store.numbers[entry.stream].person
        for first, last in spans:
            if first <= position < last:
                rows.append((last, person, entry.body, entry.entry_hash))
    return rows


@_query("repeat_answers")
def repeat_answers(store: Store, p: Parameters) -> Answer:
    found = [
        row
        for row in _of_case(store, p)
        if row.sealed is not None or row.state != "failed"
        if row.kind in p["final"]
        or "answers" in row.content
        or (row.state != "answered" and "asks" not in row.content)
    ]
    for row in found:
        state = "to_seal" if row.sealed is None else "sealed"
        update(store, [row], state=state, next_at=store.now)
    return len(found)


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


def of_kind(store: Store, p: Parameters) -> list[Sent]:
    """The messages of one kind of a case."""
    wanted = (p["case"], p["kind"])
    return [row for row in store.outbox.values() if (row.case_id, row.kind) == wanted]


def _answer(store: Store, rows: list[Sent]) -> int:
    return update(store, [row for row in rows if row.state != "answered"], state="answered")


def _refer(
    store: Store,
    ledgers: list[UUID],
    kinds: list[str],
    codes: list[str],
    known_from: int,
    bodies: list[Any],
) -> int:
    fresh = 0
    for ledger, kind, code, body in zip(ledgers, kinds, codes, bodies, strict=True):
        key = (ledger, kind, code, known_from)
        if key not in store.references:
            told = json.loads(body) if isinstance(body, str) else body.obj
            store.references.put(key, literals.jsonb(told))
            fresh += 1
    return fresh


def _referred(store: Store, key: tuple[UUID, str, str]) -> list[Any]:
    """What was told under a key, the newest last."""
    told = ((k[3], body) for k, body in store.references.items() if k[:3] == key)
    return [body for _, body in sorted(told, key=lambda one: one[0])]


def _goes(store: Store, row: Sent) -> bool:
    """Whether a message goes out although its ledger may recover from a restore."""
    made_of = row.kind == "reconcile" or "wanted" in row.content
    return made_of or all(one.ended_at is not None for one in store.recoveries.values())


def _unsealed(store: Store, p: Parameters) -> list[Sent]:
    row = store.outbox.get(p["message"])
    open_ = row is not None and row.sealed is None and row.state != "answered"
    return [row] if row is not None and open_ else []


def update(store: Store, rows: list[Sent], **changed: Any) -> int:
    """Changes columns of messages; how many there were."""
    for row in rows:
        store.outbox.put(row.message, row._replace(**changed))
    return len(rows)


def _case_streams(store: Store) -> list[tuple[Any, tuple[int, ...]]]:
    return [
        (stream, store.written[stream.no])
        for stream in store.kinds.get("case", ())
        if stream.no in store.written and stream.no in store.states
    ]
