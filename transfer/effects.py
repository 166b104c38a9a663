"""What each kind of message says and does: its body's model, and its effect on our log.

    kind                     effect
    request                  a case begins at the origin
    decline receipt problem accept reject cancel
                             an answer, noted in its case; a decision moves custody
    recall                   the receiver's decision, made now or repeated
    ruling                   the arbiter's; what `transfer.arbitration` says
    register                 at the ministry: custody is written down and answered
    register_answer          noted in the case
    supplement               noted for the person who decides
    supplement_answer moved_to
                             what was proposed counts, or goes on to who has the pupil
    reconcile                what we know is told; what another knows is compared with our log

A message is verified and opened before it comes here; an effect is a pure decision.
"""

from collections.abc import Callable
from typing import cast

from pydantic import ValidationError

from ledger.case import Case
from ledger.event import Frozen
from ledger.events.case import RequestReceived
from ledger.plan import Plan
from ledger.reader import Reader
from transfer import clock
from transfer.answers import on_answer
from transfer.arbitration import on_ruling, on_ruling_receipt
from transfer.bodies import (
    AnswerBody,
    Body,
    RequestBody,
    SupplementAnswerBody,
    SupplementBody,
)
from transfer.cases import case_ref
from transfer.errors import CaseRefused, CheckFailed
from transfer.held import DatabaseHeld
from transfer.message import Header, Kind, Opened
from transfer.office import Office
from transfer.parts import on_part
from transfer.problems import on_problem
from transfer.recall import on_recall
from transfer.reconciling import keep_incarnation, on_ask
from transfer.register import on_register_answer, tell_return
from transfer.register_service import on_register
from transfer.statement import ReconcileBody, cases_with
from transfer.supplement_checks import check_supplement
from transfer.supplement_intake import (
    on_moved_to,
    on_supplement,
    on_supplement_answer,
)

Effect = Callable[[Office, Reader, Case | None, Header, Frozen], Plan]


def _request(
    office: Office, reader: Reader, case: Case | None, header: Header, body: Frozen
) -> Plan:
    asked = cast(RequestBody, body)
    if case is not None and case.state == "rejected":
        return Plan()  # it was cancelled, and the cancelling was quicker
    if case is not None:
        _require_same(case, header, asked)
    if case is not None and case.state != "requested":
        # Asked anew, because the first request was thought lost; or told again by a ledger that
        # was restored and does not know any more that it arrived.
        return Plan()
    received = RequestReceived(
        effective_on=asked.first_day,
        case=asked.transfer_id,
        to_ledger=header.sender,
        their_pupil=asked.pupil,
        school_code=asked.school,
        encryption_key=asked.encryption_key,
        statutory=asked.claim,
    )
    plan = Plan()
    plan.add(case_ref(reader, asked.transfer_id, asked.pupil), [received])
    return plan


def _require_same(case: Case, header: Header, asked: RequestBody) -> None:
    """Raises CaseRefused where another transfer has this id."""
    parties = (case.side, case.peer, case.their_pupil)
    if parties != ("origin", header.sender, asked.pupil):
        raise CaseRefused("this transfer id is in use")


def _answer(
    office: Office, reader: Reader, case: Case | None, header: Header, body: Frozen
) -> Plan:
    content = cast(AnswerBody, body).content
    if header.kind == "receipt" and content.get("of") == "ruling":
        return on_ruling_receipt(header)
    if header.kind == "problem":
        return on_problem(reader, case, header, content)
    plan = on_answer(reader, case, header, content)
    tell_return(office, reader, plan, case)
    return plan


def _supplement(
    office: Office, reader: Reader, case: Case | None, header: Header, body: Frozen
) -> Plan:
    supplement = cast(SupplementBody, body)
    held = DatabaseHeld(reader.connection, reader, by_file=True)
    found = check_supplement(reader, header, supplement, trust=office.trust, held=held)
    return on_supplement(reader, case, header, supplement, found.pupil, trust=office.trust)


def _supplement_answer(
    office: Office, reader: Reader, case: Case | None, header: Header, body: Frozen
) -> Plan:
    return on_supplement_answer(reader, case, header, cast(SupplementAnswerBody, body))


def _moved_to(
    office: Office, reader: Reader, case: Case | None, header: Header, body: Frozen
) -> Plan:
    return on_moved_to(reader, case, header, cast(AnswerBody, body))


def _recall(
    office: Office, reader: Reader, case: Case | None, header: Header, body: Frozen
) -> Plan:
    reason = str(cast(AnswerBody, body).content.get("reason"))
    return on_recall(office, reader, case, header, reason, clock.today())


def _ruling(
    office: Office, reader: Reader, case: Case | None, header: Header, body: Frozen
) -> Plan:
    return on_ruling(office, reader, header, cast(AnswerBody, body))


def _register(
    office: Office, reader: Reader, case: Case | None, header: Header, body: Frozen
) -> Plan:
    return on_register(office, reader, header, cast(AnswerBody, body))


def _register_answer(
    office: Office, reader: Reader, case: Case | None, header: Header, body: Frozen
) -> Plan:
    return on_register_answer(office, reader, case, header, cast(AnswerBody, body))


def _reconcile(
    office: Office, reader: Reader, case: Case | None, header: Header, body: Frozen
) -> Plan:
    del case
    said = cast(ReconcileBody, body)
    if not said.asks:
        plan = on_part(office, reader, header, said)
        keep_incarnation(reader, plan, header)
        return plan
    cases = [
        (number, stream, _tracked(reader, found))
        for number, stream, found in cases_with(reader.connection, header.sender)
    ]
    return on_ask(office, reader, header, said, cases)


def _tracked(reader: Reader, case: Case) -> Case:
    """The case again as a ground of the decision: an answer must not be about an older one."""
    return reader.case(case.id) or case


EFFECTS: dict[Kind, tuple[type[Body], Effect]] = {
    "request": (RequestBody, _request),
    "decline": (AnswerBody, _answer),
    "receipt": (AnswerBody, _answer),
    "problem": (AnswerBody, _answer),
    "accept": (AnswerBody, _answer),
    "reject": (AnswerBody, _answer),
    "cancel": (AnswerBody, _answer),
    "recall": (AnswerBody, _recall),
    "ruling": (AnswerBody, _ruling),
    "register": (AnswerBody, _register),
    "register_answer": (AnswerBody, _register_answer),
    "supplement": (SupplementBody, _supplement),
    "supplement_answer": (SupplementAnswerBody, _supplement_answer),
    "moved_to": (AnswerBody, _moved_to),
    "reconcile": (ReconcileBody, _reconcile),
}
"""Every kind but the dossier, which has thirteen checks of its own."""


def read_body(opened: Opened) -> Frozen:
    """The payload of a message that is no dossier, as its kind's model.

    Raises:
        CheckFailed: 1 `unsupported_version`, 5 `bad_json`, 7 `wrong_addressee`.
    """
    header = opened.header
    if header.kind not in EFFECTS:
        raise CheckFailed(1, "unsupported_version", f"{header.kind} is not understood yet")
    try:
        body = EFFECTS[header.kind][0].model_validate(opened.payload)
    except ValidationError as error:
        where = "/".join(str(part) for part in error.errors()[0]["loc"])
        raise CheckFailed(5, "bad_json", f"not a {header.kind}: field {where}") from error
    said = (body.kind, body.iss, body.aud, body.transfer_id)
    if said != (header.kind, header.sender, header.receiver, header.case):
        raise CheckFailed(7, "wrong_addressee", "the signed payload is of another message")
    return body


def plan_effect(
    office: Office, reader: Reader, case: Case | None, header: Header, body: Frozen
) -> Plan:
    """What a true message does to our log.

    Raises:
        CaseRefused: it does not fit the case; a person should look.
    """
    return EFFECTS[header.kind][1](office, reader, case, header, body)
