"""Written marks: reading what a teacher or a file gives, and exact rounding.

A mark is kept as its canonical text (`"8.0"`, `"Đ"`): in JSON numbers 8 and 8.0 are one.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final

from ledger.errors import Refused
from ledger.events.pupil_year import Component, Form
from ledger.text import LOOKALIKES, clean

PASSED: Final = "Đ"
NOT_PASSED: Final = "CĐ"
EXEMPT: Final = "M"
"""Miễn: the subject or its part is not assessed."""

_NUMBER = re.compile(r"([+-]?)([0-9]+)(?:[.,]([0-9]*))?")
_TENTH = Decimal("0.1")
_HIGHEST = Decimal(10)
_COMMENTS: Mapping[str, str] = {
    "Đ": PASSED,
    "ĐẠT": PASSED,
    "CĐ": NOT_PASSED,
    "CHƯA ĐẠT": NOT_PASSED,
}
_PRIMARY_LEVELS = frozenset({"T", "H", "C"})


def parse_mark(text: str, form: Form) -> str:
    """Return the canonical text of a mark: `"8.0"`, `"Đ"`, `"CĐ"`, `"T"`, of a primary test `"9"`;
    `"M"` for exempt.

    A score has a point or a comma and at most one decimal (TT 22/2021 Điều 5 khoản 3 điểm b).
    Raises `Refused` with `mark_out_of_range`, `mark_two_decimals`, `test_not_whole` or
    `mark_not_a_mark`.
    """
    value = clean(text).translate(LOOKALIKES).upper()
    if value == EXEMPT:
        return EXEMPT
    if form == "score":
        return _score_text(value)
    if form == "comment" and value in _COMMENTS:
        return _COMMENTS[value]
    if form == "level" and value in _PRIMARY_LEVELS:
        return value
    if form == "test":
        return _test_text(value)
    allowed = "Đ, CĐ or M" if form == "comment" else "T, H, C or M"
    raise Refused("mark_not_a_mark", f"the subject takes {allowed}", field="value")


def _test_text(value: str) -> str:
    """A periodic test in primary school: a whole number, never 0 (TT 27/2020; from memory)."""
    if not (value.isascii() and value.isdigit()):
        raise Refused(
            "test_not_whole", "a periodic test has a whole mark from 1 to 10", field="value"
        )
    whole = value.lstrip("0")
    if not 1 <= int(whole[:3] or 0) <= 10:
        raise Refused("mark_out_of_range", "a periodic test has a mark from 1 to 10", field="value")
    return whole


def _score_text(value: str) -> str:
    match = _NUMBER.fullmatch(value)
    if match is None:
        raise Refused("mark_not_a_mark", "the subject takes a number from 0 to 10", field="value")
    sign, whole, tenths = match[1], match[2], match[3] or "0"
    if Decimal(f"{sign}{whole}.{tenths}") > _HIGHEST or sign == "-":
        raise Refused("mark_out_of_range", "a mark is a number from 0 to 10", field="value")
    if len(tenths) > 1:
        raise Refused(
            "mark_two_decimals",
            "a mark has at most one decimal; round it in the grade book first",
            field="value",
        )
    return f"{int(whole)}.{tenths}"


def read_components(components: Sequence[Component], form: Form) -> tuple[Component, ...]:
    """The parts of a mark with canonical values. Raises `Refused` under `components`."""
    try:
        return tuple(
            part.model_copy(update={"value": parse_mark(part.value, form)}) for part in components
        )
    except Refused as refused:
        raise Refused(refused.code, refused.message, field="components") from None


def combined(components: Sequence[Component], form: Form) -> str | None:
    """The mark that weighted parts (as `read_components` gives them) make: the mean half up to
    one decimal; of Đ and CĐ Đ where all are Đ. None for levels and tests, which nobody averages,
    and where a part is exempt.
    """
    if any(part.value == EXEMPT for part in components):
        return None
    if form == "comment":
        return PASSED if {part.value for part in components} == {PASSED} else NOT_PASSED
    if form != "score":
        return None
    total = sum((as_score(part.value) * part.weight for part in components), Decimal(0))
    return str(quotient(total, sum(part.weight for part in components)))


@lru_cache(maxsize=256)
def as_score(mark: str) -> Decimal:
    """Return the number of a canonical score. Raises `Refused("mark_not_a_mark")` for Đ, CĐ, M."""
    return Decimal(_score_text(mark))


def quotient(total: Decimal, divisor: int) -> Decimal:
    """Return `total / divisor` (both not negative) rounded half up to one decimal.

    The division is made in integers: a decimal quotient cut to a number of digits could fall on
    the wrong side of a tie.
    """
    numerator, denominator = total.as_integer_ratio()
    denominator *= divisor
    return ((20 * numerator + denominator) // (2 * denominator)) * _TENTH
