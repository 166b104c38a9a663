"""Codes that other systems ask for: those known, and those a file of the province gives.

The ministry's lists of subjects, schools and departments were not found (domain reference 2.3),
so nothing is invented: without a file subjects have no code, and schools and provinces are sent
under the codes they bear here.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from ledger.codes import ETHNIC_GROUPS, NEW_PROVINCES, REFORM, Stage, province_name
from ledger.errors import Refused
from ledger.subjects import subjects_named
from ledger.text import matching_key, strip_accents

SEXES: Mapping[str, str] = {"nam": "1", "nu": "2", "khac": "0"}
"""QCVN 109:2017: 0 not known, 1 male, 2 female."""

LEVELS: Mapping[Stage, str] = {
    Stage.PRIMARY: "02",
    Stage.LOWER_SECONDARY: "03",
    Stage.UPPER_SECONDARY: "04",
    Stage.CONTINUING: "05",
}
"""Mã cấp học, section 4.2, seen in one public code base."""

_COUNTRIES = """
AD AE AF AG AL AM AO AR AT AU AZ BA BB BD BE BF BG BH BI BJ BN BO BR BS BT BW BY BZ CA CD CF CG
CH CI CL CM CN CO CR CU CV CY CZ DE DJ DK DM DO DZ EC EE EG ER ES ET FI FJ FM FR GA GB GD GE GH
GL GM GN GQ GR GT GW GY HN HR HT HU ID IE IL IN IQ IR IS IT JM JO JP KE KG KH KI KM KN KP KR KW
KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MG MH MK ML MM MN MR MT MU MV MW MX MY MZ NA NE
NG NI NL NO NP NR NU NZ OM PA PE PG PH PK PL PR PS PT PW PY QA RO RS RU RW SA SB SC SD SE SG SI
SK SL SM SN SO SR ST SV SY SZ TD TG TH TJ TL TM TN TO TR TT TV TZ UA UG US UY UZ VA VC VE VN VU
WS YE ZA ZM ZW
"""
"""ISO 3166-1 alpha-2, as far as ELMO's list of countries (Europass 1.1) has them."""
_COUNTRY_CODES = frozenset(_COUNTRIES.split())

_COUNTRY_NAMES: Mapping[str, str] = {
    matching_key(name): code
    for name, code in (
        *(("Việt Nam", "VN"), ("Lào", "LA"), ("Campuchia", "KH"), ("Trung Quốc", "CN")),
        *(("Thái Lan", "TH"), ("Hàn Quốc", "KR"), ("Nhật Bản", "JP"), ("Hoa Kỳ", "US")),
        *(("Mỹ", "US"), ("Nga", "RU"), ("Pháp", "FR"), ("Đức", "DE"), ("Anh", "GB")),
        *(("Úc", "AU"), ("Canada", "CA"), ("Singapore", "SG"), ("Malaysia", "MY")),
    )
}
_ETHNIC_CODES: Mapping[str, str] = {
    matching_key(name).replace("-", " "): code for code, name in ETHNIC_GROUPS.items()
}
_KINDS = ("subject", "school", "department")


@dataclass(frozen=True, slots=True)
class Codes:
    """Codes of the ministry's lists, by what they are of: subject, school or department."""

    given: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def subject(self, key: str) -> str | None:
        """Mã môn học; None where no file gives it."""
        return self.given.get(("subject", key))

    def school(self, code: str) -> str:
        """Mã trường: the file's, else the school's own code here."""
        return self.given.get(("school", code), code)

    def department(self, province: str) -> str:
        """Mã sở: the file's, else the province's code."""
        return self.given.get(("department", province), province)


def read_codes(path: Path) -> Codes:
    """A CSV file with the columns `kind` (subject, school, department), `key` and `code`.

    Raises:
        Refused: `bad_codes`, with the line; `unknown_subject`.
    """
    given: dict[tuple[str, str], str] = {}
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, strict=True)
        try:
            header = next(reader, [])
            if header != ["kind", "key", "code"]:
                raise _bad(1, "the header is not kind,key,code")
            for row in reader:
                if row:
                    kind, key, code = _line(row, reader.line_num)
                    given[kind, key] = code
        except (csv.Error, UnicodeDecodeError):
            raise _bad(reader.line_num + 1, "it is no CSV in UTF-8") from None
    return Codes(given)


def _line(row: list[str], number: int) -> tuple[str, str, str]:
    if len(row) != 3 or not all(cell.strip() for cell in row):
        raise _bad(number, "three filled cells are needed")
    kind, key, code = (cell.strip() for cell in row)
    if kind not in _KINDS:
        raise _bad(number, f"kind is one of {', '.join(_KINDS)}")
    if kind == "subject":
        named = subjects_named(key)
        if not named:
            raise _bad(number, "no subject has this key or name")
        key = named[0].key
    return kind, key, code


def _bad(line: int, what: str) -> Refused:
    return Refused(
        "bad_codes",
        f"the file of codes cannot be used, line {line}: {what}",
        field="codes",
        suggestion="columns kind,key,code; kind subject, school or department",
    )


def ethnic_code(text: str | None) -> str | None:
    """The code of an ethnic group given by code or name; None where the list has none."""
    if not text:
        return None
    code = text.strip()
    if code.isdigit() and code.zfill(2)[-2:] in ETHNIC_GROUPS and len(code) <= 3:
        return f"{int(code):02d}" if f"{int(code):02d}" in ETHNIC_GROUPS else None
    return _ETHNIC_CODES.get(matching_key(text).replace("-", " "))


def country_code(text: str | None) -> str | None:
    """The two-letter code of a nationality given by code or Vietnamese name; else None."""
    if not text:
        return None
    if text.strip().upper() in _COUNTRY_CODES:
        return text.strip().upper()
    return _COUNTRY_NAMES.get(matching_key(text))


def province_code(code: str, on: date) -> str | None:
    """A province's code of the list in force on that day (from 2025-07-01: QĐ 19/2025)."""
    return code if province_name(code, on) is not None else None


def dateless_province_code(code: str | None) -> str | None:
    """The two-digit code of a place of which nobody noted by which list it was written.

    Only where the number means the same province in both lists: seven of them were reused, and
    a wrong place is worse than none.
    """
    if code is None or code not in NEW_PROVINCES:
        return None
    before = date.fromordinal(REFORM.toordinal() - 1)
    return code if province_name(code, before) == NEW_PROVINCES[code] else None


HEADS: Mapping[str, str] = {
    **dict.fromkeys(("hieutruong", "head", "headteacher", "principal"), "Hiệu trưởng"),
    **dict.fromkeys(("giamdoc", "director"), "Giám đốc"),
}
"""Roles of staff.csv that a school's head bears, without accents, blanks and signs."""


def head_title(role: str | None) -> str | None:
    """The official title of a head's role, in any spelling; None for every other role."""
    if role is None:
        return None
    return HEADS.get("".join(c for c in strip_accents(role).lower() if c.isalnum()))
