"""Which state and which `evolve` belong to a kind of stream. There is one per kind, for all."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, cast

from ledger import case, pupil, pupil_year, register, school_class, settings, staff, unit
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
    StreamKind.REGISTER: (register.Register, register.evolve),
}


class StatesVersion(NamedTuple):
    """Which version of the models and of `evolve` made stored states. A higher `number` is newer;
    `shape` is a digest of the models' JSON schemas, without titles and descriptions."""

    number: int
    shape: str


STATES = StatesVersion(3, "0ebe2650bf931109b1742c694c90a619df3250fc7aba603eccccb55c91ea2fa1")
"""This program's version. Raise `number` whenever a state's shape changes (a test says so and names
the new `shape`), and by hand where `evolve` makes something else of the same entries: a ledger with
states of another version folds them anew when it is opened (`ledger.states`)."""


def fold(
    kind: StreamKind, state: Frozen | None, entries: Iterable[tuple[Event, int]]
) -> Frozen | None:
    """The state after all of `entries` (event, version), as `evolve` gives it one by one."""
    if kind is StreamKind.PUPIL_YEAR:
        return pupil_year.fold(entries, year=cast(pupil_year.PupilYear | None, state))
    for event, version in entries:
        state = evolve(kind, state, event, version)
    return state


def evolve(kind: StreamKind, state: Frozen | None, event: Event, version: int) -> Frozen:
    """The state of a stream of that kind after `event`."""
    return FOLDS[kind][1](state, event, version)
