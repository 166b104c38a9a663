"""Facts that a ledger's rules and reports follow: dated data, each with its source."""

from datetime import date
from typing import ClassVar

from ledger.event import Code, Event, StreamKind


class RulesChosen(Event):
    """Which reading of a regulation this ledger follows from a school year on.

    `strategy` names a reading of the one-level adjustment; `subjects_at` are the least numbers
    of scored subjects that must reach 8.0, 6.5 and 5.0 for the three upper levels, where the
    regulation's own numbers are not known to this system (GDTX).
    """

    TOPIC: ClassVar[str] = "ledger.RulesChosen.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.LEDGER

    regulation: str
    school_year: str
    strategy: str | None
    subjects_at: tuple[int, int, int] | None
    source: str


class TermsDated(Event):
    """The first days of term 2 and of the summer in one school year of this province."""

    TOPIC: ClassVar[str] = "ledger.TermsDated.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.LEDGER

    school_year: str
    term_2_from: date
    summer_from: date
    source: str


class DeadlineSet(Event):
    """The last day (inclusive) on which a report of a school year is to be handed in.

    `preset` names the occasion (start_of_year, end_of_term_1, …); `level` None means all.
    """

    TOPIC: ClassVar[str] = "ledger.DeadlineSet.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.LEDGER

    report: Code
    preset: Code
    level: str | None
    school_year: str
    due_on: date
    source: str


class CommentPhraseSet(Event):
    """One phrase of the comment bank (Mã nhận xét) from `effective_on`; no text ends it."""

    TOPIC: ClassVar[str] = "ledger.CommentPhraseSet.v1"
    STREAM: ClassVar[StreamKind] = StreamKind.LEDGER

    code: Code
    subject: str | None
    text: str | None


EVENTS: tuple[type[Event], ...] = (RulesChosen, TermsDated, DeadlineSet, CommentPhraseSet)
