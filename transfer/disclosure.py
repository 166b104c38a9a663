"""The disclosed form: a record shown to a named inspector, signed and not sealed.

    file    = "HBD1" ‖ header length (4 bytes, big-endian) ‖ header ‖ zstd( JWS )
    header  = canonical JSON {v, case, from, payload_sha256, size}

The payload is a dossier whose `aud` names the inspector, so that nobody can take it in or seal it
anew as one that was sent. Its keys are in it: whoever has the file can read the record.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import Field, ValidationError

from ledger.event import Frozen
from signing import canonical, compression, jws
from signing.errors import CanonicalError
from signing.jws import Signer
from transfer.errors import CheckFailed
from transfer.message import MAX_FRAME, MAX_HEADER, MAX_PAYLOAD, Hex32

MAGIC: Final = b"HBD1"


class DisclosedHeader(Frozen):
    """What stands before the signed part. Nobody's name."""

    v: Literal[1]
    case: UUID
    sender: UUID = Field(alias="from")
    payload_sha256: Hex32
    size: int = Field(ge=1, le=MAX_PAYLOAD)

    def encode(self) -> bytes:
        """Canonical JSON."""
        return canonical.dumps(self.model_dump(mode="json", by_alias=True))


@dataclass(frozen=True, slots=True)
class Disclosed:
    """A file of the disclosed form apart: its header, and what is compressed."""

    header: DisclosedHeader
    plain: bytes


def is_disclosed(data: bytes) -> bool:
    """Whether a file says that it is of the disclosed form, whatever its version."""
    return data[:3] == MAGIC[:3]


def write(payload: dict[str, Any], signer: Signer) -> bytes:
    """Signs and compresses the payload of a dossier made out to an inspector."""
    payload_bytes = canonical.dumps(payload)
    header = DisclosedHeader.model_validate(
        {
            "v": 1,
            "case": payload["transfer_id"],
            "from": payload["iss"],
            "payload_sha256": sha256(payload_bytes).hexdigest(),
            "size": len(payload_bytes),
        }
    ).encode()
    plain = compression.compress(jws.sign(payload_bytes, [signer]))
    return MAGIC + len(header).to_bytes(4, "big") + header + plain


def read(data: bytes) -> Disclosed:
    """Check 1: the form of a disclosed record.

    Raises:
        CheckFailed: 1 `malformed`, `too_large`, `unsupported_version`.
    """
    if len(data) > MAX_FRAME:
        raise CheckFailed(1, "too_large", f"more than {MAX_FRAME} bytes")
    if data[:4] != MAGIC:
        raise CheckFailed(1, "unsupported_version", "a disclosed record of another version")
    length = int.from_bytes(data[4:8], "big")
    if not 0 < length <= MAX_HEADER or len(data) <= 8 + length:
        raise CheckFailed(1, "malformed", "cut off before its end")
    header_bytes = data[8 : 8 + length]
    try:
        raw = canonical.loads(header_bytes, max_bytes=MAX_HEADER)
        if isinstance(raw, dict) and raw.get("v") != 1:
            raise CheckFailed(1, "unsupported_version", "a header of another version")
        header = DisclosedHeader.model_validate(raw)
    except (CanonicalError, ValidationError) as error:
        raise CheckFailed(1, "malformed", "the header is not of the form agreed") from error
    if header.encode() != header_bytes:
        raise CheckFailed(1, "malformed", "the header is not in canonical form")
    return Disclosed(header, data[8 + length :])
