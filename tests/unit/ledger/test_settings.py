"""Rules of the ledger's own dated data: readings, terms, deadlines, comment phrases."""

from dataclasses import replace
from datetime import date

import pytest

from ledger import settings
from ledger.errors import Refused
from ledger.events.unit import LedgerOpened
from ledger.school_year import SchoolYear, TermCalendar
from ledger.settings import Settings
from ledger.settings_lines import ChooseRules, DateTerms, SetDeadline, SetPhrase, Setting
from tests.unit.ledger.events import event

YEAR = "2025-2026"
RULES = ChooseRules(
    regulation="TT43_2021",
    school_year=YEAR,
    strategy="substitution",
    subjects_at=(5, 5, 5),
    source="CV 12",
)
TERMS = DateTerms(
    school_year=YEAR,
    term_2_from=date(2026, 1, 19),
    summer_from=date(2026, 5, 30),
    source="QĐ 9",
)
DEADLINE = SetDeadline(
    report="headcount",
    preset="start_of_year",
    level="THCS",
    school_year=YEAR,
    due_on=date(2025, 10, 5),
    source="CV 3",
)
PHRASE = SetPhrase(code="T1", subject="TOAN", text="Có tiến bộ.", effective_on=date(2025, 9, 1))


def known(*commands: Setting) -> Settings:
    """The settings after these lines."""
    state = settings.evolve(None, event(LedgerOpened, date(2024, 1, 1)), 1)
    for command in commands:
        for one in command.decide(state):
            state = settings.evolve(state, one, 0)
    return state


@pytest.mark.parametrize(
    ("command", "changed"),
    [
        (RULES, replace(RULES, strategy=None)),
        (RULES, replace(RULES, subjects_at=(6, 5, 5))),
        (TERMS, replace(TERMS, term_2_from=date(2026, 1, 12))),
        (DEADLINE, replace(DEADLINE, due_on=date(2025, 10, 15))),
        (PHRASE, replace(PHRASE, text="Chăm chỉ.")),
        (PHRASE, replace(PHRASE, text=None)),
    ],
)
def test_what_stands_is_not_written_again_and_a_change_is_a_new_entry(
    command: Setting, changed: Setting
) -> None:
    found = known(command)
    assert command.decide(found) == []
    assert len(changed.decide(found)) == 1
    assert changed.decide(known(command, changed)) == []
    assert len(command.decide(known(command, changed))) == 1


def test_a_reading_holds_from_its_year_on_until_the_next_one() -> None:
    found = known(RULES, replace(RULES, school_year="2027-2028", strategy="removal_scored_only"))
    strategies = {
        year: rules.strategy if (rules := found.rules_for("TT43_2021", year)) else None
        for year in ("2024-2025", YEAR, "2026-2027", "2027-2028", "2030-2031")
    }
    assert strategies == {
        "2024-2025": None,
        YEAR: "substitution",
        "2026-2027": "substitution",
        "2027-2028": "removal_scored_only",
        "2030-2031": "removal_scored_only",
    }


def test_terms_are_the_province_s_where_dated_and_the_contract_s_elsewhere() -> None:
    found = known(TERMS)
    assert found.calendar(SchoolYear(2025)).term_2_from == date(2026, 1, 19)
    assert found.calendar(SchoolYear(2024)) == TermCalendar.default(SchoolYear(2024))


def test_deadlines_of_other_levels_stand_beside_each_other() -> None:
    found = known(DEADLINE, replace(DEADLINE, level=None), replace(DEADLINE, level="MN"))
    assert [deadline.level for deadline in found.deadlines] == ["THCS", None, "MN"]


@pytest.mark.parametrize("due_on", [date(2025, 8, 1), date(2026, 9, 30)])
def test_a_report_is_due_from_the_first_day_until_the_last_decisions(due_on: date) -> None:
    assert len(replace(DEADLINE, due_on=due_on).decide(known())) == 1


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (replace(RULES, regulation="TT99"), "unknown_regulation"),
        (replace(RULES, regulation="QD02_2007"), "regulation_not_supported"),
        (replace(RULES, regulation="TT27_2020"), "nothing_to_choose"),
        (replace(RULES, regulation="TT22_2021"), "nothing_to_choose"),
        (replace(RULES, strategy="guess"), "unknown_strategy"),
        (replace(RULES, subjects_at=(0, 5, 5)), "bad_subjects_at"),
        (replace(RULES, subjects_at=(5, 5, 21)), "bad_subjects_at"),
        (replace(RULES, school_year="2025"), "bad_school_year"),
        (replace(TERMS, school_year="2025-2027"), "bad_school_year"),
        (replace(TERMS, term_2_from=date(2027, 1, 1)), "bad_calendar"),
        (replace(TERMS, term_2_from=date(2026, 6, 1)), "bad_calendar"),
        (replace(DEADLINE, report="guess"), "unknown_report"),
        (replace(DEADLINE, preset="guess"), "unknown_preset"),
        (replace(DEADLINE, due_on=date(2025, 7, 31)), "date_outside_school_year"),
        (replace(DEADLINE, due_on=date(2026, 10, 1)), "date_outside_school_year"),
    ],
)
def test_what_cannot_be_is_refused_by_name(command: Setting, code: str) -> None:
    with pytest.raises(Refused) as caught:
        command.decide(known())
    assert caught.value.code == code


def test_a_regulation_with_its_own_numbers_takes_a_reading_alone() -> None:
    chosen = replace(RULES, regulation="TT22_2021", subjects_at=None)
    assert len(chosen.decide(known())) == 1
