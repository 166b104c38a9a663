"""Undoing an acceptance: a new transfer back to where the record came from, under an id of its own.

It carries what was written meanwhile. The former origin did not ask for it; it takes it in because
the sealed payload names the transfer that it undoes, which is its own.
"""

from datetime import date
from uuid import UUID

from ledger.case import Case
from ledger.event import Who
from ledger.events.case import ReturnOffered
from ledger.ids import uuid7
from ledger.plan import Plan
from ledger.reader import Reader
from transfer.cases import all_cases, case_ref, require_case
from transfer.conversation import release
from transfer.errors import CaseRefused
from transfer.office import Office
from transfer.reasons import require_code


def give_back(
    office: Office,
    returns: UUID,
    *,
    reason: str,
    last_day: date | None,
    today: date,
    who: Who,
) -> UUID:
    """Sends an accepted record back (Hủy tiếp nhận); returns the id of the transfer back.

    Repeated it returns the same. Custody comes back here if the other side rejects.

    Raises:
        Refused: `unknown_reason`; as `conversation.release`.
        CaseRefused: the case is not one that was accepted here.
    """
    require_code(reason, "withdrawn", "wrong_pupil")
    answer = uuid7()

    def decide(reader: Reader) -> Plan:
        nonlocal answer
        case = require_case(reader, returns)
        if (case.side, case.state) != ("receiver", "accepted") or case.pupil is None:
            raise CaseRefused(f"the case is {case.state}; only what was accepted here goes back")
        begun = _begun(reader, returns)
        if begun is not None:
            answer = begun
            return Plan()
        pupil = reader.pupils([case.pupil])[case.pupil]
        if pupil is not None and pupil.released is not None:
            raise CaseRefused(f"the record was released in transfer {pupil.released[0]}")
        offered = ReturnOffered(
            effective_on=today,
            case=answer,
            returns=returns,
            pupil=case.pupil,
            to_ledger=case.other,
            their_pupil=case.their_pupil,
            reason=reason,
        )
        plan = Plan()
        plan.add(case_ref(reader, answer, case.pupil), [offered])
        return plan

    office.ledger.desk.run(decide, who=who)
    with office.ledger.database.connection() as connection:
        pupil = require_case(
            Reader(connection, office.ledger.keyring, office.ledger.id), returns
        ).pupil
    assert pupil is not None
    release(office, answer, pupil=pupil, last_day=last_day, today=today, who=who)
    return answer


def _begun(reader: Reader, returns: UUID) -> UUID | None:
    """The transfer back that is under way or done; one that was rejected, or given up before
    anything was released, may be tried again."""
    for case in all_cases(reader.connection):
        over = case.state in ("rejected", "declined")
        if case.returns == returns and case.side == "origin" and not over:
            return case.id
    return None


def returned_pupil(case: Case | None, sender: UUID) -> UUID | None:
    """Our pupil in the transfer that a dossier says it undoes; None where it may not: that case
    is not ours, or ended otherwise. The acceptance itself may still be on its way; where a ruling
    gave us custody meanwhile, the record brings the marks that were made there."""
    if case is None or (case.side, case.peer) != ("origin", sender):
        return None
    ruled_back = case.state == "rejected" and case.ruling is not None
    undone = case.state in ("accepted", "released", "problem", "recalling") or ruled_back
    return case.pupil if undone else None
