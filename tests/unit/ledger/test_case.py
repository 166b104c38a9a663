"""One transfer as one side sees it: how its entries fold."""

from datetime import date
from uuid import UUID

import pytest

from ledger.case import Case, evolve
from ledger.event import Event, Sealed
from ledger.events.case import (
    ApplicationDecided,
    ApplicationReceived,
    CancelReceived,
    CaseReleased,
    DecisionReceived,
    HoldLifted,
    IdentityConfirmed,
    ProblemNoted,
    RecallAsked,
    RecallReceived,
    RequestReceived,
    ReturnOffered,
    ReturnReceived,
    TransferHeld,
    TransferRequested,
)

CASE, OTHER, PUPIL, THEIRS, OLD = (UUID(int=n) for n in range(1, 6))
DAY = date(2026, 6, 1)
SEALED = Sealed(key_id=UUID(int=9), commitment="00", nonce="00", ciphertext="00")


def folded(*events: Event) -> Case:
    case = None
    for version, event in enumerate(events, 1):
        case = evolve(case, event, version)
    assert case is not None
    return case


def applied(**changed: object) -> ApplicationReceived:
    facts = {
        "effective_on": DAY,
        "case": CASE,
        "pupil": PUPIL,
        "from_ledger": OTHER,
        "school_code": "S9",
        "first_day": DAY,
        "applicant": "parent",
        "ground": "moved_house",
        "law": "TT15_2026",
        "due_on": date(2026, 6, 11),
        "statutory": SEALED,
    }
    return ApplicationReceived.model_validate(facts | changed)


def decided(decision: str, reason: str | None = None) -> ApplicationDecided:
    return ApplicationDecided.model_validate(
        {
            "effective_on": DAY,
            "case": CASE,
            "decision": decision,
            "number": "12/QĐ",
            "reason": reason,
            "statutory": None,
        }
    )


def requested() -> TransferRequested:
    return TransferRequested(
        effective_on=DAY,
        case=CASE,
        from_ledger=OTHER,
        pupil=PUPIL,
        school_code="S9",
        encryption_key="key",
        statutory=SEALED,
    )


def asked() -> RequestReceived:
    return RequestReceived(
        effective_on=DAY,
        case=CASE,
        to_ledger=OTHER,
        their_pupil=THEIRS,
        school_code="S9",
        encryption_key="key",
        statutory=SEALED,
    )


def released() -> CaseReleased:
    return CaseReleased(
        effective_on=DAY,
        case=CASE,
        pupil=PUPIL,
        to_ledger=OTHER,
        last_day=None,
        root="00",
        digest="sha256:00",
    )


def problem() -> ProblemNoted:
    return ProblemNoted(
        effective_on=DAY, case=CASE, message="m", step=9, code="wrong_root", direction="received"
    )


def answer(decision: str) -> DecisionReceived:
    return DecisionReceived.model_validate(
        {"effective_on": DAY, "case": CASE, "decision": decision, "digest": None, "reason": None}
    )


def test_an_application_waits_for_the_head_until_its_last_day() -> None:
    case = folded(applied())
    assert (case.side, case.state, case.due_on) == ("receiver", "applied", date(2026, 6, 11))
    agreed = folded(applied(), decided("agreed"))
    assert (agreed.state, agreed.due_on, agreed.failure) == ("agreed", None, None)
    refused = folded(applied(), decided("refused", "no_place"))
    assert (refused.state, refused.failure) == ("refused", (0, "no_place"))


def test_the_request_goes_on_from_the_application_with_its_id() -> None:
    case = folded(applied(), decided("agreed"), requested())
    assert (case.id, case.state, case.peer, case.encryption_key) == (
        CASE,
        "requested",
        OTHER,
        "key",
    )


def test_an_application_from_paper_has_nobody_to_be_told() -> None:
    case = folded(applied(from_ledger=None))
    assert case.peer is None
    with pytest.raises(ValueError, match="paper"):
        _ = case.other


def test_a_hold_is_known_by_its_document_until_another_lifts_it() -> None:
    held = TransferHeld(effective_on=DAY, case=CASE, document="15/CV", statutory=None)
    case = folded(asked(), held)
    assert (case.state, case.held) == ("requested", "15/CV")
    lifted = HoldLifted(effective_on=DAY, case=CASE, document="16/CV")
    assert evolve(case, lifted, 3).held is None


def test_the_identity_that_was_confirmed_names_what_differed() -> None:
    confirmed = IdentityConfirmed(effective_on=DAY, case=CASE, pupil=PUPIL, differs=("full_name",))
    case = folded(asked(), confirmed)
    assert (case.pupil, case.identity) == (PUPIL, ("full_name",))


def test_a_recall_waits_for_the_answer_and_a_problem_does_not_end_the_waiting() -> None:
    recall = RecallAsked(effective_on=DAY, case=CASE, reason="wrong_pupil", statutory=None)
    case = folded(asked(), released(), recall, problem())
    assert (case.state, case.failure) == ("recalling", (9, "wrong_root"))
    assert evolve(case, answer("rejected"), 5).state == "rejected"
    assert evolve(case, answer("accepted"), 5).state == "accepted"


def test_a_recall_that_overtakes_everything_opens_the_case_at_the_receiver() -> None:
    came = RecallReceived(effective_on=DAY, case=CASE, from_ledger=OTHER, reason="wrong_pupil")
    case = folded(came)
    assert (case.side, case.peer) == ("receiver", OTHER)


def test_a_cancelling_that_overtakes_its_request_closes_the_case_at_the_origin() -> None:
    cancelled = CancelReceived(effective_on=DAY, case=CASE, to_ledger=OTHER, reason="moved")
    case = folded(cancelled)
    assert (case.side, case.state, case.failure) == ("origin", "rejected", (0, "moved"))
    assert folded(asked(), cancelled).state == "rejected"


def test_a_return_names_the_transfer_that_it_undoes_on_both_sides() -> None:
    offered = ReturnOffered(
        effective_on=DAY,
        case=CASE,
        returns=OLD,
        pupil=PUPIL,
        to_ledger=OTHER,
        their_pupil=THEIRS,
        reason="withdrawn",
    )
    came = ReturnReceived(
        effective_on=DAY,
        case=CASE,
        returns=OLD,
        pupil=THEIRS,
        from_ledger=OTHER,
        their_pupil=PUPIL,
    )
    giving, taking = folded(offered), folded(came)
    assert (giving.side, giving.returns, giving.their_pupil) == ("origin", OLD, THEIRS)
    assert (taking.side, taking.returns, taking.pupil) == ("receiver", OLD, THEIRS)


def test_nothing_but_an_opening_begins_a_case() -> None:
    with pytest.raises(ValueError, match="before the case was opened"):
        folded(answer("accepted"))
