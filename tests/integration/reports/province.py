"""A province of three schools: what tests of reports write into it, and how they ask."""

from collections import Counter
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from ledger.batch import Line
from ledger.event import Event
from ledger.events.pupil import (
    StatusKind,
)
from ledger.events.unit import Level, UnitKind
from ledger.ledger import Ledger
from ledger.movement import Movement, StatusLine, move_pupils
from ledger.plan import Plan
from ledger.pupil import ChangeStatus
from ledger.reader import Reader
from ledger.registration import pupil_ref, record_pupils
from ledger.school_class import OpenClass
from ledger.structure import open_classes, record_units
from ledger.unit import RecordUnit
from projections.reports.frame import Question
from projections.views import Views
from tests import school

ON = date(2024, 12, 1)
START = date(2024, 9, 5)
KEK = bytes(range(32))
LEVELS: dict[str, tuple[Level, ...]] = {"S1": ("THCS",), "S2": ("TH", "THCS"), "S3": ("THCS",)}


def unit(
    code: str,
    kind: UnitKind,
    parent: str | None,
    levels: tuple[Level, ...] = (),
    closed_on: date | None = None,
    merged_into: str | None = None,
) -> RecordUnit:
    return RecordUnit(
        code=code,
        kind=kind,
        name=f"Đơn vị {code}",
        parent_code=parent,
        levels=levels,
        opened_on=date(2000, 1, 1),
        closed_on=closed_on,
        merged_into=merged_into,
    )


def place(code: str, **end: Any) -> RecordUnit:
    return unit(code, "school", "X2" if code == "S3" else "X1", LEVELS[code], **end)


def units(ledger: Ledger, *wanted: RecordUnit) -> None:
    handler = partial(record_units, today=date(2024, 8, 1))
    school.sound(ledger.carry_out(handler, school.numbered(wanted), who=school.operator(ledger)))


def classes(ledger: Ledger, *wanted: tuple[str, str]) -> None:
    commands = [
        OpenClass(
            code=f"{at}-{name}",
            school_code=at,
            school_year=school.YEAR,
            grade=int(name[0]),
            name=name,
            programme="GDPT2018",
        )
        for at, name in wanted
    ]
    lines = school.numbered(commands)
    school.sound(ledger.carry_out(open_classes, lines, who=school.operator(ledger)))


def pupil(ledger: Ledger, key: str, *, sex: str = "nam", birth_date: str = "2012-03-04") -> UUID:
    line = school.record_pupil(key, school.profile(f"Trần {key}", sex=sex, birth_date=birth_date))
    school.sound(ledger.carry_out(record_pupils, [Line(1, line)], who=school.operator(ledger)))
    return school.find(ledger, [key])[0]


def enrol(ledger: Ledger, who: UUID, at: str, on: date = START, kind: str = "start") -> None:
    school.enrol(ledger, [who], class_code=f"{at}-7A", on=on, kind=kind)


def status(ledger: Ledger, who: UUID, at: str, kind: StatusKind, on: date) -> None:
    change = ChangeStatus(kind=kind, school_code=at, effective_on=on)
    carry(ledger, StatusLine(pupil=who, change=change))


def carry(ledger: Ledger, command: Movement) -> None:
    outcome = ledger.carry_out(move_pupils, [Line(1, command)], who=school.operator(ledger))
    school.sound(outcome)


def record(ledger: Ledger, who: UUID, *events: Event) -> None:
    """Entries in a pupil's stream, as the parts of the system that decide them write them."""

    def decide(reader: Reader) -> Plan:
        plan = Plan()
        reader.pupils([who])
        plan.add(pupil_ref(reader, who), list(events))
        return plan

    ledger.desk.run(decide, who=school.operator(ledger))


def report(views: Views, name: str, on: date = ON, **question: Any) -> dict[str, Any]:
    known_at = question.pop("known_at", None)
    return views.report(name, Question(on=on, **question), known_at=known_at)


def row_of(answer: dict[str, Any], unit_code: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = [r for r in answer["rows"] if r["unit_code"] == unit_code]
    assert len(found) == 1, unit_code
    return found[0]


def counts(answer: dict[str, Any]) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in answer["rows"]:
        found[row["unit_code"]] += row["count"]
    return found


def reasons(answer: dict[str, Any]) -> list[tuple[str, str | None]]:
    return sorted((one["reason"], one["pupil_id"]) for one in answer["exceptions"])
