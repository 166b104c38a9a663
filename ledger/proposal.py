"""Proposals: facts that a ledger without custody offers, and when they count.

A `Proposed` entry counts nowhere by itself. It counts once a ledger with custody has accepted it
(`SupplementDecided`), as the fact it states, at its own version in its author's pupil-year, and
with the hop of the acceptance: so everybody who holds both folds the same.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ledger.event import Event, Note, Sealed
from ledger.events.pupil_year import (
    AbsencesCounted,
    AssessmentAdapted,
    CommentWritten,
    ConductAssessed,
    ElectivesChosen,
    MarkCorrected,
    MarkEntered,
    MentionRecorded,
    PeriodClosed,
    Proposed,
    QualityAssessed,
    SubjectExempted,
    YearDecision,
)
from ledger.pupil import Pupil

PROPOSABLE: Final[Mapping[str, type[Event]]] = {
    kind.TOPIC: kind
    for kind in (
        *(MarkEntered, MarkCorrected, CommentWritten, ConductAssessed, AbsencesCounted),
        *(PeriodClosed, YearDecision, QualityAssessed, SubjectExempted, AssessmentAdapted),
        *(ElectivesChosen, MentionRecorded),
    )
}
"""What can be proposed: facts about a year. Its frame, results from paper, reopenings and what was
sent to other systems are for whoever has custody."""

_ADDED_UP = (YearDecision, SubjectExempted, MentionRecorded)
"""Facts that stand beside each other: the same one twice would count twice."""


def unfold(proposed: Proposed) -> Event:
    """The fact that is proposed; its free text stays sealed as the proposal's.

    Raises:
        ValueError: nothing of that topic can be proposed, or its facts are not those of the topic
            or of the proposal's day.
    """
    model = PROPOSABLE.get(proposed.topic)
    if model is None:
        raise ValueError(f"{proposed.topic} cannot be proposed")
    text: dict[str, Note | Sealed | None] = {}
    if "statutory" in model.model_fields:
        text["statutory"] = proposed.statutory
    elif proposed.statutory is not None:
        raise ValueError(f"{proposed.topic} has no text")
    day = {"effective_on": proposed.effective_on}
    event = model.model_validate({**day, **proposed.facts, **text})
    if event.effective_on != proposed.effective_on:
        raise ValueError("the fact is of another day than the proposal")
    return event


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a proposal: accepted (`reason` None) or refused; `hop` as in
    `contribution.Contribution`, of the entry that decided."""

    reason: str | None
    hop: int

    @property
    def accepted(self) -> bool:
        """Whether it counts."""
        return self.reason is None


Decisions = Mapping[tuple[UUID, UUID], Decided]
"""By (author, proposal): who proposes chooses the id, and must not choose another's."""


def decisions_of(own: Pupil, others: Iterable[Pupil]) -> dict[tuple[UUID, UUID], Decided]:
    """What was decided about proposals, from this ledger's own record and those of `others` as far
    as a release covers them. Of two decisions about one proposal the earlier in the order of
    custody stands."""
    found = [
        (hop, record.id, ruling.version, ruling)
        for record in (own, *others)
        if record is own or own.hops(record.id)
        for ruling in record.rulings
        if (hop := _hop(own, record, ruling.version)) is not None
    ]
    decided: dict[tuple[UUID, UUID], Decided] = {}
    for hop, _, _, ruling in sorted(found, key=lambda one: one[:3]):
        decided.setdefault((ruling.author, ruling.proposal), Decided(ruling.reason, hop))
    return decided


def _hop(own: Pupil, record: Pupil, version: int) -> int | None:
    for last, hop in own.hops(record.id):
        if version <= last:
            return hop
    return len(own.coverings) if record is own else None


@dataclass(frozen=True, slots=True)
class Counted:
    """What counts of one ledger's pupil-year: (event, version) in order, accepted proposals as the
    facts they state; `covered` and `accepted` as in `contribution.Contribution`."""

    entries: Sequence[tuple[Event, int]]
    covered: tuple[tuple[int, int], ...]
    accepted: tuple[tuple[int, int], ...]


def count(
    written: Sequence[tuple[Event, int]],
    *,
    author: UUID,
    native: bool,
    covered: tuple[tuple[int, int], ...],
    decisions: Decisions,
) -> Counted | None:
    """What counts of a pupil-year of `author` whose entries are `written` (event, version).

    `native`: this ledger's own, which counts whole. Of another ledger's counts what a release
    covers (`covered` as `Pupil.hops` gives it) and what was accepted; where none covers it, its
    frame with what was accepted. None where nothing does.
    """
    proposed = {e.proposal: v for e, v in reversed(written) if isinstance(e, Proposed)}
    accepted = {
        version: decided.hop
        for proposal, version in sorted(proposed.items(), key=lambda one: one[1])
        if (decided := decisions.get((author, proposal))) is not None and decided.accepted
    }
    last = covered[-1][0] if covered else 0
    if not (native or last or accepted):
        return None
    if not (native or last):
        covered = ((1, min(accepted.values())),)
        last = 1
    within = written if native else [w for w in written if w[1] <= last or w[1] in accepted]
    return Counted(tuple(_facts(within, accepted)), covered, tuple(accepted.items()))


def _facts(
    written: Sequence[tuple[Event, int]], accepted: Mapping[int, int]
) -> Iterator[tuple[Event, int]]:
    stated: set[str] = set()
    for event, version in written:
        told = event
        if version in accepted and isinstance(event, Proposed):
            told = unfold(event)
        if isinstance(told, _ADDED_UP):
            fact = told.TOPIC + told.model_dump_json(exclude={"statutory"})
            if told is not event and fact in stated:
                continue
            stated.add(fact)
        yield told, version
