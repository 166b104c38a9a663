"""Building a dossier: the released entries and all that proves them, read from our own log."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import JsonValue

from ledger import log
from ledger.case import Case
from ledger.database import Connection
from ledger.event import StreamKind
from ledger.events.pupil import Released
from ledger.events.pupil_year import (
    PaperYearOpened,
    PupilYearOpened,
)
from ledger.log import Entry
from ledger.proposal import Decisions
from ledger.pupil import Pupil
from ledger.queries import queries
from ledger.reader import Reader
from projections.transcript import FoldEntry, released_digest
from signing import merkle
from transfer.dossier import (
    Audience,
    CarriedKey,
    CarriedStream,
    DigestStatement,
    Dossier,
    Hop,
    Inspector,
    References,
    SupplementStream,
    read_entry,
)
from transfer.entries import carried, leaf_of, own
from transfer.errors import CaseRefused
from transfer.office import Office
from transfer.proofs import (
    closings_of,
    consistency,
    inclusion_of,
    naming,
    told_evidence,
)
from transfer.references import references_of, told_references
from transfer.sheet_paths import sheets_of
from transfer.supplement_proofs import supplements_of

_SQL = queries("transfer", "transfer.sql")


def record_of(connection: Connection, pupil: Pupil, *, size: int) -> list[Entry]:
    """Every entry held about a pupil, ours and copies, in position order."""
    persons = [pupil.id, *(link.pupil for link in pupil.links)]
    rows = connection.execute(_SQL["streams_about"], {"persons": persons}).fetchall()
    return log.of_streams(connection, [row[0] for row in rows], size=size)


def decide_release(
    reader: Reader, pupil: Pupil, case: Case, *, today: date, last_day: date | None
) -> Released:
    """The release of everything this ledger wrote about a pupil so far.

    The states of all its streams become grounds of the decision: an entry that comes in between
    makes it be decided again.
    """
    entries = _provable(record_of(reader.connection, pupil, size=reader.size), pupil, reader.ledger)
    years = {e.stream.school_year for e in entries if e.stream.school_year is not None}
    reader.years(((pupil.id, year) for year in years), columns=())
    mine = own(entries, reader.ledger)
    streams: dict[UUID, int] = {}
    for entry in mine:
        streams[entry.stream.id] = max(entry.version, streams.get(entry.stream.id, 0))
    return Released(
        effective_on=today,
        case=case.id,
        to_ledger=case.other,
        to_school=case.school_code,
        root=merkle.root_of([leaf_of(entry) for entry in mine]).hex(),
        entries=len(mine),
        streams=tuple(streams.items()),
        digest=released_digest([fold_entry(e) for e in entries], pupil=pupil.id, on=today),
        last_day=last_day,
    )


def _provable(entries: Iterable[Entry], pupil: Pupil, ledger: UUID) -> list[Entry]:
    """Our entries, and of other ledgers' those that a release covers, and pupil-years whole: a fold
    takes of them what was accepted. It is what a dossier carries."""
    limits: dict[UUID, int] = {}
    for covering in pupil.coverings:
        for stream, version in covering:
            limits[stream] = max(version, limits.get(stream, 0))
    return [
        entry
        for entry in entries
        if entry.envelope.author == ledger
        or entry.stream.kind is StreamKind.PUPIL_YEAR
        or entry.version <= limits.get(entry.stream.id, 0)
    ]


def fold_entry(entry: Entry) -> FoldEntry:
    """What the digest is folded from."""
    return FoldEntry(entry.envelope.author, entry.stream.id, entry.version, entry.event)


def build_dossier(
    office: Office, connection: Connection, case: Case, *, shown_to: Inspector | None = None
) -> dict[str, Any]:
    """The payload of a released case, for its receiver or, unsealed, for who it is shown to.

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
    references = references_of(reader, entries)
    hops = _hops_before(_earlier_hops(connection, pupil), release_entry)
    receiver = case.other if shown_to is None else None
    hops.append(_hop(office, connection, release_entry, release, references, receiver))
    return _payload(
        office,
        connection,
        entries,
        hops,
        aud=shown_to or Audience(ledger=case.other, school=case.school_code),
        decisions=reader.decisions(pupil),
        own_references=references,
        ext={"returns": str(case.returns)} if case.returns else {},
    )


def build_received(
    office: Office, connection: Connection, case: Case, *, shown_to: Inspector
) -> dict[str, Any]:
    """The payload of a dossier that was accepted, built anew from our copies: the same release,
    the same root; only the seal and whom it is for are ours.

    Raises:
        CaseRefused: nothing was accepted in this case.
    """
    reader = Reader(connection, office.ledger.keyring, office.ledger.id)
    pupil = reader.pupils([case.pupil])[case.pupil] if case.pupil else None
    hops = _earlier_hops(connection, pupil) if pupil else []
    while hops and _release_of(hops[-1]).case != case.id:
        hops.pop()
    if pupil is None or not hops:
        raise CaseRefused("nothing was accepted in this case")
    entries = record_of(connection, pupil, size=reader.size)
    return _payload(
        office,
        connection,
        entries,
        hops,
        aud=shown_to,
        decisions=reader.decisions(pupil),
        own_references=None,
        ext={},
    )


def _payload(
    office: Office,
    connection: Connection,
    entries: Sequence[Entry],
    hops: Sequence[Hop],
    *,
    aud: Audience | Inspector,
    decisions: Decisions,
    own_references: References | None,
    ext: dict[str, JsonValue],
) -> dict[str, Any]:
    """What of `entries` the hops cover, with all that proves it."""
    last = hops[-1].release
    release = _release_of(hops[-1])
    covering = _last_versions(hops)
    streams, covered = _carried_streams(entries, covering)
    supplements = supplements_of(connection, entries, covering, decisions, ours=office.ledger.id)
    references = told_references(connection, streams, hops, office.ledger.id)
    if own_references is not None:
        references[str(office.ledger.id)] = own_references
    told = told_evidence(connection, covered, office.ledger.id)
    dossier = Dossier(
        v=1,
        iss=office.ledger.id,
        aud=aud,
        transfer_id=release.case,
        pupil=last.record.stream,
        hops=tuple(hops),
        streams=streams,
        supplements=supplements,
        sheets=(*told.sheets, *sheets_of(connection, office.ledger.id, covered)),
        closings=(*told.closings, *closings_of(office, connection, covered)),
        references=references,
        code_lists={},
        keys=keys_of(office, connection, [*covered, *_following(entries, supplements)]),
        digest=DigestStatement(
            v=1, value=release.digest, on=release.effective_on, position=last.record.position
        ),
        attachments=(),
        ext=ext,
    )
    return dossier.model_dump(mode="json")


def _release(entries: Sequence[Entry], case: UUID) -> tuple[Entry, Released]:
    for entry in reversed(entries):
        if isinstance(entry.event, Released) and entry.event.case == case:
            return entry, entry.event
    raise CaseRefused("nothing was released in this case")


def _release_of(hop: Hop) -> Released:
    event = read_entry(hop.release).event
    assert isinstance(event, Released)
    return event


def _last_versions(hops: Sequence[Hop]) -> dict[UUID, int]:
    """The streams that some hop covers, with the last version of each."""
    last: dict[UUID, int] = {}
    for hop in hops:
        for stream, version in _release_of(hop).streams:
            last[stream] = max(version, last.get(stream, 0))
    return last


def _carried_streams(
    entries: Sequence[Entry], last: Mapping[UUID, int]
) -> tuple[tuple[CarriedStream, ...], list[Entry]]:
    """The entries that some hop covers, stream by stream, and as they were read."""
    covered = [entry for entry in entries if entry.version <= last.get(entry.stream.id, 0)]
    streams: dict[UUID, list[Entry]] = {}
    for entry in covered:
        streams.setdefault(entry.stream.id, []).append(entry)
    found = tuple(
        CarriedStream(
            id=stream,
            ledger=written[0].envelope.author,
            entries=tuple(carried(e) for e in sorted(written, key=lambda e: e.version)),
        )
        for stream, written in streams.items()
    )
    return found, covered


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


def _hop(
    office: Office,
    connection: Connection,
    entry: Entry,
    release: Released,
    references: References,
    receiver: UUID | None,
) -> Hop:
    inclusion, size = inclusion_of(office, connection, entry)
    return Hop(
        ledger=office.ledger.id,
        release=carried(entry),
        root=release.root,
        entries=release.entries,
        inclusion=inclusion,
        consistency=consistency(office, connection, size, entry.position, receiver),
        naming=naming(office, references, carried(entry)),
    )


def _following(entries: Sequence[Entry], supplements: Sequence[SupplementStream]) -> list[Entry]:
    """The entries that supplements carry, as they were read."""
    places = {(s.id, e.record.version) for s in supplements for e in s.entries}
    return [entry for entry in entries if (entry.stream.id, entry.version) in places]


def keys_of(
    office: Office, connection: Connection, entries: Iterable[Entry]
) -> tuple[CarriedKey, ...]:
    """The statutory keys that the carried entries are sealed under, and no other key of ours; the
    voluntary ones travel with consent only, which nobody has given."""
    used: set[UUID] = set()
    persons: set[UUID] = set()
    for entry in entries:
        used.update(sealed.key_id for sealed in entry.envelope.personal.values())
        persons.add(entry.stream.id)
        if isinstance(entry.event, PupilYearOpened | PaperYearOpened):
            persons.add(entry.event.pupil_id)
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
