"""A JWS verifies whole or not at all, under an allow-list and stated limits."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jws as joserfc_jws
from joserfc.jwk import ECKey

from signing.certificates import Purpose, issue_seal, make_authority
from signing.errors import SignatureError
from signing.jws import ALGORITHMS, MAX_SIGNATURES, TYPE, FileSigner, parse_and_verify, sign

pytestmark = pytest.mark.unit

START, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2035, 1, 1, tzinfo=UTC)
AUTHORITY = make_authority("Test authority", not_before=START, not_after=END)


def elliptic() -> FileSigner:
    seal = issue_seal(
        AUTHORITY,
        common_name="Seal",
        ledger_id=UUID(int=31),
        purpose=Purpose.SEAL,
        not_before=START,
        not_after=END,
    )
    return FileSigner(seal.key, seal.chain)


def rsa_signer() -> FileSigner:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(START)
        .not_valid_after(END)
        .sign(key, SHA256())
    )
    return FileSigner(key, (certificate,))


EC, RSA = elliptic(), rsa_signer()
PAYLOAD = b"payload"
SIGNED = sign(PAYLOAD, [EC, RSA])


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def altered(change: Callable[[dict[str, Any]], object], signed: bytes = SIGNED) -> bytes:
    message = json.loads(signed)
    change(message)
    return json.dumps(message).encode()


def with_header(**changes: Any) -> bytes:
    """Sign anew, truly, under a header that differs from ours."""
    message = json.loads(sign(PAYLOAD, [EC]))
    protected = message["signatures"][0]["protected"]
    header = json.loads(base64.urlsafe_b64decode(protected + "=" * (-len(protected) % 4)))
    header = {k: v for k, v in (header | changes).items() if v is not None}
    encoded = b64(json.dumps(header).encode())
    signature = b64(EC.sign(f"{encoded}.{message['payload']}".encode()))
    message["signatures"] = [{"protected": encoded, "signature": signature}]
    return json.dumps(message).encode()


def refused(data: bytes, code: str, max_payload: int = 100) -> None:
    with pytest.raises(SignatureError) as caught:
        parse_and_verify(data, max_payload=max_payload)
    assert caught.value.code == code


def test_payload_and_chains_come_back_in_order() -> None:
    verified = parse_and_verify(SIGNED, max_payload=len(PAYLOAD))
    assert verified.payload == PAYLOAD
    assert [s.alg for s in verified.signatures] == ["ES256", "PS256"]
    assert [s.chain for s in verified.signatures] == [tuple(EC.chain), tuple(RSA.chain)]


def test_another_implementation_verifies_what_we_sign() -> None:
    public = EC.chain[0].public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    key = ECKey.import_key(public)
    registry = joserfc_jws.JWSRegistry(algorithms=["ES256"])
    registry.max_header_length = 10_000
    found = joserfc_jws.deserialize_json(json.loads(sign(PAYLOAD, [EC])), key, registry=registry)
    assert found.payload == PAYLOAD


def test_a_payload_beyond_the_librarys_default_limit_is_carried() -> None:
    large = bytes(300_000)
    assert parse_and_verify(sign(large, [EC]), max_payload=300_000).payload == large


def test_a_payload_beyond_our_limit_is_refused() -> None:
    refused(sign(bytes(101), [EC]), "too_large")
    refused(sign(bytes(2_000_000), [EC]), "too_large")


def test_one_false_signature_spoils_all() -> None:
    def swap(message: dict[str, Any]) -> None:
        message["signatures"][0]["signature"] = b64(bytes(64))

    refused(altered(swap), "bad_signature")


def test_an_altered_payload_is_refused() -> None:
    refused(altered(lambda m: m.update(payload=b64(b"other"))), "bad_signature")


def test_the_signature_of_another_key_is_refused() -> None:
    other = json.loads(sign(PAYLOAD, [elliptic()]))["signatures"][0]["signature"]

    def swap(message: dict[str, Any]) -> None:
        message["signatures"][0]["signature"] = other

    refused(altered(swap), "bad_signature")


@pytest.mark.parametrize("signature", [b"", bytes(63), bytes(65), bytes(64)])
def test_a_signature_of_the_wrong_form_is_refused(signature: bytes) -> None:
    def swap(message: dict[str, Any]) -> None:
        message["signatures"][0]["signature"] = b64(signature)

    refused(altered(swap), "bad_signature")


@pytest.mark.parametrize("alg", ["none", "HS256", "RS256", "ES384", "es256", 1, None])
def test_an_algorithm_off_the_list_is_refused(alg: object) -> None:
    assert alg not in ALGORITHMS
    refused(with_header(alg=alg), "malformed")


def test_an_algorithm_that_does_not_fit_the_key_is_refused() -> None:
    refused(with_header(alg="PS256"), "bad_signature")


def test_a_p384_key_is_not_used_for_es256() -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(START)
        .not_valid_after(END)
        .sign(key, SHA256())
    )
    with pytest.raises(SignatureError):
        FileSigner(key, (certificate,))


@pytest.mark.parametrize(
    "changes",
    [
        {"typ": "JWT"},
        {"typ": None},
        {"x5c": None},
        {"x5c": []},
        {"x5c": ["????"]},
        {"x5c": ["AAAA"]},
        {"x5c": [1]},
        {"x5c": "text"},
        {"crit": ["b64"], "b64": False},
        {"kid": "somebody"},
        {"jwk": {}},
    ],
)
def test_a_header_of_another_form_is_refused_though_truly_signed(changes: dict[str, Any]) -> None:
    refused(with_header(**changes), "malformed")


def test_our_header_signed_anew_is_accepted() -> None:
    assert parse_and_verify(with_header(typ=TYPE), max_payload=100).payload == PAYLOAD


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["signatures"].clear(),
        lambda m: m.update(extra=1),
        lambda m: m.pop("payload"),
        lambda m: m.update(payload=1),
        lambda m: m.update(signatures={}),
        lambda m: m.update(signatures=[1]),
        lambda m: m["signatures"][0].update(header={"alg": "none"}),
        lambda m: m["signatures"][0].update(signature=1),
        lambda m: m["signatures"][0].update(signature="????"),
        lambda m: m["signatures"][0].update(protected="????"),
        lambda m: m["signatures"][0].update(protected=b64(b"[]")),
        lambda m: m["signatures"][0].update(protected="A" * 40_000),
        lambda m: m.update(signatures=m["signatures"] * MAX_SIGNATURES),
        lambda m: m.update(payload=m["payload"] + "="),
        lambda m: m.update(payload=m["payload"][:-1] + "R"),
    ],
)
def test_a_message_of_another_form_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    refused(altered(change), "malformed")


@pytest.mark.parametrize("data", [b"", b"[]", b"nonsense", SIGNED[:-1], SIGNED + b"x"])
def test_what_is_no_json_object_is_refused(data: bytes) -> None:
    refused(data, "malformed")


def test_a_member_given_twice_is_refused() -> None:
    refused(SIGNED[:-1] + b',"payload":""}', "malformed")


def test_a_signers_key_is_that_of_its_certificate() -> None:
    with pytest.raises(SignatureError):
        FileSigner(EC.key, RSA.chain)
    with pytest.raises(SignatureError):
        FileSigner(EC.key, ())


@pytest.mark.parametrize("count", [0, MAX_SIGNATURES + 1])
def test_signers_have_a_bounded_number(count: int) -> None:
    with pytest.raises(SignatureError):
        sign(PAYLOAD, [EC] * count)


def test_a_detached_signer_serves_through_the_protocol() -> None:
    class Token:
        alg = "ES256"
        chain = EC.chain

        def sign(self, message: bytes) -> bytes:
            return EC.sign(message)

    assert parse_and_verify(sign(PAYLOAD, [Token()]), max_payload=100).payload == PAYLOAD
