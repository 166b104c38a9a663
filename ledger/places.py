"""Places as on the certificate and as today.

A birth certificate is never rewritten, but its province may have been merged or may share its code
with another one since 1 July 2025 (domain reference, 4.5). What the paper says is stored; what it
means is derived here from the dated province tables. Communes are not mapped: no table of their
mergers was found.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import TypedDict

from ledger.codes import MERGED_FROM, NEW_PROVINCES, OLD_PROVINCES, REFORM, province_name
from ledger.events.pupil import Place
from ledger.text import matching_key

_RANK = re.compile(r"^(tỉnh|thành phố|tp\.?|t\.)\s*")
_SAME_PLACE = frozenset({"46"})
"""Codes whose name alone changed: 46 is Thừa Thiên Huế and Huế."""


class PlaceToday(TypedDict):
    """A place with the province it was in when it was stated, and the one it is in."""

    text: str | None
    code: str | None
    province_then: str | None
    province_now: str | None


def readings(code: str) -> tuple[str, str] | None:
    """What a province code meant before 1 July 2025 and what it means since, where that differs.

    None for a code with one meaning, and for a commune's code.
    """
    old, new = OLD_PROVINCES.get(code), NEW_PROVINCES.get(code)
    if old is None or new is None or old == new or code in _SAME_PLACE:
        return None
    return old, new


def is_ambiguous(place: Place) -> bool:
    """Whether the code of `place` means two provinces and its text does not say which."""
    if place.code is None or (both := readings(place.code)) is None:
        return False
    return _named_in(place.text) not in both


def today_of(place: Place, *, stated_on: date | None, on: date) -> PlaceToday:
    """`place` as it was stated and as it is on `on`.

    `stated_on` is the day whose code table the statement used, None where it is not known: then
    an ambiguous code is read by the text beside it, and not at all where that names no province.
    A province is None where it cannot be told; a new province of several old ones cannot be
    taken back to one of them.
    """
    old = _old_code(place, stated_on)
    new = _new_code(place, stated_on, old)
    if old is not None:
        then = province_name(old, stated_on) if stated_on else OLD_PROVINCES[old]
    else:
        then = NEW_PROVINCES.get(new) if new is not None else None
    if on >= REFORM:
        now = NEW_PROVINCES.get(new) if new is not None else None
    else:
        now = _before(old, new, on)
    return PlaceToday(text=place.text, code=place.code, province_then=then, province_now=now)


def _before(old: str | None, new: str | None, on: date) -> str | None:
    if old is not None:
        return province_name(old, on)
    parts = MERGED_FROM[new] if new is not None else ()
    return province_name(parts[0], on) if len(parts) == 1 else None


def _old_code(place: Place, stated_on: date | None) -> str | None:
    """The code of the old table that the place is in, None where it was stated in the new one or
    cannot be told."""
    if stated_on is not None and stated_on >= REFORM:
        return None
    code = place.code if place.code in OLD_PROVINCES else None
    if code is not None and (stated_on is not None or readings(code) is None):
        return code
    named = _named_in(place.text)
    if code is not None:
        return code if named == OLD_PROVINCES[code] else None
    return _CODE_OF_OLD.get(matching_key(named)) if named is not None else None


def _new_code(place: Place, stated_on: date | None, old: str | None) -> str | None:
    if old is not None:
        return _NEW_OF_OLD[old]
    named = _named_in(place.text)
    if place.code is not None and place.code in NEW_PROVINCES:
        sure = stated_on is not None or readings(place.code) is None
        return place.code if sure or named == NEW_PROVINCES[place.code] else None
    return _CODE_OF_NEW.get(matching_key(named)) if named is not None else None


def _named_in(text: str | None) -> str | None:
    """The province that the last part of a written address names, under its official name."""
    if not text:
        return None
    for part in reversed(text.split(",")):
        name = _RANK.sub("", matching_key(part)).strip()
        if name in _OFFICIAL:
            return _OFFICIAL[name]
    return None


_NEW_OF_OLD: Mapping[str, str] = {old: new for new, merged in MERGED_FROM.items() for old in merged}
_CODE_OF_OLD: Mapping[str, str] = {matching_key(name): code for code, name in OLD_PROVINCES.items()}
_CODE_OF_NEW: Mapping[str, str] = {matching_key(name): code for code, name in NEW_PROVINCES.items()}
_OFFICIAL: Mapping[str, str] = {
    matching_key(name): name
    for name in (*OLD_PROVINCES.values(), *NEW_PROVINCES.values(), "Huế", "Hồ Chí Minh")
}
