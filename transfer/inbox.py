"""What came: taken in once, its effect and its answer in one transaction.

A message is verified and opened before the transaction; in it the message is noted, the effect
appended and the answer put in our outbox. Repeated, it only repeats the answer.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import ValidationError

from ledger.database import Connection
from ledger.errors import Conflict, Stale
from ledger.event import Event, Who
from ledger.events.case import DossierReceived, ReturnReceived
from ledger.plan import Plan
from ledger.queries import queries
from ledger.reader import Reader
from signing.certificates import Purpose
from transfer import checks, clock, dead_letter, register
from transfer import message as mail
from transfer.cases import Write, answered, case_ref, message, next_issue, person_of, repeat
from transfer.checks import Report
from transfer.dossier import Dossier
from transfer.effects import plan_effect, read_body
from transfer.errors import CaseRefused, CheckFailed, Fenced
from transfer.fencing import may_recover
from transfer.held import DatabaseHeld, digest_of, incarnation_of, remember_checkpoints
from transfer.kinds import ANSWERS
from transfer.message import Frame, Header
from transfer.office import Office
from transfer.opening import key_for
from transfer.reconciling import keep_incarnation
from transfer.returning import returned_pupil
from transfer.supplement_checks import Early
from transfer.supplement_intake import again
from transfer.supplement_restoration import decide_as_before
from transfer.taken import Taken as Taken
from transfer.taken import problem, seen

_SQL = queries("transfer", "transfer.sql")
_SETTLING = frozenset({"accept", "reject", "cancel", "ruling", "supplement_answer"})
"""What ends a conversation: its sender counts on our knowing it once it is acknowledged, so the
checkpoint outside the database covers it before that. A backup without it is fenced."""


def take(office: Office, data: bytes, *, who: Who, account: str | None = None) -> Taken:
    """Takes one message in. Never raises for what a message holds: it ends in an outcome.

    `account` is the NATS account that published it, which the server vouches for: a message
    that names another ledger as its sender is thrown away unopened.

    Raises:
        Fenced: this ledger is fenced; it is to be delivered again later.
    """
    try:
        frame = mail.read_frame(data)
        if account is not None:
            _check_account(office, frame, account)
    except CheckFailed as failure:
        dead_letter.keep(office, data, sender=_account_holder(office, account), failure=failure)
        return Taken("unknown", None, "dead", failure)
    recovery = may_recover(office, frame.header)
    taker = _take_dossier if frame.header.kind == "dossier" else _take_answer
    try:
        taken = taker(office, data, frame, who, recovery=recovery)
        if frame.header.kind in _SETTLING:
            with office.ledger.database.connection() as connection:
                office.notary.checkpoint(connection)
    except Conflict as conflict:
        if conflict.code != "fenced":
            raise
        raise Fenced(conflict.message) from conflict
    return taken


def _account_holder(office: Office, account: str | None) -> UUID | None:
    for bundle in office.trust.bundles():
        for known in bundle.ledgers:
            if known.nats_account == account:
                return known.id
    return None


def _check_account(office: Office, frame: Frame, account: str) -> None:
    accounts = {
        known.nats_account
        for bundle in office.trust.bundles()
        for known in bundle.ledgers
        if known.id == frame.header.sender
    }
    if account not in accounts:
        raise CheckFailed(3, "unknown_sender", "it came by another account than its sender's")


def open_dossier(
    office: Office,
    data: bytes,
    *,
    by_file: bool,
    now: datetime | None = None,
    delivered: bool = False,
) -> Report:
    """Runs all the checks of a dossier against our database. `delivered`: it was here before its
    sender was restored."""
    with office.ledger.database.connection() as connection:
        reader = Reader(connection, office.ledger.keyring, office.ledger.id)
        return checks.verify_dossier(
            data,
            trust=office.trust,
            key=lambda frame: key_for(office, connection, frame),
            receiver=office.ledger.id,
            held=DatabaseHeld(connection, reader, by_file=by_file, delivered=delivered),
            now=now or clock.now(),
        )


def _take_dossier(office: Office, data: bytes, frame: Frame, who: Who, *, recovery: bool) -> Taken:
    header = frame.header
    with office.ledger.database.connection() as connection:
        decided = connection.execute(_SQL["decision"], {"case": header.case}).fetchone()
        row = connection.execute(
            _SQL["seen"], {"sender": header.sender, "message": header.message_id}
        ).fetchone()
        if decided is not None or (row is not None and row[0] == digest_of(frame)):
            repeat(connection, header.case, ANSWERS["dossier"])
            return Taken("dossier", header.case, "repeated")
    report = open_dossier(office, data, by_file=False)
    if report.failure is not None:
        return problem(office, data, frame, report.failure, who, recovery=recovery)
    try:
        note_dossier(office, data, frame, report, who=who, by_file=False, recovery=recovery)
    except CheckFailed as failure:
        return problem(office, data, frame, failure, who, recovery=recovery)
    return Taken("dossier", header.case, "done", report=report)


def note_dossier(
    office: Office,
    data: bytes,
    frame: Frame,
    report: Report,
    *,
    who: Who,
    by_file: bool,
    recovery: bool = False,
) -> None:
    """Records that a checked dossier is here; by NATS a receipt is answered.

    Raises:
        CheckFailed: 3 `old_incarnation`, its sender was restored at this very moment.
    """
    dossier = report.dossier
    assert dossier is not None

    def decide(reader: Reader) -> Plan:
        DatabaseHeld(reader.connection, reader, by_file=by_file).check_incarnation(
            frame.header.sender, frame.header.incarnation
        )
        case = reader.case(frame.header.case)
        if case is not None and case.state in ("received", "accepted", "rejected"):
            return Plan(extra=[seen(data, frame, "done", None)])
        received = DossierReceived(
            effective_on=clock.today(),
            case=frame.header.case,
            from_ledger=dossier.iss,
            their_pupil=dossier.pupil,
            message=str(frame.header.message_id),
            payload_sha256=frame.header.payload_sha256,
            root=dossier.last_hop.root,
            digest=dossier.digest.value,
            entries=sum(len(stream.entries) for stream in dossier.streams),
        )
        plan = Plan()
        events: list[Event] = [received]
        if case is None:
            events[:0] = _returned(reader, dossier)
        person = person_of(case) if case else dossier.pupil
        plan.add(case_ref(reader, frame.header.case, person), events)
        if not by_file:
            content = {"payload_sha256": frame.header.payload_sha256}
            plan.outgoing.append(
                message(
                    frame.header.case,
                    dossier.iss,
                    "receipt",
                    issue=next_issue(reader, frame.header.case, "receipt"),
                    content=content,
                )
            )
        plan.extra.append(seen(data, frame, "done", None))
        plan.extra.append(answered(frame.header.case, ["request", "problem"]))
        shown = [(hop.ledger, hop.inclusion.checkpoint) for hop in dossier.hops]
        plan.extra.append(remember_checkpoints(office.trust, shown))
        plan.extra.append(register.remember(office, dossier))
        plan.extra.append(_still(frame.header))
        keep_incarnation(reader, plan, frame.header)
        return plan

    office.ledger.desk.run(decide, who=who, recovery=recovery)


def _returned(reader: Reader, dossier: Dossier) -> list[Event]:
    """What opens our case where a record comes back that nobody here asked for."""
    if dossier.returns is None:
        return []
    pupil = returned_pupil(reader.case(dossier.returns), dossier.iss)
    if pupil is None:
        return []
    return [
        ReturnReceived(
            effective_on=clock.today(),
            case=dossier.transfer_id,
            returns=dossier.returns,
            pupil=pupil,
            from_ledger=dossier.iss,
            their_pupil=dossier.pupil,
        )
    ]


def _take_answer(office: Office, data: bytes, frame: Frame, who: Who, *, recovery: bool) -> Taken:
    header = frame.header
    try:
        with office.ledger.database.connection() as connection:
            reader = Reader(connection, office.ledger.keyring, office.ledger.id)
            held = DatabaseHeld(connection, reader, by_file=True)
            held.check_known(frame)
            if header.kind == "recall" and _is_decided(connection, header.case):
                # The decision first, whatever became of who asks.
                repeat(connection, header.case, ANSWERS["recall"])
                return Taken(header.kind, header.case, "repeated")
            sender = checks.check_addressed(
                frame, office.trust, office.ledger.id, held, clock.now()
            )
        # The register's answer settles what was told it again, too, after the ministry's restore.
        if held.state == "done" and header.kind != "register_answer":
            return _again(office, header, who, recovery=recovery)
        plain = mail.unseal(frame, office.encryption)
        opened = mail.parse(frame, plain)
        checks.check_signed(opened, sender, office.trust, Purpose.SEAL)
        body = read_body(opened)
    except CheckFailed as failure:
        return problem(office, data, frame, failure, who, recovery=recovery)
    taken: Literal["done", "repeated"] = "repeated" if held.state == "done" else "done"
    outcome: Literal["done", "repeated", "quarantined"] = taken

    def decide(reader: Reader) -> Plan:
        nonlocal outcome
        DatabaseHeld(reader.connection, reader, by_file=True).check_incarnation(
            header.sender, header.incarnation
        )
        case = reader.case(header.case)
        try:
            plan = plan_effect(office, reader, case, header, body)
            outcome = taken
        except CaseRefused as refused:
            outcome = "quarantined"
            return Plan(extra=[seen(data, frame, outcome, str(refused))])
        except ValidationError as error:
            outcome = "quarantined"
            where = "/".join(str(part) for part in error.errors()[0]["loc"])
            return Plan(extra=[seen(data, frame, outcome, f"{header.kind}: field {where}")])
        plan.extra.append(_still(header))
        if header.kind != "reconcile":  # a question keeps it before it reads what to answer
            keep_incarnation(reader, plan, header)
        plan.extra.append(seen(data, frame, "done", None))
        return plan

    try:
        office.ledger.desk.run(decide, who=who, recovery=recovery)
    except CheckFailed as failure:  # what only the records here can tell
        return problem(office, data, frame, failure, who, recovery=recovery)
    except Early:
        return Taken(header.kind, header.case, "early")
    if header.kind == "supplement":
        decide_as_before(office, header.case, who=who, recovery=recovery)
    return Taken(header.kind, header.case, outcome)


def _again(office: Office, header: Header, who: Who, *, recovery: bool) -> Taken:
    """What came before gets the same answer; a supplement that had none may have one now."""

    def decide(reader: Reader) -> Plan:
        case = reader.case(header.case)
        if case is None or case.pupil is None or header.kind != "supplement":
            return Plan()
        pupil = reader.pupils([case.pupil])[case.pupil]
        return again(reader, case, pupil, header.issue) if pupil is not None else Plan()

    office.ledger.desk.run(decide, who=who, recovery=recovery)
    if header.kind == "supplement":
        decide_as_before(office, header.case, who=who, recovery=recovery)
    with office.ledger.database.connection() as connection:
        repeat(connection, header.case, ANSWERS.get(header.kind, ()))
    return Taken(header.kind, header.case, "repeated")


def _is_decided(connection: Connection, case: UUID) -> bool:
    return connection.execute(_SQL["decision"], {"case": case}).fetchone() is not None


def _still(header: Header) -> Write:
    """The sender still speaks as that incarnation: asked behind the head lock, which whoever
    raises it takes too, so that a restored ledger is never told of less than was done."""

    def write(connection: Connection, first: int) -> None:
        del first
        if incarnation_of(connection, header.sender) > header.incarnation:
            raise Stale

    return write


def reopen(office: Office, case: UUID) -> Report:
    """The newest checked dossier of a case, opened and checked again for the person who decides.

    Raises:
        CaseRefused: no dossier of this case is here, or it was decided.
        CheckFailed: it no longer passes (the trust bundle has changed, say).
    """
    with office.ledger.database.connection() as connection:
        decided = connection.execute(_SQL["decision"], {"case": case}).fetchone()
        row = connection.execute(_SQL["dossier_frame"], {"case": case}).fetchone()
    if decided is not None:
        raise CaseRefused(f"this transfer was {decided[0]} already")
    if row is None:
        raise CaseRefused("no dossier of this transfer has arrived yet")
    # It was in time when it came: how long a person thinks it over moves nothing.
    frame, received_at = row
    report = open_dossier(office, frame, by_file=True, now=received_at, delivered=True)
    if report.failure is not None:
        raise report.failure
    return report
