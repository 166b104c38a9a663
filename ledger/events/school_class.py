"""Facts about a class: its opening, its teachers, the sheets handed in. No pupil is named here."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

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
    marks' entries; each mark entry keeps its own salt. `signature` is the detached JWS of the
    person who hands it in over the sheet's statement (`ledger.sheet`); None where nobody signed.
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


class ClassClosed(Event):
    """A class ends before its year does: merged (one successor) or split (several)."""

    TOPIC: ClassVar[str] = "ledger.ClassClosed.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CLASS

    successors: tuple[Code, ...]


class ClassTurned(Event):
    """A class's pupils were taken over into the next school year (Kết chuyển năm học).

    The turn's own entries stand directly before this one in the log; `entries` counts them.
    `promoted`, `retained`, `completed` and `waiting` count pupils.
    """

    TOPIC: ClassVar[str] = "ledger.ClassTurned.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CLASS

    turn: UUID
    to_school_year: str
    entries: int
    promoted: int
    retained: int
    completed: int
    waiting: int


class ClassTurnUndone(Event):
    """A turn of the class was a mistake: its enrolments were retracted, except `kept` pupils
    about whom more had been written since."""

    TOPIC: ClassVar[str] = "ledger.ClassTurnUndone.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CLASS

    turn: UUID
    retracted: int
    kept: int


class MonthConfirmed(Event):
    """The teachers went through the list of a month (YYYY-MM): who came, who did not."""

    TOPIC: ClassVar[str] = "ledger.MonthConfirmed.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.CLASS

    month: str
    present: int
    absent: int


EVENTS: tuple[type[Event], ...] = (
    ClassOpened,
    ClassChanged,
    TeacherAssigned,
    GradeSheetSubmitted,
    ClassClosed,
    ClassTurned,
    ClassTurnUndone,
    MonthConfirmed,
)
