"""What each kind of message says and does: its body's model, and its effect on our log.

    kind                     effect
    request                  a case begins at the origin
    decline receipt problem accept reject cancel
                             an answer, noted in its case; a decision moves custody
    recall                   the receiver's decision, made now or repeated
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
from transfer.bodies import AnswerBody, Body, RequestBody
from transfer.cases import case_ref
from transfer.errors import CaseRefused, CheckFailed
from transfer.message import Header, Kind, Opened
from transfer.office import Office
from transfer.parts import on_part
from transfer.recall import on_recall
from transfer.reconciling import on_ask
from transfer.statement import ReconcileBody, cases_with

Effect = Callable[[Office, Reader, Case | None, Header, Frozen], Plan]


def _request(
    office: Office, reader: Reader, case: Case | None, header: Header, body: Frozen
) -> Plan:
    asked = cast(RequestBody, body)
    if case is not None and case.state == "rejected":
        return Plan()  # it was cancelled, and the cancelling was quicker
    if case is not None and _is_the_same(case, header, asked):
        return Plan()  # a restored ledger tells again what it does not know to have arrived
    if case is not None:
        raise CaseRefused("this transfer id is in use")
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


def _is_the_same(case: Case, header: Header, asked: RequestBody) -> bool:
    known = (case.side, case.peer, case.their_pupil)
    return known == ("origin", header.sender, asked.pupil)


def _answer(
    office: Office, reader: Reader, case: Case | None, header: Header, body: Frozen
) -> Plan:
    return on_answer(reader, case, header, cast(AnswerBody, body).content)


def _recall(
    office: Office, reader: Reader, case: Case | None, header: Header, body: Frozen
) -> Plan:
    reason = str(cast(AnswerBody, body).content.get("reason"))
    return on_recall(office, reader, case, header, reason, clock.today())


def _reconcile(
    office: Office, reader: Reader, case: Case | None, header: Header, body: Frozen
) -> Plan:
    del case
    said = cast(ReconcileBody, body)
    if not said.asks:
        return on_part(office, reader, header, said)
    cases = [
        (number, stream, _tracked(reader, found))
        for number, stream, found in cases_with(reader.connection, header.sender)
    ]
    return on_ask(reader, header, said, cases)


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
    "reconcile": (ReconcileBody, _reconcile),
}
"""Every kind but the dossier, which has thirteen checks of its own."""

FINAL_KINDS = frozenset({"receipt", "accept", "reject", "decline", "problem"})
"""Messages that expect no answer: told once, repeated when they are asked for again."""

ANSWERS: dict[Kind, tuple[Kind, ...]] = {
    "dossier": ("receipt", "accept", "reject", "cancel", "problem"),
    "request": ("decline", "dossier"),
    "recall": ("accept", "reject", "cancel"),
    "cancel": ("receipt",),
    "reconcile": ("reconcile",),
}
"""What answers what, by kind."""


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
