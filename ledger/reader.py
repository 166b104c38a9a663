"""Reading what a decision is made from: current states, remembered as the decision's grounds."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from ledger import ids, log, proposal, pupil_year, states
from ledger.case import Case
from ledger.contribution import Contribution, in_custody_order
from ledger.database import Connection
from ledger.event import Event, StreamKind
from ledger.events.pupil_year import Proposed
from ledger.folds import FOLDS, StatesVersion
from ledger.proposal import Decided, Decisions
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


NOTHING_PENDING: Mapping[UUID, Sequence[tuple[int, Event]]] = {}


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
        `columns` name (None: all). Proposals of ours that were accepted count."""
        streams = {key: ids.year_stream(self.ledger, *key) for key in years}
        states = self._load(streams.values(), StreamKind.PUPIL_YEAR)
        slots = self._slots([s for s, year in states.items() if year is not None], columns)
        for stream, filled in slots.items():
            loaded = self.grounds[stream]
            merged = {**loaded.state.slots, **filled}
            loaded.state = loaded.state.model_copy(update={"slots": merged})
        found = {key: self.grounds[stream].state for key, stream in streams.items()}
        # What was accepted is no part of the stored state, which is of the one stream alone.
        proposing = [key for key, year in found.items() if year is not None and year.proposals]
        return found | {key: self._with_accepted(key) for key in proposing}

    def _with_accepted(self, key: tuple[UUID, str]) -> PupilYear | None:
        pupil = self.pupils([key[0]])[key[0]]
        decided = self.decisions(pupil) if pupil is not None else {}
        parts = self._counted({ids.year_stream(self.ledger, *key): self.ledger}, pupil, decided)
        return parts[0].year if parts else None

    def offered_year(self, pupil: Pupil, school_year: str) -> PupilYear | None:
        """This ledger's pupil-year as it would be with every proposal that was not refused: what
        further ones are decided from."""
        stream = ids.year_stream(self.ledger, pupil.id, school_year)
        self._load([stream], StreamKind.PUPIL_YEAR)
        parts = self._counted({stream: self.ledger}, pupil, self.decisions(pupil), offered=True)
        return parts[0].year if parts else None

    def decisions(self, pupil: Pupil) -> dict[tuple[UUID, UUID], Decided]:
        """What was decided about proposals, as far as this ledger's record of `pupil` and the
        records it is linked to say so."""
        others = self._load((link.pupil for link in pupil.links), StreamKind.PUPIL)
        return proposal.decisions_of(pupil, (one for one in others.values() if one is not None))

    def contributions(self, pupil: Pupil, school_year: str) -> list[Contribution]:
        """What every ledger wrote of one year of `pupil`, in the order of custody."""
        streams = self._year_streams(pupil, school_year)
        states = self._load(streams, StreamKind.PUPIL_YEAR)
        written = {stream: year for stream, year in states.items() if year is not None}
        whole = [stream for stream, year in written.items() if not year.proposals]
        slots = self._slots(whole, None)
        found = [
            Contribution(
                ledger=streams[stream],
                year=written[stream].model_copy(update={"slots": slots.get(stream, {})}),
                covered=pupil.hops(stream),
                current=len(pupil.coverings),
            )
            for stream in whole
        ]
        proposing = {stream: streams[stream] for stream in written.keys() - set(whole)}
        if proposing:
            found += self._counted(proposing, pupil, self.decisions(pupil))
        return in_custody_order(found)

    def contributions_on(
        self,
        pupil: Pupil,
        school_year: str,
        day: date,
        *,
        pending: Sequence[tuple[int, Event]] = (),
        offered: bool = False,
    ) -> list[Contribution]:
        """The same from the entries that count by `day` alone: what is dated later says nothing
        about that day. `pending` are (version, event) about to be appended to the own year;
        `offered`: this ledger's own proposals that were not refused count too."""
        streams = self._year_streams(pupil, school_year)
        self._load(streams, StreamKind.PUPIL_YEAR)
        own = ids.year_stream(self.ledger, pupil.id, school_year)
        found = self._counted(
            {**streams, own: self.ledger},
            pupil,
            self.decisions(pupil),
            day=day,
            pending={own: pending},
            offered=offered,
        )
        return in_custody_order(found)

    def _counted(
        self,
        streams: Mapping[UUID, UUID],
        pupil: Pupil | None,
        decisions: Decisions,
        *,
        day: date | None = None,
        pending: Mapping[UUID, Sequence[tuple[int, Event]]] = NOTHING_PENDING,
        offered: bool = False,
    ) -> list[Contribution]:
        """What counts of these pupil-years (stream to author), folded from their entries."""
        written: dict[UUID, list[tuple[Event, int]]] = {stream: [] for stream in streams}
        for entry in log.of_streams(self.connection, list(streams), size=None):
            written[entry.stream.id].append((entry.event, entry.version))
        found = []
        current = len(pupil.coverings) if pupil is not None else 0
        for stream, author in streams.items():
            native = author == self.ledger
            entries = written[stream]
            entries.extend((event, version) for version, event in pending.get(stream, ()))
            counted = proposal.count(
                entries,
                author=author,
                native=native,
                covered=pupil.hops(stream) if pupil is not None else (),
                decisions=_open_too(author, entries, decisions, current)
                if offered and native
                else decisions,
            )
            if counted is None:
                continue
            facts = counted.entries
            year = pupil_year.fold(e for e in facts if day is None or e[0].effective_on <= day)
            if year is not None:
                made = Contribution(author, year, counted.covered, current, counted.accepted)
                found.append(made)
        return found

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


def _open_too(
    author: UUID, entries: Sequence[tuple[Event, int]], decisions: Decisions, current: int
) -> Decisions:
    """The decisions, with every proposal among `entries` that nobody has decided accepted."""
    offered = {event.proposal for event, _ in entries if isinstance(event, Proposed)}
    return {**{(author, one): Decided(None, current) for one in offered}, **decisions}
