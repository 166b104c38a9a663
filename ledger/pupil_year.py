"""One pupil's one school year in one ledger: state and the one `evolve`.

A dated read folds the entries whose `effective_on` is not later than the day, in the order of
their versions; the rules fold all of them. Both use `evolve`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from pydantic import Field, TypeAdapter

from ledger.event import Event, Frozen
from ledger.events.pupil_year import (
    AbsencesCounted,
    AssessmentAdapted,
    CommentWritten,
    ConductAssessed,
    ElectivesChosen,
    ExchangeRecordSent,
    Form,
    MarkCorrected,
    MarkEntered,
    MentionRecorded,
    PaperResultTaken,
    PaperYearOpened,
    Period,
    PeriodClosed,
    PeriodReopened,
    Proposed,
    PupilYearOpened,
    QualityAssessed,
    SubjectExempted,
    YearDecision,
)

SlotKey = tuple[str, int, str]
"""(subject, semester, slot)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """What one slot holds: the value now, the day of the test, and the entry of the mark.

    `stated_by` and `stated_on` are version and effective day of the entry that states the
    value: the mark, or the last correction. It is made from an event, which was validated: the
    marks of a school's year are 200,000, and a model would look at each of them again.
    """

    value: str
    form: Form
    tested_on: date
    stated_by: int
    stated_on: date
    school: str
    required: tuple[str, ...]
    version: int

    def model_dump_json(self) -> str:
        """The text kept of it, like a model's."""
        return _SLOT.dump_json(self).decode()

    @classmethod
    def model_validate_json(cls, text: str) -> "Slot":
        """Reads the text kept. Raises pydantic's ValidationError."""
        return _SLOT.validate_json(text, extra="forbid")


_SLOT = TypeAdapter(Slot)


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


class PaperFact(Frozen):
    """One result taken from paper, with the school it comes from; see `PaperResultTaken`."""

    kind: str
    subject: str | None
    form: Form | None
    semester: str | None
    slot: str | None
    value: str | None
    required: tuple[str, ...]
    school_name: str
    province_code: str | None
    country: str
    scan_sha256: str
    attested_by: str
    checked_by: str
    on: date
    version: int

    @property
    def place(self) -> tuple[str, str | None, str | None, str | None, str]:
        """What the result is of: a second value for it corrects the first."""
        return self.kind, self.subject, self.semester, self.slot, self.school_name


class Exemption(Frozen):
    """A subject (or its practice) not asked of the pupil in a period."""

    subject: str
    period: Period
    part: str
    on: date


class Adaptation(Frozen):
    """Whether levels are asked of the pupil, and which subjects are not assessed, from `on` on."""

    levels_asked: bool
    left_out: tuple[str, ...]
    on: date


class Mention(Frozen):
    """An award, disciplinary measure, certificate or competition; its text stays sealed."""

    kind: str
    code: str | None
    on: date
    version: int


class Sent(Frozen):
    """The last version of a record that went to another system."""

    record: UUID
    event: str
    version: int
    digest: str


class PupilYear(Frozen):
    """What the rules need to know of a pupil's year.

    `qualities` is keyed "item/time", `sent` "exchange/record". Of a year known from paper alone
    `school` is empty.

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
    qualities: dict[str, Dated] = Field(default_factory=dict)
    paper: tuple[PaperFact, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    adaptation: Adaptation | None = None
    mentions: tuple[Mention, ...] = ()
    electives: tuple[str, ...] | None = None
    electives_on: date | None = None
    sent: dict[str, Sent] = Field(default_factory=dict)
    slots: dict[SlotKey, Slot] = Field(default_factory=dict)

    @property
    def closed(self) -> frozenset[str]:
        """The periods closed now."""
        return frozenset(closing.period for closing in self.closings)


_MARKS = (MarkEntered, MarkCorrected)


def evolve(year: PupilYear | None, event: Event, version: int) -> PupilYear:
    """The year after `event`, the entry of that version in the year's stream."""
    # First what nearly every entry is: a class that does not match costs more than one that does.
    if year is not None and isinstance(event, _MARKS):
        slots = dict(year.slots)
        return year.model_copy(update={"slots": slots}) if _fill(slots, event, version) else year
    if isinstance(event, PupilYearOpened):
        opened = PupilYear(
            pupil=event.pupil_id,
            school_year=event.school_year,
            grade=event.grade,
            programme=event.programme,
            regulation=event.regulation,
            school=event.school_code,
            class_code=event.class_code,
        )
        return opened if year is None else _framed_anew(year, opened)
    if isinstance(event, PaperYearOpened):
        return PupilYear(
            pupil=event.pupil_id,
            school_year=event.school_year,
            grade=event.grade,
            programme=event.programme,
            regulation=event.regulation,
            school="",
            class_code=None,
        )
    if year is None:
        raise ValueError(f"{event.TOPIC} before the pupil's year was opened")
    match event:
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
        case QualityAssessed():
            fact = _dated(event, version, event.level, event.school_code)
            return _latest(year, "qualities", f"{event.item}/{event.time}", fact)
        case PaperResultTaken():
            taken = PaperFact.model_validate(
                {
                    **event.model_dump(exclude={"statutory", "corrects", "effective_on"}),
                    "on": event.effective_on,
                    "version": version,
                }
            )
            others = tuple(known for known in year.paper if known.place != taken.place)
            return year.model_copy(update={"paper": (*others, taken)})
        case SubjectExempted():
            exemption = Exemption(
                subject=event.subject, period=event.period, part=event.part, on=event.effective_on
            )
            return year.model_copy(update={"exemptions": (*year.exemptions, exemption)})
        case AssessmentAdapted():
            if year.adaptation is not None and event.effective_on < year.adaptation.on:
                return year
            adapted = Adaptation(
                levels_asked=event.levels_asked, left_out=event.left_out, on=event.effective_on
            )
            return year.model_copy(update={"adaptation": adapted})
        case MentionRecorded():
            mention = Mention(
                kind=event.kind, code=event.code, on=event.effective_on, version=version
            )
            return year.model_copy(update={"mentions": (*year.mentions, mention)})
        case ElectivesChosen():
            if year.electives_on is not None and event.effective_on < year.electives_on:
                return year  # recorded later, it ended before this one began
            chosen = {"electives": event.subjects, "electives_on": event.effective_on}
            return year.model_copy(update=chosen)
        case ExchangeRecordSent():
            sent = Sent(
                record=event.record,
                event=event.event,
                version=event.record_version,
                digest=event.digest,
            )
            known_sent = {**year.sent, f"{event.exchange}/{event.record}": sent}
            return year.model_copy(update={"sent": known_sent})
        case Proposed():
            return year.model_copy(update={"proposals": (*year.proposals, event.proposal)})
        case _:
            return year


def fold(
    entries: Iterable[tuple[Event, int]], *, year: PupilYear | None = None
) -> PupilYear | None:
    """The year after `entries` (event, version) that follow `year`, as `evolve` gives it one by
    one; a run of marks is filled in together, without a copy of the year for each. None where
    there is neither."""
    marks: dict[SlotKey, Slot] | None = None
    for event, version in entries:
        if year is not None and isinstance(event, _MARKS):
            marks = dict(year.slots) if marks is None else marks
            _fill(marks, event, version)
            continue
        if year is not None and marks is not None:
            year, marks = year.model_copy(update={"slots": marks}), None
        year = evolve(year, event, version)
    if year is not None and marks is not None:
        return year.model_copy(update={"slots": marks})
    return year


def _framed_anew(year: PupilYear, opened: PupilYear) -> PupilYear:
    """A year known from paper, or whose first enrolment was retracted, in another frame: what
    was written in it stays."""
    frame = ("grade", "programme", "regulation", "school", "class_code")
    return year.model_copy(update={field: getattr(opened, field) for field in frame})


def _fill(slots: dict[SlotKey, Slot], event: MarkEntered | MarkCorrected, version: int) -> bool:
    """Puts what the entry says into its slot; False where it corrects a mark nobody entered."""
    key = (event.subject, event.semester, event.slot)
    if isinstance(event, MarkEntered):
        slots[key] = Slot(
            value=event.value,
            form=event.form,
            tested_on=event.effective_on,
            stated_by=version,
            stated_on=event.effective_on,
            school=event.school_code,
            required=event.required,
            version=version,
        )
        return True
    if key not in slots:
        return False
    stated_on = event.effective_on
    slots[key] = replace(slots[key], value=event.value, stated_by=version, stated_on=stated_on)
    return True


def _dated(event: Event, version: int, value: str, school: str | None) -> Dated:
    return Dated(on=event.effective_on, version=version, value=value, school=school)


def _latest(year: PupilYear, field: str, key: str, fact: Dated) -> PupilYear:
    known: dict[str, Dated] = getattr(year, field)
    before = known.get(key)
    if before is not None and (before.on, before.version) > (fact.on, fact.version):
        return year
    return year.model_copy(update={field: {**known, key: fact}})
