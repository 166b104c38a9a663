"""A frame above what one NATS message holds: a signed manifest and chunks of 256 KiB.

    <subject of the message>.0      the manifest: a JWS of the sender's seal over
                                    {v, kind, iss, aud, message_id, sha256, size, chunks: [sha256…]}
    <subject of the message>.<n>    chunk n of 1 … N, its bytes and nothing else

They are published as one atomic batch (NATS 2.12, ADR-50): the stream keeps all of them or none. A
batch that is not committed leaves nothing.
"""

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Final, Literal
from uuid import UUID, uuid4

from nats.aio.client import Client
from nats.errors import NoRespondersError
from nats.js.api import PubAck
from nats.js.errors import APIError, NoStreamResponseError
from pydantic import Field, ValidationError

from ledger.event import Frozen
from signing import canonical, jws
from signing.errors import CanonicalError, SignatureError
from signing.jws import VerifiedJws
from transfer.errors import CheckFailed
from transfer.message import MAX_FRAME, Hex32
from transfer.office import Office

CHUNK: Final = 256 * 1024
MAX_CHUNKS: Final = MAX_FRAME // CHUNK
MAX_MANIFEST: Final = 64 * 1024
PATIENCE: Final = 5.0
_DUPLICATE: Final = 10201
"""The server's code for a batch whose `Nats-Msg-Id` it has stored already."""


class Manifest(Frozen):
    """What is signed about a large frame: whose it is, and what each chunk must be."""

    v: Literal[1]
    kind: Literal["manifest"]
    iss: UUID
    aud: UUID
    message_id: UUID
    sha256: Hex32
    size: int = Field(ge=1, le=MAX_FRAME)
    chunks: Annotated[tuple[Hex32, ...], Field(min_length=1, max_length=MAX_CHUNKS)]


@dataclass(frozen=True, slots=True)
class Batch:
    """A frame as it is published: the manifest's JWS, and the chunks in order."""

    manifest: bytes
    chunks: tuple[bytes, ...]


def split(office: Office, message: UUID, receiver: UUID, frame: bytes) -> Batch:
    """A frame in chunks, with their manifest signed by our seal."""
    parts = tuple(frame[at : at + CHUNK] for at in range(0, len(frame), CHUNK))
    manifest = Manifest(
        v=1,
        kind="manifest",
        iss=office.ledger.id,
        aud=receiver,
        message_id=message,
        sha256=sha256(frame).hexdigest(),
        size=len(frame),
        chunks=tuple(sha256(part).hexdigest() for part in parts),
    )
    payload = canonical.dumps(manifest.model_dump(mode="json"))
    return Batch(jws.sign(payload, [office.seal]), parts)


def read_manifest(data: bytes) -> tuple[Manifest, VerifiedJws]:
    """A manifest and the signatures over it, mathematically true (not yet known whose they are).

    Raises:
        CheckFailed: 1 `malformed`, 6 `bad_signature`.
    """
    try:
        signed = jws.parse_and_verify(data, max_payload=MAX_MANIFEST)
    except SignatureError as error:
        step, code = (6, "bad_signature") if error.code == "bad_signature" else (1, "malformed")
        raise CheckFailed(step, code, f"a manifest of chunks: {error}") from error
    try:
        payload = canonical.loads(signed.payload, max_bytes=MAX_MANIFEST)
        manifest = Manifest.model_validate(payload)
    except (CanonicalError, ValidationError) as error:
        raise CheckFailed(1, "malformed", "a manifest is not of the form agreed") from error
    if len(manifest.chunks) != -(-manifest.size // CHUNK):
        raise CheckFailed(1, "malformed", "a manifest whose chunks do not make up its size")
    return manifest, signed


async def publish(client: Client, subject: str, batch: Batch, *, message_id: str) -> PubAck:
    """Publishes a batch; the acknowledgement of its last message says that all are stored.

    The batch has an id of its own each time, so that a try that was cut off mixes with nothing.
    `message_id` lets the server know a batch that it has stored: then it is acknowledged again.

    Raises:
        NoStreamResponseError, nats.errors.TimeoutError: unknown what became of it.
        APIError: the server refuses.
    """
    bodies = (batch.manifest, *batch.chunks)
    name = uuid4().hex
    for number, body in enumerate(bodies, 1):
        headers = {"Nats-Batch-Id": name, "Nats-Batch-Sequence": str(number)}
        if number == 1:
            headers["Nats-Msg-Id"] = message_id
        if number == len(bodies):
            headers["Nats-Batch-Commit"] = "1"
        try:
            answer = await client.request(
                f"{subject}.{number - 1}", body, timeout=PATIENCE, headers=headers
            )
        except NoRespondersError:
            raise NoStreamResponseError from None
        said = json.loads(answer.data) if answer.data else {}
        if "error" in said:
            if said["error"].get("err_code") == _DUPLICATE:
                return PubAck(stream="", seq=0, duplicate=True)
            raise APIError.from_error(said["error"])
    return PubAck.from_response(said)
