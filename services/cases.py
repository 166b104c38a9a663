"""A transfer as answers show it: the contract's object for one case."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from ledger import ids
from ledger.case import Case
from ledger.database import Connection
from ledger.reader import Reader
from signing.errors import TrustError
from signing.truststore import TrustStore
from transfer.cases import all_cases, begun_and_newest, require_case
from transfer.office import Office

_WAITING = {
    ("receiver", "applied"): "decide",
    ("receiver", "agreed"): "request",
    ("receiver", "requested"): "release",
    ("origin", "requested"): "release",
    ("origin", "released"): "accept",
    ("receiver", "received"): "accept",
    ("receiver", "problem"): "reissue",
    ("origin", "problem"): "reissue",
    ("origin", "recalling"): "recall_answer",
}
OURS = {
    "origin": frozenset({"release", "reissue", "lift_hold"}),
    "receiver": frozenset({"decide", "request", "accept", "identify", "lift_hold"}),
}
"""What a person of this ledger can do, by the side it is on; all else waits for the other side."""


def case_answer(office: Office, case_id: UUID) -> dict[str, Any]:
    """One case. Raises NotFound(`unknown_case`)."""
    with office.ledger.database.connection() as connection:
        reader = Reader(connection, office.ledger.keyring, office.ledger.id)
        return _answer(office, connection, require_case(reader, case_id))


def case_answers(office: Office) -> list[dict[str, Any]]:
    """Every case, the oldest first."""
    with office.ledger.database.connection() as connection:
        return [_answer(office, connection, case) for case in all_cases(connection)]


def _answer(office: Office, connection: Connection, case: Case) -> dict[str, Any]:
    stream = ids.case_stream(office.ledger.id, case.id)
    first, position = begun_and_newest(connection, stream)
    here = short_name(office.trust, office.ledger.id)
    there = short_name(office.trust, case.peer) if case.peer else None
    origin, receiver = (here, there) if case.side == "origin" else (there, here)
    waiting = _WAITING.get((case.side, case.state))
    if case.side == "origin" and case.state == "released" and not case.receipt:
        waiting = "delivery"
    if case.bound == "accepted" and case.pupil is None and case.state == "received":
        waiting = "identify"
    if waiting is not None and case.held is not None:
        waiting = "lift_hold"
    failure = None
    if case.failure is not None:
        failure = {"step": case.failure[0] or None, "code": case.failure[1]}
    return {
        "case": str(case.id),
        "state": case.state,
        "from": origin,
        "to": receiver,
        "side": case.side,
        "pupil": str(case.pupil) if case.pupil else None,
        "position": position,
        "waiting_for": waiting,
        "age_days": (datetime.now(UTC) - first).days,
        "root": case.root,
        "transcript_digest": case.digest,
        "receipt": case.receipt,
        "held_by": case.held,
        "returns": str(case.returns) if case.returns else None,
        "restored": case.restored or None,
        "due_on": case.due_on.isoformat() if case.due_on else None,
        "differs": list(case.identity) if case.identity is not None else None,
        "moved_to": short_name(office.trust, case.moved_to) if case.moved_to else None,
        "failure": failure,
    }


def short_name(trust: TrustStore, ledger: UUID) -> str:
    """A ledger's short name, or its id where no trust bundle knows it."""
    try:
        return trust.by_id(ledger).name
    except TrustError:
        return str(ledger)
