"""A difference of two answers as lines for people: one for each leaf, never an object in a cell.

An object or a list of objects that stands on one side alone is told with a sign (plus: it came;
minus: it went) and its leaves, or their number where they are many.
"""

from collections.abc import Iterator
from typing import Any

from services.sheets.writing import Value

CAME, GONE = "+", "\N{MINUS SIGN}"
SHOWN = 6
"""Leaves that are told one by one; of more only the number."""

Line = tuple[str, Value, Value]
"""Path, before, after."""


def lines_of(path: str, before: Any, after: Any) -> Iterator[Line]:
    """The leaves that differ between two values of the field at `path`; None: not there."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys((*before, *after)):
            if before.get(name) != after.get(name):
                yield from lines_of(f"{path}/{name}", before.get(name), after.get(name))
    elif _is_listing(before) and _is_listing(after):
        for gone in _without(before, after):
            yield path, _told(GONE, gone), None
        for came in _without(after, before):
            yield path, None, _told(CAME, came)
    else:
        yield path, _side(GONE, before), _side(CAME, after)


def _is_listing(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(one, dict | list) for one in value)


def _without(some: list[Any], others: list[Any]) -> list[Any]:
    """What of `some` is not among `others`, each as often as it stands there more."""
    left = list(others)
    return [one for one in some if not _taken(left, one)]


def _taken(left: list[Any], one: Any) -> bool:
    if one not in left:
        return False
    left.remove(one)
    return True


def _side(sign: str, value: Any) -> Value:
    if isinstance(value, dict) or _is_listing(value):
        return _told(sign, value)
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    shown: Value = value
    return shown


def _told(sign: str, value: Any) -> str:
    leaves = list(_leaves("", value))
    if len(leaves) > SHOWN:
        return f"{sign} ({len(leaves)})"
    return f"{sign} {', '.join(leaves)}".rstrip()


def _leaves(name: str, value: Any) -> Iterator[str]:
    """`name: value` of every leaf that says something."""
    if isinstance(value, dict):
        for key, held in value.items():
            yield from _leaves(str(key), held)
    elif isinstance(value, list):
        for held in value:
            yield from _leaves(name, held)
    elif value is not None:
        yield f"{name}: {value}" if name else str(value)
