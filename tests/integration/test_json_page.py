"""Every field of the dated JSON answers stands in its section of docs/reference/json.md."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.ledger import Ledger
from ledger.school_year import SchoolYear
from projections.persons import Key
from projections.reports.board import BoardQuestion
from projections.reports.frame import Question
from projections.reports.registry import REPORTS
from projections.views import Views
from tests import school
from tests.docs.make import REFERENCE
from tests.integration.importing import take
from tests.integration.test_import_page import write_examples

FOR_ALL = {"on", "known_at", "position", "recorded_at"}
DATA = {"before", "after", "qualities", "profile"}
"""Fields whose own keys are data: what an entry says, items, the parts of a profile."""
DAY = date(2025, 1, 31)
BOARD = BoardQuestion(
    preset="start_of_year",
    school_year=SchoolYear.parse("2024-2025"),
    on=DAY,
    report=None,
    under=None,
    compare=True,
    what=True,
)


@pytest.fixture
def views(database: str, tmp_path: Path) -> Iterator[Views]:
    with school.new_ledger(database) as ledger:
        yield views_on_the_examples(ledger, tmp_path)


def views_on_the_examples(ledger: Ledger, folder: Path) -> Views:
    code, _ = take(ledger, write_examples(folder))
    assert code == 0
    return Views(ledger)


def fields(answer: Any) -> Iterator[str]:
    """Every key of an answer, without those that are data."""
    if isinstance(answer, dict):
        for name, value in answer.items():
            yield name
            if name not in DATA:
                yield from fields(value)
    elif isinstance(answer, list):
        for one in answer:
            yield from fields(one)


def documented(section: str) -> set[str]:
    page = (REFERENCE / "json.md").read_text("utf-8")
    _, found, rest = page.partition(f"\n## {section}\n")
    assert found, section
    body = rest.partition("\n## ")[0]
    return set(re.findall(r"\w+", " ".join(re.findall(r"`[^`]*`", body)))) | FOR_ALL


def undocumented(section: str, *answers: Any) -> set[str]:
    return {name for answer in answers for name in fields(answer)} - documented(section)


def test_every_field_of_an_answer_about_a_pupil_is_documented(views: Views) -> None:
    pupils = [Key("local", key) for key in ("HS1", "HS2", "TH1", "MN1")]
    found = {
        "transcript": [views.transcript(pupil, on=DAY) for pupil in pupils],
        "identity": [views.identity(pupil, on=DAY) for pupil in pupils],
        "health": [views.health(pupil, on=DAY) for pupil in pupils],
        "audit": [views.audit(pupil) for pupil in pupils],
    }
    lacking = {section: undocumented(section, *answers) for section, answers in found.items()}
    assert not any(lacking.values()), lacking


def test_every_field_of_class_lists_units_and_reports_is_documented(views: Views) -> None:
    reports = [views.report(name, Question(on=DAY, listing=True)) for name in REPORTS]
    for report in reports:
        report.pop("totals")  # its keys are levels, grades, sexes and periods
    lacking = {
        "roster": undocumented("roster", views.roster("S1-7A", on=DAY)),
        "units": undocumented("units", views.units(on=date(2025, 8, 1))),
        "report": undocumented("report", *reports),
        "board": undocumented("board", views.board(BOARD)),
    }
    assert not any(lacking.values()), lacking
