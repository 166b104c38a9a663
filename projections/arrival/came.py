"""What came with a pupil, counted: years, schools, terms, marks, conduct, absences, comments."""

from collections.abc import Iterable, Sequence
from typing import Any

from ledger import contribution as parts_of
from ledger.contribution import Contribution, Mark
from ledger.events.pupil import HealthMeasured
from ledger.year_results import SubjectResult, YearRecord
from projections.arrival.place import Place
from projections.history import FoldEntry, History
from projections.names import Names


def came(
    entries: Iterable[FoldEntry],
    history: History,
    records: dict[str, YearRecord],
    place: Place,
    names: Names,
) -> dict[str, Any]:
    """The counts of everything written elsewhere; `records` are the assessed years by label."""
    years = [
        _year(records[label], parts, place, names)
        for label, parts in history.years.items()
        if _elsewhere(parts, records[label], place)
    ]
    own = history.own.id
    return {
        "years": years,
        "marks": sum(year["marks"] for year in years),
        "health": sum(
            isinstance(entry.event, HealthMeasured) and entry.stream != own for entry in entries
        ),
        "months": sum(
            len(record.pupil.months) for record in history.records if record.pupil.id != own
        ),
    }


def _elsewhere(parts: Sequence[Contribution], record: YearRecord, place: Place) -> bool:
    """Whether somebody else wrote of the year: another ledger, a paper, another school here."""
    return (
        any(part.ledger != place.ledger or part.year.paper for part in parts)
        or any(not place.is_here(mark) for mark in all_marks(record))
        or any(part.year.school not in place.codes for part in parts)
    )


def all_marks(record: YearRecord) -> Iterable[Mark]:
    """Every mark of a year, those that count and those that are more than asked for."""
    for subject in record.subjects:
        yield from marks_of(subject)


def marks_of(subject: SubjectResult) -> Iterable[Mark]:
    """Every mark of one subject's year."""
    for term in subject.semesters.values():
        yield from term.marks
        yield from term.surplus
    for held in subject.times.values():
        yield from (mark for mark in (held.level, held.test) if mark is not None)
    yield from subject.surplus


def _year(
    record: YearRecord, parts: Sequence[Contribution], place: Place, names: Names
) -> dict[str, Any]:
    there = [part for part in parts if part.ledger != place.ledger]
    # Of a move inside the ledger both schools write into one contribution.
    told = there or list(parts)
    marks = [mark for mark in all_marks(record) if not place.is_here(mark)]
    return {
        "school_year": record.school_year,
        "grade": record.grade,
        "programme": record.programme,
        "regulation": told[0].year.regulation,
        "schools": _schools(told, marks, names),
        "subjects": sorted({s.subject for s in record.subjects if _came(s, place)}),
        "terms": sorted({term for s in record.subjects for term in _terms(s, place)}),
        "marks": len(marks),
        "closed": list(parts_of.closings(told)),
        "conduct": sorted({period for part in told for period in part.year.conduct}),
        "absences": {"excused": record.excused, "unexcused": record.unexcused},
        "comments": sum(len(part.year.comments) for part in told),
        "qualities": sum(len(part.year.qualities) for part in told),
        "decisions": [decision.kind for part in told for decision in part.year.decisions],
        "mentions": sum(len(part.year.mentions) for part in told),
        "individual_plan": any(part.year.adaptation is not None for part in told),
        "paper": sum(len(part.year.paper) for part in told),
        "study": record.study,
        "promotion": record.promotion,
    }


def _came(subject: SubjectResult, place: Place) -> bool:
    """Whether the subject has a mark from elsewhere, or an average stated on paper."""
    stated = any(term.stated for term in subject.semesters.values())
    return stated or any(not place.is_here(mark) for mark in marks_of(subject))


def _terms(subject: SubjectResult, place: Place) -> Iterable[int]:
    for n, term in subject.semesters.items():
        if term.stated or any(not place.is_here(mark) for mark in term.marks):
            yield n
    for time, held in subject.times.items():
        if any(mark and not place.is_here(mark) for mark in (held.level, held.test)):
            yield 1 if time in ("GK1", "CK1") else 2


def _schools(
    told: Sequence[Contribution], marks: Sequence[Mark], names: Names
) -> list[dict[str, Any]]:
    """The schools that gave marks, or opened the year; of one on paper its name."""
    found = dict.fromkeys((mark.ledger, mark.school, mark.paper) for mark in marks)
    if not found:
        found = dict.fromkeys((p.ledger, p.year.school, False) for p in told if p.year.school)
    return [
        {
            "ledger": None if paper else names.ledger(ledger),
            "school_code": None if paper else school,
            "name": school if paper else names.school(ledger, school),
        }
        for ledger, school, paper in found
    ]
