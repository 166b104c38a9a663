"""Problems: a message that failed a check is answered with step and code, and issued anew.

    failed message      what its sender does
    dossier             the case is a `problem` until a person gives `release` again
    request             the case is a `problem` until a person gives `request` again
    supplement          the same, by `supplement`
    any other           it is sealed and sent anew at once, at most `REISSUES` times

A problem moves no custody, and is never answered by a problem.
"""

from typing import Final
from uuid import UUID

from ledger.case import Case
from ledger.event import Frozen
from ledger.events.case import MessageReissued, ProblemNoted
from ledger.plan import Outgoing, Plan
from ledger.queries import queries
from ledger.reader import Reader
from transfer import clock
from transfer.cases import answered, answered_message, case_ref, message, next_issue, person_of
from transfer.errors import CaseRefused, CheckFailed
from transfer.kinds import FINAL_KINDS
from transfer.message import Header, Kind
from transfer.outbox import REISSUED
from transfer.supplement_intake import on_supplement_problem

_SQL = queries("transfer", "transfer.sql")
REISSUES: Final = 3
"""How often a message goes out anew by itself: what fails more often is for a person to mend."""


class ProblemContent(Frozen):
    """The content of a problem. `message`, `kind` and `issue` name the message that failed; older
    ledgers name dossiers only, without the last two."""

    step: int
    code: str
    message: UUID
    kind: Kind = "dossier"
    issue: int | None = None


def problem_message(reader: Reader, header: Header, failure: CheckFailed) -> Outgoing:
    """The problem that tells a sender what failed."""
    content = {
        "step": failure.step,
        "code": failure.code,
        "message": str(header.message_id),
        "kind": header.kind,
        "issue": header.issue,
    }
    issue = next_issue(reader, header.case, "problem")
    return message(header.case, header.sender, "problem", issue=issue, content=content)


def on_problem(
    reader: Reader, case: Case | None, header: Header, content: dict[str, str | int | None]
) -> Plan:
    """Something that we sent failed on the other side.

    Raises:
        CaseRefused: we sent no such message to that ledger.
        ValidationError: the problem is of another form.
    """
    said = ProblemContent.model_validate(content)
    if said.kind == "dossier":
        return _dossier_failed(reader, case, header, said)
    row = reader.connection.execute(
        _SQL["told_message"], {"case": header.case, "message": said.message}
    ).fetchone()
    if row is None or row[:2] != (header.sender, said.kind):
        raise CaseRefused("a problem with a message that was not sent")
    if said.kind == "supplement":
        return on_supplement_problem(reader, case, header, said.issue, said.code)
    if said.kind == "request":
        return _request_failed(reader, case, said)
    if row[4] == "answered" and said.kind not in FINAL_KINDS:
        return Plan()  # another copy of it was read, and answered, before
    return _again(reader, case, header, said, told=row[3])


def _dossier_failed(
    reader: Reader, case: Case | None, header: Header, said: ProblemContent
) -> Plan:
    if case is None or (case.side, case.peer) != ("origin", header.sender):
        raise CaseRefused("an answer in a case that is not between us")
    if case.state not in ("released", "problem", "recalling", "accepted", "rejected"):
        raise CaseRefused(f"an answer that does not fit a case that is {case.state}")
    plan = Plan()
    if case.state in ("released", "recalling"):
        plan.add(case_ref(reader, case.id, person_of(case)), [_noted(case, said)])
        plan.extra.append(answered(case.id, ["dossier"]))
    return plan


def _request_failed(reader: Reader, case: Case | None, said: ProblemContent) -> Plan:
    """The case waits for a person, who requests again; what came meanwhile is stronger."""
    plan = Plan(extra=[answered_message(said.message)])
    if case is not None and (case.side, case.state) == ("receiver", "requested"):
        plan.add(case_ref(reader, case.id, person_of(case)), [_noted(case, said)])
    return plan


def _again(
    reader: Reader,
    case: Case | None,
    header: Header,
    said: ProblemContent,
    *,
    told: dict[str, str | int | None],
) -> Plan:
    """The same content, sealed anew: with our newest incarnation, to their newest key."""
    plan = Plan(extra=[answered_message(said.message)])
    issue = next_issue(reader, header.case, said.kind)
    times = told.get(REISSUED)
    again = times + 1 if isinstance(times, int) else 1
    if again > REISSUES:
        return plan
    if case is not None:
        reissued = MessageReissued(
            effective_on=clock.today(), case=case.id, kind=said.kind, issue=issue, code=said.code
        )
        plan.add(case_ref(reader, case.id, person_of(case)), [reissued])
    content = {**told, REISSUED: again}
    plan.outgoing.append(
        message(header.case, header.sender, said.kind, issue=issue, content=content)
    )
    return plan


def _noted(case: Case, said: ProblemContent) -> ProblemNoted:
    return ProblemNoted(
        effective_on=clock.today(),
        case=case.id,
        message=str(said.message),
        step=said.step,
        code=said.code,
        direction="received",
    )
