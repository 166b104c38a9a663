"""JSON Web Signature, general JSON serialisation (RFC 7515 section 7.2.1).

Each protected header holds exactly ``alg`` (ES256 or PS256), ``typ`` and ``x5c``, the signer's
chain; unprotected headers are refused. Verification here says that the bytes were signed by the
keys of the chains: whether a chain is trusted is :func:`signing.certificates.verify_chain`'s.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from signing import canonical
from signing.certificates import MAX_CHAIN, dump_der, load_der
from signing.errors import CanonicalError, SignatureError

TYPE: Final = "hocba-signed/1"
ALGORITHMS: Final = ("ES256", "PS256")
MAX_SIGNATURES: Final = 16
MAX_HEADER: Final = 32 * 1024
"""Characters of one encoded protected header; five certificates of 4 KB fit."""


class Signer(Protocol):
    """Who can sign: a key file, a USB token, a remote service."""

    @property
    def alg(self) -> str:
        """``ES256`` or ``PS256``."""
        ...

    @property
    def chain(self) -> Sequence[x509.Certificate]:
        """Certificates, leaf first."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the raw JWS signature over ``message`` (RFC 7518 section 3)."""
        ...


@dataclass(frozen=True, slots=True)
class FileSigner:
    """A signer whose key is in memory: P-256 gives ES256, RSA gives PS256."""

    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = field(repr=False)
    chain: Sequence[x509.Certificate]

    def __post_init__(self) -> None:
        if not self.chain or self.chain[0].public_key() != self.key.public_key():
            raise SignatureError(
                "the key is not that of the chain's first certificate", code="malformed"
            )
        if not isinstance(self.key, rsa.RSAPrivateKey) and self.key.curve.name != "secp256r1":
            raise SignatureError("ES256 needs a P-256 key", code="malformed")

    @property
    def alg(self) -> str:
        """``ES256`` or ``PS256`` by the kind of key."""
        return "PS256" if isinstance(self.key, rsa.RSAPrivateKey) else "ES256"

    def sign(self, message: bytes) -> bytes:
        """Return r || s of 64 bytes, or the PSS signature."""
        if isinstance(self.key, rsa.RSAPrivateKey):
            pss = padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=SHA256.digest_size)
            return self.key.sign(message, pss, SHA256())
        r, s = decode_dss_signature(self.key.sign(message, ec.ECDSA(SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@dataclass(frozen=True, slots=True)
class JwsSignature:
    """One verified signature: its algorithm and the chain that names the signer."""

    alg: str
    chain: tuple[x509.Certificate, ...]


@dataclass(frozen=True, slots=True)
class VerifiedJws:
    """Payload bytes and the signatures over them, all mathematically true."""

    payload: bytes
    signatures: tuple[JwsSignature, ...]


def sign(payload: bytes, signers: Sequence[Signer]) -> bytes:
    """Return the canonical JSON of ``payload`` signed by each signer in order."""
    if not 1 <= len(signers) <= MAX_SIGNATURES:
        raise SignatureError(f"a JWS has 1 to {MAX_SIGNATURES} signers", code="malformed")
    encoded = _encode(payload)
    signatures = []
    for signer in signers:
        if signer.alg not in ALGORITHMS:
            raise SignatureError(f"algorithm {signer.alg} is not allowed", code="malformed")
        protected = _encode(
            canonical.dumps(
                {
                    "alg": signer.alg,
                    "typ": TYPE,
                    "x5c": [base64.b64encode(dump_der(c)).decode() for c in signer.chain],
                }
            )
        )
        signature = _encode(signer.sign(f"{protected}.{encoded}".encode()))
        signatures.append({"protected": protected, "signature": signature})
    return canonical.dumps({"payload": encoded, "signatures": signatures})


def parse_and_verify(data: bytes, *, max_payload: int) -> VerifiedJws:
    """Read a JWS whose payload has at most ``max_payload`` bytes and check every signature.

    1. size and strict JSON of exactly the members we write (``too_large``, ``malformed``)
    2. each header: allowed algorithm, our type, a chain of certificates (``malformed``)
    3. every signature is true under its chain's first certificate (``bad_signature``)

    Raises :class:`SignatureError` with that code.
    """
    limit = _encoded_size(max_payload)
    message = _parse(data, limit + MAX_SIGNATURES * (MAX_HEADER + 2048))  # (1)
    payload, members = message["payload"], message["signatures"]
    if len(payload) > limit:
        raise SignatureError(f"the payload exceeds {max_payload} bytes", code="too_large")
    signatures = tuple(_parse_header(member["protected"]) for member in members)  # (2)
    content = _decode(payload)
    for member in members:
        _decode(member["signature"])
    _verify(message, signatures, limit)  # (3)
    return VerifiedJws(content, signatures)


def _parse(data: bytes, max_bytes: int) -> dict[str, Any]:
    try:
        message = canonical.loads(data, max_bytes=max_bytes, max_depth=4)
    except CanonicalError as error:
        code = "too_large" if error.code == "size" else "malformed"
        raise SignatureError(f"the JWS cannot be read: {error}", code=code) from None
    if not isinstance(message, dict) or set(message) != {"payload", "signatures"}:
        raise _malformed("a JWS has the members payload and signatures")
    members = message["signatures"]
    if not isinstance(message["payload"], str) or not isinstance(members, list):
        raise _malformed("a JWS's payload is a string and its signatures a list")
    if not 1 <= len(members) <= MAX_SIGNATURES:
        raise _malformed(f"a JWS has 1 to {MAX_SIGNATURES} signatures")
    for member in members:
        if not isinstance(member, dict) or set(member) != {"protected", "signature"}:
            raise _malformed("a signature has the members protected and signature")
        if not all(isinstance(text, str) for text in member.values()):
            raise _malformed("a signature's members are strings")
    return message


def _parse_header(protected: str) -> JwsSignature:
    if len(protected) > MAX_HEADER:
        raise _malformed(f"a protected header exceeds {MAX_HEADER} characters")
    try:
        header = canonical.loads(_decode(protected), max_depth=3)
    except CanonicalError as error:
        raise _malformed(f"a protected header cannot be read: {error}") from None
    if not isinstance(header, dict) or set(header) != {"alg", "typ", "x5c"}:
        raise _malformed("a protected header has the members alg, typ and x5c")
    if header["alg"] not in ALGORITHMS or header["typ"] != TYPE:
        raise _malformed(f"a protected header names {TYPE} and one of {', '.join(ALGORITHMS)}")
    x5c = header["x5c"]
    if not isinstance(x5c, list) or not 1 <= len(x5c) <= MAX_CHAIN:
        raise _malformed(f"a chain has 1 to {MAX_CHAIN} certificates")
    return JwsSignature(header["alg"], tuple(_load_certificate(item) for item in x5c))


def _load_certificate(item: Any) -> x509.Certificate:
    if not isinstance(item, str):
        raise _malformed("a certificate of a chain is base64 text")
    try:
        return load_der(base64.b64decode(item, validate=True))
    except (binascii.Error, ValueError):
        raise _malformed("a certificate of a chain is base64 text") from None


def _verify(message: dict[str, Any], signatures: Sequence[JwsSignature], limit: int) -> None:
    registry = jws.JWSRegistry(algorithms=list(ALGORITHMS))
    # The library's own limits (512-byte header, 128,000-byte payload) fit tokens, not dossiers;
    # ours were checked above.
    registry.max_header_length = MAX_HEADER
    registry.max_payload_length = limit
    for member, signature in zip(message["signatures"], signatures, strict=True):
        value: Any = {"payload": message["payload"], "signatures": [member]}
        try:
            jws.deserialize_json(value, _key(signature), registry=registry)
        except JoseError:
            raise SignatureError(
                "a signature does not fit the payload and its certificate", code="bad_signature"
            ) from None


def _key(signature: JwsSignature) -> ECKey | RSAKey:
    try:
        public = signature.chain[0].public_key()
    except (UnsupportedAlgorithm, ValueError):
        raise _malformed("a certificate's key cannot be read") from None
    if isinstance(public, ec.EllipticCurvePublicKey) and signature.alg == "ES256":
        return ECKey.import_key(public)
    if isinstance(public, rsa.RSAPublicKey) and signature.alg == "PS256":
        return RSAKey.import_key(public)
    raise SignatureError("a certificate's key does not fit its algorithm", code="bad_signature")


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _encoded_size(size: int) -> int:
    return (size * 4 + 2) // 3


def _decode(text: str) -> bytes:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _malformed("base64url was expected") from None
    if _encode(raw) != text:
        # RFC 4648 section 3.5: spare bits would give one signature several spellings.
        raise _malformed("base64url in its one canonical spelling was expected")
    return raw


def _malformed(message: str) -> SignatureError:
    return SignatureError(message, code="malformed")
