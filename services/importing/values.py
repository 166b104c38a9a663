"""Reading cells: dates, instants, sexes, grades, components. Each refusal names its column."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Literal, TypeVar, get_args

from ledger import identifiers, personal_number
from ledger.errors import Refused
from ledger.events.pupil import IdentifierKind
from ledger.events.pupil_year import Component
from ledger.events.staff import IdentityStatus
from ledger.events.unit import Level, UnitKind
from ledger.identity_check import VIETNAM
from ledger.text import matching_key

T = TypeVar("T", bound=str)

SINCE_EVER = identifiers.SINCE_EVER
"""The day from which a fact counts whose list gives no day."""

DAYS = (date(1800, 1, 1), date(2199, 12, 31))
"""The first and the last day that a record can be about. Schools stand since before 1900; a day
such as 9999-12-31 is a program's way to say "open", and nothing can be counted beyond it."""

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_BIRTH = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
_DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_SERIAL = re.compile(r"\d{5}")
_SPREADSHEET_EPOCH = date(1899, 12, 30)
_SEXES = {"nam": "nam", "nữ": "nu", "nu": "nu", "khác": "khac", "khac": "khac"}
_WEIGHT = re.compile(r"0*[1-9][0-9]?")
_COMPONENT = re.compile(r"\s*([^=;@]{1,40})=([^=;@]+)")


@lru_cache(maxsize=1 << 12)
def day(text: str, column: str) -> date:
    """An ISO date within `DAYS`. Raises Refused(`bad_date`), with the reading of another form
    where one is recognised, and `date_out_of_range`."""
    if _ISO.fullmatch(text):
        try:
            return _within(date.fromisoformat(text), column)
        except ValueError:
            pass
    raise Refused(
        "bad_date",
        "a date is written YYYY-MM-DD and must exist",
        field=column,
        suggestion=_other_form(text),
    )


def _within(found: date, column: str) -> date:
    first, last = DAYS
    if first <= found <= last:
        return found
    raise Refused(
        "date_out_of_range",
        f"a day lies between {first} and {last}",
        field=column,
        suggestion="leave the cell empty where there is no end",
    )


def optional_day(text: str, column: str) -> date | None:
    """An ISO date, or None for an empty cell."""
    return day(text, column) if text else None


def birth_date(text: str) -> str:
    """YYYY, YYYY-MM or YYYY-MM-DD. Raises Refused(`bad_date`)."""
    if _BIRTH.fullmatch(text):
        padded = f"{text}-01-01"[:10] if len(text) < 10 else text
        try:
            if SINCE_EVER <= date.fromisoformat(padded) <= date.today():
                return text
        except ValueError:
            pass
    raise Refused(
        "bad_date",
        "a birth date is written YYYY-MM-DD, YYYY-MM or YYYY, must exist and lie between 1900 "
        "and today",
        field="birth_date",
        suggestion=_other_form(text),
    )


def _other_form(text: str) -> str | None:
    match = _DAY_FIRST.fullmatch(text)
    try:
        if match:
            return date(int(match[3]), int(match[2]), int(match[1])).isoformat()
        if _SERIAL.fullmatch(text):  # days since 30 December 1899, as spreadsheets count
            return (_SPREADSHEET_EPOCH + timedelta(days=int(text))).isoformat()
    except ValueError:
        return None
    return None


def instant(text: str, column: str) -> datetime | None:
    """An ISO 8601 instant; without an offset it is Vietnamese time.

    Raises:
        Refused: `bad_instant`, `date_out_of_range`.
    """
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        _within(found.date(), column)
    except ValueError:
        raise Refused(
            "bad_instant",
            "an instant is written in ISO 8601",
            field=column,
            suggestion="2023-06-23T11:30:00+07:00",
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=VIETNAM)


def sex(text: str) -> str:
    """nam, nu or khac, from the key or the word. Raises Refused(`unknown_sex`)."""
    found = _SEXES.get(matching_key(text))
    if found is None:
        raise Refused(
            "unknown_sex", "sex is nam, nu or khac", field="sex", suggestion="nam, nu or khac"
        )
    return found


def one_of(text: str, allowed: tuple[T, ...], column: str, code: str) -> T:
    """The member of a closed list that `text` is. Raises Refused(`code`)."""
    for member in allowed:
        if member == text:
            return member
    raise Refused(
        code, f"no such value in column {column}", field=column, suggestion=", ".join(allowed)
    )


_UNIT_KINDS: tuple[UnitKind, ...] = get_args(UnitKind)
_LEVELS: tuple[Level, ...] = get_args(Level)
IDENTITY_STATUSES: tuple[IdentityStatus, ...] = get_args(IdentityStatus)
_NUMBER_KINDS: tuple[IdentifierKind, ...] = tuple(
    kind for kind in get_args(IdentifierKind) if kind != "local"
)


def unit_kind(text: str) -> UnitKind:
    """The kind of a unit."""
    return one_of(text, _UNIT_KINDS, "kind", "unknown_kind")


def levels(text: str) -> tuple[Level, ...]:
    """School levels joined by semicolons, in the order given."""
    parts = [part.strip().upper() for part in text.split(";") if part.strip()]
    return tuple(one_of(part, _LEVELS, "levels", "unknown_level") for part in parts)


def identity_status(text: str) -> IdentityStatus | None:
    """The population database's answer; None for an empty cell."""
    if not text:
        return None
    return one_of(text, IDENTITY_STATUSES, "identity_status", "unknown_identity_status")


def number_kind(text: str) -> IdentifierKind:
    """The kind of an identifier that a list may give (local keys come with the pupil)."""
    return one_of(text, _NUMBER_KINDS, "kind", "unknown_kind")


def number(kind: str, text: str, column: str) -> str:
    """An identifier as it is looked up: twelve digits for a personal number, else without blanks
    and in capitals. Raises Refused as `personal_number.parse` does, under `column`."""
    if kind != "personal_id":
        return "".join(text.split()).upper()
    return at_column(column, lambda: personal_number.parse(text))


def at_column(column: str, read: Callable[[], str]) -> str:
    """What `read` gives; its refusal names `column`."""
    try:
        return read()
    except Refused as refused:
        raise Refused(
            refused.code, refused.message, field=column, suggestion=refused.suggestion
        ) from refused


def count(text: str, column: str) -> int:
    """A number of sessions; an empty cell is 0. Raises Refused(`bad_number`)."""
    if not text:
        return 0
    if text.isascii() and text.isdigit() and len(text) <= 3:
        return int(text)
    raise Refused("bad_number", "a whole number from 0 to 999", field=column)


_YES = {"yes": True, "co": True, "có": True, "x": True, "1": True, "true": True}
_NO = {"no": False, "khong": False, "không": False, "0": False, "false": False}


def yes(text: str, column: str) -> bool:
    """yes or no, in English or Vietnamese. Raises Refused(`not_yes_or_no`)."""
    found = {**_YES, **_NO}.get(matching_key(text))
    if found is None:
        raise Refused("not_yes_or_no", "yes or no", field=column, suggestion="yes or no")
    return found


def several(text: str) -> list[str]:
    """What is joined by semicolons, without the empty ones."""
    return [part.strip() for part in text.split(";") if part.strip()]


def semester(text: str) -> Literal[0, 1, 2]:
    """1 or 2; 0 for an empty cell (primary sheets have none).

    Raises:
        Refused: `unknown_semester`.
    """
    if text == "1":
        return 1
    if text == "2":
        return 2
    if not text:
        return 0
    raise Refused("unknown_semester", "a term is 1 or 2", field="semester", suggestion="1 or 2")


def components(text: str) -> tuple[Component, ...]:
    """`nghe=7;noi=8;doc=6.5;viet=7`, with weights after `@` (`@1:1:2:2`), by default 1 each.

    Raises:
        Refused: `bad_components`.
    """
    if not text:
        return ()
    parts, _, weights_text = text.partition("@")
    named = [_COMPONENT.fullmatch(part) for part in parts.split(";") if part.strip()]
    weights = weights_text.split(":") if weights_text else ["1"] * len(named)
    sound = all(_WEIGHT.fullmatch(weight.strip()) for weight in weights)
    if not named or not all(named) or len(weights) != len(named) or not sound:
        raise Refused(
            "bad_components",
            "parts of a mark are name=mark joined by semicolons, one weight for each after @",
            field="components",
            suggestion="nghe=7;noi=8;doc=6.5;viet=7@1:1:1:1",
        )
    return tuple(
        Component(
            name=match[1].strip(),
            value=match[2].strip(),
            weight=int(weight),
        )
        for match, weight in zip((m for m in named if m), weights, strict=True)
    )
