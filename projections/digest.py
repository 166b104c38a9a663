"""The transcript digest: one number that is equal wherever the same entries are held and counted.

Version 1 is over this closed list of fields, in RFC 8785 canonical JSON; `null` stands where a
value is unknown. A field that is not listed here never changes the digest.

    {v: 1, pupil, years: [{school_year, grade, programme, regulation, strategy,
        subjects: [{subject, form, year, reassessed,
                    semesters: {"1"|"2": {marks: {TX: […], GK, CK}, average, missing: […]}}}],
        conduct: {HK1, HK2, CN}, study: {HK1, HK2, CN, adjusted: […]},
        absences: {excused, unexcused, total}, promotion, title, missing: […]}]}

A year of TT 58 has `overall: {HK1, HK2, CN}` too (and `DK: […]` among the marks); a primary year
`qualities: {item: {GK1, CK1, GK2, CN}}`, and its subjects no terms but
`times: {GK1|CK1|GK2|CN: {level, test}}`.

No names, schools, authors (`by`), surplus marks or signatures: those differ between ledgers that
count the same marks. The pupil is named by the id the first origin gave.
"""

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from signing import canonical

VERSION = 1
_YEAR = (
    *("school_year", "grade", "programme", "regulation", "strategy"),
    *("conduct", "study", "absences", "promotion", "title", "missing"),
)
_YEAR_WHERE_GIVEN = ("overall", "qualities")
_SUBJECT = ("subject", "form", "year", "reassessed")
_SEMESTER = ("marks", "average", "missing")


def transcript_digest(pupil_id: UUID, years: Sequence[dict[str, Any]]) -> str:
    """`sha256:` and the lower-case hexadecimal digest of the listed fields of `years`.

    `years` are those of a transcript answer, in order; `pupil_id` is the id the first origin
    gave the pupil.

    Raises:
        KeyError: a year lacks a listed field.
    """
    listed = {"v": VERSION, "pupil": str(pupil_id), "years": [_year(year) for year in years]}
    return f"sha256:{hashlib.sha256(canonical.dumps(listed)).hexdigest()}"


def _year(year: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: year[name] for name in _YEAR},
        **{name: year[name] for name in _YEAR_WHERE_GIVEN if name in year},
        "subjects": [_subject(subject) for subject in year["subjects"]],
    }


def _subject(subject: dict[str, Any]) -> dict[str, Any]:
    semesters: dict[str, dict[str, Any]] = subject["semesters"]
    times: dict[str, dict[str, Any]] = subject.get("times", {})
    return {
        **{name: subject[name] for name in _SUBJECT},
        **({"times": {time: _time(held) for time, held in times.items()}} if times else {}),
        "semesters": {
            number: {name: semester[name] for name in _SEMESTER}
            for number, semester in semesters.items()
        },
    }


def _time(held: dict[str, Any]) -> dict[str, Any]:
    return {"level": held["level"], "test": held["test"]}
