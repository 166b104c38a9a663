"""Under which province a unit stood on which days: from the dated versions of the tree."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from ledger.unit import Unit


class ProvinceFrom(NamedTuple):
    """A province by its code and name of the time, from `since` on."""

    since: date
    code: str
    name: str


def province_history(units: Mapping[str, Unit], code: str) -> tuple[ProvinceFrom, ...]:
    """The provinces of unit `code` in the order of time; none where the tree has no province.

    `units` hold the unit, everything it ever stood under, and what succeeded any of these: a
    closed unit is represented by its successor, as in the tree of a day.
    """
    days: set[date] = set()
    waiting, seen = [code], set()
    while waiting:
        at = waiting.pop()
        if at in seen or at not in units:
            continue
        seen.add(at)
        days |= {version.since for version in units[at].versions}
        waiting += [version.parent for version in units[at].versions if version.parent]
        if (closed_on := units[at].closed_on) is not None and (after := units[at].successor):
            days.add(closed_on)
            waiting.append(after)
    history: list[ProvinceFrom] = []
    for day in sorted(days):
        found = _on(units, code, day)
        if found is not None and (not history or history[-1][1:] != found):
            history.append(ProvinceFrom(day, *found))
    return tuple(history)


def _on(units: Mapping[str, Unit], code: str, day: date) -> tuple[str, str] | None:
    seen: set[str] = set()
    at: str | None = code
    while at is not None and at in units and at not in seen:
        seen.add(at)
        unit = units[at]
        if unit.closed_on is not None and unit.closed_on <= day and unit.successor in units:
            at = unit.successor
            continue
        versions = unit.versions
        held = [version for version in versions if version.since <= day] or versions[:1]
        if unit.kind == "province":
            return at, held[-1].name
        at = held[-1].parent
    return None
