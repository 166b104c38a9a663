"""Lines of enrolments and statuses, and the order in which one pupil's are decided."""

from collections.abc import Iterable
from itertools import groupby
from typing import get_args

from ledger.codes import parse_grade, parse_programme
from ledger.events.pupil import StatusKind
from ledger.movement import EnrolAtSchool, EnrolInClass, SectionLine, StatusLine
from ledger.pupil import ChangeStatus
from services.importing import values
from services.importing.bearings import Bearings
from services.importing.line_keys import Cells
from services.importing.staging import Staged

_STATUS_KINDS: tuple[StatusKind, ...] = get_args(StatusKind)
_COMES_BACK = frozenset({"return", "transfer_in"})
"""Kinds of enrolment that follow a leaving, which may be of the same day."""


def enrolment(cells: Cells, at: Bearings) -> EnrolInClass:
    """A line of enrolments.csv."""
    return EnrolInClass(
        pupil=at.pupil(cells["pupil_key"]),
        class_code=cells["class_code"],
        kind=cells["kind"],
        effective_on=values.day(cells["effective_on"], "effective_on"),
        grade=parse_grade(cells["grade"]) if cells["grade"] else None,
        note=cells["note"] or None,
    )


def status(cells: Cells, at: Bearings) -> StatusLine:
    """A line of statuses.csv."""
    return StatusLine(
        pupil=at.pupil(cells["pupil_key"]),
        change=ChangeStatus(
            kind=values.one_of(cells["kind"], _STATUS_KINDS, "kind", "unknown_kind"),
            school_code=cells["school_code"],
            effective_on=values.day(cells["effective_on"], "effective_on"),
            reason_code=cells["reason_code"] or None,
            note=cells["note"] or None,
        ),
    )


def school_stay(cells: Cells, at: Bearings) -> EnrolAtSchool:
    """The school enrolment behind a OneRoster pupil's sections."""
    return EnrolAtSchool(
        pupil=at.pupil(cells["pupil_key"]),
        school_code=cells["school_code"],
        school_year=cells["school_year"],
        grade=parse_grade(cells["grade"]),
        programme=parse_programme(cells["programme"]).value,
        kind="start",
        effective_on=values.day(cells["effective_on"], "beginDate"),
    )


def section_stay(cells: Cells, at: Bearings) -> SectionLine:
    """A OneRoster pupil's stay in a section; its end is exclusive."""
    return SectionLine(
        pupil=at.pupil(cells["pupil_key"]),
        class_code=cells["class_code"],
        start=values.day(cells["effective_on"], "beginDate"),
        until=values.optional_day(cells["until"], "endDate"),
    )


def in_order(lines: Iterable[Staged], at: Bearings) -> list[Staged]:
    """The lines, each pupil's by `effective_on`; on one day as they must have followed.

    A leaving comes before an entry at another school and before a return; it comes after an
    entry at the same school. Within that the order of the files and lines is kept.
    """
    ordered: list[Staged] = []
    pupils: dict[object, list[Staged]] = {}
    for line in lines:
        # One pupil may be named by several keys: a local one here, a number there.
        found = at.pupils.get(line.cells["pupil_key"], [])
        who = found[0] if len(found) == 1 else line.cells["pupil_key"]
        pupils.setdefault(who, []).append(line)
    for group in pupils.values():
        own = sorted(group, key=lambda line: line.cells["effective_on"])
        for _, same_day in groupby(own, key=lambda line: line.cells["effective_on"]):
            ordered.extend(_one_day(list(same_day), at))
    return ordered


def _one_day(lines: list[Staged], at: Bearings) -> list[Staged]:
    if len(lines) == 1:
        return lines
    begun = {
        found.school_code
        for line in lines
        if line.kind.name == "enrolments" and line.cells["kind"] not in _COMES_BACK
        if (found := at.classes[line.cells["class_code"]]) is not None
    }

    def rank(line: Staged) -> int:
        if line.kind.name != "statuses":
            return 1
        return 2 if line.cells["school_code"] in begun else 0

    return sorted(lines, key=rank)
