"""What waits to be told: sealing it, exactly once.

A row is made `to_seal` by the transaction that makes it true; sealing follows; the courier carries
the sealed bytes, again and again and never changed, until the answer is stored.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from ledger import ids, log
from ledger.case import Case
from ledger.database import Connection
from ledger.events.case import IdentityClaim, TransferRequested
from ledger.ledger import SealedPart
from ledger.queries import queries
from ledger.reader import Reader
from signing.errors import SigningError
from transfer import clock, fencing, reconciling, register
from transfer import message as mail
from transfer.bodies import AnswerBody, RequestBody, SupplementAnswerBody
from transfer.build import build_dossier
from transfer.errors import CaseRefused, TransferError
from transfer.kinds import GO_STALE
from transfer.message import MAX_FRAME, Address, Kind
from transfer.office import Office
from transfer.supplement_build import build_supplement

_SQL = queries("transfer", "transfer.sql")
BATCH: Final = 100
"""So many are sealed at most at once: the log is signed for all of them."""
REISSUED = "reissued"
"""Beside the content of a message that goes out anew: how often it has; for us alone."""
NOT_AFTER = timedelta(days=180)
"""Until when a request or a dossier is good. It moves nothing: custody never follows a clock, and
an answer is true for ever."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A row of the outbox that is to be sealed."""

    message: UUID
    case: UUID
    receiver: UUID
    kind: Kind
    issue: int
    position: int
    content: dict[str, Any]


def seal_all(office: Office) -> None:
    """Seals every message that waits. Raises as `seal_waiting`."""
    while seal_waiting(office):
        pass


def seal_waiting(office: Office, *, most: int = BATCH) -> int:
    """Seals what waits, the oldest `most` messages; returns how many. One that cannot be
    sealed (its pupil was erased, its receiver is in no trust bundle any more) is listed as failed.

    The log is signed once for all of them; what was written while they were made, and may be told
    in them, before any frame is stored: nothing leaves the house that the checkpoint kept outside
    the database does not cover.

    Raises:
        Conflict: `fenced`, this ledger was restored and no recovery has begun.
    """
    with office.ledger.database.connection() as connection:
        fencing.require_open(office, connection)
        rows = connection.execute(_SQL["to_seal"], {"limit": most}).fetchall()
        waiting = [_Waiting(*row) for row in rows]
        if not waiting:
            return 0
        office.notary.checkpoint(connection)
        frames: list[tuple[UUID, bytes]] = []
        for each in waiting:
            try:
                frames.append((each.message, _frame(office, connection, each)))
            except (TransferError, SigningError) as error:
                failed = {"message": each.message, "reason": _reason(error)}
                connection.execute(_SQL["cannot_seal"], failed)
        office.notary.checkpoint(connection)
        return _store(connection, frames)


def _frame(office: Office, connection: Connection, waiting: _Waiting) -> bytes:
    """One message sealed. Raises TransferError, SigningError: it cannot be."""
    case = Reader(connection, office.ledger.keyring, office.ledger.id).case(waiting.case)
    payload = _payload(office, connection, waiting, case)
    frame, _ = mail.write(_address(office, connection, waiting, case), payload, office.seal)
    if len(frame) > MAX_FRAME:
        raise CaseRefused(f"too_large: {len(frame)} bytes, at most {MAX_FRAME} travel")
    return frame


def _reason(error: Exception) -> str:
    """Why, as a person reads it in `hocba status`: our errors tell no personal data."""
    return str(error)[:300]


def _store(connection: Connection, frames: Sequence[tuple[UUID, bytes]]) -> int:
    """Stores sealed frames in few statements; what another session sealed meanwhile stays."""
    sealed = 0
    for start in range(0, len(frames), 16):
        messages, bodies = zip(*frames[start : start + 16], strict=True)
        stored = {"messages": list(messages), "frames": list(bodies)}
        sealed += connection.execute(_SQL["put_sealed"], stored).rowcount
    return sealed


def _payload(
    office: Office, connection: Connection, waiting: _Waiting, case: Case | None
) -> dict[str, Any]:
    if waiting.kind == "dossier":
        if case is None:
            raise CaseRefused("nothing was released in this case")
        return build_dossier(office, connection, case)
    if waiting.kind == "request":
        return _request_payload(office, connection, waiting.case, waiting.receiver)
    if waiting.kind == "reconcile":
        return reconciling.payload(
            office, connection, waiting.case, waiting.receiver, waiting.content
        )
    if waiting.kind == "supplement":
        if case is None:
            raise CaseRefused("nothing was proposed in this case")
        return build_supplement(office, connection, case, waiting.issue)
    content = waiting.content
    if waiting.kind == "register":
        content = register.content(office, connection, case, content["event"])
    content = {name: value for name, value in content.items() if name != REISSUED}
    said = {
        "v": 1,
        "kind": waiting.kind,
        "iss": office.ledger.id,
        "aud": waiting.receiver,
        "transfer_id": waiting.case,
    }
    if waiting.kind == "supplement_answer":
        return SupplementAnswerBody.model_validate({**said, **content}).model_dump(mode="json")
    return AnswerBody.model_validate({**said, "content": content}).model_dump(mode="json")


def _request_payload(
    office: Office, connection: Connection, case: UUID, receiver: UUID
) -> dict[str, Any]:
    stream = ids.case_stream(office.ledger.id, case)
    size = log.head(connection).size
    topics = [TransferRequested.TOPIC]
    entry = log.of_streams(connection, [stream], size=size, topics=topics)[-1]
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
    office: Office, connection: Connection, waiting: _Waiting, case: Case | None
) -> Address:
    """A dossier is sealed to the one-time key of the request, all else to the ledger's own."""
    public = office.trust.by_id(waiting.receiver).encryption_key.public_bytes()
    if waiting.kind == "dossier" and case is not None and case.encryption_key is not None:
        public = base64.b64decode(case.encryption_key)
    now = clock.now()
    return Address(
        message_id=waiting.message,
        case=waiting.case,
        kind=waiting.kind,
        issue=waiting.issue,
        sender=office.ledger.id,
        receiver=waiting.receiver,
        incarnation=log.head(connection).incarnation,
        created_at=now,
        not_after=now + NOT_AFTER if waiting.kind in GO_STALE else None,
        public_key=public,
    )
