"""The quick spelling of a record is its canonical JSON, whatever the record says."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.record import Origin, canonical_record, instant_text, leaf, own_leaf, record
from signing import canonical

pytestmark = pytest.mark.unit

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
HANOI = timezone(timedelta(hours=7))
INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC))


@given(
    ledger=st.uuids(),
    stream=st.uuids(),
    version=st.integers(-(2**53) + 1, 2**53 - 1),
    topic=TEXT,
    position=st.integers(0, 2**53 - 1),
    instant=INSTANTS,
    digest=st.binary(min_size=32, max_size=32),
)
def test_a_record_is_spelt_as_canonical_json_spells_it(
    ledger: UUID,
    stream: UUID,
    version: int,
    topic: str,
    position: int,
    instant: datetime,
    digest: bytes,
) -> None:
    origin = Origin(position, instant)
    said = record(
        ledger=ledger,
        stream=stream,
        version=version,
        topic=topic,
        origin=origin,
        entry_hash=digest,
    )
    quick = canonical_record(
        ledger=ledger,
        stream=stream,
        version=version,
        topic=topic,
        origin=origin,
        entry_hash=digest.hex(),
    )
    assert quick.encode() == canonical.dumps(said) == canonical.dumps_flat(said)
    assert own_leaf(instant, quick) == leaf(instant, said)


@given(INSTANTS)
def test_an_instant_has_six_digits_of_a_second_and_a_z(instant: datetime) -> None:
    written = instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert instant_text(instant) == instant_text(instant.astimezone(HANOI)) == written
