"""One transfer as this ledger sees it: state and the one `evolve`."""

from datetime import date
from typing import Any, Literal
from uuid import UUID

from ledger.event import Event, Frozen
from ledger.events.case import (
    ApplicationDecided,
    ApplicationReceived,
    CancelReceived,
    CaseDecided,
    CaseReleased,
    CaseRestored,
    DecisionReceived,
    DossierReceived,
    DossierReissued,
    HoldLifted,
    IdentityConfirmed,
    PeerRestored,
    ProblemNoted,
    RecallAsked,
    RecallReceived,
    ReceiptReceived,
    RequestDeclined,
    RequestReceived,
    ReturnOffered,
    ReturnReceived,
    TransferHeld,
    TransferRequested,
)

CaseState = Literal[
    "applied",
    "agreed",
    "refused",
    "requested",
    "declined",
    "released",
    "received",
    "problem",
    "recalling",
    "accepted",
    "rejected",
]


class Case(Frozen):
    """A transfer: our side, the other side, how far it is.

    `state` "problem" means that the last message failed a check and is to be issued again; it
    has moved nothing. "recalling": the origin asked for the record back and has no answer yet.
    `encryption_key` (base64) is where the answer must be sealed to. `peer` is None while the
    history is on paper. `held` is the number of the paper that holds the case, `returns` the
    transfer that this one undoes, `due_on` the last day for whoever must act by law,
    `identity` the fields that a person saw differ and confirmed. `bound` is a decision that was
    told before this ledger was restored: it is made again or not at all. `restored` is the
    incarnation in which the other side came back from a backup, 0 where it never did.
    """

    id: UUID
    side: Literal["origin", "receiver"]
    peer: UUID | None
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
    held: str | None = None
    returns: UUID | None = None
    due_on: date | None = None
    identity: tuple[str, ...] | None = None
    moved_to: UUID | None = None
    bound: Literal["accepted", "rejected"] | None = None
    restored: int = 0

    @classmethod
    def begun(
        cls, id: UUID, side: Literal["origin", "receiver"], peer: UUID | None, **known: Any
    ) -> "Case":
        """A case as it begins; requested unless `known` says otherwise."""
        fields: dict[str, Any] = {
            "state": "requested",
            "pupil": None,
            "their_pupil": None,
            "school_code": None,
            "first_day": None,
            "encryption_key": None,
            **known,
        }
        return cls(id=id, side=side, peer=peer, **fields)

    @property
    def other(self) -> UUID:
        """The ledger on the other side, of a case that has one.

        Raises:
            ValueError: the history is on paper; nobody is there to be told anything.
        """
        if self.peer is None:
            raise ValueError("a transfer from paper has no ledger on the other side")
        return self.peer


def evolve(case: Case | None, event: Event, version: int) -> Case:
    """The case after `event`."""
    del version
    match event:
        case ApplicationReceived():
            return Case.begun(
                event.case,
                "receiver",
                event.from_ledger,
                state="applied",
                pupil=event.pupil,
                school_code=event.school_code,
                first_day=event.first_day,
                due_on=event.due_on,
            )
        case TransferRequested():
            opened = case or Case.begun(event.case, "receiver", event.from_ledger)
            return opened.model_copy(
                update={
                    "state": "requested",
                    "peer": event.from_ledger,
                    "pupil": event.pupil,
                    "school_code": event.school_code,
                    "first_day": event.effective_on,
                    "encryption_key": event.encryption_key,
                    "due_on": None,
                }
            )
        case RequestReceived():
            return Case.begun(
                event.case,
                "origin",
                event.to_ledger,
                their_pupil=event.their_pupil,
                school_code=event.school_code,
                first_day=event.effective_on,
                encryption_key=event.encryption_key,
            )
        case ReturnOffered():
            return Case.begun(
                event.case,
                "origin",
                event.to_ledger,
                their_pupil=event.their_pupil,
                returns=event.returns,
            )
        case ReturnReceived():
            return Case.begun(
                event.case,
                "receiver",
                event.from_ledger,
                pupil=event.pupil,
                their_pupil=event.their_pupil,
                returns=event.returns,
            )
        case RecallReceived():
            return case or Case.begun(event.case, "receiver", event.from_ledger)
        case CancelReceived():
            ended = case or Case.begun(event.case, "origin", event.to_ledger)
            return ended.model_copy(update={"state": "rejected", "failure": (0, event.reason)})
        case CaseReleased():
            return _released(case, event)
        case DossierReceived():
            return _received(case, event)
        case CaseRestored():
            return _restored(case, event)
        case _ if case is None:
            raise ValueError(f"{event.TOPIC} before the case was opened")
        case ApplicationDecided():
            return case.model_copy(
                update={
                    "state": event.decision,
                    "failure": (0, event.reason) if event.reason else None,
                    "due_on": None,
                }
            )
        case IdentityConfirmed():
            return case.model_copy(update={"identity": event.differs, "pupil": event.pupil})
        case PeerRestored():
            return case.model_copy(
                update={
                    "restored": event.incarnation,
                    "encryption_key": None,
                    "issue": event.issue or case.issue,
                    "state": "released" if event.issue and case.state == "problem" else case.state,
                }
            )
        case TransferHeld():
            return case.model_copy(update={"held": event.document})
        case HoldLifted():
            return case.model_copy(update={"held": None})
        case RecallAsked():
            return case.model_copy(update={"state": "recalling", "failure": None})
        case RequestDeclined():
            return case.model_copy(
                update={
                    "state": "declined",
                    "failure": (0, event.reason),
                    "moved_to": event.moved_to,
                }
            )
        case ProblemNoted() if case.state == "recalling":
            return case.model_copy(update={"failure": (event.step, event.code)})
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


def _restored(case: Case | None, event: CaseRestored) -> Case:
    """What the other side told; what we still know ourselves of the same case stays."""
    opened = case or Case.begun(event.case, event.side, event.told_by)
    known = {
        "pupil": event.pupil,
        "their_pupil": event.their_pupil,
        "school_code": event.school_code,
        "first_day": event.first_day,
        "root": event.root,
        "digest": event.digest,
        "returns": event.returns,
    }
    return opened.model_copy(
        update={
            **{name: value for name, value in known.items() if value is not None},
            "state": event.state,
            "bound": event.bound,
            "issue": max(event.issue, opened.issue),
            "failure": (0, event.reason) if event.reason else None,
        }
    )


def _released(case: Case | None, event: CaseReleased) -> Case:
    """A release answers a request, or opens the case itself where the dossier goes by file."""
    opened = case or Case.begun(event.case, "origin", event.to_ledger)
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
    opened = case or Case.begun(event.case, "receiver", event.from_ledger)
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
