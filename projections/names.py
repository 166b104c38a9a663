"""What ledgers and schools are called in an answer: short names where they are known, else ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from ledger.province_history import ProvinceFrom


@dataclass(frozen=True, slots=True)
class Names:
    """Short names of ledgers by id; names and provinces of schools by (ledger, code)."""

    ledgers: Mapping[UUID, str] = field(default_factory=dict)
    schools: Mapping[tuple[UUID, str], str] = field(default_factory=dict)
    provinces: Mapping[tuple[UUID, str], Sequence[ProvinceFrom]] = field(default_factory=dict)

    def ledger(self, ledger: UUID) -> str:
        """The ledger's short name; its id where none is known."""
        return self.ledgers.get(ledger, str(ledger))

    def school(self, ledger: UUID, code: str) -> str | None:
        """The school's name; None where none is known."""
        return self.schools.get((ledger, code))

    def province(self, ledger: UUID, code: str, day: date) -> ProvinceFrom | None:
        """The province of a school on `day`; None where it is not known."""
        known = self.provinces.get((ledger, code), ())
        return next((held for held in reversed(known) if held.since <= day), None)


NO_NAMES = Names()
