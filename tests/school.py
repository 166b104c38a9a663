"""A small sample school, made through the handlers as an import would make it."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from typing import TypeVar
from uuid import UUID

from ledger.batch import Batch, Line, Verdict
from ledger.event import KEYED, Event, Who
from ledger.events.pupil import Place, PupilContacts, PupilProfile, Released
from ledger.events.staff import StaffProfile
from ledger.events.unit import UnitKind
from ledger.gradebook import MarkLine, enter_marks
from ledger.ids import uuid7
from ledger.ledger import Ledger
from ledger.movement import EnrolInClass, Movement, move_pupils
from ledger.plan import Done, Plan
from ledger.reader import Reader
from ledger.recorder import StreamRef
from ledger.registration import Number, RecordPupil, local_key, pupil_ref, record_pupils
from ledger.school_class import AssignTeacher, OpenClass
from ledger.structure import (
    AssignToClass,
    RecordStaff,
    assign_teachers,
    open_classes,
    record_staff,
    record_units,
)
from ledger.unit import RecordUnit

C = TypeVar("C")

TODAY = date(2025, 1, 20)
YEAR = "2024-2025"
SCHOOL = "S1"
CLASS = "7A1"
FIRST_DAY = date(2024, 9, 5)
TEST_DAY = date(2024, 10, 7)
SOURCE = "default"
NOWHERE = Place(text=None, code=None)


@contextmanager
def new_ledger(url: str, *, name: str = "31", kek: bytes | None = None) -> Iterator[Ledger]:
    """A fresh ledger in an empty database, with the operator's account; closed at the end."""
    kek = kek or os.urandom(32)
    ledger = Ledger.create(
        url,
        ledger=uuid7(),
        kek=kek,
        name=name,
        province_code="31",
        province_name="Hải Phòng",
        operator="operator",
        today=TODAY,
    )
    with ledger:
        yield ledger


def operator(ledger: Ledger) -> Who:
    """The operator's account, keying."""
    return ledger.who("operator")


def open_school(ledger: Ledger, *, code: str = SCHOOL, classes: Sequence[str] = (CLASS,)) -> None:
    """A province, one lower secondary school and its classes of grade 7."""
    units = [_unit("31", "province", "Hải Phòng"), _unit(code, "school", "THCS Lê Lợi")]
    handler = partial(record_units, today=TODAY)
    sound(ledger.carry_out(handler, numbered(units), who=operator(ledger)))
    opened = [
        OpenClass(
            code=name,
            school_code=code,
            school_year=YEAR,
            grade=7,
            name=name,
            programme="GDPT2018",
        )
        for name in classes
    ]
    sound(ledger.carry_out(open_classes, numbered(opened), who=operator(ledger)))


def _unit(code: str, kind: UnitKind, name: str) -> RecordUnit:
    school = kind == "school"
    return RecordUnit(
        code=code,
        kind=kind,
        name=name,
        parent_code="31" if school else None,
        levels=("THCS",) if school else (),
        opened_on=date(2000, 1, 1),
        closed_on=None,
        merged_into=None,
    )


def profile(full_name: str, *, birth_date: str = "2012-03-04", sex: str = "nam") -> PupilProfile:
    """A profile with nothing but what must be there."""
    return PupilProfile(
        full_name=full_name,
        sort_name=None,
        birth_date=birth_date,
        sex=sex,
        ethnicity=None,
        nationality=None,
        birth_place=NOWHERE,
        home_town=NOWHERE,
        residence=NOWHERE,
        father_name=None,
        mother_name=None,
        guardian_name=None,
        disability=None,
        policy_category=None,
        register_number=None,
    )


def record_pupil(
    key: str,
    who_it_is: PupilProfile,
    *,
    contacts: PupilContacts | None = None,
    numbers: tuple[Number, ...] = (),
    identity_reason: str | None = None,
) -> RecordPupil:
    """A line of pupils.csv."""
    return RecordPupil(
        key=key,
        source=SOURCE,
        profile=who_it_is,
        contacts=contacts,
        numbers=numbers,
        identity="mismatched" if identity_reason else None,
        identity_checked_at=None,
        identity_reason=identity_reason,
        effective_on=date(2024, 8, 1),
    )


def register(ledger: Ledger, keys: Sequence[str]) -> list[UUID]:
    """Registers pupils under these local keys; their ids in the same order."""
    lines = [record_pupil(key, profile(f"Nguyễn Văn {key}")) for key in keys]
    sound(ledger.carry_out(record_pupils, numbered(lines), who=operator(ledger)))
    return find(ledger, keys)


def registration(reader: Reader, key: str) -> tuple[StreamRef, list[Event]]:
    """A new pupil's stream and its first entries, for a plan of one's own."""
    batch = Batch(Who(recorded_by="operator", on_behalf_of=None, provenance=KEYED))
    record_pupils(reader, batch, numbered([record_pupil(key, profile(f"Nguyễn Văn {key}"))]))
    drafts = batch.plan.drafts
    return drafts[0].stream, [draft.event for draft in drafts]


def find(ledger: Ledger, keys: Sequence[str]) -> list[UUID]:
    """The pupils registered under these local keys."""
    wanted = [local_key(key, SOURCE) for key in keys]
    with ledger.database.connection() as connection:
        found = Reader(connection, ledger.keyring, ledger.id).find(wanted)
    return [found[key][0] for key in wanted]


def enrol(
    ledger: Ledger,
    pupils: Sequence[UUID],
    *,
    class_code: str = CLASS,
    on: date = FIRST_DAY,
    kind: str = "start",
    note: str | None = None,
) -> None:
    """Puts pupils into a class."""
    lines: list[Movement] = [
        EnrolInClass(
            pupil=pupil, class_code=class_code, kind=kind, effective_on=on, grade=None, note=note
        )
        for pupil in pupils
    ]
    sound(ledger.carry_out(move_pupils, numbered(lines), who=operator(ledger)))


def class_of(ledger: Ledger, size: int) -> list[UUID]:
    """A school with one class of `size` pupils P0, P1 …"""
    open_school(ledger)
    pupils = register(ledger, [f"P{number}" for number in range(size)])
    enrol(ledger, pupils)
    return pupils


def mark(
    pupil: UUID, value: str = "8.0", *, subject: str = "TOAN", slot: str = "TX1", semester: int = 1
) -> MarkLine:
    """A cell of the grade sheet of the class."""
    return MarkLine(
        pupil=pupil,
        class_code=CLASS,
        subject=subject,
        semester=semester,
        slot=slot,
        value=value,
        effective_on=TEST_DAY,
        sheet=None,
    )


def hand_in(ledger: Ledger, cells: Sequence[MarkLine]) -> tuple[Done, list[Verdict]]:
    """Enters a sheet as the operator."""
    return ledger.carry_out(enter_marks, numbered(cells), who=operator(ledger))


def employ(ledger: Ledger, code: str, full_name: str, *, subject: str | None = "TOAN") -> None:
    """A member of staff who teaches `subject` in the class."""
    staff = RecordStaff(
        code=code,
        profile=StaffProfile(full_name=full_name, birth_date=None, sex=None, personal_id=None),
        unit_code=SCHOOL,
        level="THCS",
        role="teacher",
        identity=None,
        identity_checked_at=None,
        identity_reason=None,
        effective_on=FIRST_DAY,
    )
    sound(ledger.carry_out(record_staff, numbered([staff]), who=operator(ledger)))
    assignment = AssignTeacher(
        subject=subject, staff_code=code, effective_from=FIRST_DAY, effective_to=None
    )
    lines = numbered([AssignToClass(class_code=CLASS, assignment=assignment)])
    sound(ledger.carry_out(assign_teachers, lines, who=operator(ledger)))


def released(case: UUID, to_ledger: UUID, *, last_day: date = date(2025, 1, 10)) -> Released:
    """A release whose commitments are empty: enough for the rules of custody."""
    return Released(
        effective_on=last_day,
        case=case,
        to_ledger=to_ledger,
        to_school=None,
        root="00" * 32,
        entries=0,
        streams=(),
        digest="sha256:" + "00" * 32,
        last_day=last_day,
    )


def release(ledger: Ledger, pupil: UUID, **kwargs: date) -> Done:
    """Gives custody of a pupil to a ledger nobody knows."""

    def decide(reader: Reader) -> Plan:
        plan = Plan()
        ref = pupil_ref(reader, pupil)
        reader.pupils([pupil])
        event: Event = released(uuid7(), uuid7(), **kwargs)
        plan.add(ref, [event])
        return plan

    return ledger.desk.run(decide, who=operator(ledger))


def numbered(commands: Iterable[C]) -> list[Line[C]]:
    """Commands as the lines 1, 2 … of a file."""
    return [Line(number, command) for number, command in enumerate(commands, 1)]


def sound(outcome: tuple[Done, list[Verdict]]) -> Done:
    """What was appended, where no line was refused."""
    done, verdicts = outcome
    refused = [verdict for verdict in verdicts if verdict.fate == "rejected"]
    assert not refused, refused
    return done
