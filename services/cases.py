"""A transfer as answers show it: the contract's object for one case, and who must act next."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from ledger import ids
from ledger.case import Case
from ledger.database import Connection
from ledger.reader import Reader
from ledger.succession import current, with_successors
from ledger.transfer_law import law_on
from signing.errors import TrustError
from signing.truststore import TrustStore
from transfer import supplement
from transfer.cases import all_cases, begun_and_newest, require_case
from transfer.office import Office

WAITING: dict[tuple[str, str], str | None] = {
    ("receiver", "applied"): "decide",
    ("receiver", "agreed"): "request",
    ("receiver", "refused"): None,
    ("receiver", "requested"): "release",
    ("receiver", "declined"): None,
    ("receiver", "received"): "accept",
    ("receiver", "problem"): "reissue",
    ("receiver", "accepted"): None,
    ("receiver", "rejected"): None,
    ("receiver", "follow_up"): None,
    ("origin", "requested"): "release",
    ("origin", "declined"): None,
    ("origin", "released"): "accept",
    ("origin", "problem"): "reissue",
    ("origin", "recalling"): "recall_answer",
    ("origin", "accepted"): None,
    ("origin", "rejected"): None,
    ("origin", "left"): None,
    ("inside", "requested"): "consent",
    ("inside", "declined"): None,
    ("inside", "released"): "accept",
    ("inside", "accepted"): None,
    ("inside", "rejected"): None,
}
"""What a case waits for, by our side and the state: every pair that can be; None once it is over.

Some states wait for something else as well: a release that has no receipt yet for its `delivery`,
and so does what was accepted before this ledger was restored, then for a person to `identify` the
pupil where that was lost; an application without a ledger to ask for the `papers`, a held case for
`lift_hold`, a case with a supplement for its decision, one that is over for an `offer`: late
marks about the pupil were handed in here and not sent on.
"""
ACTORS = {
    "decide": "receiving_head",
    "request": "receiving_school",
    "papers": "receiving_school",
    "release": "origin_school",
    "consent": "origin_school",
    "delivery": "courier",
    "accept": "receiving_school",
    "identify": "receiving_school",
    "reissue": "origin_school",
    "recall_answer": "receiving_school",
    "lift_hold": "holder",
    "offer": "origin_school",
    "supplement": "custodian",
    "supplement_answer": "other_custodian",
    "register_conflict": "both_sides",
    "ruling_conflict": "both_sides",
}
"""Who must act next, by what is waited for. `holder`: the side whose document stops the case;
`custodian`: who manages the record and decides about proposals; `both_sides`: an alarm that a
person on either side has to clear up."""
_HERE = {
    "origin": frozenset({"origin_school", "holder", "custodian", "both_sides"}),
    "receiver": frozenset(
        {"receiving_head", "receiving_school", "holder", "custodian", "both_sides"}
    ),
    "inside": frozenset({"origin_school", "receiving_head", "receiving_school", "holder"}),
}
_REGISTERED = {None: None, "asked": False, "recorded": True, "conflict": False}
OURS = {
    side: frozenset(waiting for waiting, actor in ACTORS.items() if actor in here)
    for side, here in _HERE.items()
}
"""What a person of this ledger can do, by the side it is on; all else waits for the other side."""


def case_answer(office: Office, case_id: UUID) -> dict[str, Any]:
    """One case. Raises NotFound(`unknown_case`)."""
    with office.ledger.database.connection() as connection:
        reader = Reader(connection, office.ledger.keyring, office.ledger.id)
        return _answer(office, reader, require_case(reader, case_id))


def case_answers(office: Office) -> list[dict[str, Any]]:
    """Every case, the oldest first."""
    with office.ledger.database.connection() as connection:
        reader = Reader(connection, office.ledger.keyring, office.ledger.id)
        return [_answer(office, reader, case) for case in all_cases(connection)]


def _answer(office: Office, reader: Reader, case: Case) -> dict[str, Any]:
    begun, newest, position = _times(reader.connection, office.ledger.id, case.id)
    origin, receiver = _sides(office, case)
    unsent = supplement.unsent(reader, case)
    waiting = waiting_for(case) or ("offer" if unsent else None)
    failure = None
    if case.failure is not None:
        failure = {"step": case.failure[0] or None, "code": case.failure[1]}
    due = due_on(case, newest.date())
    return {
        "case": str(case.id),
        "state": case.state,
        "from": origin,
        "to": receiver,
        "side": case.side,
        "pupil": str(case.pupil) if case.pupil else None,
        "position": position,
        "waiting_for": waiting,
        "who_acts": ACTORS[waiting] if waiting else None,
        "age_days": (datetime.now(UTC) - begun).days,
        "root": case.root,
        "transcript_digest": case.digest,
        "receipt": case.receipt,
        "held_by": case.held,
        "returns": str(case.returns) if case.returns else None,
        "restored": case.restored or None,
        "due_on": due.isoformat() if due else None,
        "differs": list(case.identity) if case.identity is not None else None,
        "moved_to": short_name(office.trust, case.moved_to) if case.moved_to else None,
        "registered": _REGISTERED[case.registered],
        "rival": _rival(office, case),
        "ruling": _ruling(office, case),
        "failure": failure,
        "from_school": _school_left(reader, case),
        "school": case.school_code,
        "first_day": case.first_day.isoformat() if case.first_day else None,
        "unsent": unsent,
        "successor": _successor(reader, case),
    }


def _rival(office: Office, case: Case) -> dict[str, str] | None:
    """The other transfer and ledger of a conflict in the custody register."""
    if case.rival is None:
        return None
    return {"case": str(case.rival[0]), "ledger": short_name(office.trust, case.rival[1])}


def _ruling(office: Office, case: Case) -> dict[str, str] | None:
    if case.ruling is None:
        return None
    return {
        "custodian": short_name(office.trust, case.ruling.custodian),
        "number": case.ruling.number,
    }


def waiting_for(case: Case) -> str | None:
    """What the case waits for, a key of `ACTORS`; None once it is over."""
    if case.disputed:
        return "ruling_conflict"
    if case.registered == "conflict":
        return "register_conflict"
    waiting = WAITING.get((case.side, case.state))
    if case.unread and case.state == "problem":
        waiting = "request"
    if (case.side, case.state) == ("origin", "released") and not case.receipt:
        waiting = "delivery"
    if (case.side, case.state) == ("receiver", "agreed") and case.peer is None:
        waiting = "papers"
    if case.bound == "accepted":
        waiting = _bound(case, waiting)
    waiting = waiting or _supplement(case)
    if waiting is not None and case.held is not None:
        waiting = "lift_hold"
    return waiting


def _bound(case: Case, waiting: str | None) -> str | None:
    """What was accepted before this ledger was restored comes again by itself; a person is needed
    where nobody knows any more which pupil it is."""
    if case.state in ("requested", "problem"):
        return "delivery"
    return "identify" if case.state == "received" and case.pupil is None else waiting


def due_on(case: Case, newest: date) -> date | None:
    """By when whoever must act has to, by the law of the day: the head's decision as it was
    computed for the application, the handing over since the request, the placing in a class since
    the record came. `newest` is the day of the case's last entry: a term runs anew from it."""
    if case.held is not None:
        return None
    waiting = waiting_for(case)
    if waiting == "decide":
        return case.due_on
    if waiting in ("release", "consent", "reissue"):
        return law_on(newest).hand_over_due(newest)
    if waiting == "accept" and case.side != "origin":
        return law_on(newest).placement_due(newest)
    return None


def _sides(office: Office, case: Case) -> tuple[str | None, str | None]:
    """The short names of the ledger left and of the one gone to; None for paper."""
    here = short_name(office.trust, office.ledger.id)
    if case.side == "inside":
        return here, here
    there = short_name(office.trust, case.peer) if case.peer else None
    return (here, there) if case.side == "origin" else (there, here)


def _times(connection: Connection, ledger: UUID, case: UUID) -> tuple[datetime, datetime, int]:
    return begun_and_newest(connection, ids.case_stream(ledger, case))


def _school_left(reader: Reader, case: Case) -> str | None:
    """The school of ours that the pupil leaves or has left; None at the receiver."""
    if case.from_school is not None or case.side != "origin" or case.pupil is None:
        return case.from_school
    pupil = reader.pupils([case.pupil])[case.pupil]
    stays = [change for change in pupil.changes if change.school] if pupil else []
    return max(stays, key=lambda change: (change.on, change.seq)).school if stays else None


def _successor(reader: Reader, case: Case) -> str | None:
    """The school that answers for one of ours which has merged since; None where it has not."""
    ours = case.school_code if case.side != "origin" else _school_left(reader, case)
    if ours is None:
        return None
    now = current(with_successors(reader.units, [ours]), ours, datetime.now(UTC).date())
    return now if now != ours else None


def _supplement(case: Case) -> str | None:
    """For whose decision about a supplement the case waits: ours, or the other side's."""
    open_ = [one for one in case.supplements if one.outcome is None]
    if not open_:
        return None
    return "supplement" if open_[-1].message is not None else "supplement_answer"


def short_name(trust: TrustStore, ledger: UUID) -> str:
    """A ledger's short name, or its id where no trust bundle knows it."""
    try:
        return trust.by_id(ledger).name
    except TrustError:
        return str(ledger)
