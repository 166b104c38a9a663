"""The 12-digit personal number (số định danh cá nhân): province, sex, century, year, six digits.

It has no check digit. Numbers are issued from what was known at the time, so a contradiction
with sex or birth year is a warning, never a refusal (domain reference, section 5). No message
repeats the number.
"""

import re
from typing import Literal

from ledger.codes import OLD_PROVINCES
from ledger.errors import Refused

NumberWarning = Literal[
    "number_contradicts_sex", "number_contradicts_birth_year", "unknown_province_code"
]

_DIGITS = re.compile(r"[0-9]+")
LENGTH = 12
# Three-digit codes from 100 up are countries of birth registration (TT 07/2016/TT-BCA; the
# table itself was not seen, so any of them is taken as known).
_FIRST_COUNTRY = 100
# Century digit: even male, odd female; 0-1 the 20th century, 2-3 the 21st, and so on.
_FIRST_CENTURY = 1900


def parse(text: str) -> str:
    """Return the twelve digits. Blanks and dots that group them are dropped.

    Raises `Refused` with `lost_leading_zero` for eleven digits (a spreadsheet took the number
    for a quantity), else `personal_number_not_12_digits`.
    """
    number = re.sub(r"[\s.\u00a0]", "", text)
    digits = _DIGITS.fullmatch(number) is not None
    if digits and len(number) == LENGTH:
        return number
    if digits and len(number) == LENGTH - 1:
        raise Refused(
            "lost_leading_zero",
            "the personal number has 11 digits: a spreadsheet has dropped the leading zero",
            field="personal_id",
            suggestion="put the 0 back in front and format the column as text",
        )
    raise Refused(
        "personal_number_not_12_digits",
        "a personal number has exactly 12 digits",
        field="personal_id",
    )


def check(number: str, sex: str | None, birth_year: int | None) -> list[NumberWarning]:
    """Return the warnings for a number beside `sex` (`nam`, `nu`, `khac`) and birth year.

    Raises as `parse` does. An unknown sex or year, and sex `khac`, contradict nothing.
    """
    number = parse(number)
    province, century, year = number[:3], int(number[3]), int(number[4:6])
    warnings: list[NumberWarning] = []
    if int(province) < _FIRST_COUNTRY and province[1:] not in OLD_PROVINCES:
        warnings.append("unknown_province_code")
    if sex in ("nam", "nu") and (century % 2 == 1) != (sex == "nu"):
        warnings.append("number_contradicts_sex")
    if birth_year is not None and birth_year != _FIRST_CENTURY + 100 * (century // 2) + year:
        warnings.append("number_contradicts_birth_year")
    return warnings
