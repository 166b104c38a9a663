"""Lines of marks, corrections, comments, conduct, absences and decisions."""

from datetime import date
from typing import get_args

from ledger import year_lines
from ledger.errors import Refused
from ledger.events.pupil_year import YearDecision
from ledger.gradebook import MarkLine
from ledger.school_year import SchoolYear
from ledger.year_lines import YearLine
from services.importing import values
from services.importing.bearings import Bearings
from services.importing.kinds import Cells

_CLOSINGS = ("close_semester_1", "close_year")
_DECISIONS: tuple[str, ...] = (
    *_CLOSINGS,
    *get_args(YearDecision.model_fields["kind"].annotation),
    "reopen",
)
_LAST_DAY = date(9999, 12, 31)


def mark(cells: Cells, at: Bearings) -> MarkLine:
    """One cell of a grade sheet."""
    return MarkLine(
        pupil=at.pupil(cells["pupil_key"]),
        class_code=cells["class_code"],
        subject=cells["subject"],
        semester=values.semester(cells["semester"]),
        slot=cells["slot"],
        value=cells["value"],
        effective_on=values.day(cells["effective_on"], "effective_on"),
        sheet=cells["sheet_key"] or None,
        components=values.components(cells["components"]),
    )


def correction(cells: Cells, at: Bearings) -> YearLine:
    """A line of corrections.csv; an empty day means the corrected entry's own."""
    on = values.optional_day(cells["effective_on"], "effective_on")
    return YearLine(
        pupil=at.pupil(cells["pupil_key"]),
        school_year=SchoolYear.parse(cells["school_year"]).label,
        decide=year_lines.correction(
            subject=cells["subject"],
            semester=values.semester(cells["semester"]),
            slot=cells["slot"],
            value=cells["value"],
            old_value=cells["old_value"] or None,
            reason=cells["reason"],
            effective_on=on,
        ),
        proposable=True,
        on=on or _LAST_DAY,
    )


def comment(cells: Cells, at: Bearings) -> YearLine:
    """A line of comments.csv."""
    on = values.day(cells["effective_on"], "effective_on")
    return YearLine(
        pupil=at.pupil(cells["pupil_key"]),
        school_year=_year_of(cells, on).label,
        decide=year_lines.comment(
            subject=cells["subject"] or None, time=cells["time"], text=cells["text"], on=on
        ),
        proposable=True,
        on=on,
    )


def conduct(cells: Cells, at: Bearings) -> YearLine:
    """A line of conduct.csv."""
    on = values.day(cells["effective_on"], "effective_on")
    return YearLine(
        pupil=at.pupil(cells["pupil_key"]),
        school_year=SchoolYear.parse(cells["school_year"]).label,
        decide=year_lines.conduct(period=cells["period"], level=cells["level"], on=on),
        proposable=True,
        on=on,
    )


def absences(cells: Cells, at: Bearings) -> YearLine:
    """A line of absences.csv; an empty count is none."""
    on = values.day(cells["effective_on"], "effective_on")
    return YearLine(
        pupil=at.pupil(cells["pupil_key"]),
        school_year=SchoolYear.parse(cells["school_year"]).label,
        decide=year_lines.absences(
            period=cells["period"],
            excused=values.count(cells["excused"], "excused"),
            unexcused=values.count(cells["unexcused"], "unexcused"),
            on=on,
        ),
        proposable=True,
        on=on,
    )


def decision(cells: Cells, at: Bearings) -> YearLine:
    """A line of decisions.csv. Of a released pupil only the closing of term 1 can be proposed."""
    kind = values.one_of(cells["kind"], _DECISIONS, "kind", "unknown_kind")
    on = values.day(cells["effective_on"], "effective_on")
    return YearLine(
        pupil=at.pupil(cells["pupil_key"]),
        school_year=SchoolYear.parse(cells["school_year"]).label,
        decide=year_lines.decision(
            kind=kind,
            subject=cells["subject"] or None,
            value=cells["value"] or None,
            legal_ground=cells["legal_ground"] or None,
            on=on,
        ),
        needs_results=kind in _CLOSINGS,
        proposable=kind == "close_semester_1",
        on=on,
    )


def _year_of(cells: Cells, on: date) -> SchoolYear:
    """The school year named, which the day must lie in: the comment itself has no other check."""
    year = SchoolYear.parse(cells["school_year"])
    if on not in year:
        raise Refused(
            "date_outside_school_year",
            f"the day lies outside school year {year.label}",
            field="effective_on",
            suggestion=f"{year.start} … {year.end}",
        )
    return year
