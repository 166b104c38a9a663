"""What of a pupil's year is not as the receiving school has it. None of it is a ground to refuse.

Each difference is {code, school_year, …} with what is there and what is here.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from ledger import contribution as parts_of
from ledger.codes import Programme
from ledger.compulsory import compulsory, lacking
from ledger.contribution import Contribution
from ledger.secondary_year import CHOICES
from ledger.year_results import YearRecord
from projections.arrival.came import marks_of
from projections.arrival.place import Place

LOCAL = "GDDP"
"""Local curriculum (Nội dung giáo dục của địa phương): another one in every province."""
LANGUAGES = ("NGOAINGU1", "NGOAINGU2", "TIENGDTTS")


def differences(
    years: dict[str, list[Contribution]], records: dict[str, YearRecord], place: Place
) -> list[dict[str, Any]]:
    """The differences of the year of arrival, and which years follow another regulation."""
    found = list(_regulations(years, place))
    label = place.year.label
    parts, record = years.get(label), records.get(label)
    if parts is None or record is None:
        return found
    there = [part for part in parts if part.ledger != place.ledger] or list(parts)
    subjects = subjects_there(record, place)
    found += _frame(there[0], place)
    found += _subjects(subjects, record, place)
    found += _choices(there, place)
    found += _languages(subjects, place)
    found += _numbers(record, place)
    found += _local(record, place)
    found += _individual(there)
    return [{**one, "school_year": one.get("school_year", label)} for one in found]


def subjects_there(record: YearRecord, place: Place) -> frozenset[str]:
    """The subjects that were taught elsewhere in the year, as far as marks or paper say."""
    return frozenset(
        subject.subject
        for subject in record.subjects
        if any(term.stated for term in subject.semesters.values())
        or any(not place.is_here(mark) for mark in marks_of(subject))
    )


def taught_here(place: Place) -> frozenset[str]:
    """The subjects of the class's plan; without one those that are compulsory in the grade."""
    if place.taught:
        return place.taught
    wanted = compulsory(place.grade, Programme(place.programme))
    return frozenset(names[0] for names in wanted)


def subjects_only_here(subjects: frozenset[str], place: Place) -> list[str]:
    """What is taught here and has no mark from there: by the class's plan, without one what is
    compulsory. Of alternatives (music, or arts as one subject) any one will do."""
    programme = Programme(place.programme)
    if not place.taught:
        return sorted(lacking(subjects, place.grade, programme))
    met = {
        name
        for names in compulsory(place.grade, programme)
        if any(one in subjects for one in names)
        for name in names
    }
    return sorted(place.taught - subjects - met)


def _regulations(years: dict[str, list[Contribution]], place: Place) -> Iterable[dict[str, Any]]:
    for label, parts in years.items():
        regulation = parts[0].year.regulation
        if regulation != place.regulation:
            yield {
                "code": "regulation",
                "school_year": label,
                "there": regulation,
                "here": place.regulation,
            }


def _frame(there: Contribution, place: Place) -> Iterable[dict[str, Any]]:
    year = there.year
    for code, theirs, ours in (
        ("grade", year.grade, place.grade),
        ("programme", year.programme, place.programme),
    ):
        if theirs != ours:
            yield {"code": code, "there": theirs, "here": ours}


def _subjects(
    subjects: frozenset[str], record: YearRecord, place: Place
) -> Iterable[dict[str, Any]]:
    if not record.subjects:
        return  # before grade 1, or in summer: there is nothing to compare
    either = {n for names in compulsory(place.grade, Programme(place.programme)) for n in names}
    for name in sorted(subjects - taught_here(place) - either):
        yield {"code": "subject_only_there", "subject": name}
    for name in subjects_only_here(subjects, place):
        yield {"code": "subject_only_here", "subject": name}


def _choices(there: Sequence[Contribution], place: Place) -> Iterable[dict[str, Any]]:
    """Chosen subjects, where the choice was stated and the class's plan is on record."""
    chosen = parts_of.electives(there)
    offered = place.taught & CHOICES
    if chosen is None or not place.taught or chosen <= offered:
        return
    yield {"code": "electives", "there": sorted(chosen), "here": sorted(offered)}


def _languages(subjects: frozenset[str], place: Place) -> Iterable[dict[str, Any]]:
    """Which foreign language it is, no record says: a person has to ask."""
    came = [name for name in LANGUAGES if name in subjects]
    if came:
        here = [name for name in LANGUAGES if name in taught_here(place)]
        yield {"code": "foreign_language", "there": came, "here": here}


def _numbers(record: YearRecord, place: Place) -> Iterable[dict[str, Any]]:
    """Regular marks in surplus, slots that came twice, and what is short of the number."""
    for subject in record.subjects:
        if subject.surplus:
            slots = [mark.slot for mark in subject.surplus]
            yield {"code": "surplus", "subject": subject.subject, "slots": slots}
        for n, term in subject.semesters.items():
            if term.surplus:
                slots = [mark.slot for mark in term.surplus]
                yield {"code": "surplus", "subject": subject.subject, "semester": n, "slots": slots}
            came = [mark for mark in term.regular if not place.is_here(mark)]
            short = [slot for slot in term.missing if slot.startswith("TX")]
            if came and short:
                yield {
                    "code": "shortage",
                    "subject": subject.subject,
                    "semester": n,
                    "came": len(came),
                    "wanted": len(term.regular) + len(short),
                }


def _local(record: YearRecord, place: Place) -> Iterable[dict[str, Any]]:
    if any(
        subject.subject == LOCAL and any(mark.ledger != place.ledger for mark in marks_of(subject))
        for subject in record.subjects
    ):
        yield {"code": "local_curriculum", "subject": LOCAL, "kept": True}


def _individual(there: Sequence[Contribution]) -> Iterable[dict[str, Any]]:
    """An individual education plan, and what the pupil is exempt from."""
    asked, left_out = parts_of.adaptation(there)
    if any(part.year.adaptation is not None for part in there):
        yield {
            "code": "individual_plan",
            "levels_asked": asked,
            "left_out": sorted(left_out),
        }
    for known in parts_of.exemptions(there):
        yield {
            "code": "exemption",
            "subject": known.subject,
            "period": known.period,
            "part": known.part,
        }
