"""What is unsound about the records behind a report: each with where, why and how to mend it.

Nothing here keeps a report from coming out (L4). The reasons are stable codes.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from ledger.codes import PRESCHOOL_GROUPS
from ledger.school_year import SchoolYear
from projections.reports.counting import Counted, Headcount, single, sound
from projections.reports.frame import Figures, ReportKind, Source, exception
from projections.reports.profiles import Opened, behind, open_profiles
from projections.tables import Statement, array, holds, visible

COLUMNS = ("unit_code", "reason", "count")

MENDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "no_birth_date": "give the birth date in pupils.csv; a year alone is enough",
        "profile_unreadable": "restore the keys of this ledger, or record the pupil's data anew",
        "two_schools_at_once": "let the school named in `other_school` record the leaving",
        "in_class_without_enrolment": "enrol the pupil at the school, or end the course section",
        "identity_conflict": "compare the papers; correct the number, or confirm two persons",
        "presence_unconfirmed": "confirm the month for the child, or record from when it left",
        "not_seen": "ask after the child; record from when it left",
        "not_placed": "enrol the pupil in a class of this year, or record the leaving",
        "school_not_in_force": "record where the pupils went, or the school's successor",
        "counted_once": "end one of the two linked records' enrolments, or undo the link",
        "entry_unreadable": "run `hocba verify`; restore the entry from a backup",
    }
)
"""Every reason, and what to do about it."""


def unsound(source: Source, who: Counted, reason: str, **more: Any) -> dict[str, Any]:
    """An exception about a counted pupil."""
    return exception(
        who.pupil,
        _where(who.school, who.class_code),
        reason,
        MENDS[reason],
        unit_code=source.places.path(who.school)[0].code,
        **more,
    )


def _where(school: str, class_code: str | None) -> str:
    return f"{school}/{class_code}" if class_code else school


def of_profile(source: Source, who: Counted, profile: Opened) -> list[dict[str, Any]]:
    """What is wrong with a profile; an erased person's is as it should be."""
    if profile.damaged:
        return [unsound(source, who, "profile_unreadable")]
    if profile.clear is not None and profile.born is None:
        return [unsound(source, who, "no_birth_date")]
    return []


@cache
def _overlaps(stays: sa.Table) -> Statement:
    return Statement(_counted_columns(stays).where(stays.c.came_from.is_not(None)))


@cache
def _at_schools(stays: sa.Table) -> Statement:
    schools = stays.c.school == sa.any_(array("schools", sa.Text))
    return Statement(_counted_columns(stays).where(schools))


def _counted_columns(stays: sa.Table, *more: sa.ColumnElement[Any]) -> sa.Select[Any]:
    names = ("stream", "school", "class_code", "grade", "programme", "came_from")
    return sa.select(*(stays.c[name] for name in names), *more).where(
        stays.c.part == "stay", single(stays), holds(stays)
    )


@cache
def _sections(stays: sa.Table) -> Statement:
    return Statement(
        sa.select(stays.c.stream, stays.c.school, stays.c.class_code).where(
            stays.c.part == "section", sound(stays), holds(stays)
        )
    )


@cache
def _conflicts(stays: sa.Table, identity: sa.Table) -> Statement:
    joined = sa.and_(
        identity.c.stream == stays.c.stream, identity.c.part == "conflict", visible(identity)
    )
    chosen = _counted_columns(stays, identity.c.status, identity.c.other)
    return Statement(chosen.select_from(stays.join(identity, joined)))


@cache
def _months(stays: sa.Table) -> Statement:
    """Small children on a list since before the month asked for, in a class that confirms its
    months, and what was said of them in it (null: nothing)."""
    said, used = stays.alias("said"), stays.alias("used")
    month = sa.bindparam("month", type_=sa.Date)
    told = sa.and_(
        said.c.stream == stays.c.stream,
        said.c.part == "month",
        said.c.class_code == stays.c.class_code,
        said.c.effective_from == month,
        visible(said),
    )
    confirms = sa.exists().where(
        used.c.part == "month",
        used.c.class_code == stays.c.class_code,
        used.c.effective_from <= month,
        visible(used),
    )
    chosen = _counted_columns(stays, said.c.arrival)
    return Statement(
        chosen.select_from(stays.outerjoin(said, told)).where(
            stays.c.grade == sa.any_(array("small", sa.Integer)),
            stays.c.effective_from < sa.bindparam("month_end", type_=sa.Date),
            confirms,
        )
    )


@cache
def _idle(stays: sa.Table) -> Statement:
    """Who counts, sits in no class, and of whom nothing is on record since the year began: what
    began on that day and left grade and programme as they were is only the last year's end."""
    before = stays.alias("before")
    carried_on = sa.exists().where(
        before.c.part == "stay",
        before.c.stream == stays.c.stream,
        before.c.effective_to == stays.c.effective_from,
        before.c.school == stays.c.school,
        before.c.grade == stays.c.grade,
        before.c.programme == stays.c.programme,
        sound(before),
    )
    begin = sa.bindparam("year_start", type_=sa.Date)
    return Statement(
        _counted_columns(stays).where(
            stays.c.class_code.is_(None),
            sa.or_(
                stays.c.effective_from < begin,
                sa.and_(stays.c.effective_from == begin, carried_on),
            ),
        )
    )


def standing_exceptions(source: Source, headcount: Headcount) -> list[dict[str, Any]]:
    """Everything unsound that needs no sealed part to be opened."""
    found = [
        *_of_unreadable(source),
        *_of_overlaps(source, headcount),
        *_of_sections(source),
        *_of_conflicts(source, headcount),
        *_of_months(source, headcount),
        *_of_links(source, headcount),
        *_of_idle(source, headcount),
    ]
    return found


def _of_unreadable(source: Source) -> Iterator[dict[str, Any]]:
    """Left out of every count, whatever unit was asked for: nobody knows where they belong."""
    for known in source.sound.unreadable.values():
        yield exception(
            known.person,
            f"@{known.position}",
            "entry_unreadable",
            MENDS["entry_unreadable"],
            detail=known.reason,
        )


def _of_overlaps(source: Source, headcount: Headcount) -> Iterator[dict[str, Any]]:
    rows = _overlaps(source.sound.forms["stays"]).run(source.connection, headcount.values())
    counted = [Counted(*row) for row in rows.fetchall()]
    for who in [*counted, *headcount.linked_today()]:
        if who.came_from is None or not source.places.path(who.school):
            continue
        if source.places.counts_at(who.came_from) != source.places.counts_at(who.school):
            yield unsound(source, who, "two_schools_at_once", other_school=who.came_from)


def _of_sections(source: Source) -> Iterator[dict[str, Any]]:
    rows = _sections(source.sound.forms["stays"]).run(source.connection, source.values())
    for pupil, school, class_code in rows.fetchall():
        if source.places.path(school):
            who = Counted(pupil, school, class_code, 0, "", None)
            yield unsound(source, who, "in_class_without_enrolment")


def _of_conflicts(source: Source, headcount: Headcount) -> Iterator[dict[str, Any]]:
    forms = source.sound.forms
    statement = _conflicts(forms["stays"], forms["identity_checks"])
    # Of linked records too: the link may be the mend, and then the conflict is settled by it.
    rows = statement.run(source.connection, headcount.values()).fetchall()
    for *columns, code, other in rows:
        who = Counted(*columns)
        if source.places.path(who.school):
            shared = {"other": str(other) if other is not None else None}
            yield unsound(source, who, "identity_conflict", detail=code, **shared)


def _of_months(source: Source, headcount: Headcount) -> Iterator[dict[str, Any]]:
    this_month = source.on.replace(day=1)
    month = (this_month - timedelta(days=1)).replace(day=1)
    parameters = headcount.values(month=month, month_end=this_month, small=list(PRESCHOOL_GROUPS))
    rows = _months(source.sound.forms["stays"]).run(source.connection, parameters).fetchall()
    for *columns, said in rows:
        who = Counted(*columns)
        if source.places.path(who.school) and said != "present":
            reason = "presence_unconfirmed" if said is None else "not_seen"
            yield unsound(source, who, reason, detail=_month_text(month))


def _month_text(month: date) -> str:
    return month.isoformat()[:7]


def _of_links(source: Source, headcount: Headcount) -> Iterator[dict[str, Any]]:
    """Two records of one pupil, both at a school today: counted once, by the smallest id."""
    enrolled = {
        record for record, own in headcount.own_stays() for stay in own if stay.covers(source.on)
    }
    counted = {who.pupil: who for who in headcount.linked_today()}
    for one in headcount.joined:
        both = sorted(one.records & enrolled)
        if len(both) > 1 and both[0] in counted:
            who = counted[both[0]]
            if source.places.path(who.school):
                others = [str(record) for record in both[1:]]
                yield unsound(source, who, "counted_once", others=others)


def _of_idle(source: Source, headcount: Headcount) -> Iterator[dict[str, Any]]:
    """Pupils who count though nothing was said of them in the whole school year: most of them
    have left, and nobody recorded it (letter L3). Asked after 30 September, when classes and
    late decisions are settled."""
    year = SchoolYear.of(source.on)
    if source.on <= year.previous.late_decisions_until:
        return
    parameters = headcount.values(year_start=year.start)
    rows = _idle(source.sound.forms["stays"]).run(source.connection, parameters).fetchall()
    for who in [*(Counted(*row) for row in rows), *headcount.linked_idle(year.start)]:
        if source.places.path(who.school):
            yield unsound(source, who, "not_placed")


def of_places(source: Source, headcount: Headcount, schools: Iterable[str]) -> list[dict[str, Any]]:
    """Pupils who count at a school that is not in force on the day, with nothing in its place."""
    lost = sorted(school for school in schools if not source.places.stands(school))
    if not lost:
        return []
    statement = _at_schools(source.sound.forms["stays"])
    rows = statement.run(source.connection, headcount.values(schools=lost)).fetchall()
    linked = [who for who in headcount.linked_today() if who.school in lost]
    return [
        unsound(source, who, "school_not_in_force")
        for who in [*(Counted(*row) for row in rows), *linked]
        if source.places.path(who.school)
    ]


def read_exceptions(source: Source) -> Figures:
    """Every unsound record on the day, counted by unit and reason."""
    headcount = Headcount(source)
    found: list[dict[str, Any]] = []
    schools: set[str] = set()
    for page in headcount.pages():
        for (who, _), profile in zip(page, open_profiles(source, page), strict=True):
            schools.add(who.school)
            found += of_profile(source, who, profile)
    found += standing_exceptions(source, headcount)
    found += of_places(source, headcount, schools)
    counts = Counter((one.get("unit_code"), one["reason"]) for one in found)
    rows = [
        {"unit_code": unit, "reason": reason, "count": count}
        for (unit, reason), count in sorted(
            counts.items(), key=lambda item: (item[0][0] or "", item[0][1])
        )
    ]
    reasons = Counter(one["reason"] for one in found)
    totals = {"count": len(found), "reasons": dict(sorted(reasons.items()))}
    return Figures(rows, totals, found, _behind(source, found))


def _behind(source: Source, found: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    if not source.question.listing:
        return None
    listed = [
        (UUID(one["pupil_id"]), one["where"].partition("/")[0], {"column": one["reason"]})
        for one in found
        if one["pupil_id"] is not None and not one["where"].startswith("@")
    ]
    return behind(source, listed)


EXCEPTIONS = ReportKind(read=read_exceptions, columns=COLUMNS)
