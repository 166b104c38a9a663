"""What became of a delivery: its row in the inbox, the answer again, and the problem that tells its
sender what failed."""

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from ledger.case import Case
from ledger.database import Connection
from ledger.event import Who
from ledger.events.case import ProblemNoted
from ledger.plan import Plan
from ledger.queries import queries
from ledger.reader import Reader
from transfer import clock, dead_letter
from transfer.cases import Write, case_ref, repeat
from transfer.checks import Report
from transfer.errors import CheckFailed
from transfer.held import digest_of
from transfer.kinds import REGISTER_KINDS
from transfer.message import Frame, Header
from transfer.office import Office
from transfer.problems import problem_message

_SQL = queries("transfer", "transfer.sql")
QUARANTINE_FROM = 7
"""Failures from this step on are kept for a person to look at."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a message that came: its kind, its case, and how it ended.

    "early": it overtook what it follows; nothing is kept of it, and it will be sent again.
    """

    kind: str
    case: UUID | None
    outcome: Literal["done", "repeated", "problem", "quarantined", "dead", "early"]
    failure: CheckFailed | None = None
    report: Report | None = field(default=None, repr=False, compare=False)
    """Of a dossier that passed its checks just now: what a rule may decide from."""


def problem(
    office: Office,
    data: bytes,
    frame: Frame,
    failure: CheckFailed,
    who: Who,
    *,
    recovery: bool,
) -> Taken:
    """A failed check moves nothing: the sender is told step and code, and may issue again. A
    failed `problem` is answered by nothing, or two ledgers could go on for ever; and what is of an
    older incarnation is told nobody: its sender asks what became of it, or has asked."""
    header = frame.header
    keep = failure.step >= QUARANTINE_FROM or failure.code == "equivocation"
    state = "quarantined" if keep else "dead"
    answerable = header.kind != "problem" and header.receiver == office.ledger.id
    known = answerable and _sender_known(office, header.sender)

    def decide(reader: Reader) -> Plan:
        plan = Plan(extra=[seen(data, frame, state, f"{failure.step} {failure.code}")])
        case = reader.case(header.case)
        if not known or not _may_tell(case, header) or failure.code == "old_incarnation":
            return plan
        if _told(reader, header):
            plan.extra.append(lambda connection, _: repeat(connection, header.case, ("problem",)))
            return plan
        waits = case is not None and case.state in ("requested", "problem")
        if header.kind == "dossier" and case is not None and waits:
            noted = ProblemNoted(
                effective_on=clock.today(),
                case=header.case,
                message=str(header.message_id),
                step=failure.step,
                code=failure.code,
                direction="sent",
            )
            plan.add(case_ref(reader, header.case, case.pupil), [noted])
        plan.outgoing.append(problem_message(reader, header, failure))
        return plan

    office.ledger.desk.run(decide, who=who, recovery=recovery)
    return Taken(header.kind, header.case, "quarantined" if keep else "problem", failure)


def _may_tell(case: Case | None, header: Header) -> bool:
    """Whether the sender has a part in the case, or may begin it."""
    if case is None or header.kind in REGISTER_KINDS:
        return True
    side = "receiver" if header.kind == "dossier" else case.side
    return (case.side, case.peer) == (side, header.sender)


def _told(reader: Reader, header: Header) -> bool:
    """Whether this issue of the message was answered by a problem before."""
    row = reader.connection.execute(
        _SQL["told_problem"],
        {
            "case": header.case,
            "receiver": header.sender,
            "kind": header.kind,
            "issue": header.issue,
        },
    ).fetchone()
    return row is not None


def _sender_known(office: Office, sender: UUID) -> bool:
    return any(led.id == sender for bundle in office.trust.bundles() for led in bundle.ledgers)


def seen(data: bytes, frame: Frame, state: str, detail: str | None) -> Write:
    """Notes in the inbox how a message ended, with its bytes."""

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
                "most": dead_letter.MOST_DEAD,
            },
        )

    return write
