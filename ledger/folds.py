"""Which state and which `evolve` belong to a kind of stream. There is one per kind, for all."""

from collections.abc import Callable
from typing import Any

from ledger import case, pupil, pupil_year, school_class, settings, staff, unit
from ledger.event import Event, Frozen, StreamKind

Evolve = Callable[[Any, Event, int], Frozen]

FOLDS: dict[StreamKind, tuple[type[Frozen], Evolve]] = {
    StreamKind.LEDGER: (settings.Settings, settings.evolve),
    StreamKind.UNIT: (unit.Unit, unit.evolve),
    StreamKind.CLASS: (school_class.SchoolClass, school_class.evolve),
    StreamKind.STAFF: (staff.Staff, staff.evolve),
    StreamKind.ACCOUNT: (staff.Account, staff.evolve_account),
    StreamKind.PUPIL: (pupil.Pupil, pupil.evolve),
    StreamKind.PUPIL_YEAR: (pupil_year.PupilYear, pupil_year.evolve),
    StreamKind.CASE: (case.Case, case.evolve),
}


def evolve(kind: StreamKind, state: Frozen | None, event: Event, version: int) -> Frozen:
    """The state of a stream of that kind after `event`."""
    return FOLDS[kind][1](state, event, version)
