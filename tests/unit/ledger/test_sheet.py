"""The statement of a mark, written member by member, against canonical JSON."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.sheet import statement_hash
from signing import canonical, hashing

pytestmark = pytest.mark.unit
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@settings(print_blob=True)
@given(TEXTS, TEXTS, st.integers(1, 2), TEXTS, st.dates(), st.uuids(), TEXTS, TEXTS)
def test_a_marks_statement_is_canonical_json(
    code: str, subject: str, term: int, slot: str, on: date, pupil: UUID, value: str, salt: str
) -> None:
    said = {
        "class": code,
        "subject": subject,
        "semester": term,
        "slot": slot,
        "date": on.isoformat(),
        "pupil": str(pupil),
        "value": value,
        "salt": salt,
    }
    quick = statement_hash(code, subject, term, slot, on, pupil=pupil, value=value, salt=salt)
    assert quick == hashing.leaf_hash(canonical.dumps(said))
