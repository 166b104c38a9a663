"""What a record goes out as, and what is remembered of it."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from ledger import pupil_year
from ledger.errors import Refused
from ledger.exchange import RecordSent, Sending, decide_sent, next_sending
from ledger.pupil_year import PupilYear, Sent

RECORD = UUID(int=7)
FIRST = RecordSent(
    pupil=UUID(int=1),
    school_year="2024-2025",
    exchange="national",
    record=RECORD,
    act="NEW",
    version=1,
    digest="sha256:aa",
    on=date(2025, 6, 1),
)
EMPTY = PupilYear(
    pupil=UUID(int=1),
    school_year="2024-2025",
    grade=7,
    programme="GDPT2018",
    regulation="TT22_2021",
    school="S1",
    class_code="7A",
)


def last(event: str, version: int, digest: str = "sha256:aa") -> Sent:
    return Sent(record=RECORD, event=event, version=version, digest=digest)


def after(*commands: RecordSent) -> PupilYear:
    year = EMPTY
    for command in commands:
        for event in decide_sent(year, command):
            year = pupil_year.evolve(year, event, 2)
    return year


@pytest.mark.parametrize(
    ("before", "digest", "due"),
    [
        (None, "sha256:aa", Sending("NEW", 1)),
        (None, None, None),
        (last("NEW", 1), "sha256:aa", None),
        (last("NEW", 1), "sha256:bb", Sending("UPDATE", 2)),
        (last("UPDATE", 4), "sha256:bb", Sending("UPDATE", 5)),
        (last("UPDATE", 4), None, Sending("CANCEL", 5)),
        (last("CANCEL", 5), None, None),
        (last("CANCEL", 5), "sha256:aa", Sending("NEW", 6)),
    ],
)
def test_a_record_goes_out_as_new_update_cancel_or_not_at_all(
    before: Sent | None, digest: str | None, due: Sending | None
) -> None:
    assert next_sending(before, digest) == due


def test_a_sending_is_remembered_once() -> None:
    year = after(FIRST)
    assert year.sent["national/" + str(RECORD)] == last("NEW", 1)
    assert decide_sent(year, FIRST) == []


@pytest.mark.parametrize(
    "command",
    [
        replace(FIRST, digest="sha256:bb"),
        replace(FIRST, act="UPDATE", version=3, digest="sha256:bb"),
        replace(FIRST, act="UPDATE", version=2),
        replace(FIRST, act="NEW", version=2, digest="sha256:bb"),
        replace(FIRST, act="CANCEL", version=1),
    ],
)
def test_a_sending_that_does_not_follow_the_last_is_refused(command: RecordSent) -> None:
    with pytest.raises(Refused) as error:
        decide_sent(after(FIRST), command)
    assert error.value.code == "exchange_version"


def test_the_version_rises_through_change_cancellation_and_return() -> None:
    year = after(
        FIRST,
        replace(FIRST, act="UPDATE", version=2, digest="sha256:bb"),
        replace(FIRST, act="CANCEL", version=3, digest="sha256:cc"),
        replace(FIRST, act="NEW", version=4),
    )
    assert year.sent["national/" + str(RECORD)].version == 4
