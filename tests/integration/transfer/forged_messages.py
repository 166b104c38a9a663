"""Dossiers forged in their frame, seal, signatures and address: steps 1 to 7."""

from datetime import UTC, datetime, timedelta
from typing import Any

from ledger.ids import uuid7
from signing import canonical, certificates, compression, jws
from signing.certificates import Purpose
from signing.jws import FileSigner
from signing.sealing import KeyPair
from tests.integration.transfer.forge import Forger
from tests.integration.transfer.forgeries import Forgeries, registering

DAY = timedelta(days=1)
FORGERIES: Forgeries = []
forgery = registering(FORGERIES)


def other_seal(made: Forger, **changed: Any) -> FileSigner:
    """A seal from an authority that nobody trusts."""
    now = datetime.now(UTC)
    span = {"not_before": now - DAY, "not_after": now + DAY}
    authority = certificates.make_authority("Nobody", **span)
    given: dict[str, Any] = {"purpose": Purpose.SEAL, **span, **changed}
    seal = certificates.issue_seal(
        authority, common_name="Nobody", ledger_id=made.address.sender, **given
    )
    return FileSigner(seal.key, seal.chain)


@forgery(1, "malformed")
def no_frame(made: Forger) -> bytes:
    return b"%PDF-1.7 a school report"


@forgery(1, "malformed")
def header_without_a_member(made: Forger) -> bytes:
    return made.frame().replace(b'"issue":1,', b"", 1)


@forgery(1, "malformed")
def header_not_canonical(made: Forger) -> bytes:
    frame = made.frame()
    length = int.from_bytes(frame[4:8], "big")
    header = frame[8 : 8 + length].replace(b'"v":1', b'"v": 1')
    return frame[:4] + len(header).to_bytes(4, "big") + header + frame[8 + length :]


@forgery(1, "malformed")
def header_with_a_key_twice(made: Forger) -> bytes:
    frame = made.frame()
    length = int.from_bytes(frame[4:8], "big")
    header = frame[8 : 8 + length].replace(b'"v":1', b'"v":1,"v":1')
    return frame[:4] + len(header).to_bytes(4, "big") + header + frame[8 + length :]


@forgery(1, "unsupported_version")
def later_frame(made: Forger) -> bytes:
    return b"HBT2" + made.frame()[4:]


@forgery(1, "unsupported_version")
def later_header(made: Forger) -> bytes:
    return made.frame().replace(b'"v":1', b'"v":2', 1)


@forgery(1, "unsupported_version")
def unknown_suite(made: Forger) -> bytes:
    return made.frame().replace(b"AES-256-GCM", b"AES-128-GCM", 1)


@forgery(3, "wrong_addressee")
def to_another_ledger(made: Forger) -> bytes:
    return made.frame(receiver=made.address.sender)


@forgery(3, "unknown_sender")
def from_nobody(made: Forger) -> bytes:
    return made.frame(sender=uuid7())


@forgery(3, "expired")
def after_its_time(made: Forger) -> bytes:
    return made.frame(not_after=datetime.now(UTC) - timedelta(seconds=1))


@forgery(4, "cannot_decrypt")
def sealed_to_another_key(made: Forger) -> bytes:
    return made.frame(public_key=KeyPair.generate().public_bytes())


@forgery(4, "cannot_decrypt")
def header_changed_after_sealing(made: Forger) -> bytes:
    return made.frame().replace(b'"issue":1', b'"issue":7', 1)


@forgery(4, "cannot_decrypt")
def a_bit_of_the_ciphertext(made: Forger) -> bytes:
    frame = bytearray(made.frame())
    frame[-100] ^= 1
    return bytes(frame)


@forgery(5, "decompression_limit")
def no_zstd(made: Forger) -> bytes:
    return made.raw_frame(b"plain text")


@forgery(5, "decompression_limit")
def declares_a_terabyte(made: Forger) -> bytes:
    # RFC 8878 3.1.1: magic, descriptor (8-byte size, single segment), the size, no block.
    return made.raw_frame(b"\x28\xb5\x2f\xfd\xe0" + (1 << 40).to_bytes(8, "little"))


@forgery(5, "bad_json")
def no_jws(made: Forger) -> bytes:
    return made.raw_frame(compression.compress(b'{"payload": 1}'))


def _signed(made: Forger, payload: bytes) -> bytes:
    return made.raw_frame(compression.compress(jws.sign(payload, [made.seal])), payload)


@forgery(5, "bad_json")
def key_twice(made: Forger) -> bytes:
    return _signed(made, canonical.dumps(made.payload).replace(b'"v":1', b'"v":1,"v":1', 1))


@forgery(5, "bad_json")
def not_a_number(made: Forger) -> bytes:
    return _signed(made, canonical.dumps(made.payload).replace(b'"ext":{}', b'"ext":{"a":NaN}'))


@forgery(5, "bad_json")
def a_float(made: Forger) -> bytes:
    return _signed(made, canonical.dumps(made.payload).replace(b'"ext":{}', b'"ext":{"a":8.0}'))


@forgery(5, "bad_json")
def not_normalised(made: Forger) -> bytes:
    plain = canonical.dumps(made.payload)
    return _signed(made, plain.replace(b'"ext":{}', '"ext":{"a":"To\u0300a\u0301n"}'.encode()))


@forgery(5, "bad_json")
def nested_without_end(made: Forger) -> bytes:
    deep = b"[" * 5000 + b"]" * 5000
    return _signed(made, canonical.dumps(made.payload).replace(b'"ext":{}', b'"ext":' + deep))


@forgery(5, "bad_json")
def a_list(made: Forger) -> bytes:
    return _signed(made, b"[]")


@forgery(5, "bad_json")
def without_hops(made: Forger) -> bytes:
    return made.frame(made.changed(lambda p: p.update(hops=[])))


@forgery(5, "bad_json")
def without_a_field(made: Forger) -> bytes:
    return made.frame(made.changed(lambda p: p.pop("digest")))


@forgery(5, "bad_json")
def with_a_field_more(made: Forger) -> bytes:
    return made.frame(made.changed(lambda p: p.update(surprise=1)))


@forgery(5, "bad_json")
def of_another_version(made: Forger) -> bytes:
    return made.frame(made.changed(lambda p: p.update(v=2)))


@forgery(5, "bad_json")
def another_kind(made: Forger) -> bytes:
    return made.frame(kind="receipt")


@forgery(5, "bad_json")
def header_of_another_payload(made: Forger) -> bytes:
    plain = jws.sign(canonical.dumps(made.payload), [made.seal])
    return made.raw_frame(compression.compress(plain), b"another")


@forgery(6, "bad_signature")
def signed_by_another_key(made: Forger) -> bytes:
    other = other_seal(made)
    payload = canonical.dumps(made.payload)
    signed = canonical.loads(jws.sign(payload, [made.seal]))
    signed["signatures"][0]["signature"] = canonical.loads(jws.sign(payload, [other]))[
        "signatures"
    ][0]["signature"]
    return made.raw_frame(compression.compress(canonical.dumps(signed)), payload)


@forgery(6, "untrusted_signer")
def sealed_by_a_stranger(made: Forger) -> bytes:
    return made.frame(seal=other_seal(made))


@forgery(6, "untrusted_signer")
def sealed_by_another_ledger_of_the_bundle(made: Forger) -> bytes:
    keys = made.receiver.ledgers.keys(made.receiver.profile).seal
    return made.frame(seal=FileSigner(keys.key, keys.chain))


@forgery(6, "untimed_signature")
def before_the_certificate(made: Forger) -> bytes:
    return made.frame(created_at=datetime(2001, 1, 1, tzinfo=UTC))


@forgery(7, "wrong_addressee")
def sealed_anew_to_another_receiver(made: Forger) -> bytes:
    aud = {"ledger": str(made.address.sender), "school": None}
    return made.frame(made.changed(lambda p: p.update(aud=aud)))


@forgery(7, "wrong_addressee")
def in_another_name(made: Forger) -> bytes:
    return made.frame(made.changed(lambda p: p.update(iss=str(made.address.receiver))))


@forgery(7, "not_requested")
def of_another_transfer(made: Forger) -> bytes:
    return made.frame(case=uuid7())
