"""The arbiter's ruling at work: made by the ministry, obeyed by both sides.

`decide_ruling` is pure. What it does, by side and by who gets custody:

    side      custodian   done so far          then
    origin    origin      anything             as a rejection: the release is undone
    origin    receiver    released             closed as accepted
    receiver  origin      undecided            its one decision: rejected, reason `ruling`
    receiver  origin      accepted             it gives custody up; its answer stays `accept`
    receiver  receiver    anything             a note: it still has to take the dossier in

A ruling stands for an answer that does not come. A receiver's own rejection that comes after all
is stronger than a ruling in its favour: it can never accept, so custody is the origin's.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from ledger import ids
from ledger.case import Case
from ledger.database import Connection
from ledger.errors import Conflict, Refused
from ledger.event import Event, StreamKind, Who
from ledger.events.case import Decision, DecisionReceived
from ledger.events.ministry import RulingDisputed, RulingReceived
from ledger.events.pupil import CustodyRuled
from ledger.events.register import RulingCounted, RulingIssued
from ledger.plan import Plan
from ledger.pupil import Pupil
from ledger.queries import queries
from ledger.reader import Reader
from ledger.registration import pupil_ref
from signing.jws import Signer
from transfer import clock, fencing
from transfer.bodies import AnswerBody
from transfer.cases import BY_RULING, answered, case_ref, message, next_issue, person_of
from transfer.conversation import rejection
from transfer.errors import CaseRefused, CheckFailed
from transfer.message import Header
from transfer.office import Office
from transfer.reasons import require_code
from transfer.rulings import Ruling, sign_ruling, verify_ruling

_SQL = queries("transfer", "transfer.sql")
RESTORED = "restored"
"""The ground of a ruling that came back from a party: the paper does not tell it."""


@dataclass(frozen=True, slots=True)
class Obeyed:
    """What a ruling does at one side: entries of the case and of the pupil; `reject` where the
    receiver's one decision is still to be written."""

    case: Sequence[Event] = ()
    pupil: Sequence[Event] = ()
    reject: bool = False
    disputed: bool = False


def decide_ruling(
    ruling: Ruling, here: UUID, case: Case | None, pupil: Pupil | None, today: date
) -> Obeyed:
    """What the ledger `here` does on a ruling. Nothing where it has done so already.

    Raises:
        CaseRefused: it does not fit what is on record here; a person should look.
    """
    side = _side(ruling, here)
    other = ruling.receiver if side == "origin" else ruling.origin
    if case is not None and (case.side, case.peer or other) != (side, other):
        raise CaseRefused("the ruling names other parties than the case has")
    if case is not None and case.ruling is not None:
        return _again(ruling, case, today)
    noted = RulingReceived(
        effective_on=today,
        case=ruling.transfer_id,
        side=side,
        other_ledger=other,
        custodian=ruling.custodian,
        number=ruling.number,
        sha256=ruling.sha256,
    )
    if side == "origin":
        return _at_origin(ruling, case, pupil, noted, today)
    return _at_receiver(ruling, case, pupil, noted, today)


def _side(ruling: Ruling, here: UUID) -> Literal["origin", "receiver"]:
    if here == ruling.origin:
        return "origin"
    if here == ruling.receiver:
        return "receiver"
    raise CaseRefused("the ruling is about a transfer between two other ledgers")


def _again(ruling: Ruling, case: Case, today: date) -> Obeyed:
    """One ruling per transfer: the same again does nothing, another one is an alarm."""
    assert case.ruling is not None
    if ruling.sha256 == case.ruling.sha256:
        return Obeyed()
    if ruling.sha256 in case.disputed:
        return Obeyed(disputed=True)
    disputed = RulingDisputed(
        effective_on=today,
        case=case.id,
        custodian=ruling.custodian,
        number=ruling.number,
        sha256=ruling.sha256,
    )
    return Obeyed(case=[disputed], disputed=True)


def _at_origin(
    ruling: Ruling, case: Case | None, pupil: Pupil | None, noted: Event, today: date
) -> Obeyed:
    kept = ruling.custodian == ruling.origin
    state = case.state if case is not None else "requested"
    if not kept and state == "rejected":  # the receiver's own word was quicker, and is stronger
        return Obeyed(case=[noted])
    if not kept and state not in ("released", "problem", "recalling", "accepted"):
        raise CaseRefused(f"the case is {state}; nothing is out that the receiver could have")
    decision: Decision = "rejected" if kept else "accepted"
    events = [noted]
    if state != decision:
        events.append(
            DecisionReceived(
                effective_on=today,
                case=ruling.transfer_id,
                decision=decision,
                digest=None,
                reason=BY_RULING,
            )
        )
    back: list[Event] = []
    # Where the record came back another way meanwhile, or went on, that is not this transfer's.
    if kept and _released_in(pupil, ruling.transfer_id):
        back.append(_custody(ruling, today))
    return Obeyed(case=events, pupil=back)


def _at_receiver(
    ruling: Ruling, case: Case | None, pupil: Pupil | None, noted: Event, today: date
) -> Obeyed:
    if ruling.custodian == ruling.receiver:
        return Obeyed(case=[noted])
    state = case.state if case is not None else None
    if state == "rejected":
        return Obeyed(case=[noted])
    if state != "accepted":
        return Obeyed(case=[noted], reject=True)
    assert pupil is not None
    # Where it is on its way back already, a rejection there must not bring custody here again.
    if pupil.released is None or pupil.released[1] == ruling.origin:
        return Obeyed(case=[noted], pupil=[_custody(ruling, today)])
    raise CaseRefused(
        f"the record was passed on in transfer {pupil.released[0]}; that one needs a ruling first"
    )


def _released_in(pupil: Pupil | None, case: UUID) -> bool:
    return pupil is not None and pupil.released is not None and pupil.released[0] == case


def _custody(ruling: Ruling, today: date) -> CustodyRuled:
    return CustodyRuled(effective_on=today, case=ruling.transfer_id, custodian=ruling.custodian)


def plan_ruling(office: Office, reader: Reader, ruling: Ruling, today: date) -> tuple[Plan, bool]:
    """What a verified ruling appends here, and whether it contradicts an earlier one.

    Raises:
        CaseRefused: as `decide_ruling`.
    """
    case = reader.case(ruling.transfer_id)
    ours = case.pupil if case is not None else None
    pupil = reader.pupils([ours])[ours] if ours is not None else None
    obeyed = decide_ruling(ruling, reader.ledger, case, pupil, today)
    plan = Plan()
    plan.add(case_ref(reader, ruling.transfer_id, person_of(case) if case else None), obeyed.case)
    if obeyed.pupil and ours is not None:
        plan.add(pupil_ref(reader, ours), obeyed.pupil)
    if obeyed.reject:
        begun = case or Case.begun(ruling.transfer_id, "receiver", ruling.origin)
        known = begun.model_copy(update={"peer": ruling.origin})
        decided = rejection(office, reader, known, kind="reject", reason=BY_RULING, today=today)
        plan.drafts += decided.drafts
        plan.outgoing += decided.outgoing
        plan.extra += decided.extra
    elif reader.ledger == ruling.custodian == ruling.origin and obeyed.case and not obeyed.disputed:
        # Where the receiver has custody it still needs the dossier: that goes on until it answers.
        plan.extra.append(answered(ruling.transfer_id, ["dossier", "recall"]))
    return plan, obeyed.disputed


def take_ruling(office: Office, data: bytes, *, today: date, who: Who) -> UUID:
    """Takes in a ruling that was handed over as a file; returns the transfer id. Repeated it does
    nothing. A ledger that recovers from a restore takes it too: it settles decisions that differ.

    Raises:
        CheckFailed: it is no ruling of an arbiter of our ministry.
        CaseRefused: it does not fit the case, or contradicts the ruling taken in before (which
            the case keeps as an alarm).
    """
    ruling = verify_ruling(data, office.trust)
    disputed = False

    def decide(reader: Reader) -> Plan:
        nonlocal disputed
        plan, disputed = plan_ruling(office, reader, ruling, today)
        return plan

    office.ledger.desk.run(decide, who=who, recovery=fencing.is_recovering(office))
    if disputed:
        raise CaseRefused(
            "another ruling about this transfer was taken in before; ask the ministry which holds"
        )
    return ruling.transfer_id


def on_ruling(office: Office, reader: Reader, header: Header, body: AnswerBody) -> Plan:
    """A ruling came as a message. Whoever carried it, the arbiter's signature is what counts.

    Raises:
        CaseRefused: it is no ruling of an arbiter of our ministry, or does not fit the case.
    """
    try:
        ruling = verify_ruling(str(body.content.get("statement")).encode(), office.trust)
    except CheckFailed as failure:
        raise CaseRefused(f"not a ruling to be obeyed: {failure.code}") from failure
    if ruling.transfer_id != header.case:
        raise CaseRefused("the ruling is about another transfer")
    plan, disputed = plan_ruling(office, reader, ruling, clock.today())
    content: dict[str, str | int | None] = {
        "of": "ruling",
        "sha256": ruling.sha256,
        "disputed": int(disputed),
    }
    issue = next_issue(reader, header.case, "receipt")
    plan.outgoing.append(
        message(header.case, header.sender, "receipt", issue=issue, content=content)
    )
    return plan


def on_ruling_receipt(header: Header) -> Plan:
    """A party holds the ruling: at the ministry it need not be told again."""

    def write(connection: Connection, first: int) -> None:
        del first
        told = {"case": header.case, "receiver": header.sender, "kind": "ruling"}
        connection.execute(_SQL["answered_by"], told)

    return Plan(extra=[write])


def rule(
    office: Office,
    arbiter: Signer,
    *,
    case_id: UUID,
    origin: UUID,
    receiver: UUID,
    custodian: UUID,
    number: str,
    ground: str,
    today: date,
    who: Who,
) -> bytes:
    """The ministry's ruling about a transfer: signed, logged here, told to both. Returns the
    file's bytes; repeated with the same content it gives the ruling that was made.

    Raises:
        Refused: `unknown_reason`, `not_a_party`, `bad_ruling_number`.
        Conflict: `ruled_before`, otherwise than now.
        CaseRefused: this ledger is not the ministry of its trust bundle.
    """
    require_code(ground, "receiver_dead", "receiver_denies")
    ministry = office.trust.ministry()
    if ministry is None or ministry.id != office.ledger.id:
        raise CaseRefused("only the ministry that the trust bundle names can rule")
    if origin == receiver or custodian not in (origin, receiver):
        raise Refused(
            "not_a_party",
            "the custodian is one of the two different parties of the transfer",
            field="--custodian",
        )
    numbered = unicodedata.normalize("NFC", number.strip())
    if not 1 <= len(numbered) <= 80:
        raise Refused("bad_ruling_number", "a ruling has the number of its paper", field="--number")
    ruling = Ruling(
        v=1,
        kind="ruling",
        transfer_id=case_id,
        origin=origin,
        receiver=receiver,
        custodian=custodian,
        number=numbered,
        issued_at=clock.now(),
    )
    statement = sign_ruling(ruling, arbiter)
    verify_ruling(statement, office.trust)

    def decide(reader: Reader) -> Plan:
        plan = Plan()
        stream = ids.ruled_stream(reader.ledger, case_id)
        known = reader.register(stream)
        if known is not None and known.ruling is not None:
            same = (known.ruling.custodian, known.ruling.number) == (custodian, ruling.number)
            if not same:
                raise Conflict(
                    "ruled_before",
                    f"transfer {case_id} was ruled by {known.ruling.number}; a ruling stands",
                )
            return plan
        _issue(reader, plan, ruling, ground, known.tokens if known is not None else (), today)
        content = {"statement": statement.decode()}
        for issue, party in enumerate((origin, receiver), 1):
            plan.outgoing.append(message(case_id, party, "ruling", issue=issue, content=content))
        return plan

    office.ledger.desk.run(decide, who=who)
    with office.ledger.database.connection() as connection:
        office.notary.checkpoint(connection)  # the paper is out: a backup without it is fenced
        row = connection.execute(_SQL["told_content"], {"case": case_id, "kind": "ruling"})
        found = row.fetchone()
    assert found is not None
    made: bytes = found[0]["statement"].encode()
    return made


def _issue(
    reader: Reader, plan: Plan, ruling: Ruling, ground: str, tokens: Sequence[str], today: date
) -> None:
    """That a ruling was made, and for each token of its transfer that it counts."""
    issued = RulingIssued(
        effective_on=today,
        transfer=ruling.transfer_id,
        origin=ruling.origin,
        receiver=ruling.receiver,
        custodian=ruling.custodian,
        number=ruling.number,
        ground=ground,
        sha256=ruling.sha256,
    )
    stream = ids.ruled_stream(reader.ledger, ruling.transfer_id)
    plan.add(reader.ref(stream, StreamKind.REGISTER), [issued])
    for token in tokens:
        counted = RulingCounted(
            effective_on=today,
            token=token,
            transfer=ruling.transfer_id,
            custodian=ruling.custodian,
        )
        told = ids.register_stream(reader.ledger, token)
        plan.add(reader.ref(told, StreamKind.REGISTER), [counted])


def put_rulings_back(office: Office, reader: Reader, plan: Plan, statements: Sequence[str]) -> None:
    """Adds to a plan those rulings of this ministry, shown by the parties after it was restored,
    that its log lacks; what its arbiter did not sign is passed over."""
    ministry = office.trust.ministry()
    if ministry is None or ministry.id != reader.ledger:
        return
    shown: set[UUID] = set()
    for statement in statements:
        try:
            ruling = verify_ruling(statement.encode(), office.trust)
        except CheckFailed:
            continue
        known = reader.register(ids.ruled_stream(reader.ledger, ruling.transfer_id))
        if ruling.transfer_id in shown or (known is not None and known.ruling is not None):
            continue
        shown.add(ruling.transfer_id)
        tokens = known.tokens if known is not None else ()
        _issue(reader, plan, ruling, RESTORED, tokens, clock.today())


def obey_again(office: Office, reader: Reader, plan: Plan, statements: Sequence[str]) -> None:
    """Adds to a plan what rulings do here that the other side shows after we were restored; one
    that does not fit what is on record waits for a person."""
    shown: set[UUID] = set()
    for statement in statements:
        try:
            ruling = verify_ruling(statement.encode(), office.trust)
            ours = reader.ledger in (ruling.origin, ruling.receiver)
            if not ours or ruling.transfer_id in shown:
                continue
            shown.add(ruling.transfer_id)
            obeyed, _ = plan_ruling(office, reader, ruling, clock.today())
        except (CaseRefused, CheckFailed):
            continue
        plan.drafts += obeyed.drafts
        plan.outgoing += obeyed.outgoing
        plan.extra += obeyed.extra
