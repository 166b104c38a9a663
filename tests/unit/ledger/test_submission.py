"""Handing a report in: what is the same is unchanged, what differs counts those before it."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ledger.errors import Refused
from ledger.events.unit import ReportSubmitted, UnitClosed, UnitOpened
from ledger.submission import SubmitReport, decide_submission, submissions_of
from ledger.unit import Unit, evolve

DIGEST = "sha256:" + "0" * 64
OTHER = "sha256:" + "1" * 64
OPENED = UnitOpened(
    effective_on=date(2000, 1, 1),
    code="S1",
    kind="school",
    name="THCS Lê Lợi",
    parent_code="31",
    levels=("THCS",),
)
SCHOOL = evolve(None, OPENED, 1)
COMMAND = SubmitReport(
    report="results",
    preset="end_of_year",
    unit_code="S1",
    school_year="2024-2025",
    on=date(2025, 5, 31),
    position=41,
    size=42,
    root="ab" * 32,
    digest=DIGEST,
    head="GV1",
    submitted_on=date(2025, 5, 30),
)


def after(known: Unit, *commands: SubmitReport) -> Unit:
    """The school once these are handed in, as many as are new."""
    for command in commands:
        for event in decide_submission(known, command):
            known = evolve(known, event, 0)
    return known


def refusal(command: SubmitReport, known: Unit = SCHOOL) -> str:
    with pytest.raises(Refused) as caught:
        decide_submission(known, command)
    return caught.value.code


def test_the_entry_says_what_was_handed_in_and_by_whom() -> None:
    (event,) = decide_submission(SCHOOL, COMMAND)
    assert event == ReportSubmitted(
        effective_on=date(2025, 5, 30),
        report="results",
        preset="end_of_year",
        unit_code="S1",
        school_year="2024-2025",
        on=date(2025, 5, 31),
        position=41,
        size=42,
        root="ab" * 32,
        digest=DIGEST,
        head="GV1",
        replaces=0,
    )


def test_the_same_figures_again_are_unchanged_whatever_the_position() -> None:
    once = after(SCHOOL, COMMAND)
    again = replace(COMMAND, position=99, size=100, submitted_on=date(2025, 6, 9))
    assert decide_submission(once, again) == []


def test_other_figures_are_handed_in_again_and_count_those_before() -> None:
    once = after(SCHOOL, COMMAND)
    (second,) = decide_submission(once, replace(COMMAND, digest=OTHER))
    assert second.replaces == 1
    (third,) = decide_submission(evolve(once, second, 0), COMMAND)
    assert third.replaces == 2


def test_another_day_of_the_same_digest_is_handed_in_again() -> None:
    once = after(SCHOOL, COMMAND)
    (second,) = decide_submission(once, replace(COMMAND, on=date(2025, 5, 29)))
    assert second.replaces == 1


@pytest.mark.parametrize(
    "change",
    [{"report": "headcount"}, {"preset": "end_of_term_1"}, {"school_year": "2023-2024"}],
)
def test_each_occasion_is_counted_by_itself(change: dict[str, Any]) -> None:
    once = after(SCHOOL, COMMAND)
    (event,) = decide_submission(once, replace(COMMAND, **change))
    assert event.replaces == 0
    both = evolve(once, event, 0)
    assert len(both.submissions) == 2
    occasion = {"report": "results", "preset": "end_of_year", "school_year": "2024-2025"}
    assert len(submissions_of(both, **occasion)) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"report": "gossip"}, "unknown_report"),
        ({"preset": "tomorrow"}, "unknown_preset"),
        ({"school_year": "2024-2026"}, "bad_school_year"),
        ({"size": 41}, "bad_submission"),
    ],
)
def test_what_names_no_report_is_refused(change: dict[str, Any], code: str) -> None:
    assert refusal(replace(COMMAND, **change)) == code


def test_a_closed_unit_hands_in_nothing_of_a_day_after_its_end() -> None:
    closed = evolve(
        SCHOOL,
        UnitClosed(
            effective_on=date(2025, 5, 31), code="S1", successor="S2", closed_on=date(2025, 5, 31)
        ),
        2,
    )
    assert refusal(COMMAND, closed) == "unit_closed"
    assert decide_submission(closed, replace(COMMAND, on=date(2025, 5, 30)))
