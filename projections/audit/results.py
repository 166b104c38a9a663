"""The results of a pupil's years as the entries read so far give them, and what changes in them.

The entries are laid together as a transcript of the newest day would (`history`): copies count
once an acceptance covers them. A result is an average or level of a subject, a level of study or
training, the outcome of the year or its title.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from uuid import UUID

from ledger.assessment.regime import Regulation
from ledger.contribution import Contribution, in_custody_order
from ledger.pupil import Pupil
from ledger.pupil_year import PupilYear
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
    """What one ledger wrote of a year: its states after each version."""

    author: UUID
    school_year: str
    states: list[PupilYear]


class Years:
    """The years of one pupil, entry by entry."""

    def __init__(self, here: UUID) -> None:
        """`here` is the ledger that reads: its own entries count uncovered."""
        self._here = here
        self._own: Pupil | None = None
        self._streams: dict[UUID, _Stream] = {}
        self._assessed: dict[tuple[str, bool], tuple[Any, YearRecord | None]] = {}

    def know(self, own: Pupil) -> None:
        """The state of this ledger's own record of the pupil."""
        self._own = own

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
        own, current = self._own, len(self._own.coverings)
        return in_custody_order(
            Contribution(known.author, state, covered, current)
            for stream, known in self._streams.items()
            if known.school_year == school_year
            for covered in (own.hops(stream),)
            if (state := self._counting(known, covered, own)) is not None
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
        self, known: _Stream, covered: Sequence[tuple[int, int]], own: Pupil
    ) -> PupilYear | None:
        """The state of a stream that counts: of own records as it stands, of those linked by
        now; of copies as far as an acceptance covers them."""
        newest = known.states[-1]
        if known.author != self._here:
            return known.states[: covered[-1][0]][-1] if covered else None
        records = {own.id, *(link.pupil for link in own.links)}
        return newest if newest.pupil in records else None


def answers(changes: Iterable[ResultChange]) -> list[dict[str, Any]]:
    """As the audit shows them."""
    return [change.answer for change in changes]
