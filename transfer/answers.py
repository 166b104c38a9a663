"""The effects of short answers: decline, receipt, problem, accept, reject."""

from typing import Literal

from ledger.case import Case
from ledger.event import Event
from ledger.events.case import (
    DecisionReceived,
    ProblemNoted,
    ReceiptReceived,
    RequestDeclined,
)
from ledger.events.pupil import ReleaseUndone
from ledger.plan import Plan
from ledger.reader import Reader
from ledger.registration import pupil_ref
from transfer import clock
from transfer.cases import answered, case_ref
from transfer.errors import CaseRefused
from transfer.message import Header


def on_answer(
    reader: Reader, case: Case | None, header: Header, content: dict[str, str | int | None]
) -> Plan:
    """What a true answer does to the case it is about.

    Raises:
        CaseRefused: it does not fit the case; a person should look.
    """
    if case is None or case.peer != header.sender:
        raise CaseRefused("an answer in a case that is not between us")
    today = clock.today()
    plan = Plan()
    ref = case_ref(reader, case.id, case.pupil)
    events: list[Event] = []
    if header.kind == "decline":
        _require(case, "receiver", "requested", "problem", "rejected")
        if case.state == "rejected":  # withdrawn while the refusal was on its way
            return plan
        events.append(
            RequestDeclined.model_validate(
                {
                    "effective_on": today,
                    "case": case.id,
                    "reason": content.get("reason"),
                    "moved_to": content.get("moved_to"),
                }
            )
        )
        plan.extra.append(answered(case.id, ["request"]))
    elif header.kind == "receipt":
        _require(case, "origin", "released", "problem", "accepted", "rejected")
        if not case.receipt:
            events.append(
                ReceiptReceived(
                    effective_on=today,
                    case=case.id,
                    payload_sha256=str(content.get("payload_sha256")),
                )
            )
    elif header.kind == "problem":
        _require(case, "origin", "released", "problem", "accepted", "rejected")
        if case.state == "released":
            step = content.get("step")
            events.append(
                ProblemNoted(
                    effective_on=today,
                    case=case.id,
                    message=str(content.get("message")),
                    step=step if isinstance(step, int) else 0,
                    code=str(content.get("code")),
                    direction="received",
                )
            )
            plan.extra.append(answered(case.id, ["dossier"]))
    else:
        # A person may reject before anything was released: the case is then closed here too.
        early = ("requested", "declined") if header.kind == "reject" else ()
        _require(case, "origin", "released", "problem", "accepted", "rejected", *early)
        return _on_decision(reader, case, plan, header.kind, content)
    plan.add(ref, events)
    return plan


def _on_decision(
    reader: Reader, case: Case, plan: Plan, kind: str, content: dict[str, str | int | None]
) -> Plan:
    """The receiver's one decision: accepted closes the case, rejected undoes the release."""
    decision: Literal["accepted", "rejected"] = "accepted" if kind == "accept" else "rejected"
    if case.state == "declined":
        return plan
    if case.state in ("accepted", "rejected"):
        if case.state != decision:
            raise CaseRefused("a second, different decision about one transfer")
        return plan
    reason, digest = content.get("reason"), content.get("digest")
    received = DecisionReceived(
        effective_on=clock.today(),
        case=case.id,
        decision=decision,
        digest=str(digest) if digest else None,
        reason=str(reason) if reason else None,
    )
    if decision == "rejected" and case.pupil is not None:
        reader.pupils([case.pupil])
        undone = ReleaseUndone(effective_on=received.effective_on, case=case.id)
        plan.add(pupil_ref(reader, case.pupil), [undone])
    plan.add(case_ref(reader, case.id, case.pupil), [received])
    plan.extra.append(answered(case.id, ["dossier"]))
    return plan


def _require(case: Case, side: str, *states: str) -> None:
    if case.side != side or case.state not in states:
        raise CaseRefused(f"an answer that does not fit a case that is {case.state}")
