"""The books of two ledgers laid beside each other."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from tests.unit.transfer.test_restoration import stated
from transfer.pair_report import pair_report
from transfer.statement import StatedCase

pytestmark = pytest.mark.unit

MONDAY, TUESDAY = date(2026, 9, 7), date(2026, 9, 8)


def book(number: int, side: str, state: str, *steps: tuple[str, date], **more: Any) -> StatedCase:
    return stated(side, state, case=UUID(int=number), steps=steps, **more)


SENT = book(1, "origin", "released", ("requested", MONDAY), ("sent", MONDAY))
RECEIVED = book(1, "receiver", "received", ("requested", MONDAY), ("received", TUESDAY))
CLOSED = book(2, "origin", "accepted", ("sent", MONDAY), ("accepted", TUESDAY))
ACCEPTED = book(2, "receiver", "accepted", ("received", MONDAY), ("accepted", MONDAY))


def kinds(ours: list[StatedCase], theirs: list[StatedCase]) -> list[str]:
    return [one.kind for one in pair_report(ours, theirs, on=None).differences]


def test_a_day_counts_what_each_side_recorded_on_it() -> None:
    report = pair_report([SENT, CLOSED], [RECEIVED, ACCEPTED], on=MONDAY)
    assert report.theirs is not None
    ours, theirs = report.ours["out"], report.theirs["out"]
    assert (ours.steps["sent"], ours.steps["accepted"], ours.outstanding) == (2, 0, 2)
    assert (theirs.steps["received"], theirs.steps["accepted"], theirs.outstanding) == (1, 1, 1)
    assert report.ours["in"].outstanding == 0
    assert report.equal is True


def test_a_dossier_on_its_way_is_outstanding_and_no_difference() -> None:
    report = pair_report([SENT], [RECEIVED], on=None)
    assert (report.equal, report.ours["out"].outstanding) == (True, 1)


def test_without_their_books_nothing_is_said_to_be_equal() -> None:
    assert pair_report([SENT], None, on=None).equal is None


def test_what_only_one_side_has_on_record_is_named() -> None:
    assert kinds([SENT, CLOSED], [ACCEPTED]) == ["absent_there"]
    assert kinds([], [RECEIVED]) == ["absent_here"]


def test_a_case_closed_on_one_side_alone_is_named() -> None:
    open_there = ACCEPTED.model_copy(update={"state": "received"})
    assert kinds([CLOSED], [open_there]) == ["closed_here"]
    open_here = CLOSED.model_copy(update={"state": "released"})
    assert kinds([open_here], [ACCEPTED]) == ["closed_there"]


def test_different_decisions_and_different_digests_are_named() -> None:
    rejected = ACCEPTED.model_copy(update={"state": "rejected"})
    assert kinds([CLOSED], [rejected]) == ["decisions_differ"]
    ruled = rejected.model_copy(update={"ruling": "12/QD"})
    assert kinds([CLOSED], [ruled]) == [], "by the arbiter's word they may"
    altered = ACCEPTED.model_copy(update={"digest": "e"})
    assert kinds([CLOSED], [altered]) == ["digests_differ"]
    assert kinds([CLOSED], [ACCEPTED]) == []
