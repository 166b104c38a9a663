"""Units and classes by code: what they are called and where they belong, as known in a prefix."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ledger.database import Connection
from ledger.errors import Conflict, NotFound
from ledger.events.school_class import ClassChanged, ClassOpened
from ledger.events.unit import UnitChanged, UnitClosed, UnitOpened
from ledger.school_class import SchoolClass
from ledger.text import matching_key
from ledger.unit import Unit
from projections.projection import Projection, Row
from projections.tables import Statement, table, visible

STRUCTURE = table(
    "structure",
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("parent", sa.Text),
    sa.Column("school_year", sa.Text),
    sa.Column("grade", sa.Integer),
    sa.Column("gathering", sa.Text),
)
"""`kind` is class or a kind of unit; `parent` the school of a class, the parent of a unit."""


class Structure(Projection):
    """Units and classes."""

    name = "structure"
    version = 1
    form = STRUCTURE
    indexes = (("code",), ("parent", "school_year"))
    events = (UnitOpened, UnitChanged, UnitClosed, ClassOpened, ClassChanged)

    def rows(self, state: Any) -> Iterable[Row]:
        """One row for the unit or class."""
        if isinstance(state, SchoolClass):
            yield (
                *("class", state.code, state.name, state.school_code),
                *(state.school_year, state.grade, state.gathering),
            )
        elif isinstance(state, Unit):
            yield (state.kind, state.code, state.name, state.parent, None, None, None)


@dataclass(frozen=True, slots=True)
class ClassFound:
    """A class as known in a prefix."""

    code: str
    name: str
    school_code: str
    school_year: str
    grade: int


_CLASS_COLUMNS = (
    STRUCTURE.c.code,
    STRUCTURE.c.name,
    STRUCTURE.c.parent,
    STRUCTURE.c.school_year,
    STRUCTURE.c.grade,
)
_CLASS = Statement(
    sa.select(*_CLASS_COLUMNS).where(
        STRUCTURE.c.code == sa.bindparam("code", type_=sa.Text),
        STRUCTURE.c.kind == "class",
        visible(STRUCTURE),
    )
)
_CLASSES_OF = Statement(
    sa.select(*_CLASS_COLUMNS).where(
        STRUCTURE.c.parent == sa.bindparam("school", type_=sa.Text),
        STRUCTURE.c.school_year == sa.bindparam("year", type_=sa.Text),
        STRUCTURE.c.kind == "class",
        visible(STRUCTURE),
    )
)


def find_class(connection: Connection, text: str, *, size: int) -> ClassFound:
    """The class by its code, or by `school/year/name` (`S1/2024-2025/7A1`), as known in the
    prefix of `size` entries.

    Raises:
        NotFound: `unknown_class`.
        Conflict: `ambiguous_class`, several classes bear that name.
    """
    row = _CLASS.run(connection, {"code": text, "size": size}).fetchone()
    if row is not None:
        return ClassFound(*row)
    school, _, rest = text.partition("/")
    year, _, name = rest.partition("/")
    rows = _CLASSES_OF.run(connection, {"school": school, "year": year, "size": size}).fetchall()
    found = [ClassFound(*row) for row in rows if matching_key(row[1]) == matching_key(name)]
    if not found:
        raise NotFound(
            "unknown_class",
            f"no class {text} was known; name its code, or school/year/name",
        )
    if len(found) > 1:
        codes = ", ".join(sorted(known.code for known in found))
        raise Conflict("ambiguous_class", f"several classes bear that name: {codes}")
    return found[0]
