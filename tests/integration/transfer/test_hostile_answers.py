"""Answers and requests that lie: well signed, well sealed, and not to be believed."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from ledger.errors import Refused
from ledger.ids import uuid7
from signing.jws import FileSigner
from tests.integration.transfer.conftest import Provinces, Side
from tests.integration.transfer.files import released_to_file
from tests.integration.transfer.forge_told import told
from tests.integration.transfer.story import (
    TODAY,
    ask,
    at_origin,
    at_receiver,
    begin,
    case_of,
    cases,
    let_go,
    post,
    pupil_state,
    rows,
    sealed,
)
from transfer import conversation, inbox, message, outbox
from transfer.errors import CaseRefused
from transfer.message import Address, Kind


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"kind": "receipt"}, "wrong_addressee"),
        ({"aud": str(uuid7())}, "wrong_addressee"),
        ({"iss": str(uuid7())}, "wrong_addressee"),
        ({"transfer_id": str(uuid7())}, "wrong_addressee"),
        ({"v": 2}, "bad_json"),
        ({"more": 1}, "bad_json"),
    ],
    ids=["a receipt as an acceptance", "to another", "of another", "other case", "v2", "more"],
)
def test_an_acceptance_says_inside_its_signature_what_it_is_and_for_whom(
    provinces: Provinces, changed: dict[str, Any], code: str
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, _, case = begin(provinces)
    post(origin, sealed(receiver, case, "request"))
    let_go(origin, case, leaver)
    taken = post(origin, told(receiver, origin, case, "accept", {}, changed))
    assert taken.failure is not None
    assert taken.failure.code == code
    assert case_of(origin, case).state == "released"


def test_a_third_ledger_cannot_answer_in_a_case_that_is_not_its_own(three: list[Side]) -> None:
    first, second, third = three
    leaver, there = at_origin(first), at_receiver(second)
    case = ask(second, there, first)
    post(first, sealed(second, case, "request"))
    let_go(first, case, leaver)
    answers: tuple[Kind, ...] = ("accept", "reject", "problem", "receipt")
    for kind in answers:
        assert post(first, told(third, first, case, kind)).outcome == "quarantined"
    assert post(second, told(third, second, case, "decline")).outcome == "quarantined"
    noise = told(third, second, case, "dossier")
    assert post(second, noise).outcome == "problem"
    assert case_of(first, case).state == "released"
    assert case_of(second, case).state == "requested"
    assert pupil_state(first, leaver).released == (case, second.office.ledger.id)


def test_a_request_cannot_be_sealed_anew_to_a_third_ledger(three: list[Side]) -> None:
    first, second, third = three
    at_origin(first)
    case = ask(second, at_receiver(second), first)
    frame = message.read_frame(sealed(second, case, "request"))
    opened = message.parse(frame, message.unseal(frame, first.office.encryption))
    assert opened.payload["aud"] == str(first.office.ledger.id)
    replay = {k: v for k, v in opened.payload.items() if k not in ("v", "kind", "content")}
    taken = post(third, _request(second, third, case, replay))
    assert taken.failure is not None
    assert taken.failure.code == "wrong_addressee"
    assert cases(third) == []


def _request(sender: Side, receiver: Side, case: UUID, fields: dict[str, Any]) -> bytes:
    keys = sender.ledgers.keys(sender.profile)
    address = Address(
        message_id=uuid7(),
        case=case,
        kind="request",
        issue=1,
        sender=sender.office.ledger.id,
        receiver=receiver.office.ledger.id,
        incarnation=1,
        created_at=datetime.now(UTC),
        not_after=None,
        public_key=receiver.office.encryption.public_bytes(),
    )
    body = {"v": 1, "kind": "request", **fields}
    return message.write(address, body, FileSigner(keys.seal.key, keys.seal.chain))[0]


CHANGES: list[Callable[[dict[str, Any]], None]] = [
    lambda fields: fields.update(encryption_key="AAAA"),
    lambda fields: fields.update(encryption_key="no base64 at all"),
    lambda fields: fields.update(encryption_key="/" * 1620 + "/w=="),
    lambda fields: fields.update(school="S" * 81),
    lambda fields: fields["claim"].pop("full_name"),
]


@pytest.mark.parametrize("change", CHANGES, ids=["short", "text", "no point", "school", "claim"])
def test_a_request_that_could_not_be_answered_is_refused_when_it_comes(
    provinces: Provinces, change: Callable[[dict[str, Any]], None]
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    _, _, case = begin(provinces)
    frame = message.read_frame(sealed(receiver, case, "request"))
    fields = message.parse(frame, message.unseal(frame, origin.office.encryption)).payload
    change(fields)
    taken = post(origin, _request(receiver, origin, case, fields))
    assert taken.failure is not None
    assert taken.failure.code == "bad_json"
    assert cases(origin) == []


def test_a_decline_for_a_reason_nobody_knows_is_kept_for_a_person(provinces: Provinces) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    _, _, case = begin(provinces)
    taken = post(receiver, told(origin, receiver, case, "decline", {"reason": "because"}))
    assert taken.outcome == "quarantined"
    assert case_of(receiver, case).state == "requested"
    assert rows(receiver, "SELECT state FROM ledger.inbox") == [("quarantined",)]


def test_an_unrequested_dossier_is_a_problem_told_to_its_sender_and_moves_nothing(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver = at_origin(origin)
    case, data = released_to_file(origin, leaver, to=receiver)
    size = rows(receiver, "SELECT size FROM ledger.head")
    taken = post(receiver, data)
    assert taken.failure is not None
    assert (taken.outcome, taken.failure.code) == ("quarantined", "not_requested")
    assert rows(receiver, "SELECT size FROM ledger.head") == size
    assert rows(receiver, "SELECT state FROM ledger.inbox") == [("quarantined",)]
    assert post(origin, sealed(receiver, case, "problem")).outcome == "done"
    assert case_of(origin, case).failure == (7, "not_requested")
    assert pupil_state(origin, leaver).released is not None


def test_what_cannot_be_sealed_is_listed_and_holds_up_nothing_else(
    provinces: Provinces, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    _, _, case = begin(provinces)

    def erased(*args: object) -> None:
        raise CaseRefused("the pupil was erased; there is nobody to ask for")

    monkeypatch.setattr(outbox, "_request_payload", erased)
    assert outbox.seal_waiting(receiver.office) == 0
    assert rows(receiver, "SELECT state FROM ledger.outbox") == [("failed",)]
    assert case_of(receiver, case).state == "requested"
    assert outbox.seal_waiting(origin.office) == 0


def test_a_message_by_another_account_than_its_senders_is_thrown_away_unopened(
    three: list[Side],
) -> None:
    first, second, third = three
    at_origin(first)
    case = ask(second, at_receiver(second), first)
    frame = sealed(second, case, "request")
    stolen = inbox.take(first.office, frame, who=first.who, account=third.route.account)
    assert (stolen.outcome, stolen.failure and stolen.failure.code) == ("dead", "unknown_sender")
    assert cases(first) == []
    taken = inbox.take(first.office, frame, who=first.who, account=second.route.account)
    assert taken.outcome == "done"


def test_a_reason_for_a_rejection_is_a_code_and_no_sentence(provinces: Provinces) -> None:
    receiver = provinces.receiver
    _, _, case = begin(provinces)
    with pytest.raises(Refused, match="code"):
        conversation.reject(
            receiver.office,
            case,
            reason="Văn A lives with us",
            today=TODAY,
            who=receiver.who,
        )
    assert case_of(receiver, case).state == "requested"
