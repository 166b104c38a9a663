"""Values as PostgreSQL reads them and gives them back: array literals, jsonb."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

T = TypeVar("T")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def texts(literal: Any) -> list[str]:
    """Of a `text[]`; a list is one already."""
    if not isinstance(literal, str):
        return list(literal)
    if literal == "{}":
        return []
    parts = literal[2:-2].split('","')
    if "\\\\" in literal:
        return [_ESCAPED.sub(r"\1", part) for part in parts]
    return [part.replace('\\"', '"') for part in parts]


def byte_strings(literal: Any) -> list[bytes]:
    """Of a `bytea[]`."""
    if not isinstance(literal, str):
        return list(literal)
    parts = literal[2:-2].split('","') if literal != "{}" else []
    return [bytes.fromhex(part[3:]) for part in parts]


def numbers(literal: Any) -> list[Any]:
    """Of an array of integers, None for NULL."""
    return _plain(literal, int)


def instants(literal: Any) -> list[Any]:
    """Of a `timestamptz[]`, None for NULL."""
    return _plain(literal, lambda text: datetime.fromisoformat(text.strip('"')))


def _plain(literal: Any, read: Callable[[str], T]) -> list[Any]:
    if not isinstance(literal, str):
        return list(literal)
    parts = literal[1:-1].split(",") if literal != "{}" else []
    return [None if part == "NULL" else read(part) for part in parts]


def jsonb(value: Any) -> Any:
    """As a jsonb column gives it back: lists for tuples, of an object the shorter names first."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: (len(name), name))
        return {name: jsonb(value[name]) for name in names}
    return [jsonb(item) for item in value] if isinstance(value, list | tuple) else value
