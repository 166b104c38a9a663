"""The same conversation by file, where the network is down: export, import."""

from collections.abc import Callable
from datetime import date
from uuid import UUID

from ledger.case import Case
from ledger.errors import Conflict, Refused
from ledger.event import Who
from ledger.ids import uuid7
from ledger.queries import queries
from ledger.reader import Reader
from transfer import acceptance, clock, inbox, outbox
from transfer import message as mail
from transfer.cases import all_cases, answer_missing, repeat
from transfer.checks import Report
from transfer.conversation import issue_again, release
from transfer.disclosure import is_disclosed
from transfer.errors import CaseRefused
from transfer.identity import carried_numbers, is_claimed
from transfer.kinds import ANSWERS
from transfer.office import Office

_SQL = queries("transfer", "transfer.sql")
_RECOVERY = queries("transfer", "recovery.sql")
Remark = Callable[[UUID, Report, UUID | None], str | None]
"""From a case, its checked dossier and our pupil (None: a new one) what is to be remarked."""


def export(
    office: Office, *, pupil: UUID, to_ledger: UUID, last_day: date | None, today: date, who: Who
) -> tuple[UUID, bytes]:
    """Releases a pupil to a ledger and returns (transfer id, the dossier's bytes).

    An open request of that ledger for this pupil, or a release made before, is used; else the
    case is opened here, the dossier sealed to the ledger's own key and not sent by NATS.

    Raises:
        NotFound, Refused, CaseRefused: as `conversation.release`.
    """
    case_id, opening = _case_for(office, pupil, to_ledger)
    if not _released(office, case_id):
        release(
            office,
            case_id,
            pupil=pupil,
            last_day=last_day,
            today=today,
            who=who,
            opening=opening,
        )
    data = _sealed(office, case_id)
    good_until = mail.read_frame(data).header.not_after
    if good_until is not None and clock.now() > good_until:
        issue_again(office, case_id, who=who)
        data = _sealed(office, case_id)
    return case_id, data


def _sealed(office: Office, case_id: UUID) -> bytes:
    """The newest issue of a dossier; sealed anew where its bytes went with a lost incarnation."""
    again = {"case": case_id, "kind": "dossier"}
    with office.ledger.database.connection() as connection:
        renewed = connection.execute(_RECOVERY["seal_again"], again).rowcount > 0
    outbox.seal_all(office)
    with office.ledger.database.connection() as connection:
        row = connection.execute(_SQL["sealed"], {"case": case_id, "kind": "dossier"}).fetchone()
        if row is None:
            raise CaseRefused("the dossier is not sealed yet; try again")
        case = Reader(connection, office.ledger.keyring, office.ledger.id).case(case_id)
        if renewed or (case is not None and case.their_pupil is None):
            # Nobody asked for it over the network, where it would be a problem.
            connection.execute(_SQL["answered"], {"case": case_id, "kinds": ["dossier"]})
    sealed: bytes = row[0]
    return sealed


def _case_for(office: Office, pupil: UUID, to_ledger: UUID) -> tuple[UUID, Case | None]:
    with office.ledger.database.connection() as connection:
        reader = Reader(connection, office.ledger.keyring, office.ledger.id)
        for case in reversed(all_cases(connection)):
            ours = (case.side, case.peer, case.pupil) == ("origin", to_ledger, pupil)
            if ours and (case.state in ("released", "problem") or answer_missing(case)):
                return case.id, None
            asked = (case.side, case.peer, case.state) == ("origin", to_ledger, "requested")
            if asked and is_claimed(office, reader, case, pupil):
                return case.id, None
    case_id = uuid7()
    opening = Case.begun(case_id, "origin", to_ledger)
    return case_id, opening


def _released(office: Office, case_id: UUID) -> bool:
    with office.ledger.database.connection() as connection:
        reader = Reader(connection, office.ledger.keyring, office.ledger.id)
        case = reader.case(case_id)
    return case is not None and (case.state == "released" or answer_missing(case))


def import_dossier(
    office: Office,
    data: bytes,
    *,
    pupil: UUID | None,
    new: bool,
    today: date,
    who: Who,
    remark: Remark = lambda case, report, pupil: None,
) -> tuple[UUID, UUID]:
    """Verifies a dossier and accepts it for the person who hands it in.

    Our own record of the child is the open request's, else `pupil`, else a new one where `new`
    is set or nobody here bears one of its numbers. A dossier decided before changes nothing, but
    the answer goes out again: whoever hands it in once more has not heard it. `remark` says what
    is to be kept with the acceptance. Returns (transfer id, our pupil).

    Raises:
        Refused: `disclosed_form`, it was shown to an inspector and sent to nobody.
        CheckFailed: a numbered check failed; nothing was recorded.
        Conflict: `candidates`, somebody here bears one of the numbers; a person must say who.
        CaseRefused: the transfer was rejected here.
    """
    if is_disclosed(data):
        raise Refused(
            "disclosed_form",
            "this record was shown to an inspector, not sent: it cannot be taken in",
            suggestion="ask the school it comes from for the sealed record",
        )
    frame = mail.read_frame(data)
    known = _decided(office, frame.header.case)
    if known is not None:
        return frame.header.case, known
    report = inbox.open_dossier(office, data, by_file=True)
    if report.failure is not None:
        raise report.failure
    ours = pupil or _requested_for(office, frame.header.case)
    if ours is None and not new:
        _require_nobody(office, report)
    inbox.note_dossier(office, data, frame, report, who=who, by_file=True)
    told = remark(frame.header.case, report, ours)
    accepted = acceptance.accept(
        office, frame.header.case, report, pupil=ours, remark=told, today=today, who=who
    )
    return frame.header.case, accepted


def _decided(office: Office, case_id: UUID) -> UUID | None:
    with office.ledger.database.connection() as connection:
        row = connection.execute(_SQL["decision"], {"case": case_id}).fetchone()
        if row is None:
            return None
        kinds = list(ANSWERS["dossier"])
        repeat(connection, case_id, kinds)
        if row[0] == "rejected":
            raise CaseRefused("this transfer was rejected here; a new one has to be made")
        reader = Reader(connection, office.ledger.keyring, office.ledger.id)
        case = reader.case(case_id)
    return case.pupil if case else None


def _requested_for(office: Office, case_id: UUID) -> UUID | None:
    with office.ledger.database.connection() as connection:
        reader = Reader(connection, office.ledger.keyring, office.ledger.id)
        case = reader.case(case_id)
    return case.pupil if case else None


def _require_nobody(office: Office, report: Report) -> None:
    """A new record is right only where nobody here bears one of the dossier's numbers."""
    assert report.dossier is not None
    numbers = carried_numbers(report.dossier, report.entries)
    with office.ledger.database.connection() as connection:
        reader = Reader(connection, office.ledger.keyring, office.ledger.id)
        bearers = {person for found in reader.find(numbers).values() for person in found}
    if bearers:
        candidates = ", ".join(f"id:{person}" for person in sorted(bearers))
        raise Conflict(
            "candidates",
            f"these pupils bear one of its numbers: {candidates}; "
            "say who it is with --pupil, or that it is another child with --new",
        )
