"""Frames, plaintexts and payloads damaged at random: never anything but a numbered failure."""

import copy
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from services.embedded import Servers
from signing import canonical, compression, jws
from signing.errors import SigningError
from tests.integration.transfer.conftest import open_sides
from tests.integration.transfer.files import released_to_file
from tests.integration.transfer.forge import Forger, body_of, forger, put_body
from tests.integration.transfer.story import at_origin, count, post, rows
from transfer import message
from transfer.errors import CheckFailed

EXAMPLES = 60
seeds = st.integers(min_value=0, max_value=2**32)
fuzzing = settings(
    max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def honest(transfer_servers: Servers) -> Iterator[Forger]:
    with open_sides(transfer_servers, "31", "22") as (_, (origin, receiver)):
        _, data = released_to_file(origin, at_origin(origin, pupils=1), to=receiver)
        frame = message.read_frame(data)
        opened = message.parse(frame, message.unseal(frame, receiver.office.encryption))
        yield forger(origin, receiver, opened.payload)


def damaged(data: bytes, seed: int) -> bytes:
    """Bits flipped, pieces cut out, doubled or exchanged: one to four times."""
    chance = random.Random(seed)
    for _ in range(chance.randint(1, 4)):
        if not data:
            return data
        at = chance.randrange(len(data))
        to = min(len(data), at + chance.randint(1, 64))
        kind = chance.choice(("flip", "cut", "double", "noise", "end"))
        if kind == "flip":
            data = data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
        elif kind == "cut":
            data = data[:at] + data[to:]
        elif kind == "double":
            data = data[:to] + data[at:]
        elif kind == "noise":
            data = data[:at] + chance.randbytes(to - at) + data[to:]
        else:
            data = data[:at]
    return data


def refused(made: Forger, frame: bytes) -> CheckFailed | None:
    """The failure; anything else that is raised fails the test."""
    return made.verify(frame).failure


@fuzzing
@given(seed=seeds)
def test_a_damaged_frame_is_refused_or_is_the_true_one(honest: Forger, seed: int) -> None:
    frame = honest.frame()
    hurt = damaged(frame, seed)
    assert hurt == frame or refused(honest, hurt) is not None


@fuzzing
@given(seed=seeds)
def test_damage_before_the_sealing_is_refused_too(honest: Forger, seed: int) -> None:
    """A sender may seal any bytes to us: the sealing protects nobody from the sender."""
    payload = canonical.dumps(honest.payload)
    plain = compression.compress(jws.sign(payload, [honest.seal]))
    hurt = damaged(plain, seed)
    assert hurt == plain or refused(honest, honest.raw_frame(hurt, payload)) is not None


@fuzzing
@given(seed=seeds)
def test_damaged_signed_text_is_refused(honest: Forger, seed: int) -> None:
    payload = canonical.dumps(honest.payload)
    signed = jws.sign(payload, [honest.seal])
    hurt = damaged(signed, seed)
    failure = refused(honest, honest.raw_frame(compression.compress(hurt), payload))
    assert hurt == signed or failure is not None


@fuzzing
@given(seed=seeds)
def test_a_payload_damaged_and_truly_signed_ends_in_a_failure(honest: Forger, seed: int) -> None:
    """The worst sender has a seal: whatever it signs, the checks end in a number and a code."""
    payload = canonical.dumps(honest.payload)
    hurt = damaged(payload, seed)
    frame = honest.raw_frame(compression.compress(jws.sign(hurt, [honest.seal])), hurt)
    assert hurt == payload or refused(honest, frame) is not None


VALUES: list[Any] = [
    *(None, True, -1, 0, 2**53 - 1, "", "x", "9999-12-31", "0001-01-01", "10.0", "NaN", [], {}),
    *("TX99", "2024-2025", "9998-9999", "-1", "0" * 64, "00000000-0000-0000-0000-000000000000"),
]


def _twisted(value: Any, chance: random.Random) -> Any:
    """The value with one leaf or branch, somewhere, replaced by another kind of thing."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        key = chance.choice(sorted(value))
        return {**value, key: _twisted(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.9:
        index = chance.randrange(len(value))
        return [*value[:index], _twisted(value[index], chance), *value[index + 1 :]]
    return copy.deepcopy(chance.choice(VALUES))


@settings(fuzzing, max_examples=150)
@example(seed=44337096)  # an instant before the year 1 in UTC
@given(seed=seeds)
def test_a_payload_of_another_shape_never_breaks_the_checks(honest: Forger, seed: int) -> None:
    """Well-formed JSON, truly signed, one value replaced by something unexpected."""
    twisted = _twisted(honest.payload, random.Random(seed))
    if not isinstance(twisted, dict):
        return
    honest.verify(honest.frame(twisted))


@settings(fuzzing, max_examples=150)
@given(seed=seeds)
def test_facts_of_another_shape_in_a_coherent_dossier_never_break_the_checks(
    honest: Forger, seed: int
) -> None:
    """A province that lies in its own log, with true hashes, root, release and checkpoint."""
    chance = random.Random(seed)

    def lie(payload: dict[str, Any]) -> None:
        payload["sheets"] = []
        stream = chance.choice(payload["streams"])
        entry = chance.choice(stream["entries"])
        body = body_of(entry)
        key = chance.choice(("facts", "facts", "facts", "effective_on", "personal", "who"))
        put_body(entry, {**body, key: _twisted(body[key], chance)})

    honest.verify(honest.frame(honest.rebuilt(lie)))


@settings(fuzzing, max_examples=25)
@given(seed=seeds)
def test_whatever_arrives_ends_in_an_outcome_and_adds_nothing(honest: Forger, seed: int) -> None:
    side = honest.receiver
    chance = random.Random(seed)
    hurt = damaged(honest.frame(), seed)
    if chance.random() < 0.5:
        payload = damaged(canonical.dumps(honest.payload), seed)
        try:
            signed = jws.sign(payload, [honest.seal])
        except SigningError:
            return
        kind = chance.choice(("request", "dossier", "accept", "decline", "problem", "recall"))
        hurt = honest.raw_frame(compression.compress(signed), payload).replace(
            b'"kind":"dossier"', f'"kind":"{kind}"'.encode(), 1
        )
    size = rows(side, "SELECT size FROM ledger.head")
    assert post(side, hurt).outcome in {"problem", "quarantined", "dead"}
    assert rows(side, "SELECT size FROM ledger.head") == size
    assert count(side, "TransferAccepted") == 0
