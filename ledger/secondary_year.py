"""A secondary school year: terms, levels, promotion, by the rulebook of its regulation.

Marks of two writers never share a slot: regular marks of all count, in the order of their days,
up to the required number; what is more, and a second GK or CK, is `surplus` until the custodian
decides.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ledger import contribution as parts_of
from ledger.assessment.reading import Reading, default_reading, parse_reading
from ledger.assessment.regime import Regulation
from ledger.assessment.rulebook import Levels, Rulebook, TermMarks, year_outcome
from ledger.codes import Programme
from ledger.contribution import Column, Contribution, Mark
from ledger.events.pupil_year import Form
from ledger.pupil_year import Decision, PupilYear
from ledger.school_year import SchoolYear
from ledger.year_results import SemesterResult, SubjectResult, YearRecord

EXEMPT = "M"
PERIODS = ("HK1", "HK2", "CN")
CHOICES = frozenset(
    {
        *("DIALI", "GDKTPL", "VATLI", "HOAHOC", "SINHHOC", "CONGNGHE", "TINHOC"),
        *("AMNHAC", "MITHUAT", "NGOAINGU2", "TIENGDTTS"),
    }
)
"""Subjects that a pupil of upper secondary school chooses (TT 32/2018; from memory)."""
OPTIONAL = frozenset({"NGOAINGU2", "TIENGDTTS"})
"""Subjects chosen elsewhere: the others of `CHOICES` are compulsory there."""


@dataclass(frozen=True, slots=True)
class _Circumstances:
    """What applies to the year's subjects beside their marks."""

    decisions: Sequence[Decision]
    exempt: frozenset[tuple[str, str]]
    left_out: frozenset[str]
    dropped: frozenset[str]


def assess_secondary(
    contributions: Sequence[Contribution],
    rules: Rulebook,
    *,
    on: date,
    reading: Reading | None = None,
) -> YearRecord:
    """The year's results on `on`; `reading` is that of a closing about to be made, else the
    last closing's, else the default."""
    year = contributions[-1].year
    used = reading or _reading_of(contributions, Regulation(year.regulation))
    around = _circumstances(contributions)
    columns = parts_of.columns(contributions)
    subjects = tuple(
        _subject(name, columns, contributions, around, rules)
        for name in _names(columns, contributions, around)
    )
    asked, _ = parts_of.adaptation(contributions)
    levels = {
        period: _levels(subjects, period, rules, used, around.decisions) for period in PERIODS
    }
    if not asked:
        levels = dict.fromkeys(PERIODS, Levels(None, False, ()))
    from_paper: list[str] = [
        f"{s.subject}/{n}" for s in subjects for n, term in s.semesters.items() if term.stated
    ]
    study = _study(levels, subjects, contributions, from_paper)
    conduct = _conduct(contributions, around.decisions, rules, from_paper)
    excused, unexcused = parts_of.absences(contributions)
    promotion = rules.promotion(
        conduct["CN"],
        study["CN"],
        None if excused is None or unexcused is None else excused + unexcused,
        summer_over=on > SchoolYear.parse(year.school_year).late_decisions_until,
    )
    averages = [s.reassessed or s.year for s in subjects if s.form == "score"]
    stated = {f"study/{p}" for p in PERIODS} & set(from_paper)
    missing = (
        ()
        if stated
        else tuple(f"{period}/{name}" for period in PERIODS for name in levels[period].missing)
    )
    overall = {period: levels[period].overall for period in PERIODS}
    return YearRecord(
        school_year=year.school_year,
        grade=year.grade,
        programme=year.programme,
        regulation=year.regulation,
        strategy=used.text,
        subjects=subjects,
        conduct=conduct,
        study=study,
        adjusted=tuple(period for period in PERIODS if levels[period].adjusted),
        excused=excused,
        unexcused=unexcused,
        promotion=outcome_of(contributions, promotion.outcome, from_paper),
        promotion_reasons=promotion.reasons,
        title=rules.title(
            conduct["CN"], study["CN"], [None if a == EXEMPT else a for a in averages]
        ),
        missing=missing,
        overall=overall if any(overall.values()) else None,
        levels_asked=asked,
        from_paper=tuple(from_paper),
    )


def outcome_of(
    contributions: Sequence[Contribution], computed: str | None, from_paper: list[str]
) -> str | None:
    """promoted, retained or pending: as the head decided last, as computed, as on paper."""
    for decision in reversed(parts_of.decisions(contributions)):
        if decision.kind in ("promote", "retain"):
            return "promoted" if decision.kind == "promote" else "retained"
    on_paper = parts_of.stated(contributions, "promotion")
    entered = any(part.year.slots for part in contributions)
    if on_paper is not None and (computed is None or not entered):
        from_paper.append("promotion")
        return on_paper
    return computed


def _reading_of(contributions: Sequence[Contribution], regulation: Regulation) -> Reading:
    closing = parts_of.newest_closing(contributions)
    return parse_reading(closing.strategy) if closing else default_reading(regulation)


def _circumstances(contributions: Sequence[Contribution]) -> _Circumstances:
    decisions = parts_of.decisions(contributions)
    _, left_out = parts_of.adaptation(contributions)
    dropped = {d.subject for d in decisions if d.kind == "subject_change" and d.subject}
    chosen = parts_of.electives(contributions)
    if chosen is not None:
        dropped |= _choices(contributions[-1].year) - chosen
        dropped -= chosen
    exempt = {
        (known.subject, period)
        for known in parts_of.exemptions(contributions)
        if known.part == "whole"
        for period in (("HK1", "HK2") if known.period == "CN" else (known.period,))
    }
    return _Circumstances(decisions, frozenset(exempt), left_out, frozenset(dropped))


def _choices(year: PupilYear) -> frozenset[str]:
    return CHOICES if year.grade >= 10 and year.programme != Programme.GDPT2006 else OPTIONAL


def _names(
    columns: Mapping[tuple[str, int], Column],
    contributions: Sequence[Contribution],
    around: _Circumstances,
) -> list[str]:
    exempt = {subject for subject, _ in around.exempt}
    written = {subject for subject, _ in columns}
    return sorted(written | exempt | around.left_out | parts_of.stated_subjects(contributions))


def _subject(
    name: str,
    columns: Mapping[tuple[str, int], Column],
    contributions: Sequence[Contribution],
    around: _Circumstances,
    rules: Rulebook,
) -> SubjectResult:
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


def _levels(
    subjects: Sequence[SubjectResult],
    period: str,
    rules: Rulebook,
    reading: Reading,
    decisions: Sequence[Decision],
) -> Levels:
    results = {s.subject: _result_of(s, period) for s in subjects if _counts(s, period, decisions)}
    graded = [s for s in subjects if results.get(s.subject, EXEMPT) != EXEMPT]
    scores = {s.subject: results[s.subject] for s in graded if s.form == "score"}
    remarks = {s.subject: results[s.subject] for s in graded if s.form == "comment"}
    return rules.study(scores, remarks, reading)


def _counts(subject: SubjectResult, period: str, decisions: Sequence[Decision]) -> bool:
    """An elective given up still counts in the term in which it was finished; a term of which the
    head decided that it is missing is not asked for in that term's level."""
    if period == "CN":
        return not subject.dropped
    term = subject.semesters[int(period[2:])]
    if term.result is not None or term.marks:
        return term.result is not None or not subject.dropped
    return not (subject.dropped or _decided_missing(subject.subject, decisions))


def _decided_missing(subject: str, decisions: Sequence[Decision]) -> bool:
    return any(d.kind == "missing_term" and d.subject in (subject, None) for d in decisions)


def _result_of(subject: SubjectResult, period: str) -> str | None:
    if period == "CN":
        return subject.reassessed or subject.year
    return subject.semesters[int(period[2:])].result


def _study(
    levels: Mapping[str, Levels],
    subjects: Sequence[SubjectResult],
    contributions: Sequence[Contribution],
    from_paper: list[str],
) -> dict[str, str | None]:
    """The levels by period; as stated on paper where no mark of the period was entered: the
    paper may not list every subject it was computed from."""
    study: dict[str, str | None] = {}
    for period in PERIODS:
        study[period] = levels[period].level
        stated = parts_of.stated(contributions, "study", semester=_semester_of(period))
        if stated is not None and not any(_entered(s, period) for s in subjects):
            from_paper.append(f"study/{period}")
            study[period] = stated
    return study


def _entered(subject: SubjectResult, period: str) -> bool:
    """Whether a mark of the period was entered here or elsewhere, not taken from paper."""
    numbers = (1, 2) if period == "CN" else (int(period[2:]),)
    return any(not mark.paper for n in numbers for mark in subject.semesters[n].marks)


def _semester_of(period: str) -> str:
    return {"HK1": "1", "HK2": "2"}.get(period, "CN")


def _conduct(
    contributions: Sequence[Contribution],
    decisions: Sequence[Decision],
    rules: Rulebook,
    from_paper: list[str],
) -> dict[str, str | None]:
    conduct: dict[str, str | None] = {}
    for period in ("HK1", "HK2"):
        conduct[period] = _conduct_of(contributions, period, from_paper)
    summer = next((d.value for d in reversed(decisions) if d.kind == "summer_training"), None)
    computed = rules.year_conduct(conduct["HK1"], conduct["HK2"])
    conduct["CN"] = summer or computed or _conduct_of(contributions, "CN", from_paper)
    return conduct


def _conduct_of(
    contributions: Sequence[Contribution], period: str, from_paper: list[str]
) -> str | None:
    entered = parts_of.last(contributions, "conduct", period)
    if entered is not None:
        return entered
    on_paper = parts_of.stated(contributions, "conduct", semester=_semester_of(period))
    if on_paper is not None:
        from_paper.append(f"conduct/{period}")
    return on_paper
