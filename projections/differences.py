"""Two answers compared: every field that differs, by its path, and the way from one to the other.

Pure. An answer is taken apart into fields: a path leads to a value that is not taken apart any
further (text, number, null, or a list of them). Lists of objects that name themselves (years,
subjects, pupils, rows of a head count) are taken apart by that name, so that one more subject is
one difference and not all those behind it; other lists are values. The order of such a list is
a rule of its answer, not a fact, and is not compared.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Path = tuple[str, ...]
Fields = Mapping[Path, Any]


class _Absent:
    """Stands for a field that an answer does not have: another thing than null."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()

_NAMED_BY: tuple[tuple[str, ...], ...] = (
    ("pupil_id",),
    ("school_year",),
    ("subject",),
    ("unit_code", "level", "grade", "sex"),
)
"""What an object of a list is named by: the first of these that all of its objects have."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of two answers: `ABSENT` where an answer does not have it."""

    path: Path
    before: Any
    after: Any

    @property
    def answer(self) -> dict[str, Any]:
        """As `compare` shows it; an absent side is left out."""
        sides = {"before": self.before, "after": self.after}
        return {
            "path": "/".join(self.path),
            **{name: value for name, value in sides.items() if value is not ABSENT},
        }


def differences(before: Any, after: Any) -> list[Difference]:
    """The fields that differ, in the order of the first answer, then of the second."""
    was, now = fields_of(before), fields_of(after)
    return [
        Difference(path, was.get(path, ABSENT), now.get(path, ABSENT))
        for path in dict.fromkeys((*was, *now))
        if was.get(path, ABSENT) != now.get(path, ABSENT)
    ]


def applied(fields: Fields, found: Sequence[Difference]) -> dict[Path, Any]:
    """The fields with the differences made in them.

    Raises:
        ValueError: a field is not what a difference says was there before.
    """
    made = dict(fields)
    for difference in found:
        if made.get(difference.path, ABSENT) != difference.before:
            raise ValueError(f"{'/'.join(difference.path)} is not as the difference says")
        if difference.after is ABSENT:
            del made[difference.path]
        else:
            made[difference.path] = difference.after
    return made


def fields_of(answer: Any) -> dict[Path, Any]:
    """Every field of an answer. An empty object or list within it is a value too; an answer that
    is an empty object has no fields."""
    return dict(_fields((), answer)) if answer != {} else {}


def _fields(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, Mapping) and value:
        for name, held in value.items():
            yield from _fields((*path, str(name)), held)
    elif isinstance(value, list) and (named := _named(value)) is not None:
        for name, held in named.items():
            yield from _fields((*path, name), held)
    else:
        yield path, value


def _named(objects: Sequence[Any]) -> dict[str, Any] | None:
    """The objects of a list by name; None where they have none, or where two share one."""
    if not objects or not all(isinstance(one, Mapping) for one in objects):
        return None
    for names in _NAMED_BY:
        if all(all(name in one for name in names) for one in objects):
            named = {",".join(str(one[name]) for name in names): one for one in objects}
            return named if len(named) == len(objects) else None
    return None
