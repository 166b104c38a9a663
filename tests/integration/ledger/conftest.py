"""A fresh ledger for each test."""

from collections.abc import Iterator

import pytest

from ledger.ledger import Ledger
from tests import school


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    """A ledger with entry 0 and the operator's account, and nothing else."""
    with school.new_ledger(database) as opened:
        yield opened
