"""One pupil's school year as its regulation sees it, from what every ledger wrote of it."""

from collections.abc import Sequence
from datetime import date

from ledger import contribution as parts_of
from ledger.assessment.reading import BY_REGULATION, Reading
from ledger.assessment.regime import Regulation
from ledger.assessment.rulebook import rulebook_of
from ledger.contribution import Contribution
from ledger.primary_year import assess_primary
from ledger.secondary_year import assess_secondary, outcome_of
from ledger.year_results import SemesterResult, SubjectResult, YearRecord

__all__ = ["SemesterResult", "SubjectResult", "YearRecord", "assess"]

PRIMARY = frozenset({Regulation.TT27_2020, Regulation.TT22_2016, Regulation.TT30_2014})


def assess(
    contributions: Sequence[Contribution], *, on: date, reading: Reading | None = None
) -> YearRecord:
    """The year's results as the contributions (in the order of custody) give them on `on`.

    `reading` is the one a closing is about to follow; without it the last closing's holds.

    Raises:
        ValueError: there is no contribution.
    """
    if not contributions:
        raise ValueError("a year to which nobody contributed")
    regulation = Regulation(contributions[-1].year.regulation)
    if regulation in PRIMARY:
        return assess_primary(contributions, regulation)
    rules = rulebook_of(regulation)
    if rules is not None:
        return assess_secondary(contributions, rules, on=on, reading=reading)
    return _unassessed(contributions)


def _unassessed(contributions: Sequence[Contribution]) -> YearRecord:
    """A year without rules (preschool, a school abroad): what was stated, nothing computed."""
    year = contributions[-1].year
    excused, unexcused = parts_of.absences(contributions)
    from_paper: list[str] = []
    subjects = tuple(
        SubjectResult(
            *(name, "score", {}, parts_of.stated(contributions, "average", subject=name)),
            *(None, ()),
        )
        for name in sorted(parts_of.stated_subjects(contributions))
    )
    study = {
        period: parts_of.stated(contributions, "study", semester=semester)
        for period, semester in (("HK1", "1"), ("HK2", "2"), ("CN", "CN"))
    }
    return YearRecord(
        school_year=year.school_year,
        grade=year.grade,
        programme=year.programme,
        regulation=year.regulation,
        strategy=BY_REGULATION if subjects else None,
        subjects=subjects,
        conduct=dict.fromkeys(("HK1", "HK2", "CN")),
        study=study,
        adjusted=(),
        excused=excused,
        unexcused=unexcused,
        promotion=outcome_of(contributions, None, from_paper),
        promotion_reasons=(),
        title=None,
        from_paper=tuple(from_paper),
    )
