"""The reconciliation report (Đối soát): what two ledgers' books say of the transfers between them.

Pure: our cases and theirs, each as its own log states them. A day counts steps as each side
recorded them; what one side cannot know yet (a dossier on its way) is outstanding, not different.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from transfer.statement import StatedCase, Step

Direction = Literal["out", "in"]
"""Records that go from us to them, or come from them to us."""
Kind = Literal[
    "absent_there",  # in our books and not in theirs
    "absent_here",  # in theirs and not in ours
    "closed_here",  # decided in our books, open in theirs
    "closed_there",
    "decisions_differ",
    "digests_differ",
]
STEPS: tuple[Step, ...] = ("requested", "sent", "received", "accepted", "refused", "recalled")
CLOSED = ("accepted", "rejected", "declined")


@dataclass(frozen=True, slots=True)
class Counts:
    """One direction in one side's books: first times of each step, and what was open at the end."""

    steps: dict[Step, int]
    outstanding: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A transfer about which the books differ; the states, None where it is not on record."""

    case: UUID
    kind: Kind
    ours: str | None
    theirs: str | None


@dataclass(frozen=True, slots=True)
class PairReport:
    """Our books and theirs; `theirs` is None where they have not told yet."""

    ours: dict[Direction, Counts]
    theirs: dict[Direction, Counts] | None
    differences: tuple[Difference, ...]

    @property
    def equal(self) -> bool | None:
        """Whether the books agree; None where there is nothing to compare with."""
        return None if self.theirs is None else not self.differences


def pair_report(
    ours: Sequence[StatedCase], theirs: Sequence[StatedCase] | None, *, on: date | None
) -> PairReport:
    """The report of one pair on one day (None: of all days)."""
    return PairReport(
        ours={way: _counts(_going(ours, way), on) for way in ("out", "in")},
        theirs=None
        if theirs is None
        # What goes out of our books comes in in theirs.
        else {"out": _counts(_going(theirs, "in"), on), "in": _counts(_going(theirs, "out"), on)},
        differences=() if theirs is None else tuple(_differences(ours, theirs, on)),
    )


def _going(cases: Iterable[StatedCase], way: Direction) -> list[StatedCase]:
    side = "origin" if way == "out" else "receiver"
    return [case for case in cases if case.side == side]


def _counts(cases: Sequence[StatedCase], on: date | None) -> Counts:
    steps: dict[Step, int] = {
        step: sum(
            case.on(step) is not None and (on is None or case.on(step) == on) for case in cases
        )
        for step in STEPS
    }
    return Counts(steps, sum(_is_open(case, on) for case in cases))


def _is_open(case: StatedCase, on: date | None) -> bool:
    """Whether a transfer had begun and had no end at the end of the day."""
    if on is None:
        return case.state not in CLOSED
    ended = [day for step in ("accepted", "refused") if (day := case.on(step)) is not None]
    begun = min((day for _, day in case.steps), default=None)
    return begun is not None and begun <= on and not any(day <= on for day in ended)


def _differences(
    ours: Sequence[StatedCase], theirs: Sequence[StatedCase], on: date | None
) -> Iterable[Difference]:
    here = {case.case: case for case in ours if _happened(case, on)}
    there = {case.case: case for case in theirs if _happened(case, on)}
    all_here, all_there = {c.case: c for c in ours}, {c.case: c for c in theirs}
    for case in sorted(here.keys() | there.keys()):
        left, right = all_here.get(case), all_there.get(case)
        kind = _kind(left, right)
        if kind is not None:
            yield Difference(
                case, kind, left.state if left else None, right.state if right else None
            )


def _happened(case: StatedCase, on: date | None) -> bool:
    return on is None or any(day == on for _, day in case.steps)


def _kind(ours: StatedCase | None, theirs: StatedCase | None) -> Kind | None:
    if theirs is None or ours is None:
        return "absent_here" if ours is None else "absent_there"
    closed, closed_there = ours.state in CLOSED, theirs.state in CLOSED
    if closed and closed_there and ours.decision != theirs.decision:
        # By a ruling one side may have accepted what the other has back.
        return None if ours.ruling or theirs.ruling else "decisions_differ"
    if closed != closed_there:
        return "closed_here" if closed else "closed_there"
    if ours.digest and theirs.digest and (ours.digest, ours.root) != (theirs.digest, theirs.root):
        return "digests_differ"
    return None
