"""Head count (sĩ số): pupils by unit, level, grade and sex on a day, and by what else is asked.

A row for each school and each unit above it. Sex and the further attributes are opened from the
sealed profiles page by page; an erased person counts as `unknown`, so totals stay as they were.
"""

from collections import Counter
from typing import Any, NamedTuple
from uuid import UUID

from projections.reports.counting import Counted, Headcount
from projections.reports.exceptions import of_places, of_profile, standing_exceptions
from projections.reports.frame import Figures, ReportKind, Source
from projections.reports.places import level_order
from projections.reports.profiles import BY, Opened, behind, open_profiles

COLUMNS = ("unit_code", "level", "grade", "sex", "count")


class Group(NamedTuple):
    """What is counted together; `more` are the values of the attributes asked for."""

    level: str
    grade: int
    sex: str
    more: tuple[str, ...]

    @property
    def order(self) -> tuple[Any, ...]:
        """By level upwards, then grade and sex."""
        return level_order(self.level), self.grade, self.sex, self.more


def read_headcount(source: Source) -> Figures:
    """The head count; see the module."""
    by = source.question.by
    counts: Counter[tuple[str, Group]] = Counter()
    exceptions: list[dict[str, Any]] = []
    listed: list[tuple[UUID, str, dict[str, Any]]] = []
    headcount = Headcount(source)
    for page in headcount.pages():
        for (who, _), profile in zip(page, open_profiles(source, page), strict=True):
            group = _group(source, who, profile)
            counts[who.school, group] += 1
            exceptions += of_profile(source, who, profile)
            if source.question.listing:
                listed.append((who.pupil, who.school, _listed(who, group, by)))
    exceptions += standing_exceptions(source, headcount)
    exceptions += of_places(source, headcount, {school for school, _ in counts})
    units: Counter[tuple[str, Group]] = Counter()
    for (school, group), count in counts.items():
        for node in source.places.path(school):
            units[node.code, group] += count
    rows = [
        {"unit_code": code, **_named(group, by), "count": count}
        for (code, group), count in sorted(
            units.items(), key=lambda item: (item[0][0], item[0][1].order)
        )
    ]
    totals = Counter[Group]()
    for (_, group), count in counts.items():
        totals[group] += count
    return Figures(
        rows=rows,
        totals=_totals(totals),
        exceptions=exceptions,
        behind=behind(source, listed) if source.question.listing else None,
    )


def _group(source: Source, who: Counted, profile: Opened) -> Group:
    more = tuple(profile.attribute(name, source.on) for name in source.question.by)
    level = source.places.level(who.school, who.grade, who.programme)
    return Group(level, who.grade, profile.sex, more)


def _named(group: Group, by: tuple[str, ...]) -> dict[str, Any]:
    return {
        "level": group.level,
        "grade": group.grade,
        "sex": group.sex,
        **dict(zip(by, group.more, strict=True)),
    }


def _listed(who: Counted, group: Group, by: tuple[str, ...]) -> dict[str, Any]:
    return {**_named(group, by), "school_code": who.school, "class_code": who.class_code}


def _totals(groups: Counter[Group]) -> dict[str, Any]:
    """The whole, and its sums over each column alone."""
    levels, grades, sexes = Counter[str](), Counter[int](), Counter[str]()
    for group, count in groups.items():
        levels[group.level] += count
        grades[group.grade] += count
        sexes[group.sex] += count
    return {
        "count": groups.total(),
        "levels": {level: levels[level] for level in sorted(levels, key=level_order)},
        "grades": {str(grade): grades[grade] for grade in sorted(grades)},
        "sexes": {sex: sexes[sex] for sex in sorted(sexes)},
    }


HEADCOUNT = ReportKind(read=read_headcount, columns=COLUMNS, by=BY)
