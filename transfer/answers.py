"""The effects of short answers: decline, receipt, accept, reject, cancel."""

from typing import Final

from ledger.case import Case
from ledger.event import Event
from ledger.events.case import (
    CancelReceived,
    Decision,
    DecisionReceived,
    ReceiptReceived,
    RequestDeclined,
)
from ledger.events.pupil import ReleaseUndone
from ledger.plan import Plan
from ledger.reader import Reader
from ledger.registration import pupil_ref
from transfer import clock
from transfer.cases import answer_missing, answered, case_ref, message, next_issue, person_of
from transfer.errors import CaseRefused
from transfer.message import Header

_RELEASED: Final = ("released", "problem", "recalling", "accepted", "rejected")
"""The states of the origin's case once something was released."""


def on_answer(
    reader: Reader, case: Case | None, header: Header, content: dict[str, str | int | None]
) -> Plan:
    """What a true answer does to the case it is about.

    Raises:
        CaseRefused: it does not fit the case; a person should look.
    """
    if case is None and header.kind == "cancel":
        return _cancelled(reader, None, header, content)
    if case is None or case.peer != header.sender:
        raise CaseRefused("an answer in a case that is not between us")
    plan = Plan()
    ref = case_ref(reader, case.id, person_of(case))
    events: list[Event] = []
    if header.kind == "decline":
        if case.side == "receiver" and case.state in ("rejected", "declined"):
            return plan  # both sides ended it at once
        _require(case, "receiver", "requested", "problem")
        events.append(
            RequestDeclined.model_validate(
                {
                    "effective_on": clock.today(),
                    "case": case.id,
                    "reason": content.get("reason"),
                    "moved_to": content.get("moved_to"),
                }
            )
        )
        plan.extra.append(answered(case.id, ["request"]))
    elif header.kind == "receipt" and (case.side, case.state) == ("receiver", "rejected"):
        plan.extra.append(answered(case.id, ["cancel"]))
    elif header.kind == "receipt":
        _require(case, "origin", *_RELEASED)
        if not case.receipt:
            events.append(
                ReceiptReceived(
                    effective_on=clock.today(),
                    case=case.id,
                    payload_sha256=str(content.get("payload_sha256")),
                )
            )
    elif header.kind == "cancel":
        return _cancelled(reader, case, header, content)
    else:
        # A person may reject before anything was released: the case is then closed here too.
        early = ("requested", "declined") if header.kind == "reject" else ()
        _require(case, "origin", *_RELEASED, *early)
        return _on_decision(reader, case, plan, header.kind, content)
    plan.add(ref, events)
    return plan


def _on_decision(
    reader: Reader, case: Case, plan: Plan, kind: str, content: dict[str, str | int | None]
) -> Plan:
    """The receiver's one decision: accepted closes the case, rejected undoes the release."""
    decision: Decision = "accepted" if kind == "accept" else "rejected"
    if case.state == "declined":
        return plan
    if case.state in ("accepted", "rejected") and not answer_missing(case):
        if case.state != decision and case.ruling is None:
            raise CaseRefused("a second, different decision about one transfer")
        plan.extra.append(answered(case.id, ["dossier", "recall"]))  # it may have been sent again
        return plan
    reason, digest = content.get("reason"), content.get("digest")
    received = DecisionReceived(
        effective_on=clock.today(),
        case=case.id,
        decision=decision,
        digest=str(digest) if digest else None,
        reason=str(reason) if reason else None,
    )
    if decision == "rejected":
        _undo_release(reader, plan, case)
    plan.add(case_ref(reader, case.id, person_of(case)), [received])
    plan.extra.append(answered(case.id, ["dossier", "recall"]))
    return plan


def _undo_release(reader: Reader, plan: Plan, case: Case) -> None:
    """Custody is here again, unless it came back another way meanwhile."""
    if case.pupil is None:
        return
    pupil = reader.pupils([case.pupil])[case.pupil]
    if pupil is not None and pupil.released is not None and pupil.released[0] == case.id:
        undone = ReleaseUndone(effective_on=clock.today(), case=case.id)
        plan.add(pupil_ref(reader, case.pupil), [undone])


def _cancelled(
    reader: Reader, case: Case | None, header: Header, content: dict[str, str | int | None]
) -> Plan:
    """The receiver wants nothing any more; its request may come later still, or never."""
    plan = Plan()
    if case is not None and case.side != "origin":
        raise CaseRefused("a cancelling by the side that was asked")
    open_still = case is None or case.state not in ("rejected", "accepted", "declined")
    if open_still or (case is not None and answer_missing(case)):
        cancelled = CancelReceived(
            effective_on=clock.today(),
            case=header.case,
            to_ledger=header.sender,
            reason=str(content.get("reason")),
        )
        if case is not None:
            _undo_release(reader, plan, case)
        plan.add(case_ref(reader, header.case, person_of(case) if case else None), [cancelled])
        plan.extra.append(answered(header.case, ["dossier", "recall"]))
    issue = next_issue(reader, header.case, "receipt")
    plan.outgoing.append(
        message(header.case, header.sender, "receipt", issue=issue, content={"of": "cancel"})
    )
    return plan


def _require(case: Case, side: str, *states: str) -> None:
    if case.side != side or case.state not in states:
        raise CaseRefused(f"an answer that does not fit a case that is {case.state}")
