"""Reads what records are made of: one pupil's years, with schools, classes and staff around them.

A `Gatherer` is one export's view of the ledger: one prefix of the log, one day. What many pupils
share (classes, staff, the tree of units) is read once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any, cast
from uuid import UUID

from ledger import ids, log
from ledger.database import Connection
from ledger.event import StreamKind
from ledger.events.pupil import HealthMeasured
from ledger.events.pupil_year import (
    CommentWritten,
    MentionRecorded,
    PeriodClosed,
    PeriodReopened,
    YearDecision,
)
from ledger.events.staff import StaffChanged, StaffRegistered
from ledger.folds import evolve
from ledger.ledger import Ledger
from ledger.log import Entry
from ledger.school_class import SchoolClass
from ledger.school_year import SchoolYear
from projections.moment import Moment
from projections.persons import Key, bearings
from projections.pupil_log import PupilLog, own_name, read_identity, read_pupil_log, sealed_part
from projections.tree import Node, Tree, read_tree
from projections.views import Views
from services.exchange.codes import head_title
from services.exchange.facts import Attended, Person, Place, School, Told, YearFacts
from services.exchange.stays import LastStay, arrivals, last_stay

_SUMMER = frozenset({"reassess", "summer_training"})


@dataclass(frozen=True, slots=True)
class _Employee:
    """What was stated of a member of staff, from a day on."""

    code: str
    unit: str | None
    role: str | None
    since: date
    entry: Entry


@dataclass(frozen=True, slots=True)
class PupilYears:
    """A pupil's log, transcript and own state, read once for all years."""

    known: PupilLog
    answer: dict[str, Any]

    @property
    def key(self) -> str:
        """By which an answer names the pupil: the local key, or the internal id."""
        return self.answer["pupil_key"] or f"id:{self.known.person}"


class Gatherer:
    """Reads for one export: `on` the day, `moment` the prefix. `provinces` are the provinces of
    other ledgers by their short names."""

    def __init__(
        self,
        ledger: Ledger,
        views: Views,
        connection: Connection,
        *,
        on: date,
        moment: Moment,
        provinces: Mapping[str, str],
    ) -> None:
        """Reads nothing yet."""
        self.ledger = ledger
        self.on = on
        self.moment = moment
        self._views = views
        self._connection = connection
        self._provinces = provinces
        self._classes: dict[str, SchoolClass | None] = {}
        self._people: dict[str, Person] = {}
        self._trees: dict[date, Tree] = {}

    @cached_property
    def own_name(self) -> str:
        """The ledger's short name, as answers show it."""
        return own_name(self._connection)

    def pupil(self, person: UUID) -> PupilYears:
        """A pupil registered within the prefix.

        Raises:
            NotFound, DamagedEntry: as `Views.transcript`.
        """
        answer = self._views.transcript(
            Key("id", str(person)), on=self.on, known_at=self.moment.position
        )
        known = read_pupil_log(self._connection, person, size=self.moment.size)
        return PupilYears(known, answer)

    def facts(self, pupil: PupilYears, label: str) -> YearFacts | None:
        """The facts of one school year; None where it did not end at a school of this ledger."""
        year = _year_of(pupil.answer, label)
        stay = last_stay(pupil.known.own, SchoolYear.parse(label), self.on)
        if year is None or stay is None or not self._ends_here(year, stay):
            return None
        entries = [e for e in pupil.known.entries if self._counts(pupil.known, e)]
        of_year = [e for e in entries if e.stream.school_year == label]
        closed_on = _closed_on(of_year)
        issued = min(closed_on or stay.last_day, self.on)
        homeroom = self._class(stay.class_code)
        taught = [*([homeroom] if homeroom else []), *self._sections(pupil.known, label, stay)]
        head = self._head(stay.school, issued)
        numbers = self._numbers(entries)
        height, weight = self._measured(entries, label)
        return YearFacts(
            ledger=self.ledger.id,
            pupil=pupil.known.person,
            pupil_key=pupil.answer["pupil_key"],
            year=year,
            before=self._before(pupil, label, of_year) or year,
            profile=read_identity(self.ledger, self._connection, pupil.known).profile,
            personal_id=numbers.get("personal_id"),
            moet_code=numbers.get("moet"),
            school=self._school(stay.school, issued),
            class_name=homeroom.name_on(issued) if homeroom else None,
            homeroom=self._teacher(taught, None, issued),
            head=self._person(head.code) if head else None,
            head_title=head_title(head.role) if head else None,
            teachers=self._teachers(taught, year, issued),
            comments=self._comments(of_year),
            mentions=self._mentions(of_year),
            height_cm=height,
            weight_kg=weight,
            summer_training=_summer_training(of_year),
            closed_on=closed_on,
            attended=tuple(self._attended(pupil, label)),
            recorded_at=self.moment.recorded_at,
        )

    def _ends_here(self, year: Mapping[str, Any], stay: LastStay) -> bool:
        last = year["schools"][-1] if year["schools"] else None
        return last is not None and (last["ledger"], last["school_code"]) == (
            self.own_name,
            stay.school,
        )

    def _counts(self, known: PupilLog, entry: Entry) -> bool:
        """Whether an entry is of this day, and our own or covered by an acceptance here."""
        if entry.event.effective_on > self.on:
            return False
        if entry.envelope.author == self.ledger.id:
            return True
        covered = known.own.hops(entry.stream.id)
        return bool(covered) and entry.version <= covered[-1][0]

    def _before(
        self, pupil: PupilYears, label: str, of_year: Iterable[Entry]
    ) -> dict[str, Any] | None:
        """The year as it stood before the first re-assessment or summer decision."""
        days = [
            entry.event.effective_on
            for entry in of_year
            if isinstance(entry.event, YearDecision) and entry.event.kind in _SUMMER
        ]
        if not days:
            return None
        answer = self._views.transcript(
            Key("id", str(pupil.known.person)),
            on=min(days) - timedelta(days=1),
            known_at=self.moment.position,
        )
        return _year_of(answer, label)

    def _open(self, entries: Sequence[Entry]) -> Iterator[tuple[Entry, dict[str, Any]]]:
        """Entries with their statutory part in clear; those of an erased person are left out."""
        parts = [(entry, part) for entry in entries if (part := sealed_part(entry)) is not None]
        opened = self.ledger.reveal(self._connection, [part for _, part in parts])
        for (entry, _), clear in zip(parts, opened, strict=True):
            if clear is not None:
                yield entry, clear

    def _numbers(self, entries: Iterable[Entry]) -> dict[str, str]:
        """The identifiers borne on the day, of each kind the one borne last."""
        borne = bearings(self.ledger, self._connection, entries)
        held = sorted((one for one in borne if one.on(self.on)), key=lambda one: one.start)
        return {one.kind: one.value for one in held}

    def _measured(self, entries: Iterable[Entry], label: str) -> tuple[str | None, str | None]:
        """Height and weight measured last in that school year."""
        year = SchoolYear.parse(label)
        wanted = [
            entry
            for entry in entries
            if isinstance(entry.event, HealthMeasured) and entry.event.effective_on in year
        ]
        wanted.sort(key=lambda entry: (entry.event.effective_on, entry.position))
        height = weight = None
        for _, clear in self._open(wanted):
            height, weight = clear["height_cm"] or height, clear["weight_kg"] or weight
        return height, weight

    def _comments(self, of_year: Iterable[Entry]) -> dict[tuple[str | None, str], str]:
        """The newest text by (subject, time)."""
        wanted = [entry for entry in of_year if isinstance(entry.event, CommentWritten)]
        wanted.sort(key=lambda entry: (entry.event.effective_on, entry.position))
        found = {}
        for entry, clear in self._open(wanted):
            event = entry.event
            assert isinstance(event, CommentWritten)
            found[event.subject, event.time.upper()] = clear["text"]
        return found

    def _mentions(self, of_year: Iterable[Entry]) -> tuple[Told, ...]:
        wanted = [entry for entry in of_year if isinstance(entry.event, MentionRecorded)]
        wanted.sort(key=lambda entry: (entry.event.effective_on, entry.position))
        found = []
        for entry, clear in self._open(wanted):
            event = entry.event
            assert isinstance(event, MentionRecorded)
            found.append(Told(kind=event.kind, code=event.code, text=clear["text"]))
        return tuple(found)

    def _class(self, code: str | None) -> SchoolClass | None:
        if code is None:
            return None
        if code not in self._classes:
            stream = ids.class_stream(self.ledger.id, code)
            state = None
            for entry in log.of_streams(self._connection, [stream], size=self.moment.size):
                state = evolve(StreamKind.CLASS, state, entry.event, entry.version)
            self._classes[code] = cast(SchoolClass | None, state)
        return self._classes[code]

    def _sections(self, known: PupilLog, label: str, stay: LastStay) -> list[SchoolClass]:
        codes = [
            section.class_code
            for section in known.own.sections
            if (section.school_year, section.school) == (label, stay.school)
        ]
        return [found for code in codes if (found := self._class(code)) is not None]

    def _teachers(
        self, taught: Sequence[SchoolClass], year: Mapping[str, Any], day: date
    ) -> dict[str, Person]:
        found = {}
        for subject in (each["subject"] for each in year["subjects"]):
            teacher = self._teacher(taught, subject, day)
            if teacher is not None:
                found[subject] = teacher
        return found

    def _teacher(
        self, classes: Iterable[SchoolClass], subject: str | None, day: date
    ) -> Person | None:
        """Who teaches the subject (None: homeroom) in the first of the classes where somebody
        does: on the day, else whoever did so last before it."""
        for school_class in classes:
            held = [a for a in school_class.assignments if a.subject == subject and a.start <= day]
            if held:
                last = max(held, key=lambda a: (a.until is None or a.until > day, a.start, a.staff))
                return self._person(last.staff)
        return None

    @cached_property
    def _staff(self) -> dict[str, list[_Employee]]:
        """Everybody's statements that count on the export's day, the newest last."""
        found: dict[str, list[_Employee]] = {}
        by_stream: dict[UUID, str] = {}
        topics = [StaffRegistered.TOPIC, StaffChanged.TOPIC]
        pages = log.pages(self._connection, start=0, end=self.moment.size, topics=topics)
        for entry in (entry for page in pages for entry in page):
            event = entry.event
            if isinstance(event, StaffRegistered):
                by_stream[entry.stream.id] = event.code
            code = by_stream.get(entry.stream.id)
            if code is None or entry.envelope.author != self.ledger.id:
                continue
            assert isinstance(event, StaffRegistered | StaffChanged)
            if event.effective_on <= self.on:
                stated = _Employee(code, event.unit_code, event.role, event.effective_on, entry)
                found.setdefault(code, []).append(stated)
        for statements in found.values():
            statements.sort(key=lambda one: (one.since, one.entry.position))
        return found

    def _head(self, school: str, day: date) -> _Employee | None:
        """The school's head on the day of issue: of several the one stated last."""
        heads = []
        for statements in self._staff.values():
            held = [one for one in statements if one.since <= day]
            if held and held[-1].unit == school and head_title(held[-1].role):
                heads.append(held[-1])
        return max(heads, key=lambda one: (one.since, one.entry.position), default=None)

    def _person(self, code: str) -> Person | None:
        """Name and number as stated last."""
        if code not in self._people and code in self._staff:
            for _, clear in self._open([self._staff[code][-1].entry]):
                self._people[code] = Person(name=clear["full_name"], number=clear["personal_id"])
        return self._people.get(code)

    def _tree(self, day: date) -> Tree:
        if day not in self._trees:
            self._trees[day] = read_tree(self._connection, on=day, size=self.moment.size)
        return self._trees[day]

    def _school(self, code: str, issued: date) -> School:
        """The school's name on the day of issue, its place in the tree on the export's day."""
        then = self._tree(issued).known(code)
        above = self._tree(self.on).above(code)
        return School(
            code=code,
            name=then.name if then else code,
            commune=_of_kind(above, "commune"),
            district=_of_kind(above, "district"),
            province=_of_kind(above, "province"),
        )

    def _attended(self, pupil: PupilYears, until: str) -> Iterator[Attended]:
        """Quá trình học tập: every school of every year up to the one recorded."""
        for year in pupil.answer["years"]:
            label = year["school_year"]
            if label > until:
                return
            for school in year["schools"]:
                if school["ledger"] == self.own_name:
                    yield self._line(pupil, label, school)
                else:
                    yield self._elsewhere(label, school)

    def _elsewhere(self, label: str, school: Mapping[str, Any]) -> Attended:
        """A school of another ledger, or one known from paper: its classes are not known."""
        province = self._provinces.get(school["ledger"] or "")
        if school["ledger"] is None and school["province"] is not None:
            province = school["province"]["name"]
        return Attended(
            school_year=label,
            class_name=None,
            school_name=school["name"],
            province_name=province,
            arrived_on=None,
        )

    def _line(self, pupil: PupilYears, label: str, school: Mapping[str, Any]) -> Attended:
        start = date.fromisoformat(school["from"])
        stay = last_stay(pupil.known.own, SchoolYear.parse(label), self.on, school["school_code"])
        attended = self._class(stay.class_code) if stay else None
        day = stay.last_day if stay else start
        province = _of_kind(self._tree(day).above(school["school_code"]), "province")
        return Attended(
            school_year=label,
            class_name=attended.name_on(day) if attended else None,
            school_name=school["name"],
            province_name=province.name if province else None,
            arrived_on=start if start in arrivals(pupil.known.own) else None,
        )


def _of_kind(above: Iterable[Node], kind: str) -> Place | None:
    found = next((node for node in above if node.kind == kind), None)
    return Place(code=found.code, name=found.name) if found else None


def _year_of(answer: Mapping[str, Any], label: str) -> dict[str, Any] | None:
    years: list[dict[str, Any]] = answer["years"]
    return next((year for year in years if year["school_year"] == label), None)


def _closed_on(of_year: Iterable[Entry]) -> date | None:
    """The day of the year's last closing, if nothing reopened it since."""
    closed = None
    for entry in sorted(of_year, key=lambda entry: (entry.event.effective_on, entry.position)):
        event = entry.event
        if isinstance(event, PeriodClosed | PeriodReopened) and event.period == "CN":
            closed = event.effective_on if isinstance(event, PeriodClosed) else None
    return closed


def _summer_training(of_year: Iterable[Entry]) -> str | None:
    """The training result after the summer, where one was decided."""
    decided = [
        (entry.event.effective_on, entry.position, entry.event.value)
        for entry in of_year
        if isinstance(entry.event, YearDecision) and entry.event.kind == "summer_training"
    ]
    return max(decided, key=lambda known: known[:2])[2] if decided else None
