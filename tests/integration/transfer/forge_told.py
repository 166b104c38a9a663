"""Short messages as any ledger could write them, with whatever content."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from ledger.ids import uuid7
from signing.jws import FileSigner
from tests.integration.transfer.conftest import Side
from transfer import message
from transfer.message import Address, Kind


def told(
    sender: Side,
    receiver: Side,
    case: UUID,
    kind: Kind,
    content: dict[str, Any] | None = None,
    changed: dict[str, Any] | None = None,
) -> bytes:
    """A message as `sender` would write it, with fields of the payload replaced."""
    keys = sender.ledgers.keys(sender.profile)
    body = {
        "v": 1,
        "kind": kind,
        "iss": str(sender.office.ledger.id),
        "aud": str(receiver.office.ledger.id),
        "transfer_id": str(case),
        "content": content or {},
        **(changed or {}),
    }
    address = Address(
        message_id=uuid7(),
        case=case,
        kind=kind,
        issue=1,
        sender=sender.office.ledger.id,
        receiver=receiver.office.ledger.id,
        incarnation=1,
        created_at=datetime.now(UTC),
        not_after=None,
        public_key=receiver.office.encryption.public_bytes(),
    )
    return message.write(address, body, FileSigner(keys.seal.key, keys.seal.chain))[0]
