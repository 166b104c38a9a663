"""Facts about a class: its opening, its teachers, the sheets handed in. No pupil is named here."""

from datetime import date
from typing import ClassVar, Literal

from ledger.event import Code, Event, StreamKind

Gathering = Literal["homeroom", "section"]
"""A homeroom class (lớp) holds a pupil exclusively; a course section does not."""


class ClassOpened(Event):
    """A class of one school year. `effective_on` is the first day of the school year."""

    TOPIC: ClassVar[str] = "ledger.ClassOpened.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CLASS

    code: Code
    school_code: Code
    school_year: str
    grade: int
    name: str
    programme: str
    gathering: Gathering


class ClassChanged(Event):
    """A class is renamed (or its grade or programme corrected) from `effective_on`."""

    TOPIC: ClassVar[str] = "ledger.ClassChanged.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CLASS

    grade: int
    name: str
    programme: str


class TeacherAssigned(Event):
    """A member of staff teaches `subject` (None: homeroom teacher) from `effective_on` on.

    `until` is the first day on which that is over; None while it is open.
    """

    TOPIC: ClassVar[str] = "ledger.TeacherAssigned.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CLASS

    subject: str | None
    staff_code: Code
    until: date | None


class GradeSheetSubmitted(Event):
    """One column of a class's grade book was handed in: how many marks, under which root.

    `root` (hex) is the RFC 6962 root over the salted mark statements in the order of the
    marks' entries; each mark entry keeps its own salt. `signature` is absent until people's
    keys exist.
    """

    TOPIC: ClassVar[str] = "ledger.GradeSheetSubmitted.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CLASS

    sheet: str
    subject: str
    semester: int
    slot: str
    count: int
    root: str
    signature: str | None


EVENTS: tuple[type[Event], ...] = (ClassOpened, ClassChanged, TeacherAssigned, GradeSheetSubmitted)
