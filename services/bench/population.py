"""A province for `bench roster`: ten entries a pupil, written in bulk, projections brought up.

    structure (handlers)  province, schools of 20 classes, their classes of two school years
    main load             registered, local key, two years opened and enrolled, four marks: encoded
                          and sealed here, then COPY through `ledger.recorder.insert`
    late knowledge        every tenth pupil is found to have been suspended long before

The position asked about is the last of the main load, so that at it the late knowledge is hidden.
Personal data repeat from a few pages of names, but each person's are sealed with a key of their
own. What only the deciders read (current states, slots, look-ups) is left out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from ledger import envelope, ids
from ledger.batch import Line
from ledger.codes import Programme
from ledger.event import Event, StreamKind
from ledger.events.pupil import (
    Identifier,
    IdentifierAssigned,
    PupilEnrolled,
    PupilRegistered,
    PupilStatusChanged,
)
from ledger.events.pupil_year import MarkEntered, PupilYearOpened
from ledger.log import head
from ledger.recorder import Row, StreamRef, insert, name_streams
from ledger.school_class import OpenClass
from ledger.school_year import SchoolYear
from ledger.sheet import new_salt
from ledger.structure import open_classes
from projections.views import engine_of
from services.bench.history import profile, write_school
from services.bench.measure import Progress
from services.bench.place import Bench

CLASS_SIZE = 45
SCHOOL_CLASSES = 20
ENTRIES_EACH = 10
CHUNK_CLASSES = 10
YEARS = (SchoolYear(2024), SchoolYear(2025))
FIRST_GRADE = 6
LATE_DAY = date(2024, 10, 15)
ASKED_DAY = date(2024, 11, 4)


@dataclass(frozen=True, slots=True)
class Population:
    """What was written: classes of the first year, the last position of the main load."""

    classes: tuple[str, ...]
    position: int
    entries: int
    pupils: int


@dataclass(frozen=True, slots=True)
class _Fact:
    stream: StreamRef
    version: int
    event: Event


def populate(bench: Bench, *, pupils: int, say: Progress) -> Population:
    """Writes about `pupils` pupils (whole classes) and brings the projections up."""
    count = max(1, round(pupils / CLASS_SIZE))
    for first in range(0, count, SCHOOL_CLASSES):
        _open_school(bench, range(first, min(first + SCHOOL_CLASSES, count)))
    members: list[list[UUID]] = []
    for first in range(0, count, CHUNK_CLASSES):
        numbers = range(first, min(first + CHUNK_CLASSES, count))
        chunk = [[ids.uuid7() for _ in range(CLASS_SIZE)] for _ in numbers]
        facts = [
            fact
            for number, found in zip(numbers, chunk, strict=True)
            for at, person in enumerate(found)
            for fact in _facts(bench, person, number, at)
        ]
        _write(bench, facts)
        members.extend(chunk)
        if first % 200 == 0:
            say(f"roster: {len(members) * CLASS_SIZE} of {count * CLASS_SIZE} pupils written")
    with bench.ledger.database.connection() as connection:
        position = head(connection).size - 1
    _write(bench, list(_late(bench, members)))
    say("roster: projections")
    engine_of(bench.ledger).catch_up()
    with bench.ledger.database.connection() as connection:
        entries = head(connection).size
    classes = tuple(class_code(number, YEARS[0]) for number in range(count))
    return Population(classes, position, entries, count * CLASS_SIZE)


def class_code(number: int, year: SchoolYear) -> str:
    """The code of the class of that number in that year."""
    return f"{_school(number)}-{year.first}-{number}"


def _school(number: int) -> str:
    return f"THCS-{number // SCHOOL_CLASSES:04}"


def _open_school(bench: Bench, numbers: Sequence[int]) -> None:
    write_school(bench, _school(numbers[0]))
    classes = [
        OpenClass(
            code=class_code(number, year),
            school_code=_school(number),
            school_year=year.label,
            grade=FIRST_GRADE + offset,
            name=f"{FIRST_GRADE + offset}A{number % SCHOOL_CLASSES}",
            programme=Programme.GDPT2018,
        )
        for number in numbers
        for offset, year in enumerate(YEARS)
    ]
    lines = [Line(at, opened) for at, opened in enumerate(classes)]
    bench.ledger.carry_out(open_classes, lines, who=bench.who)


def _facts(bench: Bench, person: UUID, number: int, at: int) -> Iterator[_Fact]:
    own = StreamRef(person, StreamKind.PUPIL, bench.ledger.id, person)
    entered = YEARS[0].start
    yield _Fact(
        own,
        1,
        PupilRegistered(
            effective_on=entered,
            pupil_id=person,
            statutory=profile(number * CLASS_SIZE + at),
            voluntary=None,
        ),
    )
    local = Identifier(kind="local", value=f"P{number}-{at}", issuer="default")
    yield _Fact(
        own,
        2,
        IdentifierAssigned(effective_on=entered, kind="local", valid_to=None, statutory=local),
    )
    for offset, year in enumerate(YEARS):
        yield from _year(bench, person, number, offset, year)


def _year(
    bench: Bench, person: UUID, number: int, offset: int, year: SchoolYear
) -> Iterator[_Fact]:
    code, grade = class_code(number, year), FIRST_GRADE + offset
    enrolled = PupilEnrolled(
        effective_on=date(year.first, 9, 5),
        kind="start",
        school_code=_school(number),
        class_code=code,
        school_year=year.label,
        grade=grade,
        programme=Programme.GDPT2018,
        statutory=None,
    )
    yield _Fact(StreamRef(person, StreamKind.PUPIL, bench.ledger.id, person), 3 + offset, enrolled)
    stream = StreamRef(
        ids.year_stream(bench.ledger.id, person, year.label),
        StreamKind.PUPIL_YEAR,
        bench.ledger.id,
        person,
        year.label,
    )
    opened = PupilYearOpened(
        effective_on=year.start,
        pupil_id=person,
        school_year=year.label,
        grade=grade,
        programme=Programme.GDPT2018,
        regulation="TT22_2021",
        school_code=_school(number),
        class_code=code,
    )
    yield _Fact(stream, 1, opened)
    for version, slot in enumerate(("GK", "CK"), 2):
        yield _Fact(stream, version, _mark(code, number, slot, year))


def _mark(code: str, number: int, slot: str, year: SchoolYear) -> MarkEntered:
    return MarkEntered(
        effective_on=date(year.first, 11, 3),
        school_code=_school(number),
        class_code=code,
        subject="TOAN",
        form="score",
        semester=1,
        slot=slot,
        value="7.5",
        required=("TX1", "TX2", "TX3", "TX4", "GK", "CK"),
        components=(),
        sheet=f"{code}/TOAN/1/{slot}",
        salt=new_salt(),
    )


def _late(bench: Bench, members: Sequence[Sequence[UUID]]) -> Iterator[_Fact]:
    for number, found in enumerate(members):
        for person in found[::10]:
            suspended = PupilStatusChanged(
                effective_on=LATE_DAY,
                kind="suspend",
                school_code=_school(number),
                reason_code=None,
                statutory=None,
            )
            yield _Fact(StreamRef(person, StreamKind.PUPIL, bench.ledger.id, person), 5, suspended)


def _write(bench: Bench, facts: Sequence[_Fact]) -> None:
    ledger = bench.ledger
    encoded = [
        envelope.encode(
            fact.event,
            author=ledger.id,
            stream=fact.stream.id,
            who=bench.who,
            person=fact.stream.person,
            keys=ledger.keyring,
        )
        for fact in facts
    ]
    refs = {fact.stream.id: fact.stream for fact in facts}
    with ledger.database.connection() as connection:
        numbers = name_streams(connection, list(refs.values()))
        rows = [
            Row(numbers[f.stream.id], f.version, f.event.TOPIC, done.entry_hash, done.body)
            for f, done in zip(facts, encoded, strict=True)
        ]
        with connection.transaction():
            insert(connection, rows, read_at=head(connection).size, depends=())
            ledger.keyring.store_pending(connection)
        ledger.keyring.settle(committed=True)
