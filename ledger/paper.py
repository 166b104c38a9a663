"""Results taken from a paper transcript, down to the single marks of an unfinished term.

Two people answer for each (who typed it, who compared it), beside the digest of the scan. What
is on paper stays marked as paper wherever it is used.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from ledger import pupil_year
from ledger.assessment import primary, tt22, tt58
from ledger.assessment.marks import parse_mark
from ledger.assessment.regime import (
    Regulation,
    programme_for,
    regulation_for,
    require_supported,
)
from ledger.batch import Batch, Line
from ledger.codes import Programme, province_name
from ledger.errors import Refused
from ledger.event import Event, Note
from ledger.events.pupil_year import Form, PaperResultTaken, PaperYearOpened
from ledger.gradebook import form_of, require_slot, subject_of, term_of
from ledger.pupil import Pupil, require_custody
from ledger.pupil_year import PaperFact, PupilYear
from ledger.reader import Reader
from ledger.registration import unknown_pupil, year_ref
from ledger.school_year import SchoolYear
from ledger.subjects import required_slots
from ledger.year_record import PRIMARY

KINDS = ("mark", "average", "conduct", "study", "absence", "promotion", "comment")
HOME = "VN"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_TERMS = {"1": 1, "2": 2}
_ABSENCES = re.compile(r"(\d{1,3})(?:/(\d{1,3}))?")
_OUTCOMES = {
    **dict.fromkeys(("promoted", "được lên lớp", "lên lớp"), "promoted"),
    **dict.fromkeys(("retained", "ở lại lớp", "lưu ban"), "retained"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class PaperLine:
    """One result as it stands on paper. `semester` is 1, 2, CN or empty."""

    pupil: UUID
    school_year: str
    school_name: str
    province_code: str | None
    country: str
    regulation: str | None
    grade: int | None
    kind: str
    subject: str | None
    semester: str
    slot: str
    value: str
    scan_sha256: str
    attested_by: str
    checked_by: str
    reason: str | None
    effective_on: date


def take_paper_results(reader: Reader, batch: Batch, lines: Sequence[Line[PaperLine]]) -> None:
    """Takes over what two people read from paper; a year not yet known is opened for it."""
    pupils = reader.pupils({line.command.pupil for line in lines})
    years = reader.years({(c.pupil, c.school_year) for c in (line.command for line in lines)})
    for line in lines:
        command = line.command
        key = (command.pupil, command.school_year)
        try:
            whom = pupils[command.pupil]
            if whom is None:
                raise unknown_pupil()
            require_custody(whom)
            _require_sound(command)
            opening = None if years[key] is not None else _opening(whom, command)
            year = pupil_year.evolve(None, opening, 1) if opening else years[key]
            assert year is not None
            _require_same_regulation(year, command)
            taken = _result(year, command)
        except Refused as refused:
            batch.reject(line, refused)
            continue
        events: list[Event] = [event for event in (opening, taken) if event is not None]
        for event in events:
            years[key] = pupil_year.evolve(years[key], event, 1)
        batch.accept(line, [(year_ref(reader, *key), events)])


def _require_sound(command: PaperLine) -> None:
    """Raises Refused for what is wrong whatever the year: kind, people, scan, place."""
    if command.kind not in KINDS:
        raise Refused("unknown_kind", "no such kind", field="kind", suggestion=", ".join(KINDS))
    if command.attested_by == command.checked_by:
        raise Refused(
            "one_person_only",
            "two people answer for a result from paper: one types it, another compares it",
            field="checked_by",
        )
    if not _SHA256.fullmatch(command.scan_sha256):
        raise Refused(
            "bad_scan_digest",
            "the digest of the scan is 64 hexadecimal digits in small letters",
            field="scan_sha256",
            suggestion="sha256sum FILE",
        )
    if not _COUNTRY.fullmatch(command.country):
        raise Refused(
            "bad_country", "a country is two capital letters", field="country", suggestion=HOME
        )
    if command.country == HOME and command.province_code is not None:
        first_day = SchoolYear.parse(command.school_year).start
        if province_name(command.province_code, first_day) is None:
            raise Refused(
                "unknown_province",
                f"no province had this code in {command.school_year}",
                field="province_code",
                suggestion="the code of that time: codes were used again in 2025",
            )


def _opening(whom: Pupil, command: PaperLine) -> PaperYearOpened:
    """The frame of a year that is known from paper alone."""
    school_year = SchoolYear.parse(command.school_year)
    grade = command.grade or _grade_from_others(whom, school_year)
    if command.country != HOME:
        regulation, programme = Regulation.FOREIGN, "FOREIGN"
    else:
        followed = programme_for(school_year, grade)
        regulation = regulation_for(school_year, grade, followed)
        if _wanted(command) is Regulation.TT43_2021:
            followed = Programme.GDTX
            regulation = regulation_for(school_year, grade, followed)
        programme = followed.value
    return PaperYearOpened(
        effective_on=school_year.start,
        pupil_id=whom.id,
        school_year=school_year.label,
        grade=grade,
        programme=programme,
        regulation=regulation.value,
    )


def _grade_from_others(whom: Pupil, school_year: SchoolYear) -> int:
    """The grade from that of the pupil's other years, a grade a year.

    Raises:
        Refused: `grade_unknown`.
    """
    guesses = {
        change.grade + school_year.first - SchoolYear.parse(change.school_year).first
        for change in whom.changes
        if 1 <= change.grade <= 12
    }
    if len(guesses) == 1 and 1 <= (grade := guesses.pop()) <= 12:
        return grade
    raise Refused(
        "grade_unknown",
        "the grade of that year cannot be told from the pupil's other years",
        field="grade",
        suggestion="add the column grade to the file",
    )


def _wanted(command: PaperLine) -> Regulation | None:
    if not command.regulation:
        return None
    try:
        return Regulation(command.regulation)
    except ValueError:
        raise Refused(
            "regulation_unknown",
            "no such regulation",
            field="regulation",
            suggestion=", ".join(Regulation),
        ) from None


def _require_same_regulation(year: PupilYear, command: PaperLine) -> None:
    wanted = _wanted(command)
    require_supported(Regulation(year.regulation))
    if wanted is not None and wanted != year.regulation and command.country == HOME:
        raise Refused(
            "regulation_differs",
            f"{year.school_year}, grade {year.grade}, follows {year.regulation}",
            field="regulation",
            suggestion=f"{year.regulation}, or mend year or grade",
        )


def _result(year: PupilYear, command: PaperLine) -> PaperResultTaken | None:
    """The entry for one result; None where it is on record.

    Raises:
        Refused: `paper_value_differs` (another value needs a reason), and as values are read.
    """
    subject, form, slot, required = _place(year, command)
    comment = command.kind == "comment"
    value = None if comment else _value(year, command, form)
    semester = _semester(command)
    place = (command.kind, subject, semester, slot, command.school_name)
    before = next((fact for fact in year.paper if fact.place == place), None)
    if before is not None and before.value == value and not (comment and command.reason):
        return None
    if before is not None and not command.reason:
        raise _differs(before)
    note = command.value if comment else command.reason
    return PaperResultTaken.model_validate(
        {
            "effective_on": command.effective_on,
            "kind": command.kind,
            "subject": subject,
            "form": form,
            "semester": semester,
            "slot": slot,
            "value": value,
            "required": required,
            "school_name": command.school_name,
            "province_code": command.province_code,
            "country": command.country,
            "scan_sha256": command.scan_sha256,
            "attested_by": command.attested_by,
            "checked_by": command.checked_by,
            "corrects": before.version if before else None,
            "statutory": Note(text=note) if note else None,
        }
    )


def _differs(before: PaperFact) -> Refused:
    del before
    return Refused(
        "paper_value_differs",
        "another value was taken from this paper before",
        field="value",
        suggestion="look at the scan again; to put it right give the reason in a column reason",
    )


def _place(
    year: PupilYear, command: PaperLine
) -> tuple[str | None, Form | None, str | None, tuple[str, ...]]:
    """Subject, form, slot and required slots of a result, as far as it has them."""
    if command.kind not in ("mark", "average", "comment") or not command.subject:
        if command.kind in ("mark", "average"):
            raise Refused("missing_value", "a mark is of a subject", field="subject")
        return None, None, None, ()
    if year.regulation == Regulation.FOREIGN:
        if command.kind == "mark":
            raise Refused(
                "unknown_slot",
                "marks of a school abroad have no slot here",
                field="kind",
                suggestion="average",
            )
        return command.subject, None, None, ()
    regulation = Regulation(year.regulation)
    subject = subject_of(command.subject, year.grade, year.programme)
    if command.kind != "mark":
        return subject.key, form_of(subject, "", year), None, ()
    slot = require_slot(regulation, command.slot)
    required = required_slots(subject, year.grade, Programme(year.programme), regulation)
    return subject.key, form_of(subject, slot, year), slot, required


def _semester(command: PaperLine) -> str | None:
    text = command.semester.strip().upper()
    if text not in ("", "1", "2", "CN"):
        raise Refused("unknown_semester", "1, 2 or CN", field="semester", suggestion="1, 2 or CN")
    return text or None


def _value(year: PupilYear, command: PaperLine, form: Form | None) -> str:
    """What the paper says, in our writing. Raises Refused under `value`."""
    regulation, text = Regulation(year.regulation), command.value
    match command.kind:
        case "mark":
            if regulation not in PRIMARY:
                term_of(regulation, _TERMS.get(command.semester.strip(), 0))
            return parse_mark(text, form or "score")
        case "average":
            return text if form is None else parse_mark(text, form)
        case "conduct":
            return _conduct(regulation, text)
        case "study":
            return _study(regulation, text)
        case "absence":
            match = _ABSENCES.fullmatch(text.replace(" ", ""))
            if match is None:
                raise Refused("bad_number", "sessions missed, or excused/unexcused", field="value")
            return f"{int(match[1])}/{int(match[2] or 0)}"
        case _:
            outcome = _OUTCOMES.get(text.casefold())
            if outcome is None:
                raise Refused(
                    "unknown_outcome",
                    "promoted or retained",
                    field="value",
                    suggestion="promoted, retained",
                )
            return outcome


def _conduct(regulation: Regulation, text: str) -> str:
    if regulation in (Regulation.TT58_2011, Regulation.TT26_2020):
        return tt58.parse_conduct(text).value
    if regulation in PRIMARY:
        raise Refused("not_in_regulation", f"{regulation} has no conduct levels", field="kind")
    return text if regulation is Regulation.FOREIGN else tt22.parse_level(text).value


def _study(regulation: Regulation, text: str) -> str:
    if regulation in (Regulation.TT58_2011, Regulation.TT26_2020):
        return tt58.parse_study(text).value
    if regulation in PRIMARY:
        return primary.parse_result(text).value
    return text if regulation is Regulation.FOREIGN else tt22.parse_level(text).value
