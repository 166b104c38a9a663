"""What each kind of message says and does: its body's model, and its effect on our log.

    kind                     effect
    request                  a case begins at the origin
    decline receipt problem accept reject cancel
                             an answer, noted in its case; a decision moves custody
    recall                   the receiver's decision, made now or repeated
    supplement               noted for the person who decides
    supplement_answer moved_to
                             what was proposed counts, or goes on to who has the pupil

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
from transfer.recall import on_recall
from transfer.supplement_checks import check_supplement
from transfer.supplement_intake import (
    on_moved_to,
    on_supplement,
    on_supplement_answer,
    on_supplement_problem,
)

Effect = Callable[[Office, Reader, Case | None, Header, Frozen], Plan]


def _request(
    office: Office, reader: Reader, case: Case | None, header: Header, body: Frozen
) -> Plan:
    asked = cast(RequestBody, body)
    if case is not None and case.state == "rejected":
        return Plan()  # it was cancelled, and the cancelling was quicker
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


def _answer(
    office: Office, reader: Reader, case: Case | None, header: Header, body: Frozen
) -> Plan:
    return on_answer(reader, case, header, cast(AnswerBody, body).content)


def _problem(
    office: Office, reader: Reader, case: Case | None, header: Header, body: Frozen
) -> Plan:
    answer = cast(AnswerBody, body)
    if answer.content.get("kind") == "supplement":
        return on_supplement_problem(reader, case, header, answer)
    return on_answer(reader, case, header, answer.content)


def _supplement(
    office: Office, reader: Reader, case: Case | None, header: Header, body: Frozen
) -> Plan:
    supplement = cast(SupplementBody, body)
    held = DatabaseHeld(reader.connection, reader, by_file=True)
    found = check_supplement(reader, header, supplement, trust=office.trust, held=held)
    return on_supplement(reader, case, header, supplement, found.pupil)


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


EFFECTS: dict[Kind, tuple[type[Body], Effect]] = {
    "request": (RequestBody, _request),
    "decline": (AnswerBody, _answer),
    "receipt": (AnswerBody, _answer),
    "problem": (AnswerBody, _problem),
    "accept": (AnswerBody, _answer),
    "reject": (AnswerBody, _answer),
    "cancel": (AnswerBody, _answer),
    "recall": (AnswerBody, _recall),
    "supplement": (SupplementBody, _supplement),
    "supplement_answer": (SupplementAnswerBody, _supplement_answer),
    "moved_to": (AnswerBody, _moved_to),
}
"""Every kind but the dossier, which has thirteen checks of its own."""

FINAL_KINDS = frozenset(
    {"receipt", "accept", "reject", "decline", "problem", "supplement_answer", "moved_to"}
)
"""Messages that expect no answer: told once, repeated when they are asked for again."""

ANSWERS: dict[Kind, tuple[Kind, ...]] = {
    "dossier": ("receipt", "accept", "reject", "cancel", "problem"),
    "request": ("decline", "dossier"),
    "recall": ("accept", "reject", "cancel"),
    "cancel": ("receipt",),
    "supplement": ("supplement_answer", "moved_to", "problem"),
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
