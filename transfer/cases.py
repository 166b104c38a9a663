"""Cases: their streams, how they are looked up, and what every step of one leaves behind."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from ledger import ids
from ledger.case import Case
from ledger.database import Connection
from ledger.errors import NotFound
from ledger.event import StreamKind
from ledger.ids import uuid7
from ledger.plan import Outgoing
from ledger.queries import queries
from ledger.reader import Reader
from ledger.recorder import StreamRef
from transfer.kinds import FINAL_KINDS

_SQL = queries("transfer", "transfer.sql")
BY_RULING: Final = "ruling"
"""The reason of a decision that the arbiter's ruling made."""

Write = Callable[[Connection, int], None]


def case_ref(reader: Reader, case: UUID, person: UUID | None) -> StreamRef:
    """Our stream of a transfer; what is personal in it is sealed under `person`'s key."""
    return reader.ref(ids.case_stream(reader.ledger, case), StreamKind.CASE, person=person)


def person_of(case: Case) -> UUID | None:
    """Under whose key personal words in the case's stream are sealed: our pupil, else the id that
    the other side asked with."""
    return case.pupil or case.their_pupil


def require_case(reader: Reader, case: UUID) -> Case:
    """The case as we see it. Raises NotFound(`unknown_case`)."""
    found = reader.case(case)
    if found is None:
        raise NotFound("unknown_case", f"there is no transfer {case} here")
    return found


def all_cases(connection: Connection) -> list[Case]:
    """Every case, the oldest first."""
    rows = connection.execute(_SQL["cases"]).fetchall()
    return [Case.model_validate_json(row[1]) for row in rows]


def cases_about(connection: Connection, pupil: UUID) -> list[Case]:
    """The cases that were begun here about a pupil of ours, the oldest first."""
    rows = connection.execute(_SQL["cases_about"], {"person": pupil}).fetchall()
    return [Case.model_validate_json(row[0]) for row in rows]


def cases_in(connection: Connection, side: str, *states: str) -> list[Case]:
    """The cases in which we are on that side, in one of these states, the oldest first."""
    named = {"side": side, "states": list(states)}
    rows = connection.execute(_SQL["cases_in"], named).fetchall()
    return [Case.model_validate_json(row[0]) for row in rows]


def begun_and_newest(connection: Connection, stream: UUID) -> tuple[datetime, datetime, int]:
    """When a case's first entry and its newest were recorded, and the position of the newest."""
    row = connection.execute(_SQL["case_times"], {"stream": stream}).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def outbox_states(connection: Connection) -> dict[str, int]:
    """How many messages are in each state."""
    return dict(connection.execute(_SQL["outbox_states"]).fetchall())


def register_states(connection: Connection) -> dict[str, int]:
    """How many transfers the custody register has answered how: asked, recorded, conflict."""
    return dict(connection.execute(_SQL["register_states"]).fetchall())


def unanswered(connection: Connection) -> list[tuple[str, str, str, datetime]]:
    """Open transfers, oldest first: id, our side, state, the instant of the newest entry."""
    return connection.execute(_SQL["unanswered"]).fetchall()


def answer_missing(case: Case) -> bool:
    """Whether a ruling in the receiver's favour closed the origin's case before the receiver's own
    answer came. Its acceptance is then noted, its rejection counts, for who has rejected can never
    accept; and until then the dossier may be issued again."""
    return case.state == "accepted" and case.failure == (0, BY_RULING)


def request_secret(case: UUID) -> str:
    """The vault's name of the one-time key of a request."""
    return f"request/{case}"


def message(
    case: UUID,
    receiver: UUID,
    kind: str,
    *,
    issue: int = 1,
    content: dict[str, Any] | None = None,
    after: int = 0,
) -> Outgoing:
    """Something to be told. `content` holds nothing personal: it waits in clear."""
    return Outgoing(uuid7(), case, receiver, kind, issue, content or {}, after)


def next_issue(reader: Reader, case: UUID, kind: str) -> int:
    """The number of the next message of this kind in a case (unique for each ledger)."""
    row = reader.connection.execute(_SQL["next_issue"], {"case": case, "kind": kind}).fetchone()
    assert row is not None
    issue: int = row[0]
    return issue


def answered(case: UUID, kinds: Sequence[str]) -> Write:
    """Marks our messages of these kinds as answered, inside the transaction."""

    def write(connection: Connection, first: int) -> None:
        del first
        connection.execute(_SQL["answered"], {"case": case, "kinds": list(kinds)})

    return write


def answered_message(told: UUID) -> Write:
    """Marks one message of ours as answered, inside the transaction."""

    def write(connection: Connection, first: int) -> None:
        del first
        connection.execute(_SQL["answered_message"], {"message": told})

    return write


def answered_issue(case: UUID, kind: str, issue: int) -> Write:
    """The same of one message of ours."""

    def write(connection: Connection, first: int) -> None:
        del first
        connection.execute(_SQL["answered_issue"], {"case": case, "kind": kind, "issue": issue})

    return write


def repeat(connection: Connection, case: UUID, kinds: Sequence[str]) -> None:
    """The same question gets the same answer: it goes out again, byte for byte."""
    connection.execute(
        _SQL["repeat_answers"], {"case": case, "kinds": list(kinds), "final": list(FINAL_KINDS)}
    )


def decide_once(case: UUID, decision: str, told: UUID) -> Write:
    """Writes the one decision of a transfer; a second one cannot be."""

    def write(connection: Connection, first: int) -> None:
        del first
        connection.execute(
            _SQL["put_decision"], {"case": case, "decision": decision, "message": told}
        )

    return write
