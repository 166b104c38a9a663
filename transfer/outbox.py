"""What waits to be told: sealing it, exactly once.

A row is made `to_seal` by the transaction that makes it true; sealing follows; the courier carries
the sealed bytes, again and again and never changed, until the answer is stored.
"""

import base64
from datetime import timedelta
from typing import Any
from uuid import UUID

from ledger import ids, log
from ledger.case import Case
from ledger.database import Connection
from ledger.events.case import IdentityClaim, TransferRequested
from ledger.ledger import SealedPart
from ledger.queries import queries
from ledger.reader import Reader
from signing.errors import SigningError
from transfer import clock
from transfer import message as mail
from transfer.bodies import AnswerBody, RequestBody
from transfer.build import build_dossier
from transfer.errors import CaseRefused, TransferError
from transfer.inbox import FINAL_KINDS
from transfer.message import Address, Kind
from transfer.office import Office

_SQL = queries("transfer", "transfer.sql")
NOT_AFTER = timedelta(days=180)
"""Until when a request or a dossier is good. It moves nothing: custody never follows a clock, and
an answer is true for ever."""


def seal_waiting(office: Office) -> int:
    """Seals every message that waits; returns how many. One that cannot be sealed (its pupil was
    erased, its receiver is in no trust bundle any more) is listed as failed."""
    sealed = 0
    with office.ledger.database.connection() as connection:
        rows = connection.execute(_SQL["to_seal"]).fetchall()
        for message_id, case, receiver, kind, issue, _, content in rows:
            stored = Reader(connection, office.ledger.keyring, office.ledger.id).case(case)
            try:
                payload = _payload(office, connection, kind, case, receiver, stored, content)
                address = _address(
                    office, connection, stored, message_id, case, receiver, kind, issue
                )
                frame, _ = mail.write(address, payload, office.seal)
            except (TransferError, SigningError):
                connection.execute(_SQL["cannot_seal"], {"message": message_id})
                continue
            done = connection.execute(_SQL["put_sealed"], {"frame": frame, "message": message_id})
            sealed += done.rowcount
    return sealed


def _payload(
    office: Office,
    connection: Connection,
    kind: Kind,
    case_id: UUID,
    receiver: UUID,
    case: Case | None,
    content: dict[str, Any],
) -> dict[str, Any]:
    if kind == "dossier":
        if case is None:
            raise CaseRefused("nothing was released in this case")
        return build_dossier(office, connection, case)
    if kind == "request":
        return _request_payload(office, connection, case_id, receiver)
    answer = AnswerBody(
        v=1,
        kind=kind,
        iss=office.ledger.id,
        aud=receiver,
        transfer_id=case_id,
        content=content,
    )
    return answer.model_dump(mode="json")


def _request_payload(
    office: Office, connection: Connection, case: UUID, receiver: UUID
) -> dict[str, Any]:
    stream = ids.case_stream(office.ledger.id, case)
    size = log.head(connection).size
    entry = log.of_streams(connection, [stream], size=size)[0]
    asked = entry.event
    assert isinstance(asked, TransferRequested)
    part = SealedPart(
        entry.envelope.personal["statutory"], office.ledger.id, stream, entry.envelope.topic
    )
    clear = office.ledger.reveal(connection, [part])[0]
    if clear is None:
        raise CaseRefused("the pupil was erased; there is nobody to ask for")
    return RequestBody(
        v=1,
        kind="request",
        iss=office.ledger.id,
        aud=receiver,
        transfer_id=case,
        pupil=asked.pupil,
        school=asked.school_code,
        first_day=asked.effective_on,
        encryption_key=asked.encryption_key,
        claim=IdentityClaim.model_validate(clear),
    ).model_dump(mode="json")


def _address(
    office: Office,
    connection: Connection,
    case: Case | None,
    message_id: UUID,
    case_id: UUID,
    receiver: UUID,
    kind: Kind,
    issue: int,
) -> Address:
    """A dossier is sealed to the one-time key of the request, all else to the ledger's own."""
    public = office.trust.by_id(receiver).encryption_key.public_bytes()
    if kind == "dossier" and case is not None and case.encryption_key is not None:
        public = base64.b64decode(case.encryption_key)
    now = clock.now()
    return Address(
        message_id=message_id,
        case=case_id,
        kind=kind,
        issue=issue,
        sender=office.ledger.id,
        receiver=receiver,
        incarnation=log.head(connection).incarnation,
        created_at=now,
        not_after=None if kind in FINAL_KINDS else now + NOT_AFTER,
        public_key=public,
    )
