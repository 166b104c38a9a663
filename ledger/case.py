"""One transfer as this ledger sees it: state and the one `evolve`."""

from datetime import date
from typing import Literal
from uuid import UUID

from ledger.event import Event, Frozen
from ledger.events.case import (
    CaseDecided,
    CaseReleased,
    DecisionReceived,
    DossierReceived,
    DossierReissued,
    ProblemNoted,
    ReceiptReceived,
    RequestDeclined,
    RequestReceived,
    TransferRequested,
)

CaseState = Literal[
    "requested", "released", "received", "accepted", "rejected", "declined", "problem"
]


class Case(Frozen):
    """A transfer: our side, the other side, how far it is.

    `state` "problem" means that the last message failed a check and is to be issued again; it
    has moved nothing. `encryption_key` (base64) is where the answer must be sealed to.
    """

    id: UUID
    side: Literal["origin", "receiver"]
    peer: UUID
    state: CaseState
    pupil: UUID | None
    their_pupil: UUID | None
    school_code: str | None
    first_day: date | None
    encryption_key: str | None
    root: str | None = None
    digest: str | None = None
    message: str | None = None
    payload_sha256: str | None = None
    issue: int = 0
    failure: tuple[int, str] | None = None
    receipt: bool = False


def evolve(case: Case | None, event: Event, version: int) -> Case:
    """The case after `event`."""
    del version
    match event:
        case TransferRequested():
            return Case(
                id=event.case,
                side="receiver",
                peer=event.from_ledger,
                state="requested",
                pupil=event.pupil,
                their_pupil=None,
                school_code=event.school_code,
                first_day=event.effective_on,
                encryption_key=event.encryption_key,
            )
        case RequestReceived():
            return Case(
                id=event.case,
                side="origin",
                peer=event.to_ledger,
                state="requested",
                pupil=None,
                their_pupil=event.their_pupil,
                school_code=event.school_code,
                first_day=event.effective_on,
                encryption_key=event.encryption_key,
            )
        case CaseReleased():
            return _released(case, event)
        case DossierReceived():
            return _received(case, event)
        case _ if case is None:
            raise ValueError(f"{event.TOPIC} before the case was opened")
        case RequestDeclined():
            return case.model_copy(update={"state": "declined", "failure": (0, event.reason)})
        case ProblemNoted():
            return case.model_copy(update={"state": "problem", "failure": (event.step, event.code)})
        case DossierReissued():
            return case.model_copy(
                update={"state": "released", "issue": event.issue, "failure": None}
            )
        case ReceiptReceived():
            return case.model_copy(update={"receipt": True})
        case CaseDecided():
            return case.model_copy(
                update={
                    "state": event.decision,
                    "pupil": event.pupil or case.pupil,
                    "failure": (0, event.reason) if event.reason else None,
                }
            )
        case DecisionReceived():
            return case.model_copy(
                update={
                    "state": event.decision,
                    "failure": (0, event.reason) if event.reason else None,
                }
            )
        case _:
            return case


def _released(case: Case | None, event: CaseReleased) -> Case:
    """A release answers a request, or opens the case itself where the dossier goes by file."""
    opened = case or Case(
        id=event.case,
        side="origin",
        peer=event.to_ledger,
        state="released",
        pupil=event.pupil,
        their_pupil=None,
        school_code=None,
        first_day=None,
        encryption_key=None,
    )
    return opened.model_copy(
        update={
            "state": "released",
            "pupil": event.pupil,
            "root": event.root,
            "digest": event.digest,
            "issue": 1,
        }
    )


def _received(case: Case | None, event: DossierReceived) -> Case:
    """A dossier answers our request, or opens the case itself where it came by file."""
    opened = case or Case(
        id=event.case,
        side="receiver",
        peer=event.from_ledger,
        state="received",
        pupil=None,
        their_pupil=event.their_pupil,
        school_code=None,
        first_day=None,
        encryption_key=None,
    )
    return opened.model_copy(
        update={
            "state": "received",
            "their_pupil": event.their_pupil,
            "message": event.message,
            "payload_sha256": event.payload_sha256,
            "root": event.root,
            "digest": event.digest,
            "failure": None,
        }
    )
