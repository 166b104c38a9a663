"""A forged dossier, as a dishonest clerk at the origin would make it: with the true seal."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from ledger.events.pupil_year import MarkEntered
from ledger.reader import Reader
from signing import canonical
from signing.hashing import entry_hash
from transfer import message
from transfer.build import build_dossier
from transfer.cases import require_case
from transfer.message import Address
from transfer.office import Office


def forge(office: Office, case_id: UUID, value: str) -> bytes:
    """The dossier of a released case with one mark raised to `value`, its hash made to fit, and
    the whole sealed again: only what was released and signed earlier gives it away."""
    with office.ledger.database.connection() as connection:
        reader = Reader(connection, office.ledger.keyring, office.ledger.id)
        case = require_case(reader, case_id)
        payload = build_dossier(office, connection, case)
    _raise_mark(payload, value)
    now = datetime.now(UTC)
    address = Address(
        message_id=case_id,
        case=case_id,
        kind="dossier",
        issue=9,
        sender=office.ledger.id,
        receiver=case.other,
        incarnation=1,
        created_at=now,
        not_after=now + timedelta(days=1),
        public_key=office.trust.by_id(case.other).encryption_key.public_bytes(),
    )
    return message.write(address, payload, office.seal)[0]


def _raise_mark(payload: dict[str, Any], value: str) -> None:
    for stream in payload["streams"]:
        for entry in stream["entries"]:
            if entry["record"]["topic"] != MarkEntered.TOPIC:
                continue
            stored = canonical.loads(base64.b64decode(entry["body"]))
            if stored["facts"]["form"] != "score":
                continue
            stored["facts"]["value"] = value
            body = canonical.dumps(stored)
            entry["body"] = base64.b64encode(body).decode()
            entry["record"]["entry_hash"] = entry_hash(body).hex()
            return
