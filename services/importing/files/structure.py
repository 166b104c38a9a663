"""Lines of units, classes, staff and assignments."""

from ledger.assessment.regime import programme_for
from ledger.codes import Programme, parse_grade, parse_programme
from ledger.events.school_class import Gathering
from ledger.events.staff import StaffProfile
from ledger.school_class import AssignTeacher, OpenClass
from ledger.school_year import SchoolYear
from ledger.structure import AssignToClass, RecordStaff
from ledger.subjects import find_subject
from ledger.unit import RecordUnit
from services.importing import values
from services.importing.bearings import Bearings
from services.importing.line_keys import Cells


def unit(cells: Cells, at: Bearings) -> RecordUnit:
    """A unit. Without `opened_on` it has stood since ever."""
    del at
    return RecordUnit(
        code=cells["unit_code"],
        kind=values.unit_kind(cells["kind"]),
        name=cells["name"],
        parent_code=cells["parent_code"] or None,
        levels=values.levels(cells["levels"]),
        opened_on=values.optional_day(cells["opened_on"], "opened_on") or values.SINCE_EVER,
        closed_on=values.optional_day(cells["closed_on"], "closed_on"),
        merged_into=cells["merged_into"] or None,
        changed_on=values.optional_day(cells["changed_on"], "changed_on"),
        recoded_to=cells["recoded_to"] or None,
    )


def homeroom_class(cells: Cells, at: Bearings) -> OpenClass:
    """A class of classes.csv. Without a programme it follows year and grade."""
    return _open_class(cells, at, "homeroom")


def section(cells: Cells, at: Bearings) -> OpenClass:
    """A course section of a OneRoster set."""
    return _open_class(cells, at, "section")


def _open_class(cells: Cells, at: Bearings, gathering: Gathering) -> OpenClass:
    del at
    year = SchoolYear.parse(cells["school_year"])
    grade = parse_grade(cells["grade"])
    given = cells["programme"]
    return OpenClass(
        code=cells["class_code"],
        school_code=cells["school_code"],
        school_year=year.label,
        grade=grade,
        name=cells["name"],
        programme=(parse_programme(given) if given else programme_for(year, grade)).value,
        gathering=gathering,
        changed_on=values.optional_day(cells.get("changed_on", ""), "changed_on"),
        closed_on=values.optional_day(cells.get("closed_on", ""), "closed_on"),
        successors=tuple(values.several(cells.get("successors", ""))),
    )


def staff(cells: Cells, at: Bearings) -> RecordStaff:
    """A member of staff."""
    del at
    number = cells["personal_id"]
    born = cells["birth_date"]
    return RecordStaff(
        code=cells["staff_key"],
        profile=StaffProfile(
            full_name=cells["full_name"],
            birth_date=values.birth_date(born) if born else None,
            sex=values.sex(cells["sex"]) if cells["sex"] else None,
            personal_id=values.number("personal_id", number, "personal_id") if number else None,
        ),
        unit_code=cells["unit_code"] or None,
        level=cells["level"] or None,
        role=cells["role"] or None,
        identity=values.identity_status(cells["identity_status"]),
        identity_checked_at=values.instant(cells["identity_checked_at"], "identity_checked_at"),
        identity_reason=cells["identity_reason"] or None,
        effective_on=values.SINCE_EVER,
    )


def assignment(cells: Cells, at: Bearings) -> AssignToClass:
    """Who teaches what; the subject is read by the class's grade and programme."""
    subject = cells["subject"] or None
    school_class = at.classes[cells["class_code"]]
    if subject is not None and school_class is not None:
        programme = Programme(school_class.programme)
        subject = find_subject(subject, school_class.grade, programme).key
    return AssignToClass(
        class_code=cells["class_code"],
        assignment=AssignTeacher(
            subject=subject,
            staff_code=cells["staff_key"],
            effective_from=values.day(cells["effective_from"], "effective_from"),
            effective_to=values.optional_day(cells["effective_to"], "effective_to"),
        ),
    )
