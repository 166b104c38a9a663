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

    Name, parent and levels are those stated last; `versions` are all of them, in the order of
    their days. `recoded` says that the successor is the same unit under another code.
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
            return unit.model_copy(
                update={
                    "name": event.name,
                    "parent": event.parent_code,
                    "levels": event.levels,
                    "versions": _dated(unit.versions, _version(event)),
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
                update={"closed_on": event.closed_on, "successor": event.successor}
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
    """A unit as a list of units names it."""

    code: str
    kind: UnitKind
    name: str
    parent_code: str | None
    levels: tuple[Level, ...]
    opened_on: date
    closed_on: date | None
    merged_into: str | None


def decide_unit(unit: Unit | None, command: RecordUnit, *, today: date) -> list[Event]:
    """Opens the unit, records what is new about it, closes it; nothing where all is known.

    `today` dates a change of name, parent or levels that the list gives no date for.

    Raises:
        Refused: `unit_kind_differs`, `empty_period`.
    """
    events: list[Event] = []
    if unit is None:
        events.append(
            UnitOpened(
                effective_on=command.opened_on,
                code=command.code,
                kind=command.kind,
                name=command.name,
                parent_code=command.parent_code,
                levels=command.levels,
            )
        )
    elif unit.kind != command.kind:
        raise Refused(
            "unit_kind_differs", f"unit {command.code} is on record as {unit.kind}", field="kind"
        )
    elif (unit.name, unit.parent, unit.levels) != (
        command.name,
        command.parent_code,
        command.levels,
    ):
        events.append(
            UnitChanged(
                effective_on=today,
                code=command.code,
                name=command.name,
                parent_code=command.parent_code,
                levels=command.levels,
            )
        )
    if command.closed_on is not None and (unit is None or unit.closed_on != command.closed_on):
        if command.closed_on < command.opened_on:
            raise Refused("empty_period", "the unit closes before it opens", field="closed_on")
        events.append(
            UnitClosed(
                effective_on=command.closed_on,
                code=command.code,
                successor=command.merged_into,
                closed_on=command.closed_on,
            )
        )
    return events
