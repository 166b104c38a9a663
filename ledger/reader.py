"""Reading what a decision is made from: current states, remembered as the decision's grounds."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from ledger import ids, log, pupil_year, states
from ledger.case import Case
from ledger.contribution import Contribution, in_custody_order
from ledger.database import Connection
from ledger.event import Event, StreamKind
from ledger.folds import FOLDS, StatesVersion
from ledger.pupil import Pupil
from ledger.pupil_year import PupilYear, Slot, SlotKey
from ledger.queries import queries
from ledger.recorder import StreamRef
from ledger.register import Register
from ledger.school_class import SchoolClass
from ledger.settings import Settings
from ledger.staff import Account, Staff
from ledger.unit import Unit
from ledger.vault import Keyring

_SQL = queries("ledger", "log.sql")
_STATES = queries("ledger", "states.sql")


@dataclass(slots=True)
class Ground:
    """A stream as it was read: its number (None: never written), its state, its last version."""

    number: int | None
    state: Any
    version: int


class Reader:
    """The states a decision is made from. Everything read is remembered as its ground."""

    def __init__(self, connection: Connection, keyring: Keyring, ledger: UUID) -> None:
        """Notes how long the log is now; what is read later is at least as new.

        Raises:
            OtherVersion: the states are not of this program's version (another program may have
                folded them anew since the ledger was opened).
        """
        self.connection = connection
        self.keyring = keyring
        self.ledger = ledger
        row = connection.execute(_STATES["begin"]).fetchone()
        assert row is not None
        self.incarnation: int = row[0]
        self.size: int = row[1]
        states.require_current(StatesVersion(*row[2:]))
        self.grounds: dict[UUID, Ground] = {}

    def _load(self, ids_: Iterable[UUID], kind: StreamKind) -> dict[UUID, Any]:
        wanted = list(dict.fromkeys(ids_))
        missing = [id for id in wanted if id not in self.grounds]
        if missing:
            model = FOLDS[kind][0]
            for id in missing:
                self.grounds[id] = Ground(None, None, 0)
            rows = self.connection.execute(_SQL["states"], {"ids": missing}).fetchall()
            for id, number, body, version in rows:
                state = model.model_validate_json(body) if body is not None else None
                self.grounds[id] = Ground(number, state, version)
        return {id: self.grounds[id].state for id in wanted}

    def settings(self) -> Settings:
        """The ledger's dated data: rules chosen, terms, deadlines, phrases."""
        found: Settings | None = self._load([self.ledger], StreamKind.LEDGER)[self.ledger]
        assert found is not None
        return found

    def pupils(self, pupils: Iterable[UUID]) -> dict[UUID, Pupil | None]:
        """Pupils by id."""
        return self._load(pupils, StreamKind.PUPIL)

    def classes(self, codes: Iterable[str]) -> dict[str, SchoolClass | None]:
        """Classes by code."""
        return self._by_code(codes, ids.class_stream, StreamKind.CLASS)

    def units(self, codes: Iterable[str]) -> dict[str, Unit | None]:
        """Units by code."""
        return self._by_code(codes, ids.unit_stream, StreamKind.UNIT)

    def staff(self, codes: Iterable[str]) -> dict[str, Staff | None]:
        """Staff by code."""
        return self._by_code(codes, ids.staff_stream, StreamKind.STAFF)

    def accounts(self, names: Iterable[str]) -> dict[str, Account | None]:
        """Accounts by name."""
        return self._by_code(names, ids.account_stream, StreamKind.ACCOUNT)

    def case(self, case: UUID) -> Case | None:
        """A transfer as this ledger sees it."""
        stream = ids.case_stream(self.ledger, case)
        state: Case | None = self._load([stream], StreamKind.CASE)[stream]
        return state

    def register(self, stream: UUID) -> Register | None:
        """A stream of the custody register that this ledger keeps, where it is the ministry."""
        state: Register | None = self._load([stream], StreamKind.REGISTER)[stream]
        return state

    def years(
        self, years: Iterable[tuple[UUID, str]], *, columns: Collection[SlotKey] | None = None
    ) -> dict[tuple[UUID, str], PupilYear | None]:
        """This ledger's pupil-years by (pupil, school year), with at least the slots that
        `columns` name (None: all)."""
        streams = {key: ids.year_stream(self.ledger, *key) for key in years}
        states = self._load(streams.values(), StreamKind.PUPIL_YEAR)
        slots = self._slots([s for s, year in states.items() if year is not None], columns)
        for stream, filled in slots.items():
            loaded = self.grounds[stream]
            merged = {**loaded.state.slots, **filled}
            loaded.state = loaded.state.model_copy(update={"slots": merged})
        return {key: self.grounds[stream].state for key, stream in streams.items()}

    def contributions(self, pupil: Pupil, school_year: str) -> list[Contribution]:
        """What every ledger wrote of one year of `pupil`, in the order of custody."""
        streams = self._year_streams(pupil, school_year)
        states = self._load(streams, StreamKind.PUPIL_YEAR)
        slots = self._slots([s for s, year in states.items() if year is not None], None)
        found = [
            Contribution(
                ledger=streams[stream],
                year=year.model_copy(update={"slots": slots.get(stream, {})}),
                covered=pupil.hops(stream),
                current=len(pupil.coverings),
            )
            for stream, year in states.items()
            if year is not None
        ]
        return in_custody_order(found)

    def contributions_on(
        self,
        pupil: Pupil,
        school_year: str,
        day: date,
        *,
        pending: Sequence[tuple[int, Event]] = (),
    ) -> list[Contribution]:
        """The same from the entries that count by `day` alone: what is dated later says nothing
        about that day. `pending` are (version, event) about to be appended to the own year."""
        streams = self._year_streams(pupil, school_year)
        self._load(streams, StreamKind.PUPIL_YEAR)
        own = ids.year_stream(self.ledger, pupil.id, school_year)
        written: dict[UUID, list[tuple[Event, int]]] = {}
        for entry in log.of_streams(self.connection, list(streams), size=None):
            written.setdefault(entry.stream.id, []).append((entry.event, entry.version))
        written.setdefault(own, []).extend((event, version) for version, event in pending)
        found = [
            Contribution(
                ledger=streams.get(stream, self.ledger),
                year=year,
                covered=pupil.hops(stream),
                current=len(pupil.coverings),
            )
            for stream, entries in written.items()
            if (year := pupil_year.fold(e for e in entries if e[0].effective_on <= day))
        ]
        return in_custody_order(found)

    def _year_streams(self, pupil: Pupil, school_year: str) -> dict[UUID, UUID]:
        """The streams of a pupil's year in this log, with the ledgers that wrote them."""
        persons = [pupil.id, *(link.pupil for link in pupil.links)]
        rows = self.connection.execute(
            _SQL["year_streams"], {"persons": persons, "year": school_year}
        ).fetchall()
        return dict(rows)

    def find(self, numbers: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[UUID]]:
        """Who bears these identifiers: (kind, normalised value) to persons."""
        tokens = {(kind, value): self.keyring.token(kind, value) for kind, value in numbers}
        found: dict[tuple[str, str], list[UUID]] = {key: [] for key in tokens}
        if not tokens:
            return found
        rows = self.connection.execute(
            _SQL["find_persons"],
            {"kinds": [kind for kind, _ in tokens], "tokens": list(tokens.values())},
        ).fetchall()
        persons: dict[tuple[str, UUID], list[UUID]] = {}
        for kind, token, person in rows:
            persons.setdefault((kind, token), []).append(person)
        for key, token in tokens.items():
            found[key] = persons.get((key[0], token), [])
        return found

    def lines_known(self, digests: Sequence[UUID]) -> set[UUID]:
        """Which of these lines of files were recorded before."""
        rows = self.connection.execute(_SQL["lines_known"], {"digests": list(digests)}).fetchall()
        return {row[0] for row in rows}

    def ref(
        self,
        stream: UUID,
        kind: StreamKind,
        *,
        person: UUID | None = None,
        school_year: str | None = None,
    ) -> StreamRef:
        """A stream of this ledger, to be written; it becomes a ground of the decision."""
        self._load([stream], kind)
        return StreamRef(stream, kind, self.ledger, person, school_year)

    def track(self, stream: StreamRef) -> int:
        """Any stream to be written, another ledger's too; returns its last version here."""
        self._load([stream.id], stream.kind)
        return self.grounds[stream.id].version

    def begin(self, stream: StreamRef) -> StreamRef:
        """A stream that is certainly new (its id was minted just now): nothing to read."""
        self.grounds[stream.id] = Ground(None, None, 0)
        return stream

    def _by_code(
        self, codes: Iterable[str], stream: Callable[[UUID, str], UUID], kind: StreamKind
    ) -> dict[str, Any]:
        streams = {code: stream(self.ledger, code) for code in codes}
        states = self._load(streams.values(), kind)
        return {code: states[id] for code, id in streams.items()}

    def _slots(
        self, streams: Sequence[UUID], columns: Collection[SlotKey] | None
    ) -> dict[UUID, dict[SlotKey, Slot]]:
        filled: dict[UUID, dict[SlotKey, Slot]] = {}
        if not streams or (columns is not None and not columns):
            return filled
        query, named = "slots", {"ids": list(streams)}
        if columns:
            # In a mixed batch every combination of what is named is read: more, never less.
            query = "slots_of_columns"
            parts = zip(("subjects", "semesters", "slots"), zip(*columns, strict=True), strict=True)
            named |= {name: sorted(set(values)) for name, values in parts}
        rows = self.connection.execute(_SQL[query], named).fetchall()
        for stream, subject, semester, slot, body in rows:
            key = (subject, semester, slot)
            filled.setdefault(stream, {})[key] = Slot.model_validate_json(body)
        return filled
