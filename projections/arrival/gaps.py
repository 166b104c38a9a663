"""What is missing for the year's result of a pupil who arrives: who has to do what, by when.

A gap is {what, school_year, subject, semester, slot, acts}; an act is {who, act, by, staff}, the
first one being the rule and what follows the way out. What the school left still owes it hands in
as a supplement, while the day of the test lies before the pupil's last day there; what comes after
is the receiving school's; and where a term is missing altogether its head decides (domain
reference, 3.4: no rule fills it silently).
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from ledger.contribution import Contribution
from ledger.school_year import SchoolYear
from ledger.year_results import SubjectResult, YearRecord
from projections.arrival.came import marks_of
from projections.arrival.differences import subjects_only_here, subjects_there
from projections.arrival.place import Place

PERIODS = {1: "HK1", 2: "HK2"}
_TERM_OF_TIME = {"GK1": 1, "CK1": 1, "GK2": 2, "CN": 2}
_BY_CONDUCT = frozenset({"TT22_2021", "TT58_2011", "TT26_2020", "TT43_2021"})
"""Regulations with a training result in each term."""


def gaps(
    years: dict[str, list[Contribution]], records: dict[str, YearRecord], place: Place
) -> list[dict[str, Any]]:
    """Everything missing, the present year first by subject; then earlier years."""
    found: list[dict[str, Any]] = list(_placement(place))
    record = records.get(place.year.label)
    if record is not None:
        found += _present(years[place.year.label], record, place)
    for label, earlier in records.items():
        if SchoolYear.parse(label).end <= place.year.start:
            found += _earlier(earlier, place)
    return found


def _placement(place: Place) -> Iterable[dict[str, Any]]:
    if place.class_code is not None:
        return
    due = place.law.placement_due(place.came_on)
    what = "class" if place.enrolled else "enrolment"
    yield _gap(what, place.year.label, acts=[_act(place, "head", "placement", due)])


def _present(
    parts: Sequence[Contribution], record: YearRecord, place: Place
) -> Iterable[dict[str, Any]]:
    arrival = place.term_of_arrival()
    begun = 2 if place.on >= place.calendar.term_2_from else 1
    for subject in record.subjects:
        yield from _subject(subject, record.school_year, place, last=min(begun, arrival))
    if record.subjects and arrival > 1:
        there = subjects_there(record, place)
        for name in subjects_only_here(there, place) if there else ():
            yield _gap("term", record.school_year, subject=name, semester=1, acts=_term(place))
    if not record.subjects and record.regulation in _BY_CONDUCT and arrival == 2:
        yield _gap("term", record.school_year, semester=1, acts=_term(place))
    if record.regulation in _BY_CONDUCT:
        yield from _conduct(record, place, last=min(begun, arrival))
        if record.excused is None and arrival > 1:
            acts = [_there(place), _act(place, "homeroom_teacher", "enter_absences", None)]
            yield _gap("absences", record.school_year, acts=_sound(acts))
    yield from _qualities(record, place)
    closed = {closing.period for part in parts for closing in part.year.closings}
    if arrival > 1 and record.subjects and "HK1" not in closed and place.has_origin:
        acts = [_there(place), _act(place, "head", "close_semester_1", place.term_end(2))]
        yield _gap("closing", record.school_year, semester=1, acts=_sound(acts))


def _subject(
    subject: SubjectResult, label: str, place: Place, *, last: int
) -> Iterable[dict[str, Any]]:
    """The slots that a subject lacks in the terms up to `last`."""
    for n, term in subject.semesters.items():
        if n > last or not term.missing:
            continue
        if n < place.term_of_arrival() and not term.marks and not term.surplus:
            yield _gap("term", label, subject=subject.subject, semester=n, acts=_term(place))
            continue
        acts = _slot(place, n, subject.subject)
        for slot in term.missing:
            yield _gap("mark", label, subject=subject.subject, semester=n, slot=slot, acts=acts)
    for slot in subject.missing if subject.times else ():
        n = _TERM_OF_TIME.get(slot.removeprefix("KT_"), 2)
        if n <= last:
            acts = _slot(place, n, subject.subject)
            yield _gap("mark", label, subject=subject.subject, semester=n, slot=slot, acts=acts)


def _slot(place: Place, term: int, subject: str) -> list[dict[str, Any]]:
    """Who gives a mark of a term: the school left of a term that was over, else this one."""
    here = _act(place, "subject_teacher", "enter_mark", place.term_end(term), subject)
    if term < place.term_of_arrival():
        make_up = _act(place, "subject_teacher", "make_up", place.term_end(2), subject)
        return _sound([_there(place), make_up])
    return _sound([here, _there(place) if _was_there(place, term) else None])


def _term(place: Place) -> list[dict[str, Any]]:
    """A whole term without a mark: the head decides on a legal ground, or the papers come yet."""
    head = _act(place, "head", "missing_term", place.term_end(2))
    return _sound([head, _there(place)])


def _was_there(place: Place, term: int) -> bool:
    """Whether the pupil sat at the school left within that term."""
    begins = place.calendar.school_year.start if term == 1 else place.calendar.term_2_from
    return place.last_day_there is not None and begins <= place.last_day_there


def _there(place: Place) -> dict[str, Any] | None:
    """The school left hands it in as a supplement; None where no school is there to ask."""
    if not place.has_origin:
        return None
    act = _act(place, "origin_teacher", "supplement", place.supplement_due())
    last = place.last_day_there
    return {**act, "tested_until": last.isoformat() if last else None}


def _conduct(record: YearRecord, place: Place, *, last: int) -> Iterable[dict[str, Any]]:
    for n in range(1, last + 1):
        if record.conduct.get(PERIODS[n]) is not None or not record.levels_asked:
            continue
        here = _act(place, "homeroom_teacher", "enter_conduct", place.term_end(n))
        acts = [_there(place), here] if n < place.term_of_arrival() else [here]
        yield _gap("conduct", record.school_year, semester=n, acts=_sound(acts))


def _qualities(record: YearRecord, place: Place) -> Iterable[dict[str, Any]]:
    """Qualities and competences of a term of primary school that was over on arrival."""
    if not record.qualities or place.term_of_arrival() == 1:
        return
    lacking = [item for item, times in record.qualities.items() if times["CK1"] is None]
    if lacking:
        here = _act(place, "homeroom_teacher", "enter_qualities", place.term_end(2))
        yield {
            **_gap("qualities", record.school_year, semester=1, acts=_sound([_there(place), here])),
            "items": lacking,
        }


def _earlier(record: YearRecord, place: Place) -> Iterable[dict[str, Any]]:
    """An earlier year without a result: re-assessed by 30 September, else the head has to say."""
    if record.promotion in ("promoted", "retained") or not record.subjects:
        return
    until = SchoolYear.parse(record.school_year).late_decisions_until
    if record.promotion == "pending" and place.on <= until:
        yield _gap(
            "reassessment", record.school_year, acts=[_act(place, "head", "reassess", until)]
        )
        return
    acts = [_there(place), _act(place, "head", "promotion", None)]
    lacking = sorted(s.subject for s in record.subjects if s.missing and any(marks_of(s)))
    yield {**_gap("result", record.school_year, acts=_sound(acts)), "subjects": lacking}


def _act(
    place: Place, who: str, act: str, by: date | None, subject: str | None = None
) -> dict[str, Any]:
    teachers = {
        "subject_teacher": place.staff.get(subject, ()) if subject else (),
        "homeroom_teacher": place.staff.get(None, ()),
    }
    return {
        "who": who,
        "act": act,
        "by": _iso(by),
        "overdue": by is not None and by < place.on,
        "staff": list(teachers.get(who, ())),
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


def _sound(acts: Sequence[dict[str, Any] | None]) -> list[dict[str, Any]]:
    return [act for act in acts if act is not None]


def _gap(
    what: str,
    school_year: str,
    *,
    acts: list[dict[str, Any]],
    subject: str | None = None,
    semester: int | None = None,
    slot: str | None = None,
) -> dict[str, Any]:
    return {
        "what": what,
        "school_year": school_year,
        "subject": subject,
        "semester": semester,
        "slot": slot,
        "acts": acts,
    }
