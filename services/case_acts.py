"""What a clerk says in a case, whatever is on the other side: a ledger, this ledger, or paper.

The same words everywhere (request, release, decline, reject, accept); which of the three it is
stands in the case.
"""

from datetime import date
from typing import Any
from uuid import UUID

from ledger.case import Case
from ledger.errors import Refused
from ledger.event import Who
from ledger.reader import Reader
from services.arrival_words import remark_lines
from services.arrivals import arrival_report
from transfer import acceptance, by_file, conversation, inbox, inside, papers
from transfer.cases import require_case
from transfer.checks import Report
from transfer.inside import Move
from transfer.office import Office


def case_of(office: Office, case_id: UUID) -> Case:
    """The case as it is now. Raises NotFound(`unknown_case`)."""
    with office.ledger.database.connection() as connection:
        return require_case(Reader(connection, office.ledger.keyring, office.ledger.id), case_id)


def request(
    office: Office,
    move: Move,
    *,
    from_ledger: UUID,
    case_id: UUID | None,
    who: Who,
) -> UUID:
    """Asks another ledger, or another school of this one, for a pupil; returns the case."""
    if from_ledger == office.ledger.id:
        return inside.request(office, move, case_id=case_id, who=who)
    return conversation.request(
        office,
        case_id=case_id,
        pupil=move.pupil,
        from_ledger=from_ledger,
        school_code=move.school_code,
        first_day=move.first_day,
        who=who,
    )


def release(
    office: Office,
    case_id: UUID,
    *,
    pupil: UUID | None,
    last_day: date | None,
    today: date,
    who: Who,
) -> None:
    """Lets a pupil go. Inside one ledger nobody has to say who it is: it is one record."""
    case = case_of(office, case_id)
    whom = pupil or (case.pupil if case.side != "receiver" else None)
    if case.side == "inside":
        inside.consent(office, case_id, today=today, who=who)
        return
    if whom is None:
        raise Refused("pupil_missing", "say which pupil it is", field="--pupil")
    conversation.release(office, case_id, pupil=whom, last_day=last_day, today=today, who=who)


def decline(
    office: Office, case_id: UUID, *, reason: str, pupil: UUID | None, today: date, who: Who
) -> None:
    """Does not let a pupil go, for one of the four reasons there are."""
    if case_of(office, case_id).side == "inside":
        inside.decline(office, case_id, reason=reason, today=today, who=who)
    else:
        conversation.decline(office, case_id, reason=reason, today=today, who=who, pupil=pupil)


def reject(office: Office, case_id: UUID, *, reason: str, today: date, who: Who) -> None:
    """Does not take a pupil in after all, or withdraws what was asked for."""
    case = case_of(office, case_id)
    if case.side == "inside":
        inside.reject(office, case_id, reason=reason, today=today, who=who)
    elif papers.is_from_paper(case):
        papers.reject(office, case_id, reason=reason, today=today, who=who)
    else:
        conversation.reject(office, case_id, reason=reason, today=today, who=who)


def accept(
    office: Office,
    case_id: UUID,
    *,
    list_: str | None,
    class_code: str | None,
    pupil: UUID | None = None,
    new: bool = False,
    today: date,
    who: Who,
) -> dict[str, Any]:
    """Takes a pupil in; what is still missing is kept with the acceptance as its remark, after the
    clerk's own `list_`. Returns the import report as it stands afterwards.

    `pupil` or `new` say who it is where this ledger accepted the record before it was restored,
    and lost which pupil it is; anywhere else the case knows it.

    Raises:
        CaseRefused: there is nothing to accept, or the case is held.
        CheckFailed: the dossier no longer passes its checks.
        Refused: `unknown_class`, `who_is_it`, and as `inside.accept`.
    """
    case = case_of(office, case_id)
    if case.state != "accepted":
        case = _identified(case, pupil, new=new)
        _take_in(office, case, list_, class_code, today, who)
    return arrival_report(office, case_id, on=today)


def _identified(case: Case, pupil: UUID | None, *, new: bool) -> Case:
    """The case with the pupil that a person named, where nobody else knows it any more."""
    if case.pupil is not None or case.side != "receiver":
        return case
    if case.bound == "accepted" and pupil is None and not new:
        raise Refused(
            "who_is_it",
            "this ledger accepted it before it was restored, and lost which pupil it is",
            field="--pupil",
            suggestion="name our record of the child with --pupil, or say --new",
        )
    return case.model_copy(update={"pupil": pupil})


def _take_in(
    office: Office, case: Case, list_: str | None, class_code: str | None, today: date, who: Who
) -> None:
    if case.side == "inside":
        inside.accept(office, case.id, class_code=class_code, today=today, who=who)
        return
    if papers.is_from_paper(case):
        told = arrival_report(office, case.id, on=today)
        papers.accept(office, case.id, remark=_remark(list_, told), today=today, who=who)
        return
    opened = inbox.reopen(office, case.id)
    told = arrival_report(office, case.id, on=today, opened=opened, pupil=case.pupil)
    acceptance.accept(
        office,
        case.id,
        opened,
        pupil=case.pupil,
        remark=_remark(list_, told),
        today=today,
        who=who,
    )


def import_dossier(
    office: Office, data: bytes, *, pupil: UUID | None, new: bool, today: date, who: Who
) -> tuple[UUID, dict[str, Any]]:
    """Takes a dossier handed in as a file in; as `accept`, with the case before the report.

    Raises:
        CheckFailed, Conflict, CaseRefused: as `by_file.import_dossier`.
    """

    def remark(case: UUID, opened: Report, ours: UUID | None) -> str | None:
        return _remark(None, arrival_report(office, case, on=today, opened=opened, pupil=ours))

    case, _ = by_file.import_dossier(
        office, data, pupil=pupil, new=new, today=today, who=who, remark=remark
    )
    return case, arrival_report(office, case, on=today)


def _remark(list_: str | None, told: dict[str, Any]) -> str | None:
    """The clerk's own list and the computed one; None where nothing is missing."""
    lines = [*(list_ or "").splitlines(), *remark_lines(told, "vi")]
    return "\n".join(lines) or None
