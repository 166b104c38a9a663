"""Where a unit may stand: parents and successors must exist on the day and never lead in a circle.

The checks read a mapping of units that holds, beside the unit itself (as it would be), all that
ever stood above it or succeeded one of these: `with_related`.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date

from ledger.errors import Refused
from ledger.succession import current
from ledger.unit import RecordUnit, Unit

Units = Mapping[str, Unit | None]


def with_related(
    read: Callable[[Iterable[str]], Units], codes: Iterable[str]
) -> dict[str, Unit | None]:
    """The units of these codes, whatever they ever stood under, and all that succeeded them.

    `read` gives units by code, as `Reader.units` does.
    """
    known: dict[str, Unit | None] = {}
    wanted = set(codes)
    while wanted:
        found = read(sorted(wanted))
        known.update(found)
        named = {code for unit in found.values() if unit is not None for code in _named(unit)}
        wanted = named - known.keys()
    return known


def _named(unit: Unit) -> Iterable[str]:
    yield from (version.parent for version in unit.versions if version.parent is not None)
    if unit.successor is not None:
        yield unit.successor


def check_parent(units: Units, unit: Unit, day: date) -> tuple[Refused, ...]:
    """Warns where the parent of `unit` is not there on `day` (`parent_not_open`).

    Raises:
        Refused: `unknown_unit`; `parent_cycle`, on `day` or a later one.
    """
    held = unit.on(day)
    parent = held.parent if held is not None else unit.parent
    if parent is None:
        return ()
    if parent == unit.code:
        raise _cycle(unit.code, day)
    above = units.get(parent)
    if above is None:
        raise Refused(
            "unknown_unit",
            f"no unit {parent} is on record",
            field="parent_code",
            suggestion="import the unit first, or mend the code",
        )
    ancestors = _ancestors(units, unit)
    later = {v.since for one in ancestors for v in one.versions if v.since > day}
    for moment in sorted({day, *later}):
        _check_path(units, unit, moment)
    if above.on(day) is None:
        return (
            Refused(
                "parent_not_open",
                f"unit {parent} is not open on {day}",
                field="parent_code",
                suggestion=_who_stands(units, parent, day),
            ),
        )
    return ()


def _ancestors(units: Units, unit: Unit) -> list[Unit]:
    """The unit and everything it ever stood under."""
    found = {unit.code: unit}
    waiting = [unit]
    while waiting:
        for version in waiting.pop().versions:
            above = units.get(version.parent) if version.parent is not None else None
            if above is not None and above.code not in found:
                found[above.code] = above
                waiting.append(above)
    return list(found.values())


def _check_path(units: Units, unit: Unit, day: date) -> None:
    seen = {unit.code}
    held = unit.on(day)
    while held is not None and held.parent is not None:
        if held.parent == unit.code:
            raise _cycle(unit.code, day)
        above = units.get(held.parent)
        if above is None or above.code in seen:
            return
        seen.add(above.code)
        held = above.on(day)


def _cycle(code: str, day: date) -> Refused:
    return Refused(
        "parent_cycle",
        f"unit {code} would stand under itself on {day}",
        field="parent_code",
        suggestion="name the unit above it",
    )


def check_successor(units: Units, command: RecordUnit) -> None:
    """The successor a line names is another unit, open on the day it takes over.

    Raises:
        Refused: `unknown_successor`, `successor_cycle`, `successor_not_open`.
    """
    successor, day = command.successor, command.ends_on
    if successor is None or day is None:
        return
    column = "merged_into" if command.merged_into else "recoded_to"
    chain: set[str] = set()
    at: str | None = successor
    while at is not None and at not in chain:
        if at == command.code:
            raise Refused(
                "successor_cycle",
                f"the successors of unit {command.code} lead back to it",
                field=column,
                suggestion="name the unit that goes on",
            )
        chain.add(at)
        following = units.get(at)
        at = following.successor if following is not None else None
    standing = units.get(successor)
    if standing is None:
        raise Refused(
            "unknown_successor",
            f"no unit {successor} is on record",
            field=column,
            suggestion="import the unit first, or mend the code",
        )
    if standing.on(day) is None:
        raise Refused(
            "successor_not_open",
            f"unit {successor} is not open on {day}",
            field=column,
            suggestion=_who_stands(units, successor, day),
        )


def _who_stands(units: Units, code: str, day: date) -> str | None:
    stands = current(units, code, day)
    unit = units.get(stands)
    return f"{stands} stands for it then" if unit is not None and unit.on(day) else None
