"""Every word a screen needs is there in both languages."""

import re
from typing import get_args

import pytest

from services.words import EVIDENCE, FAILURES, OUTCOMES, STEPS, UNCHECKED
from transfer import checks
from transfer.evidence import Part, State

CODES = sorted(
    set(
        re.findall(
            r"\b[a-z]+(?:_[a-z]+)+\b|malformed|expired|reordered|truncated|rollback|equivocation",
            (checks.__doc__ or "").split("The order")[0],
        )
    )
)


@pytest.mark.parametrize("code", CODES)
def test_every_failure_code_has_a_sentence_in_both_languages(code: str) -> None:
    vietnamese, english = FAILURES[code]
    assert vietnamese.endswith(".")
    assert english.endswith(".")


def test_every_step_has_words() -> None:
    assert set(STEPS) == set(checks.STEPS)


def test_every_reason_for_not_checking_and_every_state_of_evidence_has_words() -> None:
    reasons = {checks.NOT_SEALED, checks.NO_RECORDS, checks.NO_KEY, checks.AFTER_FAILURE}
    assert set(UNCHECKED) == reasons
    assert set(EVIDENCE) >= {*get_args(State), *get_args(Part)}
    for table in (UNCHECKED, EVIDENCE, OUTCOMES):
        assert all(vietnamese and english for vietnamese, english in table.values())
