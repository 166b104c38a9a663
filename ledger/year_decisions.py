"""The decisions about one pupil's school year: pure, from its state and a command to entries."""

from dataclasses import dataclass
from datetime import date

from ledger.errors import Refused
from ledger.event import Event, Note
from ledger.events.pupil_year import (
    AbsencesCounted,
    AssessmentAdapted,
    Component,
    ConductAssessed,
    ElectivesChosen,
    Form,
    MarkCorrected,
    MarkEntered,
    MentionRecorded,
    Period,
    PeriodReopened,
    Proposed,
    QualityAssessed,
    SubjectExempted,
    YearDecision,
)
from ledger.ids import uuid7
from ledger.pupil_year import PupilYear
from ledger.school_year import SchoolYear
from ledger.text import code_and_words

MENTIONS = ("award", "discipline", "certificate", "competition")


@dataclass(frozen=True, kw_only=True, slots=True)
class EnterMark:
    """One mark of a sheet, already parsed (`value` canonical) and its slot known to exist."""

    school_code: str
    class_code: str
    subject: str
    form: Form
    semester: int
    slot: str
    value: str
    required: tuple[str, ...]
    components: tuple[Component, ...]
    sheet: str
    salt: str
    effective_on: date


@dataclass(frozen=True, kw_only=True, slots=True)
class CorrectMark:
    """Another value for a filled slot. `effective_on` None means the corrected entry's."""

    subject: str
    semester: int
    slot: str
    value: str
    old_value: str | None
    reason: str
    effective_on: date | None


def decide_mark(year: PupilYear, command: EnterMark) -> list[Event]:
    """The entry for a mark; none where the slot holds this very mark of this day.

    Raises:
        Refused: `period_closed`, `slot_taken` (another value is a correction and needs a
            reason), `date_outside_school_year`.
    """
    _require_day(year, command.effective_on)
    key = (command.subject, command.semester, command.slot)
    taken = year.slots.get(key)
    if taken is not None:
        if (taken.value, taken.tested_on) == (command.value, command.effective_on):
            return []
        raise Refused(
            "slot_taken",
            f"{command.slot} of {command.subject}, term {command.semester}, holds a mark",
            field="value",
            suggestion="a second value is a correction: use corrections.csv with a reason",
        )
    _require_open(year, command.semester)
    return [
        MarkEntered(
            effective_on=command.effective_on,
            school_code=command.school_code,
            class_code=command.class_code,
            subject=command.subject,
            form=command.form,
            semester=command.semester,
            slot=command.slot,
            value=command.value,
            required=command.required,
            components=command.components,
            sheet=command.sheet,
            salt=command.salt,
        )
    ]


def decide_correction(year: PupilYear, command: CorrectMark) -> list[Event]:
    """The entry that corrects a mark; none where the slot holds the value already.

    A closed period does not refuse it: one mark is mended without reopening the whole
    ("Phiếu đề nghị sửa điểm").

    Raises:
        Refused: `slot_empty`, `old_value_differs`, `reason_missing`, `date_outside_school_year`.
    """
    slot = year.slots.get((command.subject, command.semester, command.slot))
    if slot is None:
        raise Refused(
            "slot_empty",
            f"{command.slot} of {command.subject}, term {command.semester}, holds no mark",
            field="slot",
            suggestion="enter the mark with marks.csv",
        )
    if slot.value == command.value:
        return []
    if command.old_value is not None and command.old_value != slot.value:
        raise Refused(
            "old_value_differs",
            "the slot holds another value than the one to be corrected",
            field="old_value",
            suggestion="look the mark up again; somebody may have corrected it already",
        )
    if not command.reason:
        raise Refused("reason_missing", "a correction needs its reason", field="reason")
    # Without a day of its own it counts from the day of what it corrects, which may itself be a
    # correction with a later day (a re-assessment): what was read before that day stays.
    on = command.effective_on or slot.stated_on
    _require_day(year, on)
    return [
        MarkCorrected(
            effective_on=on,
            school_code=slot.school,
            subject=command.subject,
            semester=command.semester,
            slot=command.slot,
            value=command.value,
            old_value=slot.value,
            corrects=slot.stated_by,
            statutory=Note(text=command.reason),
        )
    ]


def propose(event: Event) -> Proposed:
    """The same fact as a proposal to whoever has custody: it counts nowhere by itself."""
    facts = event.model_dump(mode="json", exclude={"statutory", "voluntary"})
    note = getattr(event, "statutory", None)
    return Proposed(
        effective_on=event.effective_on,
        proposal=uuid7(),
        topic=event.TOPIC,
        facts=facts,
        statutory=note if isinstance(note, Note) else None,
    )


def decide_conduct(
    year: PupilYear, *, period: Period, level: str, school: str | None, on: date
) -> list[Event]:
    """The entry for a training result; none where it is on record. Refused: `period_closed`."""
    _require_day(year, on)
    known = year.conduct.get(period)
    if known is not None and (known.value, known.on) == (level, on):
        return []
    if period in year.closed:
        raise _closed(period)
    return [ConductAssessed(effective_on=on, school_code=school, period=period, level=level)]


def decide_absences(
    year: PupilYear, *, period: Period, excused: int, unexcused: int, school: str | None, on: date
) -> list[Event]:
    """The entry for the absences of a stay; none where they are on record."""
    _require_day(year, on)
    known = year.absences.get(f"{period}/{school or ''}")
    if known is not None and (known.value, known.on) == (f"{excused}/{unexcused}", on):
        return []
    return [
        AbsencesCounted(
            effective_on=on,
            school_code=school,
            period=period,
            excused=excused,
            unexcused=unexcused,
        )
    ]


def decide_quality(year: PupilYear, event: QualityAssessed) -> list[Event]:
    """The entry for a quality; none where it is on record. Refused: `period_closed`."""
    _require_day(year, event.effective_on)
    known = year.qualities.get(f"{event.item}/{event.time}")
    if known is not None and (known.value, known.on) == (event.level, event.effective_on):
        return []
    if "CN" in year.closed or (event.time in ("GK1", "CK1") and "HK1" in year.closed):
        raise _closed("CN" if "CN" in year.closed else "HK1")
    return [event]


def decide_exemption(
    year: PupilYear, *, subject: str, period: Period, part: str, ground: str, on: date
) -> list[Event]:
    """The entry for an exemption; none where it is on record.

    Raises:
        Refused: `unknown_part`, `not_in_regulation` (TT 22 knows exemption from practice only,
            of physical and defence education, Điều 10), `period_closed`.
    """
    _require_day(year, on)
    if part not in ("practice", "whole"):
        raise Refused(
            "unknown_part", "a part is practice or whole", field="part", suggestion="practice"
        )
    if part == "practice" and subject not in ("GDTC", "GDQPAN"):
        raise Refused(
            "not_in_regulation",
            "only physical and defence education have a practical part to be exempt from",
            field="subject",
        )
    if part == "whole" and year.regulation == "TT22_2021":
        raise Refused(
            "not_in_regulation",
            "TT22_2021 exempts from the practical part only",
            field="part",
            suggestion="practice; an individual plan leaves subjects out (education_plans.csv)",
        )
    if any(
        (known.subject, known.period, known.part) == (subject, period, part)
        for known in year.exemptions
    ):
        return []
    if period in year.closed or "CN" in year.closed:
        raise _closed(period)
    return [
        SubjectExempted.model_validate(
            {
                "effective_on": on,
                "subject": subject,
                "period": period,
                "part": part,
                "statutory": Note(text=ground),
            }
        )
    ]


def decide_adaptation(
    year: PupilYear, *, levels_asked: bool, left_out: tuple[str, ...], ground: str, on: date
) -> list[Event]:
    """The entry for what is not asked of the pupil; none where it is on record."""
    _require_day(year, on)
    known = year.adaptation
    if known is not None and (known.levels_asked, known.left_out) == (levels_asked, left_out):
        return []
    if "CN" in year.closed:
        raise _closed("CN")
    return [
        AssessmentAdapted(
            effective_on=on,
            levels_asked=levels_asked,
            left_out=left_out,
            statutory=Note(text=ground),
        )
    ]


def decide_electives(year: PupilYear, *, subjects: tuple[str, ...], on: date) -> list[Event]:
    """The entry for a choice of electives; none where it is the choice that stands that day."""
    _require_day(year, on)
    since = year.electives_on
    if year.electives == subjects and since is not None and since <= on:
        return []
    if "CN" in year.closed:
        raise _closed("CN")
    return [ElectivesChosen(effective_on=on, subjects=subjects)]


def decide_mention(
    year: PupilYear, *, kind: str, code: str | None, text: str, on: date
) -> list[Event]:
    """The entry for an award, a measure, a certificate or a competition's result.

    Raises:
        Refused: `unknown_kind`, `date_outside_school_year`.
    """
    if not SchoolYear.parse(year.school_year).accepts_decision(on):
        raise _outside(year)
    if kind not in MENTIONS:
        raise Refused("unknown_kind", "no such kind", field="kind", suggestion=", ".join(MENTIONS))
    code, words = code_and_words(code, text)
    return [
        MentionRecorded.model_validate(
            {"effective_on": on, "kind": kind, "code": code, "statutory": Note(text=words or text)}
        )
    ]


def decide_decision(
    year: PupilYear,
    *,
    kind: str,
    subject: str | None,
    value: str | None,
    legal_ground: str | None,
    on: date,
) -> list[Event]:
    """The entry for a head's decision; none where it is on record.

    Raises:
        Refused: `legal_ground_missing` (a missing term, a reopening), `date_outside_school_year`,
            `not_closed`.
    """
    if not SchoolYear.parse(year.school_year).accepts_decision(on):
        raise _outside(year)
    ground = Note(text=legal_ground) if legal_ground else None
    if kind == "reopen":
        if ground is None:
            raise _no_ground(kind)
        period = value or "CN"
        if period not in year.closed:
            raise Refused("not_closed", f"{period} is not closed", field="value")
        return [
            PeriodReopened.model_validate(
                {"effective_on": on, "period": period, "statutory": ground}
            )
        ]
    if kind == "missing_term" and ground is None:
        raise _no_ground(kind)
    if any(
        (known.kind, known.subject, known.value, known.on) == (kind, subject, value, on)
        for known in year.decisions
    ):
        return []
    return [
        YearDecision.model_validate(
            {
                "effective_on": on,
                "kind": kind,
                "subject": subject,
                "value": value,
                "statutory": ground,
            }
        )
    ]


def _no_ground(kind: str) -> Refused:
    return Refused(
        "legal_ground_missing",
        f"the decision {kind} needs its legal ground",
        field="legal_ground",
    )


def _require_open(year: PupilYear, semester: int) -> None:
    for period in (f"HK{semester}", "CN") if semester else ("CN",):
        if period in year.closed:
            raise _closed(period)


def _closed(period: str) -> Refused:
    return Refused(
        "period_closed",
        f"{period} is closed for this pupil",
        field="semester",
        suggestion="mend one mark with corrections.csv, or have the head reopen the period",
    )


def _require_day(year: PupilYear, day: date) -> None:
    if day not in SchoolYear.parse(year.school_year):
        raise _outside(year)


def _outside(year: PupilYear) -> Refused:
    span = SchoolYear.parse(year.school_year)
    return Refused(
        "date_outside_school_year",
        f"the day lies outside school year {span.label}",
        field="effective_on",
        suggestion=f"{span.start} … {span.end}",
    )
