"""Taking a verified dossier in: copies, link, decision and custody, in one transaction."""

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from psycopg.types.json import Jsonb

from ledger import arrays
from ledger.database import Connection
from ledger.errors import NotFound
from ledger.event import Event, Note, StreamKind, Who
from ledger.events.case import CaseDecided, IdentityConfirmed
from ledger.events.pupil import PupilLinked, PupilRegistered, Released, TransferAccepted
from ledger.events.pupil_year import PaperYearOpened, PupilYearOpened
from ledger.ids import uuid7
from ledger.plan import Copied, Draft, Plan
from ledger.pupil import Pupil
from ledger.queries import queries
from ledger.reader import Reader
from ledger.recorder import StreamRef
from ledger.registration import pupil_ref
from transfer import register
from transfer.cases import case_ref, decide_once, message, request_secret, require_case
from transfer.checks import Report
from transfer.dossier import ClosingProof, Dossier, Hop, ReadEntry, SheetPath, read_entry
from transfer.errors import CaseRefused
from transfer.held import DatabaseHeld
from transfer.holding import require_free
from transfer.identity import (
    carried_claim,
    carried_numbers,
    carried_profile,
    differences,
    identity_claim,
)
from transfer.office import Office
from transfer.proofs import evidence_code
from transfer.supplement_proofs import keep_proofs, proofs_of
from transfer.understanding import data_key

_SQL = queries("transfer", "transfer.sql")
_LOG = queries("ledger", "log.sql")


def accept(
    office: Office,
    case_id: UUID,
    report: Report,
    *,
    pupil: UUID | None,
    remark: str | None,
    today: date,
    who: Who,
    recovery: bool = False,
) -> UUID:
    """Takes a verified dossier in: copies, link, `TransferAccepted` and the decision, in one
    transaction; custody is here from its position on.

    `pupil` is our own record of the child (None: a new one is made). Accepted before: nothing
    more happens. `recovery`: it was accepted before this ledger was restored, and is again, by
    rule. Returns our pupil's id.

    Raises:
        CaseRefused: the transfer was rejected, there is no such dossier, or our record of the child
            cannot go on with this history.
    """
    dossier = report.dossier
    assert dossier is not None
    ours = pupil or uuid7()

    def decide(reader: Reader) -> Plan:
        nonlocal ours
        case = require_case(reader, case_id)
        if case.state == "accepted":
            ours = case.pupil or ours
            return Plan()
        if case.side != "receiver" or case.state != "received":
            raise CaseRefused(f"the case is {case.state}; there is no checked dossier to accept")
        if not recovery:  # whoever held the case has let it go before it was accepted
            require_free(case)
        DatabaseHeld(reader.connection, reader, by_file=True).check_copies(dossier)
        plan = Plan()
        if pupil is None:
            _require_unknown(reader, dossier)
            plan.add(
                reader.begin(pupil_ref(reader, ours)),
                new_record(dossier, report.entries, ours, today),
            )
        elif reader.pupils([ours])[ours] is None:
            raise NotFound("unknown_pupil", "no pupil is on record under this key")
        own = reader.pupils([ours])[ours] if pupil is not None else None
        if own is not None and case_id not in own.accepted:
            _require_one_history(reader, own, dossier)
        _copy(reader, plan, dossier, report.entries)
        if own is None or case_id not in own.accepted:  # that entry itself may have come back
            plan.add(pupil_ref(reader, ours), joined(own, dossier, ours, case_id, today))
        told = message(case_id, dossier.iss, "accept", content={"digest": dossier.digest.value})
        decided = CaseDecided(
            effective_on=today,
            case=case_id,
            decision="accepted",
            pupil=ours,
            digest=dossier.digest.value,
            reason=None,
            statutory=Note(text=remark) if remark else None,
        )
        confirmed = IdentityConfirmed(
            effective_on=today,
            case=case_id,
            pupil=ours,
            differs=_differs(office, reader, report, own),
        )
        plan.add(case_ref(reader, case_id, ours), [confirmed, decided])
        plan.outgoing.append(told)
        register.tell(office, reader, plan, case_id, person=ours, told="accepted", today=today)
        plan.extra.append(decide_once(case_id, "accepted", told.message))
        plan.extra.append(
            lambda connection, first: _take_in(office, connection, report, ours, first)
        )
        return plan

    office.ledger.desk.run(decide, who=who, recovery=recovery)
    return ours


def _require_unknown(reader: Reader, dossier: Dossier) -> None:
    """No new record for who comes back: beside the one that was released here it could never be
    released again.

    Raises:
        CaseRefused: the record was here before.
    """
    for hop in dossier.hops:
        if hop.ledger == reader.ledger:
            raise CaseRefused(
                f"this record was here before, as id:{hop.release.record.stream}; take it in there"
            )


def _differs(office: Office, reader: Reader, report: Report, own: Pupil | None) -> tuple[str, ...]:
    """The fields in which the dossier and our own record differ; none for a record made of it."""
    assert report.dossier is not None
    theirs = carried_claim(report.dossier, report.entries)
    if own is None or theirs is None:
        return ()
    return differences(theirs, identity_claim(office, reader, own))


def _require_one_history(reader: Reader, own: Pupil, dossier: Dossier) -> None:
    """A record goes on with one history: the way it has come so far begins the way that comes now,
    and so does its own release where that is not undone. Of two histories in one record neither
    could be proven any more, and a release that is still open would be accepted beside this one.

    Raises:
        CaseRefused: it is not so; the case stays as it is.
    """
    rows = reader.connection.execute(_SQL["hops"], {"pupil": own.id}).fetchall()
    held = [Hop.model_validate_json(row[0]).release.record for row in rows]
    came = [hop.release.record for hop in dossier.hops]
    if came[: len(held)] != held:
        raise CaseRefused(
            "this record holds another history already; take this one in as a record of its own, "
            "or reject it"
        )
    released = (reader.ledger, own.id, own.release_version)
    if own.released is not None and released not in [(r.ledger, r.stream, r.version) for r in came]:
        raise CaseRefused(
            f"this record was released in transfer {own.released[0]}, which this dossier does not "
            "follow; it can be taken in once that release is undone"
        )


def joined(own: Pupil | None, dossier: Dossier, ours: UUID, case: UUID, today: date) -> list[Event]:
    """The links to the pupil's ids in the ledgers the record came through, and the acceptance."""
    known = {link.pupil for link in own.links} if own else set()
    known.add(ours)
    events: list[Event] = []
    others = [(hop.release.record.stream, hop.ledger) for hop in dossier.hops]
    for other, ledger in [*others, *_proposing(dossier)]:
        if other not in known:
            known.add(other)
            linked = PupilLinked(
                effective_on=today, other=other, other_ledger=ledger, case=case, statutory=None
            )
            events.append(linked)
    releases = [read_entry(hop.release).event for hop in dossier.hops]
    events.append(
        TransferAccepted(
            effective_on=today,
            case=case,
            from_ledger=dossier.iss,
            sender_pupil=dossier.pupil,
            root=dossier.last_hop.root,
            digest=dossier.digest.value,
            covered=tuple(r.streams for r in releases if isinstance(r, Released)),
        )
    )
    return events


def _proposing(dossier: Dossier) -> list[tuple[UUID, UUID]]:
    """The pupil's ids in ledgers that proposed something and whose record no hop covers."""
    found = []
    for stream in dossier.supplements:
        first = stream.entries[0]
        if first.record.version == 1:
            event = read_entry(first).event
            if isinstance(event, PupilYearOpened | PaperYearOpened):
                found.append((event.pupil_id, stream.ledger))
    return found


def _copy(reader: Reader, plan: Plan, dossier: Dossier, entries: Sequence[ReadEntry]) -> None:
    """Verbatim copies of what is not here yet; one's own entries are never copied."""
    # An earlier release of a ledger that had the pupil twice is among its later entries too.
    by_stream: dict[UUID, dict[int, ReadEntry]] = {}
    for read in (entries, [read_entry(hop.release) for hop in dossier.hops]):
        for stream, run in groupby(read, key=attrgetter("stream")):
            versions = by_stream.setdefault(stream, {})
            versions.update((entry.version, entry) for entry in run)
    for stream, versions in by_stream.items():
        if versions[min(versions)].ledger == reader.ledger:
            continue
        found = [versions[version] for version in sorted(versions)]
        ref = stream_ref(stream, found[0])
        held = reader.track(ref)
        for entry in found:
            if entry.version <= held:
                continue
            record = entry.carried.record
            copied = Copied(
                version=entry.version,
                body=entry.carried.stored,
                entry_hash=bytes.fromhex(record.entry_hash),
                position=record.position,
                recorded_at=record.recorded_at,
            )
            plan.drafts.append(Draft(ref, entry.event, copied=copied))


def stream_ref(stream: UUID, first: ReadEntry) -> StreamRef:
    """A stream by its first entry: whose, what it is about."""
    event = first.event
    if isinstance(event, PupilYearOpened | PaperYearOpened):
        return StreamRef(
            stream, StreamKind.PUPIL_YEAR, first.ledger, event.pupil_id, event.school_year
        )
    return StreamRef(stream, StreamKind.PUPIL, first.ledger, stream)


def new_record(
    dossier: Dossier, entries: Sequence[ReadEntry], ours: UUID, today: date
) -> list[Event]:
    """Our own record of a pupil whom we did not know: the profile as the dossier tells it."""
    profile = carried_profile(dossier, entries)
    if profile is None:
        raise CaseRefused("the dossier tells no name; make the pupil's record first")
    year = profile.birth_date[:4]
    return [
        PupilRegistered(
            effective_on=min(today, date(int(year), 1, 1)),
            pupil_id=ours,
            statutory=profile,
            voluntary=None,
        )
    ]


def _take_in(
    office: Office, connection: Connection, report: Report, ours: UUID, first: int
) -> None:
    """What an acceptance leaves beside the log: keys, names, proofs of the way, look-ups."""
    dossier = report.dossier
    assert dossier is not None
    keyring = office.ledger.keyring
    # What the keyring remembers does not tell what is stored: an earlier attempt may have failed.
    keyring.adopt(
        connection, [(data_key(key), key.person, key.ledger, key.category) for key in dossier.keys]
    )
    told = [
        (UUID(ledger), kind, code, Jsonb(body))
        for ledger, names in dossier.references.items()
        for kind, known in (("unit", names.units), ("class", names.classes))
        for code, body in known.items()
    ]
    if told:
        ledgers, kinds, codes, bodies = map(list, zip(*told, strict=True))
        connection.execute(
            _SQL["put_references"],
            {"ledgers": ledgers, "kinds": kinds, "codes": codes, "bodies": bodies, "from": first},
        )
    _keep_evidence(connection, dossier, office.ledger.id, first)
    connection.execute(
        _SQL["put_hops"],
        {
            "pupil": ours,
            "numbers": list(range(len(dossier.hops))),
            "bodies": [hop.model_dump_json() for hop in dossier.hops],
        },
    )
    keep_proofs(connection, proofs_of(dossier, office.ledger.id), known_from=first)
    numbers = carried_numbers(dossier, report.entries)
    tokens = [(kind, keyring.token(kind, value)) for kind, value in numbers]
    if tokens:
        connection.execute(
            _LOG["put_lookups"],
            {
                "kinds": [kind for kind, _ in tokens],
                "tokens": [token for _, token in tokens],
                "persons": [ours] * len(tokens),
            },
        )
    keyring.destroy_secret(connection, request_secret(dossier.transfer_id))


def _keep_evidence(connection: Connection, dossier: Dossier, ours: UUID, first: int) -> None:
    """What was proven of other ledgers' entries stays, to be shown and to travel on."""
    foreign = {s.id: (s.ledger.hex, str(s.id)) for s in dossier.streams if s.ledger != ours}
    ledgers, kinds, codes, bodies = [], [], [], []
    told: list[tuple[str, Sequence[SheetPath | ClosingProof]]]
    told = [("sheet", dossier.sheets), ("closing", dossier.closings)]
    for kind, parts in told:
        for part in parts:
            known = foreign.get(part.stream)
            if known is not None:
                ledgers.append(known[0])
                kinds.append(kind)
                codes.append(evidence_code(known[1], part.version))
                bodies.append(part.model_dump_json())
    connection.execute(
        _SQL["put_evidence"],
        {
            "known_from": first,
            "ledgers": arrays.texts(ledgers),
            "kinds": arrays.texts(kinds),
            "codes": arrays.texts(codes),
            "bodies": arrays.texts(bodies),
        },
    )
