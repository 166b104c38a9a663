"""One subject of a secondary year: its terms and its year.

Marks of two writers never share a slot: regular marks of all count, in the order of their days,
up to the required number; what is more, and a second GK or CK, is `surplus` until the custodian
decides.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ledger import contribution as parts_of
from ledger.assessment.marks import EXEMPT
from ledger.assessment.rulebook import Rulebook, TermMarks, year_outcome
from ledger.contribution import Column, Contribution, Mark
from ledger.events.pupil_year import Form
from ledger.pupil_year import Decision
from ledger.year_results import SemesterResult, SubjectResult


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What applies to the year's subjects beside their marks."""

    decisions: Sequence[Decision]
    exempt: frozenset[tuple[str, str]]
    left_out: frozenset[str]
    dropped: frozenset[str]


def subject_year(
    name: str,
    columns: Mapping[tuple[str, int], Column],
    contributions: Sequence[Contribution],
    around: Circumstances,
    rules: Rulebook,
) -> SubjectResult:
    """The subject's terms and year: by its marks, by paper, by decisions, by exemption."""
    here = {n: columns[name, n] for n in (1, 2) if (name, n) in columns}
    form = next((column.form for column in here.values()), None) or _stated_form(
        name, contributions
    )
    wanted = max((column.required for column in here.values()), key=len, default=())
    semesters = {}
    for n in (1, 2):
        column = here.get(n, Column(form, (), wanted))
        exempt = name in around.left_out or (name, f"HK{n}") in around.exempt
        term = _semester(column, rules) if not exempt else _exempt_term(column)
        if not term.marks and term.result is None:
            value = parts_of.stated(contributions, "average", semester=str(n), subject=name)
            if value is not None:
                term = SemesterResult((), (), None, None, term.surplus, value, (), stated=True)
        semesters[n] = term
    decisions = around.decisions
    first, second = (_decided_term(name, n, semesters[n], decisions) for n in (1, 2))
    year, missing = _year(form, first, second, _single_term(name, decisions))
    if year is None and not any(term.marks for term in semesters.values()):
        year = parts_of.stated(contributions, "average", subject=name)
        missing = () if year is not None else missing
    reassessed = next(
        (d.value for d in reversed(decisions) if d.kind == "reassess" and d.subject == name), None
    )
    return SubjectResult(
        *(name, form, semesters, year, reassessed, missing), dropped=name in around.dropped
    )


def _stated_form(name: str, contributions: Sequence[Contribution]) -> Form:
    forms: Iterator[Form] = (
        fact.form
        for part in contributions
        for fact in part.year.paper
        if fact.subject == name and fact.form
    )
    return next(forms, "score")


def _exempt_term(column: Column) -> SemesterResult:
    """A term not asked of the pupil: marks that stand there all the same count nowhere."""
    return SemesterResult((), (), None, None, column.marks, EXEMPT, ())


def _semester(column: Column, rules: Rulebook) -> SemesterResult:
    wanted = sum(slot.startswith("TX") for slot in column.required)
    order = _regular_order(column.marks)
    regular = sorted((m for m in column.marks if m.slot.startswith("TX")), key=order)
    # Where no number is asked for (TT 58 before 2020), every regular mark counts.
    counted, surplus = (regular[:wanted], regular[wanted:]) if column.required else (regular, [])
    periodic = sorted((m for m in column.marks if m.slot.startswith("DK")), key=order)
    ends: dict[str, Mark | None] = {}
    for slot in ("GK", "CK"):
        candidates = sorted(
            (m for m in column.marks if m.slot == slot),
            key=lambda m: (m.paper, m.hop, m.tested_on),
        )
        ends[slot] = candidates[0] if candidates else None
        surplus.extend(candidates[1:])
    result, missing = _term_result(column.form, counted, periodic, ends, wanted, rules)
    return SemesterResult(
        *(tuple(counted), tuple(periodic), ends["GK"], ends["CK"], tuple(surplus)),
        *(result, missing),
    )


def _regular_order(marks: Sequence[Mark]) -> Callable[[Mark], tuple[date, int, int]]:
    """Slot order of one writer; between writers the day, then the hop, then the slot."""
    one_writer = len({mark.writer for mark in marks}) == 1

    def order(mark: Mark) -> tuple[date, int, int]:
        number = int(mark.slot[2:])
        return (date.min, 0, number) if one_writer else (mark.tested_on, mark.hop, number)

    return order


def _term_result(
    form: str,
    regular: Sequence[Mark],
    periodic: Sequence[Mark],
    ends: Mapping[str, Mark | None],
    wanted: int,
    rules: Rulebook,
) -> tuple[str | None, tuple[str, ...]]:
    written = [mark.value for mark in (*regular, *periodic, *ends.values()) if mark is not None]
    if written and all(value == EXEMPT for value in written):
        return EXEMPT, ()
    midterm, final = (_value(ends[slot]) for slot in ("GK", "CK"))
    marks = TermMarks(
        [mark.value for mark in regular if mark.value != EXEMPT],
        [mark.value for mark in periodic if mark.value != EXEMPT],
        *(midterm, final, wanted),
    )
    outcome = rules.comment_term(marks) if form == "comment" else rules.score_term(marks)
    return outcome.value, outcome.missing


def _value(mark: Mark | None) -> str | None:
    return None if mark is None or mark.value == EXEMPT else mark.value


def _decided_term(
    subject: str, semester: int, term: SemesterResult, decisions: Sequence[Decision]
) -> str | None:
    """The term's result; for a term without any mark, what the head decided instead."""
    if term.result is not None or term.marks:
        return term.result
    decided = (
        d.value
        for d in reversed(decisions)
        if d.kind == "missing_term" and d.subject in (subject, None) and d.value
    )
    return next(decided, None) if semester == 1 else None


def _single_term(subject: str, decisions: Sequence[Decision]) -> bool:
    """Whether the head decided that the term studied is the year (a missing term, no value)."""
    return any(
        d.kind == "missing_term" and d.subject in (subject, None) and not d.value for d in decisions
    )


def _year(
    form: str, first: str | None, second: str | None, single: bool
) -> tuple[str | None, tuple[str, ...]]:
    if single and (first is None) != (second is None):
        return first or second, ()
    if EXEMPT in (first, second):
        studied = [term for term in (first, second) if term != EXEMPT]
        if studied and studied[0] is None:
            return None, ("HK1",) if first is None else ("HK2",)
        return (studied[0] if studied else EXEMPT), ()
    outcome = year_outcome(form, first, second)
    return outcome.value, outcome.missing
