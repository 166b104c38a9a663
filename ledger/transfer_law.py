"""Which text governs a change of school on a day, and by when it wants a decision.

Thông tư 15/2026/TT-BGDĐT is in force from 10/5/2026: the head of the school applied to decides,
within 5 working days in one province and 8 between two, and the school left hands the record over
within 3; the pupil is placed in a class within 5. Before it the papers of the school left came
first, and there was no term for the head.
Textbooks were never a ground to refuse. (The terms are confirmed by the press, the procedure by
the draft of December 2025; see `docs/reference/code-lists.md`.)
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from ledger.errors import Refused

NO_GROUNDS: Final = frozenset({"textbooks"})
"""What a refusal may not be founded on."""
_FIXED_HOLIDAYS: Final = frozenset({(1, 1), (4, 30), (5, 1), (9, 2)})
"""Days off of the Labour Code that fall on the same date every year; those of the lunar calendar
move, and only make a term longer than it is counted here."""


@dataclass(frozen=True, slots=True)
class TransferLaw:
    """A text on changing schools, in force from `since` on.

    `days_inside` and `days_between` are the working days that the head has (None: no term),
    `hand_over` those of the school left, `placement` those for placing the pupil in a class once
    the papers are complete; `origin_first`: its papers come before the decision.
    """

    code: str
    since: date
    days_inside: int | None
    days_between: int | None
    hand_over: int | None
    placement: int | None
    origin_first: bool

    def decision_due(self, received: date, *, between_provinces: bool) -> date | None:
        """The last day for the head's decision on an application that came in on `received`."""
        days = self.days_between if between_provinces else self.days_inside
        return None if days is None else working_day_after(received, days)

    def hand_over_due(self, asked: date) -> date | None:
        """The last day for the school left to hand the record over."""
        return None if self.hand_over is None else working_day_after(asked, self.hand_over)

    def placement_due(self, received: date) -> date | None:
        """The last day to place in a class a pupil whose papers came on `received`."""
        return None if self.placement is None else working_day_after(received, self.placement)


LAWS: Final = (
    TransferLaw("QD51_2002", date(2002, 12, 25), None, None, None, None, origin_first=True),
    TransferLaw("TT15_2026", date(2026, 5, 10), 5, 8, 3, 5, origin_first=False),
)


def law_on(day: date) -> TransferLaw:
    """The law of the day; before the oldest known the oldest."""
    return next((law for law in reversed(LAWS) if law.since <= day), LAWS[0])


def working_day_after(start: date, days: int) -> date:
    """The day `days` working days after `start`: no Saturday, Sunday or fixed holiday counts."""
    day = start
    while days:
        day += timedelta(days=1)
        if day.weekday() < 5 and (day.month, day.day) not in _FIXED_HOLIDAYS:
            days -= 1
    return day


def require_ground(reason: str) -> None:
    """Raises Refused(`no_ground`) where the law does not let a refusal rest on that."""
    if reason in NO_GROUNDS:
        raise Refused(
            "no_ground",
            f"{reason} is no ground to refuse a pupil",
            field="reason",
            suggestion="no_place, out_of_area, documents_missing, wrong_grade",
        )
