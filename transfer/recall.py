"""Recall (Thu hồi hồ sơ): the origin wants a record back that went to the wrong place.

Asking moves nothing. The receiver answers with the one decision it has made, or makes it now:
where nothing was decided the record goes back by rule, not by a person's grace.
"""

from datetime import date
from uuid import UUID

from ledger.case import Case
from ledger.event import Note, Who
from ledger.events.case import RecallAsked, RecallReceived
from ledger.plan import Plan
from ledger.reader import Reader
from transfer.cases import case_ref, message, person_of, require_case
from transfer.conversation import rejection
from transfer.errors import CaseRefused
from transfer.message import Header
from transfer.office import Office
from transfer.reasons import require_code

RECALLED = "recalled"
"""The reason of a rejection that answers a recall."""


def recall(
    office: Office, case_id: UUID, *, reason: str, words: str | None, today: date, who: Who
) -> None:
    """Asks for a released record back; repeated it asks nothing new.

    Raises:
        Refused: `unknown_reason`.
        CaseRefused: nothing is out that could be recalled.
    """
    require_code(reason, "wrong_pupil", "wrong_receiver")

    def decide(reader: Reader) -> Plan:
        case = require_case(reader, case_id)
        if case.state == "recalling":
            return Plan()
        if case.side != "origin" or case.state not in ("released", "problem"):
            raise CaseRefused(f"the case is {case.state}; there is nothing to recall")
        asked = RecallAsked(
            effective_on=today,
            case=case_id,
            reason=reason,
            statutory=Note(text=words) if words else None,
        )
        plan = Plan()
        plan.add(case_ref(reader, case_id, person_of(case)), [asked])
        plan.outgoing.append(message(case_id, case.other, "recall", content={"reason": reason}))
        return plan

    office.ledger.desk.run(decide, who=who)


def on_recall(
    office: Office, reader: Reader, case: Case | None, header: Header, reason: str, today: date
) -> Plan:
    """A recall came, of a case that may not have begun here: its dossier may still be on its way.

    Raises:
        CaseRefused: the case is not between us.
    """
    ours = case is None or (case.side, case.peer) == ("receiver", header.sender)
    if not ours or (case is not None and case.state == "follow_up"):
        raise CaseRefused("a recall in a case that is not between us")
    decided = case is not None and (case.bound or case.state) in ("accepted", "rejected")
    if decided or (case is not None and case.ruling is not None):
        return Plan()
    received = RecallReceived(
        effective_on=today, case=header.case, from_ledger=header.sender, reason=reason
    )
    ref = case_ref(reader, header.case, person_of(case) if case else None)
    begun = case or Case.begun(header.case, "receiver", header.sender)
    plan = rejection(office, reader, begun, reason=RECALLED, today=today, kind="reject")
    noted = Plan()
    noted.add(ref, [received])
    plan.drafts[:0] = noted.drafts
    return plan
