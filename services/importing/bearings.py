"""What a chunk of lines needs to know of the ledger before it becomes commands."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from ledger.errors import Refused
from ledger.reader import Reader
from ledger.registration import local_key, unknown_pupil
from ledger.school_class import SchoolClass
from ledger.settings import Settings
from services.importing import values
from services.importing.staging import Staged

_KINDS = ("local", "personal_id", "moet", "passport")


@dataclass(frozen=True, slots=True)
class Bearings:
    """Pupils by the keys of a chunk, classes by code, and the sender's namespace."""

    source: str
    pupils: dict[str, list[UUID]]
    classes: dict[str, SchoolClass | None]
    settings: Settings

    def pupil(self, key: str) -> UUID:
        """The pupil under a key of the file. Raises Refused(`unknown_pupil`, `ambiguous_pupil`)."""
        found = self.pupils.get(key, [])
        if len(found) == 1:
            return found[0]
        if not found:
            raise unknown_pupil()
        raise Refused(
            "ambiguous_pupil",
            f"{len(found)} pupils on record bear this number",
            field="pupil_key",
            suggestion="name the pupil by the local key",
        )


def take_bearings(reader: Reader, source: str, lines: Iterable[Staged]) -> Bearings:
    """Looks up every pupil and class a chunk names, in two or three queries.

    A plain key is the sender's own under `source`; `local:KEY@SOURCE`, `personal_id:`, `moet:`,
    `passport:` and `id:` name the pupil otherwise.
    """
    keys = {key for line in lines for key in _pupils_named(line)}
    codes = {line.cells["class_code"] for line in lines if "class_code" in line.kind.columns}
    asked = {key: _wanted(key, source) for key in keys}
    found = reader.find({wanted for wanted in asked.values() if wanted is not None})
    pupils = {key: found[wanted] for key, wanted in asked.items() if wanted is not None}
    internal = {key: id for key in keys if (id := _internal(key)) is not None}
    states = reader.pupils(internal.values())
    pupils |= {key: [id] for key, id in internal.items() if states[id] is not None}
    return Bearings(source, pupils, reader.classes(codes), reader.settings())


def _pupils_named(line: Staged) -> Iterable[str]:
    """The keys of pupils in a line; in identity_checks.csv `who` says whose the key is."""
    for column in ("pupil_key", "other_key"):
        if column in line.kind.columns:
            yield line.cells[column]
    if line.kind.name == "identity_checks" and line.cells["who"] == "pupil":
        yield line.cells["key"]


def _wanted(key: str, source: str) -> tuple[str, str] | None:
    """(kind, normalised value) to be looked up; None for an internal id or a bad number."""
    kind, colon, value = key.partition(":")
    if not colon or kind not in (*_KINDS, "id"):
        return local_key(key, source)
    if kind == "local":
        local, at, named = value.rpartition("@")
        return local_key(local, named) if at else local_key(value, source)
    if kind == "id":
        return None
    try:
        return kind, values.number(kind, value, "pupil_key")
    except Refused:
        return None


def _internal(key: str) -> UUID | None:
    if not key.startswith("id:"):
        return None
    try:
        return UUID(key[3:])
    except ValueError:
        return None
