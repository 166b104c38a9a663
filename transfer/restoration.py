"""What a ledger that was restored from a backup makes of what another one tells it: pure decisions.

Of one transfer the two logs can be apart in two ways. What the other side does not know yet is
still on its way, or goes out again: nothing is done here. What it knows and we do not was lost
here, and is put back:

    we receive, it knows    accepted    our acceptance: the dossier is asked for again, and accepted
                                        by rule (`bound`); it is never rejected any more
                            rejected    our rejection, or the end of the case: a tombstone
                            declined    the end of the case
                            open        our request
    it receives and knows   received    our release, which its dossier proves
                            accepted    the same, and the end of the case: custody is there
                            rejected    the end of the case: custody is here

A decision that the two sides have on record differently is nobody's to choose: it blocks, unless
the arbiter has ruled and we hold the ruling.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from ledger.case import Case
from ledger.events.case import CaseRestored
from transfer.cases import answer_missing
from transfer.statement import StatedCase

Code = Literal[
    "decisions_differ",  # the two logs hold different decisions about one transfer
    "release_lost",  # the other side holds a release of ours that nothing here proves
    "unproven",  # entries said to be ours that no release of ours proves
    "conflicting_entry",  # another entry stands here at that place: written on after the restore
    "key_differs",  # another key of the same pupil is here: the entries cannot be read
    "needs_person",  # nothing here tells which pupil of ours a transfer is about
]
BLOCKING: frozenset[Code] = frozenset({"decisions_differ", "release_lost", "conflicting_entry"})
"""Findings that keep the fence up until a person or the arbiter has settled them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a person has to look at; `about` is a transfer or a pupil."""

    code: Code
    about: UUID


@dataclass(frozen=True, slots=True)
class Restoration:
    """What is to be done about one transfer: what the case's stream is told, a decision for the
    table of decisions, whether custody comes back here, whether the dossier has to be sent again
    (the key of our request may be lost), what a person has to look at."""

    event: CaseRestored | None = None
    decision: Literal["accepted", "rejected"] | None = None
    undo_release: bool = False
    wants: bool = False
    finding: Finding | None = None


NOTHING = Restoration()


def restore_case(
    ours: Case | None,
    theirs: StatedCase,
    *,
    teller: UUID,
    pupils: Collection[UUID],
    releases: Collection[UUID],
    proven: bool,
    today: date,
) -> Restoration:
    """What we make of one transfer that `teller` states. `pupils` are those of ours that are on
    record here, `releases` the transfers of which our log holds the release; `proven`: an
    acceptance of ours bears our own seal. Without one a person says whom it is about."""
    if ours is not None and (ours.peer != teller or ours.side == theirs.side):
        return Restoration(finding=Finding("decisions_differ", theirs.case))
    if ours is not None and answer_missing(ours) and theirs.state == "rejected":
        # Who has rejected can never accept: its own word is stronger than a ruling for it.
        return _as_origin(ours, theirs, teller, releases, today)
    if ours is not None and ours.state in ("accepted", "rejected", "declined"):
        known, told = ours.bound or ours.state, theirs.decision
        differ = told is not None and known != "declined" and known != told
        if differ and ours.ruling is None:
            return Restoration(finding=Finding("decisions_differ", theirs.case))
        return NOTHING
    accepted_here = theirs.side == "origin" and theirs.state == "accepted"
    ruled = ours.ruling if ours is not None else None
    # A ruling that gave us the record does not bring it: what we had taken in was lost with it.
    if ours is not None and ruled is not None and not (accepted_here and ruled.custodian != teller):
        return Restoration(wants=ours.state in ("requested", "problem") and _is_out(theirs))
    if theirs.side == "origin":
        known_pupils = pupils if proven or theirs.state != "accepted" else ()
        return _as_receiver(ours, theirs, teller, known_pupils, today)
    return _as_origin(ours, theirs, teller, releases, today)


def _as_receiver(
    ours: Case | None, theirs: StatedCase, teller: UUID, pupils: Collection[UUID], today: date
) -> Restoration:
    pupil = theirs.their_pupil if theirs.their_pupil in pupils else None
    if ours is not None and ours.pupil is not None:
        pupil = ours.pupil
    unknown = Finding("needs_person", theirs.case) if pupil is None else None
    match theirs.state:
        case "accepted":
            if ours is not None and ours.bound == "accepted":
                return Restoration(finding=unknown)
            held = ours is not None and ours.state == "received"
            event = _told(
                theirs, teller, today, "received" if held else "requested", pupil, bound=True
            )
            return Restoration(event=event, finding=unknown)
        case "rejected":
            event = _told(theirs, teller, today, "rejected", pupil)
            return Restoration(event=event, decision="rejected")
        case "declined":
            return Restoration(event=_told(theirs, teller, today, "declined", pupil))
        case _ if ours is None or ours.state in ("applied", "agreed"):
            event = _told(theirs, teller, today, "requested", pupil)
            return Restoration(event=event, wants=_is_out(theirs), finding=unknown)
        case _:
            return Restoration(wants=ours.state in ("requested", "problem") and _is_out(theirs))


def _is_out(theirs: StatedCase) -> bool:
    """Whether a dossier was on its way, or may have been here and is lost."""
    return theirs.state in ("released", "problem", "recalling")


def _as_origin(
    ours: Case | None, theirs: StatedCase, teller: UUID, releases: Collection[UUID], today: date
) -> Restoration:
    pupil = ours.pupil if ours is not None and ours.pupil is not None else theirs.their_pupil
    known = theirs.case in releases
    begun = ours is not None and ours.state in ("released", "problem", "recalling")
    match theirs.state:
        case "accepted" | "received" if not known:
            return Restoration(finding=Finding("release_lost", theirs.case))
        case "accepted":
            return Restoration(event=_told(theirs, teller, today, "accepted", pupil))
        case "received" if not begun:
            return Restoration(event=_told(theirs, teller, today, "released", pupil))
        case "rejected":
            event = _told(theirs, teller, today, "rejected", pupil)
            return Restoration(event=event, undo_release=known)
        case "declined":
            return Restoration(event=_told(theirs, teller, today, "declined", pupil))
        case "problem" if ours is None:
            return Restoration(event=_told(theirs, teller, today, "requested", None))
        case _:
            return NOTHING


def _told(
    theirs: StatedCase,
    teller: UUID,
    today: date,
    state: Literal["requested", "declined", "released", "received", "accepted", "rejected"],
    pupil: UUID | None,
    *,
    bound: bool = False,
) -> CaseRestored:
    return CaseRestored(
        effective_on=today,
        case=theirs.case,
        told_by=teller,
        side="receiver" if theirs.side == "origin" else "origin",
        state=state,
        bound="accepted" if bound else None,
        pupil=pupil,
        their_pupil=theirs.pupil,
        school_code=theirs.school_code,
        first_day=theirs.first_day,
        root=theirs.root,
        digest=theirs.digest,
        issue=theirs.issue,
        returns=theirs.returns,
        reason=theirs.reason,
    )
