"""The named queries of `transfer/sql/recovery.sql` and `ledger/sql/fence.sql`: coming back from a
restore."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from tests.simulation.memory.statements import Answer, Parameters, of_file
from tests.simulation.memory.tables import Ask, Came, Recovery, Row, Sent, Store
from tests.simulation.memory.transfer_queries import of_kind, update

_query = of_file("transfer", "recovery.sql")
_fence = of_file("ledger", "fence.sql")
_BEGUN = "ledger.RecoveryBegun.v1"
_NEVER_TOLD = ("applied", "agreed", "refused", "follow_up")


@_fence("recovering")
@_query("recovering")
def recovering(store: Store, p: Parameters) -> Answer:
    del p
    return [(r.incarnation, r.since) for r in store.recoveries.values() if r.ended_at is None]


@_fence("signed_anything")
def signed_anything(store: Store, p: Parameters) -> Answer:
    del p
    return [(bool(store.checkpoints),)]


@_query("peer")
def peer(store: Store, p: Parameters) -> Answer:
    return [(store.peers[p["ledger"]],)] if p["ledger"] in store.peers else []


@_query("put_peer")
def put_peer(store: Store, p: Parameters) -> Answer:
    if store.peers.get(p["ledger"], 0) >= p["incarnation"]:
        return 0
    store.peers.put(p["ledger"], p["incarnation"])
    return 1


@_query("end_abandoned")
def end_abandoned(store: Store, p: Parameters) -> Answer:
    del p
    return _end(store, [r for r in store.recoveries.values() if r.ended_at is None])


@_query("begin_recovery")
def begin_recovery(store: Store, p: Parameters) -> Answer:
    begun = Recovery(p["incarnation"], p["since"], p["signed_size"], None)
    store.recoveries.insert(begun.incarnation, begun)
    return 1


@_query("raise_incarnation")
def raise_incarnation(store: Store, p: Parameters) -> Answer:
    head = store.head[True]
    if head.incarnation >= p["incarnation"]:
        return 0
    store.head.put(True, head._replace(incarnation=p["incarnation"]))
    return 1


@_query("end_recovery")
def end_recovery(store: Store, p: Parameters) -> Answer:
    return _end(store, [store.recoveries[p["incarnation"]]])


@_query("newest_recovery")
def newest_recovery(store: Store, p: Parameters) -> Answer:
    del p
    return [(max(store.recoveries, default=None),)]


def _end(store: Store, found: list[Recovery]) -> int:
    for recovery in found:
        store.recoveries.put(recovery.incarnation, recovery._replace(ended_at=store.now))
    return len(found)


@_query("renew_outbox")
def renew_outbox(store: Store, p: Parameters) -> Answer:
    del p
    found = [row for row in store.outbox.values() if row.sealed is not None]
    for row in found:
        state = "to_seal" if row.state in ("sealed", "sent") else row.state
        state = "answered" if row.kind == "reconcile" else state
        store.outbox.drop(row.message)
        anew = row._replace(
            message=uuid4(), sealed=None, attempts=0, next_at=store.now, state=state
        )
        store.outbox.put(anew.message, anew)
    return len(found)


@_query("tell_again")
def tell_again(store: Store, p: Parameters) -> Answer:
    found = [
        row for row in _waiting(store) if row.receiver == p["ledger"] and row.kind != "reconcile"
    ]
    return update(store, found, next_at=store.now)


@_query("ask_again")
def ask_again(store: Store, p: Parameters) -> Answer:
    del p
    found = [r for r in _waiting(store) if r.kind == "reconcile" and "asks" in r.content]
    return update(store, found, next_at=store.now)


def _waiting(store: Store) -> list[Sent]:
    return [row for row in store.outbox.values() if row.state in ("sealed", "sent")]


@_query("seal_again")
def seal_again(store: Store, p: Parameters) -> Answer:
    told = of_kind(store, p)
    found = [row for row in told if row.sealed is None and row.state == "answered"]
    return update(store, found, state="to_seal")


@_query("put_ask")
def put_ask(store: Store, p: Parameters) -> Answer:
    asked = Ask(
        id=p["ask"],
        ledger=p["ledger"],
        incarnation=p["incarnation"],
        since=p["since"],
        wants=tuple(p["wants"]),
        asked_at=store.now,
    )
    store.asks.insert(asked.id, asked)
    return 1


@_query("ask")
def ask(store: Store, p: Parameters) -> Answer:
    one = store.asks.get(p["ask"])
    if one is None:
        return []
    place = (one.ledger, one.incarnation, one.since, list(one.parts), one.last)
    return [(*place, one.answered_at)]


@_query("lock_ask")
def lock_ask(store: Store, p: Parameters) -> Answer:
    one = store.asks.get(p["ask"])
    return [] if one is None else [(list(one.parts), one.last)]


@_query("put_part")
def put_part(store: Store, p: Parameters) -> Answer:
    one = store.asks[p["ask"]]
    parts = one.parts if p["part"] in one.parts else (*one.parts, p["part"])
    last = p["last"] if one.last is None else one.last
    found = (*one.findings, *p["findings"].obj)
    store.asks.put(one.id, one._replace(parts=parts, last=last, findings=found))
    return 1


@_query("put_ruling")
def put_ruling(store: Store, p: Parameters) -> Answer:
    asked = Ask(
        id=p["ask"],
        ledger=p["ledger"],
        incarnation=p["incarnation"],
        since=None,
        wants=(),
        asked_at=store.now,
        ruling=p["ruling"],
        answered_at=store.now,
    )
    store.asks.insert(asked.id, asked)
    return 1


@_query("whole")
def whole(store: Store, p: Parameters) -> Answer:
    del p
    found = [a for a in _asks(store) if a.answered_at is None and a.last == len(a.parts)]
    return [(a.id, a.ledger, a.incarnation, a.since) for a in found]


@_query("put_answered")
def put_answered(store: Store, p: Parameters) -> Answer:
    one = store.asks[p["ask"]]
    found = (*one.findings, *p["findings"].obj)
    store.asks.put(one.id, one._replace(answered_at=store.now, findings=found))
    return 1


@_query("drop_older_statements")
def drop_older_statements(store: Store, p: Parameters) -> Answer:
    older = {
        one.id
        for one in _asks(store)
        if one.ledger == p["ledger"] and one.id != p["ask"] and one.answered_at is not None
    }
    found = [key for key in store.statements if key[0] in older]
    for key in found:
        store.statements.drop(key)
    return len(found)


@_query("drop_older_findings")
def drop_older_findings(store: Store, p: Parameters) -> Answer:
    found = [
        one
        for one in _asks(store)
        if one.ledger == p["ledger"] and one.id != p["ask"]
        if one.answered_at is not None and one.findings
    ]
    for one in found:
        store.asks.put(one.id, one._replace(findings=()))
    return len(found)


@_query("drop_older_asks")
def drop_older_asks(store: Store, p: Parameters) -> Answer:
    found = [
        one
        for one in _asks(store)
        if one.ledger == p["ledger"] and one.id != p["ask"]
        if one.incarnation is None and one.answered_at is not None
    ]
    for one in found:
        store.asks.drop(one.id)
    return len(found)


@_query("put_statements")
def put_statements(store: Store, p: Parameters) -> Answer:
    fresh = 0
    for case, body in zip(p["cases"], p["bodies"], strict=True):
        if (p["ask"], case) not in store.statements:
            store.statements.put((p["ask"], case), json.loads(body))
            fresh += 1
    return fresh


@_query("statements")
def statements(store: Store, p: Parameters) -> Answer:
    return [(body,) for body in _stated(store, p["ask"]) if "supplements" not in body]


@_query("stated_supplements")
def stated_supplements(store: Store, p: Parameters) -> Answer:
    return [(body,) for body in _stated(store, p["ask"]) if "supplements" in body]


def _stated(store: Store, ask: UUID) -> list[Any]:
    return [store.statements[key] for key in sorted(k for k in store.statements if k[0] == ask)]


@_query("open_report_asks")
def open_report_asks(store: Store, p: Parameters) -> Answer:
    del p
    open_ = (a for a in _asks(store) if a.incarnation is None and a.answered_at is None)
    return [(ledger,) for ledger in dict.fromkeys(a.ledger for a in open_)]


@_query("asked_lately")
def asked_lately(store: Store, p: Parameters) -> Answer:
    del p
    since = store.now - timedelta(days=1)
    late = (a for a in _asks(store) if a.answered_at is None or a.asked_at > since)
    return [(led,) for led in dict.fromkeys(a.ledger for a in late if a.incarnation is None)]


@_query("newest_statement")
def newest_statement(store: Store, p: Parameters) -> Answer:
    del p
    newest: dict[UUID, Ask] = {}
    for one in _asks(store):
        if one.answered_at is None or one.ruling is not None:
            continue
        known = newest.get(one.ledger)
        if known is None or known.answered_at is None or known.answered_at < one.answered_at:
            newest[one.ledger] = one
    return [(ledger, newest[ledger].id, newest[ledger].answered_at) for ledger in sorted(newest)]


@_query("asks_of")
def asks_of(store: Store, p: Parameters) -> Answer:
    return [
        (
            *(a.id, a.ledger, list(a.wants), list(a.parts), a.last, list(a.findings)),
            *(a.ruling, a.asked_at, a.answered_at),
        )
        for a in _asks(store)
        if a.incarnation == p["incarnation"]
    ]


def _asks(store: Store) -> list[Ask]:
    return sorted(store.asks.values(), key=lambda one: (one.asked_at, one.id))


@_query("restored_entries")
def restored_entries(store: Store, p: Parameters) -> Answer:
    return [
        (
            sum(
                entry.origin_position is not None
                and entry.position >= p["start"]
                and store.numbers[entry.stream].ledger == p["ledger"]
                for entry in store.entries.values()
            ),
        )
    ]


@_query("begun_at_position")
def begun_at_position(store: Store, p: Parameters) -> Answer:
    found = [e.position for e in store.entries_of(p["ledger"]) if e.topic == _BEGUN]
    return [(max(found, default=None),)]


@_query("cases_with")
def cases_with(store: Store, p: Parameters) -> Answer:
    rows: list[Row] = []
    for stream in store.kinds.get("case", ()):
        if stream.no not in store.states:
            continue
        case = json.loads(store.states[stream.no])
        if case["peer"] == p["ledger"] and case["state"] not in _NEVER_TOLD:
            rows.append((stream.no, stream.id, store.states[stream.no]))
    return sorted(rows)


@_query("supplements_with")
def supplements_with(store: Store, p: Parameters) -> Answer:
    rows: list[Row] = []
    for stream in store.kinds.get("case", ()):
        body = store.states.get(stream.no)
        known = json.loads(body)["supplements"] if body is not None else []
        if any(one["ledger"] == p["ledger"] for one in known):
            rows.append((stream.no, body))
    return sorted(rows)


@_query("mails_from")
def mails_from(store: Store, p: Parameters) -> Answer:
    found = _done(store, p["ledger"], p["kind"])
    return [(row.message, len(row.frame), row.case_id) for row in found]


@_query("register_again")
def register_again(store: Store, p: Parameters) -> Answer:
    found = [
        row
        for row in store.outbox.values()
        if (row.receiver, row.kind, row.state) == (p["ledger"], "register", "answered")
        if row.sealed is not None or row.content["event"] != "rejected"
    ]
    for row in found:
        update(store, [row], state="sealed" if row.sealed else "to_seal", next_at=store.now)
    return len(found)


@_query("frame_from")
def frame_from(store: Store, p: Parameters) -> Answer:
    row = store.inbox.get((p["ledger"], p["message"]))
    return [] if row is None else [(row.frame,)]


@_query("supplement_answers")
def supplement_answers(store: Store, p: Parameters) -> Answer:
    found = _done(store, p["ledger"], "supplement_answer")
    return [(row.frame,) for row in found if row.case_id == p["case"]]


def _done(store: Store, sender: UUID, kind: str) -> list[Came]:
    found = [
        row
        for row in store.inbox.values()
        if (row.sender, row.kind, row.state) == (sender, kind, "done")
    ]
    return sorted(found, key=lambda row: (row.received_at, row.message))


@_query("steps_of")
def steps_of(store: Store, p: Parameters) -> Answer:
    found = [(e.position, s, e) for s in dict.fromkeys(p["streams"]) for e in store.entries_of(s)]
    found.sort(key=lambda one: one[0])
    return [(stream, e.recorded_at, e.topic, e.body) for _, stream, e in found]


@_query("copied_persons")
def copied_persons(store: Store, p: Parameters) -> Answer:
    sizes: dict[UUID, int] = {}
    for stream in store.numbers.values():
        if stream.ledger != p["ledger"] or stream.person is None:
            continue
        for entry in store.entries_of(stream.id):
            if entry.origin_recorded_at is not None and entry.origin_recorded_at > p["since"]:
                sizes[stream.person] = sizes.get(stream.person, 0) + len(entry.body)
    return sorted(sizes.items())


@_query("copied_streams")
def copied_streams(store: Store, p: Parameters) -> Answer:
    return [
        (stream.id, stream.person)
        for stream in store.numbers.values()
        if stream.ledger == p["ledger"] and stream.person in p["persons"]
    ]


@_query("releases_of")
def releases_of(store: Store, p: Parameters) -> Answer:
    bodies: dict[str, Any] = {body: json.loads(body) for body in store.hops.values()}
    return [
        (body,) for body, hop in bodies.items() if hop["release"]["record"]["stream"] in p["pupils"]
    ]


@_query("streams")
def streams(store: Store, p: Parameters) -> Answer:
    found = (store.streams.get(id) for id in dict.fromkeys(p["ids"]))
    return [(s.id, s.kind, s.person, s.school_year) for s in found if s is not None]


@_query("owned_persons")
def owned_persons(store: Store, p: Parameters) -> Answer:
    found = (store.streams.get(id) for id in dict.fromkeys(p["ids"]))
    return [
        (s.id,)
        for s in found
        if s is not None and (s.kind, s.ledger) == ("pupil", p["ledger"]) and s.no in store.written
    ]


@_query("released_pupils")
def released_pupils(store: Store, p: Parameters) -> Answer:
    own = (s for s in store.kinds.get("pupil", ()) if s.ledger == p["ledger"])
    found = ((s.id, json.loads(store.states.get(s.no) or "{}").get("released")) for s in own)
    return [(id, UUID(released[0])) for id, released in found if released]


@_query("accepted_into")
def accepted_into(store: Store, p: Parameters) -> Answer:
    own = (s for s in store.kinds.get("pupil", ()) if s.ledger == p["ledger"])
    found = ((s.id, store.states.get(s.no)) for s in own)
    return [(id,) for id, body in found if body and p["case"] in json.loads(body)["accepted"]]


@_query("acceptances")
def acceptances(store: Store, p: Parameters) -> Answer:
    after = p["since"] - timedelta(days=1)
    found = [
        row
        for row in store.inbox.values()
        if row.case_id in p["cases"]
        if (row.kind, row.state) == ("accept", "done") and row.received_at > after
    ]
    found.sort(key=lambda row: row.received_at, reverse=True)
    return sorted({row.case_id: (row.case_id, row.frame) for row in found}.values())
