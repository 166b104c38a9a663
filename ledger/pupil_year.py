"""One pupil's one school year in one ledger: state, the one `evolve`, and its decisions.

A dated read folds the entries whose `effective_on` is not later than the day, in the order of
their versions; the rules fold all of them. Both use `evolve`.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from pydantic import Field

from ledger.errors import Refused
from ledger.event import Event, Frozen, Note
from ledger.events.pupil_year import (
    AbsencesCounted,
    CommentWritten,
    Component,
    ConductAssessed,
    Form,
    MarkCorrected,
    MarkEntered,
    Period,
    PeriodClosed,
    PeriodReopened,
    Proposed,
    PupilYearOpened,
    YearDecision,
)
from ledger.ids import uuid7
from ledger.school_year import SchoolYear

SlotKey = tuple[str, int, str]
"""(subject, semester, slot)."""


class Slot(Frozen):
    """What one slot holds: the value now, the day of the test, and the entry of the mark.

    `stated_by` and `stated_on` are version and effective day of the entry that states the
    value: the mark, or the last correction.
    """

    value: str
    form: Form
    tested_on: date
    stated_by: int
    stated_on: date
    school: str
    required: tuple[str, ...]
    version: int


class Dated(Frozen):
    """A fact of which the later date decides, and on one day the later entry."""

    on: date
    version: int
    value: str
    school: str | None


class Decision(Frozen):
    """A head's decision in force: `kind` about `subject` (None: the year)."""

    on: date
    version: int
    kind: str
    subject: str | None
    value: str | None


class Closing(Frozen):
    """A closed period, as it stood when it was closed."""

    period: Period
    on: date
    version: int
    regulation: str
    strategy: str
    study: str | None
    conduct: str | None


class PupilYear(Frozen):
    """What the rules need to know of a pupil's year.

    `absences` is keyed "period/school" and holds "excused/unexcused". `slots` is kept apart
    from the rest where it is stored, because every mark changes it and nothing else.
    """

    pupil: UUID
    school_year: str
    grade: int
    programme: str
    regulation: str
    school: str
    class_code: str | None
    conduct: dict[str, Dated] = Field(default_factory=dict)
    absences: dict[str, Dated] = Field(default_factory=dict)
    comments: dict[str, Dated] = Field(default_factory=dict)
    decisions: tuple[Decision, ...] = ()
    closings: tuple[Closing, ...] = ()
    proposals: tuple[UUID, ...] = ()
    slots: dict[SlotKey, Slot] = Field(default_factory=dict)

    @property
    def closed(self) -> frozenset[str]:
        """The periods closed now."""
        return frozenset(closing.period for closing in self.closings)


def evolve(year: PupilYear | None, event: Event, version: int) -> PupilYear:
    """The year after `event`, the entry of that version in the year's stream."""
    if isinstance(event, PupilYearOpened):
        return PupilYear(
            pupil=event.pupil_id,
            school_year=event.school_year,
            grade=event.grade,
            programme=event.programme,
            regulation=event.regulation,
            school=event.school_code,
            class_code=event.class_code,
        )
    if year is None:
        raise ValueError(f"{event.TOPIC} before the pupil's year was opened")
    match event:
        case MarkEntered():
            slot = Slot(
                value=event.value,
                form=event.form,
                tested_on=event.effective_on,
                stated_by=version,
                stated_on=event.effective_on,
                school=event.school_code,
                required=event.required,
                version=version,
            )
            return _with_slot(year, (event.subject, event.semester, event.slot), slot)
        case MarkCorrected():
            key = (event.subject, event.semester, event.slot)
            if key not in year.slots:
                return year
            stated = {
                "value": event.value,
                "stated_by": version,
                "stated_on": event.effective_on,
            }
            return _with_slot(year, key, year.slots[key].model_copy(update=stated))
        case ConductAssessed():
            fact = _dated(event, version, event.level, event.school_code)
            return _latest(year, "conduct", event.period, fact)
        case AbsencesCounted():
            count = f"{event.excused}/{event.unexcused}"
            fact = _dated(event, version, count, event.school_code)
            return _latest(year, "absences", f"{event.period}/{event.school_code or ''}", fact)
        case CommentWritten():
            fact = _dated(event, version, "", event.school_code)
            return _latest(year, "comments", f"{event.subject or ''}/{event.time}", fact)
        case YearDecision():
            decision = Decision(
                on=event.effective_on,
                version=version,
                kind=event.kind,
                subject=event.subject,
                value=event.value,
            )
            return year.model_copy(update={"decisions": (*year.decisions, decision)})
        case PeriodClosed():
            closing = Closing(
                period=event.period,
                on=event.effective_on,
                version=version,
                regulation=event.regulation,
                strategy=event.strategy,
                study=event.study,
                conduct=event.conduct,
            )
            return year.model_copy(update={"closings": (*year.closings, closing)})
        case PeriodReopened():
            kept = tuple(known for known in year.closings if known.period != event.period)
            return year.model_copy(update={"closings": kept})
        case Proposed():
            return year.model_copy(update={"proposals": (*year.proposals, event.proposal)})
        case _:
            return year


def _with_slot(year: PupilYear, key: SlotKey, slot: Slot) -> PupilYear:
    return year.model_copy(update={"slots": {**year.slots, key: slot}})


def _dated(event: Event, version: int, value: str, school: str | None) -> Dated:
    return Dated(on=event.effective_on, version=version, value=value, school=school)


def _latest(year: PupilYear, field: str, key: str, fact: Dated) -> PupilYear:
    known: dict[str, Dated] = getattr(year, field)
    before = known.get(key)
    if before is not None and (before.on, before.version) > (fact.on, fact.version):
        return year
    return year.model_copy(update={field: {**known, key: fact}})


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
    for period in (f"HK{semester}", "CN"):
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
