"""A primary school year: four times, levels and test marks, qualities; no averages.

Where two writers filled one slot, what was entered first in the order of custody counts (what
was entered goes before what was taken from paper); the rest is `surplus`.
"""

from collections.abc import Mapping, Sequence

from ledger import contribution as parts_of
from ledger.assessment import primary
from ledger.assessment.marks import EXEMPT
from ledger.assessment.reading import BY_REGULATION
from ledger.assessment.regime import Regulation
from ledger.contribution import Column, Contribution, Mark
from ledger.secondary_year import outcome_of
from ledger.year_results import SubjectResult, TimeResult, YearRecord

TIMES = ("GK1", "CK1", "GK2", "CN")


def assess_primary(contributions: Sequence[Contribution], regulation: Regulation) -> YearRecord:
    """The year's results by TT 27/2020, TT 22/2016 or TT 30/2014."""
    year = contributions[-1].year
    asked, left_out = parts_of.adaptation(contributions)
    columns = {
        subject: column
        for (subject, semester), column in parts_of.columns(contributions).items()
        if semester == 0
    }
    again = [
        (d.subject, d.value)
        for d in parts_of.decisions(contributions)
        if d.kind == "reassess" and d.subject and d.value
    ]
    reassessed = {subject: value for subject, value in again if not value.isdigit()}
    retaken = {subject: value for subject, value in again if value.isdigit()}
    subjects = tuple(
        _subject(name, columns.get(name), reassessed.get(name), exempt=name in left_out)
        for name in sorted(columns.keys() | left_out)
    )
    graded = [s for s in subjects if s.year != EXEMPT]
    qualities = _qualities(contributions, regulation, year.grade)
    found = primary.year_result(
        {s.subject: s.reassessed or s.year for s in graded},
        {item: times["CN"] for item, times in qualities.items()},
        _year_end_tests(graded, retaken, year.grade, regulation),
        regulation=regulation,
    )
    from_paper: list[str] = []
    result = found.result.value if found.result and asked else None
    stated = parts_of.stated(contributions, "study")
    if result is None and stated is not None and asked:
        from_paper.append("study/CN")
        result = stated
    outstanding = parts_of.mentioned(contributions, "award", "outstanding")
    done = primary.Result(result) if result in set(primary.Result) else None
    excused, unexcused = parts_of.absences(contributions)
    completion = primary.completion(done) if done else None
    pending = done is primary.Result.NOT_DONE
    return YearRecord(
        school_year=year.school_year,
        grade=year.grade,
        programme=year.programme,
        regulation=year.regulation,
        strategy=BY_REGULATION,
        subjects=subjects,
        conduct=dict.fromkeys(("HK1", "HK2", "CN")),
        study={"HK1": None, "HK2": None, "CN": result},
        adjusted=(),
        excused=excused,
        unexcused=unexcused,
        promotion=outcome_of(
            contributions, completion or ("pending" if pending else None), from_paper
        ),
        promotion_reasons=_reasons(asked, pending),
        title=primary.title(done, outstanding=outstanding) if done else None,
        missing=() if from_paper or not asked else tuple(f"CN/{name}" for name in found.missing),
        qualities=qualities,
        levels_asked=asked,
        from_paper=tuple(from_paper),
    )


def _reasons(asked: bool, pending: bool) -> tuple[str, ...]:
    if not asked:  # without levels the rules conclude nothing: the head decides
        return ("levels_not_asked",)
    return ("not_completed",) if pending else ()


def _subject(
    name: str, column: Column | None, reassessed: str | None, *, exempt: bool
) -> SubjectResult:
    marks = column.marks if column else ()
    if exempt:
        return SubjectResult(name, "level", {}, EXEMPT, None, (), surplus=marks)
    times: dict[str, TimeResult] = {}
    surplus: list[Mark] = []
    for time in TIMES:
        level, more = _first(marks, time)
        test, others = _first(marks, f"KT_{time}")
        times[time] = TimeResult(level, test)
        surplus += [*more, *others]
    held = times["CN"].level
    filled = {mark.slot for mark in marks}
    wanted = column.required if column else ()
    missing = tuple(slot for slot in wanted if slot not in filled)
    year = held.value if held else None
    return SubjectResult(
        *(name, "level", {}, year, reassessed, missing), times=times, surplus=tuple(surplus)
    )


def _first(marks: Sequence[Mark], slot: str) -> tuple[Mark | None, list[Mark]]:
    candidates = sorted(
        (mark for mark in marks if mark.slot == slot),
        key=lambda mark: (mark.paper, mark.hop, mark.tested_on),
    )
    return (candidates[0], candidates[1:]) if candidates else (None, [])


def _year_end_tests(
    subjects: Sequence[SubjectResult],
    retaken: Mapping[str, str],
    grade: int,
    regulation: Regulation,
) -> Mapping[str, int | None]:
    """The year-end test marks of the subjects that have one; a test taken again replaces it."""
    tests: dict[str, int | None] = {}
    for subject in subjects:
        if subject.subject in retaken:
            tests[subject.subject] = int(retaken[subject.subject])
            continue
        test = subject.times["CN"].test if subject.times else None
        if test is not None and test.value == EXEMPT:
            continue
        if test is not None or primary.has_test(subject.subject, "CN", grade, regulation):
            tests[subject.subject] = int(test.value) if test else None
    return tests


def _qualities(
    contributions: Sequence[Contribution], regulation: Regulation, grade: int
) -> dict[str, dict[str, str | None]]:
    """Every item asked for or assessed, with its level at the four times."""
    assessed = {key.partition("/")[0] for part in contributions for key in part.year.qualities}
    items = [*primary.items(regulation, grade), *sorted(assessed)]
    return {
        item: {time: parts_of.last(contributions, "qualities", f"{item}/{time}") for time in TIMES}
        for item in dict.fromkeys(items)
    }
