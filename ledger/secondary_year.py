"""A secondary school year: levels, conduct, promotion, by the rulebook of its regulation."""

from collections.abc import Mapping, Sequence
from datetime import date

from ledger import contribution as parts_of
from ledger.assessment.marks import EXEMPT
from ledger.assessment.reading import Reading, default_reading, parse_reading
from ledger.assessment.regime import Regulation
from ledger.assessment.rulebook import Levels, Rulebook
from ledger.assessment.tt22 import Promotion
from ledger.codes import Programme
from ledger.contribution import Column, Contribution
from ledger.pupil_year import Decision, PupilYear
from ledger.school_year import SchoolYear
from ledger.subject_year import Circumstances, subject_year
from ledger.year_results import SubjectResult, YearRecord

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
    readings = _readings(contributions, Regulation(year.regulation), reading)
    around = _circumstances(contributions)
    columns = parts_of.columns(contributions)
    subjects = tuple(
        subject_year(name, columns, contributions, around, rules)
        for name in _names(columns, contributions, around)
    )
    asked, _ = parts_of.adaptation(contributions)
    levels = {
        period: _levels(subjects, period, rules, readings[period], around.decisions)
        if _is_complete(subjects, period)
        else Levels(None, False, ("study",))
        for period in PERIODS
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
    if not asked:  # without levels the rules conclude nothing: the head decides
        promotion = Promotion(None, ("levels_not_asked",))
    averages = [s.reassessed or s.year for s in subjects if s.form == "score" and not s.dropped]
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
        strategy=readings["CN"].text,
        subjects=subjects,
        conduct=conduct,
        study=study,
        adjusted=tuple(period for period in PERIODS if levels[period].adjusted),
        excused=excused,
        unexcused=unexcused,
        promotion=outcome_of(contributions, promotion.outcome, from_paper),
        promotion_reasons=promotion.reasons,
        promotion_by_rule=promotion.outcome,
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


def _readings(
    contributions: Sequence[Contribution], regulation: Regulation, reading: Reading | None
) -> dict[str, Reading]:
    """The reading of each period: its closing's; of an open one `reading`, else the last
    closing's, else the default."""
    closed = {
        period: parse_reading(closing.strategy)
        for period, closing in parts_of.closings(contributions).items()
    }
    latest = list(closed.values())[-1] if closed else default_reading(regulation)
    return {period: closed.get(period, reading or latest) for period in PERIODS}


def _circumstances(contributions: Sequence[Contribution]) -> Circumstances:
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
    return Circumstances(decisions, frozenset(exempt), left_out, frozenset(dropped))


def _choices(year: PupilYear) -> frozenset[str]:
    return CHOICES if year.grade >= 10 and year.programme != Programme.GDPT2006 else OPTIONAL


def _names(
    columns: Mapping[tuple[str, int], Column],
    contributions: Sequence[Contribution],
    around: Circumstances,
) -> list[str]:
    exempt = {subject for subject, _ in around.exempt}
    written = {subject for subject, _ in columns}
    return sorted(written | exempt | around.left_out | parts_of.stated_subjects(contributions))


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
    """The levels by period; as stated on paper where no mark of the period was entered."""
    study: dict[str, str | None] = {}
    for period in PERIODS:
        study[period] = levels[period].level
        stated = parts_of.stated(contributions, "study", semester=_semester_of(period))
        if stated is not None and not any(_entered(s, period) for s in subjects):
            from_paper.append(f"study/{period}")
            study[period] = stated
    return study


def _is_complete(subjects: Sequence[SubjectResult], period: str) -> bool:
    """Whether a level may be computed: averages on paper alone may not be all it was made of."""
    if not any(_result_of(subject, period) for subject in subjects):
        return True
    return any(_entered(subject, period) for subject in subjects)


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
