"""What people say in a transfer: request, release, decline, reject. Each is one transaction that
appends entries and leaves what is to be told in the outbox. Accepting is in `acceptance`."""

import base64
import re
from datetime import date, timedelta
from uuid import UUID

from ledger.case import Case
from ledger.errors import NotFound, Refused
from ledger.event import Who
from ledger.events.case import (
    CaseDecided,
    CaseReleased,
    DossierReissued,
    RequestDeclined,
    TransferRequested,
)
from ledger.ids import uuid7
from ledger.plan import Plan
from ledger.pupil import Pupil, require_custody
from ledger.reader import Reader
from ledger.recorder import StreamRef
from ledger.registration import pupil_ref
from signing.sealing import KeyPair
from transfer import clock
from transfer.build import decide_release
from transfer.cases import (
    all_cases,
    answered,
    case_ref,
    decide_once,
    message,
    request_secret,
    require_case,
)
from transfer.errors import CaseRefused
from transfer.identity import identity_claim
from transfer.office import Office

_REASON = re.compile(r"[A-Za-z][A-Za-z0-9_-]{1,39}")
DECLINE_REASONS = ("not_our_pupil", "already_released", "identity_unconfirmed", "under_hold")
ONE_DAY = timedelta(days=1)


def request(
    office: Office,
    *,
    pupil: UUID,
    from_ledger: UUID,
    school_code: str,
    first_day: date,
    who: Who,
) -> UUID:
    """Asks another ledger for a pupil's history; the child may already sit in class here.

    Returns the transfer id, minted here. A request that is open already is returned again. A pupil
    whom this ledger released may be asked back: custody comes with the acceptance.

    Raises:
        NotFound: `unknown_pupil`.
        Refused: `unknown_school`.
    """
    answer = uuid7()

    def decide(reader: Reader) -> Plan:
        nonlocal answer
        found = reader.pupils([pupil])[pupil]
        if found is None:
            raise NotFound("unknown_pupil", "no pupil is on record under this key")
        if reader.units([school_code])[school_code] is None:
            raise Refused("unknown_school", f"no school {school_code} is on record", field="school")
        for case in all_cases(reader.connection):
            if (case.pupil, case.peer) == (pupil, from_ledger) and case.state in (
                "requested",
                "received",
                "problem",
            ):
                answer = case.id
                return Plan()
        key = KeyPair.generate()
        asked = TransferRequested(
            effective_on=first_day,
            case=answer,
            from_ledger=from_ledger,
            pupil=pupil,
            school_code=school_code,
            encryption_key=base64.b64encode(key.public_bytes()).decode(),
            statutory=identity_claim(office, reader, found),
        )
        plan = Plan()
        plan.add(case_ref(reader, answer, pupil), [asked])
        plan.outgoing.append(message(answer, from_ledger, "request"))
        plan.extra.append(
            lambda connection, _: office.ledger.keyring.keep_secret(
                connection, request_secret(answer), key.private_bytes()
            )
        )
        return plan

    office.ledger.desk.run(decide, who=who)
    return answer


def release(
    office: Office,
    case_id: UUID,
    *,
    pupil: UUID,
    last_day: date | None,
    today: date,
    who: Who,
    opening: Case | None = None,
) -> None:
    """Gives custody of a pupil's record to the ledger that asked (or, with `opening`, to the
    one a file is written for), after a person has confirmed which pupil it is.

    Repeated for the same pupil it does nothing; after a `problem` it issues the dossier again.

    Raises:
        CaseRefused: the case is not one to be released.
        Refused: `pupil_released` (to another ledger), `linked_record`.
    """

    def decide(reader: Reader) -> Plan:
        case = reader.case(case_id) or opening
        found = reader.pupils([pupil])[pupil]
        if case is None:
            raise NotFound("unknown_case", f"there is no transfer {case_id} here")
        if found is None:
            raise NotFound("unknown_pupil", "no pupil is on record under this key")
        if case.side != "origin":
            raise CaseRefused("this ledger asked for that pupil; it cannot release")
        plan = Plan()
        ref = case_ref(reader, case_id, pupil)
        if case.pupil is not None and case.state in ("released", "problem"):
            return _release_again(plan, ref, case, pupil)
        if case.state != "requested":
            raise CaseRefused(f"the case is {case.state}")
        require_custody(found)
        _require_one_record(found, reader)
        day = last_day
        if day is None and case.first_day is not None and found.changes:
            day = case.first_day - ONE_DAY
        released = decide_release(reader, found, case, today=today, last_day=day)
        told = CaseReleased(
            effective_on=today,
            case=case_id,
            pupil=pupil,
            to_ledger=case.peer,
            last_day=day,
            root=released.root,
            digest=released.digest,
        )
        plan.add(pupil_ref(reader, pupil), [released])
        plan.add(ref, [told])
        plan.outgoing.append(message(case_id, case.peer, "dossier", after=0))
        return plan

    office.ledger.desk.run(decide, who=who)


def _require_one_record(pupil: Pupil, reader: Reader) -> None:
    """Two own records of one pupil cannot travel as one: a release speaks for one stream.

    Raises:
        Refused: `linked_record`.
    """
    if any(link.ledger == reader.ledger for link in pupil.links):
        raise Refused(
            "linked_record",
            "this ledger keeps two linked records of the pupil; only one can be released",
            field="pupil_key",
            suggestion="unlink them with links.csv and release the record with the history",
        )


def _release_again(plan: Plan, ref: StreamRef, case: Case, pupil: UUID) -> Plan:
    if case.pupil != pupil:
        raise CaseRefused("another pupil was released in this case; recall it first")
    if case.state == "released":
        return plan
    return _issued_again(plan, ref, case)


def issue_again(office: Office, case_id: UUID, *, who: Who) -> None:
    """Seals the dossier of a release anew, though nobody told of a problem: the one there is was
    to be used before a day now past.

    Raises:
        CaseRefused: the case is not released.
    """

    def decide(reader: Reader) -> Plan:
        case = require_case(reader, case_id)
        if (case.side, case.state) != ("origin", "released"):
            raise CaseRefused(f"the case is {case.state}; there is no dossier to issue again")
        return _issued_again(Plan(), case_ref(reader, case_id, case.pupil), case)

    office.ledger.desk.run(decide, who=who)


def _issued_again(plan: Plan, ref: StreamRef, case: Case) -> Plan:
    issue = case.issue + 1
    plan.add(ref, [DossierReissued(effective_on=clock.today(), case=case.id, issue=issue)])
    plan.outgoing.append(message(case.id, case.peer, "dossier", issue=issue))
    return plan


def decline(office: Office, case_id: UUID, *, reason: str, today: date, who: Who) -> None:
    """Refuses a request, for one of the four reasons there are.

    Raises:
        Refused: `unknown_reason`.
        CaseRefused: the case is not an open request to us.
    """
    if reason not in DECLINE_REASONS:
        raise Refused(
            "unknown_reason",
            "a request may be declined for four reasons only",
            field="reason",
            suggestion=", ".join(DECLINE_REASONS),
        )

    def decide(reader: Reader) -> Plan:
        case = require_case(reader, case_id)
        if case.state == "declined":
            return Plan()
        if case.side != "origin" or case.state != "requested":
            raise CaseRefused(f"the case is {case.state}; only an open request can be declined")
        declined = RequestDeclined.model_validate(
            {"effective_on": today, "case": case_id, "reason": reason, "moved_to": None}
        )
        plan = Plan()
        plan.add(case_ref(reader, case_id, None), [declined])
        plan.outgoing.append(message(case_id, case.peer, "decline", content={"reason": reason}))
        return plan

    office.ledger.desk.run(decide, who=who)


def reject(office: Office, case_id: UUID, *, reason: str, today: date, who: Who) -> None:
    """Gives custody back (Trả lại hồ sơ): a person's decision, written once.

    `reason` is a code (it travels in clear with the case), never a sentence.

    Raises:
        Refused: `unknown_reason`.
        CaseRefused: the case is not one to be rejected.
    """
    if not _REASON.fullmatch(reason):
        raise Refused(
            "unknown_reason",
            "a reason is a code of letters, digits and underscores, without names",
            field="reason",
            suggestion="wrong_pupil, not_accepted",
        )

    def decide(reader: Reader) -> Plan:
        case = require_case(reader, case_id)
        if case.state == "rejected":
            return Plan()
        if case.side != "receiver" or case.state not in ("received", "problem", "requested"):
            raise CaseRefused(f"the case is {case.state}; it cannot be rejected")
        told = message(case_id, case.peer, "reject", content={"reason": reason})
        plan = Plan()
        plan.add(
            case_ref(reader, case_id, case.pupil),
            [
                CaseDecided(
                    effective_on=today,
                    case=case_id,
                    decision="rejected",
                    pupil=case.pupil,
                    digest=case.digest,
                    reason=reason,
                    statutory=None,
                )
            ],
        )
        plan.outgoing.append(told)
        plan.extra.append(decide_once(case_id, "rejected", told.message))
        plan.extra.append(answered(case_id, ["request", "problem"]))
        plan.extra.append(
            lambda connection, _: office.ledger.keyring.destroy_secret(
                connection, request_secret(case_id)
            )
        )
        return plan

    office.ledger.desk.run(decide, who=who)
