"""What people say in a transfer: request, release, decline, reject, cancel. Each is one transaction
that appends entries and leaves what is to be told in the outbox. Accepting is in `acceptance`."""

import base64
from datetime import date, timedelta
from uuid import UUID

from ledger.case import Case
from ledger.errors import NotFound, Refused
from ledger.event import Event, Who
from ledger.events.case import (
    CaseDecided,
    CaseReleased,
    DossierReissued,
    IdentityConfirmed,
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
from transfer import clock, register
from transfer.application import open_case_of, require_pupil_and_school
from transfer.build import decide_release
from transfer.cases import (
    answer_missing,
    answered,
    case_ref,
    decide_once,
    message,
    next_issue,
    person_of,
    request_secret,
    require_case,
)
from transfer.errors import CaseRefused
from transfer.holding import require_free
from transfer.identity import claim_of, differences, identity_claim
from transfer.office import Office
from transfer.reasons import require_code, require_decline

ONE_DAY = timedelta(days=1)


def request(
    office: Office,
    *,
    pupil: UUID,
    from_ledger: UUID,
    school_code: str,
    first_day: date,
    who: Who,
    case_id: UUID | None = None,
) -> UUID:
    """Asks another ledger for a pupil's history; the child may already sit in class here.

    Returns the transfer id: that of the application agreed to, else minted here. A request that
    is open already is returned again; one that failed on the other side is issued anew. A pupil
    whom this ledger released may be asked back: custody comes with the acceptance.

    Raises:
        NotFound: `unknown_pupil`, `unknown_case`.
        Refused: `unknown_school`.
        CaseRefused: the application was not agreed to, or is of another pupil or ledger.
    """
    answer = case_id or uuid7()

    def decide(reader: Reader) -> Plan:
        nonlocal answer
        require_pupil_and_school(reader, pupil, school_code)
        found = reader.pupils([pupil])[pupil]
        assert found is not None
        begun = case_id or open_case_of(reader, pupil, from_ledger)
        if begun is not None:
            answer = begun
            known = require_case(reader, begun)
            again = known.state == "problem" and known.unread
            if not again and known.state in ("requested", "received", "problem"):
                return Plan()
            if again:
                _require_same(known, pupil, from_ledger)
            else:
                _require_agreed(known, pupil, from_ledger)
        key = _key_of(office, reader, answer)
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
        issue = next_issue(reader, answer, "request")
        plan.outgoing.append(message(answer, from_ledger, "request", issue=issue))
        plan.extra.append(
            lambda connection, _: office.ledger.keyring.keep_secret(
                connection, request_secret(answer), key.private_bytes()
            )
        )
        return plan

    office.ledger.desk.run(decide, who=who)
    return answer


def _key_of(office: Office, reader: Reader, case: UUID) -> KeyPair:
    """A request's one-time key. Asked anew it is the same: an answer to the first request may be
    on its way all the same."""
    kept = office.ledger.keyring.secret(reader.connection, request_secret(case))
    return KeyPair.from_private_bytes(kept) if kept is not None else KeyPair.generate()


def _require_agreed(case: Case, pupil: UUID, from_ledger: UUID) -> None:
    require_free(case)
    if case.state != "agreed":
        raise CaseRefused(f"the case is {case.state}; the head has not agreed to it")
    _require_same(case, pupil, from_ledger)


def _require_same(case: Case, pupil: UUID, from_ledger: UUID) -> None:
    if (case.pupil, case.peer) != (pupil, from_ledger):
        raise CaseRefused("the case is of another pupil, or names another ledger")


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

    Repeated for the same pupil it does nothing; after a `problem`, or where a ruling gave custody
    to a receiver that still needs the dossier, it issues it again.

    Raises:
        CaseRefused: the case is not one to be released.
        Refused: `pupil_released` (to another ledger), `awaits_papers`, `linked_record`.
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
        if case.pupil is not None and _is_out(case):
            return _release_again(plan, ref, case, pupil)
        if case.state != "requested":
            raise CaseRefused(f"the case is {case.state}")
        require_free(case)
        require_custody(found)
        _require_history(found)
        _require_one_record(found, reader)
        day = last_day
        if day is None and case.first_day is not None and found.changes:
            day = case.first_day - ONE_DAY
        released = decide_release(reader, found, case, today=today, last_day=day)
        told = CaseReleased(
            effective_on=today,
            case=case_id,
            pupil=pupil,
            to_ledger=case.other,
            last_day=day,
            root=released.root,
            digest=released.digest,
        )
        plan.add(pupil_ref(reader, pupil), [released])
        plan.add(ref, [*_confirmed(office, reader, case, found, today), told])
        plan.outgoing.append(message(case_id, case.other, "dossier", after=0))
        register.tell(office, reader, plan, case_id, person=pupil, told="released", today=today)
        return plan

    office.ledger.desk.run(decide, who=who)


def _confirmed(
    office: Office, reader: Reader, case: Case, pupil: Pupil, today: date
) -> list[Event]:
    """That a person said which pupil it is, and what differed; nothing where nobody asked."""
    asked = claim_of(office, reader, case)
    if asked is None:
        return []
    differs = differences(asked, identity_claim(office, reader, pupil))
    return [IdentityConfirmed(effective_on=today, case=case.id, pupil=pupil.id, differs=differs)]


def _require_history(pupil: Pupil) -> None:
    """Who only sits in class here, until the papers come, has its record elsewhere.

    Raises:
        Refused: `awaits_papers`.
    """
    if pupil.awaits_papers:
        raise Refused(
            "awaits_papers",
            "the pupil waits for its papers here; the school they come from has the record",
            field="pupil_key",
            suggestion="the next school asks there; what was written here goes as a supplement",
        )


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
        if case.side != "origin" or not _is_out(case):
            raise CaseRefused(f"the case is {case.state}; there is no dossier to issue again")
        return _issued_again(Plan(), case_ref(reader, case_id, case.pupil), case)

    office.ledger.desk.run(decide, who=who)


def _is_out(case: Case) -> bool:
    """Whether something was released whose receiver has not decided."""
    return case.state in ("released", "problem") or answer_missing(case)


def _issued_again(plan: Plan, ref: StreamRef, case: Case) -> Plan:
    issue = case.issue + 1
    plan.add(ref, [DossierReissued(effective_on=clock.today(), case=case.id, issue=issue)])
    plan.outgoing.append(message(case.id, case.other, "dossier", issue=issue))
    return plan


def decline(
    office: Office, case_id: UUID, *, reason: str, today: date, who: Who, pupil: UUID | None = None
) -> None:
    """Refuses a request, for one of the four reasons there are. `pupil` is whom it asks for, where
    that is known: a record that was released already is told by where it went.

    Raises:
        Refused: `unknown_reason`.
        CaseRefused: the case is not an open request to us.
    """
    require_decline(reason)

    def decide(reader: Reader) -> Plan:
        case = require_case(reader, case_id)
        if case.state == "declined":
            return Plan()
        if case.side != "origin" or case.state != "requested":
            raise CaseRefused(f"the case is {case.state}; only an open request can be declined")
        found = reader.pupils([pupil])[pupil] if pupil is not None else None
        gone = found.released[1] if found and found.released else None
        declined = RequestDeclined.model_validate(
            {"effective_on": today, "case": case_id, "reason": reason, "moved_to": gone}
        )
        plan = Plan()
        plan.add(case_ref(reader, case_id, person_of(case)), [declined])
        content = {"reason": reason, "moved_to": str(gone) if gone else None}
        if case.returns is None:  # nobody there knows yet that the record was to come back
            plan.outgoing.append(message(case_id, case.other, "decline", content=content))
        return plan

    office.ledger.desk.run(decide, who=who)


def reject(office: Office, case_id: UUID, *, reason: str, today: date, who: Who) -> None:
    """Gives custody back (Trả lại hồ sơ), or withdraws a request before anything was released: a
    person's decision, written once.

    Raises:
        Refused: `unknown_reason`.
        CaseRefused: the case is not one to be rejected.
    """
    require_code(reason)

    def decide(reader: Reader) -> Plan:
        case = require_case(reader, case_id)
        if case.state == "rejected":
            return Plan()
        if case.side != "receiver" or case.state not in ("received", "problem", "requested"):
            raise CaseRefused(f"the case is {case.state}; it cannot be rejected")
        if case.ruling is not None:
            raise CaseRefused(
                f"ruling {case.ruling.number} gave custody to this ledger; accept the record"
            )
        if case.bound == "accepted":
            raise CaseRefused(
                "this ledger accepted it before it was restored from a backup, and the other side "
                "knows: it can be accepted again, or sent back"
            )
        # Nothing was released yet, as far as is known here: the origin confirms a `cancel`.
        asked_only = case.state == "requested" or (case.state == "problem" and case.unread)
        kind = "cancel" if asked_only else "reject"
        return rejection(office, reader, case, kind=kind, reason=reason, today=today)

    office.ledger.desk.run(decide, who=who)


def rejection(
    office: Office, reader: Reader, case: Case, *, kind: str, reason: str, today: date
) -> Plan:
    """The one decision `rejected` of a case that has none yet, and the message that tells it."""
    told = message(case.id, case.other, kind, content={"reason": reason})
    decided = CaseDecided(
        effective_on=today,
        case=case.id,
        decision="rejected",
        pupil=case.pupil,
        digest=case.digest,
        reason=reason,
        statutory=None,
    )
    plan = Plan()
    plan.add(case_ref(reader, case.id, person_of(case)), [decided])
    plan.outgoing.append(told)
    if case.message is not None:  # of a dossier that never came nobody here knows the token
        person = person_of(case)
        register.tell(office, reader, plan, case.id, person=person, told="rejected", today=today)
    plan.extra.append(decide_once(case.id, "rejected", told.message))
    plan.extra.append(answered(case.id, ["request", "problem"]))
    plan.extra.append(
        lambda connection, _: office.ledger.keyring.destroy_secret(
            connection, request_secret(case.id)
        )
    )
    return plan
