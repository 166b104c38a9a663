"""Every word a screen needs is there in both languages."""

import re

import pytest

from services.words import FAILURES, STEPS
from transfer import checks

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
