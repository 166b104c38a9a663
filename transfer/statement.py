"""What one ledger tells another of the transfers between them, and of what it holds of the other's.

    ask      `asks`, `since`, `wants`,    what the asker recorded after `since` was lost to
             `wants_supplements`         it; dossiers of the transfers in `wants` go again, and
                                         proposals about which the asker had decided
    answer   `part`, `last`, `cases`, `records`, `supplements`, `mails`

An answer comes in parts, each bounded in size; it is about the log as it stood when it was sealed.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from ledger import envelope
from ledger.case import Case, CaseState
from ledger.database import Connection
from ledger.event import Event, Frozen
from ledger.events import case as said
from ledger.events.supplement import SupplementOutcome
from ledger.identity_check import vietnamese_day
from ledger.queries import queries
from transfer.bodies import Body
from transfer.dossier import CarriedEntry, CarriedKey, Hop
from transfer.message import Instant

_SQL = queries("transfer", "recovery.sql")
CASES_IN_PART = 100
WANTS_IN_ASK = 500

Step = Literal["requested", "sent", "received", "accepted", "refused", "recalled"]


class StatedCase(Frozen):
    """One transfer as the ledger that states it sees it: `pupil` is its own, `their_pupil` that
    of the ledger it tells. `steps` are the first days of what happened, as recorded there.

    `proof` (base64 of a JWS) is the acceptance that the ledger told signed itself: it may have lost
    it, and need not believe that it ever was. `ruling` is the number of the arbiter's paper about
    the transfer that the ledger which states it holds: by one the two sides may end differently."""

    case: UUID
    side: Literal["origin", "receiver"]
    state: CaseState
    pupil: UUID | None
    their_pupil: UUID | None
    school_code: str | None
    first_day: date | None
    root: str | None
    digest: str | None
    issue: int
    returns: UUID | None
    reason: str | None
    steps: tuple[tuple[Step, date], ...]
    proof: str | None
    ruling: str | None

    @property
    def decision(self) -> Literal["accepted", "rejected"] | None:
        """What the receiver decided, where the teller knows it."""
        match self.state:
            case "accepted" | "rejected":
                return self.state
            case _:
                return None

    def on(self, step: Step) -> date | None:
        """The first day of a step."""
        return dict(self.steps).get(step)


class StatedSupplement(Frozen):
    """One supplement between two ledgers: `author` proposed, the other one decides."""

    case: UUID
    author: UUID
    number: int
    proposals: tuple[UUID, ...]
    outcome: SupplementOutcome | None


class LostRecord(Frozen):
    """What the teller holds of one pupil of the asker: entries that the asker wrote after
    `since`, and the releases that prove them."""

    pupil: UUID
    hops: tuple[Hop, ...]
    entries: tuple[CarriedEntry, ...]
    keys: tuple[CarriedKey, ...]


class ReconcileBody(Body):
    """The payload of `reconcile`; `transfer_id` is the question's id, the same in its answer.

    `mails` (base64 of a JWS) are supplements that the ledger told signed itself, `rulings` (JWS)
    what the arbiter ruled about transfers between the two, or, for the ministry, all of them."""

    asks: bool
    since: Instant | None
    wants: tuple[UUID, ...] = Field(max_length=WANTS_IN_ASK)
    part: int = Field(ge=1)
    last: int = Field(ge=1)
    cases: tuple[StatedCase, ...]
    records: tuple[LostRecord, ...]
    supplements: tuple[StatedSupplement, ...] = ()
    mails: tuple[str, ...] = ()
    rulings: tuple[str, ...] = ()
    wants_supplements: tuple[UUID, ...] = Field(default=(), max_length=WANTS_IN_ASK)


def state_supplements(cases: Iterable[Case], *, ours: UUID, told: UUID) -> list[StatedSupplement]:
    """The supplements of these cases between us and the ledger that is told of them."""
    return [
        StatedSupplement(
            case=case.id,
            author=ours if one.message is None else told,
            number=one.number,
            proposals=one.proposals,
            outcome=one.outcome,
        )
        for case in cases
        for one in case.supplements
        if one.ledger == told
    ]


def state_cases(
    connection: Connection,
    cases: Sequence[tuple[UUID, Case]],
    *,
    proofs: Mapping[UUID, str],
) -> list[StatedCase]:
    """Cases, by the stream of each, as another ledger is told of them; `proofs` by case."""
    steps: dict[UUID, dict[Step, date]] = {stream: {} for stream, _ in cases}
    rows = connection.execute(_SQL["steps_of"], {"streams": list(steps)}).fetchall()
    for stream, recorded_at, _, body in rows:
        for step in _steps(envelope.decode(body).event()):
            steps[stream].setdefault(step, vietnamese_day(recorded_at))
    return [_stated(case, steps[stream], proofs.get(case.id)) for stream, case in cases]


def _stated(case: Case, steps: dict[Step, date], proof: str | None) -> StatedCase:
    assert case.side != "inside", "a move inside one ledger has no other side"
    return StatedCase(
        case=case.id,
        side=case.side,
        state=case.bound or case.state,
        pupil=case.pupil,
        their_pupil=case.their_pupil,
        school_code=case.school_code,
        first_day=case.first_day,
        root=case.root,
        digest=case.digest,
        issue=case.issue,
        returns=case.returns,
        reason=case.failure[1] if case.failure else None,
        steps=tuple(steps.items()),
        proof=proof,
        ruling=case.ruling.number if case.ruling else None,
    )


def _steps(event: Event) -> Iterable[Step]:
    """What an entry of a case's stream says happened."""
    match event:
        case said.TransferRequested() | said.RequestReceived():
            return ("requested",)
        case said.CaseReleased():
            return ("sent",)
        case said.DossierReceived() | said.ReceiptReceived():
            return ("received",)
        case said.CaseDecided() | said.DecisionReceived():
            return ("accepted",) if event.decision == "accepted" else ("refused",)
        case said.RequestDeclined() | said.CancelReceived():
            return ("refused",)
        case said.RecallAsked() | said.RecallReceived():
            return ("recalled",)
        case said.CaseRestored():
            return _RESTORED.get(event.bound or event.state, ())
        case _:
            return ()


_RESTORED: dict[str, tuple[Step, ...]] = {
    "requested": ("requested",),
    "released": ("sent",),
    "received": ("received",),
    "accepted": ("sent", "received", "accepted"),
    "rejected": ("refused",),
    "declined": ("refused",),
}


def cases_with(connection: Connection, ledger: UUID) -> list[tuple[int, UUID, Case]]:
    """The transfers between us and a ledger: (number of the stream, its id, the case)."""
    rows: list[tuple[int, UUID, Any]] = connection.execute(
        _SQL["cases_with"], {"ledger": str(ledger)}
    ).fetchall()
    return [(number, stream, Case.model_validate_json(body)) for number, stream, body in rows]


def cases_with_supplements(connection: Connection, ledger: UUID) -> list[tuple[int, Case]]:
    """The cases with supplements between us and a ledger: (number of the stream, the case)."""
    rows: list[tuple[int, Any]] = connection.execute(
        _SQL["supplements_with"], {"ledger": str(ledger)}
    ).fetchall()
    return [(number, Case.model_validate_json(body)) for number, body in rows]
