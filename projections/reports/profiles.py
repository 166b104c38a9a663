"""Opening what is sealed about the pupils of a report, in pages: profiles to count by, keys and
names to list. What an erased person was counts as unknown; a part that does not open is told of.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from ledger.errors import WrongKey
from projections.reports.counting import PAGE, Counted, SealedProfile
from projections.reports.frame import Source, paged
from projections.roster import chosen_key
from projections.tables import Statement, array, visible

UNKNOWN: Final = "unknown"
NONE: Final = "none"
BY: Final = ("ethnicity", "disability", "age")
"""What a head count can be broken down by beside level, grade and sex."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A profile as far as it opens: `clear` is None for an erased person; `damaged` says that
    there is a profile which does not open."""

    clear: Mapping[str, Any] | None
    damaged: bool = False

    @property
    def sex(self) -> str:
        """nam, nu, khac or unknown."""
        return str((self.clear or {}).get("sex") or UNKNOWN)

    @property
    def born(self) -> str | None:
        """YYYY, YYYY-MM or YYYY-MM-DD; None where it is not known."""
        return (self.clear or {}).get("birth_date") or None

    def attribute(self, name: str, on: date) -> str:
        """A value to count by: age in full years on `on` where the birth date is full, else by
        the calendar year; `none` for no disability on record."""
        if self.clear is None:
            return UNKNOWN
        if name == "age":
            return UNKNOWN if self.born is None else str(_age(self.born, on))
        return str(self.clear.get(name) or (NONE if name == "disability" else UNKNOWN))


def _age(born: str, on: date) -> int:
    if len(born) < len("YYYY-MM-DD"):
        return on.year - int(born[:4])
    birthday = date.fromisoformat(born)
    return on.year - birthday.year - ((on.month, on.day) < (birthday.month, birthday.day))


def open_profiles(
    source: Source, page: Sequence[tuple[Counted, SealedProfile | None]]
) -> list[Opened]:
    """The profiles of a page, in its order."""
    stored = [(p.sealed, who.pupil, p.topic) for who, p in page if p is not None]
    opened = iter(_open(source, stored))
    return [next(opened) if profile is not None else Opened(None) for _, profile in page]


def _open(source: Source, stored: Sequence[tuple[str, UUID, str]]) -> list[Opened]:
    reveal = source.ledger.reveal_stored
    try:
        return [Opened(clear) for clear in reveal(source.connection, stored)]
    except WrongKey:
        return [_open_alone(source, one) for one in stored]


def _open_alone(source: Source, stored: tuple[str, UUID, str]) -> Opened:
    """One key that does not fit must not hide the others."""
    try:
        return Opened(source.ledger.reveal_stored(source.connection, [stored])[0])
    except WrongKey:
        return Opened(None, damaged=True)


@cache
def _parts(people: sa.Table) -> Statement:
    return Statement(
        sa.select(people.c.stream, people.c.part, people.c.sealed, people.c.topic).where(
            people.c.stream == sa.any_(array("streams", sa.Uuid)),
            sa.or_(people.c.part == "profile", people.c.kind == "local"),
            visible(people),
        )
    )


def names_of(source: Source, pupils: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
    """{pupil_id, pupil_key, full_name} of each pupil; what does not open is None."""
    wanted = sorted(set(pupils))
    found: dict[UUID, dict[str, Any]] = {
        pupil: {"pupil_id": str(pupil), "pupil_key": None, "full_name": None} for pupil in wanted
    }
    statement = _parts(source.sound.forms["people"])
    for streams in paged(wanted, PAGE):
        rows = statement.run(source.connection, source.values(streams=list(streams))).fetchall()
        opened = _open(source, [(sealed, stream, topic) for stream, _, sealed, topic in rows])
        keys: dict[UUID, list[dict[str, Any]]] = {}
        for (stream, part, _, _), known in zip(rows, opened, strict=True):
            if known.clear is None:
                continue
            if part == "profile":
                found[stream]["full_name"] = known.clear.get("full_name")
            else:
                keys.setdefault(stream, []).append(dict(known.clear))
        for stream, identifiers in keys.items():
            found[stream]["pupil_key"] = chosen_key(identifiers)
    return found


def behind(
    source: Source, listed: Sequence[tuple[UUID, str, Mapping[str, Any]]]
) -> list[dict[str, Any]]:
    """The pupils behind a report's totals, from (pupil, school, the row they stand in): each with
    every unit that counts them, so that the row of any unit opens."""
    names = names_of(source, (pupil for pupil, _, _ in listed))
    entries = [
        {
            "unit_code": (path := source.places.path(school))[0].code,
            "units": [node.code for node in path],
            **row,
            **names[pupil],
        }
        for pupil, school, row in listed
    ]
    return sorted(entries, key=_order)


def _order(entry: dict[str, Any]) -> tuple[str, ...]:
    return tuple(
        str(entry.get(name)) for name in ("unit_code", "column", "level", "pupil_key", "pupil_id")
    )
