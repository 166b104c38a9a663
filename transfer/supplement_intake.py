"""The effects of a supplement and of its three answers: decided, gone on, failed."""

from uuid import UUID

from ledger import case as case_state
from ledger.case import Case, Supplement
from ledger.event import Event
from ledger.events.pupil import SupplementDecided
from ledger.events.supplement import (
    AwaitedSupplementCame,
    MovedOn,
    SupplementAnswered,
    SupplementOutcome,
    SupplementReceived,
)
from ledger.plan import Outgoing, Plan
from ledger.pupil import Pupil
from ledger.queries import queries
from ledger.reader import Reader
from ledger.registration import pupil_ref
from signing.truststore import TrustStore
from transfer import clock
from transfer.bodies import AnswerBody, SupplementAnswerBody, SupplementBody
from transfer.cases import answered_issue, case_ref, message, repeat
from transfer.errors import CaseRefused
from transfer.held import remember_checkpoints
from transfer.kinds import ANSWERS
from transfer.message import Header
from transfer.supplement import add_supplement, require_pupil
from transfer.supplement_decision import answer_of, tell

_SQL = queries("transfer", "transfer.sql")
_ANSWERS = ANSWERS["supplement"]
MAX_MOVES = 16
"""How often a case is told that the pupil went on, before a person should look."""


def on_supplement(
    reader: Reader,
    case: Case | None,
    header: Header,
    body: SupplementBody,
    pupil_id: UUID,
    *,
    trust: TrustStore,
) -> Plan:
    """A checked supplement: noted for the person who decides, or answered at once, where all of it
    is decided or the pupil has gone on."""
    pupil = reader.pupils([pupil_id])[pupil_id]
    assert pupil is not None
    if case is not None and any(one.number == body.number for one in case.supplements):
        plan = again(reader, case, pupil, body.number)
        plan.extra.append(lambda connection, _: repeat(connection, header.case, _ANSWERS))
        return plan
    received = SupplementReceived(
        effective_on=clock.today(),
        case=header.case,
        number=body.number,
        author=header.sender,
        pupil=pupil_id,
        their_pupil=body.pupil,
        message=str(header.message_id),
        payload_sha256=header.payload_sha256,
        proposals=tuple(offer.proposal for offer in body.proposals),
    )
    ref = case_ref(reader, header.case, pupil_id)
    opened = case_state.evolve(case, received, 0)
    plan = Plan()
    plan.add(ref, [received])
    if body.answers is not None and opened.owing:
        came = AwaitedSupplementCame(
            effective_on=clock.today(),
            case=header.case,
            author=header.sender,
            proposals=received.proposals,
        )
        plan.add(ref, [came])
    shown = [(body.iss, offer.inclusion.checkpoint) for offer in body.proposals]
    plan.extra.append(remember_checkpoints(trust, shown))
    _answer_open(reader, plan, opened, pupil)
    return plan


def again(reader: Reader, case: Case, pupil: Pupil, number: int) -> Plan:
    """A supplement that is here already: where it has no answer, things may have moved."""
    plan = Plan()
    if any(one.number == number and one.outcome is None for one in case.supplements):
        _answer_open(reader, plan, case, pupil)
    return plan


def _answer_open(reader: Reader, plan: Plan, case: Case, pupil: Pupil) -> None:
    """Answers what is decided whole; the rest with where the pupil went, where it has gone."""
    decided = reader.decisions(pupil)
    tell(reader, plan, case, decided, today=clock.today())
    moved = _moved_to(reader, pupil)
    if moved is None:
        return
    events: list[Event] = []
    for came in case.supplements:
        if came.outcome is None and answer_of(case, came, decided) is None:
            events.append(_answered(case.id, came.number, "moved_to", None))
            plan.outgoing.append(_moved(case, came, *moved))
    plan.add(case_ref(reader, case.id, pupil.id), events)


def _moved_to(reader: Reader, pupil: Pupil) -> tuple[UUID, UUID] | None:
    """(ledger that has the pupil, the transfer it came by); None while custody is here or on its
    way: a release may still be rejected."""
    if pupil.released is None:
        return None
    case_id, ledger = pupil.released
    case = reader.case(case_id)
    return (ledger, case_id) if case is not None and case.state == "accepted" else None


def _moved(case: Case, came: Supplement, ledger: UUID, via: UUID) -> Outgoing:
    content = {"number": came.number, "to_ledger": str(ledger), "via": str(via)}
    return message(case.id, came.ledger, "moved_to", issue=came.number, content=content)


def _answered(
    case: UUID, number: int, outcome: SupplementOutcome, code: str | None
) -> SupplementAnswered:
    return SupplementAnswered(
        effective_on=clock.today(), case=case, number=number, outcome=outcome, code=code
    )


def on_supplement_answer(
    reader: Reader, case: Case | None, header: Header, body: SupplementAnswerBody
) -> Plan:
    """The custodian's decision: what it accepted counts here too from now on.

    Raises:
        CaseRefused: it does not answer what we sent.
    """
    case, sent = _sent(case, header, body.number)
    said: list[tuple[UUID, str | None]] = [(one, None) for one in body.accepted]
    said += body.refused
    if sorted(one for one, _ in said) != sorted(sent.proposals):
        raise CaseRefused("an answer about other proposals than were sent")
    pupil = require_pupil(reader, case)
    known = reader.decisions(pupil)
    plan = Plan()
    new = [(one, reason) for one, reason in said if (reader.ledger, one) not in known]
    if new:
        decided = SupplementDecided(
            effective_on=clock.today(),
            case=case.id,
            author=reader.ledger,
            number=body.number,
            accepted=tuple(one for one, reason in new if reason is None),
            refused=tuple((one, reason) for one, reason in new if reason is not None),
        )
        plan.add(pupil_ref(reader, pupil.id), [decided])
    _close(reader, plan, case, sent, "decided", None)
    return plan


def on_moved_to(reader: Reader, case: Case | None, header: Header, body: AnswerBody) -> Plan:
    """The pupil has gone on: what is open goes there, as the next supplement of the case.

    Raises:
        CaseRefused: it does not answer what we sent.
    """
    content = body.content
    case, sent = _sent(case, header, content.get("number"))
    try:
        ledger, via = UUID(str(content.get("to_ledger"))), UUID(str(content.get("via")))
    except ValueError:
        raise CaseRefused("a message that does not say where the pupil went") from None
    plan = Plan()
    if sent.outcome is not None:
        return _told_again(plan, case, sent)
    _close(reader, plan, case, sent, "moved_to", None)
    if sum(one.outcome == "moved_to" for one in case.supplements) >= MAX_MOVES:
        return plan
    if (case.moved_to, case.via) != (ledger, via):
        moved = MovedOn(effective_on=clock.today(), case=case.id, to_ledger=ledger, via=via)
        plan.add(case_ref(reader, case.id, case.pupil), [moved])
        case = case_state.evolve(case, moved, 0)
    if ledger != reader.ledger:
        add_supplement(reader, plan, case, require_pupil(reader, case), today=clock.today())
    return plan


def on_supplement_problem(
    reader: Reader, case: Case | None, header: Header, number: int | None, code: str
) -> Plan:
    """A supplement failed a check there: it moves nothing, and may be sent anew.

    Raises:
        CaseRefused: it is not about what we sent.
    """
    case, sent = _sent(case, header, number)
    plan = Plan()
    if sent.outcome is not None:
        return _told_again(plan, case, sent)
    _close(reader, plan, case, sent, "failed", code)
    return plan


def _sent(case: Case | None, header: Header, number: object) -> tuple[Case, Supplement]:
    """The supplement of ours that a message answers. Raises CaseRefused."""
    for one in case.supplements if case is not None else ():
        if (one.number, one.ledger, one.message) == (number, header.sender, None):
            assert case is not None
            return case, one
    raise CaseRefused("an answer to a supplement that was not sent there")


def _close(
    reader: Reader,
    plan: Plan,
    case: Case,
    sent: Supplement,
    outcome: SupplementOutcome,
    code: str | None,
) -> None:
    if sent.outcome is None:
        answered = _answered(case.id, sent.number, outcome, code)
        plan.add(case_ref(reader, case.id, case.pupil), [answered])
    _told_again(plan, case, sent)


def _told_again(plan: Plan, case: Case, sent: Supplement) -> Plan:
    """Our message has its answer and need not go again."""
    plan.extra.append(answered_issue(case.id, "supplement", sent.number))
    return plan
