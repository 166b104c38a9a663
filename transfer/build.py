"""Building a dossier: the released entries and all that proves them, read from our own log."""

import base64
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from ledger import ids, log
from ledger.case import Case
from ledger.database import Connection
from ledger.events.pupil import Released
from ledger.events.pupil_year import (
    MarkEntered,
    PaperYearOpened,
    PeriodClosed,
    PupilYearOpened,
)
from ledger.events.school_class import GradeSheetSubmitted
from ledger.log import Entry
from ledger.province_history import province_history
from ledger.pupil import Pupil
from ledger.queries import queries
from ledger.reader import Reader
from ledger.sheet import statement_hash
from ledger.unit_places import with_related
from projections.transcript import FoldEntry, released_digest
from signing.merkle import inclusion_proof, subtree_of
from transfer.completeness import records_root
from transfer.dossier import (
    Audience,
    CarriedEntry,
    CarriedKey,
    CarriedStream,
    ClosingProof,
    DigestStatement,
    Dossier,
    Hop,
    Inclusion,
    Record,
    References,
    SheetPath,
    SheetStatement,
    read_entry,
)
from transfer.errors import CaseRefused
from transfer.office import Office

_SQL = queries("transfer", "transfer.sql")


def record_of(connection: Connection, pupil: Pupil, *, size: int) -> list[Entry]:
    """Every entry held about a pupil, ours and copies, in position order."""
    persons = [pupil.id, *(link.pupil for link in pupil.links)]
    rows = connection.execute(_SQL["streams_about"], {"persons": persons}).fetchall()
    return log.of_streams(connection, [row[0] for row in rows], size=size)


def own(entries: Iterable[Entry], ledger: UUID) -> list[Entry]:
    """Those of the entries that this ledger wrote, in the order in which it did: what was lost
    and put back after a restore stands where it was first written."""
    written = [entry for entry in entries if entry.stream.ledger == ledger]
    return sorted(written, key=lambda entry: (entry.author_instant, entry.author_position))


def decide_release(
    reader: Reader, pupil: Pupil, case: Case, *, today: date, last_day: date | None
) -> Released:
    """The release of everything this ledger wrote about a pupil so far.

    The states of all its streams become grounds of the decision: an entry that comes in between
    makes it be decided again.
    """
    entries = _provable(record_of(reader.connection, pupil, size=reader.size), pupil, reader.ledger)
    years = {e.stream.school_year for e in entries if e.stream.school_year is not None}
    reader.years((pupil.id, year) for year in years)
    mine = own(entries, reader.ledger)
    streams: dict[UUID, int] = {}
    for entry in mine:
        streams[entry.stream.id] = max(entry.version, streams.get(entry.stream.id, 0))
    return Released(
        effective_on=today,
        case=case.id,
        to_ledger=case.other,
        to_school=case.school_code,
        root=records_root([carried(entry) for entry in mine]).hex(),
        entries=len(mine),
        streams=tuple(streams.items()),
        digest=released_digest([fold_entry(e) for e in entries], pupil=pupil.id, on=today),
        last_day=last_day,
    )


def _provable(entries: Iterable[Entry], pupil: Pupil, ledger: UUID) -> list[Entry]:
    """Our entries, and of other ledgers' those that a release covers: what a dossier carries."""
    limits: dict[UUID, int] = {}
    for covering in pupil.coverings:
        for stream, version in covering:
            limits[stream] = max(version, limits.get(stream, 0))
    return [
        entry
        for entry in entries
        if entry.envelope.author == ledger or entry.version <= limits.get(entry.stream.id, 0)
    ]


def fold_entry(entry: Entry) -> FoldEntry:
    """What the digest is folded from."""
    return FoldEntry(entry.envelope.author, entry.stream.id, entry.version, entry.event)


def carried(entry: Entry) -> CarriedEntry:
    """An entry as it travels."""
    return CarriedEntry(
        record=Record.model_validate(entry.record), body=base64.b64encode(entry.body).decode()
    )


def build_dossier(office: Office, connection: Connection, case: Case) -> dict[str, Any]:
    """The payload of a released case.

    Raises:
        CaseRefused: the case is not released.
    """
    reader = Reader(connection, office.ledger.keyring, office.ledger.id)
    pupil = reader.pupils([case.pupil])[case.pupil] if case.pupil else None
    if pupil is None:
        raise CaseRefused("nothing was released in this case")
    everything = record_of(connection, pupil, size=reader.size)
    release_entry, release = _release(everything, case.id)
    limits = dict(release.streams)
    entries = [
        entry
        for entry in everything
        if entry.stream.ledger != office.ledger.id
        or entry.version <= limits.get(entry.stream.id, 0)
    ]
    hops = _hops_before(_earlier_hops(connection, pupil), release_entry)
    hops.append(_hop(office, connection, release_entry, release))
    covered = {stream for hop in hops for stream, _ in _streams(hop)}
    entries = [entry for entry in entries if entry.stream.id in covered]
    streams = _carried_streams(entries, hops)
    dossier = Dossier(
        v=1,
        iss=office.ledger.id,
        aud=Audience(ledger=case.other, school=case.school_code),
        transfer_id=case.id,
        pupil=pupil.id,
        hops=tuple(hops),
        streams=streams,
        sheets=tuple(_sheets(connection, office.ledger.id, entries)),
        closings=tuple(_closings(office, connection, entries)),
        references={
            **_told_references(connection, streams, office.ledger.id),
            str(office.ledger.id): _references(reader, entries),
        },
        code_lists={},
        keys=_keys(office, connection, streams),
        digest=DigestStatement(
            v=1, value=release.digest, on=release.effective_on, position=release_entry.position
        ),
        attachments=(),
        ext={"returns": str(case.returns)} if case.returns else {},
    )
    return dossier.model_dump(mode="json")


def _release(entries: Sequence[Entry], case: UUID) -> tuple[Entry, Released]:
    for entry in reversed(entries):
        if isinstance(entry.event, Released) and entry.event.case == case:
            return entry, entry.event
    raise CaseRefused("nothing was released in this case")


def _streams(hop: Hop) -> tuple[tuple[UUID, int], ...]:
    event = read_entry(hop.release).event
    assert isinstance(event, Released)
    return event.streams


def _carried_streams(entries: Sequence[Entry], hops: Sequence[Hop]) -> tuple[CarriedStream, ...]:
    """The entries that some hop covers, stream by stream."""
    last: dict[UUID, int] = {}
    for hop in hops:
        for stream, version in _streams(hop):
            last[stream] = max(version, last.get(stream, 0))
    streams: dict[UUID, list[Entry]] = {}
    for entry in entries:
        if entry.version <= last[entry.stream.id]:
            streams.setdefault(entry.stream.id, []).append(entry)
    return tuple(
        CarriedStream(
            id=stream,
            ledger=found[0].envelope.author,
            entries=tuple(carried(e) for e in sorted(found, key=lambda e: e.version)),
        )
        for stream, found in streams.items()
    )


def _earlier_hops(connection: Connection, pupil: Pupil) -> list[Hop]:
    rows = connection.execute(_SQL["hops"], {"pupil": pupil.id}).fetchall()
    return [Hop.model_validate_json(row[0]) for row in rows]


def _hops_before(hops: Sequence[Hop], release: Entry) -> list[Hop]:
    """The hops that came before a release: the pupil may have come back by a later one since,
    and brought this release along as a hop."""
    for index, hop in enumerate(hops):
        place = hop.release.record.stream, hop.release.record.version
        if place == (release.stream.id, release.version):
            return list(hops[:index])
    return list(hops)


def _hop(office: Office, connection: Connection, entry: Entry, release: Released) -> Hop:
    return Hop(
        ledger=office.ledger.id,
        release=carried(entry),
        root=release.root,
        entries=release.entries,
        inclusion=_inclusion(office, connection, entry),
    )


def _inclusion(office: Office, connection: Connection, entry: Entry) -> Inclusion:
    """The proof under the first checkpoint that covers the entry (one is made where none does)."""
    checkpoint = office.notary.covering(connection, entry.position)
    if checkpoint is None:
        checkpoint = office.notary.checkpoint(connection)
    proof = office.notary.inclusion_proof(connection, entry.position, checkpoint.size)
    return Inclusion(
        checkpoint=checkpoint.note,
        index=entry.position,
        proof=tuple(part.hex() for part in proof),
        recorded_at=entry.recorded_at if entry.origin is not None else None,
    )


def _closings(
    office: Office, connection: Connection, entries: Sequence[Entry]
) -> list[ClosingProof]:
    return [
        ClosingProof(
            stream=entry.stream.id,
            version=entry.version,
            inclusion=_inclusion(office, connection, entry),
        )
        for entry in own(entries, office.ledger.id)
        if isinstance(entry.event, PeriodClosed)
    ]


def _sheets(connection: Connection, ledger: UUID, entries: Sequence[Entry]) -> list[SheetPath]:
    """For each of our marks the statement of its sheet and its path in it.

    A sheet's marks stand directly before the sheet's own entry, so positions find them.
    """
    marks = [e for e in own(entries, ledger) if isinstance(e.event, MarkEntered)]
    submitted = _submitted(connection, ledger, marks)
    paths = []
    for mark in marks:
        sheet = submitted.get(mark.position)
        if sheet is None:
            continue
        entry, statement = sheet
        leaves = _sheet_leaves(connection, statement, entry)
        index = mark.position - (entry.position - statement.count)
        path = inclusion_proof(index, statement.count, subtree_of(leaves))
        paths.append(
            SheetPath(
                statement=statement,
                signature=None,
                stream=mark.stream.id,
                version=mark.version,
                index=index,
                path=tuple(part.hex() for part in path),
            )
        )
    return paths


def _submitted(
    connection: Connection, ledger: UUID, marks: Sequence[Entry]
) -> dict[int, tuple[Entry, SheetStatement]]:
    """By a mark's position: the entry that handed its sheet in, and the statement."""
    codes = {m.event.class_code for m in marks if isinstance(m.event, MarkEntered)}
    by_stream = {ids.class_stream(ledger, code): code for code in codes}
    wanted = {mark.position for mark in marks}
    size = log.head(connection).size
    found: dict[int, tuple[Entry, SheetStatement]] = {}
    for entry in log.of_streams(connection, list(by_stream), size=size):
        event = entry.event
        if not isinstance(event, GradeSheetSubmitted):
            continue
        covered = wanted & set(range(entry.position - event.count, entry.position))
        if not covered:
            continue
        statement = SheetStatement(
            ledger=ledger,
            class_code=by_stream[entry.stream.id],
            subject=event.subject,
            semester=event.semester,
            slot=event.slot,
            date=event.effective_on,
            count=event.count,
            root=event.root,
        )
        found.update(dict.fromkeys(covered, (entry, statement)))
    return found


def _sheet_leaves(
    connection: Connection, statement: SheetStatement, submitted: Entry
) -> list[bytes]:
    start = submitted.position - statement.count
    leaves = []
    for page in log.pages(connection, start=start, end=submitted.position):
        for entry in page:
            mark = entry.event
            assert isinstance(mark, MarkEntered)
            assert entry.stream.person is not None
            leaves.append(
                statement_hash(
                    statement.class_code,
                    statement.subject,
                    statement.semester,
                    statement.slot,
                    statement.date,
                    pupil=entry.stream.person,
                    value=mark.value,
                    salt=mark.salt,
                )
            )
    return leaves


def _references(reader: Reader, entries: Sequence[Entry]) -> References:
    """Names of the units and classes that our entries speak of."""
    schools, classes, staff = set(), set(), set()
    for entry in own(entries, reader.ledger):
        facts = entry.envelope.facts
        schools.add(facts.get("school_code"))
        classes.add(facts.get("class_code"))
        staff.add(entry.envelope.who.on_behalf_of)
    found_classes = reader.classes(code for code in classes if code)
    schools |= {c.school_code for c in found_classes.values() if c}
    codes = sorted(code for code in schools if code)
    related = with_related(reader.units, codes)
    units = {code: unit for code, unit in related.items() if unit is not None}
    known_staff = reader.staff(code for code in staff if code)
    return References(
        units={
            code: {
                "name": units[code].name,
                "kind": units[code].kind,
                "parent": units[code].parent,
                "provinces": [
                    (held.since.isoformat(), held.code, held.name)
                    for held in province_history(units, code)
                ],
            }
            for code in codes
            if code in units
        },
        classes={
            code: {"name": c.name, "school": c.school_code, "school_year": c.school_year}
            for code, c in found_classes.items()
            if c
        },
        staff={code: {"role": member.role} for code, member in known_staff.items() if member},
    )


def _told_references(
    connection: Connection, streams: Iterable[CarriedStream], ours: UUID
) -> dict[str, References]:
    """What earlier dossiers told of the units and classes of other ledgers, to travel on."""
    authors = {stream.ledger for stream in streams} - {ours}
    rows = connection.execute(_SQL["references"], {"ledgers": list(authors)}).fetchall()
    told: dict[str, dict[str, dict[str, Any]]] = {}
    for ledger, kind, code, body in rows:
        told.setdefault(str(ledger), {}).setdefault(kind, {})[code] = body
    return {
        ledger: References(units=kinds.get("unit", {}), classes=kinds.get("class", {}), staff={})
        for ledger, kinds in told.items()
    }


def _keys(
    office: Office, connection: Connection, streams: Iterable[CarriedStream]
) -> tuple[CarriedKey, ...]:
    """The statutory keys that the carried entries are sealed under, and no other key of ours; the
    voluntary ones travel with consent only, which nobody has given."""
    entries = [read_entry(entry) for stream in streams for entry in stream.entries]
    used = {sealed.key_id for entry in entries for sealed in entry.envelope.personal.values()}
    persons = {entry.stream for entry in entries}
    events = (entry.event for entry in entries)
    persons |= {e.pupil_id for e in events if isinstance(e, PupilYearOpened | PaperYearOpened)}
    return tuple(
        CarriedKey(
            key_id=key.id,
            person=person,
            ledger=ledger,
            category=category,
            key=base64.b64encode(key.key).decode(),
        )
        for key, person, ledger, category in office.ledger.keyring.keys_about(connection, persons)
        if category == "statutory" and key.id in used
    )
