"""A unit of the tree (province, commune, school, campus): state, `evolve`, decisions."""

from dataclasses import dataclass
from datetime import date

from ledger.errors import Refused
from ledger.event import Event, Frozen
from ledger.events.unit import Level, UnitChanged, UnitClosed, UnitKind, UnitOpened


class Unit(Frozen):
    """What the rules need to know of a unit."""

    code: str
    kind: UnitKind
    name: str
    parent: str | None
    levels: tuple[Level, ...]
    opened_on: date
    closed_on: date | None = None
    successor: str | None = None


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
            )
        case _ if unit is None:
            raise ValueError(f"{event.TOPIC} before the unit was opened")
        case UnitChanged():
            return unit.model_copy(
                update={
                    "name": event.name,
                    "parent": event.parent_code,
                    "levels": event.levels,
                }
            )
        case UnitClosed():
            return unit.model_copy(
                update={"closed_on": event.closed_on, "successor": event.successor}
            )
        case _:
            return unit


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
