"""The results of a pupil's years as the entries read so far give them, and what changes in them.

The entries are laid together as a transcript of the newest day would (`history`): copies count
once an acceptance covers them, proposals once they were accepted. A result is an average or level
of a subject, a level of study or training, the outcome of the year or its title.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from uuid import UUID

from ledger.assessment.regime import Regulation
from ledger.contribution import Contribution, in_custody_order
from ledger.event import Event
from ledger.proposal import Decisions, count, decisions_of
from ledger.pupil import Pupil
from ledger.pupil_year import PupilYear, fold
from ledger.school_year import SchoolYear
from ledger.year_record import SubjectResult, YearRecord, assess

_TT22 = tuple(map(Decimal, ("3.5", "5.0", "6.5", "8.0", "9.0")))
"""TT 22/2021: levels (Điều 9), re-assessment below 5.0 (Điều 14), the title from 9.0 (Điều 15)."""
_TT58 = tuple(map(Decimal, ("2.0", "3.5", "5.0", "6.5", "8.0")))
"""TT 58/2011, Điều 13: the averages and floors of the five levels."""
_THRESHOLDS = {Regulation.TT58_2011: _TT58, Regulation.TT26_2020: _TT58}
_LEVELS = frozenset({"study", "promotion", "title"})
_PERIODS = ("HK1", "HK2", "CN")


class Place(NamedTuple):
    """Which result: its name, the subject of a subject's result, the period."""

    result: str
    subject: str | None
    period: str


@dataclass(frozen=True, slots=True)
class ResultChange:
    """A result before and after an entry; `crossed` says that a threshold lies between."""

    place: Place
    before: str | None
    after: str | None
    crossed: bool

    @property
    def answer(self) -> dict[str, Any]:
        """As the audit shows it."""
        return {
            **self.place._asdict(),
            "before": self.before,
            "after": self.after,
            "crossed": self.crossed,
        }


def results_of(record: YearRecord) -> dict[Place, str | None]:
    """Every result of a year."""
    found: dict[Place, str | None] = {}
    for subject in record.subjects:
        found.update(_of_subject(subject))
    for name, levels in (("conduct", record.conduct), ("study", record.study)):
        found.update({Place(name, None, period): levels.get(period) for period in _PERIODS})
    for period, average in (record.overall or {}).items():
        found[Place("overall", None, period)] = average
    found[Place("promotion", None, "CN")] = record.promotion
    found[Place("title", None, "CN")] = record.title
    return found


def _of_subject(subject: SubjectResult) -> Iterator[tuple[Place, str | None]]:
    name = "average" if subject.form == "score" else "level"
    for number, term in subject.semesters.items():
        yield Place(name, subject.subject, f"HK{number}"), term.result
    yield Place(name, subject.subject, "CN"), subject.reassessed or subject.year


def changes_between(
    before: YearRecord | None, after: YearRecord | None
) -> tuple[ResultChange, ...]:
    """The results that differ, in the order of the record."""
    if after is None:
        return ()
    was = results_of(before) if before is not None else {}
    now = results_of(after)
    thresholds = _THRESHOLDS.get(Regulation(after.regulation), _TT22)
    return tuple(
        ResultChange(place, was.get(place), now.get(place), _crossed(place, was, now, thresholds))
        for place in dict.fromkeys((*now, *was))
        if was.get(place) != now.get(place)
    )


def _crossed(
    place: Place,
    was: Mapping[Place, str | None],
    now: Mapping[Place, str | None],
    thresholds: Sequence[Decimal],
) -> bool:
    """Whether a standing result came to lie on the other side: 7.9 -> 8.0, K -> T, Đ -> CĐ. A
    result that was not there before crosses nothing. No title is a result where the year has a
    level of study."""
    before, after = was.get(place), now.get(place)
    if place.result == "title":
        level = Place("study", None, "CN")
        return was.get(level) is not None and now.get(level) is not None
    if before is None or after is None:
        return False
    if place.result in _LEVELS:
        return True
    if place.result not in ("average", "overall", "level"):
        return False
    old, new = _number(before), _number(after)
    if old is None or new is None:
        return True
    return any((old >= limit) != (new >= limit) for limit in thresholds)


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


@dataclass(slots=True)
class _Stream:
    """What one ledger wrote of a year: its states after each version, and its entries. `made` is
    the last contribution that was folded with proposals, under what it was made of."""

    author: UUID
    school_year: str
    states: list[PupilYear]
    written: list[tuple[Event, int]] = field(default_factory=list)
    made: tuple[Any, Contribution | None] | None = None


class Years:
    """The years of one pupil, entry by entry."""

    def __init__(self, here: UUID) -> None:
        """`here` is the ledger that reads: its own entries count uncovered."""
        self._here = here
        self._own: Pupil | None = None
        self._others: dict[UUID, Pupil] = {}
        self._streams: dict[UUID, _Stream] = {}
        self._assessed: dict[tuple[str, bool], tuple[Any, YearRecord | None]] = {}

    def know(self, own: Pupil) -> None:
        """The state of this ledger's own record of the pupil."""
        self._own = own

    def know_other(self, other: Pupil) -> None:
        """The state of another record of the pupil."""
        self._others[other.id] = other

    def years_of(self, proposals: Iterable[UUID]) -> list[str]:
        """The school years in which these were proposed."""
        asked = set(proposals)
        years = {
            known.school_year
            for known in self._streams.values()
            if asked & set(known.states[-1].proposals)
        }
        return sorted(years)

    def tell(self, stream: UUID, event: Event, version: int) -> None:
        """The event of the entry added last, where proposals may have to be folded with it."""
        self._streams[stream].written.append((event, version))

    def add(self, stream: UUID, author: UUID, state: PupilYear) -> None:
        """One more entry of a year's stream."""
        known = self._streams.setdefault(stream, _Stream(author, state.school_year, []))
        known.states.append(state)
        if author == self._here:
            del known.states[:-1]  # an own stream counts as it stands

    def contributions(self, school_year: str) -> list[Contribution]:
        """What counts of that year now, in the order of custody."""
        if self._own is None:
            return []
        own = self._own
        decisions = decisions_of(own, self._others.values())
        return in_custody_order(
            part
            for stream, known in self._streams.items()
            if known.school_year == school_year
            and (part := self._counting(stream, known, own, decisions)) is not None
        )

    def record(self, school_year: str, *, on: date) -> YearRecord | None:
        """The results of a year, whatever their days; `on` decides only whether its summer is
        over. None where nobody has written of it."""
        parts = self.contributions(school_year)
        summer_over = on > SchoolYear.parse(school_year).late_decisions_until
        stamp = [(part.ledger, id(part.year), part.covered, part.current) for part in parts]
        known = self._assessed.get((school_year, summer_over))
        if known is not None and known[0] == stamp:
            return known[1]
        record = assess(parts, on=on) if parts else None
        self._assessed[school_year, summer_over] = (stamp, record)
        return record

    def _counting(
        self, stream: UUID, known: _Stream, own: Pupil, decisions: Decisions
    ) -> Contribution | None:
        """What counts of a stream: of own records as it stands, of those linked by now; of copies
        as far as an acceptance covers them; and the proposals accepted."""
        newest, covered, current = known.states[-1], own.hops(stream), len(own.coverings)
        records = {own.id, *(link.pupil for link in own.links)}
        if known.author == self._here and newest.pupil not in records:
            return None
        if newest.proposals:
            return _with_accepted(known, known.author == self._here, covered, current, decisions)
        if known.author != self._here:
            if not covered:
                return None
            newest = known.states[: covered[-1][0]][-1]
        return Contribution(known.author, newest, covered, current)


def _with_accepted(
    known: _Stream,
    native: bool,
    covered: tuple[tuple[int, int], ...],
    current: int,
    decisions: Decisions,
) -> Contribution | None:
    decided = [decisions.get((known.author, one)) for one in known.states[-1].proposals]
    stamp = (len(known.written), covered, current, decided)
    if known.made is None or known.made[0] != stamp:
        counted = count(
            known.written,
            author=known.author,
            native=native,
            covered=covered,
            decisions=decisions,
        )
        year = fold(counted.entries) if counted is not None else None
        part = None
        if counted is not None and year is not None:
            part = Contribution(known.author, year, counted.covered, current, counted.accepted)
        known.made = (stamp, part)
    return known.made[1]


def answers(changes: Iterable[ResultChange]) -> list[dict[str, Any]]:
    """As the audit shows them."""
    return [change.answer for change in changes]
