"""A unit of the tree (province, commune, school, campus): state, `evolve`, decisions."""

from dataclasses import dataclass
from datetime import date

from ledger.errors import Refused
from ledger.event import Event, Frozen
from ledger.events.unit import (
    Level,
    ReportSubmitted,
    UnitChanged,
    UnitClosed,
    UnitKind,
    UnitOpened,
    UnitRecoded,
)

UnitEvent = UnitOpened | UnitChanged | UnitRecoded | UnitClosed
"""What is said of the unit itself."""


class UnitVersion(Frozen):
    """What a unit is called and where it belongs from `since` on."""

    since: date
    name: str
    parent: str | None
    levels: tuple[Level, ...]


class Submission(Frozen):
    """A report handed in: which, for what occasion, of which day, at which position."""

    report: str
    preset: str
    school_year: str
    on: date
    submitted_on: date
    position: int
    digest: str


class Unit(Frozen):
    """What the rules need to know of a unit.

    Name, parent and levels are those of the latest day stated; `versions` are all of them, in
    the order of their days. `recoded` says that the successor is the same unit under another
    code.
    """

    code: str
    kind: UnitKind
    name: str
    parent: str | None
    levels: tuple[Level, ...]
    opened_on: date
    closed_on: date | None = None
    successor: str | None = None
    recoded: bool = False
    versions: tuple[UnitVersion, ...] = ()
    submissions: tuple[Submission, ...] = ()

    def on(self, day: date) -> UnitVersion | None:
        """What the unit was called and where it belonged on `day`; None where it was not."""
        if day < self.opened_on or (self.closed_on is not None and day >= self.closed_on):
            return None
        held = [version for version in self.versions if version.since <= day]
        return held[-1] if held else None


def evolve(unit: Unit | None, event: Event, version: int) -> Unit:
    """The unit after `event`."""
    del version
    match event:
        case UnitOpened():
            return Unit(
                code=event.code,
                kind=event.kind,
                name=event.name,
                parent=event.parent_code,
                levels=event.levels,
                opened_on=event.effective_on,
                versions=(_version(event),),
            )
        case _ if unit is None:
            raise ValueError(f"{event.TOPIC} before the unit was opened")
        case UnitChanged():
            versions = _dated(unit.versions, _version(event))
            latest = versions[-1]
            return unit.model_copy(
                update={
                    "name": latest.name,
                    "parent": latest.parent,
                    "levels": latest.levels,
                    "versions": versions,
                }
            )
        case UnitRecoded():
            return unit.model_copy(
                update={
                    "closed_on": event.effective_on,
                    "successor": event.new_code,
                    "recoded": True,
                }
            )
        case ReportSubmitted():
            submission = Submission(
                report=event.report,
                preset=event.preset,
                school_year=event.school_year,
                on=event.on,
                submitted_on=event.effective_on,
                position=event.position,
                digest=event.digest,
            )
            return unit.model_copy(update={"submissions": (*unit.submissions, submission)})
        case UnitClosed():
            return unit.model_copy(
                update={
                    "closed_on": event.closed_on,
                    "successor": event.successor,
                    "recoded": False,
                }
            )
        case _:
            return unit


def _version(event: UnitOpened | UnitChanged) -> UnitVersion:
    return UnitVersion(
        since=event.effective_on,
        name=event.name,
        parent=event.parent_code,
        levels=event.levels,
    )


def _dated(known: tuple[UnitVersion, ...], new: UnitVersion) -> tuple[UnitVersion, ...]:
    """The versions with the new one at its day; of one day the later statement holds."""
    others = [version for version in known if version.since != new.since]
    return tuple(sorted([*others, new], key=lambda version: version.since))


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordUnit:
    """A unit as a list of units names it.

    `changed_on` is the first day on which name, parent and levels are as stated; where the unit
    is on record as closed from that very day and the list gives no `closed_on`, the closing is
    taken back. `recoded_to` is the code under which the unit goes on from `closed_on` (or
    `changed_on`) on.
    """

    code: str
    kind: UnitKind
    name: str
    parent_code: str | None
    levels: tuple[Level, ...]
    opened_on: date
    closed_on: date | None
    merged_into: str | None
    changed_on: date | None = None
    recoded_to: str | None = None

    @property
    def successor(self) -> str | None:
        """Who stands for the unit after its last day."""
        return self.merged_into or self.recoded_to

    @property
    def ends_on(self) -> date | None:
        """The first day on which the unit is no more under this code."""
        return self.closed_on or (self.changed_on if self.recoded_to else None)


def decide_unit(unit: Unit | None, command: RecordUnit, *, today: date) -> list[UnitEvent]:
    """Opens the unit, records what is new about it, ends it or takes the end back; nothing where
    all is known.

    `today` dates a change of name, parent or levels that the list gives no date for. A line that
    closes a unit on its recorded day and names no successor leaves the recorded one.

    Raises:
        Refused: `unit_kind_differs`, `empty_period`, `before_opening`, `unit_closed`,
            `two_successors`, `missing_value`.
    """
    _check_end(command)
    if unit is None:
        opened = _opened(command)
        return [opened, *_ending(evolve(None, opened, 1), command)]
    if unit.kind != command.kind:
        raise Refused(
            "unit_kind_differs", f"unit {command.code} is on record as {unit.kind}", field="kind"
        )
    restored = _taken_back(unit, command)
    for event in restored:
        unit = evolve(unit, event, 0)
    return [*restored, *_change(unit, command, today), *_ending(unit, command)]


def decide_recoded(command: RecordUnit, before: Unit | None) -> UnitOpened:
    """The opening of a unit under its new code; what the line leaves out is as it was."""
    code, day = command.recoded_to, command.ends_on
    assert code is not None
    assert day is not None
    return UnitOpened(
        effective_on=day,
        code=code,
        kind=command.kind,
        name=command.name,
        parent_code=command.parent_code or (before.parent if before else None),
        levels=command.levels or (before.levels if before else ()),
    )


def _check_end(command: RecordUnit) -> None:
    if command.merged_into and command.recoded_to:
        raise Refused(
            "two_successors",
            f"unit {command.code} is both merged into {command.merged_into} and re-coded to "
            f"{command.recoded_to}",
            field="recoded_to",
            suggestion="keep one of them",
        )
    if command.successor and command.ends_on is None:
        raise Refused(
            "missing_value",
            f"the day from which {command.successor} stands for unit {command.code} is not given",
            field="closed_on",
            suggestion="give closed_on, the first day under the successor",
        )


def _opened(command: RecordUnit) -> UnitOpened:
    return UnitOpened(
        effective_on=command.opened_on,
        code=command.code,
        kind=command.kind,
        name=command.name,
        parent_code=command.parent_code,
        levels=command.levels,
    )


def _taken_back(unit: Unit, command: RecordUnit) -> list[UnitEvent]:
    """A line that says how the unit is from its closing day on says that it did not close."""
    ended = unit.closed_on
    if ended is None or command.ends_on is not None or command.changed_on != ended:
        return []
    return [UnitClosed(effective_on=ended, code=unit.code, successor=None, closed_on=None)]


def _change(unit: Unit, command: RecordUnit, today: date) -> list[UnitEvent]:
    """Name, parent and levels from the day they changed, where they are not known as they are."""
    day = command.changed_on or max(today, unit.opened_on)
    if command.recoded_to and day == command.ends_on:
        return []  # that is how the unit is under its new code
    if day < unit.opened_on:
        raise Refused(
            "before_opening",
            f"unit {unit.code} opened on {unit.opened_on} only",
            field="changed_on",
        )
    stated = (command.name, command.parent_code, command.levels)
    held = [version for version in unit.versions if version.since <= day][-1]
    if stated == (held.name, held.parent, held.levels):
        return []
    ended = command.ends_on or unit.closed_on
    if ended is not None and day >= ended:
        raise Refused(
            "unit_closed",
            f"unit {unit.code} closed on {ended}; on {day} it can be changed no more",
            field="changed_on",
            suggestion=f"give the day of the change, before {ended}; or, where it did not "
            f"close, changed_on = {ended} without closed_on",
        )
    return [
        UnitChanged(
            effective_on=day,
            code=unit.code,
            name=command.name,
            parent_code=command.parent_code,
            levels=command.levels,
        )
    ]


def _ending(unit: Unit, command: RecordUnit) -> list[UnitEvent]:
    """The end the line states, where it is not on record."""
    day = command.ends_on
    if day is None:
        return []
    if day < unit.opened_on:
        raise Refused("empty_period", "the unit closes before it opens", field="closed_on")
    successor = command.successor or unit.successor
    recoded = bool(command.recoded_to) or (command.merged_into is None and unit.recoded)
    if (day, successor, recoded) == (unit.closed_on, unit.successor, unit.recoded):
        return []
    if recoded and successor is not None:
        return [UnitRecoded(effective_on=day, code=unit.code, new_code=successor)]
    return [UnitClosed(effective_on=day, code=unit.code, successor=successor, closed_on=day)]
