"""Whatever fails a check and has a readable header is answered by a problem, and issued anew."""

from services.cases import case_answer
from tests.integration.transfer.conftest import Provinces
from tests.integration.transfer.forge_told import told
from tests.integration.transfer.story import (
    FIRST_DAY,
    TODAY,
    ask,
    begin,
    case_of,
    count,
    let_go,
    post,
    pupil_state,
    rows,
    sealed,
    take_in,
)
from transfer import conversation, recall
from transfer.problems import REISSUES


def damaged(frame: bytes) -> bytes:
    return frame[:-1] + bytes([frame[-1] ^ 1])


def test_a_request_that_could_not_be_read_is_made_again_with_the_same_key(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = begin(provinces)
    first = case_of(receiver, case).encryption_key
    assert post(origin, damaged(sealed(receiver, case, "request"))).outcome == "problem"
    assert post(receiver, sealed(origin, case, "problem")).outcome == "done"
    answer = case_answer(receiver.office, case)
    assert (answer["state"], answer["waiting_for"]) == ("problem", "request")
    assert answer["failure"] == {"step": 4, "code": "cannot_decrypt"}
    assert ask(receiver, arrival, origin) == case
    known = case_of(receiver, case)
    assert (known.state, known.failure, known.unread) == ("requested", None, False)
    assert known.encryption_key == first, "an answer to the first one may be on its way"
    assert rows(receiver, "SELECT issue, state FROM ledger.outbox ORDER BY issue") == [
        (1, "answered"),
        (2, "to_seal"),
    ]
    assert post(origin, sealed(receiver, case, "request")).outcome == "done"
    let_go(origin, case, leaver)
    assert post(receiver, sealed(origin, case, "dossier")).outcome == "done"
    take_in(receiver, case, arrival)
    assert case_of(receiver, case).state == "accepted"


def test_a_request_that_was_taken_in_after_all_may_come_again(provinces: Provinces) -> None:
    """The problem told of a damaged copy; the true one was on its way too."""
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = begin(provinces)
    request = sealed(receiver, case, "request")
    post(origin, damaged(request))
    post(origin, request)
    post(receiver, sealed(origin, case, "problem"))
    conversation.request(
        receiver.office,
        pupil=arrival,
        from_ledger=origin.office.ledger.id,
        school_code="S9",
        first_day=FIRST_DAY,
        who=receiver.who,
        case_id=case,
    )
    let_go(origin, case, leaver)
    assert post(origin, sealed(receiver, case, "request")).outcome == "done"
    assert count(origin, "RequestReceived") == 1
    assert case_of(origin, case).state == "released"
    assert post(receiver, sealed(origin, case, "dossier")).outcome == "done"


def test_a_damaged_problem_is_answered_by_nothing(provinces: Provinces) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    _, _, case = begin(provinces)
    post(origin, damaged(sealed(receiver, case, "request")))
    assert post(receiver, damaged(sealed(origin, case, "problem"))).outcome == "problem"
    assert rows(receiver, "SELECT kind FROM ledger.outbox") == [("request",)]
    assert case_of(receiver, case).state == "requested"


def test_a_recall_that_cannot_be_read_goes_out_anew_a_few_times(provinces: Provinces) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, _, case = begin(provinces)
    post(origin, sealed(receiver, case, "request"))
    let_go(origin, case, leaver)
    recall.recall(
        origin.office, case, reason="wrong_pupil", words=None, today=TODAY, who=origin.who
    )
    frames = set()
    for _ in range(REISSUES + 2):
        frame = sealed(origin, case, "recall")
        frames.add(frame)
        post(receiver, damaged(frame))
        post(origin, sealed(receiver, case, "problem"))
    assert len(frames) == REISSUES + 1
    assert count(origin, "MessageReissued") == REISSUES
    assert case_of(origin, case).state == "recalling"
    assert post(receiver, sealed(origin, case, "recall")).outcome == "done"
    assert case_of(receiver, case).state == "rejected"


def test_an_acceptance_that_cannot_be_read_goes_out_anew_and_closes_the_case(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = begin(provinces)
    post(origin, sealed(receiver, case, "request"))
    let_go(origin, case, leaver)
    post(receiver, sealed(origin, case, "dossier"))
    take_in(receiver, case, arrival)
    accepted = sealed(receiver, case, "accept")
    assert post(origin, damaged(accepted)).outcome == "problem"
    assert post(receiver, sealed(origin, case, "problem")).outcome == "done"
    again = sealed(receiver, case, "accept")
    assert again != accepted
    assert post(origin, again).outcome == "done"
    assert case_of(origin, case).state == "accepted"
    assert post(origin, accepted).outcome == "done", "the first one, late"
    assert pupil_state(origin, leaver).released == (case, receiver.office.ledger.id)


def test_a_problem_about_what_was_never_sent_is_quarantined(provinces: Provinces) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    _, _, case = begin(provinces)
    content = {
        "step": 4,
        "code": "cannot_decrypt",
        "message": str(case),
        "kind": "request",
        "issue": 1,
    }
    assert post(receiver, told(origin, receiver, case, "problem", content)).outcome == "quarantined"
    assert case_of(receiver, case).state == "requested"
