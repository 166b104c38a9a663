"""What a hostile file can cost: at most 256 MB and two seconds of one processor, and always a code.

Every file here is as large or as tangled as the limits let it be, and truly signed where that
leads further in. One process checks them all, one after the other.
"""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ledger.events.pupil import PupilEnrolled, Released, ReleaseUndone
from ledger.ids import uuid7
from signing import canonical, compression, hashing, jws
from signing.certificates import Purpose
from signing.jws import FileSigner
from signing.note import NoteSigner, add_signature
from tests.dossiers import Payload, dossier, sealed, simple, store_of
from tests.provinces import Province
from transfer import disclosure, message
from transfer.dossier import (
    MAX_CLOSINGS,
    MAX_ENTRIES,
    MAX_HOPS,
    MAX_KEYS,
    CarriedEntry,
)
from transfer.evidence import MAX_SIGNERS

pytestmark = [pytest.mark.unit, pytest.mark.timeout(600)]

SECONDS, MEGABYTES = 2.0, 256
YARDSTICK = 0.10
"""Seconds that the child's fixed piece of work takes where nothing else wants the processor: a
machine that needs longer gets longer."""
Make = Callable[[], bytes]
CASES: list[tuple[str, Make]] = []


def worst(code: str) -> Callable[[Make], Make]:
    """Registers a file with the code it must earn ("" where it is sound)."""

    def register(make: Make) -> Make:
        CASES.append((code, make))
        return make

    return register


ORIGIN, RECEIVER = Province("31"), Province("22")


def whole(payload: Payload) -> bytes:
    return sealed(payload, ORIGIN, RECEIVER)


def raw(plain: bytes, payload: bytes = b"{}") -> bytes:
    """A disclosed record around any plaintext: it is opened without a key."""
    header = disclosure.DisclosedHeader.model_validate(
        {
            "v": 1,
            "case": uuid7(),
            "from": ORIGIN.id,
            "payload_sha256": sha256(payload).hexdigest(),
            "size": min(len(payload), message.MAX_PAYLOAD),
        }
    ).encode()
    return disclosure.MAGIC + len(header).to_bytes(4, "big") + header + plain


def signed(payload: bytes, signers: list[FileSigner] | None = None) -> bytes:
    return raw(compression.compress(jws.sign(payload, signers or [ORIGIN.seal])), payload)


def around(inner: bytes, *, field: str = "ext") -> bytes:
    """A true payload with one member replaced by this JSON."""
    plain = canonical.dumps({**simple(ORIGIN, RECEIVER), field: {}})
    return signed(plain.replace(f'"{field}":{{}}'.encode(), f'"{field}":'.encode() + inner, 1))


@worst("decompression_limit")
def a_bomb_beyond_the_limit() -> bytes:
    return raw(compression.compress(bytes(4 * message.MAX_JWS)))


@worst("bad_json")
def a_bomb_within_the_limit() -> bytes:
    return raw(compression.compress(bytes(message.MAX_JWS)))


@worst("bad_json")
def a_jws_of_brackets() -> bytes:
    return raw(compression.compress(b"[" * message.MAX_JWS))


@worst("bad_json")
def a_payload_of_opening_brackets() -> bytes:
    return signed(b"[" * message.MAX_PAYLOAD)


@worst("bad_json")
def a_payload_of_empty_arrays() -> bytes:
    return around(b"[" + b"[]," * (message.MAX_PAYLOAD // 3 - 3000) + b"[]]")


@worst("bad_json")
def as_many_empty_arrays_as_are_read() -> bytes:
    return around(b"[" + b"[]," * (message.MAX_ITEMS // 2 - 3000) + b"[]]")


@worst("bad_json")
def nested_as_deep_as_a_parser_goes() -> bytes:
    return around(b'{"a":' * 900 + b"1" + b"}" * 900)


@worst("bad_json")
def an_array_as_long_as_is_read_for_streams() -> bytes:
    return around(b"[" + b"0," * (message.MAX_ITEMS - 3000) + b"0]", field="streams")


@worst("bad_json")
def an_array_as_long_as_is_read_of_wrong_hops() -> bytes:
    return around(b"[" + b"{}," * (message.MAX_ITEMS // 2 - 3000) + b"{}]", field="hops")


@worst("bad_json")
def as_many_keys_as_are_read_in_one_object() -> bytes:
    keys = b",".join(b'"%d":0' % number for number in range(message.MAX_ITEMS - 3000))
    return around(b"{" + keys + b"}", field="references")


@worst("bad_json")
def as_many_keys_as_are_read_in_many_objects() -> bytes:
    keys = b",".join(b'"%d":0' % number for number in range(9_000))
    return around(b'{"a":' + b',"b":'.join([b"{" + keys + b"}"]) + b"}", field="references")


@worst("bad_json")
def one_enormous_number() -> bytes:
    return around(b"1" * (message.MAX_PAYLOAD - 20_000))


@worst("bad_json")
def marks_that_combine_with_nothing() -> bytes:
    return around(b'"' + "\u0323\u0301".encode() * (message.MAX_PAYLOAD // 4 - 5000) + b'"')


@worst("bad_json")
def letters_that_must_be_looked_at_twice() -> bytes:
    return around(b'"' + "a\u0301".encode() * (message.MAX_PAYLOAD // 3 - 5000) + b'"')


@worst("bad_json")
def escapes_for_every_letter() -> bytes:
    return around(b'"' + b"\\u0061" * (message.MAX_PAYLOAD // 6 - 3000) + b'"')


@worst("digest_differs")
def an_attachment_of_sixteen_megabytes() -> bytes:
    made = simple(ORIGIN, RECEIVER)
    size = message.MAX_PAYLOAD - len(canonical.dumps(made)) - 100
    digest = {**made["digest"], "value": "sha256:" + "00" * 32}
    return whole({**made, "attachments": ["A" * size], "digest": digest})


@worst("bad_json")
def as_many_signatures_as_are_read_over_as_much() -> bytes:
    return signed(b"[" * message.MAX_PAYLOAD, [ORIGIN.seal] * jws.MAX_SIGNATURES)


@worst("bad_signature")
def many_false_signatures_over_much() -> bytes:
    payload = b" " * message.MAX_PAYLOAD
    true = json.loads(jws.sign(payload, [ORIGIN.seal] * jws.MAX_SIGNATURES))
    true["signatures"][-1]["signature"] = "A" * 86
    return raw(compression.compress(canonical.dumps(true)), payload)


@worst("bad_json")
def certificates_as_long_as_a_header() -> bytes:
    made = json.loads(jws.sign(b"{}", [ORIGIN.seal]))
    header = {"alg": "ES256", "typ": jws.TYPE, "x5c": ["MIIB" + "A" * 6000] * 4}
    protected = jws._encode(canonical.dumps(header))
    made["signatures"] = [{"protected": protected, "signature": "AAAA"}] * jws.MAX_SIGNATURES
    return raw(compression.compress(canonical.dumps(made)))


@worst("decompression_limit")
def bytes_that_are_no_frame_at_its_largest() -> bytes:
    return raw(os.urandom(message.MAX_FRAME - 4096))


@worst("cannot_decrypt")
def a_sealed_frame_at_its_largest() -> bytes:
    frame = whole(simple(ORIGIN, RECEIVER))
    return frame + bytes(message.MAX_FRAME - len(frame))


def _pupil(origin: Province) -> tuple[UUID, UUID]:
    pupil = uuid7()
    origin.register(pupil)
    return pupil, origin.enrol(pupil)


SLOTS = ("TX1", "TX2", "TX3", "TX4", "GK", "CK")


@cache
def crowded() -> tuple[Province, UUID, list[CarriedEntry]]:
    """A pupil whose year has as many marks as a dossier may hold."""
    origin = own_origin()
    return origin, *many_marks(origin, MAX_ENTRIES - 3)


def many_marks(origin: Province, count: int) -> tuple[UUID, list[CarriedEntry]]:
    """A pupil whose year has `count` marks."""
    pupil, stream = _pupil(origin)
    marks = [
        origin.mark(stream, pupil, slot=SLOTS[number % 6], subject=f"S{number // 6}")
        for number in range(count)
    ]
    return pupil, marks


def released(origin: Province, pupil: UUID, **more: Any) -> Payload:
    release = origin.release(pupil, RECEIVER.id, case=uuid7(), digest="sha256:" + "00" * 32)
    payload = dossier([(origin, pupil)], [origin.hop(release)], to=RECEIVER.id, **more)
    origin.log.pop()  # the next case begins where this one did
    origin.versions[pupil] -= 1
    return payload


def own_origin() -> Province:
    """The same keys, and a log of its own, so that the cases stay apart."""
    origin = Province("31", id=ORIGIN.id)
    for name in ("authority", "seal", "checkpoint", "encryption"):
        setattr(origin, name, getattr(ORIGIN, name))
    return origin


@worst("digest_differs")
def as_many_marks_as_are_read() -> bytes:
    origin, pupil, _ = crowded()
    return whole(released(origin, pupil))


@worst("bad_json")
def one_entry_more_than_is_read() -> bytes:
    made = simple(ORIGIN, RECEIVER)
    first, *rest = made["streams"]
    more = [first["entries"][0]] * MAX_ENTRIES
    return whole({**made, "streams": [{**first, "entries": more}, *rest]})


@worst("digest_differs")
def as_many_enrolments_as_are_read() -> bytes:
    origin = own_origin()
    pupil, _ = _pupil(origin)
    for number in range(MAX_ENTRIES - 3):
        enrolled = PupilEnrolled(
            effective_on=date(2024, 9, 1) + timedelta(days=number % 300),
            kind="class_change",
            school_code="S1",
            class_code=f"7A{number}",
            school_year="2024-2025",
            grade=7,
            programme="GDPT2018",
            statutory=None,
        )
        origin.write(pupil, enrolled, person=pupil)
    return whole(released(origin, pupil))


@worst("digest_differs")
def sheets_by_hundreds_of_teachers_as_many_as_fit() -> bytes:
    origin, pupil, marks = crowded()
    teachers = [origin.certified(f"GV{number}", Purpose.PERSON) for number in range(300)]
    sheets = [
        origin.sheet(mark, signer=teachers[number % 300], pupil=pupil)
        for number, mark in enumerate(marks[:3_000])
    ]
    return whole(released(origin, pupil, sheets=sheets))


@worst("bad_sheet")
def more_teachers_than_there_can_be() -> bytes:
    origin, pupil, marks = crowded()
    sheets = [
        origin.sheet(mark, signer=origin.certified(f"GV{number}", Purpose.PERSON), pupil=pupil)
        for number, mark in enumerate(marks[: MAX_SIGNERS + 1])
    ]
    return whole(released(origin, pupil, sheets=sheets))


@worst("digest_differs")
def closings_each_under_a_note_of_many_lines() -> bytes:
    origin = own_origin()
    pupil, stream = _pupil(origin)
    witness = NoteSigner.generate("somebody")
    closings = []
    line = add_signature(origin.checkpoint_note(), witness).splitlines(keepends=True)[-1]
    for _ in range(MAX_CLOSINGS):
        closed = origin.close(stream, pupil)
        own, *_ = origin.checkpoint_note().splitlines(keepends=True)[-1:]
        note = origin.checkpoint_note() + own * 20 + line * 70
        inclusion = origin.inclusion(closed, note=note)
        closings.append(
            origin.closing(closed, signer=origin.seal).model_copy(update={"inclusion": inclusion})
        )
    return whole(released(origin, pupil, closings=closings))


@worst("digest_differs")
def hops_of_one_ledger_over_all_its_entries() -> bytes:
    origin = own_origin()
    pupil, stream = _pupil(origin)
    for number in range(MAX_ENTRIES - 4 - 2 * MAX_HOPS):
        origin.mark(stream, pupil, slot=SLOTS[number % 6], subject=f"S{number // 6}")
    hops = []
    for number in range(MAX_HOPS):
        to = RECEIVER.id if number == MAX_HOPS - 1 else origin.id
        release = origin.release(pupil, to, case=uuid7(), digest="sha256:" + "00" * 32)
        hops.append(release)
        undone = ReleaseUndone(effective_on=date(2025, 3, 1), case=uuid7())
        if number < MAX_HOPS - 1:
            origin.write(pupil, undone, person=pupil)
    inclusions = [origin.hop(release) for release in hops]
    return whole(dossier([(origin, pupil)], inclusions, to=RECEIVER.id))


@worst("unknown_code")
def entries_of_a_megabyte_of_wrong_values() -> bytes:
    origin = own_origin()
    pupil, stream = _pupil(origin)
    origin.mark(stream, pupil)
    payload = released(origin, pupil)
    return whole(coherent(origin, payload, {"required": [0] * 300_000}))


def coherent(origin: Province, payload: Payload, facts: dict[str, Any]) -> Payload:
    """The last mark with other facts: a ledger that writes what it likes into its own log."""
    entry = payload["streams"][-1]["entries"][-1]
    body = canonical.loads(base64.b64decode(entry["body"]))
    body["facts"] |= facts
    stored = canonical.dumps(body)
    entry["body"] = base64.b64encode(stored).decode()
    entry["record"]["entry_hash"] = hashing.entry_hash(stored).hex()
    changed = CarriedEntry.model_validate(entry)
    origin.log[changed.record.position] = changed
    own = [found for found in origin.log if "Released" not in found.record.topic]
    pupil = UUID(payload["pupil"])
    release = origin.release(
        pupil, RECEIVER.id, case=uuid7(), own=own, digest="sha256:" + "00" * 32
    )
    event = release.read.event
    assert isinstance(event, Released)
    hop = origin.hop(release).model_dump(mode="json")
    return {**payload, "hops": [hop], "transfer_id": str(event.case)}


@worst("bad_json")
def more_keys_than_a_pupil_has() -> bytes:
    made = simple(ORIGIN, RECEIVER)
    return whole({**made, "keys": made["keys"] * (MAX_KEYS + 1)})


@worst("not_in_log")
def proofs_as_long_as_they_are_read() -> bytes:
    made = simple(ORIGIN, RECEIVER)
    made["hops"][0]["inclusion"]["proof"] = ["00" * 32] * 64
    return whole(made)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("worst")
    store_of(folder / "trust", ORIGIN, RECEIVER)
    key = folder / "receiver.key"
    key.write_bytes(RECEIVER.encryption.private_bytes())
    files = []
    for _, make in CASES:
        file = folder / make.__name__
        file.write_bytes(make())
        files.append(str(file))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.unit.transfer.worst",
            str(folder / "trust"),
            str(key),
            *files,
        ],
        cwd=Path(__file__).resolve().parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    yardstick, *found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(files), done.stderr
    slow = max(1.0, yardstick["yardstick"] / YARDSTICK)
    return {told["name"]: {**told, "seconds": told["seconds"] / slow} for told in found}


@pytest.mark.parametrize(
    ("code", "make"), [pytest.param(code, make, id=make.__name__) for code, make in CASES]
)
def test_the_worst_files_end_in_a_code_within_their_limits(
    outcomes: dict[str, dict[str, Any]], code: str, make: Make
) -> None:
    told = outcomes[make.__name__]
    assert (told["failure"] or [0, ""])[1] == code
    assert told["seconds"] < SECONDS, told
    assert told["megabytes"] < MEGABYTES, told
