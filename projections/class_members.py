"""Whole classes: those of a school and year, and all pupils who ever stood on their lists."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ledger.collation import class_list_key
from ledger.database import Connection
from ledger.ledger import Ledger
from projections.people import PEOPLE
from projections.roster import ROSTER, chosen_key
from projections.structure import STRUCTURE
from projections.tables import Statement, array, visible

_HOMEROOMS = Statement(
    sa.select(STRUCTURE.c.code, STRUCTURE.c.grade, STRUCTURE.c.name)
    .where(
        STRUCTURE.c.parent == sa.bindparam("school", type_=sa.Text),
        STRUCTURE.c.school_year == sa.bindparam("year", type_=sa.Text),
        STRUCTURE.c.kind == "class",
        STRUCTURE.c.gathering == "homeroom",
        visible(STRUCTURE),
    )
    .distinct()
)
_MEMBERS = Statement(
    sa.select(ROSTER.c.class_code, ROSTER.c.stream)
    .where(
        ROSTER.c.class_code == sa.any_(array("classes", sa.Text)),
        ~ROSTER.c.section,
        visible(ROSTER),
    )
    .distinct()
)
_PARTS = Statement(
    sa.select(PEOPLE.c.stream, PEOPLE.c.part, PEOPLE.c.topic, PEOPLE.c.sealed).where(
        PEOPLE.c.stream == sa.any_(array("persons", sa.Uuid)),
        sa.or_(PEOPLE.c.part == "profile", PEOPLE.c.kind == "local"),
        visible(PEOPLE),
    )
)


@dataclass(frozen=True, slots=True)
class Called:
    """How an answer names a pupil (None where it is unknown or the person was erased)."""

    key: str | None
    full_name: str | None
    order: tuple[Any, ...]


def homerooms(connection: Connection, school: str, school_year: str, *, size: int) -> list[str]:
    """Codes of a school's homeroom classes of a year, by grade and name, as known in the prefix
    of `size` entries. The projection structure must hold it (`Engine.require`)."""
    given = {"school": school, "year": school_year, "size": size}
    rows = sorted(_HOMEROOMS.run(connection, given).fetchall(), key=lambda row: (row[1], row[2]))
    return list(dict.fromkeys(code for code, _, _ in rows))


def members(connection: Connection, classes: Sequence[str], *, size: int) -> dict[str, list[UUID]]:
    """All pupils who stood on the list of each class (by code) on any day, as known in the prefix
    of `size` entries. The projection roster must hold it (`Engine.require`)."""
    found: dict[str, list[UUID]] = {code: [] for code in classes}
    rows = _MEMBERS.run(connection, {"classes": list(classes), "size": size}).fetchall()
    for code, person in rows:
        found[code].append(person)
    return {code: sorted(persons) for code, persons in found.items()}


def called(
    ledger: Ledger, connection: Connection, persons: Iterable[UUID], *, size: int
) -> dict[UUID, Called]:
    """Keys and names of pupils, and their place in class-list order. The projection people must
    hold the prefix of `size` entries (`Engine.require`)."""
    wanted = list(persons)
    rows = _PARTS.run(connection, {"persons": wanted, "size": size}).fetchall()
    opened = ledger.reveal_stored(
        connection, [(sealed, stream, topic) for stream, _, topic, sealed in rows]
    )
    profiles: dict[UUID, dict[str, Any]] = {}
    keys: dict[UUID, list[dict[str, Any]]] = {}
    for (stream, part, *_), clear in zip(rows, opened, strict=True):
        if clear is not None and part == "profile":
            profiles[stream] = clear
        elif clear is not None:
            keys.setdefault(stream, []).append(clear)
    return {
        person: _called(person, profiles.get(person, {}), keys.get(person, [])) for person in wanted
    }


def _called(person: UUID, profile: dict[str, Any], keys: list[dict[str, Any]]) -> Called:
    name = profile.get("full_name")
    order: tuple[Any, ...] = (1, (), person)
    if name is not None:
        sort_name = profile.get("sort_name")
        order = (0, class_list_key(name, profile.get("birth_date"), sort_name=sort_name), person)
    return Called(chosen_key(keys), name, order)
