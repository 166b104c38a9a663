"""Lines of rules, calendars, deadlines and the comment bank."""

from datetime import date
from typing import get_args

from ledger.errors import Refused
from ledger.events.unit import Level
from ledger.settings_lines import ChooseRules, DateTerms, SetDeadline, SetPhrase
from services.importing import values
from services.importing.bearings import Bearings
from services.importing.line_keys import Cells, subject_key

_LEVELS: tuple[Level, ...] = get_args(Level)


def rules(cells: Cells, at: Bearings) -> ChooseRules:
    """A reading of a regulation."""
    del at
    return ChooseRules(
        regulation=cells["regulation"],
        school_year=cells["school_year"],
        strategy=cells["strategy"] or None,
        subjects_at=_three_numbers(cells["subjects_at"]),
        source=cells["source"],
    )


def _three_numbers(text: str) -> tuple[int, int, int] | None:
    """`5;5;5`: three whole numbers; None for an empty cell. Raises Refused(`bad_subjects_at`)."""
    if not text:
        return None
    parts = [part.strip() for part in text.split(";")]
    if len(parts) == 3 and all(part.isascii() and part.isdigit() for part in parts):
        at_8, at_65, at_5 = (int(part[:9]) for part in parts)
        return at_8, at_65, at_5
    raise Refused(
        "bad_subjects_at",
        "three whole numbers joined by semicolons: subjects at 8.0, at 6.5 and at 5.0",
        field="subjects_at",
        suggestion="5;5;5",
    )


def calendar(cells: Cells, at: Bearings) -> DateTerms:
    """The terms of a school year."""
    del at
    return DateTerms(
        school_year=cells["school_year"],
        term_2_from=values.day(cells["term_2_from"], "term_2_from"),
        summer_from=values.day(cells["summer_from"], "summer_from"),
        source=cells["source"],
    )


def deadline(cells: Cells, at: Bearings) -> SetDeadline:
    """The last day for a report."""
    del at
    level = cells["level"].upper()
    return SetDeadline(
        report=cells["report"],
        preset=cells["preset"],
        level=values.one_of(level, _LEVELS, "level", "unknown_level") if level else None,
        school_year=cells["school_year"],
        due_on=values.day(cells["due_on"], "due_on"),
        source=cells["source"],
    )


def phrase(cells: Cells, at: Bearings) -> SetPhrase:
    """A phrase of the comment bank; without a day it counts from today."""
    del at
    subject = cells["subject"]
    return SetPhrase(
        code=cells["code"],
        subject=subject_key(subject) if subject else None,
        text=cells["text"] or None,
        effective_on=values.optional_day(cells["effective_on"], "effective_on") or date.today(),
    )
