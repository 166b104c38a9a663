"""One message of the conversation: a clear header and a sealed, signed payload.

    frame   = "HBT1" ‖ header length (4 bytes, big-endian) ‖ header ‖ ciphertext
    header  = canonical JSON, at most 2 KB
    plain   = zstd( JWS general JSON over the payload's canonical bytes )      signed, then sealed
    info    = "hocba.transfer/1" 0x00 SHA-256(header)

The header names nobody but ledgers and cases. `payload_sha256` binds it to the signed payload, and
HPKE binds the ciphertext to the header.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, ValidationError

from ledger.event import Frozen
from ledger.record import instant_text
from signing import canonical, compression, jws, sealing
from signing.errors import CanonicalError, DecompressionError, SealError, SignatureError
from signing.jws import Signer, VerifiedJws
from signing.sealing import KeyPair
from transfer.errors import CheckFailed

VERSION: Final = 1
MAGIC: Final = b"HBT1"
MAX_HEADER: Final = 2048
MAX_PAYLOAD: Final = 16 * 1024 * 1024
"""Above this a dossier is refused, so that checking one stays within 256 MB and two seconds: a
record of twelve years is some hundred kilobytes, of 2,000 entries some three megabytes."""
MAX_FRAME: Final = 24 * 1024 * 1024
"""The largest payload, in base64, signed and sealed, where nothing of it can be compressed."""
MAX_ITEMS: Final = 400_000
"""Objects, arrays and members of a payload in all."""
MAX_JWS: Final = (MAX_PAYLOAD * 4 + 2) // 3 + jws.MAX_SIGNATURES * (jws.MAX_HEADER + 4096)
_INFO: Final = b"hocba.transfer/1\x00"

Kind = Literal[
    "request", "decline", "dossier", "problem", "receipt", "accept", "reject", "recall", "cancel",
    "supplement", "supplement_answer", "moved_to", "erasure", "erasure_answer", "ruling",
    "checkpoint", "cosignature", "reconcile", "register", "register_answer",
]  # fmt: skip


def _storable(instant: datetime) -> datetime:
    if not 1970 <= instant.year < 9999:
        raise ValueError("an instant between 1970 and 9998 was expected")
    return instant


Instant = Annotated[AwareDatetime, AfterValidator(_storable)]
"""An instant that can be written in UTC and stored."""
Hex32 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Header(Frozen):
    """What a courier may see. `issue` rises with every re-issue of a message of a case."""

    v: Literal[1]
    message_id: UUID
    case: UUID
    kind: Kind
    issue: int = Field(ge=1)
    sender: UUID = Field(alias="from")
    receiver: UUID = Field(alias="to")
    incarnation: int = Field(ge=1)
    created_at: Instant
    not_after: Instant | None
    kem_key_id: str
    suite: str
    payload_sha256: Hex32
    size: int = Field(ge=1, le=MAX_PAYLOAD)

    def encode(self) -> bytes:
        """Canonical JSON; instants in UTC with microseconds."""
        fields = self.model_dump(mode="json", by_alias=True)
        fields["created_at"] = instant_text(self.created_at)
        fields["not_after"] = instant_text(self.not_after) if self.not_after else None
        return canonical.dumps(fields)


@dataclass(frozen=True, slots=True)
class Frame:
    """A message apart: its header, the header's bytes, what is sealed."""

    header: Header
    header_bytes: bytes
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """A message opened and its signatures verified (not yet whose they are)."""

    header: Header
    payload: dict[str, Any]
    payload_bytes: bytes
    signed: VerifiedJws


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """From whom, to whom, about what, sealed to which key."""

    message_id: UUID
    case: UUID
    kind: Kind
    issue: int
    sender: UUID
    receiver: UUID
    incarnation: int
    created_at: datetime
    not_after: datetime | None
    public_key: bytes


def write(address: Address, payload: dict[str, Any], signer: Signer) -> tuple[bytes, bytes]:
    """Signs, compresses and seals a payload. Returns (frame, payload bytes)."""
    payload_bytes = canonical.dumps(payload)
    plain = compression.compress(jws.sign(payload_bytes, [signer]))
    header = Header.model_validate(
        {
            "v": VERSION,
            "message_id": address.message_id,
            "case": address.case,
            "kind": address.kind,
            "issue": address.issue,
            "from": address.sender,
            "to": address.receiver,
            "incarnation": address.incarnation,
            "created_at": address.created_at,
            "not_after": address.not_after,
            "kem_key_id": sealing.key_id(address.public_key),
            "suite": sealing.SUITE_NAME,
            "payload_sha256": sha256(payload_bytes).hexdigest(),
            "size": len(payload_bytes),
        }
    ).encode()
    sealed = sealing.seal(plain, address.public_key, _INFO + sha256(header).digest())
    return MAGIC + len(header).to_bytes(4, "big") + header + sealed, payload_bytes


def read_frame(data: bytes) -> Frame:
    """Check 1: the form of a frame and its header.

    Raises:
        CheckFailed: 1 `malformed`, `too_large`, `unsupported_version`.
    """
    if len(data) > MAX_FRAME:
        raise CheckFailed(1, "too_large", f"more than {MAX_FRAME} bytes")
    if data[:3] == MAGIC[:3] and data[:4] != MAGIC:
        raise CheckFailed(1, "unsupported_version", "a frame of another version")
    length = int.from_bytes(data[4:8], "big")
    if data[:4] != MAGIC or not 0 < length <= MAX_HEADER or len(data) <= 8 + length:
        raise CheckFailed(1, "malformed", "not a frame of this protocol, or cut off")
    header_bytes, ciphertext = data[8 : 8 + length], data[8 + length :]
    try:
        raw = canonical.loads(header_bytes, max_bytes=MAX_HEADER)
        if isinstance(raw, dict) and raw.get("v") != VERSION:
            raise CheckFailed(1, "unsupported_version", "a header of another version")
        header = Header.model_validate(raw)
    except (CanonicalError, ValidationError) as error:
        raise CheckFailed(1, "malformed", "the header is not of the form agreed") from error
    if header.encode() != header_bytes:
        raise CheckFailed(1, "malformed", "the header is not in canonical form")
    if header.suite != sealing.SUITE_NAME:
        raise CheckFailed(1, "unsupported_version", "sealed with an unknown suite")
    return Frame(header, header_bytes, ciphertext)


def unseal(frame: Frame, key: KeyPair) -> bytes:
    """Check 4: opens the ciphertext.

    Raises:
        CheckFailed: 4 `cannot_decrypt`.
    """
    if key.key_id != frame.header.kem_key_id:
        raise CheckFailed(4, "cannot_decrypt", "it is sealed to another key")
    try:
        info = _INFO + sha256(frame.header_bytes).digest()
        return sealing.open_sealed(frame.ciphertext, key, info)
    except SealError as error:
        raise CheckFailed(4, "cannot_decrypt", "it does not open under this key") from error


def parse(frame: Frame, plain: bytes) -> Opened:
    """Checks 5 and 6 (first half): decompresses, parses strictly, verifies the signatures.

    Raises:
        CheckFailed: 5 `decompression_limit`, `bad_json`; 6 `bad_signature`.
    """
    payload, signed = parse_signed(plain, frame.header.payload_sha256)
    return Opened(frame.header, payload, signed.payload, signed)


def parse_signed(plain: bytes, payload_sha256: str) -> tuple[dict[str, Any], VerifiedJws]:
    """The payload of zstd(JWS), and its signatures, all mathematically true. As `parse` raises."""
    try:
        signed_bytes = compression.decompress(plain, limit=MAX_JWS)
    except DecompressionError as error:
        raise CheckFailed(5, "decompression_limit", str(error)) from error
    try:
        signed = jws.parse_and_verify(signed_bytes, max_payload=MAX_PAYLOAD)
    except SignatureError as error:
        step, code = (5, "bad_json") if error.code in _UNREADABLE else (6, "bad_signature")
        raise CheckFailed(step, code, str(error)) from error
    if sha256(signed.payload).hexdigest() != payload_sha256:
        raise CheckFailed(5, "bad_json", "the payload is not the one the header names")
    try:
        payload = canonical.loads(signed.payload, max_bytes=MAX_PAYLOAD, max_items=MAX_ITEMS)
    except CanonicalError as error:
        raise CheckFailed(5, "bad_json", f"the payload is not strict JSON ({error})") from error
    if not isinstance(payload, dict):
        raise CheckFailed(5, "bad_json", "the payload is not an object")
    return payload, signed


_UNREADABLE: Final = frozenset({"malformed", "too_large"})
