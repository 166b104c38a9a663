"""Levels as people write them: a code or its Vietnamese name, in any case."""

from collections.abc import Mapping
from typing import TypeVar

from ledger.errors import Refused
from ledger.text import LOOKALIKES, clean

_Level = TypeVar("_Level")


def parse_written(text: str, names: Mapping[str, _Level], says: str) -> _Level:
    """Return what `names` (keys in capitals) holds for `text`.

    Raises `Refused("unknown_level")`, whose message is `says`.
    """
    key = clean(text).translate(LOOKALIKES).upper()
    if key not in names:
        raise Refused("unknown_level", says, field="level")
    return names[key]
