"""Before a pupil's record is handed over: what the school left still owes, and who writes it.

It blocks nothing: the child goes, and what is missing follows as a supplement.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from ledger import contribution as parts_of
from ledger.contribution import Contribution
from ledger.school_class import SchoolClass
from ledger.school_year import SchoolYear, TermCalendar
from ledger.year_results import SubjectResult, YearRecord

PERIODS = {1: "HK1", 2: "HK2"}
_TERM_OF_TIME = {"GK1": 1, "CK1": 1, "GK2": 2, "CN": 2}
WITHOUT_TERMS = frozenset({"PRESCHOOL", "FOREIGN"})


def checklist(
    parts: Sequence[Contribution],
    record: YearRecord,
    *,
    school_class: SchoolClass | None,
    calendar: TermCalendar,
    on: date,
) -> dict[str, Any]:
    """{marks, unclosed, conduct} of the year of `record` on `on`.

    `marks` are {subject, semester, slots, staff} of the terms that are not closed: slots are empty
    where the subject of the class's plan has no mark at all. `unclosed` are the periods that are
    over, `conduct` those of them without a training result.
    """
    closed = set(parts_of.closings(parts))
    begun = [n for n in (1, 2) if _begins(calendar, n) <= on]
    open_terms = [n for n in begun if PERIODS[n] not in closed]
    over = [n for n in begun if _ends(calendar, n) <= on]
    no_terms = record.regulation in WITHOUT_TERMS
    return {
        "school_year": record.school_year,
        "class_code": school_class.code if school_class else None,
        "marks": [] if no_terms else _marks(record, school_class, open_terms, on),
        "unclosed": [] if no_terms else [PERIODS[n] for n in over if PERIODS[n] not in closed],
        "conduct": [
            {"period": PERIODS[n], "staff": _staff(school_class, None, on)}
            for n in over
            if record.qualities is None and not no_terms and record.conduct[PERIODS[n]] is None
        ],
    }


def _begins(calendar: TermCalendar, term: int) -> date:
    return calendar.school_year.start if term == 1 else calendar.term_2_from


def _ends(calendar: TermCalendar, term: int) -> date:
    return calendar.term_2_from if term == 1 else calendar.summer_from


def _marks(
    record: YearRecord, school_class: SchoolClass | None, terms: Sequence[int], on: date
) -> list[dict[str, Any]]:
    known = {subject.subject: subject for subject in record.subjects}
    planned = {a.subject for a in school_class.assignments} if school_class else set()
    names = sorted(known.keys() | {name for name in planned if name is not None})
    found = []
    for name in names:
        for term in terms:
            slots = _slots(known.get(name), term)
            if slots is not None:
                staff = _staff(school_class, name, on)
                found.append({"subject": name, "semester": term, "slots": slots, "staff": staff})
    return found


def _slots(subject: SubjectResult | None, term: int) -> list[str] | None:
    """The slots missing in a term, none where there is no mark to tell by; None: nothing is."""
    if subject is None:
        return []
    if subject.times:
        missing = [s for s in subject.missing if _TERM_OF_TIME.get(s.removeprefix("KT_")) == term]
        return missing or None
    if not subject.semesters:
        return None  # exempt
    result = subject.semesters[term]
    if not result.marks and result.result is None:
        return []
    return list(result.missing) or None


def _staff(school_class: SchoolClass | None, subject: str | None, on: date) -> list[str]:
    """Who teaches it; of a day without a teacher whoever did last."""
    if school_class is None:
        return []
    now = school_class.teachers(subject, on)
    if now:
        return sorted(now)
    earlier = [a for a in school_class.assignments if a.subject == subject and a.start <= on]
    return [max(earlier, key=lambda a: a.start).staff] if earlier else []


def year_of(years: Mapping[str, object], on: date) -> str | None:
    """The school year to look at on `on`: its own where the pupil has one, else the newest."""
    label = SchoolYear.of(on).label
    if label in years:
        return label
    return max((known for known in years if known <= label), default=None)
