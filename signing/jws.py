"""JSON Web Signature: general JSON serialisation (RFC 7515 section 7.2.1), and detached.

Each protected header holds exactly ``alg`` (ES256 or PS256), ``typ`` and ``x5c``, the signer's
chain; unprotected headers are refused. Verification here says that the bytes were signed by the
keys of the chains: whether a chain is trusted is :func:`signing.certificates.verify_chain`'s.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
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
MIN_RSA: Final = 2048
MAX_RSA: Final = 8192
MAX_SIGNATURES: Final = 16
MAX_HEADER: Final = 32 * 1024
"""Characters of one encoded protected header; five certificates of 4 KB fit."""
MAX_SIGNATURE: Final = 2048
"""Characters of one encoded signature: an RSA key of 8,192 bits makes 1,366."""


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
        protected, signature = _sign(encoded, signer, TYPE)
        signatures.append({"protected": protected, "signature": signature})
    return canonical.dumps({"payload": encoded, "signatures": signatures})


def sign_detached(payload: bytes, signer: Signer, *, kind: str) -> str:
    """Return a compact signature without its payload: ``header..signature`` (RFC 7515 appendix F).

    ``kind`` stands as ``typ`` in the header, so that a signature over one kind of statement never
    passes for one over another.
    """
    protected, signature = _sign(_encode(payload), signer, kind)
    return f"{protected}..{signature}"


def _sign(encoded: str, signer: Signer, kind: str) -> tuple[str, str]:
    if signer.alg not in ALGORITHMS:
        raise SignatureError(f"algorithm {signer.alg} is not allowed", code="malformed")
    header = {
        "alg": signer.alg,
        "typ": kind,
        "x5c": [base64.b64encode(dump_der(c)).decode() for c in signer.chain],
    }
    protected = _encode(canonical.dumps(header))
    return protected, _encode(signer.sign(f"{protected}.{encoded}".encode()))


def parse_and_verify(data: bytes, *, max_payload: int) -> VerifiedJws:
    """Read a JWS whose payload has at most ``max_payload`` bytes and check every signature.

    1. size and strict JSON of exactly the members we write (``too_large``, ``malformed``)
    2. each header: allowed algorithm, our type, a chain of certificates (``malformed``)
    3. every signature is true under its chain's first certificate (``bad_signature``)

    Raises :class:`SignatureError` with that code.
    """
    limit = _encoded_size(max_payload)
    message = _parse(data, limit + MAX_SIGNATURES * (MAX_HEADER + MAX_SIGNATURE))  # (1)
    payload, members = message["payload"], message["signatures"]
    if len(payload) > limit:
        raise SignatureError(f"the payload exceeds {max_payload} bytes", code="too_large")
    signatures = tuple(_parse_header(member["protected"], TYPE) for member in members)  # (2)
    values = [_decode(member["signature"]) for member in members]
    content = _decode(payload)
    encoded = payload if isinstance(payload, bytes) else payload.encode()
    for member, value, signature in zip(members, values, signatures, strict=True):  # (3)
        said = member["protected"].encode() + b"." + encoded
        _verify(said, value, signature.alg, _key(signature))
    return VerifiedJws(content, signatures)


@dataclass(frozen=True, slots=True)
class Detached:
    """A detached signature read, not yet verified; ``protected`` is its header as encoded."""

    protected: str
    signature: bytes
    by: JwsSignature
    key: ECKey | RSAKey

    def verify(self, payload: bytes) -> None:
        """Check that it is over ``payload``; raise :class:`SignatureError` (``bad_signature``)."""
        message = f"{self.protected}.{_encode(payload)}".encode()
        _verify(message, self.signature, self.by.alg, self.key)


def parse_detached(text: str, *, kind: str) -> Detached:
    """Read what :func:`sign_detached` wrote with this ``kind``.

    Raises :class:`SignatureError` (``malformed``).
    """
    if len(text) > MAX_HEADER + MAX_SIGNATURE:
        raise _malformed(f"a detached signature exceeds {MAX_HEADER + MAX_SIGNATURE} characters")
    protected, dots, signature = text.partition("..")
    if not dots or not text.isascii():
        raise _malformed("a detached signature reads header..signature")
    by, key = _read_header(protected, kind)
    return Detached(protected, _decode(signature), by, key)


_OPENING: Final = b'{"payload":"'


def _parse(data: bytes, max_bytes: int) -> dict[str, Any]:
    # Megabytes of base64 are cut out before the rest is parsed: its alphabet, checked when it is
    # decoded, has nothing that strict JSON would read otherwise.
    end = data.find(b'"', len(_OPENING)) if data.startswith(_OPENING) else -1
    try:
        if len(data) > max_bytes:
            raise CanonicalError(f"the JWS has more than {max_bytes} bytes", code="size")
        rest = _OPENING + data[end:] if end > 0 else data
        message = canonical.loads(rest, max_bytes=max_bytes, max_depth=4)
        if end > 0 and isinstance(message, dict):
            message["payload"] = data[len(_OPENING) : end]
    except CanonicalError as error:
        code = "too_large" if error.code == "size" else "malformed"
        raise SignatureError(f"the JWS cannot be read: {error}", code=code) from None
    if not isinstance(message, dict) or set(message) != {"payload", "signatures"}:
        raise _malformed("a JWS has the members payload and signatures")
    members = message["signatures"]
    if not isinstance(message["payload"], str | bytes) or not isinstance(members, list):
        raise _malformed("a JWS's payload is a string and its signatures a list")
    if not 1 <= len(members) <= MAX_SIGNATURES:
        raise _malformed(f"a JWS has 1 to {MAX_SIGNATURES} signatures")
    for member in members:
        if not isinstance(member, dict) or set(member) != {"protected", "signature"}:
            raise _malformed("a signature has the members protected and signature")
        if not all(isinstance(text, str) for text in member.values()):
            raise _malformed("a signature's members are strings")
    return message


@lru_cache(maxsize=512)
def _read_header(protected: str, kind: str) -> tuple[JwsSignature, ECKey | RSAKey]:
    """Few people sign many parts: each header is read once."""
    signature = _parse_header(protected, kind)
    return signature, _key(signature)


def _parse_header(protected: str, kind: str) -> JwsSignature:
    if len(protected) > MAX_HEADER:
        raise _malformed(f"a protected header exceeds {MAX_HEADER} characters")
    try:
        header = canonical.loads(_decode(protected), max_depth=3)
    except CanonicalError as error:
        raise _malformed(f"a protected header cannot be read: {error}") from None
    if not isinstance(header, dict) or set(header) != {"alg", "typ", "x5c"}:
        raise _malformed("a protected header has the members alg, typ and x5c")
    if header["alg"] not in ALGORITHMS or header["typ"] != kind:
        raise _malformed(f"a protected header names {kind} and one of {', '.join(ALGORITHMS)}")
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


_REGISTRY: Final = jws.JWSRegistry(algorithms=list(ALGORITHMS))


def _verify(signing_input: bytes, value: bytes, alg: str, key: ECKey | RSAKey) -> None:
    # The algorithm alone, not the library's reading of the whole message: that copies the payload
    # several times for each signature, and its limits fit tokens (512-byte header, 128,000-byte
    # payload). The form was checked above.
    algorithm = _REGISTRY.get_alg(alg)
    try:
        true = algorithm.verify(signing_input, value, key)
    except (JoseError, ValueError):
        true = False
    if not true:
        raise SignatureError(
            "a signature does not fit the payload and its certificate", code="bad_signature"
        )


def _key(signature: JwsSignature) -> ECKey | RSAKey:
    try:
        public = signature.chain[0].public_key()
    except (UnsupportedAlgorithm, ValueError):
        raise _malformed("a certificate's key cannot be read") from None
    match public:
        case ec.EllipticCurvePublicKey(curve=ec.SECP256R1()) if signature.alg == "ES256":
            return ECKey.import_key(public)
        # The upper bound keeps a stranger's key from costing seconds.
        case rsa.RSAPublicKey(key_size=size) if signature.alg == "PS256" and (
            MIN_RSA <= size <= MAX_RSA
        ):
            return RSAKey.import_key(public)
    raise SignatureError("a certificate's key does not fit its algorithm", code="bad_signature")


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _encoded_size(size: int) -> int:
    return (size * 4 + 2) // 3


_URL_SAFE: Final = bytes.maketrans(b"-_+/=", b"+/***")
"""To the alphabet of plain base64, whose own two characters and padding are none here."""


def _decode(text: str | bytes) -> bytes:
    try:
        plain = (text if isinstance(text, bytes) else text.encode("ascii")).translate(_URL_SAFE)
        raw = binascii.a2b_base64(plain + b"=" * (-len(plain) % 4), strict_mode=True)
    except (binascii.Error, ValueError):
        raise _malformed("base64url was expected") from None
    # RFC 4648 section 3.5: the spare bits of the last character would give one signature several
    # spellings.
    spare = len(raw) % 3
    last = binascii.b2a_base64(raw[len(raw) - spare :], newline=False) if spare else b""
    if not plain.endswith(last.rstrip(b"=")):
        raise _malformed("base64url in its one canonical spelling was expected")
    return raw


def _malformed(message: str) -> SignatureError:
    return SignatureError(message, code="malformed")
