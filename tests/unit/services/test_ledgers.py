"""The home's list of ledgers."""

from pathlib import Path

import pytest

from services.embedded import Home
from services.errors import ServiceError
from services.ledgers import Ledgers


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"id": 7}'])
def test_a_damaged_description_of_a_ledger_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "ledgers").mkdir()
    (tmp_path / "ledgers" / "31.json").write_text(text)
    with pytest.raises(ServiceError, match=r"31\.json"):
        Ledgers(Home(tmp_path)).profile("31")
