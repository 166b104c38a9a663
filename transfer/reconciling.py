"""Answering another ledger that asks what we know: after it was restored, or for a report.

it speaks as a higher incarnation    kept; what it sent before and is not here yet is refused,
                                    cases that wait for it say so, what it has not answered
                                    is told again
it wants dossiers again             they are issued again, sealed to its ledger key
the answer                          every transfer between us, and what we hold of its entries
"""

import base64
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from ledger import envelope, log
from ledger.case import Case
from ledger.database import Connection
from ledger.event import StreamKind
from ledger.events.case import PeerRestored
from ledger.events.recovery import PeerIncarnationHeard
from ledger.plan import Plan
from ledger.queries import queries
from ledger.reader import Reader
from transfer import clock
from transfer.acceptances import signed_acceptances, signed_supplements, told_rulings
from transfer.asking import named
from transfer.cases import Write, case_ref, message, next_issue, person_of
from transfer.completeness import author_order
from transfer.dossier import CarriedEntry, CarriedKey, Hop
from transfer.entries import carried
from transfer.errors import CaseRefused, CheckFailed
from transfer.message import Header
from transfer.office import Office
from transfer.opening import held_dossier
from transfer.statement import (
    CASES_IN_PART,
    LostRecord,
    ReconcileBody,
    StatedCase,
    cases_with,
    cases_with_supplements,
    state_cases,
    state_supplements,
)
from transfer.supplement import send_decided

_SQL = queries("transfer", "recovery.sql")
_LOG = queries("ledger", "log.sql")
BYTES_IN_PART = 250_000
"""Stored bytes of entries in one part; as text, with their records, they stay below one message
of the courier."""
_UNDECIDED = ("requested", "released", "problem", "recalling", "received")
_SENT_AGAIN = ("released", "problem", "recalling", "accepted")


def on_ask(
    office: Office,
    reader: Reader,
    header: Header,
    body: ReconcileBody,
    cases: Sequence[tuple[int, UUID, Case]],
) -> Plan:
    """What a ledger's question does to our log: `cases` are those between us."""
    plan = Plan(extra=[lock_head])
    keep_incarnation(reader, plan, header)
    wanted = set(body.wants)
    for _, _, case in cases:
        again = case.id in wanted and _can_send_again(case)
        marked = case.state in _UNDECIDED and case.restored < header.incarnation
        if not again and not (marked and body.since is not None):
            continue
        restored = PeerRestored(
            effective_on=clock.today(),
            case=case.id,
            incarnation=max(header.incarnation, case.restored),
            issue=case.issue + 1 if again else None,
        )
        plan.add(case_ref(reader, case.id, person_of(case)), [restored])
        if again:
            wanted_now = {"wanted": True}
            plan.outgoing.append(
                message(case.id, header.sender, "dossier", issue=case.issue + 1, content=wanted_now)
            )
    shown = [reader.case(case.id) or case for _, case in _supplemented(reader, header)]
    _send_again(reader, plan, header.sender, shown, set(body.wants_supplements))
    if body.since is not None:
        plan.extra.append(_tell_again(header.sender))
        ministry = office.trust.ministry()
        if ministry is not None and ministry.id == header.sender:
            plan.extra.append(named("register_again", {"ledger": header.sender}))
    contents = _parts(office, reader, header, body, cases)
    # A question that could not be read is asked anew, and answered anew.
    first = next_issue(reader, header.case, "reconcile")
    for number, about in enumerate(contents):
        content = {**about, "answers": True, "part": number + 1, "last": len(contents)}
        plan.outgoing.append(
            message(header.case, header.sender, "reconcile", issue=first + number, content=content)
        )
    return plan


def _supplemented(reader: Reader, header: Header) -> list[tuple[int, Case]]:
    return cases_with_supplements(reader.connection, header.sender)


def _send_again(
    reader: Reader, plan: Plan, asker: UUID, cases: Sequence[Case], wanted: Collection[UUID]
) -> None:
    """What the asker decided about our proposals, and has lost, goes to it again as one more
    supplement, with the answers it signed."""
    for case in cases:
        if case.id in wanted:
            send_decided(reader, plan, case, asker, today=clock.today())


def _can_send_again(case: Case) -> bool:
    return case.side == "origin" and case.pupil is not None and case.state in _SENT_AGAIN


def _parts(
    office: Office,
    reader: Reader,
    header: Header,
    body: ReconcileBody,
    cases: Sequence[tuple[int, UUID, Case]],
) -> list[dict[str, Any]]:
    """What each part of the answer is about; it is read when the part is sealed."""
    since = body.since
    persons: list[list[str]] = []
    mails: list[list[str]] = []
    rulings: list[list[str]] = []
    held: list[UUID] = []
    if since is not None:
        lost = {"ledger": header.sender, "since": since}
        persons = _packed(reader.connection.execute(_SQL["copied_persons"], lost).fetchall())
        mails = _packed(_mails(reader, header.sender, "supplement"))
        rulings = _packed(_rulings(office, reader, header, {case.id for *_, case in cases}))
        held = [c.id for *_, c in cases if (c.side, c.state) == ("receiver", "received")]
    numbers = [number for number, *_ in cases]
    pages = [numbers[n : n + CASES_IN_PART] for n in range(0, len(numbers), CASES_IN_PART)]
    asked = since.isoformat() if since else None
    parts: list[dict[str, Any]] = [{"mails": page, "since": asked} for page in mails]
    parts += [{"rulings": page} for page in rulings]
    parts += [{"persons": page, "since": asked} for page in persons]
    parts += [{"dossier": str(case), "since": asked} for case in held]
    parts += [{"cases": [page[0], page[-1]], "since": asked} for page in pages]
    numbers = [number for number, _ in _supplemented(reader, header)] if since is not None else []
    pages = [numbers[n : n + CASES_IN_PART] for n in range(0, len(numbers), CASES_IN_PART)]
    parts += [{"supplements": [page[0], page[-1]]} for page in pages]
    return parts or [{}]


def _mails(reader: Reader, ledger: UUID, kind: str) -> list[tuple[UUID, int]]:
    rows = reader.connection.execute(_SQL["mails_from"], {"ledger": ledger, "kind": kind})
    return [(message, size) for message, size, _ in rows.fetchall()]


def _rulings(
    office: Office, reader: Reader, header: Header, between_us: Collection[UUID]
) -> list[tuple[UUID, int]]:
    """The arbiter's rulings that came here: for the ministry all, for a party those between us."""
    ministry = office.trust.ministry()
    if ministry is None:
        return []
    named = {"ledger": ministry.id, "kind": "ruling"}
    rows = reader.connection.execute(_SQL["mails_from"], named).fetchall()
    wanted = ministry.id == header.sender
    return [(message, size) for message, size, case in rows if wanted or case in between_us]


def _packed(rows: Iterable[tuple[UUID, int]]) -> list[list[str]]:
    """Persons or messages in groups whose bytes together stay within a part."""
    groups: list[list[str]] = []
    filled = BYTES_IN_PART
    for person, size in rows:
        if filled + size > BYTES_IN_PART:
            groups.append([])
            filled = 0
        groups[-1].append(str(person))
        filled += int(size)
    return groups


def payload(
    office: Office, connection: Connection, ask: UUID, receiver: UUID, content: dict[str, Any]
) -> dict[str, Any]:
    """The signed payload of a question or of one part of an answer."""
    body = ReconcileBody(
        v=1,
        kind="reconcile",
        iss=office.ledger.id,
        aud=receiver,
        transfer_id=ask,
        asks=bool(content.get("asks")),
        since=_instant(content) if content.get("asks") else None,
        wants=tuple(UUID(case) for case in content.get("wants", ())),
        wants_supplements=tuple(UUID(case) for case in content.get("wants_supplements", ())),
        part=content.get("part", 1),
        last=content.get("last", 1),
        cases=(),
        records=(),
    )
    if body.asks:
        return body.model_dump(mode="json")
    found: dict[str, Any] = {}
    if "cases" in content:
        first, last = content["cases"]
        cases = [
            (stream, case)
            for number, stream, case in cases_with(connection, receiver)
            if first <= number <= last
        ]
        accepted = [c.id for _, c in cases if (c.side, c.state) == ("origin", "accepted")]
        since = _instant(content)
        proofs = signed_acceptances(office, connection, accepted, since) if since else {}
        found["cases"] = tuple(state_cases(connection, cases, proofs=proofs))
    if "supplements" in content:
        first, last = content["supplements"]
        known = cases_with_supplements(connection, receiver)
        shown = [case for number, case in known if first <= number <= last]
        told = state_supplements(shown, ours=office.ledger.id, told=receiver)
        found["supplements"] = tuple(told)
    if "mails" in content:
        found["mails"] = signed_supplements(
            office, connection, receiver, content["mails"], _instant(content)
        )
    if "rulings" in content:
        ministry = office.trust.ministry()
        assert ministry is not None
        found["rulings"] = told_rulings(office, connection, ministry.id, content["rulings"])
    if "persons" in content:
        pupils = [UUID(person) for person in content["persons"]]
        found["records"] = _copies(office, connection, receiver, pupils, _instant(content))
    if "dossier" in content:
        found["records"] = _from_dossier(
            office, connection, receiver, UUID(content["dossier"]), _instant(content)
        )
    return body.model_copy(update=found).model_dump(mode="json")


def _instant(content: dict[str, Any]) -> datetime | None:
    text = content.get("since")
    return datetime.fromisoformat(text) if text else None


def _copies(
    office: Office,
    connection: Connection,
    author: UUID,
    pupils: Sequence[UUID],
    since: datetime | None,
) -> tuple[LostRecord, ...]:
    """Our verbatim copies of the author's newer entries about its pupils, with what proves them."""
    assert since is not None
    rows = connection.execute(
        _SQL["copied_streams"], {"ledger": author, "persons": list(pupils)}
    ).fetchall()
    whose: dict[UUID, UUID] = dict(rows)
    entries: dict[UUID, list[CarriedEntry]] = {pupil: [] for pupil in pupils}
    for entry in log.of_streams(connection, list(whose), size=None):
        if entry.origin is not None and entry.origin.recorded_at > since:
            entries[whose[entry.stream.id]].append(carried(entry))
    proofs = connection.execute(
        _SQL["releases_of"], {"pupils": [str(pupil) for pupil in pupils]}
    ).fetchall()
    hops = [Hop.model_validate_json(row[0]) for row in proofs]
    return tuple(
        _lost(
            pupil,
            hops,
            found,
            _keys(office, connection, found, pupil, author),
            since,
        )
        for pupil, found in entries.items()
        if found
    )


def _from_dossier(
    office: Office,
    connection: Connection,
    author: UUID,
    case: UUID,
    since: datetime | None,
) -> tuple[LostRecord, ...]:
    """What a dossier that nobody has decided about yet holds of its sender's newer entries."""
    assert since is not None
    try:
        dossier = held_dossier(office, connection, case)
    except (CaseRefused, CheckFailed):
        return ()
    carried_ = [e for s in dossier.streams for e in s.entries if s.ledger == author]
    newer = [entry for entry in carried_ if entry.record.recorded_at > since]
    used = _used([*newer, *(hop.release for hop in dossier.hops)])
    keys = tuple(key for key in dossier.keys if key.key_id in used)
    record = _lost(dossier.pupil, dossier.hops, newer, keys, since)
    return (record,) if record.hops else ()


def _keys(
    office: Office,
    connection: Connection,
    entries: Sequence[CarriedEntry],
    pupil: UUID,
    author: UUID,
) -> tuple[CarriedKey, ...]:
    """The statutory keys that the author's entries are sealed under: it may have lost them too."""
    used = _used(entries)
    return tuple(
        CarriedKey(
            key_id=key.id,
            person=person,
            ledger=ledger,
            category=category,
            key=base64.b64encode(key.key).decode(),
        )
        for key, person, ledger, category in office.ledger.keyring.keys_about(connection, [pupil])
        if (ledger, category) == (author, "statutory") and key.id in used
    )


def _used(entries: Iterable[CarriedEntry]) -> set[UUID]:
    """The keys under which something of the entries is sealed."""
    return {
        sealed.key_id
        for entry in entries
        for sealed in envelope.decode(entry.stored).personal.values()
    }


def _lost(
    pupil: UUID,
    hops: Sequence[Hop],
    entries: Sequence[CarriedEntry],
    keys: tuple[CarriedKey, ...],
    since: datetime,
) -> LostRecord:
    ours = [hop for hop in hops if hop.release.record.stream == pupil]
    newer = [hop for hop in ours if hop.release.record.recorded_at > since]
    newer.sort(key=lambda hop: author_order(hop.release))
    return LostRecord(
        pupil=pupil,
        hops=tuple(newer),
        entries=tuple(sorted(entries, key=author_order)),
        keys=keys,
    )


def keep_incarnation(reader: Reader, plan: Plan, header: Header) -> None:
    """Whoever speaks as a higher incarnation is known by it from now on: by an entry, and in a
    table to be looked up. A row that says so already is not written again: of every message."""
    row = reader.connection.execute(_SQL["peer"], {"ledger": header.sender}).fetchone()
    known = row[0] if row is not None else 0
    if known >= header.incarnation:
        return
    if header.incarnation > 1:
        heard = PeerIncarnationHeard(
            effective_on=clock.today(), peer=header.sender, incarnation=header.incarnation
        )
        plan.add(reader.ref(reader.ledger, StreamKind.LEDGER), [heard])

    def write(connection: Connection, first: int) -> None:
        del first
        connection.execute(
            _SQL["put_peer"], {"ledger": header.sender, "incarnation": header.incarnation}
        )

    plan.extra.append(write)


def lock_head(connection: Connection, first: int) -> None:
    """Waits for effects that are being appended: none of an older incarnation comes after this."""
    del first
    connection.execute(_LOG["lock_head"])


def _tell_again(ledger: UUID) -> Write:
    def write(connection: Connection, first: int) -> None:
        del first
        connection.execute(_SQL["tell_again"], {"ledger": ledger})

    return write


def own_statement(connection: Connection, ledger: UUID) -> list[StatedCase]:
    """The transfers with one ledger as our own log states them."""
    cases = [(stream, case) for _, stream, case in cases_with(connection, ledger)]
    return state_cases(connection, cases, proofs={})


def newest_statement(
    connection: Connection, ledger: UUID
) -> tuple[datetime, list[StatedCase]] | None:
    """The newest whole statement of another ledger, and when it was worked in; None where it has
    made none."""
    rows = connection.execute(_SQL["newest_statement"]).fetchall()
    for teller, ask, answered_at in rows:
        if teller == ledger:
            told = connection.execute(_SQL["statements"], {"ask": ask}).fetchall()
            return answered_at, [StatedCase.model_validate(row[0]) for row in told]
    return None
