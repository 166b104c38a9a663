"""Where a pupil arrives: what the receiving school teaches, when its terms end, which law holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from ledger.contribution import Mark
from ledger.school_year import SchoolYear, TermCalendar
from ledger.transfer_law import TransferLaw

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """The school that takes a pupil in.

    `codes` are all codes under which it has run, `school` the one it has on `on` (of a merged
    school the successor's). `last_day_there` is the pupil's last day at the school left, None
    where nobody said; `came_on` the day on which the record came; `has_origin`: a school is there
    that can be asked for more. `class_code` is None until the pupil is placed, `taught` the
    subjects of that class's plan (empty: none is on record), `staff` who teaches them there, under
    None the homeroom teacher.
    """

    ledger: UUID
    school: str
    codes: frozenset[str]
    first_day: date
    last_day_there: date | None
    came_on: date
    on: date
    law: TransferLaw
    calendar: TermCalendar
    has_origin: bool
    enrolled: bool
    class_code: str | None
    grade: int
    programme: str
    regulation: str
    taught: frozenset[str] = frozenset()
    staff: Mapping[str | None, tuple[str, ...]] = field(default_factory=dict)

    @property
    def year(self) -> SchoolYear:
        """The school year of the arrival."""
        return self.calendar.school_year

    def is_here(self, mark: Mark) -> bool:
        """Whether a mark was given at this school."""
        return not mark.paper and mark.ledger == self.ledger and mark.school in self.codes

    def term_end(self, term: int) -> date:
        """The last day of a term of the year."""
        begins = self.calendar.term_2_from if term == 1 else self.calendar.summer_from
        return begins - ONE_DAY

    def term_of_arrival(self) -> int:
        """The term in which the pupil arrives; 3 in summer."""
        if self.first_day < self.calendar.term_2_from:
            return 1
        return 2 if self.first_day < self.calendar.summer_from else 3

    def supplement_due(self) -> date:
        """By when the school left is to hand in what it still owes: the law's term for handing
        over, counted from the day on which the record came; without one the end of the term."""
        term = min(self.term_of_arrival(), 2)
        return self.law.hand_over_due(self.came_on) or self.term_end(term)
