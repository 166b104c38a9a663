"""The steps of an import in the contract's order: which cells become which command, who decides."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from ledger import gradebook, movement, paper, registration, structure, year_lines
from ledger.batch import Handler
from ledger.health import record_measurements
from ledger.identity import record_checks, record_links
from ledger.presence import confirm_presence
from ledger.settings_lines import write_settings
from services.importing.bearings import Bearings
from services.importing.files import health, identity, movements, pupils, results
from services.importing.files import settings as dated
from services.importing.files import structure as frame
from services.importing.files.presence import presence
from services.importing.kinds import MARKS, MOVEMENTS, PAPER
from services.importing.line_keys import Cells
from services.importing.staging import Staged

READ: Mapping[str, Callable[[Cells, Bearings], Any]] = {
    "rules": dated.rules,
    "calendars": dated.calendar,
    "deadlines": dated.deadline,
    "comment_bank": dated.phrase,
    "units": frame.unit,
    "classes": frame.homeroom_class,
    "section_classes": frame.section,
    "staff": frame.staff,
    "assignments": frame.assignment,
    "pupils": pupils.pupil,
    "listed_pupils": pupils.listed_pupil,
    "identifiers": pupils.identifier,
    "links": identity.link,
    "identity_checks": identity.check,
    "enrolments": movements.enrolment,
    "statuses": movements.status,
    "presence": presence,
    "health": health.measurement,
    "school_stays": movements.school_stay,
    "section_stays": movements.section_stay,
    "marks": results.mark,
    "corrections": results.correction,
    "comments": results.comment,
    "conduct": results.conduct,
    "absences": results.absences,
    "decisions": results.decision,
    "qualities": results.quality,
    "exemptions": results.exemption,
    "education_plans": results.education_plan,
    "electives": results.electives,
    "mentions": results.mention,
    "paper_results": results.paper_result,
}
"""Kind of file to what reads one line of it; each may raise Refused."""


SETTINGS_STEPS = (0, 1, 2, 3)
"""Steps whose lines are the ledger's own dated data."""
YEAR_STEPS = (67, 68, 69, 80, 85, 90, 100, 110, 115, 120)
"""Steps whose lines are each about one pupil's school year."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the handler, how many lines go into one transaction, and the most there may be.

    A transaction takes whole groups (a sheet, a pupil's movements) until it has `lines`; a group
    of more than `most` is cut.
    """

    number: int
    handler: Handler[Any]
    lines: int
    most: int
    whole_groups: bool = False


def steps(today: date) -> Sequence[Step]:
    """All steps. A unit's parent may stand below it, so the units go in together.

    The numbers keep the append lock below some 50 ms, so that others can write meanwhile.
    """
    found = (
        *(Step(number, write_settings, 500, 500) for number in SETTINGS_STEPS),
        Step(10, partial(structure.record_units, today=today), 5000, 5000),
        Step(20, structure.open_classes, 500, 500),
        Step(30, structure.record_staff, 500, 500),
        Step(40, structure.assign_teachers, 500, 500),
        Step(50, registration.record_pupils, 300, 300),
        Step(55, registration.assign_numbers, 500, 500),
        Step(57, partial(record_links, today=today), 500, 500),
        Step(58, record_checks, 500, 500),
        Step(MOVEMENTS, movement.move_pupils, 300, 1000, whole_groups=True),
        Step(62, confirm_presence, 300, 1000, whole_groups=True),
        Step(64, partial(record_measurements, today=today), 500, 500),
        Step(MARKS, gradebook.enter_marks, 600, 1200, whole_groups=True),
        *(Step(number, year_lines.write_years, 500, 500) for number in YEAR_STEPS),
        Step(PAPER, paper.take_paper_results, 500, 500, whole_groups=True),
    )
    return sorted(found, key=lambda step: step.number)


def chunks(lines: Iterator[Staged], step: Step) -> Iterator[list[Staged]]:
    """The lines of a step in the portions that go into one transaction each."""
    chunk: list[Staged] = []
    for line in lines:
        full = len(chunk) >= step.lines
        if full and step.whole_groups and len(chunk) < step.most:
            last = chunk[-1]
            full = (line.kind.step, line.sort) != (last.kind.step, last.sort)
        if full:
            yield chunk
            chunk = []
        chunk.append(line)
    if chunk:
        yield chunk
