"""The province of three schools, and its reports."""

from collections.abc import Iterator

import pytest

from ledger.ledger import Ledger
from projections.views import Views
from tests import school
from tests.integration.reports.province import KEK, LEVELS, classes, place, unit, units


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with school.new_ledger(database, kek=KEK) as opened:
        units(opened, unit("31", "province", None))
        units(opened, unit("X1", "commune", "31"), unit("X2", "commune", "31"))
        units(opened, *(place(code) for code in LEVELS))
        classes(opened, *((code, name) for code in LEVELS for name in ("7A", "8A")))
        yield opened


@pytest.fixture
def views(ledger: Ledger) -> Views:
    return Views(ledger)
