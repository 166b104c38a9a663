"""Bytes once stored are read for ever, and mean the same."""

import json
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from ledger import envelope, log, sheet
from ledger.event import CATEGORIES, Event, Sealed
from ledger.registry import EVENTS
from signing import canonical, hashing
from signing.note import Checkpoint, NoteVerifier, verify_note
from tests.golden import make

ENTRIES: dict[str, Any] = json.loads(make.ENTRIES.read_text("utf-8"))
HASHES: dict[str, Any] = json.loads(make.HASHES.read_text("utf-8"))


def test_every_topic_has_a_golden_entry() -> None:
    assert EVENTS.keys() <= ENTRIES.keys()


def test_no_topic_that_was_stored_once_is_forgotten() -> None:
    assert ENTRIES.keys() <= EVENTS.keys()


@pytest.mark.parametrize("topic", ENTRIES)
def test_the_bytes_still_give_the_same_event(topic: str) -> None:
    golden = ENTRIES[topic]
    read = envelope.decode(golden["body"].encode())
    event = read.event()
    assert topic == event.TOPIC
    assert (read.author, read.stream, read.who) == (make.LEDGER, make.STREAM, make.WHO)
    assert type(event) is EVENTS[topic]
    shown = event.model_dump(mode="json")
    for category in CATEGORIES:
        part = getattr(event, category, None)
        if part is not None:
            assert isinstance(part, Sealed)
            shown[category] = envelope.unseal(
                part,
                author=read.author,
                stream=read.stream,
                topic=topic,
                keys=make.FixedKeys(),
            )
    assert shown == golden["event"]


@pytest.mark.parametrize("topic", ENTRIES)
def test_the_hash_of_the_bytes_is_the_same(topic: str) -> None:
    golden = ENTRIES[topic]
    assert hashing.entry_hash(golden["body"].encode()).hex() == golden["entry_hash"]


@pytest.mark.parametrize("topic", ENTRIES)
def test_reading_and_writing_again_loses_and_adds_nothing(topic: str) -> None:
    body = ENTRIES[topic]["body"].encode()
    read = envelope.decode(body)
    event = read.event()
    facts = event.model_dump(mode="json", exclude={"effective_on", *CATEGORIES})
    assert facts == read.facts
    assert canonical.dumps(canonical.loads(body)) == body


@pytest.mark.parametrize("topic", EVENTS)
def test_today_an_event_is_written_as_the_golden_bytes(topic: str) -> None:
    assert make.stored(make.examples()[topic]) == ENTRIES[topic]


@pytest.mark.parametrize("event", EVENTS.values(), ids=lambda event: event.TOPIC)
def test_no_fact_has_a_default_value(event: type[Event]) -> None:
    def models(model: type[BaseModel]) -> list[type[BaseModel]]:
        found = [model]
        for field in model.model_fields.values():
            pending: list[Any] = [field.annotation]
            while pending:
                kind = pending.pop()
                pending.extend(getattr(kind, "__args__", ()))
                if isinstance(kind, type) and issubclass(kind, BaseModel):
                    found.extend(models(kind))
        return found

    for model in models(event):
        for name, field in model.model_fields.items():
            assert field.default is PydanticUndefined, f"{model.__name__}.{name}"
            assert field.default_factory is None, f"{model.__name__}.{name}"
        assert model.model_config["extra"] == "forbid"
        assert model.model_config["frozen"] is True


@pytest.mark.parametrize("topic", EVENTS)
def test_a_topic_names_its_class_and_version(topic: str) -> None:
    assert topic == f"ledger.{EVENTS[topic].__name__}.v1"


@pytest.mark.parametrize("topic", ENTRIES)
def test_an_entry_with_a_fact_too_many_or_too_few_is_refused(topic: str) -> None:
    raw = json.loads(ENTRIES[topic]["body"])
    wrong = [raw["facts"] | {"surprise": 1}]
    wrong += [{k: v for k, v in raw["facts"].items() if k != name} for name in raw["facts"]]
    for facts in wrong:
        read = envelope.decode(canonical.dumps(raw | {"facts": facts}))
        with pytest.raises(ValueError, match="validation error"):
            read.event()


def test_record_and_leaf_are_the_same() -> None:
    assert make.hashes()["record"] == HASHES["record"]
    assert log.leaf(make.INSTANT, HASHES["record"]).hex() == HASHES["leaf"]


def test_the_checkpoint_is_still_signed_and_says_the_same() -> None:
    golden = HASHES["checkpoint"]
    text, names = verify_note(golden["note"], [NoteVerifier.parse(golden["vkey"])])
    origin = f"hocba/ledger/{make.LEDGER}"
    assert names == (origin,)
    assert Checkpoint.parse(text) == Checkpoint(origin, 42, bytes(range(32)))
    assert make.hashes()["checkpoint"] == golden


def test_the_root_of_a_sheet_is_the_same() -> None:
    marks = [(make.PUPIL, "8.0", "00" * 16), (make.OTHER_PUPIL, "Đ", "0f" * 16)]
    root = sheet.sheet_root("7A1", "TOAN", 1, "TX1", make.DAY, marks)
    assert root.hex() == HASHES["sheet_root"]
