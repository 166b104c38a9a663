"""What ledgers and schools are called in an answer: short names where they are known, else ids."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Names:
    """Short names of ledgers by id, and names of schools by (ledger, code)."""

    ledgers: Mapping[UUID, str] = field(default_factory=dict)
    schools: Mapping[tuple[UUID, str], str] = field(default_factory=dict)

    def ledger(self, ledger: UUID) -> str:
        """The ledger's short name; its id where none is known."""
        return self.ledgers.get(ledger, str(ledger))

    def school(self, ledger: UUID, code: str) -> str | None:
        """The school's name; None where none is known."""
        return self.schools.get((ledger, code))


NO_NAMES = Names()
