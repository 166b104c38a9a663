"""Records against the dictionary: types, lengths, required marks, closed lists and ranges.

A record with a single violation is not written; every violation of it is listed, each with the
field, what is wrong, and what to do. No value is repeated: it may be personal.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from services.exchange.fields import (
    BIRTH,
    NOT_ASKED,
    PATTERNS,
    RANGES,
    TABLES,
    UNLESS_NOT_ASKED,
    VALUES,
    Field,
    children,
)
from services.exchange.mends import mend
from services.exchange.record import Gap


def violations(record: Mapping[str, Any]) -> list[Gap]:
    """Everything about an enveloped record that the dictionary does not allow.

    A cancelled record needs nothing but its keys and envelope.
    """
    table: str = record["table"]
    if record["sukien"] == "CANCEL":
        present = [field for field in TABLES[table] if field.name in record]
        return list(_checked(present, record, not_asked=True))
    not_asked = record.get(NOT_ASKED) == 1
    found = list(_checked(TABLES[table], record, not_asked=not_asked))
    if sum(record.get(name) is not None for name in BIRTH) != 1:
        found.append(_gap(BIRTH[0], "missing"))
    for child in children(table):
        for row in record[child]:
            for gap in _checked(TABLES[f"{table}_{child}"], row, not_asked=not_asked):
                place = f"{child}[{_named(row)}].{gap.field}"
                found.append(Gap(field=place, reason=gap.reason, mend=gap.mend))
    return found


def _named(row: Mapping[str, Any]) -> str:
    """What a person knows a row by: the subject's name, the school year."""
    named = (row.get("tenmonhoc"), row.get("namhoc"), row.get("idbanghi"))
    return str(next(name for name in named if name))


def _checked(
    fields: Iterator[Field] | tuple[Field, ...] | list[Field],
    values: Mapping[str, Any],
    *,
    not_asked: bool,
) -> Iterator[Gap]:
    for field in fields:
        value = values.get(field.name)
        if value is None or value == "":
            conditional = field.name in UNLESS_NOT_ASKED
            if (field.required or conditional) and not (conditional and not_asked):
                yield _gap(field.name, "missing")
            continue
        reason = wrong(field, value)
        if reason is not None:
            yield _gap(field.name, reason)


def wrong(field: Field, value: Any) -> str | None:
    """What is wrong with a value that is there: a reason code, or None.

    too_long, not_text, not_a_number, out_of_range, not_in_list, wrong_form, bad_date
    """
    match field.type:
        case "varchar":
            return _wrong_text(field, value)
        case "boolean":
            return None if value in (0, 1) and not isinstance(value, str) else "not_in_list"
        case "int":
            if not isinstance(value, int) or isinstance(value, bool):
                return "not_a_number"
            return None if 0 < value < 10 ** (field.limit or 9) else "out_of_range"
        case "decimal" | "double":
            return _wrong_number(field, value)
        case "date":
            return _wrong_instant(value, "%Y-%m-%d", field.limit)
        case "timestamp":
            return _wrong_instant(value, "%Y-%m-%dT%H:%M:%S", field.limit)


def _wrong_text(field: Field, value: Any) -> str | None:
    if not isinstance(value, str):
        return "not_text"
    if field.limit is not None and len(value) > field.limit:
        return "too_long"
    if field.name in VALUES and value not in VALUES[field.name]:
        return "not_in_list"
    pattern = PATTERNS.get(field.name)
    if pattern is not None and re.fullmatch(pattern, value, re.ASCII) is None:
        return "wrong_form"
    return None


def _wrong_number(field: Field, value: Any) -> str | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return "not_a_number"
    if isinstance(value, bool) or not number.is_finite():
        return "not_a_number"
    least, greatest = RANGES.get(field.name, (number, number))
    if not least <= number <= greatest:
        return "out_of_range"
    whole, _, places = (field.length or "").partition(",")
    exponent = number.normalize().as_tuple().exponent
    if places and isinstance(exponent, int) and -exponent > int(places):
        return "out_of_range"
    digits = int(whole) - int(places or 0) if whole else 99
    return None if abs(number) < Decimal(10) ** digits else "out_of_range"


def _wrong_instant(value: Any, form: str, limit: int | None) -> str | None:
    if not isinstance(value, str) or (limit is not None and len(value) > limit):
        return "bad_date"
    try:
        read = datetime.strptime(value, form)
    except ValueError:
        return "bad_date"
    return None if read.strftime(form) == value and read.date() >= date(1900, 1, 1) else "bad_date"


def _gap(name: str, reason: str) -> Gap:
    return Gap(field=name, reason=reason, mend=mend(name, reason))
