"""The checks of a supplement: the numbered steps of a dossier, as far as they apply to it.

     7 asked for         wrong_addressee, not_requested
     8 complete          missing_entry, extra_entry, reordered
     9 unaltered         altered_entry
    10 in the log        not_in_log, bad_checkpoint, not_witnessed, rollback
    11 understood        unknown_topic, wrong_key, unknown_code
    13 fits our copies   conflicting_copy

Steps 1 to 6 are those of every message (`inbox`). A supplement has no digest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import ValidationError

from ledger.case import Case
from ledger.errors import MalformedBytes, UnknownTopic
from ledger.event import StreamKind
from ledger.events.pupil import Released
from ledger.events.pupil_year import PaperYearOpened, Proposed, PupilYearOpened
from ledger.ids import year_stream
from ledger.proposal import unfold
from ledger.queries import queries
from ledger.reader import Reader
from signing import hashing
from signing.truststore import Trust
from transfer.bodies import SupplementBody
from transfer.dossier import CarriedEntry, CarriedKey, Hop, ReadEntry, read_entry
from transfer.errors import CheckFailed, TransferError
from transfer.in_log import check_inclusion
from transfer.message import Header
from transfer.own_records import Held
from transfer.supplement_completeness import check_versions
from transfer.understanding import data_key

_SQL = queries("transfer", "transfer.sql")
_EARLY = {
    "receiver": frozenset({"requested", "received", "problem"}),
    "origin": frozenset({"requested", "released", "problem", "recalling"}),
}


class Early(TransferError):
    """A supplement that overtook the decision it follows: it is sent again, and taken in then."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A supplement that passed: our pupil, its proposals as (offer's place, entry) in order."""

    pupil: UUID
    body: SupplementBody
    entries: tuple[ReadEntry, ...]
    offered: tuple[ReadEntry, ...]


def check_supplement(
    reader: Reader,
    header: Header,
    body: SupplementBody,
    *,
    trust: Trust,
    held: Held,
) -> Checked:
    """Steps 7 to 13.

    Raises:
        CheckFailed: a step failed.
        Early: the transfer is not decided here yet.
    """
    pupil = _check_addressed(reader, header, body)  # (7)
    _check_complete(body)  # (8)
    _check_unaltered(body, header.sender)  # (9)
    offers = {(offer.stream, offer.version): offer for offer in body.proposals}
    carried = {(e.record.stream, e.record.version): e for s in body.streams for e in s.entries}
    for place, offer in offers.items():  # (10)
        check_inclusion(carried[place], offer.inclusion, trust, held)
    entries = _check_understood(body, header.sender)  # (11)
    offered = tuple(entry for entry in entries if (entry.stream, entry.version) in offers)
    for entry in offered:
        said = offers[entry.stream, entry.version].proposal
        if not isinstance(entry.event, Proposed) or entry.event.proposal != said:
            raise CheckFailed(11, "unknown_topic", f"proposal {said} is not at its place")
    _check_copies(reader, carried)  # (13)
    return Checked(pupil, body, tuple(entries), offered)


def _check_addressed(reader: Reader, header: Header, body: SupplementBody) -> UUID:
    """Step 7: it follows a transfer that we took part in, or one on the pupil's way to us."""
    if body.number != header.issue:
        raise CheckFailed(7, "wrong_addressee", "the signed payload is of another message")
    case = reader.case(header.case)
    if case is None or (case.state == "follow_up" and case.pupil is None):
        return _through(reader, header, body)
    if case.peer != header.sender or (case.their_pupil not in (None, body.pupil)):
        raise CheckFailed(7, "not_requested", "no supplement is awaited of it in this transfer")
    if case.state in _EARLY[case.side]:
        raise Early("the transfer is not decided here yet")
    follows = (case.side, case.state) in (
        *(("receiver", "accepted"), ("receiver", "follow_up")),
        ("origin", "rejected"),
    )
    if not follows or case.pupil is None:
        raise CheckFailed(7, "not_requested", "no supplement is awaited of it in this transfer")
    return case.pupil


def _through(reader: Reader, header: Header, body: SupplementBody) -> UUID:
    """The pupil whom we took in by the transfer `via`, where a hop of the way is the transfer that
    the supplement follows."""
    taken: Case | None = reader.case(body.via) if body.via is not None else None
    if taken is not None and (taken.side, taken.state) == ("receiver", "accepted"):
        rows = reader.connection.execute(_SQL["hops"], {"pupil": taken.pupil}).fetchall()
        follows = (header.sender, body.pupil, header.case)
        came_by = any(_way(Hop.model_validate_json(row[0])) == follows for row in rows)
        if came_by and taken.pupil is not None:
            return taken.pupil
    raise CheckFailed(7, "not_requested", "this ledger has no pupil who came by that transfer")


def _way(hop: Hop) -> tuple[UUID, UUID, UUID] | None:
    """Who released the pupil, the pupil's id there, and the transfer."""
    release = read_entry(hop.release).event
    if not isinstance(release, Released):
        return None
    return hop.ledger, hop.release.record.stream, release.case


def _check_complete(body: SupplementBody) -> None:
    """Step 8: every stream from its beginning without a gap, every proposal at its place."""
    ends: dict[UUID, int] = {}
    for stream in body.streams:
        if stream.id in ends:
            raise CheckFailed(8, "extra_entry", "a stream comes twice")
        check_versions(stream.id, [entry.record.version for entry in stream.entries], after=0)
        ends[stream.id] = len(stream.entries)
    places = {(offer.stream, offer.version) for offer in body.proposals}
    ids = {offer.proposal for offer in body.proposals}
    if not len(body.proposals) == len(places) == len(ids):
        raise CheckFailed(8, "extra_entry", "a proposal comes twice")
    for stream_id, version in places:
        if version > ends.get(stream_id, 0):
            raise CheckFailed(8, "missing_entry", f"stream {stream_id} lacks version {version}")
    idle = ends.keys() - {stream_id for stream_id, _ in places}
    if idle:
        raise CheckFailed(8, "extra_entry", f"nothing is proposed in stream {min(idle)}")


def _check_unaltered(body: SupplementBody, author: UUID) -> None:
    """Step 9: the bytes give the hashes of the records, which are of the author's own streams."""
    for stream in body.streams:
        for entry in stream.entries:
            place = (entry.record.stream, entry.record.ledger, stream.ledger)
            hashed = hashing.entry_hash(entry.stored).hex()
            if place != (stream.id, author, author) or hashed != entry.record.entry_hash:
                where = f"stream {stream.id}, version {entry.record.version}"
                raise CheckFailed(9, "altered_entry", where)


def _check_understood(body: SupplementBody, author: UUID) -> list[ReadEntry]:
    """Step 11: every entry decodes and stands where it belongs; every proposal states a fact that
    can be proposed; the keys are those committed to, and no others."""
    entries = [_decoded(entry) for stream in body.streams for entry in stream.entries]
    ids: set[UUID] = set()
    for entry in entries:
        event = entry.event
        if entry.version == 1:
            _check_frame(entry, author, body.pupil)
        elif event.STREAM is not StreamKind.PUPIL_YEAR or isinstance(event, PaperYearOpened):
            raise _misplaced(entry)
        elif isinstance(event, PupilYearOpened):
            _check_frame(entry, author, body.pupil)
        if isinstance(event, Proposed):
            if event.proposal in ids:
                raise CheckFailed(11, "unknown_topic", f"proposal {event.proposal} comes twice")
            ids.add(event.proposal)
            _check_fact(entry, event)
    _check_keys(body, entries)
    return entries


def _decoded(carried: CarriedEntry) -> ReadEntry:
    record = carried.record
    where = f"version {record.version} of stream {record.stream}"
    try:
        entry = read_entry(carried)
    except UnknownTopic as error:
        raise CheckFailed(11, "unknown_topic", error.topic) from error
    except MalformedBytes as error:
        raise CheckFailed(11, "unknown_topic", error.message) from error
    except ValidationError as error:
        raise CheckFailed(11, "unknown_code", f"{record.topic}, {where}") from error
    said = (entry.envelope.author, entry.envelope.stream, entry.envelope.topic)
    if said != (record.ledger, record.stream, record.topic):
        raise _misplaced(entry)
    return entry


def _check_frame(entry: ReadEntry, author: UUID, pupil: UUID) -> None:
    event = entry.event
    if not isinstance(event, PupilYearOpened | PaperYearOpened):
        raise _misplaced(entry)
    if entry.stream != year_stream(author, pupil, event.school_year) or event.pupil_id != pupil:
        raise _misplaced(entry)


def _misplaced(entry: ReadEntry) -> CheckFailed:
    where = f"version {entry.version} of stream {entry.stream}"
    return CheckFailed(11, "unknown_topic", f"{entry.envelope.topic} has no place there ({where})")


def _check_fact(entry: ReadEntry, event: Proposed) -> None:
    try:
        unfold(event)
    except ValueError as error:
        where = f"version {entry.version} of stream {entry.stream}"
        raise CheckFailed(11, "unknown_code", f"what is proposed is no fact ({where})") from error


def _check_keys(body: SupplementBody, entries: Sequence[ReadEntry]) -> None:
    keys: dict[UUID, CarriedKey] = {key.key_id: key for key in body.keys}
    if len(keys) != len(body.keys):
        raise CheckFailed(11, "wrong_key", "a key comes twice")
    used = set()
    for entry in entries:
        for category, sealed in entry.envelope.personal.items():
            key = keys.get(sealed.key_id)
            if key is None:
                continue
            used.add(sealed.key_id)
            whose = (key.person, key.ledger, key.category)
            if whose != (body.pupil, entry.ledger, category):
                raise CheckFailed(11, "wrong_key", f"key {sealed.key_id} is of somebody else")
            if data_key(key).commitment.hex() != sealed.commitment:
                raise CheckFailed(11, "wrong_key", f"key {sealed.key_id} is not the one committed")
    for key_id in keys.keys() - used:
        raise CheckFailed(11, "wrong_key", f"no entry is sealed under key {key_id}")


def _check_copies(reader: Reader, carried: Mapping[tuple[UUID, int], CarriedEntry]) -> None:
    """Step 13: what we hold of these streams begins what came, or goes on after it: of two
    supplements the later one may have come first."""
    streams = list({stream for stream, _ in carried})
    rows = reader.connection.execute(_SQL["copies"], {"streams": streams}).fetchall()
    for stream, version, entry_hash, topic in rows:
        came = carried.get((stream, version))
        if came is None and topic == Proposed.TOPIC:
            continue
        if came is None or came.record.entry_hash != entry_hash.hex():
            raise CheckFailed(
                13, "conflicting_copy", f"stream {stream}, version {version} differs from ours"
            )
