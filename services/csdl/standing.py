"""Pupils as the ministry's list sees them on a day: profile, numbers, class, official state.

Read in pages of pupils, each with a handful of queries, so that a province costs no more per pupil
than a class does.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa

from ledger import enrolment, log
from ledger.codes import status_code
from ledger.database import Connection
from ledger.event import StreamKind
from ledger.events.pupil import (
    Identifier,
    PupilDetailsChanged,
    PupilProfile,
    PupilRegistered,
)
from ledger.folds import evolve
from ledger.identifiers import Bearing, IdentifierTold, fold
from ledger.ledger import Ledger, SealedPart
from ledger.log import Entry
from ledger.pupil import Pupil
from ledger.reader import Reader
from ledger.school_class import SchoolClass
from ledger.school_year import SchoolYear, period
from ledger.settings import Settings
from projections.calendars import read_calendars
from projections.pupil_log import read_identity, read_pupil_log, sealed_part
from projections.roster import chosen_key
from projections.stays import STAYS
from projections.tables import Statement, holds, visible

PAGE = 500
"""Pupils whose entries are held in memory together: some 3,000 entries."""

Report = Callable[[str, int, int], None]
"""Called as the work goes on: what is being done, how much of it, of how much."""

_AT_SCHOOL = Statement(
    sa.select(STAYS.c.stream, STAYS.c.school)
    .where(
        visible(STAYS),
        holds(STAYS),
        sa.or_(STAYS.c.part == "stay", STAYS.c.part == "provisional"),
    )
    .distinct()
)


def silent(what: str, done: int, total: int) -> None:
    """Tells nobody."""
    del what, done, total


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One pupil on one day. `here` is whether a school of this ledger has them then, `was_here`
    whether it had by what was known before (`since`). Of a leaver class and school are the last
    ones. `status_code` is None where the official list has none."""

    id: UUID
    key: str | None
    moet_code: str
    personal_id: str
    profile: dict[str, Any]
    identity: str
    here: bool
    was_here: bool
    school_code: str
    class_code: str
    class_name: str
    status_code: str | None
    status_on: date | None
    released: bool

    @property
    def full_name(self) -> str:
        """The legal name; empty where the person was erased."""
        return self.profile.get("full_name") or ""


def at_school(connection: Connection, *, on: date, size: int, school: str | None) -> list[UUID]:
    """The pupils any school (the one given) has on `on`: through the summer, suspended or waiting
    for their papers too; the projection stays must hold the prefix."""
    rows = _AT_SCHOOL.run(connection, {"on": on, "size": size}).fetchall()
    return sorted({stream for stream, code in rows if school in (None, code)})


def pages_of(items: Iterable[UUID], size: int) -> Iterator[list[UUID]]:
    """The items in pages."""
    waiting = iter(items)
    while page := list(islice(waiting, size)):
        yield page


@dataclass(frozen=True, kw_only=True, slots=True)
class StandingReader:
    """How pupils stand on `on` as known in the prefix of `size` entries; `since` is the size of an
    earlier prefix, for `Standing.was_here`."""

    ledger: Ledger
    connection: Connection
    on: date
    size: int
    since: int | None = None

    def read(self, persons: Sequence[UUID], report: Report = silent) -> Iterator[Standing]:
        """The standing of each pupil registered in the prefix, in the order given.

        Raises:
            DamagedEntry: an entry cannot be read.
        """
        settings = read_calendars(self.connection, self.ledger.id, size=self.size)
        classes: dict[str, SchoolClass | None] = {}
        done = 0
        for page in pages_of(persons, PAGE):
            yield from self._page(page, settings, classes)
            done += len(page)
            report("pupils", done, len(persons))

    def _page(
        self, page: Sequence[UUID], settings: Settings, classes: dict[str, SchoolClass | None]
    ) -> Iterator[Standing]:
        own: dict[UUID, list[Entry]] = {person: [] for person in page}
        for entry in log.of_streams(self.connection, page, size=self.size):
            own[entry.stream.id].append(entry)
        profiles, borne = self._opened(own)
        pupils = {person: _fold(entries) for person, entries in own.items()}
        codes = {_last_class(pupil, self.on) for pupil in pupils.values()} - {""}
        missing = [code for code in sorted(codes) if code not in classes]
        if missing:
            reader = Reader(self.connection, self.ledger.keyring, self.ledger.id)
            classes |= reader.classes(missing)
        for person, pupil in pupils.items():
            was_here = self.since is not None and is_here(
                _fold(entry for entry in own[person] if entry.position < (self.since or 0)), self.on
            )
            assert pupil is not None  # registered in the prefix
            yield self._standing(
                pupil, profiles[person], borne[person], settings, classes, was_here=was_here
            )

    def _opened(
        self, own: Mapping[UUID, Sequence[Entry]]
    ) -> tuple[dict[UUID, dict[str, Any]], dict[UUID, tuple[Bearing, ...]]]:
        """The newest profile of each and what each bears; every key of the page is fetched at
        once."""
        wanted: list[tuple[UUID, Entry, SealedPart]] = []
        for person, entries in own.items():
            stated = [e for e in entries if isinstance(e.event, _PROFILES)][-1:]
            told = [e for e in entries if isinstance(e.event, IdentifierTold)]
            for entry in (*stated, *told):
                part = sealed_part(entry)
                if part is not None:
                    wanted.append((person, entry, part))
        clear = self.ledger.reveal(self.connection, [part for _, _, part in wanted])
        profiles: dict[UUID, dict[str, Any]] = {}
        borne: dict[UUID, tuple[Bearing, ...]] = dict.fromkeys(own, ())
        for (person, entry, _), opened in zip(wanted, clear, strict=True):
            if opened is None:
                continue
            if isinstance(entry.event, IdentifierTold):
                identifier = Identifier.model_validate(opened)
                borne[person] = fold(borne[person], entry.event, identifier)
            else:
                profiles[person] = {**_NOTHING, **opened}
        for person in own.keys() - profiles.keys():
            profiles[person] = self._elsewhere(person)
        return profiles, borne

    def _elsewhere(self, person: UUID) -> dict[str, Any]:
        """The profile of a record whose own is empty: a linked one's, else nothing."""
        known = read_pupil_log(self.connection, person, size=self.size)
        return read_identity(self.ledger, self.connection, known).profile

    def _standing(
        self,
        pupil: Pupil,
        profile: dict[str, Any],
        borne: Sequence[Bearing],
        settings: Settings,
        classes: Mapping[str, SchoolClass | None],
        *,
        was_here: bool,
    ) -> Standing:
        held = _segment(pupil, self.on)
        last = _last_stay(pupil, self.on)
        code = last.class_code if last and last.class_code else ""
        school_class = classes.get(code)
        local = [
            {"kind": b.kind, "value": b.value, "issuer": b.issuer}
            for b in borne
            if b.kind == "local"
        ]
        return Standing(
            id=pupil.id,
            key=chosen_key(local),
            moet_code=_newest(borne, "moet", self.on),
            personal_id=_newest(borne, "personal_id", self.on),
            profile=profile,
            identity=pupil.identity,
            here=is_here(pupil, self.on),
            was_here=was_here,
            school_code=(held.school if held and held.school else last.school if last else ""),
            class_code=code,
            class_name=school_class.name_on(self.on) if school_class else "",
            status_code=_status_code(held, settings),
            status_on=_since(held),
            released=pupil.released is not None,
        )


_PROFILES = PupilRegistered | PupilDetailsChanged
_NOTHING: Mapping[str, Any] = dict.fromkeys(PupilProfile.model_fields)


def _fold(entries: Iterable[Entry]) -> Pupil | None:
    state = None
    for entry in entries:
        state = evolve(StreamKind.PUPIL, state, entry.event, entry.version)
    return cast(Pupil | None, state)


def is_here(pupil: Pupil | None, on: date) -> bool:
    """Whether a school of this ledger has the pupil on that day."""
    held = _segment(pupil, on) if pupil is not None else None
    return held is not None and held.school is not None and not held.in_transit


def _segment(pupil: Pupil, on: date) -> enrolment.Segment | None:
    known = enrolment.timeline(change for change in pupil.changes if change.on <= on)
    return enrolment.on_day(known, on)


def _last_stay(pupil: Pupil, on: date) -> enrolment.Change | None:
    stays = [change for change in pupil.changes if change.on <= on and change.class_code]
    return max(stays, key=lambda change: (change.on, change.seq), default=None)


def _last_class(pupil: Pupil | None, on: date) -> str:
    last = _last_stay(pupil, on) if pupil is not None else None
    return (last.class_code or "") if last else ""


def _status_code(held: enrolment.Segment | None, settings: Settings) -> str | None:
    """The official state, by the terms of the province's own calendar."""
    if held is None:
        return None
    shown = None if held.change_kind == "none" else held.change_kind
    calendar = settings.calendar(SchoolYear.of(held.change_on))
    return status_code(shown, period(held.change_on, calendar))


def _since(held: enrolment.Segment | None) -> date | None:
    """Ngày nhập trạng thái: of one who attends without a change, the day of entry."""
    if held is None:
        return None
    return held.entered_on if held.change_kind == "none" else held.change_on


def _newest(borne: Sequence[Bearing], kind: str, on: date) -> str:
    """The number told last among those borne on the day; else the last one told."""
    found = [bearing for bearing in borne if bearing.kind == kind]
    still = [bearing for bearing in found if bearing.end is None or on < bearing.end]
    return (still or found)[-1].value if found else ""
