"""What came: taken in once, its effect and its answer in one transaction.

A message is verified and opened before the transaction; in it the message is noted, the effect
appended and the answer put in our outbox. Repeated, it only repeats the answer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import ValidationError

from ledger.case import Case
from ledger.database import Connection
from ledger.event import Who
from ledger.events.case import DossierReceived, ProblemNoted, RequestReceived
from ledger.plan import Outgoing, Plan
from ledger.queries import queries
from ledger.reader import Reader
from signing.certificates import Purpose
from signing.note import Checkpoint, SignedNote
from signing.sealing import KeyPair
from transfer import checks, clock
from transfer import message as mail
from transfer.answers import on_answer
from transfer.bodies import AnswerBody, RequestBody
from transfer.cases import Write, answered, case_ref, message, request_secret
from transfer.checks import Report
from transfer.errors import CaseRefused, CheckFailed
from transfer.held import DatabaseHeld, digest_of
from transfer.message import Frame, Header, Opened
from transfer.office import Office

_SQL = queries("transfer", "transfer.sql")
QUARANTINE_FROM = 7
"""Failures from this step on are kept for a person to look at."""
FINAL_KINDS = frozenset({"receipt", "accept", "reject", "decline", "problem"})
"""Messages that expect no answer: told once, repeated when they are asked for again."""
ANSWERS: dict[str, tuple[str, ...]] = {
    "dossier": ("receipt", "accept", "reject", "problem"),
    "request": ("decline", "dossier"),
}
"""What answers what, by kind."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a message that came: its kind, its case, and how it ended."""

    kind: str
    case: UUID | None
    outcome: Literal["done", "repeated", "problem", "quarantined", "dead"]
    failure: CheckFailed | None = None


def take(office: Office, data: bytes, *, who: Who, account: str | None = None) -> Taken:
    """Takes one message in. Never raises for what a message holds: it ends in an outcome.

    `account` is the NATS account that published it, which the server vouches for: a message
    that names another ledger as its sender is thrown away unopened.
    """
    try:
        frame = mail.read_frame(data)
        if account is not None:
            _check_account(office, frame, account)
    except CheckFailed as failure:
        return Taken("unknown", None, "dead", failure)
    if frame.header.kind == "dossier":
        return _take_dossier(office, data, frame, who)
    return _take_answer(office, data, frame, who)


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
    office: Office, data: bytes, *, by_file: bool, now: datetime | None = None
) -> Report:
    """Runs all the checks of a dossier against our database."""
    with office.ledger.database.connection() as connection:
        reader = Reader(connection, office.ledger.keyring, office.ledger.id)
        return checks.verify_dossier(
            data,
            trust=office.trust,
            key=lambda frame: _key_for(office, connection, frame),
            receiver=office.ledger.id,
            held=DatabaseHeld(connection, reader, by_file=by_file),
            now=now or clock.now(),
        )


def _key_for(office: Office, connection: Connection, frame: Frame) -> KeyPair:
    """The one-time key of our request where it fits, else the ledger's own."""
    name = request_secret(frame.header.case)
    private = office.ledger.keyring.secret(connection, name)
    if private is not None:
        pair = KeyPair.from_private_bytes(private)
        if pair.key_id == frame.header.kem_key_id:
            return pair
    return office.encryption


def _take_dossier(office: Office, data: bytes, frame: Frame, who: Who) -> Taken:
    header = frame.header
    with office.ledger.database.connection() as connection:
        decided = connection.execute(_SQL["decision"], {"case": header.case}).fetchone()
        row = connection.execute(
            _SQL["seen"], {"sender": header.sender, "message": header.message_id}
        ).fetchone()
        if decided is not None or (row is not None and row[0] == digest_of(frame)):
            _repeat(connection, header.case, ANSWERS["dossier"])
            return Taken("dossier", header.case, "repeated")
    report = open_dossier(office, data, by_file=False)
    if report.failure is not None:
        return _problem(office, data, frame, report.failure, who)
    note_dossier(office, data, frame, report, who=who, by_file=False)
    return Taken("dossier", header.case, "done")


def note_dossier(
    office: Office, data: bytes, frame: Frame, report: Report, *, who: Who, by_file: bool
) -> None:
    """Records that a checked dossier is here; by NATS a receipt is answered."""
    dossier = report.dossier
    assert dossier is not None

    def decide(reader: Reader) -> Plan:
        case = reader.case(frame.header.case)
        if case is not None and case.state in ("received", "accepted", "rejected"):
            return Plan(extra=[_seen(data, frame, "done", None)])
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
        plan.add(case_ref(reader, frame.header.case, case.pupil if case else None), [received])
        if not by_file:
            content = {"payload_sha256": frame.header.payload_sha256}
            plan.outgoing.append(
                message(
                    frame.header.case,
                    dossier.iss,
                    "receipt",
                    issue=frame.header.issue,
                    content=content,
                )
            )
        plan.extra.append(_seen(data, frame, "done", None))
        plan.extra.append(answered(frame.header.case, ["request", "problem"]))
        plan.extra.append(_remember_checkpoints(report))
        return plan

    office.ledger.desk.run(decide, who=who)


def _problem(office: Office, data: bytes, frame: Frame, failure: CheckFailed, who: Who) -> Taken:
    """A failed check moves nothing: the sender is told step and code, and may issue again."""
    header = frame.header
    keep = failure.step >= QUARANTINE_FROM or failure.code == "equivocation"
    state = "quarantined" if keep else "dead"
    known = _sender_known(office, header.sender)

    def decide(reader: Reader) -> Plan:
        plan = Plan(extra=[_seen(data, frame, state, f"{failure.step} {failure.code}")])
        case = reader.case(header.case)
        waits = case is not None and case.side == "receiver" and case.peer == header.sender
        if header.kind != "dossier" or not (case is None or waits):
            return plan
        if _told(reader, header):
            plan.extra.append(lambda connection, _: _repeat(connection, header.case, ("problem",)))
            return plan
        if case is not None and case.state in ("requested", "problem"):
            noted = ProblemNoted(
                effective_on=clock.today(),
                case=header.case,
                message=str(header.message_id),
                step=failure.step,
                code=failure.code,
                direction="sent",
            )
            plan.add(case_ref(reader, header.case, case.pupil), [noted])
        if known:
            plan.outgoing.append(_problem_message(header, failure))
        return plan

    office.ledger.desk.run(decide, who=who)
    return Taken(header.kind, header.case, "quarantined" if keep else "problem", failure)


def _told(reader: Reader, header: Header) -> bool:
    """Whether this issue of the dossier was answered by a problem before."""
    row = reader.connection.execute(
        _SQL["told"], {"case": header.case, "kind": "problem", "issue": header.issue}
    ).fetchone()
    return row is not None


def _problem_message(header: Header, failure: CheckFailed) -> Outgoing:
    content = {"step": failure.step, "code": failure.code, "message": str(header.message_id)}
    return message(header.case, header.sender, "problem", issue=header.issue, content=content)


def _sender_known(office: Office, sender: UUID) -> bool:
    return any(led.id == sender for bundle in office.trust.bundles() for led in bundle.ledgers)


def _take_answer(office: Office, data: bytes, frame: Frame, who: Who) -> Taken:
    header = frame.header
    try:
        with office.ledger.database.connection() as connection:
            reader = Reader(connection, office.ledger.keyring, office.ledger.id)
            held = DatabaseHeld(connection, reader, by_file=True)
            held.check_known(frame)
            sender = checks.check_addressed(
                frame, office.trust, office.ledger.id, held, clock.now()
            )
            row = connection.execute(
                _SQL["seen"], {"sender": header.sender, "message": header.message_id}
            ).fetchone()
            # What did not fit the case when it came (it overtook another message) is tried again.
            if row is not None and row[1] == "done":
                _repeat(connection, header.case, ANSWERS.get(header.kind, ()))
                return Taken(header.kind, header.case, "repeated")
        plain = mail.unseal(frame, office.encryption)
        opened = mail.parse(frame, plain)
        checks.check_signed(opened, sender, office.trust, Purpose.SEAL)
        effect = _effect(frame, opened)
    except CheckFailed as failure:
        return _problem(office, data, frame, failure, who)
    outcome: Literal["done", "quarantined"] = "done"

    def decide(reader: Reader) -> Plan:
        nonlocal outcome
        case = reader.case(header.case)
        try:
            plan = effect(reader, case)
            outcome = "done"
        except CaseRefused as refused:
            outcome = "quarantined"
            return Plan(extra=[_seen(data, frame, outcome, str(refused))])
        except ValidationError as error:
            outcome = "quarantined"
            where = "/".join(str(part) for part in error.errors()[0]["loc"])
            return Plan(extra=[_seen(data, frame, outcome, f"{header.kind}: field {where}")])
        plan.extra.append(_seen(data, frame, outcome, None))
        return plan

    office.ledger.desk.run(decide, who=who)
    return Taken(header.kind, header.case, outcome)


Effect = Callable[[Reader, Case | None], Plan]


def _effect(frame: Frame, opened: Opened) -> Effect:
    """What a message does once it is known to be true. Raises CheckFailed(5 or 7)."""
    header = frame.header
    try:
        if header.kind == "request":
            asked = RequestBody.model_validate(opened.payload)
            _same(header, asked)
            return lambda reader, case: _on_request(reader, case, header.sender, asked)
        answer = AnswerBody.model_validate(opened.payload)
    except ValidationError as error:
        where = "/".join(str(part) for part in error.errors()[0]["loc"])
        raise CheckFailed(5, "bad_json", f"not a {header.kind}: field {where}") from error
    _same(header, answer)
    if header.kind not in FINAL_KINDS:
        raise CheckFailed(1, "unsupported_version", f"{header.kind} is not understood yet")
    return lambda reader, case: on_answer(reader, case, frame.header, answer.content)


def _same(header: Header, body: RequestBody | AnswerBody) -> None:
    said = (body.kind, body.iss, body.aud, body.transfer_id)
    if said != (header.kind, header.sender, header.receiver, header.case):
        raise CheckFailed(7, "wrong_addressee", "the signed payload is of another message")


def _on_request(reader: Reader, case: Case | None, sender: UUID, asked: RequestBody) -> Plan:
    if case is not None:
        raise CaseRefused("this transfer id is in use")
    received = RequestReceived(
        effective_on=asked.first_day,
        case=asked.transfer_id,
        to_ledger=sender,
        their_pupil=asked.pupil,
        school_code=asked.school,
        encryption_key=asked.encryption_key,
        statutory=asked.claim,
    )
    plan = Plan()
    plan.add(case_ref(reader, asked.transfer_id, asked.pupil), [received])
    return plan


def _repeat(connection: Connection, case: UUID, kinds: tuple[str, ...]) -> None:
    """The same question gets the same answer: it goes out again, byte for byte."""
    connection.execute(_SQL["repeat_answers"], {"case": case, "kinds": list(kinds)})


def _seen(data: bytes, frame: Frame, state: str, detail: str | None) -> Write:
    def write(connection: Connection, first: int) -> None:
        del first
        connection.execute(
            _SQL["put_seen"],
            {
                "sender": frame.header.sender,
                "message": frame.header.message_id,
                "case": frame.header.case,
                "kind": frame.header.kind,
                "sha": digest_of(frame),
                "frame": data,
                "state": state,
                "detail": detail,
            },
        )

    return write


def _remember_checkpoints(report: Report) -> Write:
    def write(connection: Connection, first: int) -> None:
        del first
        assert report.dossier is not None
        for hop in report.dossier.hops:
            checkpoint = Checkpoint.parse(SignedNote.parse(hop.inclusion.checkpoint).text)
            connection.execute(
                _SQL["put_peer_checkpoint"],
                {"ledger": hop.ledger, "size": checkpoint.size, "root": checkpoint.root},
            )

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
    report = open_dossier(office, frame, by_file=True, now=received_at)
    if report.failure is not None:
        raise report.failure
    return report
