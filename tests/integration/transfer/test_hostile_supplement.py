"""A supplement that is not what it says: each failure has its code, is told, and moves nothing."""

import base64
import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from ledger.ids import uuid7
from signing.jws import FileSigner
from tests.integration.transfer.conftest import Provinces, Side
from tests.integration.transfer.follow_up import (
    CLOSING_DAY,
    LATE,
    LATER,
    answer,
    correct,
    decide,
    failed,
    look,
    move,
    newcomer,
    propose_marks,
    propose_years,
    sealed,
    send,
    told,
)
from tests.integration.transfer.forge import body_of, put_body
from tests.integration.transfer.story import (
    TODAY,
    at_origin,
    case_of,
    count,
    post,
    pupil_state,
    rows,
    transcript,
)
from transfer import message
from transfer.message import Address
from transfer.supplement_build import build_supplement

Payload = dict[str, Any]
Mutate = Callable[[Payload], None]


def proposed(provinces: Provinces) -> tuple[Side, Side, UUID, UUID, UUID]:
    """Two proposals and the reason of one are sent, and have not arrived."""
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival = at_origin(origin), newcomer(receiver)
    case = move(origin, receiver, leaver=leaver, arrival=arrival, school="S9")
    propose_marks(origin, leaver, LATE)
    propose_years(origin, leaver, correct("10", old="7"), on=CLOSING_DAY)
    send(origin, case)
    return origin, receiver, leaver, arrival, case


def payload_of(side: Side, case: UUID, number: int = 1) -> Payload:
    """The true payload of a supplement."""
    with side.office.ledger.database.connection() as connection:
        return build_supplement(side.office, connection, case_of(side, case), number)


def write(
    origin: Side,
    receiver: Side,
    case: UUID,
    payload: Payload,
    *,
    message_id: UUID | None = None,
    number: int = 1,
) -> bytes:
    """A frame of this payload, signed by the origin and sealed to the receiver."""
    keys = origin.ledgers.keys(origin.profile)
    now = datetime.now(UTC)
    address = Address(
        message_id=message_id or uuid7(),
        case=case,
        kind="supplement",
        issue=number,
        sender=origin.office.ledger.id,
        receiver=receiver.office.ledger.id,
        incarnation=1,
        created_at=now,
        not_after=now + timedelta(days=180),
        public_key=receiver.office.encryption.public_bytes(),
    )
    return message.write(address, payload, FileSigner(keys.seal.key, keys.seal.chain))[0]


def newest(payload: Payload) -> Payload:
    """The carried entry of the last proposal."""
    entry: Payload = payload["streams"][0]["entries"][-1]
    return entry


def other_number(payload: Payload) -> None:
    payload["number"] = 2


def other_pupil(payload: Payload) -> None:
    payload["pupil"] = str(uuid7())


def gap(payload: Payload) -> None:
    del payload["streams"][0]["entries"][3]


def reordered(payload: Payload) -> None:
    payload["streams"][0]["entries"].reverse()


def twice(payload: Payload) -> None:
    payload["proposals"].append(payload["proposals"][0])


def cut_off(payload: Payload) -> None:
    payload["streams"][0]["entries"].pop()


def altered(payload: Payload) -> None:
    body = body_of(newest(payload))
    body["facts"]["facts"]["value"] = "9.5"
    put_body(newest(payload), body)


def other_index(payload: Payload) -> None:
    payload["proposals"][0]["inclusion"]["index"] -= 1


def other_checkpoint(payload: Payload) -> None:
    payload["proposals"][0]["inclusion"]["checkpoint"] = "x\n1\nAA==\n\n— x AA==\n"


def other_id(payload: Payload) -> None:
    payload["proposals"][0]["proposal"] = str(uuid7())


def other_key(payload: Payload) -> None:
    payload["keys"][0]["key"] = base64.b64encode(bytes(32)).decode()


def more_keys(payload: Payload) -> None:
    payload["keys"].append({**payload["keys"][0], "key_id": str(uuid7())})


FAILURES: list[tuple[Mutate, int, str]] = [
    (other_number, 7, "wrong_addressee"),
    (other_pupil, 7, "not_requested"),
    (gap, 8, "missing_entry"),
    (reordered, 8, "reordered"),
    (twice, 8, "extra_entry"),
    (cut_off, 8, "missing_entry"),
    (altered, 9, "altered_entry"),
    (other_index, 10, "not_in_log"),
    (other_checkpoint, 10, "bad_checkpoint"),
    (other_id, 11, "unknown_topic"),
    (other_key, 11, "wrong_key"),
    (more_keys, 11, "wrong_key"),
]


def test_every_failure_has_its_code_and_moves_nothing(provinces: Provinces) -> None:
    origin, receiver, _, arrival, case = proposed(provinces)
    true = payload_of(origin, case)
    before = transcript(receiver, arrival, TODAY).digest
    for mutate, step, code in FAILURES:
        payload = copy.deepcopy(true)
        mutate(payload)
        taken = post(receiver, write(origin, receiver, case, payload))
        assert failed(taken) == ("quarantined", step, code), mutate
    assert count(receiver, "SupplementReceived") == 0
    assert transcript(receiver, arrival, TODAY).digest == before
    assert case_of(receiver, case).state == "accepted"
    assert told(receiver, case) == [("problem", 1)], "each is of the same supplement: told once"
    assert post(receiver, sealed(origin, case, "supplement", 1)).outcome == "done"


def test_the_author_hears_of_a_failure_and_sends_anew(provinces: Provinces) -> None:
    origin, receiver, leaver, arrival, case = proposed(provinces)
    bad = payload_of(origin, case)
    gap(bad)
    (sent,) = rows(origin, "SELECT message FROM ledger.outbox WHERE kind = 'supplement'")
    frame = write(origin, receiver, case, bad, message_id=UUID(str(sent[0])))
    assert [post(receiver, frame).outcome for _ in range(2)] == ["quarantined", "quarantined"]
    assert told(receiver, case) == [("problem", 1)], "told once"
    assert post(origin, sealed(receiver, case, "problem", 1)).outcome == "done"
    known = case_of(origin, case)
    assert (known.state, known.failure) == ("accepted", (0, "missing_entry"))
    assert [one.outcome for one in known.supplements] == ["failed"]
    assert pupil_state(origin, leaver).released == (case, receiver.office.ledger.id)
    assert post(receiver, send(origin, case)).outcome == "done"
    decide(receiver, case, "all")
    post(origin, answer(receiver, case, 2))
    assert transcript(origin, leaver, TODAY).digest == transcript(receiver, arrival, TODAY).digest


def test_another_stream_under_the_same_versions_is_a_conflicting_copy(
    provinces: Provinces,
) -> None:
    """The author says something else than in the supplement that was taken in before."""
    origin, receiver, leaver, _, case = proposed(provinces)
    post(receiver, sealed(origin, case, "supplement", 1))
    decide(receiver, case, "all")
    post(origin, answer(receiver, case))
    propose_marks(origin, leaver, LATER)
    send(origin, case)
    payload = payload_of(origin, case, 2)
    swap(payload)
    taken = post(receiver, write(origin, receiver, case, payload, number=2))
    assert failed(taken) == ("quarantined", 13, "conflicting_copy")


def swap(payload: Payload) -> None:
    """Two proposals, of which one is not offered again, under each other's version."""
    entries = payload["streams"][0]["entries"]
    one, other = entries[-3], entries[-2]
    one["record"]["version"], other["record"]["version"] = (
        other["record"]["version"],
        one["record"]["version"],
    )
    entries[-3], entries[-2] = other, one


def test_a_stranger_and_a_party_of_another_transfer_supplement_nothing(
    provinces: Provinces,
) -> None:
    origin, receiver, _, arrival, case = proposed(provinces)
    payload = payload_of(origin, case)
    elsewhere = uuid7()
    taken = post(
        receiver, write(origin, receiver, elsewhere, {**payload, "transfer_id": str(elsewhere)})
    )
    assert failed(taken) == ("quarantined", 7, "not_requested")
    through = {**payload, "transfer_id": str(elsewhere), "via": str(case)}
    taken = post(receiver, write(origin, receiver, elsewhere, through))
    assert failed(taken) == ("quarantined", 7, "not_requested")
    assert rows(receiver, "SELECT 1 FROM ledger.entry WHERE topic LIKE '%Supplement%'") == []
    assert arrival


def test_an_answer_about_other_proposals_is_put_aside(provinces: Provinces) -> None:
    origin, receiver, leaver, _, case = proposed(provinces)
    post(receiver, sealed(origin, case, "supplement", 1))
    decide(receiver, case, "all")
    true = answer(receiver, case)
    said = {
        "v": 1,
        "kind": "supplement_answer",
        "iss": str(receiver.office.ledger.id),
        "aud": str(origin.office.ledger.id),
        "transfer_id": str(case),
        "number": 1,
        "accepted": [str(uuid7())],
        "refused": [],
    }
    keys = receiver.ledgers.keys(receiver.profile)
    address = Address(
        message_id=uuid7(),
        case=case,
        kind="supplement_answer",
        issue=1,
        sender=receiver.office.ledger.id,
        receiver=origin.office.ledger.id,
        incarnation=1,
        created_at=datetime.now(UTC),
        not_after=None,
        public_key=origin.office.encryption.public_bytes(),
    )
    frame = message.write(address, said, FileSigner(keys.seal.key, keys.seal.chain))[0]
    assert post(origin, frame).outcome == "quarantined"
    assert count(origin, "SupplementDecided") == 0
    assert post(origin, true).outcome == "done"
    assert [one.decided for one in look(origin, case).proposals] == ["accepted", "accepted"]
    assert leaver
