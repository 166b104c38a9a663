"""What reading a sheet asks of the ledger: classes by name, pupils by their numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from ledger import log
from ledger.errors import Conflict, NotFound
from ledger.identifiers import borne_by
from ledger.ledger import Ledger
from ledger.pupil import Pupil
from ledger.reader import Reader
from ledger.registration import local_key
from ledger.school_class import SchoolClass
from projections.structure import find_class
from projections.views import engine_of

Number = tuple[str, str]
"""(kind, normalised value)."""


@dataclass(frozen=True, slots=True)
class KnownPupil:
    """A pupil on record; `key` is the sender's own local key, where the pupil has one."""

    id: UUID
    key: str | None
    state: Pupil

    def in_class(self, code: str, day: date) -> bool:
        """Whether the pupil sits in that class on that day."""
        return self.state.in_class(code, day)


class LedgerView:
    """Look-ups in one ledger, for the files of one source. Nothing is written."""

    def __init__(self, ledger: Ledger, source: str) -> None:
        """`source` is the namespace of the sender's local keys."""
        self._ledger = ledger
        self._source = source
        self._codes: dict[tuple[str, str, str], str] = {}
        self._classes: dict[str, SchoolClass | None] = {}

    def local(self, key: str) -> Number:
        """The sender's own key as a number of this source."""
        return local_key(key, self._source)

    def school_class(self, code: str) -> SchoolClass | None:
        """The class of that code, as it was when first asked for."""
        if code not in self._classes:
            with self._ledger.database.connection() as connection:
                reader = Reader(connection, self._ledger.keyring, self._ledger.id)
                self._classes[code] = reader.classes([code])[code]
        return self._classes[code]

    def class_code(self, name: str, school: str, year: str) -> str:
        """The code of a class given by code or name; the text itself where there is none (the
        line is refused for it when it is taken in)."""
        key = (name, school, year)
        if key not in self._codes:
            self._codes[key] = self._find_class(*key)
        return self._codes[key]

    def _find_class(self, name: str, school: str, year: str) -> str:
        if self.school_class(name) is not None or not (school and year):
            return name
        with self._ledger.database.connection() as connection:
            size = log.head(connection).size
            engine_of(self._ledger).require(connection, size, "structure")
            try:
                return find_class(connection, f"{school}/{year}/{name}", size=size).code
            except (NotFound, Conflict):
                return name

    def pupils(self, asked: Iterable[tuple[Number, ...]]) -> list[KnownPupil | None]:
        """For each row's numbers, the strongest first, the one pupil that bears the first of them
        that exactly one pupil bears."""
        rows = list(asked)
        with self._ledger.database.connection() as connection:
            reader = Reader(connection, self._ledger.keyring, self._ledger.id)
            wanted = {number for row in rows for number in row}
            local = {number: local_key(number[1], self._source) for number in wanted}
            found = reader.find(wanted | set(local.values()))
            persons = [self._person(row, found) for row in rows]
            states = reader.pupils([person for person in persons if person is not None])
            named = {
                person: next((n[1] for n in row if person in found[local[n]]), None)
                for row, person in zip(rows, persons, strict=True)
                if person is not None
            }
            unnamed = [person for person, key in named.items() if key is None]
            for bearer, bearings in borne_by(reader, unnamed).items():
                own = (b.value for b in bearings if (b.kind, b.issuer) == ("local", self._source))
                named[bearer] = next(own, None)
            known: list[KnownPupil | None] = []
            for person in persons:
                state = states.get(person) if person is not None else None
                if person is None or state is None:
                    known.append(None)
                else:
                    known.append(KnownPupil(person, named[person], state))
            return known

    def persons(self, asked: Sequence[tuple[Number, ...]]) -> list[UUID | None]:
        """As `pupils`, the pupils' ids alone."""
        with self._ledger.database.connection() as connection:
            reader = Reader(connection, self._ledger.keyring, self._ledger.id)
            found = reader.find({number for row in asked for number in row})
            return [self._person(row, found) for row in asked]

    @staticmethod
    def _person(row: tuple[Number, ...], found: dict[Number, list[UUID]]) -> UUID | None:
        for number in row:
            if len(found[number]) == 1:
                return found[number][0]
        return None
