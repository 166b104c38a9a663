"""One pupil's school year as the regulation sees it, from the entries of every ledger that wrote
part of it.

Nothing is merged in storage: each ledger's pupil-year is folded on its own (`pupil_year.evolve`)
and the results are laid beside each other here. Marks of two ledgers never share a slot: regular
marks of all count, in the order of their days, up to the required number; what is more, and a
second GK or CK, is `surplus` until the custodian decides.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from ledger.assessment import tt22
from ledger.assessment.marks import as_score
from ledger.assessment.regime import Regulation
from ledger.pupil_year import Dated, Decision, PupilYear, Slot
from ledger.school_year import SchoolYear

STRATEGY = tt22.Adjustment.REMOVAL_ANY_SUBJECT
EXEMPT = "M"


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one ledger wrote of the year.

    `covered` are (last version, hop) in rising order for the entries a release covers; later
    versions have hop `current`.
    """

    ledger: UUID
    year: PupilYear
    covered: tuple[tuple[int, int], ...]
    current: int

    def hop(self, version: int) -> int:
        """The number of accepted releases before the one that first covers the entry."""
        index = bisect_left([last for last, _ in self.covered], version)
        return self.covered[index][1] if index < len(self.covered) else self.current


def in_custody_order(contributions: Iterable[Contribution]) -> list[Contribution]:
    """The ledgers that wrote of a year, first the one whose entries were released first."""
    return sorted(contributions, key=lambda part: (part.hop(1), part.ledger))


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark with its author: where it stands and what it holds."""

    ledger: UUID
    school: str
    slot: str
    hop: int
    value: str
    tested_on: date


@dataclass(frozen=True, slots=True)
class SemesterResult:
    """One subject in one term: the marks that count, the result, and what is missing for it."""

    regular: tuple[Mark, ...]
    midterm: Mark | None
    final: Mark | None
    surplus: tuple[Mark, ...]
    result: str | None
    missing: tuple[str, ...]

    @property
    def marks(self) -> tuple[Mark, ...]:
        """All marks that count."""
        ends = (mark for mark in (self.midterm, self.final) if mark is not None)
        return (*self.regular, *ends)


@dataclass(frozen=True, slots=True)
class SubjectResult:
    """One subject's year. `year` is before re-assessment, `reassessed` what replaces it."""

    subject: str
    form: str
    semesters: dict[int, SemesterResult]
    year: str | None
    reassessed: str | None
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class YearRecord:
    """The year's results. Levels are codes after adjustment; None where a part is missing."""

    school_year: str
    grade: int
    programme: str
    regulation: str
    strategy: str | None
    subjects: tuple[SubjectResult, ...]
    conduct: dict[str, str | None]
    study: dict[str, str | None]
    adjusted: tuple[str, ...]
    excused: int | None
    unexcused: int | None
    promotion: str | None
    promotion_reasons: tuple[str, ...]
    title: str | None
    missing: tuple[str, ...] = field(default=())


def assess(contributions: Sequence[Contribution], *, on: date) -> YearRecord:
    """The year's results as the contributions (in the order of custody) give them on `on`.

    Raises:
        ValueError: there is no contribution.
    """
    if not contributions:
        raise ValueError("a year to which nobody contributed")
    year = contributions[-1].year
    if year.regulation != Regulation.TT22_2021:
        return _unassessed(year, contributions)
    decisions = _decisions(contributions)
    subjects = tuple(
        _subject(name, contributions, decisions) for name in _subject_names(contributions)
    )
    conduct = _conduct(contributions, decisions)
    study, adjusted, missing = _study(subjects)
    excused, unexcused = _absences(contributions)
    promotion = tt22.promotion(
        conduct=_level(conduct["CN"]),
        study=_level(study["CN"]),
        absences=None if excused is None or unexcused is None else excused + unexcused,
        summer_over=on > SchoolYear.parse(year.school_year).late_decisions_until,
    )
    decided = next((d.kind for d in reversed(decisions) if d.kind in ("promote", "retain")), None)
    outcome = {"promote": "promoted", "retain": "retained"}.get(decided or "", promotion.outcome)
    title = tt22.title(
        conduct=_level(conduct["CN"]),
        study=_level(study["CN"]),
        scores=[as_score(s.year) if s.year else None for s in subjects if s.form == "score"],
    )
    return YearRecord(
        school_year=year.school_year,
        grade=year.grade,
        programme=year.programme,
        regulation=year.regulation,
        strategy=STRATEGY.value,
        subjects=subjects,
        conduct=conduct,
        study=study,
        adjusted=adjusted,
        excused=excused,
        unexcused=unexcused,
        promotion=outcome,
        promotion_reasons=promotion.reasons,
        title=title.value if title else None,
        missing=missing,
    )


def _unassessed(year: PupilYear, contributions: Sequence[Contribution]) -> YearRecord:
    """A year whose regulation has no rules here yet: what was written, no result."""
    excused, unexcused = _absences(contributions)
    nothing: dict[str, str | None] = dict.fromkeys(("HK1", "HK2", "CN"))
    return YearRecord(
        school_year=year.school_year,
        grade=year.grade,
        programme=year.programme,
        regulation=year.regulation,
        strategy=None,
        subjects=(),
        conduct=nothing,
        study=nothing,
        adjusted=(),
        excused=excused,
        unexcused=unexcused,
        promotion=None,
        promotion_reasons=(),
        title=None,
    )


def _subject_names(contributions: Iterable[Contribution]) -> list[str]:
    return sorted({key[0] for part in contributions for key in part.year.slots})


def _subject(
    name: str, contributions: Sequence[Contribution], decisions: Sequence[Decision]
) -> SubjectResult:
    marks: dict[int, list[Mark]] = {1: [], 2: []}
    required: dict[int, tuple[str, ...]] = {}
    form = "score"
    for part in contributions:
        for (subject, semester, slot), filled in part.year.slots.items():
            if subject != name:
                continue
            form = filled.form
            required[semester] = max(required.get(semester, ()), filled.required, key=len)
            marks[semester].append(_mark(part, slot, filled))
    default = max(required.values(), key=len)
    semesters = {
        semester: _semester(form, marks[semester], required.get(semester, default))
        for semester in (1, 2)
    }
    first, second = (_decided_term(name, n, semesters[n], decisions) for n in (1, 2))
    year, missing = _year(form, first, second, _single_term(name, decisions))
    reassessed = next(
        (d.value for d in reversed(decisions) if d.kind == "reassess" and d.subject == name), None
    )
    return SubjectResult(name, form, semesters, year, reassessed, missing)


def _mark(part: Contribution, slot: str, filled: Slot) -> Mark:
    hop = part.hop(filled.version)
    return Mark(part.ledger, filled.school, slot, hop, filled.value, filled.tested_on)


def _semester(form: str, marks: list[Mark], required: tuple[str, ...]) -> SemesterResult:
    wanted = sum(slot.startswith("TX") for slot in required)
    regular = sorted((m for m in marks if m.slot.startswith("TX")), key=_regular_order(marks))
    counted, surplus = regular[:wanted], regular[wanted:]
    ends: dict[str, Mark | None] = {}
    for slot in ("GK", "CK"):
        candidates = sorted(
            (m for m in marks if m.slot == slot), key=lambda m: (m.hop, m.tested_on)
        )
        ends[slot] = candidates[0] if candidates else None
        surplus.extend(candidates[1:])
    result, missing = _term_result(form, counted, ends["GK"], ends["CK"], wanted)
    return SemesterResult(tuple(counted), ends["GK"], ends["CK"], tuple(surplus), result, missing)


def _regular_order(marks: Sequence[Mark]) -> Callable[[Mark], tuple[date, int, int]]:
    """Slot order within one ledger; between ledgers the day, then the hop, then the slot."""
    one_ledger = len({mark.ledger for mark in marks}) == 1

    def order(mark: Mark) -> tuple[date, int, int]:
        number = int(mark.slot[2:])
        return (date.min, 0, number) if one_ledger else (mark.tested_on, mark.hop, number)

    return order


def _term_result(
    form: str, regular: Sequence[Mark], midterm: Mark | None, final: Mark | None, wanted: int
) -> tuple[str | None, tuple[str, ...]]:
    values = [mark.value for mark in (*regular, midterm, final) if mark is not None]
    if values and all(value == EXEMPT for value in values):
        return EXEMPT, ()
    if form == "comment":
        remark = tt22.comment_semester(
            [mark.value for mark in regular],
            midterm.value if midterm else None,
            final.value if final else None,
            required_tx=wanted,
        )
        return remark.value, remark.missing
    average = tt22.semester_average(
        [_score(mark) for mark in regular], _score(midterm), _score(final), required_tx=wanted
    )
    return (str(average.value) if average.value is not None else None), average.missing


def _score(mark: Mark | None) -> Decimal | None:
    return None if mark is None or mark.value == EXEMPT else as_score(mark.value)


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
        return (studied[0] if studied else EXEMPT), ()
    if form == "comment":
        remark = tt22.comment_year(second)
        return remark.value, remark.missing
    average = tt22.year_average(
        as_score(first) if first else None, as_score(second) if second else None
    )
    return (str(average.value) if average.value is not None else None), average.missing


def _study(
    subjects: Sequence[SubjectResult],
) -> tuple[dict[str, str | None], tuple[str, ...], tuple[str, ...]]:
    study: dict[str, str | None] = {}
    adjusted: list[str] = []
    missing: list[str] = []
    for period in ("HK1", "HK2", "CN"):
        results = {s.subject: _result_of(s, period) for s in subjects}
        graded = [s for s in subjects if results[s.subject] != EXEMPT]
        scores = {
            s.subject: as_score(r) if (r := results[s.subject]) else None
            for s in graded
            if s.form == "score"
        }
        remarks = {s.subject: results[s.subject] for s in graded if s.form == "comment"}
        level = tt22.study_result(scores, remarks, STRATEGY)
        study[period] = level.level.value if level.level else None
        if level.adjusted:
            adjusted.append(period)
        missing.extend(f"{period}/{name}" for name in level.missing)
    return study, tuple(adjusted), tuple(missing)


def _result_of(subject: SubjectResult, period: str) -> str | None:
    if period == "CN":
        return subject.reassessed or subject.year
    return subject.semesters[int(period[2:])].result


def _conduct(
    contributions: Sequence[Contribution], decisions: Sequence[Decision]
) -> dict[str, str | None]:
    conduct: dict[str, str | None] = {}
    for period in ("HK1", "HK2"):
        conduct[period] = _last(contributions, "conduct", period)
    year = tt22.year_conduct(_level(conduct["HK1"]), _level(conduct["HK2"]))
    stated = _last(contributions, "conduct", "CN")
    summer = next((d.value for d in reversed(decisions) if d.kind == "summer_training"), None)
    conduct["CN"] = summer or (year.value if year else stated)
    return conduct


def _last(contributions: Sequence[Contribution], field_name: str, key: str) -> str | None:
    facts: list[tuple[date, int, int, str]] = []
    for part in contributions:
        known: dict[str, Dated] = getattr(part.year, field_name)
        if key in known:
            fact = known[key]
            facts.append((fact.on, part.hop(fact.version), fact.version, fact.value))
    return max(facts)[3] if facts else None


def _absences(contributions: Sequence[Contribution]) -> tuple[int | None, int | None]:
    """Sessions missed in the year: each stay's CN count, or else its terms' counts; summed."""
    stays: dict[tuple[UUID, str], dict[str, str]] = {}
    for part in contributions:
        for key, fact in part.year.absences.items():
            period, _, school = key.partition("/")
            stays.setdefault((part.ledger, school), {})[period] = fact.value
    if not stays:
        return None, None
    totals = [0, 0]
    for counts in stays.values():
        used = [counts["CN"]] if "CN" in counts else list(counts.values())
        for count in used:
            for index, part_count in enumerate(count.split("/")):
                totals[index] += int(part_count)
    return totals[0], totals[1]


def _decisions(contributions: Sequence[Contribution]) -> list[Decision]:
    dated = [
        (d.on, part.hop(d.version), d.version, d)
        for part in contributions
        for d in part.year.decisions
    ]
    return [entry[3] for entry in sorted(dated, key=lambda entry: entry[:3])]


def _level(code: str | None) -> tt22.Level | None:
    return tt22.Level(code) if code else None
