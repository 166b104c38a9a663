"""What a ledger's rules and reports follow: state of the ledger's own stream, and `evolve`."""

from datetime import date

from pydantic import Field

from ledger.event import Event, Frozen
from ledger.events.settings import CommentPhraseSet, DeadlineSet, RulesChosen, TermsDated
from ledger.events.unit import LedgerOpened
from ledger.school_year import SchoolYear, TermCalendar


class Rules(Frozen):
    """A reading of a regulation, in force from a school year on; see `RulesChosen`."""

    regulation: str
    school_year: str
    strategy: str | None
    subjects_at: tuple[int, int, int] | None
    source: str


class Deadline(Frozen):
    """The last day, inclusive, for handing a report in."""

    report: str
    preset: str
    level: str | None
    school_year: str
    due_on: date
    source: str


class Phrase(Frozen):
    """One phrase of the comment bank; `subject` None: for any."""

    code: str
    subject: str | None
    text: str


class Settings(Frozen):
    """The ledger's dated data. `terms` is by school year: first days of term 2 and summer."""

    name: str
    rules: tuple[Rules, ...] = ()
    terms: dict[str, tuple[date, date]] = Field(default_factory=dict)
    deadlines: tuple[Deadline, ...] = ()
    phrases: dict[str, Phrase] = Field(default_factory=dict)

    def rules_for(self, regulation: str, school_year: str) -> Rules | None:
        """The newest reading chosen for that year or an earlier one; years sort as text."""
        fitting = [
            rules
            for rules in self.rules
            if rules.regulation == regulation and rules.school_year <= school_year
        ]
        return max(fitting, key=lambda rules: rules.school_year, default=None)

    def calendar(self, school_year: SchoolYear) -> TermCalendar:
        """The terms of a school year: the province's own where dated, else the default."""
        dated = self.terms.get(school_year.label)
        if dated is None:
            return TermCalendar.default(school_year)
        return TermCalendar(school_year=school_year, term_2_from=dated[0], summer_from=dated[1])


def evolve(settings: Settings | None, event: Event, version: int) -> Settings:
    """The settings after `event`."""
    del version
    match event:
        case LedgerOpened():
            return Settings(name=event.name)
        case _ if settings is None:
            raise ValueError(f"{event.TOPIC} before the ledger was opened")
        case RulesChosen():
            rules = Rules.model_validate(event.model_dump(exclude={"effective_on"}))
            others = tuple(
                known
                for known in settings.rules
                if (known.regulation, known.school_year) != (rules.regulation, rules.school_year)
            )
            return settings.model_copy(update={"rules": (*others, rules)})
        case TermsDated():
            dates = {event.school_year: (event.term_2_from, event.summer_from)}
            return settings.model_copy(update={"terms": {**settings.terms, **dates}})
        case DeadlineSet():
            deadline = Deadline.model_validate(event.model_dump(exclude={"effective_on"}))
            kept = tuple(
                known for known in settings.deadlines if _occasion(known) != _occasion(deadline)
            )
            return settings.model_copy(update={"deadlines": (*kept, deadline)})
        case CommentPhraseSet():
            phrases = {code: kept for code, kept in settings.phrases.items() if code != event.code}
            if event.text is not None:
                phrases[event.code] = Phrase(
                    code=event.code, subject=event.subject, text=event.text
                )
            return settings.model_copy(update={"phrases": phrases})
        case _:
            return settings


def _occasion(deadline: Deadline) -> tuple[str, str, str | None, str]:
    return deadline.report, deadline.preset, deadline.level, deadline.school_year
