"""Rules of `ledger.envelope`: stored bytes are canonical, strict, and seal what is personal."""

import json
import unicodedata
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import envelope
from ledger.envelope import DataKey
from ledger.errors import MalformedBytes, Refused, UnknownTopic, WrongKey
from ledger.event import Category, Event, Sealed
from ledger.events.pupil import PupilEnrolled, PupilRegistered
from ledger.events.pupil_year import CommentWritten, MarkEntered
from ledger.events.unit import UnitOpened
from signing import aead, canonical, hashing
from tests.golden import make
from tests.unit.ledger.events import LEDGER, PUPIL, event, note

STREAM = make.STREAM
DAY = date(2025, 1, 15)
KEYS = make.FixedKeys()
ENROLLED = event(PupilEnrolled, DAY)


def encode(one: Event, person: UUID | None = PUPIL) -> envelope.Prepared:
    return envelope.encode(
        one, author=LEDGER, stream=STREAM, who=make.WHO, person=person, keys=KEYS
    )


def changed(body: bytes, **fields: Any) -> bytes:
    return canonical.dumps(json.loads(body) | fields)


def test_facts_stay_clear_and_personal_parts_do_not() -> None:
    body = encode(event(PupilRegistered, DAY)).body.decode()
    raw = json.loads(body)
    assert raw["facts"] == {"pupil_id": str(PUPIL)}
    assert {part["category"] for part in raw["personal"]} == {"statutory", "voluntary"}
    for secret in ("Nguyễn", "2012-03-04", "0912345678", "SDB-1"):
        assert secret not in body
        assert secret not in body.encode().decode("unicode_escape")


def test_the_same_event_twice_has_two_hashes() -> None:
    one = event(UnitOpened, DAY)
    assert encode(one).entry_hash != encode(one).entry_hash


def test_an_absent_personal_part_is_absent_from_the_bytes() -> None:
    assert json.loads(encode(event(PupilEnrolled, DAY, statutory=None)).body)["personal"] == []


def test_what_is_personal_needs_a_person() -> None:
    with pytest.raises(ValueError, match="no person"):
        encode(ENROLLED, person=None)
    assert encode(event(UnitOpened, DAY), person=None).body


def test_the_hash_covers_every_byte() -> None:
    prepared = encode(ENROLLED)
    assert prepared.entry_hash == hashing.entry_hash(prepared.body)
    read = envelope.decode(prepared.body)
    assert (read.author, read.stream, read.effective_on) == (LEDGER, STREAM, DAY)
    assert read.who == make.WHO


BODY = encode(ENROLLED).body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        BODY[:-1],
        BODY.replace(b'"v":1', b'"v":1.0'),
        BODY.replace(b'"v":1', b'"v":2'),
        BODY.replace(b'"facts"', b'"Facts"'),
        changed(BODY, author="31"),
        changed(BODY, effective_on="2025-13-01"),
        changed(BODY, who={"recorded_by": "operator"}),
        changed(BODY, personal=[{"category": "statutory"}]),
        changed(BODY, personal=None),
        BODY.replace(b"operator", b"op\xfferator"),
        BODY.replace(b'"v":1', b'"v":1,"v":1'),
    ],
)
def test_other_bytes_are_malformed(body: bytes) -> None:
    with pytest.raises(MalformedBytes):
        envelope.decode(body)


def test_an_entry_larger_than_the_limit_is_malformed() -> None:
    huge = changed(BODY, salt="0" * envelope.MAX_BYTES)
    with pytest.raises(MalformedBytes):
        envelope.decode(huge)


def test_a_message_about_malformed_bytes_quotes_none_of_them() -> None:
    with pytest.raises(MalformedBytes) as caught:
        envelope.decode(changed(BODY, who={"recorded_by": "Nguyễn Văn A"}))
    assert "Nguyễn" not in str(caught.value)


def test_a_topic_that_is_not_in_the_registry_is_unknown() -> None:
    with pytest.raises(UnknownTopic) as caught:
        envelope.decode(changed(BODY, topic="os.system")).event()
    assert caught.value.topic == "os.system"


def sealed() -> Sealed:
    part = envelope.decode(BODY).personal["statutory"]
    assert isinstance(part, Sealed)
    return part


def unseal(part: Sealed, keys: envelope.ReadingKeys = KEYS, **place: Any) -> Any:
    where: dict[str, Any] = {"author": LEDGER, "stream": STREAM, "topic": PupilEnrolled.TOPIC}
    return envelope.unseal(part, keys=keys, **where | place)


def test_a_sealed_part_opens_to_what_was_sealed() -> None:
    assert unseal(sealed()) == {"text": "Chép nhầm điểm"}


@pytest.mark.parametrize(
    "place", [{"author": STREAM}, {"stream": LEDGER}, {"topic": PupilRegistered.TOPIC}]
)
def test_a_part_opens_in_its_own_place_only(place: dict[str, Any]) -> None:
    with pytest.raises(WrongKey, match="does not open"):
        unseal(sealed(), **place)


class OneKey:
    """A ring with one key, whatever its id."""

    def __init__(self, key: bytes, commitment: bytes | None = None) -> None:
        self._key, self._commitment = key, commitment

    def key(self, key_id: UUID) -> DataKey | None:
        commitment = self._commitment or aead.commitment(self._key, key_id.bytes)
        return DataKey(key_id, self._key, commitment)


class NoKeys:
    """A ring from which every key was destroyed."""

    def key(self, key_id: UUID) -> DataKey | None:
        del key_id
        return None


def test_without_the_key_the_person_is_erased_and_that_is_no_error() -> None:
    assert unseal(sealed(), NoKeys()) is None


def test_another_key_under_the_id_is_not_the_one_committed_to() -> None:
    with pytest.raises(WrongKey, match="commits to"):
        unseal(sealed(), OneKey(bytes(32)))


def test_a_forged_commitment_does_not_help_another_key() -> None:
    claimed = bytes.fromhex(sealed().commitment)
    with pytest.raises(WrongKey, match="does not open"):
        unseal(sealed(), OneKey(bytes(32), claimed))


def test_a_key_is_asked_for_by_person_and_category() -> None:
    asked: list[tuple[UUID, Category]] = []

    class Asked(make.FixedKeys):
        def key_for(self, person: UUID, category: Category) -> DataKey:
            asked.append((person, category))
            return super().key_for(person, category)

    one = event(PupilRegistered, DAY)
    envelope.encode(one, author=LEDGER, stream=STREAM, who=make.WHO, person=PUPIL, keys=Asked())
    assert asked == [(PUPIL, "statutory"), (PUPIL, "voluntary")]


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60).map(
    lambda text: unicodedata.normalize("NFC", text)
)


@given(TEXTS)
def test_any_text_comes_back_as_it_was(text: str) -> None:
    written = event(CommentWritten, DAY, statutory=note(text))
    part = envelope.decode(encode(written).body).personal["statutory"]
    assert unseal(part, topic=CommentWritten.TOPIC) == {"text": text}


@given(TEXTS, st.dates())
def test_facts_come_back_as_they_were(sheet: str, day: date) -> None:
    one = event(MarkEntered, day, sheet=sheet)
    assert envelope.decode(encode(one).body).event() == one


@pytest.mark.parametrize(
    "one",
    [
        event(UnitOpened, DAY, name=unicodedata.normalize("NFD", "Lê Lợi")),
        event(CommentWritten, DAY, statutory=note(unicodedata.normalize("NFD", "Hoà"))),
    ],
)
def test_a_text_that_could_not_be_read_again_is_refused(one: Event) -> None:
    with pytest.raises(Refused) as caught:
        encode(one)
    assert caught.value.code == "not_normalised"


@pytest.mark.parametrize("model", [UnitOpened, CommentWritten])
def test_an_entry_too_large_to_be_read_again_is_refused(model: type[Event]) -> None:
    long = "x" * envelope.MAX_BYTES
    facts: dict[str, Any] = {"name": long} if model is UnitOpened else {"statutory": note(long)}
    with pytest.raises(Refused) as caught:
        encode(event(model, DAY, **facts))
    assert caught.value.code == "too_long"
