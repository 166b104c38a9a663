"""Which school stands for which on a day: the successors of merged and re-coded schools.

A pupil's stay keeps the code under which it was entered. When that school has since merged or
got another code, a later line may name either code; both mean the same school from that day on.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from types import MappingProxyType

from ledger.unit import Unit

Units = Mapping[str, Unit | None]
NO_UNITS: Units = MappingProxyType({})
"""Every code stands for itself."""


def with_successors(
    read: Callable[[Iterable[str]], Units], codes: Iterable[str]
) -> dict[str, Unit | None]:
    """The units of these codes and, one after another, all that succeeded them.

    `read` gives units by code, as `Reader.units` does.
    """
    known: dict[str, Unit | None] = {}
    wanted = set(codes)
    while wanted:
        found = read(sorted(wanted))
        known.update(found)
        named = {unit.successor for unit in found.values() if unit is not None}
        wanted = {code for code in named if code is not None} - known.keys()
    return known


def current(units: Units, code: str, day: date) -> str:
    """The code under which school `code` runs on `day`: its own, or its last successor's.

    Where successors lead in a circle the code itself stands.
    """
    here, seen = code, {code}
    while (unit := units.get(here)) is not None and unit.successor is not None:
        if unit.closed_on is None or day < unit.closed_on:
            break
        here = unit.successor
        if here in seen:
            return code
        seen.add(here)
    return here


def same_school(units: Units, one: str, other: str, day: date) -> bool:
    """Whether two codes mean one school on `day`."""
    return one == other or current(units, one, day) == current(units, other, day)
