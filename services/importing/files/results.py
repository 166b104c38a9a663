"""Lines of marks, corrections, comments, conduct, absences and decisions."""

from datetime import date
from typing import get_args

from ledger import year_commands
from ledger.codes import parse_grade
from ledger.errors import Refused
from ledger.events.pupil_year import YearDecision
from ledger.gradebook import MarkLine
from ledger.paper import HOME, PaperLine
from ledger.school_year import SchoolYear
from ledger.year_commands import Decide
from ledger.year_lines import YearLine
from services.importing import values
from services.importing.bearings import Bearings
from services.importing.line_keys import Cells

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
        decide=year_commands.correction(
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
    """A line of comments.csv: free text, or a phrase of the comment bank by its code, or both."""
    on = values.day(cells["effective_on"], "effective_on")
    return YearLine(
        pupil=at.pupil(cells["pupil_key"]),
        school_year=_year_of(cells, on).label,
        decide=year_commands.comment(
            subject=cells["subject"] or None,
            time=cells["time"].upper(),
            text=_words(cells, at),
            on=on,
        ),
        proposable=True,
        on=on,
    )


def _words(cells: Cells, at: Bearings) -> str:
    """What the comment says. Raises Refused(`missing_value`, `unknown_comment_code`)."""
    code, text = cells["code"], cells["text"]
    if not code:
        if not text:
            raise Refused("missing_value", "a comment has a text or a code", field="text")
        return text
    phrase = at.settings.phrases.get(code)
    if phrase is None:
        raise Refused(
            "unknown_comment_code",
            "the comment bank has no phrase under this code",
            field="code",
            suggestion="add it with comment_bank.csv, or write the text",
        )
    return f"{phrase.text} {text}".strip()


def conduct(cells: Cells, at: Bearings) -> YearLine:
    """A line of conduct.csv."""
    on = values.day(cells["effective_on"], "effective_on")
    return YearLine(
        pupil=at.pupil(cells["pupil_key"]),
        school_year=SchoolYear.parse(cells["school_year"]).label,
        decide=year_commands.conduct(period=cells["period"], level=cells["level"], on=on),
        proposable=True,
        on=on,
    )


def absences(cells: Cells, at: Bearings) -> YearLine:
    """A line of absences.csv; an empty count is none."""
    on = values.day(cells["effective_on"], "effective_on")
    return YearLine(
        pupil=at.pupil(cells["pupil_key"]),
        school_year=SchoolYear.parse(cells["school_year"]).label,
        decide=year_commands.absences(
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
        decide=year_commands.decision(
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


def quality(cells: Cells, at: Bearings) -> YearLine:
    """A line of qualities.csv."""
    on = values.day(cells["effective_on"], "effective_on")
    return _line(
        cells,
        at,
        year_commands.quality(time=cells["time"], item=cells["item"], level=cells["level"], on=on),
        on=on,
    )


def exemption(cells: Cells, at: Bearings) -> YearLine:
    """A line of exemptions.csv."""
    on = values.day(cells["effective_on"], "effective_on")
    return _line(
        cells,
        at,
        year_commands.exemption(
            subject=cells["subject"],
            period=cells["period"],
            part=cells["part"],
            ground=cells["legal_ground"],
            on=on,
        ),
        on=on,
    )


def education_plan(cells: Cells, at: Bearings) -> YearLine:
    """A line of education_plans.csv."""
    on = values.day(cells["effective_on"], "effective_on")
    return _line(
        cells,
        at,
        year_commands.adaptation(
            levels_asked=values.yes(cells["levels_asked"], "levels_asked"),
            left_out=values.several(cells["left_out"]),
            ground=cells["legal_ground"],
            on=on,
        ),
        on=on,
    )


def electives(cells: Cells, at: Bearings) -> YearLine:
    """A line of electives.csv: the whole choice, joined by semicolons."""
    on = values.day(cells["effective_on"], "effective_on")
    decide = year_commands.electives(subjects=values.several(cells["subjects"]), on=on)
    return _line(cells, at, decide, on=on)


def mention(cells: Cells, at: Bearings) -> YearLine:
    """A line of mentions.csv."""
    on = values.day(cells["effective_on"], "effective_on")
    decide = year_commands.mention(
        kind=cells["kind"], code=cells["code"] or None, text=cells["text"], on=on
    )
    return _line(cells, at, decide, on=on)


def _line(cells: Cells, at: Bearings, decide: Decide, *, on: date) -> YearLine:
    return YearLine(
        pupil=at.pupil(cells["pupil_key"]),
        school_year=SchoolYear.parse(cells["school_year"]).label,
        decide=decide,
        proposable=True,
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


def paper_result(cells: Cells, at: Bearings) -> PaperLine:
    """A line of paper_results.csv."""
    return PaperLine(
        pupil=at.pupil(cells["pupil_key"]),
        school_year=SchoolYear.parse(cells["school_year"]).label,
        school_name=cells["school_name"],
        province_code=cells["province_code"] or None,
        country=cells["country"].upper() or HOME,
        regulation=cells["regulation"] or None,
        grade=parse_grade(cells["grade"]) if cells["grade"] else None,
        kind=cells["kind"].lower(),
        subject=cells["subject"] or None,
        semester=cells["semester"],
        slot=cells["slot"],
        value=cells["value"],
        scan_sha256=cells["scan_sha256"].lower(),
        attested_by=cells["attested_by"],
        checked_by=cells["checked_by"],
        reason=cells["reason"] or None,
        effective_on=values.day(cells["effective_on"], "effective_on"),
    )
