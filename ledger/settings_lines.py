"""Batches about the ledger's own dated data: rules chosen, terms, deadlines, comment phrases.

Each is an entry in the ledger's own stream; what stands already is not written again, and a
changed value is a new entry: nothing is replaced.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, TypeVar

from ledger import settings
from ledger.assessment.regime import Regulation, require_supported
from ledger.assessment.tt22 import Adjustment
from ledger.batch import Batch, Line
from ledger.errors import Refused
from ledger.event import Event, StreamKind
from ledger.events.settings import CommentPhraseSet, DeadlineSet, RulesChosen, TermsDated
from ledger.events.unit import Level
from ledger.presets import PRESETS
from ledger.reader import Reader
from ledger.school_year import SchoolYear, TermCalendar
from ledger.settings import Deadline, Phrase, Rules, Settings

REPORTS = (
    *("headcount", "movement", "results", "identity", "nutrition", "exceptions", "in_transit"),
)
"""The reports that can be handed in, by their names on the command line."""

"""The occasions of a school year (đầu năm, cuối kỳ 1, cuối năm, sau đánh giá lại)."""
WITH_READINGS = (Regulation.TT22_2021, Regulation.TT43_2021)
"""Regulations whose one-level adjustment can be read in several ways."""
WITH_NUMBERS = (Regulation.TT43_2021,)
"""Regulations whose least numbers of subjects are not known to this system."""
_MOST_SUBJECTS = 20


class Setting(Protocol):
    """One line of dated data."""

    def decide(self, known: Settings) -> list[Event]:
        """The entry it makes; nothing where it stands already. May raise Refused."""


S = TypeVar("S", bound=Setting)


def write_settings(reader: Reader, batch: Batch, lines: Sequence[Line[S]]) -> None:
    """Records dated data in the ledger's own stream."""
    known = reader.settings()
    ref = reader.ref(reader.ledger, StreamKind.LEDGER)
    for line in lines:
        try:
            events = line.command.decide(known)
        except Refused as refused:
            batch.reject(line, refused)
            continue
        for event in events:
            known = settings.evolve(known, event, 0)
        batch.accept(line, [(ref, events)])


@dataclass(frozen=True, kw_only=True, slots=True)
class ChooseRules:
    """Which reading of a regulation holds from a school year on; without a strategy and without
    numbers, the system's own again. `subjects_at` counts subjects at 8.0, 6.5 and 5.0."""

    regulation: str
    school_year: str
    strategy: str | None
    subjects_at: tuple[int, int, int] | None
    source: str

    def decide(self, known: Settings) -> list[Event]:
        """Decides the choice.

        Raises:
            Refused: `unknown_regulation`, `regulation_not_supported`, `nothing_to_choose`,
                `unknown_strategy`, `bad_subjects_at`, `bad_school_year`.
        """
        year = SchoolYear.parse(self.school_year)
        self._check()
        event = RulesChosen(
            effective_on=year.start,
            regulation=self.regulation,
            school_year=year.label,
            strategy=self.strategy,
            subjects_at=self.subjects_at,
            source=self.source,
        )
        stated = Rules.model_validate(event.model_dump(exclude={"effective_on"}))
        return [] if stated in known.rules else [event]

    def _check(self) -> None:
        if self.regulation not in set(Regulation):
            raise Refused(
                "unknown_regulation",
                f"there is no regulation {self.regulation}",
                field="regulation",
                suggestion=", ".join(WITH_READINGS),
            )
        regulation = Regulation(self.regulation)
        require_supported(regulation)
        if regulation not in WITH_READINGS:
            raise _nothing_to_choose("regulation", regulation, WITH_READINGS)
        if self.strategy is not None and self.strategy not in set(Adjustment):
            raise Refused(
                "unknown_strategy",
                f"the adjustment has no reading {self.strategy}",
                field="strategy",
                suggestion=", ".join(Adjustment),
            )
        if self.subjects_at is None:
            return
        if regulation not in WITH_NUMBERS:
            raise _nothing_to_choose("subjects_at", regulation, WITH_NUMBERS)
        if not all(0 < least <= _MOST_SUBJECTS for least in self.subjects_at):
            raise Refused(
                "bad_subjects_at",
                f"the least numbers of subjects lie between 1 and {_MOST_SUBJECTS}",
                field="subjects_at",
                suggestion="5;5;5",
            )


def _nothing_to_choose(
    column: str, regulation: Regulation, others: Sequence[Regulation]
) -> Refused:
    return Refused(
        "nothing_to_choose",
        f"the text of {regulation} leaves nothing to choose in column {column}",
        field=column,
        suggestion="only for " + ", ".join(others),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class DateTerms:
    """The province's own first days of term 2 and of the summer in one school year."""

    school_year: str
    term_2_from: date
    summer_from: date
    source: str

    def decide(self, known: Settings) -> list[Event]:
        """Decides the dates.

        Raises:
            Refused: `bad_school_year`; `bad_calendar`, outside the year or out of order.
        """
        year = SchoolYear.parse(self.school_year)
        TermCalendar(school_year=year, term_2_from=self.term_2_from, summer_from=self.summer_from)
        if known.terms.get(year.label) == (self.term_2_from, self.summer_from):
            return []
        return [
            TermsDated(
                effective_on=year.start,
                school_year=year.label,
                term_2_from=self.term_2_from,
                summer_from=self.summer_from,
                source=self.source,
            )
        ]


@dataclass(frozen=True, kw_only=True, slots=True)
class SetDeadline:
    """The last day, inclusive, for handing in a report of one occasion; `level` None: all."""

    report: str
    preset: str
    level: Level | None
    school_year: str
    due_on: date
    source: str

    def decide(self, known: Settings) -> list[Event]:
        """Decides the deadline. Reports on re-assessment are due after the year's end.

        Raises:
            Refused: `unknown_report`, `unknown_preset`, `bad_school_year`,
                `date_outside_school_year`.
        """
        year = SchoolYear.parse(self.school_year)
        _one_of(self.report, REPORTS, "report")
        _one_of(self.preset, PRESETS, "preset")
        last = year.late_decisions_until
        if not year.start <= self.due_on <= last:
            raise Refused(
                "date_outside_school_year",
                f"a report of {year.label} is due between {year.start} and {last}",
                field="due_on",
                suggestion=f"{year.start} … {last}",
            )
        event = DeadlineSet(
            effective_on=year.start,
            report=self.report,
            preset=self.preset,
            level=self.level,
            school_year=year.label,
            due_on=self.due_on,
            source=self.source,
        )
        stated = Deadline.model_validate(event.model_dump(exclude={"effective_on"}))
        return [] if stated in known.deadlines else [event]


def _one_of(name: str, names: Sequence[str], column: str) -> None:
    if name not in names:
        raise Refused(
            f"unknown_{column}",
            f"there is no {column} {name}",
            field=column,
            suggestion=", ".join(names),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class SetPhrase:
    """A phrase of the comment bank (Mã nhận xét); without a text it is used no more."""

    code: str
    subject: str | None
    text: str | None
    effective_on: date

    def decide(self, known: Settings) -> list[Event]:
        """Decides the phrase."""
        standing = known.phrases.get(self.code)
        if self.text is None:
            wanted = None
        else:
            wanted = Phrase(code=self.code, subject=self.subject, text=self.text)
        if standing == wanted:
            return []
        return [
            CommentPhraseSet(
                effective_on=self.effective_on,
                code=self.code,
                subject=self.subject,
                text=self.text,
            )
        ]
