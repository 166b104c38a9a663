"""One pupil's history, laid together from the streams of every ledger that wrote part of it.

Pure: from entries alone, without a database, so that both sides of a transfer fold a dossier the
same way. Each stream is folded on its own by `ledger`'s `evolve`; nothing is merged.

Two dates stay apart. Which entries there are is the caller's prefix of the log ("known at");
custody and its coverings are read from all of them. What holds on the day `on` comes from the
entries with `effective_on <= on`. A foreign entry counts once an acceptance in the pupil's own
stream covers it: between the copies and the acceptance, in one transaction, nothing counts. What
was proposed after a release counts once it was accepted (`ledger.proposal`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, cast
from uuid import UUID

from ledger import enrolment, pupil_year
from ledger.contribution import Contribution, in_custody_order
from ledger.enrolment import Segment
from ledger.event import Event, StreamKind
from ledger.folds import evolve
from ledger.proposal import Decisions, count, decisions_of
from ledger.pupil import Pupil

if TYPE_CHECKING:
    # At run time it would bring the database's libraries, which a verifier does without.
    from ledger.log import Entry


@dataclass(frozen=True, slots=True)
class FoldEntry:
    """What a fold needs of an entry: the ledger that wrote it, stream, version, event."""

    author: UUID
    stream: UUID
    version: int
    event: Event

    @classmethod
    def of(cls, entry: "Entry") -> "FoldEntry":
        """The same of an entry read from the log."""
        return cls(entry.envelope.author, entry.stream.id, entry.version, entry.event)


@dataclass(frozen=True, slots=True)
class PupilRecord:
    """One ledger's own record of the pupil; `hop` as in `year_record.Contribution`."""

    ledger: UUID
    hop: int
    pupil: Pupil

    def segments(self, on: date) -> tuple[Segment, ...]:
        """The time line of this record as the changes up to `on` give it."""
        return enrolment.timeline(change for change in self.pupil.changes if change.on <= on)


@dataclass(frozen=True, slots=True)
class History:
    """The pupil as one ledger knows it: its own record, every record, every year.

    `records` and the contributions to a year stand in the order of custody; `years` are sorted;
    `decisions` are those about proposals.
    """

    own: Pupil
    records: tuple[PupilRecord, ...]
    years: dict[str, list[Contribution]]
    decisions: Decisions

    @property
    def first_id(self) -> UUID:
        """The id that the first origin gave the pupil: the same in every ledger."""
        return self.records[0].pupil.id


def fold_history(entries: Iterable[FoldEntry], *, pupil: UUID, on: date) -> History:
    """The history of `pupil` (the id in the ledger that reads or sends) on `on`.

    Raises:
        ValueError: no entry of the pupil's own stream is among `entries`.
    """
    streams: dict[UUID, list[FoldEntry]] = {}
    for stream, found in groupby(entries, key=attrgetter("stream")):
        streams.setdefault(stream, []).extend(found)
    for written in streams.values():
        written.sort(key=lambda entry: entry.version)
    if pupil not in streams:
        raise ValueError(f"no entry of pupil {pupil}'s own stream")
    here = streams[pupil][0].author
    own = _pupil(streams[pupil])
    records = []
    contributions: dict[str, list[Contribution]] = {}
    pupils = {
        stream: _pupil(written)
        for stream, written in streams.items()
        if written[0].event.STREAM is StreamKind.PUPIL
        and (written[0].author == here or own.hops(stream))
    }
    decisions = decisions_of(own, [known for stream, known in pupils.items() if stream != pupil])
    for stream, written in streams.items():
        author, covered = written[0].author, own.hops(stream)
        if stream in pupils:
            hop = covered[0][1] if covered else len(own.coverings)
            records.append(PupilRecord(author, hop, pupils[stream]))
        elif written[0].event.STREAM is StreamKind.PUPIL_YEAR:
            part = _contribution(
                written, native=author == here, covered=covered, own=own, decisions=decisions, on=on
            )
            if part is not None:
                contributions.setdefault(part.year.school_year, []).append(part)
    records.sort(key=lambda record: (record.hop, record.ledger, record.pupil.id))
    years = {label: in_custody_order(contributions[label]) for label in sorted(contributions)}
    return History(own, tuple(records), years, decisions)


def _contribution(
    written: Sequence[FoldEntry],
    *,
    native: bool,
    covered: tuple[tuple[int, int], ...],
    own: Pupil,
    decisions: Decisions,
    on: date,
) -> Contribution | None:
    told = [(entry.event, entry.version) for entry in written]
    counted = count(
        told, author=written[0].author, native=native, covered=covered, decisions=decisions
    )
    if counted is None:
        return None
    year = pupil_year.fold(told for told in counted.entries if told[0].effective_on <= on)
    if year is None:
        return None
    return Contribution(
        written[0].author, year, counted.covered, len(own.coverings), counted.accepted
    )


def _pupil(written: Sequence[FoldEntry]) -> Pupil:
    state = None
    for entry in written:
        state = evolve(StreamKind.PUPIL, state, entry.event, entry.version)
    return cast(Pupil, state)
