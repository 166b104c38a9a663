"""The same conversation by file, where the network is down."""

from collections.abc import Callable
from uuid import UUID

import pytest

from ledger.errors import Conflict
from ledger.registration import Number, record_pupils
from signing.sealing import KeyPair
from tests.integration.transfer.conftest import Provinces, Side
from tests.integration.transfer.files import released_to_file
from tests.integration.transfer.story import (
    TODAY,
    ask,
    at_origin,
    at_receiver,
    begin,
    case_of,
    cases,
    count,
    let_go,
    post,
    pupil_state,
    record,
    rows,
    sealed,
    transcript,
)
from tests.school import find, numbered, profile, record_pupil, sound
from transfer import by_file, conversation
from transfer.checks import STEPS
from transfer.errors import CaseRefused, CheckFailed
from transfer.verifier import verify

NUMBER = "031212003456"
PERSONAL_NUMBER = Number(
    kind="personal_id", value=NUMBER, issuer=None, valid_from=None, valid_to=None
)


def bring(
    side: Side, data: bytes, *, pupil: UUID | None = None, new: bool = False
) -> tuple[UUID, UUID]:
    return by_file.import_dossier(
        side.office, data, pupil=pupil, new=new, today=TODAY, who=side.who
    )


def with_number(side: Side, key: str) -> UUID:
    """A pupil on record with a personal number."""
    line = record_pupil(key, profile("Trần Thị Bưởi"), numbers=(PERSONAL_NUMBER,))
    sound(side.office.ledger.carry_out(record_pupils, numbered([line]), who=side.who))
    return find(side.office.ledger, [key])[0]


def test_without_a_request_a_file_makes_a_new_record_and_twice_makes_one(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver = at_origin(origin)
    case, data = released_to_file(origin, leaver, to=receiver)
    assert released_to_file(origin, leaver, to=receiver) == (case, data), (
        "the same release, the same bytes"
    )
    assert bring(receiver, data)[0] == case
    size = rows(receiver, "SELECT size FROM ledger.head")
    again, ours = bring(receiver, data)
    assert again == case
    assert rows(receiver, "SELECT size FROM ledger.head") == size
    assert transcript(receiver, ours, TODAY).digest == case_of(receiver, case).digest
    assert case_of(receiver, case).digest == case_of(origin, case).digest
    assert outcome_at_origin(origin, receiver, case) == "accepted"


def test_what_nobody_asked_for_goes_by_file_alone(provinces: Provinces) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    released_to_file(origin, at_origin(origin), to=receiver)
    origin.exchange()
    assert receiver.exchange() == []
    assert rows(origin, "SELECT state, attempts FROM ledger.outbox") == [("answered", 0)]


def outcome_at_origin(origin: Side, receiver: Side, case: UUID) -> str:
    """The answer goes back over the network once it is there."""
    post(origin, sealed(receiver, case, "accept"))
    return case_of(origin, case).state


def test_a_file_answers_the_request_that_lies_open(provinces: Provinces) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver = with_number(origin, "X1")
    arrival = with_number(receiver, "Y1")
    at_origin(origin)
    at_receiver(receiver)
    asked = ask(receiver, arrival, origin)
    post(origin, sealed(receiver, asked, "request"))
    case, data = released_to_file(origin, leaver, to=receiver)
    assert case == asked, "the request of that ledger for this pupil is used"
    assert bring(receiver, data) == (asked, arrival)
    assert [c.state for c in cases(receiver)] == ["accepted"]


def test_a_file_that_was_released_over_the_network_is_the_same_release(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = begin(provinces)
    post(origin, sealed(receiver, case, "request"))
    let_go(origin, case, leaver)
    exported, data = released_to_file(origin, leaver, to=receiver)
    assert exported == case
    assert bring(receiver, data) == (case, arrival)
    assert post(receiver, data).outcome == "repeated"
    assert count(receiver, "TransferAccepted") == 1


def test_somebody_here_with_the_same_number_stops_a_file_until_a_person_says_who_it_is(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, known = with_number(origin, "X1"), with_number(receiver, "Y1")
    at_origin(origin)
    case, data = released_to_file(origin, leaver, to=receiver)
    size = rows(receiver, "SELECT size FROM ledger.head")
    with pytest.raises(Conflict, match=str(known)) as refused:
        bring(receiver, data)
    assert NUMBER not in str(refused.value)
    assert rows(receiver, "SELECT size FROM ledger.head") == size
    assert bring(receiver, data, pupil=known) == (case, known)
    assert {link.pupil for link in pupil_state(receiver, known).links} == {leaver}


def test_a_namesake_may_be_taken_in_as_another_child(provinces: Provinces) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, known = with_number(origin, "X1"), with_number(receiver, "Y1")
    at_origin(origin)
    _, data = released_to_file(origin, leaver, to=receiver)
    held = len(record(receiver, known))
    _, ours = bring(receiver, data, new=True)
    assert ours != known
    assert len(record(receiver, known)) == held


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda data: data[:100], "malformed"),
        (lambda data: data[:-40], "cannot_decrypt"),
        (lambda data: data[:-9] + bytes([data[-9] ^ 4]) + data[-8:], "cannot_decrypt"),
        (lambda data: data.replace(b'"issue":1', b'"issue":2'), "cannot_decrypt"),
        (lambda data: b"HBT9" + data[4:], "unsupported_version"),
        (lambda data: b"", "malformed"),
    ],
    ids=["cut in the header", "cut at the end", "a bit", "the header", "version", "empty"],
)
def test_a_damaged_file_is_refused_and_leaves_nothing(
    provinces: Provinces, damage: Callable[[bytes], bytes], code: str
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    _, data = released_to_file(origin, at_origin(origin), to=receiver)
    with pytest.raises(CheckFailed) as failed:
        bring(receiver, damage(data))
    assert failed.value.code == code
    assert cases(receiver) == []
    assert rows(receiver, "SELECT 1 FROM ledger.inbox") == []


def test_a_file_for_another_ledger_is_refused(three: list[Side]) -> None:
    first, second, third = three
    _, data = released_to_file(first, at_origin(first), to=second)
    for side in (first, third):
        with pytest.raises(CheckFailed) as failed:
            bring(side, data)
        assert failed.value.code == "wrong_addressee"
    assert cases(third) == []


def test_a_rejected_file_cannot_be_imported_after_all(provinces: Provinces) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, _, case = begin(provinces)
    post(origin, sealed(receiver, case, "request"))
    let_go(origin, case, leaver)
    _, data = released_to_file(origin, leaver, to=receiver)
    conversation.reject(receiver.office, case, reason="withdrawn", today=TODAY, who=receiver.who)
    with pytest.raises(CaseRefused, match="rejected"):
        bring(receiver, data)
    assert count(receiver, "TransferAccepted") == 0


def test_verified_offline_without_a_key_the_steps_inside_are_not_checked(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    _, data = released_to_file(origin, at_origin(origin), to=receiver)
    report = verify(data, trust=receiver.office.trust, key=None)
    assert [(s.n, s.name) for s in report.steps] == list(enumerate(STEPS, 1))
    assert [s.ok for s in report.steps] == [True, None, True, *[None] * 10]
    assert report.ok


def test_verified_offline_with_the_key_all_but_the_database_steps_are_checked(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    _, data = released_to_file(origin, at_origin(origin), to=receiver)
    key = receiver.office.encryption
    report = verify(data, trust=receiver.office.trust, key=key)
    assert [s.n for s in report.steps if s.ok] == [1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    assert [s.n for s in report.steps if s.ok is None] == [2, 13]
    other = verify(data, trust=receiver.office.trust, key=KeyPair.generate())
    assert [s.n for s in other.steps if s.ok] == [1, 3], "a key of somebody else opens nothing"


def test_a_failed_step_is_told_by_number_and_the_later_ones_are_not_checked(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    _, data = released_to_file(origin, at_origin(origin), to=receiver)
    key = receiver.office.encryption
    report = verify(data[:-1], trust=receiver.office.trust, key=key)
    assert report.failure is not None
    assert (report.failure.step, report.failure.code) == (4, "cannot_decrypt")
    assert [s.ok for s in report.steps] == [True, None, True, False, *[None] * 9]
    assert [s.n for s in report.steps] == list(range(1, 14))
