"""A naive count of pupils and their movements, from the contract's rules of reading alone.

Every question goes through the pupil's days from the first movement on, on what was known at the
position; no segment, stay or table is kept.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from tests.simulation.naive import Fact, NaivePupil
from tests.simulation.naive_units import NaiveTree

LEAVINGS = {
    **{"leave": "withdrawn", "withdraw": "withdrawn", "abroad": "withdrawn"},
    **{"transfer_out": "out", "release": "out"},
    **{"complete": "completed", "deceased": "deceased"},
}
COMINGS = {
    **{"start": "new", "mid_year": "new", "intake": "new"},
    **{"return": "returned", "transfer_in": "in", "class_change": "in"},
}
FIGURES = (
    *("start", "new", "in", "returned", "out", "withdrawn", "completed", "deceased"),
    *("end", "in_transit"),
)


@dataclass(frozen=True)
class Move:
    """A coming, going or pause: of a going `school` is where the pupil was on the list."""

    position: int
    on: date
    kind: str
    school: str
    class_code: str | None
    grade: int


@dataclass(frozen=True)
class Counted:
    """Where a pupil counts at the end of a day; `waiting` is the school of a provisional stay,
    `left` the last school and how it was left, `arrived` and `gone` what the day brought."""

    school: str | None = None
    grade: int = 0
    waiting: str | None = None
    last: str | None = None
    left: str | None = None
    arrived: tuple[tuple[str, str], ...] = ()
    gone: str | None = None


@dataclass
class MovingPupil:
    """A pupil and everything ever recorded of the stay."""

    name: str
    sex: str
    moves: list[Move] = field(default_factory=list)
    undone: dict[int, int] = field(default_factory=dict)
    """Position of a move to that of the entry which took it back."""
    accepted: list[int] = field(default_factory=list)
    """Positions at which papers that a provisional stay waited for were accepted."""
    away: bool = False

    def known(self, position: int) -> list[Move]:
        """What is on record at a position, in the order in which it decides."""
        found = [
            self._admitted(move, position)
            for move in self.moves
            if move.position <= position
            and not self.undone.get(move.position, position + 1) <= position
        ]
        return sorted(found, key=lambda move: (move.on, move.position))

    def _admitted(self, move: Move, position: int) -> Move:
        admitted = any(move.position < at <= position for at in self.accepted)
        if move.kind == "provisional" and admitted:
            return replace(move, kind="transfer_in")
        return move

    def listed(self, position: int) -> NaivePupil:
        """The pupil as the class lists have it."""
        return NaivePupil(
            self.name,
            [
                Fact(
                    *(move.position, move.on, "move"),
                    {"kind": move.kind, "school": move.school, "class_code": move.class_code},
                )
                for move in self.known(position)
            ],
        )

    def days(self, tree: NaiveTree, position: int, until: date) -> list[tuple[date, Counted]]:
        """The days on which something was recorded, up to `until`, with the end of each."""
        found: list[tuple[date, Counted]] = []
        here = Counted()
        for move in self.known(position):
            if move.on > until:
                break
            if not found or found[-1][0] != move.on:
                found.append((move.on, here))
                here = replace(here, arrived=(), gone=None)
            here = _after(here, move, tree, position)
            found[-1] = (move.on, here)
        return found

    def counted(self, tree: NaiveTree, position: int, on: date) -> Counted:
        """Where the pupil counts on a day."""
        days = self.days(tree, position, on)
        return days[-1][1] if days else Counted()


def _after(here: Counted, move: Move, tree: NaiveTree, position: int) -> Counted:
    """A provisional stay counts nowhere, nor what happens in it, and ends nothing elsewhere."""

    def is_at(school: str | None) -> bool:
        return school is not None and tree.same(school, move.school, position, move.on)

    if move.kind == "provisional":
        return replace(here, waiting=None if is_at(here.school) else move.school)
    if move.kind in ("suspend", "resume"):
        return here
    if move.kind in LEAVINGS:
        if move.kind != "release" and is_at(here.waiting):
            return replace(here, waiting=None)
        waiting = None if move.kind == "release" else here.waiting
        return replace(here, school=None, waiting=waiting, left=move.kind, gone=move.kind)
    if move.kind == "class_change" and is_at(here.waiting):
        return replace(here, waiting=move.school)
    return replace(
        here,
        school=move.school,
        grade=move.grade,
        waiting=None,
        last=move.school,
        left=None,
        arrived=(*here.arrived, (move.kind, move.school)),
    )


def headcount(
    pupils: Iterable[MovingPupil], tree: NaiveTree, position: int, on: date
) -> Counter[tuple[str, int, str]]:
    """(unit, grade, sex) to pupils."""
    found: Counter[tuple[str, int, str]] = Counter()
    for pupil in pupils:
        here = pupil.counted(tree, position, on)
        if here.school is not None:
            for unit in tree.path(here.school, position, on):
                found[unit, here.grade, pupil.sex] += 1
    return found


def movement(
    pupils: Iterable[MovingPupil], tree: NaiveTree, position: int, on: date
) -> dict[str, dict[str, int]]:
    """Figures by unit, from 31 July before to the day."""
    since = date(on.year if on.month >= 8 else on.year - 1, 7, 31)
    found: dict[str, Counter[str]] = {}
    for pupil in pupils:
        for school, column in _columns(pupil, tree, position, since, on):
            for unit in tree.path(school, position, on):
                found.setdefault(unit, Counter())[column] += 1
    return {unit: {name: counts[name] for name in FIGURES} for unit, counts in found.items()}


def _columns(
    pupil: MovingPupil, tree: NaiveTree, position: int, since: date, on: date
) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    before: str | None = None
    here = Counted()
    started = False
    for day, here in [*pupil.days(tree, position, on), (on + timedelta(days=1), Counted())]:
        if not started and day > since:
            started = True
            if before is not None:
                found.append((before, "start"))
        if day > on:
            break
        if started and here.school != before:
            found += _change(here, before, tree, position, on)
        before = here.school
    last = pupil.counted(tree, position, on)
    if before is not None:
        found.append((before, "end"))
    elif last.last is not None and last.left in ("transfer_out", "release"):
        found.append((last.last, "in_transit"))
    return found


def _change(
    here: Counted, before: str | None, tree: NaiveTree, position: int, on: date
) -> list[tuple[str, str]]:
    """A day that ends at another school than it began: what it is called on either side."""
    after = here.school
    implied = before is not None and after is not None and here.gone is None
    if implied and before and after and tree.same(before, after, position, on):
        return []  # the school only goes by another name
    found: list[tuple[str, str]] = []
    if before is not None:
        found.append((before, LEAVINGS[here.gone] if here.gone else "out"))
    if after is not None:
        kinds = [kind for kind, school in here.arrived if school == after]
        arrivals = [kind for kind in kinds if kind != "class_change"] or kinds
        found.append((after, "in" if implied else COMINGS[arrivals[-1]]))
    return found
