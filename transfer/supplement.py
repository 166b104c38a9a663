"""Supplements (Hồ sơ bổ sung): what a ledger without custody proposes goes to who has it, and a
person there accepts all, some or none of it.

Who released the pupil proposes late marks, corrections, conduct, the closing of term 1; who sent a
record back proposes the marks of the provisional stay. An accepted proposal counts from its
acceptance on, at the author's once the answer is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from ledger.case import Case
from ledger.errors import Refused
from ledger.event import Event, Note, Who
from ledger.events.pupil_year import Proposed
from ledger.events.supplement import SupplementSent
from ledger.ledger import SealedPart
from ledger.log import Entry
from ledger.plan import Draft, Plan
from ledger.proposal import PROPOSABLE
from ledger.pupil import Pupil
from ledger.reader import Reader
from ledger.year_decisions import propose
from signing import canonical
from transfer.build import record_of
from transfer.cases import case_ref, message, require_case
from transfer.entries import own
from transfer.errors import CaseRefused
from transfer.holding import require_free
from transfer.office import Office

Accept = Literal["all", "none"] | tuple[UUID, ...]


def is_author(case: Case, pupil: Pupil | None) -> bool:
    """Whether this ledger is the one that proposes in this case: it released the pupil in it, or
    sent the record back that had come by it."""
    if (case.side, case.state) == ("receiver", "rejected"):
        return True
    accepted = (case.side, case.state) == ("origin", "accepted")
    released = pupil.released if pupil is not None else None
    return accepted and released is not None and released[0] == case.id


def require_pupil(reader: Reader, case: Case) -> Pupil:
    """Our pupil in a case. Raises CaseRefused where none is known."""
    found = reader.pupils([case.pupil])[case.pupil] if case.pupil is not None else None
    if found is None:
        raise CaseRefused(f"the case is {case.state}; no pupil of ours is confirmed in it")
    return found


def own_proposals(reader: Reader, pupil: Pupil) -> list[Entry]:
    """What this ledger ever proposed about a pupil, in the order written."""
    entries = record_of(reader.connection, pupil, size=reader.size)
    return [
        entry
        for entry in own(entries, reader.ledger)
        if isinstance(entry.event, Proposed) and entry.stream.person == pupil.id
    ]


def unsent(reader: Reader, case: Case) -> int:
    """How many proposals about a pupil whom this ledger released wait to be sent on."""
    pupil = reader.pupils([case.pupil])[case.pupil] if case.pupil is not None else None
    if case.side != "origin" or pupil is None or not is_author(case, pupil):
        return 0
    labels = {change.school_year for change in pupil.changes}
    years = reader.years(((pupil.id, label) for label in labels), columns=())
    proposed = {one for year in years.values() if year is not None for one in year.proposals}
    if not proposed:
        return 0
    decided = {one for author, one in reader.decisions(pupil) if author == reader.ledger}
    sent = {p for one in case.supplements if one.outcome is None for p in one.proposals}
    return len(proposed - decided - sent)


def offer(office: Office, case_id: UUID, *, today: date, who: Who) -> int | None:
    """Sends what is proposed and not decided to who has the pupil now; returns the supplement's
    number, None where nothing is open that was not sent already.

    Of a record that was sent back all that was written here meanwhile is proposed first.

    Raises:
        CaseRefused: this ledger proposes nothing in this case.
    """
    number: int | None = None

    def decide(reader: Reader) -> Plan:
        nonlocal number
        case = require_case(reader, case_id)
        pupil = require_pupil(reader, case)
        require_free(case)
        plan = Plan()
        if (case.side, case.state) == ("receiver", "rejected"):
            if case.their_pupil is None:
                raise CaseRefused("nothing had come in this case that could be supplemented")
            if case.failure == (0, "wrong_pupil"):
                raise CaseRefused("another child's record had come; nothing is proposed to it")
            _require_sent_back(case, pupil)
            plan.drafts += _all_written(office, reader, pupil, who)
        elif case.side != "origin" or case.state != "accepted":
            raise CaseRefused(f"the case is {case.state}; what is proposed waits for its end")
        elif pupil.released is None:
            raise CaseRefused("the record is managed here again; enter what is late as usual")
        elif pupil.released[0] != case.id:
            raise CaseRefused(f"the record was released in transfer {pupil.released[0]}")
        number = add_supplement(reader, plan, case, pupil, today=today)
        return plan

    office.ledger.desk.run(decide, who=who)
    return number


def _require_sent_back(case: Case, pupil: Pupil) -> None:
    """The child's history is elsewhere: it only sat in class here, or a ruling took the record."""
    if pupil.released is not None and pupil.released[0] != case.id:
        raise CaseRefused(f"the record was released in transfer {pupil.released[0]}")
    if pupil.released is None and not pupil.awaits_papers:
        raise CaseRefused("the record is managed here; what is written here counts")


def add_supplement(
    reader: Reader, plan: Plan, case: Case, pupil: Pupil, *, today: date
) -> int | None:
    """Adds the next supplement of a case to a plan that may propose more; its number."""
    decided = reader.decisions(pupil)
    events = [e.event for e in own_proposals(reader, pupil)] + [d.event for d in plan.drafts]
    proposals = [event.proposal for event in events if isinstance(event, Proposed)]
    open_ = [one for one in proposals if (reader.ledger, one) not in decided]
    receiver = case.moved_to or case.other
    in_flight = {
        proposal
        for sent in case.supplements
        if sent.outcome is None and sent.ledger == receiver
        for proposal in sent.proposals
    }
    if not set(open_) - in_flight:
        return None
    number = max((one.number for one in case.supplements), default=0) + 1
    sent = SupplementSent(
        effective_on=today,
        case=case.id,
        number=number,
        to_ledger=receiver,
        via=case.via,
        proposals=tuple(open_),
    )
    plan.add(case_ref(reader, case.id, case.pupil), [sent])
    plan.outgoing.append(message(case.id, receiver, "supplement", issue=number))
    return number


def send_decided(reader: Reader, plan: Plan, case: Case, custodian: UUID, *, today: date) -> None:
    """Adds one more supplement with all that `custodian` has decided about, which it has lost;
    nothing where that is on its way already."""
    mine = [one for one in case.supplements if (one.ledger, one.message) == (custodian, None)]
    decided = [p for one in mine if one.outcome == "decided" for p in one.proposals]
    proposals = tuple(dict.fromkeys(decided))
    in_flight = any(one.outcome is None and one.proposals == proposals for one in mine)
    if not proposals or in_flight:
        return
    number = max(one.number for one in case.supplements) + 1
    sent = SupplementSent(
        effective_on=today,
        case=case.id,
        number=number,
        to_ledger=custodian,
        via=case.via if case.moved_to == custodian else None,
        proposals=proposals,
    )
    plan.add(case_ref(reader, case.id, case.pupil), [sent])
    plan.outgoing.append(message(case.id, custodian, "supplement", issue=number))


def _all_written(office: Office, reader: Reader, pupil: Pupil, who: Who) -> list[Draft]:
    """Proposals of every fact about a year that was written here; each is proposed once."""
    written = own(record_of(reader.connection, pupil, size=reader.size), reader.ledger)
    known = {_fact(e.event) for e in written if isinstance(e.event, Proposed)}
    drafts = []
    for entry in written:
        event = entry.event
        if event.TOPIC not in PROPOSABLE or entry.stream.person != pupil.id:
            continue
        opened = _opened(office, reader, entry)
        if opened is None:
            continue  # the person was erased, and with the text what it is about
        proposal = propose(opened)
        if _fact(proposal) not in known:
            known.add(_fact(proposal))
            reader.track(entry.stream)
            teacher = {"on_behalf_of": entry.envelope.who.on_behalf_of}
            drafts.append(Draft(entry.stream, proposal, who=who.model_copy(update=teacher)))
    return drafts


def _fact(event: Event) -> bytes:
    """What is proposed, to be compared with what was."""
    assert isinstance(event, Proposed)
    return canonical.dumps({"topic": event.topic, "facts": event.facts})


def _opened(office: Office, reader: Reader, entry: Entry) -> Event | None:
    """The event with its text in clear, to be sealed anew; None where its key was destroyed."""
    sealed = entry.envelope.personal.get("statutory")
    if sealed is None:
        return entry.event
    part = SealedPart(sealed, entry.envelope.author, entry.stream.id, entry.envelope.topic)
    clear = office.ledger.reveal(reader.connection, [part])[0]
    if clear is None:
        return None
    return entry.event.model_copy(update={"statutory": Note.model_validate(clear)})


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person decides: which to accept, and as a code why not the others."""

    accept: Accept
    reason: str

    def accepts(self, open_: Sequence[UUID]) -> tuple[UUID, ...]:
        """Those of the open proposals that are accepted.

        Raises:
            Refused: `unknown_proposal`, one named is not among `open_`.
        """
        if self.accept == "all":
            return tuple(open_)
        if self.accept == "none":
            return ()
        unknown = set(self.accept) - set(open_)
        if unknown:
            raise Refused(
                "unknown_proposal",
                f"{min(unknown)} is no open proposal of this case",
                field="--accept",
                suggestion="list them with `hocba transfer supplement CASE`",
            )
        return tuple(one for one in open_ if one in self.accept)
