"""Which text governs a change of school on a day, and its terms in working days."""

from datetime import date

import pytest

from ledger.errors import Refused
from ledger.transfer_law import law_on, require_ground, working_day_after


def test_before_may_2026_the_school_left_gives_its_papers_first() -> None:
    law = law_on(date(2026, 5, 9))
    assert (law.code, law.origin_first) == ("QD51_2002", True)
    assert law.decision_due(date(2026, 5, 9), between_provinces=True) is None
    assert law.hand_over_due(date(2026, 5, 9)) is None


@pytest.mark.parametrize(
    ("received", "between", "due"),
    [
        (date(2026, 5, 11), False, date(2026, 5, 18)),  # Monday to Monday: 5 working days
        (date(2026, 5, 11), True, date(2026, 5, 21)),
        (date(2026, 9, 1), False, date(2026, 9, 9)),  # 2 September is a holiday
    ],
)
def test_from_may_2026_the_head_has_five_working_days_eight_between_provinces(
    received: date, between: bool, due: date
) -> None:
    law = law_on(received)
    assert law.code == "TT15_2026"
    assert law.decision_due(received, between_provinces=between) == due


def test_the_school_left_hands_over_within_three_working_days() -> None:
    assert law_on(date(2026, 6, 5)).hand_over_due(date(2026, 6, 5)) == date(2026, 6, 10)


def test_a_day_before_every_known_text_has_the_oldest() -> None:
    assert law_on(date(1999, 1, 1)).code == "QD51_2002"


def test_no_working_day_is_counted_on_the_day_itself() -> None:
    friday = date(2026, 6, 5)
    assert working_day_after(friday, 1) == date(2026, 6, 8)


def test_textbooks_are_no_ground_to_refuse() -> None:
    with pytest.raises(Refused, match="no ground"):
        require_ground("textbooks")
    require_ground("no_place")
