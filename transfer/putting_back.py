"""Own entries that were lost by a restore, put back from another ledger's copies.

Nobody is believed about what we wrote. An entry counts as ours where a release of ours proves it:
the release stands in the log of a checkpoint that our own key signed, and its root covers the
entry with its record; or where a supplement that we sealed carried it. It comes back verbatim:
bytes, version, and the place it had in the log that was lost.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError

from ledger import log
from ledger.database import Connection
from ledger.envelope import DataKey, unseal
from ledger.errors import LedgerError, MalformedBytes, UnknownTopic
from ledger.event import Category, StreamKind
from ledger.events.pupil import Identifier, IdentifierAssigned, Released
from ledger.lookups import lookups_of
from ledger.plan import Copied, Draft, Plan
from ledger.queries import queries
from ledger.reader import Reader
from ledger.recorder import StreamRef
from signing import hashing
from signing.errors import NoteError
from transfer.acceptance import stream_ref
from transfer.bodies import SupplementBody
from transfer.completeness import author_order, records_root, release_of
from transfer.dossier import CarriedEntry, CarriedKey, Hop, ReadEntry, read_entry
from transfer.entries import carried
from transfer.errors import CheckFailed
from transfer.in_log import check_place
from transfer.office import Office
from transfer.restoration import Finding
from transfer.statement import LostRecord
from transfer.understanding import data_key

_SQL = queries("transfer", "recovery.sql")
_LOG = queries("ledger", "log.sql")
Place = tuple[UUID, int]
"""(stream, version)."""


@dataclass(slots=True)
class Proven:
    """Which entries of a record are proven ours; of each place one."""

    entries: dict[Place, CarriedEntry] = field(default_factory=dict)
    unproven: int = 0


def prove(office: Office, record: LostRecord, held: Mapping[Place, CarriedEntry]) -> Proven:
    """The entries of `record` that releases of ours prove, together with those that are `held`
    here in the same streams."""
    given = {_place(entry): entry for entry in record.entries}
    proven = Proven()
    for hop in sorted(record.hops, key=lambda hop: author_order(hop.release)):
        try:
            covered = _covered(office, hop, {**given, **proven.entries, **held})
        except CheckFailed:
            continue
        for entry in covered:
            if _place(entry) not in held:
                proven.entries[_place(entry)] = entry
    proven.unproven = len(given.keys() - proven.entries.keys() - held.keys())
    return proven


def _covered(office: Office, hop: Hop, known: Mapping[Place, CarriedEntry]) -> list[CarriedEntry]:
    """The entries that a release covers, and the release itself. Raises CheckFailed."""
    ours = office.ledger.id
    if hop.ledger != ours or hop.release.record.ledger != ours:
        raise CheckFailed(8, "broken_custody_chain", "a release of another ledger")
    _check_bytes(hop.release, ours)
    release = release_of(hop)
    try:
        checkpoint = office.notary.read(hop.inclusion.checkpoint)
        incarnation = checkpoint.incarnation(office.notary.origin)
    except NoteError as error:
        raise CheckFailed(10, "bad_checkpoint", str(error)) from error
    check_place(hop.release, hop.inclusion, checkpoint, incarnation)
    entries = []
    for stream, last in release.streams:
        for version in range(1, last + 1):
            entry = known.get((stream, version))
            if entry is None:
                raise CheckFailed(8, "missing_entry", f"stream {stream}, version {version}")
            _check_bytes(entry, ours)
            entries.append(entry)
    entries.sort(key=author_order)
    if records_root(entries).hex() != release.root:
        raise CheckFailed(9, "wrong_root", "the entries are not those that were released")
    return [*entries, hop.release]


def _check_bytes(entry: CarriedEntry, ledger: UUID) -> None:
    record = entry.record
    if hashing.entry_hash(entry.stored).hex() != record.entry_hash:
        raise CheckFailed(9, "altered_entry", f"stream {record.stream}, version {record.version}")
    try:
        read = read_entry(entry)
    except (MalformedBytes, UnknownTopic, ValidationError) as error:
        raise CheckFailed(11, "unknown_topic", "an entry cannot be read") from error
    said = (read.envelope.author, read.envelope.stream, read.envelope.topic)
    if said != (ledger, record.stream, record.topic):
        raise CheckFailed(11, "unknown_topic", "an entry's bytes are of another stream or topic")


def _place(entry: CarriedEntry) -> Place:
    return entry.record.stream, entry.record.version


def put_back(office: Office, reader: Reader, plan: Plan, record: LostRecord) -> list[Finding]:
    """Adds the lost entries of one pupil to `plan`, as far as they are proven and not here."""
    held = _held(reader, _streams(record))
    if _conflicts(held, [*record.entries, *(hop.release for hop in record.hops)]):
        return [Finding("conflicting_entry", record.pupil)]
    proven = prove(office, record, held)
    findings = [Finding("unproven", record.pupil)] if proven.unproven else []
    found = list(proven.entries.values())
    return findings + _put(office, reader, plan, found, record.pupil, record.keys)


def put_supplement_back(
    office: Office, reader: Reader, plan: Plan, body: SupplementBody
) -> list[Finding]:
    """Adds the pupil-years of a supplement that this ledger itself signed, as far as they are not
    here: they are whole, from their beginning to the proposals."""
    held = _held(reader, [stream.id for stream in body.streams])
    entries = [entry for stream in body.streams for entry in stream.entries]
    if _conflicts(held, entries):
        return [Finding("conflicting_entry", body.pupil)]
    for entry in entries:
        _check_bytes(entry, office.ledger.id)
    found = [entry for entry in entries if _place(entry) not in held]
    return _put(office, reader, plan, found, body.pupil, body.keys)


def _held(reader: Reader, streams: Collection[UUID]) -> dict[Place, CarriedEntry]:
    entries = log.of_streams(reader.connection, list(streams), size=None)
    return {(entry.stream.id, entry.version): carried(entry) for entry in entries}


def _conflicts(held: Mapping[Place, CarriedEntry], told: Iterable[CarriedEntry]) -> bool:
    """Whether another entry stands here at the place of one that is told."""
    known = ((held.get(_place(entry)), entry) for entry in told)
    return any(one and one.record.entry_hash != entry.record.entry_hash for one, entry in known)


def _put(
    office: Office,
    reader: Reader,
    plan: Plan,
    lost: Sequence[CarriedEntry],
    pupil: UUID,
    keys: Sequence[CarriedKey],
) -> list[Finding]:
    found = [read_entry(entry) for entry in sorted(lost, key=author_order)]
    if not found:
        return []
    _add_drafts(reader, plan, found)
    newest = max(entry.carried.record.recorded_at for entry in found)
    plan.extra.append(lambda connection, _: _raise_floor(connection, newest))
    return _add_keys(office, reader, plan, pupil, keys, found)


def _streams(record: LostRecord) -> set[UUID]:
    """The streams that a record speaks of: of entries, of releases, and those they cover."""
    found = {e.record.stream for e in [*record.entries, *(h.release for h in record.hops)]}
    for hop in record.hops:
        try:
            found |= {stream for stream, _ in release_of(hop).streams}
        except CheckFailed:
            continue
    return found


def _add_drafts(reader: Reader, plan: Plan, found: Sequence[ReadEntry]) -> None:
    streams: dict[UUID, list[ReadEntry]] = {}
    for entry in found:
        streams.setdefault(entry.stream, []).append(entry)
    rows = reader.connection.execute(_SQL["streams"], {"ids": list(streams)}).fetchall()
    known = {
        id: StreamRef(id, StreamKind(kind), reader.ledger, person, year)
        for id, kind, person, year in rows
    }
    refs = {
        id: known.get(id) or stream_ref(id, min(entries, key=lambda entry: entry.version))
        for id, entries in streams.items()
    }
    # A correction is folded into the slot of the mark it corrects: all of a year are read.
    reader.years(
        (ref.person, ref.school_year)
        for ref in refs.values()
        if ref.kind is StreamKind.PUPIL_YEAR and ref.person and ref.school_year
    )
    for ref in refs.values():
        reader.track(ref)
    for entry in found:
        record = entry.carried.record
        copied = Copied(
            version=entry.version,
            body=entry.carried.stored,
            entry_hash=bytes.fromhex(record.entry_hash),
            position=record.position,
            recorded_at=record.recorded_at,
        )
        plan.drafts.append(Draft(refs[entry.stream], entry.event, copied=copied))


def _add_keys(
    office: Office,
    reader: Reader,
    plan: Plan,
    pupil: UUID,
    told: Sequence[CarriedKey],
    found: Sequence[ReadEntry],
) -> list[Finding]:
    """The keys that the entries are sealed under, where they were lost too; and the numbers under
    which the pupil is found."""
    keyring = office.ledger.keyring
    wanted = {
        sealed.key_id: (category, sealed.commitment)
        for entry in found
        for category, sealed in entry.envelope.personal.items()
    }
    here = {
        category: key.id
        for key, _, ledger, category in keyring.keys_about(reader.connection, [pupil])
        if ledger == reader.ledger
    }
    given: dict[UUID, DataKey] = {}
    findings = []
    for key in told:
        category, commitment = wanted.get(key.key_id, (None, None))
        try:
            data = data_key(key)
        except CheckFailed:
            continue
        fits = (key.person, key.ledger, key.category) == (pupil, reader.ledger, category)
        if not fits or data.commitment.hex() != commitment:
            continue
        if here.get(key.category, key.key_id) != key.key_id:
            findings.append(Finding("key_differs", pupil))
            continue
        given[key.key_id] = data
    if given:
        statutory: Category = "statutory"
        adopted = [(d, pupil, reader.ledger, statutory) for d in given.values()]
        plan.extra.append(lambda connection, _: keyring.adopt(connection, adopted))
    keyring.fetch(reader.connection, wanted)
    keys = _Keys(given, office)
    for entry in found:
        plan.lookups += _lookups(office, entry, keys, pupil)
    return findings


class _Keys:
    """The keys that came back, and those that are here."""

    def __init__(self, given: Mapping[UUID, DataKey], office: Office) -> None:
        self._given = given
        self._office = office

    def key(self, key_id: UUID) -> DataKey | None:
        """The key by id; None where it is lost."""
        return self._given.get(key_id) or self._office.ledger.keyring.key(key_id)


def _lookups(
    office: Office, entry: ReadEntry, keys: _Keys, pupil: UUID
) -> list[tuple[str, UUID, UUID]]:
    if not isinstance(entry.event, IdentifierAssigned):
        return []
    try:
        clear = unseal(
            entry.envelope.personal["statutory"],
            author=entry.ledger,
            stream=entry.stream,
            topic=entry.envelope.topic,
            keys=keys,
        )
    except LedgerError:
        return []
    if clear is None:
        return []
    identifier = Identifier.model_validate(clear)
    return [(kind, token, pupil) for kind, token in lookups_of(office.ledger.keyring, identifier)]


def _raise_floor(connection: Connection, instant: datetime) -> None:
    """What is written from now on is later than all that came back: so is its order."""
    connection.execute(_LOG["raise_floor"], {"instant": instant})


def released_cases(connection: Connection, pupils: Collection[UUID]) -> set[UUID]:
    """The transfers of which our log holds the release, of these pupils."""
    found: Iterable[log.Entry] = log.of_streams(
        connection, list(pupils), size=None, topics=[Released.TOPIC]
    )
    return {e.event.case for e in found if isinstance(e.event, Released)}
