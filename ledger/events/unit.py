"""Facts about the ledger itself and its tree of units (provinces, communes, schools, campuses)."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from ledger.event import Code, Event, StreamKind

UnitKind = Literal["province", "commune", "district", "school", "centre", "campus"]
Level = Literal["MN", "TH", "THCS", "THPT", "GDTX"]


class LedgerOpened(Event):
    """Entry 0 of every ledger: its id, its short name and the province it begins with."""

    TOPIC: ClassVar[str] = "ledger.LedgerOpened.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.LEDGER

    ledger_id: UUID
    name: str
    province_code: str
    province_name: str


class UnitOpened(Event):
    """A unit exists from `effective_on`; `levels` are the school levels it teaches."""

    TOPIC: ClassVar[str] = "ledger.UnitOpened.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.UNIT

    code: Code
    kind: UnitKind
    name: str
    parent_code: Code | None
    levels: tuple[Level, ...]


class UnitChanged(Event):
    """A unit's name, parent or levels are others from `effective_on`."""

    TOPIC: ClassVar[str] = "ledger.UnitChanged.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.UNIT

    code: Code
    name: str
    parent_code: Code | None
    levels: tuple[Level, ...]


class UnitClosed(Event):
    """A unit ends on `effective_on`, merged into `successor` where there is one.

    `closed_on` is that day; None takes a closing or re-coding back, which counted from
    `effective_on`: the unit goes on.
    """

    TOPIC: ClassVar[str] = "ledger.UnitClosed.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.UNIT

    code: Code
    successor: Code | None
    closed_on: date | None


class UnitRecoded(Event):
    """A unit goes on under another code from `effective_on`; it is opened there, ended here."""

    TOPIC: ClassVar[str] = "ledger.UnitRecoded.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.UNIT

    code: Code
    new_code: Code


class ReportSubmitted(Event):
    """A report was handed in ("Chốt và nộp báo cáo"); the figures are those of `position`.

    `on` is the day the figures are of, `digest` (`sha256:`) is over the rows and totals as
    canonical JSON, `size` and `root` (hex) are those of the log then; `head` names who answers
    for it (a staff code). `replaces` counts the submissions of the same report before this one.
    """

    TOPIC: ClassVar[str] = "ledger.ReportSubmitted.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.UNIT

    report: Code
    preset: Code
    unit_code: Code
    school_year: str
    on: date
    position: int
    size: int
    root: str
    digest: str
    head: Code | None
    replaces: int


EVENTS: tuple[type[Event], ...] = (
    LedgerOpened,
    UnitOpened,
    UnitChanged,
    UnitClosed,
    UnitRecoded,
    ReportSubmitted,
)
