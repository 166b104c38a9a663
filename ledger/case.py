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
    LeftForPaper,
    MoveConsented,
    MoveRequested,
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
from ledger.events.ministry import RegisterAnswered, RegisterAsked, RulingDisputed, RulingReceived
from ledger.events.supplement import (
    AwaitedSupplementCame,
    MovedOn,
    SupplementAnswered,
    SupplementAwaited,
    SupplementOutcome,
    SupplementReceived,
    SupplementSent,
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
    "left",
    "follow_up",
]
Side = Literal["origin", "receiver", "inside"]


class CaseRuling(Frozen):
    """The arbiter's ruling about a case: who has custody, and the paper it stands on."""

    custodian: UUID
    number: str
    sha256: str


class Supplement(Frozen):
    """One supplement of a case, sent or received (a side does one of the two): the ledger on the
    other side, what it proposes, and how it was answered (None: not yet)."""

    number: int
    ledger: UUID
    message: str | None
    proposals: tuple[UUID, ...]
    outcome: SupplementOutcome | None


class Awaited(Frozen):
    """Proposals of a ledger that were decided here before a restore, and come again."""

    ledger: UUID
    proposals: tuple[UUID, ...]
    here: bool


class Case(Frozen):
    """A transfer: our side, the other side, how far it is.

    `state` "problem" means that the last message failed a check and is to be issued again; it
    has moved nothing. "recalling": the origin asked for the record back and has no answer yet.
    "left": the pupil went where no ledger is. The side "inside" is that of a move between two
    schools of this ledger, of which `from_school` is the one left.
    `encryption_key` (base64) is where the answer must be sealed to. `peer` is None while the
    history is on paper. `held` is the number of the paper that holds the case, `returns` the
    transfer that this one undoes, `due_on` the last day for whoever must act by law,
    `identity` the fields that a person saw differ and confirmed. `unread` says that it was our
    own request that failed on the other side. `disputed` are the digests of rulings that came
    after `ruling` and differ from it. `registered` is what the custody register has answered, and
    `rival` the other transfer and ledger of a conflict in it. "follow_up": we are no party of
    the transfer, but have the pupil now and got a supplement; `moved_to` is then, and after a
    transfer, where the other side says the pupil went, and `via` by which transfer. `bound` is a
    decision that was told before this ledger was restored: it is made again or not at all.
    `restored` is the incarnation in which the other side came back from a backup, 0 where it
    never did. `awaited` are proposals decided here before this ledger was restored.
    """

    id: UUID
    side: Side
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
    unread: bool = False
    ruling: CaseRuling | None = None
    disputed: tuple[str, ...] = ()
    registered: Literal["asked", "recorded", "conflict"] | None = None
    rival: tuple[UUID, UUID] | None = None
    from_school: str | None = None
    class_code: str | None = None
    via: UUID | None = None
    supplements: tuple[Supplement, ...] = ()
    bound: Literal["accepted", "rejected"] | None = None
    restored: int = 0
    awaited: tuple[Awaited, ...] = ()

    @property
    def owing(self) -> tuple[UUID, ...]:
        """The ledgers from which awaited proposals have not come yet."""
        return tuple(dict.fromkeys(one.ledger for one in self.awaited if not one.here))

    @classmethod
    def begun(cls, id: UUID, side: Side, peer: UUID | None, **known: Any) -> "Case":
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
                    "failure": None,
                    "unread": False,
                }
            )
        case RequestReceived():
            requested = case or Case.begun(event.case, "origin", event.to_ledger)
            return requested.model_copy(
                update={
                    "their_pupil": event.their_pupil,
                    "school_code": event.school_code,
                    "first_day": event.effective_on,
                    "encryption_key": event.encryption_key,
                }
            )
        case MoveRequested():
            moving = case or Case.begun(event.case, "inside", None)
            return moving.model_copy(
                update={
                    "side": "inside",
                    "peer": None,
                    "state": "requested",
                    "pupil": event.pupil,
                    "from_school": event.from_school,
                    "school_code": event.school_code,
                    "class_code": event.class_code,
                    "first_day": event.effective_on,
                    "due_on": None,
                }
            )
        case LeftForPaper():
            return Case.begun(
                event.case,
                "origin",
                None,
                state="left",
                pupil=event.pupil,
                from_school=event.school_code,
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
        case RulingReceived():
            return _ruled(case, event)
        case SupplementReceived():
            return _supplemented(case, event)
        case SupplementAwaited():
            waiting = case or Case.begun(event.case, "receiver", event.author, state="follow_up")
            lost = Awaited(ledger=event.author, proposals=event.proposals, here=False)
            return waiting.model_copy(update={"awaited": (*waiting.awaited, lost)})
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
        case MoveConsented():
            return case.model_copy(update={"state": "released"})
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
        case SupplementSent():
            sent = Supplement(
                number=event.number,
                ledger=event.to_ledger,
                message=None,
                proposals=event.proposals,
                outcome=None,
            )
            return case.model_copy(update={"supplements": (*case.supplements, sent)})
        case SupplementAnswered():
            return _answered(case, event)
        case AwaitedSupplementCame():
            came = tuple(
                one.model_copy(update={"here": True})
                if one.ledger == event.author and set(one.proposals) <= set(event.proposals)
                else one
                for one in case.awaited
            )
            return case.model_copy(update={"awaited": came})
        case MovedOn():
            return case.model_copy(update={"moved_to": event.to_ledger, "via": event.via})
        case ProblemNoted() if case.state == "recalling":
            return case.model_copy(update={"failure": (event.step, event.code)})
        case ProblemNoted():
            return case.model_copy(
                update={
                    "state": "problem",
                    "failure": (event.step, event.code),
                    "unread": case.side == "receiver" and event.direction == "received",
                }
            )
        case DossierReissued() if (
            case.state == "accepted"
        ):  # by a ruling: only the dossier is missing
            return case.model_copy(update={"issue": event.issue})
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
        case RulingDisputed():
            return case.model_copy(update={"disputed": (*case.disputed, event.sha256)})
        case RegisterAsked():
            return case.model_copy(update={"registered": "asked"})
        case RegisterAnswered():
            rival = None
            if event.other_transfer is not None and event.other_ledger is not None:
                rival = (event.other_transfer, event.other_ledger)
            return case.model_copy(update={"registered": event.answer, "rival": rival})
        case _:
            return case


def _ruled(case: Case | None, event: RulingReceived) -> Case:
    """The ruling by itself ends the case for a receiver that has to give custody up; every other
    end is a decision's, which stands beside it."""
    known = case or Case.begun(event.case, event.side, event.other_ledger)
    ruling = CaseRuling(custodian=event.custodian, number=event.number, sha256=event.sha256)
    changed: dict[str, Any] = {"ruling": ruling, "peer": event.other_ledger}
    if event.side == "receiver" and event.custodian == event.other_ledger:
        changed |= {"state": "rejected", "failure": (0, "ruling")}
    return known.model_copy(update=changed)


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
            "unread": False,
            "their_pupil": event.their_pupil,
            "message": event.message,
            "payload_sha256": event.payload_sha256,
            "root": event.root,
            "digest": event.digest,
            "failure": None,
        }
    )


def _supplemented(case: Case | None, event: SupplementReceived) -> Case:
    """A supplement may open the case here: we took the pupil in later, from somebody else."""
    opened = case or Case.begun(
        event.case,
        "receiver",
        event.author,
        state="follow_up",
        pupil=event.pupil,
        their_pupil=event.their_pupil,
    )
    received = Supplement(
        number=event.number,
        ledger=event.author,
        message=event.message,
        proposals=event.proposals,
        outcome=None,
    )
    return opened.model_copy(
        update={
            "pupil": opened.pupil or event.pupil,
            "their_pupil": opened.their_pupil or event.their_pupil,
            "supplements": (*opened.supplements, received),
        }
    )


def _answered(case: Case, event: SupplementAnswered) -> Case:
    known = tuple(
        one.model_copy(update={"outcome": event.outcome}) if one.number == event.number else one
        for one in case.supplements
    )
    failure = (0, event.code) if event.code else None
    return case.model_copy(update={"supplements": known, "failure": failure or case.failure})
