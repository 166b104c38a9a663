"""The custody register as the ministry keeps it: what it is told, what it answers.

It holds tokens, transfers, ledgers and roots; no name, no number and no pupil's id reaches it. It
moves nothing: a conflict is told to both sides and waits for people, or for a ruling.
"""

from dataclasses import dataclass
from uuid import UUID

from ledger import ids
from ledger.event import StreamKind
from ledger.events.register import CustodyTold, RulingCounted, TransferNamed
from ledger.ledger import Ledger
from ledger.plan import Plan
from ledger.queries import queries
from ledger.reader import Reader
from ledger.register import Conflict, Register, Told, changed, conflicts, evolve, tellers
from transfer import clock
from transfer.bodies import AnswerBody, RegisterContent
from transfer.cases import message, next_issue
from transfer.errors import CaseRefused
from transfer.message import Header
from transfer.office import Office

_SQL = queries("transfer", "transfer.sql")
NOTHING = Register()


def on_register(office: Office, reader: Reader, header: Header, body: AnswerBody) -> Plan:
    """A custodian tells what happened to custody: it is written down and answered. Where that
    begins or ends a conflict of another transfer, those who told of it hear so too.

    Raises:
        CaseRefused: this ledger keeps no register, or the teller speaks for another ledger.
        ValidationError: what is told is of another form.
    """
    ministry = office.trust.ministry()
    if ministry is None or ministry.id != reader.ledger:
        raise CaseRefused("this ledger keeps no custody register")
    said = RegisterContent.model_validate(body.content)
    speaker = said.origin if said.event in ("released", "returned") else said.receiver
    if speaker != header.sender or said.origin == said.receiver:
        raise CaseRefused("a ledger tells the register of its own releases and decisions only")
    today = clock.today()
    told = CustodyTold(
        effective_on=today,
        token=said.token,
        transfer=header.case,
        from_ledger=said.origin,
        to_ledger=said.receiver,
        root=said.root,
        told=said.event,
        told_by=header.sender,
    )
    stream = ids.register_stream(reader.ledger, said.token)
    before = reader.register(stream) or NOTHING
    about = ids.ruled_stream(reader.ledger, header.case)
    known = reader.register(about) or NOTHING
    plan = Plan()
    events: list[CustodyTold | RulingCounted] = []
    if _as_told(told) not in before.told:
        events.append(told)
    if known.ruling is not None and header.case not in dict(before.ruled):
        events.append(
            RulingCounted(
                effective_on=today,
                token=said.token,
                transfer=header.case,
                custodian=known.ruling.custodian,
            )
        )
    after = before
    for event in events:
        after = evolve(after, event, 0)
    plan.add(reader.ref(stream, StreamKind.REGISTER), events)
    if said.token not in known.tokens:
        named = TransferNamed(effective_on=today, transfer=header.case, token=said.token)
        plan.add(reader.ref(about, StreamKind.REGISTER), [named])
    answers = _Answers(reader, plan)
    conflict = conflicts(after).get(header.case)
    if conflict is None and set(known.tokens) - {said.token}:
        # The other side told of this transfer under another token: not the same pupil.
        other = said.receiver if speaker == said.origin else said.origin
        conflict = Conflict(header.case, header.case, other)
    answers.add(header.case, header.sender, conflict, header.message_id)
    for transfer, begun in changed(before, after):
        for ledger in tellers(after, transfer):
            if (transfer, ledger) != (header.case, header.sender):
                answers.add(transfer, ledger, begun, None)
    return plan


def _as_told(event: CustodyTold) -> Told:
    return evolve(None, event, 0).told[0]


@dataclass(slots=True)
class _Answers:
    """Adds answers to a plan, numbered for each transfer."""

    reader: Reader
    plan: Plan

    def add(
        self, transfer: UUID, ledger: UUID, conflict: Conflict | None, answered: UUID | None
    ) -> None:
        planned = sum(m.case == transfer for m in self.plan.outgoing)
        issue = next_issue(self.reader, transfer, "register_answer") + planned
        content = {
            "answer": "recorded" if conflict is None else "conflict",
            "message": str(answered) if answered else None,
            "other_transfer": str(conflict.other_transfer) if conflict else None,
            "other_ledger": str(conflict.other_ledger) if conflict else None,
        }
        self.plan.outgoing.append(
            message(transfer, ledger, "register_answer", issue=issue, content=content)
        )


@dataclass(frozen=True, slots=True)
class Registered:
    """The whole register: what was told, by token, and what is known of each transfer."""

    tokens: dict[str, Register]
    transfers: dict[UUID, Register]

    def conflicts(self) -> list[tuple[str, Conflict]]:
        """Every conflict with its token. A transfer told of under two tokens has one under each:
        its two sides do not speak of one pupil."""
        found = [(t, c) for t, state in self.tokens.items() for c in conflicts(state).values()]
        for transfer, state in self.transfers.items():
            if len(state.tokens) > 1:
                for token in state.tokens:
                    told = self.tokens[token].told
                    receiver = next(one.receiver for one in told if one.transfer == transfer)
                    found.append((token, Conflict(transfer, transfer, receiver)))
        return found


def registered(ledger: Ledger) -> Registered:
    """Everything the register of this ledger holds, in the order in which it was first told."""
    with ledger.database.connection() as connection:
        rows = connection.execute(_SQL["registered"], {"ledger": ledger.id}).fetchall()
    streams = {row[0]: Register.model_validate_json(row[1]) for row in rows}
    transfers = {s.transfer: s for s in streams.values() if s.transfer is not None}
    named = dict.fromkeys(token for s in transfers.values() for token in s.tokens)
    tokens = {token: streams[ids.register_stream(ledger.id, token)] for token in named}
    return Registered(tokens, transfers)
