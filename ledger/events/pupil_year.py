"""Facts of one pupil's one school year: marks and corrections, conduct, absences, closings.

Marks are strings ("8.0", "Đ", "CĐ", "M"): a JSON number would turn 8.0 into 8.
"""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import JsonValue

from ledger.event import Code, Event, Frozen, Note, Sealed, StreamKind

Period = Literal["HK1", "HK2", "CN"]
Form = Literal["score", "comment", "level", "test"]
"""0-10, Đ/CĐ, and of primary years T/H/C and the whole marks of periodic tests."""
Time = Literal["GK1", "CK1", "GK2", "CN"]
"""The four times of a primary year: middle and end of either term."""


class Component(Frozen):
    """One part of a mark (listening, speaking …) with its weight."""

    name: str
    value: str
    weight: int


class PupilYearOpened(Event):
    """The year's frame: which grade, programme and regulation the entries below follow."""

    TOPIC: ClassVar[str] = "ledger.PupilYearOpened.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL_YEAR

    pupil_id: UUID
    school_year: str
    grade: int
    programme: str
    regulation: str
    school_code: Code
    class_code: Code | None


class MarkEntered(Event):
    """One mark in one slot. `required` are the slots the regulation asks for in this subject.

    `sheet` is the id of the sheet handed in with it; `salt` (hex) hides the mark under the
    sheet's root.
    """

    TOPIC: ClassVar[str] = "ledger.MarkEntered.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL_YEAR

    school_code: Code
    class_code: Code
    subject: str
    form: Form
    semester: int
    slot: str
    value: str
    required: tuple[str, ...]
    components: tuple[Component, ...]
    sheet: str
    salt: str


class MarkCorrected(Event):
    """A mark was wrong: `corrects` is the version, in this stream, of the entry corrected."""

    TOPIC: ClassVar[str] = "ledger.MarkCorrected.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL_YEAR

    school_code: Code
    subject: str
    semester: int
    slot: str
    value: str
    old_value: str
    corrects: int
    statutory: Note | Sealed


class CommentWritten(Event):
    """A teacher's comment on a subject (None: the homeroom teacher's) at a time of the year."""

    TOPIC: ClassVar[str] = "ledger.CommentWritten.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL_YEAR

    school_code: Code | None
    subject: str | None
    time: str
    statutory: Note | Sealed


class ConductAssessed(Event):
    """The training result (rèn luyện) of a period: T, K, Đ or CĐ."""

    TOPIC: ClassVar[str] = "ledger.ConductAssessed.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL_YEAR

    school_code: Code | None
    period: Period
    level: str


class AbsencesCounted(Event):
    """Sessions missed in a period of one stay at one school."""

    TOPIC: ClassVar[str] = "ledger.AbsencesCounted.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL_YEAR

    school_code: Code | None
    period: Period
    excused: int
    unexcused: int


class PeriodClosed(Event):
    """A term or the year was closed; what the rules gave at that moment stands beside it.

    `results` maps subject to average or Đ/CĐ (None: a part was missing, and `missing` names
    the slots); `study`/`conduct` are levels, `adjusted` says the one-level adjustment applied.
    """

    TOPIC: ClassVar[str] = "ledger.PeriodClosed.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL_YEAR

    period: Period
    regulation: str
    strategy: str
    results: dict[str, str | None]
    missing: tuple[str, ...]
    study: str | None
    adjusted: bool
    conduct: str | None


class PeriodReopened(Event):
    """A closed term or year takes marks again, on somebody's authority."""

    TOPIC: ClassVar[str] = "ledger.PeriodReopened.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL_YEAR

    period: Period
    statutory: Note | Sealed


class YearDecision(Event):
    """A head's decision: promotion, retention, re-assessment, summer training, a missing term.

    `value` is the mark or level decided (re-assessment, summer training, missing term).
    """

    TOPIC: ClassVar[str] = "ledger.YearDecision.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL_YEAR

    kind: Literal[
        "promote",
        "retain",
        "reassess",
        "summer_training",
        "missing_term",
        "subject_change",
        "placement",
    ]
    subject: str | None
    value: str | None
    statutory: Note | Sealed | None


class QualityAssessed(Event):
    """One quality (phẩm chất) or competence (năng lực) of a primary pupil: T, Đ or C."""

    TOPIC: ClassVar[str] = "ledger.QualityAssessed.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL_YEAR

    school_code: Code | None
    time: Time
    item: str
    level: str


class SubjectExempted(Event):
    """A subject, or the practical part of it, is not asked of the pupil in a period.

    `part` practice: assessed on theory, the slots stay (TT 22 Điều 10); whole: the subject is
    left out of the period's results (TT 58).
    """

    TOPIC: ClassVar[str] = "ledger.SubjectExempted.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL_YEAR

    subject: str
    period: Period
    part: Literal["practice", "whole"]
    statutory: Note | Sealed


class AssessmentAdapted(Event):
    """What of the year is not asked of this pupil; why stands in `statutory` alone.

    `levels_asked` False: no levels of study or training are asked for; `left_out` are subjects
    not assessed (Kế hoạch giáo dục cá nhân, TT 22 Điều 11).
    """

    TOPIC: ClassVar[str] = "ledger.AssessmentAdapted.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL_YEAR

    levels_asked: bool
    left_out: tuple[str, ...]
    statutory: Note | Sealed


class ElectivesChosen(Event):
    """The elective subjects a pupil takes from `effective_on` on."""

    TOPIC: ClassVar[str] = "ledger.ElectivesChosen.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL_YEAR

    subjects: tuple[str, ...]


class MentionRecorded(Event):
    """An award, a disciplinary measure, a certificate or a competition's result."""

    TOPIC: ClassVar[str] = "ledger.MentionRecorded.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL_YEAR

    kind: Literal["award", "discipline", "certificate", "competition"]
    code: Code | None
    statutory: Note | Sealed


class PaperYearOpened(Event):
    """A year known from paper begins: the frame of the results below."""

    TOPIC: ClassVar[str] = "ledger.PaperYearOpened.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL_YEAR

    pupil_id: UUID
    school_year: str
    grade: int
    programme: str
    regulation: str


class PaperResultTaken(Event):
    """One result taken from a paper transcript, by two people, with the scan's digest.

    `semester` is 1, 2 or CN; a comment's text stands in `statutory`, its value is None.
    `corrects` is the version of the paper result it puts right.
    """

    TOPIC: ClassVar[str] = "ledger.PaperResultTaken.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL_YEAR

    kind: Literal["mark", "average", "conduct", "study", "absence", "promotion", "comment"]
    subject: str | None
    form: Form | None
    semester: Literal["1", "2", "CN"] | None
    slot: str | None
    value: str | None
    required: tuple[str, ...]
    school_name: str
    province_code: Code | None
    country: str
    scan_sha256: str
    attested_by: Code
    checked_by: Code
    corrects: int | None
    statutory: Note | Sealed | None


class ExchangeRecordSent(Event):
    """A record of this year went to another system: which one, as what, in which version.

    `digest` (`sha256:`) is over the record's content; the version rises with every change.
    """

    TOPIC: ClassVar[str] = "ledger.ExchangeRecordSent.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL_YEAR

    exchange: Code
    record: UUID
    event: Literal["NEW", "UPDATE", "CANCEL"]
    record_version: int
    digest: str


class Proposed(Event):
    """A fact offered after the release: it counts nowhere until the custodian accepts it.

    `topic` and `facts` are those of the event proposed; free text stands in `statutory`.
    """

    TOPIC: ClassVar[str] = "ledger.Proposed.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.PUPIL_YEAR

    proposal: UUID
    topic: str
    facts: dict[str, JsonValue]
    statutory: Note | Sealed | None


EVENTS: tuple[type[Event], ...] = (
    PupilYearOpened,
    MarkEntered,
    MarkCorrected,
    CommentWritten,
    ConductAssessed,
    AbsencesCounted,
    PeriodClosed,
    PeriodReopened,
    YearDecision,
    QualityAssessed,
    SubjectExempted,
    AssessmentAdapted,
    ElectivesChosen,
    MentionRecorded,
    PaperYearOpened,
    PaperResultTaken,
    ExchangeRecordSent,
    Proposed,
)
