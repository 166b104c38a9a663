"""A malicious origin: it has its own seal and checkpoint key, and says what it likes.

`Forger.frame` signs and seals any payload. `rebuilt` makes a changed payload coherent again, as a
dishonest province could: hashes, counts, root, release, and a checkpoint over an invented log.
"""

import base64
import copy
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from ledger.ids import uuid7
from ledger.record import instant_text, leaf
from signing import canonical, hashing, jws, merkle, sealing
from signing.jws import FileSigner
from signing.note import Checkpoint, NoteSigner, sign_note
from signing.truststore import TrustStore
from tests.integration.transfer.conftest import Side
from transfer import checks, completeness, message
from transfer.checks import Report
from transfer.dossier import (
    NAMING,
    CarriedEntry,
    Naming,
    Record,
    References,
    TimedSignature,
    naming_statement,
)
from transfer.message import Address
from transfer.own_records import Held

Payload = dict[str, Any]
Mutate = Callable[[Payload], None]


class Forger:
    """What a frame is made of: the true payload, the origin's keys, the receiver's address."""

    def __init__(
        self,
        payload: Payload,
        address: Address,
        *,
        seal: FileSigner,
        checkpoint: NoteSigner,
        receiver: Side,
    ) -> None:
        self.payload = payload
        self.address = address
        self.seal = seal
        self.checkpoint = checkpoint
        self.receiver = receiver

    def __repr__(self) -> str:
        return f"Forger(case={self.address.case})"

    @property
    def trust(self) -> TrustStore:
        return self.receiver.office.trust

    def changed(self, mutate: Mutate) -> Payload:
        """The payload after a change, everything else left as it was."""
        payload = copy.deepcopy(self.payload)
        mutate(payload)
        return payload

    def frame(
        self, payload: Payload | None = None, *, seal: FileSigner | None = None, **header: Any
    ) -> bytes:
        """A frame of this payload, signed and sealed; `header` changes what the address says."""
        said = payload if payload is not None else self.payload
        return message.write(replace(self.address, **header), said, seal or self.seal)[0]

    def raw_frame(self, plain: bytes, payload: bytes = b"{}") -> bytes:
        """A frame around any plaintext, sealed to the receiver."""
        frame = message.read_frame(self.frame())
        header = frame.header.model_copy(
            update={"payload_sha256": sha256(payload).hexdigest()}
        ).encode()
        info = message._INFO + sha256(header).digest()
        sealed = sealing.seal(plain, self.address.public_key, info)
        return message.MAGIC + len(header).to_bytes(4, "big") + header + sealed

    def rebuilt(self, mutate: Mutate, *, release: dict[str, Any] | None = None) -> Payload:
        """The payload after a change, made coherent again; `release` overrides its facts."""
        payload = self.changed(mutate)
        for stream in payload["streams"]:
            for entry in stream["entries"]:
                _rehash(entry)
        mine = [
            CarriedEntry.model_validate(entry)
            for stream in payload["streams"]
            for entry in stream["entries"]
        ]
        mine.sort(key=lambda entry: entry.record.position)
        hop = payload["hops"][-1]
        facts = {
            "root": completeness.records_root(mine).hex(),
            "entries": len(mine),
            "streams": [[s["id"], len(s["entries"])] for s in payload["streams"]],
            **(release or {}),
        }
        body = body_of(hop["release"])
        body["facts"] |= facts
        put_body(hop["release"], body)
        _rehash(hop["release"])
        hop["root"], hop["entries"] = body["facts"]["root"], body["facts"]["entries"]
        hop["inclusion"] = self.inclusion(hop["release"])
        hop["naming"] = self.naming(payload, hop)
        payload["closings"] = []
        return payload

    def naming(self, payload: Payload, hop: dict[str, Any]) -> dict[str, Any]:
        """The references of the origin under its true seal, for a release of its choice."""
        told = References.model_validate(payload["references"][hop["ledger"]])
        at = datetime.now(UTC)
        said = naming_statement(told, CarriedEntry.model_validate(hop["release"]), instant_text(at))
        value = jws.sign_detached(said, self.seal, kind=NAMING)
        signature = TimedSignature(signed_at=at, value=value)
        return Naming(references=told, signature=signature).model_dump(mode="json")

    def inclusion(self, entry: dict[str, Any]) -> dict[str, Any]:
        """A proof under a checkpoint that the origin signs over an invented log."""
        record = Record.model_validate(entry["record"])
        leaves = [os.urandom(32) for _ in range(record.position)]
        leaves.append(leaf(record.recorded_at, record.canonical))
        size = len(leaves)
        proof = merkle.inclusion_proof(record.position, size, merkle.subtree_of(leaves))
        return {
            "checkpoint": self.note(size, merkle.root_of(leaves)),
            "index": record.position,
            "proof": [part.hex() for part in proof],
        }

    def note(self, size: int, root: bytes, *, signer: NoteSigner | None = None) -> str:
        """A checkpoint as the origin (or somebody else) signs it."""
        by = signer or self.checkpoint
        return sign_note(Checkpoint(by.name, size, root).text(), [by])

    def verify(
        self, frame: bytes, *, trust: TrustStore | None = None, held: Held | None = None
    ) -> Report:
        """All the checks at the receiver."""
        return checks.verify_dossier(
            frame,
            trust=trust or self.trust,
            key=lambda _: self.receiver.office.encryption,
            receiver=self.receiver.office.ledger.id,
            held=held,
            now=datetime.now(UTC),
        )


def body_of(entry: dict[str, Any]) -> dict[str, Any]:
    """The stored bytes of a carried entry, parsed."""
    body: dict[str, Any] = canonical.loads(base64.b64decode(entry["body"]))
    return body


def put_body(entry: dict[str, Any], body: dict[str, Any]) -> None:
    """Other stored bytes for a carried entry (its record is left as it was)."""
    entry["body"] = base64.b64encode(canonical.dumps(body)).decode()


def _rehash(entry: dict[str, Any]) -> None:
    stored = base64.b64decode(entry["body"])
    entry["record"]["entry_hash"] = hashing.entry_hash(stored).hex()


def forger(origin: Side, receiver: Side, payload: Payload) -> Forger:
    """The origin's keys around its own dossier, addressed to the receiver's mail key."""
    keys = origin.ledgers.keys(origin.profile)
    now = datetime.now(UTC)
    address = Address(
        message_id=uuid7(),
        case=UUID(payload["transfer_id"]),
        kind="dossier",
        issue=1,
        sender=origin.office.ledger.id,
        receiver=receiver.office.ledger.id,
        incarnation=1,
        created_at=now,
        not_after=now + timedelta(days=180),
        public_key=receiver.office.encryption.public_bytes(),
    )
    return Forger(
        payload,
        address,
        seal=FileSigner(keys.seal.key, keys.seal.chain),
        checkpoint=keys.checkpoint,
        receiver=receiver,
    )
