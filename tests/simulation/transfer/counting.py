"""What was proposed after a release counts once: told by a fold of its own, from stored bytes.

The fold of `projections` is compared with a naive one: a mark is what its author's stream says
last, of what a release covers, of one's own, and of what was accepted.
"""

from collections.abc import Iterator
from datetime import date
from uuid import UUID

from ledger import envelope
from ledger.events.pupil import SupplementDecided
from ledger.events.pupil_year import Proposed, PupilYearOpened
from ledger.pupil import Pupil
from projections.history import FoldEntry, fold_history
from tests.simulation.memory.tables import Stream
from tests.simulation.transfer.world import Site, World

ON = date(2100, 1, 1)
Slots = dict[tuple[str, int, str], str]
Refuted = str


def decided_alike(world: World) -> Iterator[Refuted]:
    """Of one proposal all ledgers say the same."""
    said: dict[tuple[UUID, UUID], str | None] = {}
    for site in world.sites:
        for pupil in site.pupils():
            for ruling in pupil.rulings:
                known = said.setdefault((ruling.author, ruling.proposal), ruling.reason)
                if known != ruling.reason:
                    yield f"{site} decided otherwise about a proposal than another ledger"


def counted_once(world: World) -> Iterator[Refuted]:
    """What the transcript counts is what the naive fold counts; and of the author's year the author
    counts what the custodian does."""
    for site in world.sites:
        for pupil in site.pupils():
            entries = _entries(site, pupil)
            if not any(isinstance(entry.event, Proposed) for entry in entries):
                continue
            made = [e.event for e in entries if e.stream == pupil.id]
            decided = [
                (event.author, proposal)
                for event in made
                if isinstance(event, SupplementDecided)
                for proposal in (*event.accepted, *(one for one, _ in event.refused))
            ]
            if len(decided) != len(set(decided)):
                yield f"{site} decided twice about one proposal"
            folded = _folded(entries, pupil)
            naive = _naive(entries, pupil, site)
            if folded != naive:
                yield f"{site} counts {folded} where {naive} was written and accepted"
            if pupil.released is None:
                yield from _as_the_authors(world, site, pupil, folded)


def _as_the_authors(
    world: World, site: Site, custodian: Pupil, folded: dict[UUID, Slots]
) -> Iterator[Refuted]:
    for link in custodian.links:
        author = world.site_of(link.ledger)
        record = next((p for p in author.pupils() if p.id == link.pupil), None)
        if author is site or record is None or record.released is None:
            continue
        if record.released[0] not in custodian.accepted:
            continue  # the record went on by another ledger, which may count more by now
        theirs = _folded(_entries(author, record), record)
        for stream in _years(author, record.id):
            if theirs.get(stream, {}) != folded.get(stream, {}):
                yield f"{author} counts {theirs.get(stream)} and {site} {folded.get(stream)}"


def _years(site: Site, pupil: UUID) -> list[UUID]:
    kept = site.store.kinds.get("pupil_year", ())
    return [stream.id for stream in kept if (stream.person, stream.ledger) == (pupil, site.id)]


def _entries(site: Site, pupil: Pupil) -> list[FoldEntry]:
    persons = {pupil.id, *(link.pupil for link in pupil.links)}
    kinds = site.store.kinds
    about: list[Stream] = [
        stream
        for stream in (*kinds.get("pupil", ()), *kinds.get("pupil_year", ()))
        if stream.person in persons
    ]
    return [
        FoldEntry(stream.ledger, stream.id, entry.version, envelope.decode(entry.body).event())
        for stream in about
        for entry in site.store.entries_of(stream.id)
    ]


def _folded(entries: list[FoldEntry], pupil: Pupil) -> dict[UUID, Slots]:
    """By pupil-year stream the marks that the transcript counts."""
    history = fold_history(entries, pupil=pupil.id, on=ON)
    streams = {
        (entry.author, entry.event.pupil_id, entry.event.school_year): entry.stream
        for entry in entries
        if isinstance(entry.event, PupilYearOpened)
    }
    found = {
        streams[part.ledger, part.year.pupil, label]: {
            key: slot.value for key, slot in part.year.slots.items()
        }
        for label, parts in history.years.items()
        for part in parts
    }
    return {stream: slots for stream, slots in found.items() if slots}


def _naive(entries: list[FoldEntry], pupil: Pupil, site: Site) -> dict[UUID, Slots]:
    limits = {pupil.id: 2**31}
    for covering in pupil.coverings:
        for stream, version in covering:
            limits[stream] = max(version, limits.get(stream, 0))
    accepted = {
        (entry.event.author, proposal)
        for entry in entries
        if isinstance(entry.event, SupplementDecided)
        and entry.version <= limits.get(entry.stream, 0)
        for proposal in entry.event.accepted
    }
    found: dict[UUID, Slots] = {}
    for entry in sorted(entries, key=lambda one: (one.stream, one.version)):
        facts = entry.event.model_dump()
        topic = entry.event.TOPIC
        counts = entry.author == site.id or entry.version <= limits.get(entry.stream, 0)
        if isinstance(entry.event, Proposed):
            topic, facts = entry.event.topic, dict(entry.event.facts)
            counts = (entry.author, entry.event.proposal) in accepted
            accepted.discard((entry.author, entry.event.proposal))
        if counts and topic.startswith(("ledger.MarkEntered.", "ledger.MarkCorrected.")):
            slots = found.setdefault(entry.stream, {})
            slots[facts["subject"], facts["semester"], facts["slot"]] = facts["value"]
    return found
