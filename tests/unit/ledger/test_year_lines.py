"""What a line of decisions must state before it is recorded."""

from datetime import date

import pytest

from ledger.errors import Refused
from ledger.events.pupil_year import PupilYearOpened, YearDecision
from ledger.pupil_year import PupilYear, evolve
from ledger.year_commands import decision
from tests.unit.ledger.events import event

ON = date(2025, 6, 2)


def year() -> PupilYear:
    return evolve(None, event(PupilYearOpened, date(2024, 8, 1)), 1)


@pytest.mark.parametrize(
    ("kind", "subject", "value", "code"),
    [
        ("reassess", None, "7", "missing_value"),
        ("reassess", "TOAN", None, "missing_value"),
        ("reassess", "TOAN", "11", "mark_out_of_range"),
        ("summer_training", None, None, "missing_value"),
        ("summer_training", None, "Z", "unknown_level"),
        ("missing_term", None, "7", "value_without_subject"),
        ("missing_term", "TOAN", "banana", "mark_not_a_mark"),
    ],
)
def test_a_decision_without_a_sound_result_is_refused(
    kind: str, subject: str | None, value: str | None, code: str
) -> None:
    decide = decision(kind=kind, subject=subject, value=value, legal_ground="QĐ", on=ON)
    with pytest.raises(Refused) as caught:
        decide(year(), None)
    assert caught.value.code == code


def test_a_missing_term_of_all_subjects_states_no_result() -> None:
    decide = decision(kind="missing_term", subject=None, value=None, legal_ground="QĐ", on=ON)
    (entry,) = decide(year(), None)
    assert isinstance(entry, YearDecision)
    assert (entry.subject, entry.value) == (None, None)
